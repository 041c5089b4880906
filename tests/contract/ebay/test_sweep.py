"""Reading a whole eBay account, signing in to it, and the keys of the kind."""

from typing import Any

import msgspec
import pytest

from sync.channels.base import ListingRef
from sync.channels.ebay.desk import day_budget
from sync.channels.ebay.options import EbayOptions
from sync.contract.reading import check_cancelled_poll
from sync.errors import ContractBroken, NeedsOperator, Temporary
from tests.contract.ebay.bench import sent, write
from tests.contract.harness import (
    SECRET,
    SECRET_NAME,
    OverHttp,
    change,
    opened,
    poll,
)
from tests.fakes.ebay import SCOPE, EbaySeller, SellerItem
from tests.loopback import Answer, ReceivedRequest
from tests.sync.scripted_channel import HandClock


async def test_a_page_is_asked_for_by_its_number(seller: EbaySeller, harness: OverHttp) -> None:
    for number in range(201):
        seller.put(f"N-{number:03}", number)

    reading = await poll(harness)

    assert [len(page.records) for page in reading.pages] == [200, 1]
    assert len(reading.stock) == 201
    asked = [request.path.partition("?")[2] for request in sent(harness, "/inventory_item?")]
    assert asked == [f"limit=200&offset={number}" for number in range(2)]
    # A call for 200 items, and one for each: there is no list of offers without a SKU.
    assert len(harness.server.asked) == 1 + 2 + 201


async def test_an_empty_account_is_an_empty_list(harness: OverHttp) -> None:
    reading = await poll(harness)

    assert (reading.records, reading.pages[-1].announced) == ([], 0)


@pytest.mark.long
async def test_an_item_that_was_made_meanwhile_gives_no_listing_twice(
    seller: EbaySeller, harness: OverHttp
) -> None:
    for number in range(201):
        seller.put(f"N-{number:03}", number)

    def insert(asked: ReceivedRequest) -> None:
        if asked.path.endswith("offset=1") and "FIRST" not in seller.items:
            old, seller.items = seller.items, {"FIRST": SellerItem("FIRST", 1)}
            seller.items |= old

    seller.before_answer = insert
    reading = await poll(harness)

    assert len(reading.records) == len(reading.stock) == 201


@pytest.mark.long
async def test_an_item_that_was_deleted_meanwhile_is_no_end_of_others(
    seller: EbaySeller, harness: OverHttp
) -> None:
    for number in range(201):
        seller.put(f"N-{number:03}", number)

    def delete(asked: ReceivedRequest) -> None:
        if asked.path.endswith("offset=1"):
            seller.items.pop("N-000", None)

    seller.before_answer = delete
    with pytest.raises(Temporary, match="changed while they were read"):
        await poll(harness)


@pytest.mark.long
async def test_a_token_that_ends_between_two_pages_is_renewed_once(
    seller: EbaySeller, harness: OverHttp
) -> None:
    for number in range(210):
        seller.put(f"N-{number:03}", number)
    async with opened(harness) as channel:
        records = 0
        async for page in channel.pages():
            records += len(page.records)
            seller.tokens.append("another")

    assert records == 210
    assert len(sent(harness, "/oauth2/token")) == 2


async def test_the_grant_asks_for_the_scope_and_shows_the_key_in_its_header_alone(
    harness: OverHttp,
) -> None:
    await poll(harness)

    (asked,) = sent(harness, "/oauth2/token")
    assert asked.headers["authorization"].startswith("Basic ")
    assert b"client_secret" not in asked.body
    assert b"scope=https%3A%2F%2Fapi.ebay.com%2Foauth%2Fapi_scope%2Fsell.inventory" in asked.body


async def test_a_scope_that_the_seller_did_not_grant_is_named(
    seller: EbaySeller, harness: OverHttp
) -> None:
    seller.granted = frozenset({f"{SCOPE}.readonly"})
    with pytest.raises(NeedsOperator, match=r"exceeds the granted.*sell\.inventory") as caught:
        await poll(harness)
    assert SECRET not in str(caught.value)

    seller.keys = {"scope": f"{SCOPE}.readonly"}
    assert (await poll(harness)).records == []


async def test_a_right_that_the_token_lacks_names_the_scope(
    seller: EbaySeller, harness: OverHttp
) -> None:
    seller.put("A", 5)
    denied = {"errors": [{"errorId": 1100, "message": "Access denied", "longMessage": "no"}]}
    seller.refuse = lambda _request: Answer(denied, 403)

    with pytest.raises(NeedsOperator, match=r"Access denied.*lacks the scope sell\.inventory"):
        await write(harness, 7)


async def test_a_sku_whose_offers_ebay_refuses_blinds_itself_only(
    seller: EbaySeller, harness: OverHttp
) -> None:
    for sku in ("A", "B"):
        seller.put(sku, 5)
    errors = {"errors": [{"errorId": 25707, "message": "This is an invalid value for a SKU."}]}
    harness.front.spoil = lambda asked: Answer(errors, 400) if "sku=B&" in asked.path else None

    reading = await poll(harness)

    assert reading.stock == {"A": 5}
    (refused,) = reading.refused
    assert (refused.sku, refused.place) == ("B", "page 1, items[1]")
    assert refused.reason == "its offers: This is an invalid value for a SKU. (25707)"


async def test_a_cancelled_sweep_leaves_no_request_behind(
    seller: EbaySeller, harness: OverHttp
) -> None:
    for number in range(20):
        seller.put(f"N-{number}", 5)
    await check_cancelled_poll(harness, lambda asked: "/offer?" in asked.path)
    assert len(sent(harness, "/offer?")) <= 4


async def test_what_ebay_refuses_in_a_page_ends_it_at_once(
    seller: EbaySeller, harness: OverHttp
) -> None:
    for number in range(100):
        seller.put(f"N-{number}", 5)
    denied = {"errors": [{"errorId": 1100, "message": "Access denied"}]}
    harness.front.spoil = lambda asked: Answer(denied, 403) if "/offer?" in asked.path else None

    with pytest.raises(NeedsOperator, match="Access denied"):
        await poll(harness)

    # Four were on their way, each asked once more with a fresh token.
    assert len(sent(harness, "/offer?")) <= 8


@pytest.mark.parametrize(
    "offer", [{"offerId": 17, "sku": "B", "status": "PUBLISHED"}, {"offerId": "1"}, "offer", None]
)
async def test_an_offer_of_another_shape_blinds_its_sku_only(
    seller: EbaySeller, harness: OverHttp, offer: object
) -> None:
    for sku in ("A", "B"):
        seller.put(sku, 5)
    page = {"total": 1, "offers": [offer]}
    harness.front.spoil = lambda asked: Answer(page) if "sku=B&" in asked.path else None

    reading = await poll(harness)

    assert (reading.stock, [refused.sku for refused in reading.refused]) == ({"A": 5}, ["B"])


async def test_an_item_that_ebay_cannot_read_is_not_called_missing(
    seller: EbaySeller, harness: OverHttp
) -> None:
    for sku in ("A", "B"):
        seller.put(sku, 5)
    record = (await poll(harness)).of("A")
    wrong = {"sku": "A", "statusCode": 500, "errors": [{"errorId": 25001, "message": "oops"}]}
    other = {"sku": "a", "statusCode": 200, "inventoryItem": {"sku": "a"}}
    harness.front.spoil = lambda asked: (
        Answer({"responses": [wrong, other]}, 207) if "bulk_get" in asked.path else None
    )

    async with opened(harness) as channel:
        answer = await channel.read([ListingRef("A", "", record.ref)])
        with pytest.raises(Temporary, match=r'can.t read "A": oops \(25001\)'):
            await channel.write([change(record, 7)])

    assert (answer.records, [bad.sku for bad in answer.refused]) == ([], ["A"])
    assert answer.refused[0].reason == "eBay can't read it: oops (25001)"
    assert sent(harness, "bulk_update_price_quantity") == []


async def test_an_offer_of_a_sku_that_is_only_alike_is_not_taken(
    seller: EbaySeller, harness: OverHttp
) -> None:
    seller.put("A", 5)
    other = {"offerId": "9", "sku": "a", "status": "PUBLISHED", "availableQuantity": 1}
    harness.front.spoil = lambda asked: (
        Answer({"total": 1, "offers": [other]}) if "/offer?" in asked.path else None
    )

    assert (await poll(harness)).records == []


@pytest.mark.parametrize(
    "body",
    [b"", {"errors": [{"errorId": 25999, "domain": "API_INVENTORY", "message": "None found"}]}],
)
async def test_a_404_of_ebays_is_a_sku_without_offers(
    seller: EbaySeller, harness: OverHttp, body: object
) -> None:
    for sku in ("A", "B"):
        seller.put(sku, 5)
    harness.front.spoil = lambda asked: Answer(body, 404) if "sku=B&" in asked.path else None

    reading = await poll(harness)

    assert (reading.stock, reading.refused) == ({"A": 5}, [])


async def test_a_404_that_is_not_ebays_is_no_sku_without_offers(
    seller: EbaySeller, harness: OverHttp
) -> None:
    seller.put("A", 5)
    harness.front.spoil = lambda asked: (
        Answer({"message": "no such route"}, 404) if "/offer?" in asked.path else None
    )

    with pytest.raises(ContractBroken, match="no such route"):
        await poll(harness)


async def test_more_offers_than_a_page_holds_are_all_read(
    seller: EbaySeller, harness: OverHttp
) -> None:
    seller.items["A"] = SellerItem("A", 9)
    for number in range(101):
        seller.offer("A", number, f"EBAY_{number}")

    assert len((await poll(harness)).records) == 101


@pytest.mark.long
@pytest.mark.parametrize(("calls", "at_once"), [(2_000_000, 250_000), (40_000, 5_000)])
async def test_a_quarter_of_our_share_of_a_day_goes_at_once_and_the_rest_over_the_day(
    calls: int, at_once: int
) -> None:
    clock = HandClock()
    budget, began = day_budget(calls, clock, share=0.5), clock.now()

    for _ in range(at_once):
        await budget.turn()
    assert clock.now() == began

    for _ in range(50):
        await budget.turn()
    assert clock.now() - began == pytest.approx(50 / (calls * 0.5 / 86_400_000), rel=0.05)


async def test_signing_in_counts_the_items_and_writes_nothing(
    seller: EbaySeller, harness: OverHttp
) -> None:
    for number in range(1200):
        seller.put(f"N-{number}", number)
    async with opened(harness) as channel:
        assert "1,200 inventory items" in await channel.sign_in()
    assert [asked.method for asked in harness.server.asked] == ["POST", "GET"]


KEYS = {
    "client_id": "Shop-PRD-1",
    "client_secret": {"env": SECRET_NAME},
    "refresh_token": {"env": SECRET_NAME},
}


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"url": "https://www.ebay.de"}, "url is a site for shoppers"),
        ({"url": "https://www.ebay.com/usr/shop"}, "url "),
        ({"url": "https://www.ebay.co.uk"}, "url is a site for shoppers"),
        ({"url": "http://api.ebay.com"}, "url must begin with https://"),
        ({"url": "https://api.ebay.com/sell/inventory/v1"}, "url must be the origin alone"),
        ({"url": "https://user:pass@api.ebay.com"}, "url must not contain a user"),
        ({"url": "api.ebay.com"}, "url must begin with https:// and a host"),
        ({"token_url": "http://api.ebay.com/token"}, "token_url must begin with https://"),
        ({"marketplaces": ["DE"]}, 'marketplaces has "DE"'),
        ({"calls_per_day": 0}, "calls_per_day must be at least 1"),
        ({"scope": "sell.inventory"}, "scope is written as an address"),
    ],
)
def test_what_cannot_work_is_said_by_its_key(keys: dict[str, Any], words: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=words.replace("(", r"\(")):
        msgspec.convert({**KEYS, **keys}, EbayOptions)


@pytest.mark.parametrize("url", ["https://api.ebay.com", "https://api.sandbox.ebay.com/"])
def test_ebays_own_addresses_are_taken(url: str) -> None:
    options = msgspec.convert({**KEYS, "url": url}, EbayOptions)

    assert options.tokens == f"{url.rstrip('/')}/identity/v1/oauth2/token"

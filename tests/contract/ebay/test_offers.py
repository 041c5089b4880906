"""What an eBay listing shows, and how it is set."""

from typing import Any

import pytest

from store.model import Direction, State
from sync import channels
from sync.channels.base import ListingRef
from sync.channels.ebay.options import EbayOptions
from sync.errors import WriteOutcomeUnknown
from sync.settings import ChannelSettings
from tests.contract.ebay.bench import sent, write
from tests.contract.harness import (
    OverHttp,
    QuickClock,
    Reading,
    change,
    opened,
    options_of,
    poll,
)
from tests.fakes.ebay import EbaySeller, SellerItem
from tests.loopback import Answer


@pytest.mark.parametrize(
    ("ship_to_home", "own", "shown"),
    [(5, 9, 5), (9, 5, 5), (-2, 4, -2), (9, None, 9), (5, 0, 0), ("7.0", "9", 7)],
)
async def test_a_listing_shows_the_lower_of_the_items_number_and_the_offers(
    seller: EbaySeller, harness: OverHttp, ship_to_home: object, own: object, shown: int
) -> None:
    seller.items["A"] = SellerItem("A", ship_to_home)
    seller.offer("A", own)

    record = (await poll(harness)).of("A")

    assert (record.available, record.state, record.price_minor) == (shown, State.ACTIVE, 1290)
    assert (record.title, record.ref) == ("Article A", seller.offers[0].id)


async def test_a_write_sets_both_numbers_in_one_call(seller: EbaySeller, harness: OverHttp) -> None:
    seller.items["A"] = SellerItem("A", 9)
    seller.offer("A", 5)

    receipt = await write(harness, 7)

    assert (receipt.refused, receipt.unknown) == (None, None)
    assert (seller.items["A"].ship_to_home, seller.offers[0].quantity) == (7, 7)
    (asked,) = sent(harness, "bulk_update_price_quantity")
    assert asked.json == {
        "requests": [
            {
                "sku": "A",
                "offers": [{"offerId": seller.offers[0].id, "availableQuantity": 7}],
                "shipToLocationAvailability": {"quantity": 7},
            }
        ]
    }


async def test_what_other_marketplaces_show_stays(seller: EbaySeller, harness: OverHttp) -> None:
    seller.items["A"] = SellerItem("A", 3)
    seller.offer("A", 3)
    seller.offer("A", 10, "EBAY_US")
    seller.keys = {"marketplaces": ["EBAY_DE"]}

    raised = await write(harness, 8)
    assert (raised.refused, seller.shown("A"), seller.shown("A", "EBAY_US")) == (None, 8, 3)

    lowered = await write(harness, 1)
    assert (lowered.refused, seller.shown("A"), seller.shown("A", "EBAY_US")) == (None, 1, 3)


async def test_a_sku_on_two_marketplaces_stands_twice_unless_it_is_meant(
    seller: EbaySeller, harness: OverHttp
) -> None:
    seller.items["A"] = SellerItem("A", 9)
    seller.offer("A", 5)
    seller.offer("A", 7, "EBAY_US")

    assert sorted(r.available or 0 for r in (await poll(harness)).records) == [5, 7]

    seller.keys = {"marketplaces": ["EBAY_US"]}
    assert (await poll(harness)).stock == {"A": 7}

    seller.keys = {}
    options = options_of(EbayOptions, harness.table())
    settings = ChannelSettings(
        name="shop", kind="ebay", direction=Direction.PUSH, options=options, writes_all=True
    )
    channel = channels.open_channel(settings, QuickClock(), harness.base)
    try:
        record = Reading([page async for page in channel.pages()]).of("A")
        assert record.available == 7
        (receipt,) = await channel.write([change(record, 3)])
        answer = await channel.read([ListingRef("A", "", record.ref)])
    finally:
        await channel.close()

    assert receipt.refused is None
    assert (seller.shown("A"), seller.shown("A", "EBAY_US")) == (3, 3)
    assert [found.available for found in answer.records] == [3]


async def test_a_draft_beside_a_live_offer_is_no_listing(
    seller: EbaySeller, harness: OverHttp
) -> None:
    seller.put("A", 5)
    seller.offer("A", 0, "EBAY_US").status = "UNPUBLISHED"

    assert (await poll(harness)).stock == {"A": 5}


async def test_what_is_not_on_sale_is_told_apart(seller: EbaySeller, harness: OverHttp) -> None:
    for sku in ("ON", "OUT", "ENDED", "STOPPED", "HELD", "DRAFT", "BARE", "BID", "NEW"):
        seller.put(sku, 4)
    offers = {offer.sku: offer for offer in seller.offers}
    offers["OUT"].listing = {"listingStatus": "OUT_OF_STOCK"}
    offers["ENDED"].listing = {"listingStatus": "ENDED"}
    offers["STOPPED"].listing = {"listingStatus": "EBAY_ENDED"}
    offers["HELD"].listing = {"listingStatus": "ACTIVE", "listingOnHold": True}
    offers["DRAFT"].status = "UNPUBLISHED"
    offers["BID"].format = "AUCTION"
    offers["NEW"].listing = {"listingStatus": "PAUSED_BY_MAGIC"}
    seller.offers.remove(offers["BARE"])

    reading = await poll(harness)

    assert {record.sku: record.state for record in reading.records} == {
        "ON": State.ACTIVE,
        "OUT": State.ACTIVE,
        "ENDED": State.DISABLED,
        "STOPPED": State.DISABLED,
        "HELD": State.HOLD,
        "DRAFT": State.DISABLED,
        "NEW": State.ACTIVE,
    }
    first, *others = reading.pages[-1].warnings
    assert first.startswith("eBay shows only listings that were made in, or moved to")
    assert sorted(others) == [
        '1 listing, of a status that Skew does not know, "PAUSED_BY_MAGIC": NEW',
        "1 listing, sold by auction, so not compared: BID",
        "1 listing, without an offer on a marketplace, so not for sale: BARE",
    ]
    assert reading.pages[-1].announced == 7


@pytest.mark.parametrize(("status", "words"), [("UNPUBLISHED", "publish it at eBay first")])
async def test_an_offer_that_is_not_published_is_not_written(
    seller: EbaySeller, harness: OverHttp, status: str, words: str
) -> None:
    seller.put("A", 5)
    seller.offers[0].status = status

    receipt = await write(harness, 7)

    assert words in (receipt.refused or "")
    assert sent(harness, "bulk_update_price_quantity") == []


async def test_a_published_offer_that_was_withdrawn_meanwhile_is_a_conflict(
    seller: EbaySeller, harness: OverHttp
) -> None:
    seller.put("A", 5)
    record = (await poll(harness)).of("A")
    seller.offers[0].status = "UNPUBLISHED"
    async with opened(harness) as channel:
        (receipt,) = await channel.write([change(record, 3)])

    assert receipt.conflict


async def test_what_is_spread_over_warehouses_is_lowered_and_not_raised(
    seller: EbaySeller, harness: OverHttp
) -> None:
    spread = {"availabilityDistributions": [{"merchantLocationKey": "BER", "quantity": 6}]}
    seller.items["A"] = SellerItem("A", 6, spread)
    seller.offer("A", 6)

    raised = await write(harness, 8)
    assert "spread over warehouses" in (raised.refused or "")

    lowered = await write(harness, 2)
    assert (lowered.refused, seller.shown("A")) == (None, 2)
    assert "shipToLocationAvailability" not in sent(harness, "bulk_update")[-1].json["requests"][0]


async def test_no_less_is_kept_than_an_auction_holds(seller: EbaySeller, harness: OverHttp) -> None:
    seller.items["A"] = SellerItem("A", 6, {"allocationByFormat": {"auction": 2, "fixedPrice": 4}})
    seller.offer("A", 4)
    seller.offer("A", None, "EBAY_US").format = "AUCTION"

    receipt = await write(harness, 0)

    # Less than the auction holds is error 25759.
    assert (receipt.refused, seller.items["A"].ship_to_home, seller.shown("A")) == (None, 2, 0)


ENTRIES: list[tuple[int, int, str, dict[str, Any]]] = [
    (400, 25004, "Invalid quantity.", {"refused": "Invalid quantity. (25004)"}),
    (500, 25025, "Concurrent access", {"refused": "Concurrent access (25025)", "conflict": True}),
]


@pytest.mark.parametrize(("status", "code", "words", "expected"), ENTRIES)
async def test_a_refusal_inside_a_207_is_the_changes_own(
    seller: EbaySeller,
    harness: OverHttp,
    status: int,
    code: int,
    words: str,
    expected: dict[str, Any],
) -> None:
    seller.put("A", 5)
    entry = {"offerId": seller.offers[0].id, "sku": "A", "statusCode": status}
    errors = [{"errorId": code, "message": words}]
    seller.refuse = lambda _request: Answer({"responses": [{**entry, "errors": errors}]}, 207)

    receipt = await write(harness, 7)

    assert {name: getattr(receipt, name) for name in expected} == expected
    assert seller.shown("A") == 5


async def test_a_write_that_was_half_done_is_read_back(
    seller: EbaySeller, harness: OverHttp
) -> None:
    seller.put("A", 5)
    first = seller.offers[0].id
    seller.refuse = lambda _request: Answer(
        {
            "responses": [
                {"sku": "A", "statusCode": 200},
                {"offerId": first, "sku": "A", "statusCode": 400, "errors": [{"errorId": 25002}]},
            ]
        },
        207,
    )

    receipt = await write(harness, 7)

    assert receipt.refused is None
    assert "1 of 2 parts" in (receipt.unknown or "")


@pytest.mark.long
@pytest.mark.parametrize(
    "answer",
    [
        Answer({"errors": [{"errorId": 25001, "message": "A system error has occurred"}]}, 500),
        Answer({"responses": []}),
        Answer({"responses": [{"sku": "A"}]}),
        Answer({"responses": [{"sku": "A", "statusCode": 500, "errors": [{"errorId": 25001}]}]}),
        Answer({"responses": [{"offerId": "another", "sku": "A", "statusCode": 200}]}, 207),
        Answer({"responses": "done"}),
        Answer(b"<html>oops</html>", 500),
        Answer(b"", 200),
    ],
)
async def test_an_answer_that_says_nothing_of_the_offer_proves_nothing(
    seller: EbaySeller, harness: OverHttp, answer: Answer
) -> None:
    seller.put("A", 5)
    seller.refuse = lambda _request: answer

    with pytest.raises(WriteOutcomeUnknown):
        await write(harness, 7)

    assert len(sent(harness, "bulk_update_price_quantity")) == 1


async def test_concurrent_access_of_the_whole_call_is_a_conflict(
    seller: EbaySeller, harness: OverHttp
) -> None:
    seller.put("A", 5)
    busy = {"errors": [{"errorId": 25025, "message": "Concurrent access. Please try again later"}]}
    seller.refuse = lambda _request: Answer(busy, 500)

    receipt = await write(harness, 7)

    assert receipt.conflict
    assert "try again later" in (receipt.refused or "")


async def test_an_accepted_write_that_changes_nothing_shows_in_the_read_back(
    seller: EbaySeller, harness: OverHttp
) -> None:
    seller.put("A", 5)
    entry = {"offerId": seller.offers[0].id, "sku": "A", "statusCode": 200}
    seller.refuse = lambda _request: Answer({"responses": [entry]})

    receipt = await write(harness, 7)

    assert (receipt.refused, receipt.unknown) == (None, None)
    assert (await poll(harness)).stock == {"A": 5}

"""What only Amazon does: its list, the budget of each operation, its states and marketplaces."""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from store.model import UNCOUNTED, State
from sync.channels.base import ListingRef
from sync.errors import ContractBroken, NeedsOperator, Temporary
from tests.contract.harness import OverHttp, opened, over_http, poll, stocked
from tests.fakes.amazon import ITEMS, Amazon
from tests.fakes.amazon_shelf import CREATED_FROM, DE, FR, AmazonShelf
from tests.loopback import Answer, ReceivedRequest


@pytest.fixture
def amazon(tmp_path: Path) -> Iterator[OverHttp]:
    with over_http(Amazon(), tmp_path) as found:
        yield stocked(found)


def backend(harness: OverHttp) -> Amazon:
    assert isinstance(harness.backend, Amazon)
    return harness.backend


def shelf(harness: OverHttp) -> AmazonShelf:
    return backend(harness).shelf


def asked(harness: OverHttp, path: str) -> list[ReceivedRequest]:
    return [request for request in harness.server.asked if request.path.startswith(path)]


async def warnings(harness: OverHttp) -> list[str]:
    return [words for page in (await poll(harness)).pages for words in page.warnings]


async def signed_in(harness: OverHttp) -> str:
    async with opened(harness) as channel:
        return await channel.sign_in()


@pytest.mark.long
async def test_more_than_a_search_gives_is_read_by_the_time_of_creation(amazon: OverHttp) -> None:
    for number in range(1_500):
        shelf(amazon).add(f"N-{number:04}", {"DEFAULT": number})

    reading = await poll(amazon)

    assert len(reading.records) == len(reading.stock) == 1_503
    assert reading.pages[-1].announced == 1_503
    searches = asked(amazon, f"{ITEMS}?")
    assert sum("createdAfter" in request.path for request in searches) == 26
    assert len(searches) == 76


@pytest.mark.long
async def test_what_was_created_in_one_moment_is_never_silently_cut(amazon: OverHttp) -> None:
    for number in range(1_100):
        shelf(amazon).add(f"N-{number:04}", {"DEFAULT": number}, created=CREATED_FROM + 5_000)

    reading = await poll(amazon)

    assert reading.pages[-1].cut_short.startswith("1,10")
    assert "lists 1,000 of them" in reading.pages[-1].cut_short


@pytest.mark.long
async def test_a_listing_that_is_deleted_while_the_list_is_read_hides_none(
    amazon: OverHttp,
) -> None:
    for number in range(60):
        amazon.put(f"N-{number:02}", 1)

    def delete(request: ReceivedRequest) -> None:
        if "pageToken" in request.path:
            shelf(amazon).listings.pop("A-1", None)

    backend(amazon).before_answer = delete
    reading = await poll(amazon)

    assert reading.stock.keys() >= {f"N-{number:02}" for number in range(60)}
    assert len(reading.records) == len(reading.stock)
    assert (reading.pages[-1].announced or 0) <= len(reading.records)


async def test_a_list_that_shrinks_with_each_page_is_given_up(amazon: OverHttp) -> None:
    for number in range(60):
        amazon.put(f"N-{number:02}", 1)

    def delete(request: ReceivedRequest) -> None:
        if "pageToken" in request.path:
            shelf(amazon).listings.popitem()

    backend(amazon).before_answer = delete
    with pytest.raises(Temporary, match=r"shop: the list broke off .*a listing was deleted"):
        await poll(amazon)


async def test_a_list_that_leads_to_itself_ends(amazon: OverHttp) -> None:
    page: dict[str, Any] = {"numberOfResults": 9, "items": [{"sku": "A-1"}]}
    page["pagination"] = {"nextToken": base64.b64encode(b"0").decode()}
    amazon.front.spoil = lambda request: Answer(page) if request.path.startswith(ITEMS) else None

    with pytest.raises(ContractBroken, match=r"shop: pagination.nextToken: leads to itself"):
        await poll(amazon)


async def test_a_page_whose_token_ended_is_reached_by_the_time_of_creation(
    amazon: OverHttp,
) -> None:
    for number in range(60):
        amazon.put(f"N-{number:02}", 1)
    shelf(amazon).expired = 2

    reading = await poll(amazon)

    assert len(reading.records) == len(reading.stock) == reading.pages[-1].announced == 63
    shelf(amazon).expired = 99
    with pytest.raises(Temporary, match=r"shop: the list broke off .*invalid or expired"):
        await poll(amazon)


async def test_a_token_that_ends_between_two_pages_is_renewed(amazon: OverHttp) -> None:
    for number in range(60):
        amazon.put(f"N-{number:02}", 1)

    def end(request: ReceivedRequest) -> None:
        if "pageToken" in request.path and backend(amazon).signed_in == 1:
            backend(amazon).tokens.clear()

    backend(amazon).before_answer = end
    assert len((await poll(amazon)).records) == 63
    assert backend(amazon).signed_in == 2


async def test_the_token_goes_as_amazon_wants_it(amazon: OverHttp) -> None:
    await poll(amazon)

    (sign_in,) = asked(amazon, "/auth/o2/token")
    assert b"grant_type=refresh_token" in sign_in.body
    for request in asked(amazon, ITEMS):
        assert request.headers["x-amz-access-token"] == "Atza|t0ken-1"
        assert "authorization" not in request.headers
        assert request.headers["user-agent"] == "Skew/1 (Language=Python)"


@pytest.mark.parametrize(
    ("wrong", "named", "other"),
    [
        ("client_secret", "WRONG_ONE", "CONTRACT_SECRET"),
        ("refresh_token", "WRONG_ONE", "CONTRACT_SECRET"),
    ],
)
async def test_the_credential_that_died_is_named_alone(
    amazon: OverHttp, monkeypatch: pytest.MonkeyPatch, wrong: str, named: str, other: str
) -> None:
    monkeypatch.setenv("WRONG_ONE", "0ld-credential")
    backend(amazon).more = {wrong: {"env": "WRONG_ONE"}}

    with pytest.raises(NeedsOperator, match=named) as caught:
        await poll(amazon)

    assert other not in str(caught.value)
    assert "0ld-credential" not in str(caught.value)


async def test_a_missing_role_is_named(amazon: OverHttp) -> None:
    backend(amazon).denied = {ITEMS}

    with pytest.raises(NeedsOperator, match='searchListingsItems needs the role "Product Listing"'):
        await poll(amazon)


async def test_signing_in_names_the_store_and_its_marketplaces(amazon: OverHttp) -> None:
    words = "Kettles & Co, seller A2SELLER in Amazon A1P: 3 listings in DE (A1PA6795UKMFR9)"

    assert await signed_in(amazon) == words


async def test_signing_in_does_without_the_role_that_names_the_store(amazon: OverHttp) -> None:
    backend(amazon).denied = {"/sellers/"}

    assert await signed_in(amazon) == (
        "seller A2SELLER in DE (A1PA6795UKMFR9): 3 listings in DE (A1PA6795UKMFR9)"
    )


async def test_signing_in_does_without_an_answer_that_only_names_the_store(
    amazon: OverHttp,
) -> None:
    amazon.front.spoil = lambda request: (
        Answer({"message": "no such path"}, 404) if request.path.startswith("/sellers/") else None
    )

    assert (await signed_in(amazon)).startswith("seller A2SELLER in DE")


async def test_signing_in_where_one_does_not_sell_says_so(amazon: OverHttp) -> None:
    backend(amazon).selling = (FR,)

    with pytest.raises(NeedsOperator, match=r"does not sell in DE \(A1PA.*this region: FR"):
        await signed_in(amazon)


async def test_an_unknown_seller_is_a_matter_for_people(amazon: OverHttp) -> None:
    amazon.front.spoil = lambda request: (
        Answer({"errors": [{"code": "NOT_FOUND"}]}, 404) if request.path.startswith(ITEMS) else None
    )

    with pytest.raises(NeedsOperator, match=r"404 for seller A2SELLER.*check url, seller_id"):
        await poll(amazon)


async def test_a_web_page_is_not_the_api(amazon: OverHttp) -> None:
    amazon.front.spoil = lambda request: (
        Answer(b"<!doctype html><title>Amazon.de</title>") if "items" in request.path else None
    )

    with pytest.raises(NeedsOperator, match="url must be Amazon's API for sellers"):
        await poll(amazon)


async def test_a_throttle_tells_nothing_and_is_waited_out(amazon: OverHttp) -> None:
    refusals = [429, 429]

    def throttle(request: ReceivedRequest) -> Answer | None:
        if request.path.startswith(ITEMS) and refusals:
            words = {"code": "QuotaExceeded", "message": "You exceeded your quota"}
            return Answer({"errors": [words]}, refusals.pop())
        return None

    amazon.front.spoil = throttle
    assert len((await poll(amazon)).records) == 3


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("QuotaExceeded", Temporary),
        ("InternalFailure", Temporary),
        ("Unauthorized", NeedsOperator),
        ("InvalidInput", ContractBroken),
    ],
)
async def test_errors_in_an_answer_of_success_are_errors(
    amazon: OverHttp, code: str, error: type[Exception]
) -> None:
    body = {"numberOfResults": 0, "items": [], "errors": [{"code": code, "message": "so it is"}]}
    amazon.front.spoil = lambda request: Answer(body) if request.path.startswith(ITEMS) else None

    with pytest.raises(error, match="so it is"):
        await poll(amazon)


async def test_a_sold_out_listing_is_active_and_a_suppressed_one_is_not(amazon: OverHttp) -> None:
    taken_down = {
        "code": "1",
        "message": "no image",
        "severity": "ERROR",
        "categories": [],
        "enforcements": {
            "actions": [{"action": "LISTING_SUPPRESSED"}],
            "exemption": {"status": "NOT_EXEMPT"},
        },
    }
    shelf(amazon).add("GONE", {"DEFAULT": 0}, issues=[taken_down])
    shelf(amazon).add("CLOSED", {"DEFAULT": 4}, statuses={DE: ["DISCOVERABLE"]})

    reading = await poll(amazon)

    states = {record.sku: record.state for record in reading.records}
    assert states == {
        "A-1": State.ACTIVE,
        "B-2": State.ACTIVE,
        "C-3": State.ACTIVE,
        "GONE": State.DISABLED,
        "CLOSED": State.DISABLED,
    }


async def test_a_listing_of_which_amazon_says_no_more_is_not_called_disabled(
    amazon: OverHttp,
) -> None:
    entry = {"fulfillmentChannelCode": "DEFAULT", "quantity": 4}
    item = {"sku": "BARE", "fulfillmentAvailability": [entry]}
    page = {"numberOfResults": 1, "items": [item]}
    amazon.front.spoil = lambda request: Answer(page) if request.path.startswith(ITEMS) else None

    record = (await poll(amazon)).of("BARE")

    assert (record.available, record.state, record.price_minor) == (4, State.ACTIVE, None)


async def test_odd_items_blind_themselves_only(amazon: OverHttp) -> None:
    good = {"sku": "GOOD", "fulfillmentAvailability": [{"fulfillmentChannelCode": "DEFAULT"}]}
    good["fulfillmentAvailability"][0]["quantity"] = "12.0"  # type: ignore[index]
    odd: list[Any] = [None, "A-1", {}, {"sku": 7}, {"sku": "X-1", "summaries": {}}]
    page = {"numberOfResults": 6, "items": [*odd, good], "aField": "that is new"}
    amazon.front.spoil = lambda request: Answer(page) if request.path.startswith(ITEMS) else None

    reading = await poll(amazon)

    assert reading.stock == {"GOOD": 12}
    assert [refused.sku for refused in reading.refused] == [None, None, None, None, "X-1"]
    assert reading.pages[-1].announced == 6


async def test_an_unknown_status_is_counted_and_harmless(amazon: OverHttp) -> None:
    shelf(amazon).add("X-1", {"DEFAULT": 4}, statuses={DE: ["BUYABLE", "ON_MARS {}"]})

    assert (await poll(amazon)).of("X-1").state == State.ACTIVE
    assert await warnings(amazon) == [
        '1 listing, with the status "ON_MARS {}", which Skew does not know: X-1'
    ]


async def test_what_lies_at_amazon_is_told_apart_and_has_no_number(amazon: OverHttp) -> None:
    shelf(amazon).add("FBA-1", {"AMAZON_EU": None})
    shelf(amazon).add("FBA-2", {"DEFAULT": 21, "AMAZON_NA": None})

    reading = await poll(amazon)

    for sku in ("FBA-1", "FBA-2"):
        assert (reading.of(sku).available, reading.of(sku).state) == (None, UNCOUNTED)
    (words,) = await warnings(amazon)
    assert words.startswith("2 listings, fulfilled by Amazon (FBA)")
    assert words.endswith("FBA-1, FBA-2")


async def test_a_parent_is_left_out_and_counted(amazon: OverHttp) -> None:
    shelf(amazon).add("PARENT", {}, statuses={DE: ["DISCOVERABLE"]})
    shelf(amazon).add("DRAFT", {"DEFAULT": None})
    shelf(amazon).add("ENDLESS", {}, statuses={DE: ["BUYABLE"]})

    reading = await poll(amazon)

    assert set(reading.stock) == {"A-1", "B-2", "C-3", "ENDLESS"}
    assert reading.of("ENDLESS").state == UNCOUNTED
    assert reading.pages[-1].announced == 4
    (words,) = reading.pages[-1].warnings
    assert words.startswith("2 listings, left out")
    async with opened(amazon) as channel:
        answer = await channel.read([ListingRef("PARENT", "", "")])
    assert (list(answer.records), list(answer.refused)) == ([], [])


async def test_several_marketplaces_are_one_listing(amazon: OverHttp) -> None:
    backend(amazon).marketplaces = ("DE", "FR")
    both = {DE: ["BUYABLE"], FR: ["BUYABLE"]}
    shelf(amazon).add("BOTH", {"DEFAULT": 7}, statuses=both)
    shelf(amazon).add("CLOSED", {"DEFAULT": 7}, statuses={DE: ["BUYABLE"], FR: []})
    shelf(amazon).add("OTHER", {"DEFAULT": 7}, statuses=both, own_entries={FR: {"DEFAULT": 5}})
    shelf(amazon).add("ONLY-FR", {"DEFAULT": 3}, statuses={FR: ["BUYABLE"]})

    reading = await poll(amazon)

    assert len(reading.records) == len(reading.stock) == reading.pages[-1].announced == 7
    stock = {sku: reading.stock[sku] for sku in ("BOTH", "CLOSED", "OTHER", "ONLY-FR")}
    assert stock == {"BOTH": 7, "CLOSED": 7, "OTHER": 7, "ONLY-FR": 3}
    assert set(reading.pages[-1].warnings) == {
        "1 listing, for sale in some of the marketplaces only: CLOSED",
        f"1 listing, with another stock in FR ({FR}) than in a marketplace before it: OTHER",
    }
    assert all("," not in query_of(request) for request in asked(amazon, ITEMS))
    async with opened(amazon) as channel:
        wanted = [ListingRef(sku, "", "") for sku in ("ONLY-FR", "OTHER", "NOBODY")]
        answer = await channel.read(wanted)
    assert {record.sku: record.available for record in answer.records} == {"OTHER": 7, "ONLY-FR": 3}


def query_of(request: ReceivedRequest) -> str:
    return request.path.partition("marketplaceIds=")[2].partition("&")[0]


async def test_a_quantity_that_stands_twice_must_be_the_same(amazon: OverHttp) -> None:
    same = {"fulfillmentChannelCode": "DEFAULT", "quantity": 7}
    shelf(amazon).add("TWICE", {"DEFAULT": 7}, more_entries=[same])
    other = {"fulfillmentChannelCode": "DEFAULT", "quantity": 5}
    shelf(amazon).add("DIFFERENT", {"DEFAULT": 7}, more_entries=[other])

    reading = await poll(amazon)

    assert reading.of("TWICE").available == 7
    (refused,) = reading.refused
    assert (refused.sku, refused.reason) == ("DIFFERENT", '"DEFAULT": 7 and 5 at the same time')


async def test_locations_are_listings_of_their_own(amazon: OverHttp) -> None:
    shelf(amazon).add("MLI", {"DEFAULT": "0.0", "supply-1": "3", "supply-2": 4.0})
    shelf(amazon).add("MIXED", {"DEFAULT": 2, "supply-1": 5})

    reading = await poll(amazon)

    stock = {(record.sku, record.location): record.available for record in reading.records}
    assert (
        stock.items()
        >= {
            ("MLI", "supply-1"): 3,
            ("MLI", "supply-2"): 4,
            ("MIXED", ""): 2,
            ("MIXED", "supply-1"): 5,
        }.items()
    )
    assert ("MLI", "") not in stock
    assert reading.pages[-1].announced == len(reading.records) == 7
    assert reading.pages[-1].warnings == [
        "1 listing, with stock at locations and at DEFAULT, which Amazon wants to be 0: MIXED"
    ]
    async with opened(amazon) as channel:
        answer = await channel.read([ListingRef("MLI", "supply-2", "")])
    assert [(found.location, found.available) for found in answer.records] == [("supply-2", 4)]


async def test_one_location_may_be_all_that_is_read(amazon: OverHttp) -> None:
    backend(amazon).more = {"location": "supply-1"}
    shelf(amazon).add("MLI", {"DEFAULT": 0, "supply-1": 3, "supply-2": 4})

    reading = await poll(amazon)

    assert {(record.sku, record.location) for record in reading.records} == {("MLI", "")}
    assert reading.stock == {"MLI": 3}
    assert reading.pages[-1].announced == 1


async def test_a_sku_with_a_comma_is_read_by_itself(amazon: OverHttp) -> None:
    amazon.put("one,two", 6)
    async with opened(amazon) as channel:
        wanted = [ListingRef(sku, "", "") for sku in ("one,two", "no,where", "A-1")]
        answer = await channel.read(wanted)

    assert {record.sku: record.available for record in answer.records} == {"A-1": 5, "one,two": 6}
    assert any(request.path.startswith(f"{ITEMS}/one%2Ctwo?") for request in amazon.server.asked)


@pytest.mark.parametrize("price", ["twelve", "-1.00"])
async def test_a_price_that_is_none_blinds_its_own_listing_only(
    amazon: OverHttp, price: str
) -> None:
    shelf(amazon).listings["B-2"].price = price

    reading = await poll(amazon)

    assert [refused.sku for refused in reading.refused] == ["B-2"]
    assert set(reading.stock) == {"A-1", "C-3"}


async def test_prices_and_titles_are_those_of_the_first_marketplace(amazon: OverHttp) -> None:
    record = (await poll(amazon)).of("A-1")

    assert (record.price_minor, record.title) == (1250, "Article A-1")

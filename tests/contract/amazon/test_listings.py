"""What a listing of Amazon's shows, in its marketplaces and locations."""

from typing import Any

import pytest

from store.model import UNCOUNTED, State
from sync.channels.base import ListingRef
from tests.contract.amazon.bench import asked, backend, shelf
from tests.contract.harness import OverHttp, opened, poll
from tests.fakes.amazon import ITEMS
from tests.fakes.amazon_shelf import DE, FR
from tests.loopback import Answer, ReceivedRequest


async def warnings(harness: OverHttp) -> list[str]:
    return [words for page in (await poll(harness)).pages for words in page.warnings]


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

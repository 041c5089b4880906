"""What a sweep of a Square seller reads, at its locations and between sweeps."""

import json
from typing import Any, cast

import pytest

from store.model import State
from sync.channels.base import Receipt, SinceSource
from sync.clock import SystemClock, rfc3339
from sync.errors import ContractBroken, NeedsOperator
from tests.contract.harness import (
    OverHttp,
    Reading,
    change,
    opened,
    poll,
)
from tests.contract.square.bench import CHANGES, COUNTS, asked_for, written
from tests.fakes.square import DAY_MS, SquareSeller

SEARCH = "/v2/catalog/search"


async def changed(harness: OverHttp, since: int) -> Reading:
    async with opened(harness) as channel:
        source = cast("SinceSource", channel)
        return Reading([page async for page in source.changed(since)])


def warnings(reading: Reading) -> str:
    return "; ".join(warning for page in reading.pages for warning in page.warnings)


async def test_a_sweep_takes_the_largest_pages(harness: OverHttp) -> None:
    await poll(harness)

    assert [asked["limit"] for asked in asked_for(harness, SEARCH)] == [1000]
    assert {asked["limit"] for asked in asked_for(harness, COUNTS)} == {1000}
    assert len(harness.server.asked) == 4


async def test_small_pages_are_all_read(harness: OverHttp, seller: SquareSeller) -> None:
    seller.page_size = 2

    assert (await poll(harness)).stock == {"A-1": 5, "B-2": 0, "C-3": 12}


async def test_a_count_that_moves_while_the_counts_are_read_is_not_missed(
    harness: OverHttp, seller: SquareSeller
) -> None:
    # It jumps from the page that comes next to the front, which was read already.
    seller.page_size = 1
    pages = 0

    def sell(path: str) -> None:
        nonlocal pages
        pages += path == COUNTS
        if path == COUNTS and pages == 2:
            seller.sell("A-1", 2)

    seller.before_answer = sell

    assert (await poll(harness)).stock == {"A-1": 3, "B-2": 0, "C-3": 12}


async def test_an_item_that_the_catalogue_shows_twice_is_one_listing(
    harness: OverHttp, seller: SquareSeller
) -> None:
    seller.articles.append(seller.article("A-1"))

    assert len((await poll(harness)).records) == 3


async def test_what_was_never_counted_has_nothing_in_stock(
    harness: OverHttp, seller: SquareSeller
) -> None:
    seller.add("NEW", track_inventory=True)

    assert (await poll(harness)).of("NEW").available == 0


@pytest.mark.long
@pytest.mark.parametrize("how", ["itself", "its location", "its count", "nothing"])
async def test_what_square_does_not_track_is_not_counted(
    harness: OverHttp, seller: SquareSeller, how: str
) -> None:
    article = seller.article("A-1")
    if how == "itself":
        article.data = {"track_inventory": False}
    elif how == "its location":
        override = {"location_id": "MAIN", "track_inventory": False}
        article.data = {"track_inventory": True, "location_overrides": [override]}
    elif how == "its count":
        del seller.history[article.id, "MAIN"]
        seller.more_counts = [
            {"catalog_object_id": article.id, "location_id": "MAIN", "state": "UNTRACKED"}
        ]
    else:
        article.data = {}
        del seller.history[article.id, "MAIN"]

    record = (await poll(harness)).of("A-1")
    (receipt,) = await written(harness, change(record, 3))

    assert (record.available, record.state) == (None, "uncounted")
    assert receipt.refused == "Square does not track its stock, so it never runs out"
    assert asked_for(harness, CHANGES) == []


async def test_a_location_may_track_what_others_do_not(
    harness: OverHttp, seller: SquareSeller
) -> None:
    override = {"location_id": "MAIN", "track_inventory": True}
    seller.article("A-1").data = {"track_inventory": False, "location_overrides": [override]}

    assert (await poll(harness)).of("A-1").available == 5


@pytest.mark.long
@pytest.mark.parametrize(
    ("quantity", "shown"),
    [("7", 7), ("7.00000", 7), ("-3.0", -3), ("7.5", None), (None, None), (7, 7),
     ("99999999999999999999", None), ("", None)],
)  # fmt: skip
async def test_quantities_are_decimal_strings(
    harness: OverHttp, seller: SquareSeller, quantity: object, shown: int | None
) -> None:
    harness.corrupt("A-1", json.dumps(quantity))

    reading = await poll(harness)

    assert reading.stock.get("A-1") == shown
    assert [found.sku for found in reading.refused] == ([] if shown is not None else ["A-1"])


async def test_units_in_other_states_do_not_count_and_new_states_are_told(
    harness: OverHttp, seller: SquareSeller
) -> None:
    ref = seller.article("A-1").id
    seller.more_counts = [
        {"catalog_object_id": ref, "location_id": "MAIN", "state": state, "quantity": "4"}
        for state in ("WASTE", "RESERVED_FOR_SALE", "IN_ORBIT", "SUPPORTED_BY_NEWER_VERSION")
    ]

    reading = await poll(harness)

    assert reading.of("A-1").available == 5
    assert reading.refused == []
    assert 'in a state that Skew does not know, "IN_ORBIT", which do not count' in warnings(reading)
    assert "WASTE" not in warnings(reading)


async def test_a_count_that_names_no_variation_ends_the_sweep(
    harness: OverHttp, seller: SquareSeller
) -> None:
    # Its listing would seem never counted, and show 0.
    seller.more_counts = [{"location_id": "MAIN", "state": "IN_STOCK", "quantity": "4"}]

    with pytest.raises(ContractBroken, match=r"counts, page 1, counts\[3\]"):
        await poll(harness)


async def test_a_count_without_a_location_blinds_its_variation(
    harness: OverHttp, seller: SquareSeller
) -> None:
    ref = seller.article("A-1").id
    seller.more_counts = [{"catalog_object_id": ref, "state": "IN_STOCK", "quantity": "4"}]

    reading = await poll(harness)

    assert [found.sku for found in reading.refused] == ["A-1"]
    assert reading.stock == {"B-2": 0, "C-3": 12}


async def test_a_bad_variation_blinds_itself_only(harness: OverHttp, seller: SquareSeller) -> None:
    seller.article("B-2").data = {"track_inventory": "perhaps"}

    reading = await poll(harness)

    assert [found.sku for found in reading.refused] == ["B-2"]
    assert reading.stock == {"A-1": 5, "C-3": 12}


async def test_what_has_no_sku_is_left_out_and_counted(
    harness: OverHttp, seller: SquareSeller
) -> None:
    seller.add(None, track_inventory=True)
    seller.add("", track_inventory=True)

    reading = await poll(harness)

    assert len(reading.records) == 3
    assert "2 listings, without a SKU, so left out: V3, V4" in warnings(reading)


@pytest.mark.parametrize(
    ("data", "archived", "stock", "state"),
    [
        ({}, True, 5, State.ARCHIVED),
        ({"sellable": False}, False, 5, State.DISABLED),
        ({"sold_out": True}, False, 5, State.HOLD),
        ({"sold_out": True, "sold_out_valid_until": "2099-01-01T00:00:00Z"}, False, 5, State.HOLD),
        ({"sold_out": True, "sold_out_valid_until": "2020-01-01T00:00:00Z"}, False, 5,
         State.ACTIVE),
        ({"sold_out": True}, False, 0, State.ACTIVE),
    ],
)  # fmt: skip
async def test_states_are_those_that_a_person_set(
    harness: OverHttp,
    seller: SquareSeller,
    data: dict[str, Any],
    archived: bool,  # noqa: FBT001
    stock: int,
    state: State,
) -> None:
    article = seller.article("A-1")
    seller.put("A-1", stock)
    article.archived = archived
    if "sold_out" in data:
        data = {"location_overrides": [{"location_id": "MAIN", **data}]}
    article.data = {"track_inventory": True, **data}

    record = (await poll(harness)).of("A-1")

    assert (record.available, record.state) == (stock, state)


async def test_prices_are_those_of_the_location_in_hundredths(
    harness: OverHttp, seller: SquareSeller
) -> None:
    yen = {"location_id": "MAIN", "price_money": {"amount": 500, "currency": "JPY"}}
    seller.article("A-1").data["location_overrides"] = [yen]

    reading = await poll(harness)

    assert (reading.of("A-1").price_minor, reading.of("C-3").price_minor) == (50_000, 1290)


# What Square works out itself


async def test_what_is_made_of_others_is_read_by_itself_and_never_written(
    harness: OverHttp, seller: SquareSeller
) -> None:
    seller.count(seller.add("SET", track_inventory=True, stockable=False), 4)

    reading = await poll(harness)
    (receipt,) = await written(harness, change(reading.of("SET"), 9))

    assert reading.of("SET").available == 4
    assert "1 listing, whose stock Square works out from others" in warnings(reading)
    assert receipt.refused == "Square works out its stock from that of others: correct those"
    assert asked_for(harness, CHANGES) == []


async def test_what_is_made_of_others_and_has_no_count_is_not_taken_for_nothing(
    harness: OverHttp, seller: SquareSeller
) -> None:
    seller.add("SET", track_inventory=True, stockable=False)

    reading = await poll(harness)

    assert [found.sku for found in reading.refused] == ["SET"]
    assert "SET" not in reading.stock


# Locations


@pytest.fixture
def chain(harness: OverHttp, seller: SquareSeller) -> OverHttp:
    """A second location that sells A-1 and C-3, and a third that is closed."""
    seller.chosen = None
    seller.locations += [
        {"id": "SIDE", "name": "Side Street", "status": "ACTIVE"},
        {"id": "GONE", "name": "Old Market", "status": "INACTIVE"},
    ]
    seller.article("B-2").presence = {
        "present_at_all_locations": True, "absent_at_location_ids": ["SIDE"],
    }  # fmt: skip
    seller.count(seller.article("A-1"), 2, "SIDE")
    seller.count(seller.article("A-1"), 90, "GONE")
    return harness


def by_place(reading: Reading) -> dict[tuple[str, str], int | None]:
    return {(record.sku, record.location): record.available for record in reading.records}


async def test_each_listing_stands_at_its_location(chain: OverHttp) -> None:
    assert by_place(await poll(chain)) == {
        ("A-1", "MAIN"): 5, ("A-1", "SIDE"): 2, ("B-2", "MAIN"): 0,
        ("C-3", "MAIN"): 12, ("C-3", "SIDE"): 0,
    }  # fmt: skip


async def test_a_write_goes_to_the_listing_s_own_location(
    chain: OverHttp, seller: SquareSeller
) -> None:
    reading = await poll(chain)
    (side,) = [found for found in reading.records if (found.sku, found.location) == ("A-1", "SIDE")]

    (receipt,) = await written(chain, change(side, 7))

    assert receipt == Receipt(receipt.change)
    ref = seller.article("A-1").id
    assert [seller.stock((ref, place)) for place in ("MAIN", "SIDE", "GONE")] == [5, 7, 90]


async def test_one_location_alone_is_read_and_written(
    chain: OverHttp, seller: SquareSeller
) -> None:
    seller.chosen = "SIDE"

    reading = await poll(chain)
    (receipt,) = await written(chain, change(reading.of("A-1"), 7))

    assert by_place(reading) == {("A-1", ""): 2, ("C-3", ""): 0}
    assert receipt == Receipt(receipt.change)
    assert seller.stock((seller.article("A-1").id, "SIDE")) == 7
    async with opened(chain) as channel:
        assert not channel.abilities.locations


@pytest.mark.parametrize("location", ["NOWHERE", "GONE"])
async def test_a_location_that_is_not_there_does_not_read_as_nothing_in_stock(
    chain: OverHttp, seller: SquareSeller, location: str
) -> None:
    seller.chosen = location

    with pytest.raises(NeedsOperator) as caught:
        await poll(chain)

    assert f'"{location}" is not an active location of this seller' in str(caught.value)
    assert "known: MAIN (Main Street), SIDE (Side Street)" in str(caught.value)


# What changed


async def test_what_changed_is_what_was_counted_sold_or_edited(
    harness: OverHttp, seller: SquareSeller
) -> None:
    for moved in seller.history.values():
        moved[:] = [("count", at - DAY_MS, units) for _, at, units in moved]
    since = SystemClock().now() - 60_000
    seller.sell("C-3", 2)
    seller.article("B-2").archived = True
    seller.article("B-2").updated_at = SystemClock().now()

    reading = await changed(harness, since)

    assert reading.stock == {"C-3": 10, "B-2": 0}
    assert reading.of("B-2").state == State.ARCHIVED
    (asked, *_) = asked_for(harness, COUNTS)
    assert asked["updated_after"] == rfc3339(since - 1000)


async def test_where_nothing_changed_nothing_is_listed(
    harness: OverHttp, seller: SquareSeller
) -> None:
    reading = await changed(harness, SystemClock().now() + DAY_MS)

    assert reading.records == []
    assert len(harness.server.asked) == 3

"""What Shopify's items, levels and pages say, and what they cost."""

from typing import Any

import msgspec
import pytest

from store.model import UNCOUNTED, State
from sync import channels
from sync.channels.base import ListingRef
from sync.channels.shopify.kind import ShopifyOptions
from sync.clock import SystemClock, from_rfc3339
from sync.errors import NeedsOperator
from sync.settings import ChannelSettings
from tests.contract.harness import (
    OverHttp,
    opened,
    poll,
)
from tests.contract.shopify.bench import warnings
from tests.fakes.shopify import Shopify
from tests.fakes.shopify_values import Points, ShopItem, level_of
from tests.loopback import Answer, ReceivedRequest


def stock(shop: Shopify, sku: str | None = "A", **item: Any) -> ShopItem:
    """Put one item into the shop: ten at Berlin."""
    levels = item.pop("levels", {"1": level_of(10)})
    found = ShopItem(1000 + len(shop.items), sku, levels, **item)
    shop.items.append(found)
    return found


def operations(harness: OverHttp) -> list[str]:
    """The names of what was asked, in order."""
    asked = [request.json["query"] for request in harness.server.asked if request.body[:1] == b"{"]
    return [query.split("Skew", 1)[1].split("(")[0].split("{")[0] for query in asked]


async def test_a_listing_has_shopify_s_own_figures(shop: Shopify, harness: OverHttp) -> None:
    stock(shop, levels={"1": level_of(7, committed=2, incoming=30, reserved=1, safety_stock=4)})

    record = (await poll(harness)).of("A")

    assert (record.available, record.on_hand, record.committed) == (7, 14, 2)
    assert (record.unavailable, record.incoming) == (5, 30)
    assert (record.location, record.ref, record.price_minor) == ("", "1000", 1290)
    assert record.title == "Article A"
    # A quantity has moved later than its level says.
    assert record.source_at == from_rfc3339("2026-11-28T10:00:00Z")


@pytest.mark.parametrize(
    ("status", "policy", "state"),
    [
        ("ACTIVE", "DENY", State.ACTIVE),
        ("UNLISTED", "DENY", State.ACTIVE),
        ("ACTIVE", "CONTINUE", State.BACKORDER),
        ("DRAFT", "CONTINUE", State.DISABLED),
        ("ARCHIVED", "DENY", State.ARCHIVED),
    ],
)
async def test_a_state_is_made_of_status_and_policy(
    shop: Shopify, harness: OverHttp, status: str, policy: str, state: State
) -> None:
    stock(shop, status=status, policy=policy)

    assert (await poll(harness)).of("A").state == state


async def test_what_shopify_says_in_new_words_is_counted_and_kills_nothing(
    shop: Shopify, harness: OverHttp
) -> None:
    stock(shop, "A", policy="PREORDER_ONLY")
    stock(shop, "B", policy="PREORDER_ONLY")
    stock(shop, "C", status="RESTING")

    reading = await poll(harness)

    assert [reading.of(sku).state for sku in "ABC"] == [State.ACTIVE, State.ACTIVE, None]
    assert warnings(reading) == [
        '2 listings have an inventory policy that Skew does not know: "PREORDER_ONLY"',
        '1 listing has a status that Skew does not know: "RESTING"',
    ]


async def test_an_untracked_item_has_no_number(shop: Shopify, harness: OverHttp) -> None:
    stock(shop, "A", tracked=False)
    stock(shop, "B", tracked=False, status="DRAFT")

    reading = await poll(harness)

    assert [(record.available, record.state) for record in reading.records] == [
        (None, UNCOUNTED),
        (None, State.DISABLED),
    ]


async def test_what_is_no_listing_of_its_own_is_counted_and_named(
    shop: Shopify, harness: OverHttp
) -> None:
    stock(shop, None)
    stock(shop, "")
    stock(shop, "SET", is_bundle=True)
    stock(shop, "TWO", variants=2)
    stock(shop, "NOWHERE", levels={})

    reading = await poll(harness)

    assert reading.stock == {"SET": 10, "TWO": 10}
    assert warnings(reading) == [
        "2 items are without a SKU: left out",
        "1 item is not stocked at any location that is read",
        '"SET": bundles, whose stock Shopify counts from their components; they can\'t be written',
        '"TWO": several variants sell the same stock; it counts once',
    ]


async def test_several_items_with_one_sku_are_several_listings(
    shop: Shopify, harness: OverHttp
) -> None:
    stock(shop, "A")
    stock(shop, "A", levels={"1": level_of(4)})

    records = (await poll(harness)).records

    assert [(record.sku, record.ref, record.available) for record in records] == [
        ("A", "1000", 10),
        ("A", "1001", 4),
    ]


async def test_without_a_location_each_listing_stands_at_its_own(
    shop: Shopify, harness: OverHttp
) -> None:
    shop.location = None
    shop.locations = {"1": ("Berlin", True), "22": ("Hamburg", True)}
    item = stock(shop, levels={"1": level_of(3), "22": level_of(5)})
    record = {"A": [("1", 3), ("22", 5)]}

    reading = await poll(harness)

    found = [(record.location, record.available) for record in reading.records]
    assert found == record["A"]
    item.levels["22"]["available"] = 6
    async with opened(harness) as channel:
        wanted = [ListingRef("A", "22", "1000"), ListingRef("A", "1", "1000")]
        answer = await channel.read([*wanted, ListingRef("A", "99", "1000")])
    assert {record.location: record.available for record in answer.records} == {"1": 3, "22": 6}


async def test_levels_and_variants_beyond_the_page_s_room_are_asked_for(
    shop: Shopify, harness: OverHttp
) -> None:
    shop.location = None
    shop.locations = {str(number): (f"L{number}", True) for number in range(1, 131)}
    stock(shop, "A", levels={number: level_of(int(number)) for number in shop.locations})
    stock(shop, "B", variants=3)

    reading = await poll(harness)

    assert len(reading.records) == 131
    assert len({(record.sku, record.location) for record in reading.records}) == 131
    assert sum(record.available or 0 for record in reading.records if record.sku == "A") == 8515
    assert operations(harness).count("Levels") == 3


async def test_a_level_that_is_not_active_is_no_listing(shop: Shopify, harness: OverHttp) -> None:
    item = stock(shop, inactive={"1"})

    assert (await poll(harness)).records == []
    async with opened(harness) as channel:
        answer = await channel.read([ListingRef("A", "", str(item.number))])
    assert (list(answer.records), list(answer.refused)) == ([], [])


async def test_a_level_at_a_closed_location_is_no_listing(shop: Shopify, harness: OverHttp) -> None:
    shop.location = None
    shop.locations["2"] = ("Depot", False)
    stock(shop, levels={"1": level_of(3), "2": level_of(5)})

    reading = await poll(harness)

    assert [(record.location, record.available) for record in reading.records] == [("1", 3)]
    assert warnings(reading) == ["1 inactive stock level is left out"]


@pytest.mark.parametrize(
    ("location", "words"),
    [
        ("7", r"shop has no location 7; it has: Berlin \(1\)"),
        ("2", r"location Depot \(2\) is not active; active are: Berlin \(1\)"),
    ],
)
async def test_a_location_that_can_t_be_read_is_explained(
    shop: Shopify, harness: OverHttp, location: str, words: str
) -> None:
    shop.locations["2"] = ("Depot", False)
    shop.location = location

    with pytest.raises(NeedsOperator, match=words):
        await poll(harness)
    with pytest.raises(NeedsOperator, match=words):
        async with opened(harness) as channel:
            await channel.sign_in()


async def test_pages_are_as_large_as_a_query_may_cost(shop: Shopify, harness: OverHttp) -> None:
    for number in range(600):
        shop.put(f"N-{number}", number)

    assert len((await poll(harness)).records) == 600

    sizes = [
        request.json["variables"]["first"]
        for request in harness.server.asked
        if b"SkewItemsAt" in request.body
    ]
    assert sizes[0] < sizes[1] <= 250
    assert len(sizes) <= 7


@pytest.mark.long
async def test_a_page_that_costs_too_much_is_asked_for_smaller(
    shop: Shopify, harness: OverHttp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.fakes.shopify.QUERY_POINTS_MAX", 180)
    for number in range(60):
        shop.put(f"N-{number}", number)

    assert len((await poll(harness)).records) == 60


class PassingClock(SystemClock):
    """Time passes only where somebody waits."""

    def __init__(self) -> None:
        self.at = 1_796_000_000_000

    def now(self) -> int:
        return self.at

    async def sleep(self, span_ms: int) -> None:
        self.at += span_ms


async def test_a_sweep_keeps_to_its_share_of_the_points(shop: Shopify, harness: OverHttp) -> None:
    clock = PassingClock()
    shop.points = Points(2_000, 100, clock.now, left=2_000, at=clock.at)
    for number in range(600):
        shop.put(f"N-{number}", number)
    options = msgspec.convert(harness.table(), ShopifyOptions)
    settings = ChannelSettings(
        name="shop", kind="shopify", options=options, timeout_ms=60_000, rate_share_ppm=500_000
    )
    channel = channels.open_channel(settings, clock, harness.base)
    try:
        began = clock.at
        found = [record async for page in channel.pages() for record in page.records]
    finally:
        await channel.close()

    assert len(found) == 600
    assert shop.throttled == 0
    passed_s = (clock.at - began) / 1000
    # A half of what is there at first, and 50 points a second; an item of a page costs 8.
    assert 600 * 8 - 1_000 <= passed_s * 50 <= 600 * 8 + 1_000


async def test_a_throttle_in_a_200_is_waited_out(shop: Shopify, harness: OverHttp) -> None:
    shop.put("A", 1)
    throttled = {"errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}]}
    left = [Answer(throttled), Answer(throttled)]

    def spoil(asked: ReceivedRequest) -> Answer | None:
        return left.pop() if left and b"SkewItemsAt" in asked.body else None

    harness.front.spoil = spoil

    assert (await poll(harness)).stock == {"A": 1}


async def test_a_page_beyond_the_end_and_an_empty_shop_are_no_trouble(harness: OverHttp) -> None:
    reading = await poll(harness)

    assert (reading.records, reading.refused, warnings(reading)) == ([], [], [])


async def test_an_item_that_comes_on_two_pages_counts_once(
    shop: Shopify, harness: OverHttp
) -> None:
    for number in range(300):
        shop.put(f"N-{number}", number)

    def move(operation: str) -> None:
        if operation == "ItemsAt" and operations(harness).count("ItemsAt") == 2:
            # Somebody has made an item, and the list has moved on by one.
            shop.items.insert(0, ShopItem(1, "NEW", {"1": level_of(1)}))

    shop.before_answer = move

    skus = [record.sku for record in (await poll(harness)).records]

    assert len(skus) == len(set(skus)) == 300


async def test_a_list_in_another_order_than_by_id_is_doubted(
    shop: Shopify, harness: OverHttp
) -> None:
    for number in range(3):
        shop.put(f"N-{number}", number)
    shop.items.reverse()

    reading = await poll(harness)

    assert len(reading.records) == 3
    (warning,) = warnings(reading)
    assert "in another order than by their ids" in warning

"""What is written to Shopify, with what it is compared, and what is left out."""

from typing import Any

import pytest

from store.model import Record, State
from sync.channels.base import Change
from sync.channels.shopify.kind import BATCH_MAX
from tests.contract.harness import (
    OverHttp,
    change,
    opened,
    poll,
)
from tests.contract.shopify.writes.bench import shown, write
from tests.fakes.shopify import Shopify
from tests.fakes.shopify_values import ShopItem, level_of


async def test_a_call_says_what_it_compares_with_why_and_for_whom(
    shop: Shopify, harness: OverHttp
) -> None:
    await write(harness, ("A", 3), ("B", 4))

    (sent,) = shop.written
    assert sent == {
        "name": "available",
        "reason": "correction",
        "referenceDocumentUri": "gid://skew/Correction/skew-A-1,skew-B-1",
        "quantities": [
            {
                "inventoryItemId": f"gid://shopify/InventoryItem/{number}",
                "locationId": "gid://shopify/Location/1",
                "quantity": quantity,
                "changeFromQuantity": before,
            }
            for number, quantity, before in ((1000, 3, 10), (1001, 4, 11))
        ],
    }
    assert shown(shop) == {"A": 3, "B": 4, "C": 12, "D": 13}


async def test_many_corrections_are_named_as_far_as_there_is_room(
    shop: Shopify, harness: OverHttp
) -> None:
    for number in range(BATCH_MAX):
        shop.put(f"N-{number}", number)
    wanted = [(f"N-{number}", number + 1) for number in range(BATCH_MAX)]

    receipts = await write(harness, *wanted)

    assert [receipt.refused for receipt in receipts] == [None] * BATCH_MAX
    uri = shop.written[0]["referenceDocumentUri"]
    assert len(uri) < 255
    assert uri.endswith("-more")
    assert shown(shop)["N-99"] == 100


async def test_a_repeat_is_applied_once(shop: Shopify, harness: OverHttp) -> None:
    reading = await poll(harness)
    await write(harness, ("A", 3), reading=reading)
    shop.of("A").levels["1"]["available"] = 10  # type: ignore[union-attr]  # Somebody put it back.

    (receipt,) = await write(harness, ("A", 3), reading=reading)

    assert receipt.refused is None
    assert len(shop.answered) == 1
    assert shown(shop)["A"] == 10


async def test_what_was_refused_is_left_out_and_the_rest_sent_again(
    shop: Shopify, harness: OverHttp
) -> None:
    reading = await poll(harness)

    def sell(operation: str) -> None:
        # Between the look before and the write somebody buys one of B and one of D.
        if operation == "Set" and not shop.written:
            shop.put("B", 10)
            shop.put("D", 12)

    shop.before_answer = sell
    wanted = ("A", 1), ("B", 1), ("C", 1), ("D", 1)

    receipts = await write(harness, *wanted, reading=reading)

    assert [receipt.conflict for receipt in receipts] == [False, True, False, True]
    assert [receipt.refused is None for receipt in receipts] == [True, False, True, False]
    assert "CHANGE_FROM_QUANTITY_STALE" in (receipts[1].refused or "")
    assert [len(sent["quantities"]) for sent in shop.written] == [4, 3, 2]
    assert len(shop.answered) == 3
    assert shown(shop) == {"A": 1, "B": 10, "C": 1, "D": 12}


async def test_what_has_moved_since_the_reading_costs_no_call(
    shop: Shopify, harness: OverHttp
) -> None:
    reading = await poll(harness)
    shop.put("A", 9)
    shop.of("B").policy = "CONTINUE"  # type: ignore[union-attr]

    first, second = await write(harness, ("A", 1), ("B", 1), reading=reading)

    assert (first.conflict, first.refused) == (True, "it has changed: 9 and active now")
    assert (second.conflict, second.refused) == (True, "it has changed: 11 and backorder now")
    assert shop.written == []


async def test_a_write_never_stocks_an_item_where_it_was_not(
    shop: Shopify, harness: OverHttp
) -> None:
    shop.locations["2"] = ("Hamburg", True)
    shop.location = None
    reading = await poll(harness)
    shop.items[1].inactive = {"1"}
    record = reading.of("A")
    elsewhere = Record(sku="A", available=10, location="2", state="active", ref=record.ref)
    async with opened(harness) as channel:
        receipts = await channel.write(
            [
                change(elsewhere, 5),
                Change("A", "77", record.ref, 5, record, "k"),
                Change("A", "nowhere", record.ref, 5, record, "k"),
                change(reading.of("B"), 5),
            ]
        )

    assert [receipt.refused for receipt in receipts] == ["it is not stocked there any more"] * 4
    assert shop.written == []
    assert [set(item.levels) for item in shop.items] == [{"1"}] * 4


async def test_nothing_is_written_at_a_location_that_is_closed(
    shop: Shopify, harness: OverHttp
) -> None:
    shop.location = None
    reading = await poll(harness)
    shop.locations["1"] = ("Berlin", False)

    (receipt,) = await write(harness, ("A", 5), reading=reading)

    assert receipt.refused == "the location Berlin is not active"
    assert shop.written == []


@pytest.mark.parametrize(
    ("item", "words"),
    [
        ({"is_bundle": True}, "it is a bundle: Shopify counts its stock from its components"),
        ({"tracked": False}, "Shopify does not track its stock, so it never runs out"),
    ],
)
async def test_what_shopify_counts_itself_is_not_written(
    shop: Shopify, harness: OverHttp, item: dict[str, Any], words: str
) -> None:
    shop.items.append(ShopItem(50, "S", {"1": level_of(4)}, **item))

    (receipt,) = await write(harness, ("S", 5))

    assert receipt.refused == words
    assert shop.written == []


async def test_a_state_and_too_large_a_number_are_refused(shop: Shopify, harness: OverHttp) -> None:
    record = (await poll(harness)).of("A")
    async with opened(harness) as channel:
        receipts = await channel.write(
            [
                change(record, 5, state=State.DISABLED),
                change(record, 2_000_000_000),
                change(record, 5),
                change(record, 6),
            ]
        )

    assert [receipt.refused for receipt in receipts] == [
        "Skew does not write states to Shopify",
        "Shopify holds at most 1,000,000,000",
        None,
        "it stands twice in one call",
    ]
    assert shown(shop)["A"] == 5


async def test_negative_stock_is_changed_from(shop: Shopify, harness: OverHttp) -> None:
    shop.put("A", -4)

    (receipt,) = await write(harness, ("A", 0))

    assert receipt.refused is None
    assert shop.written[0]["quantities"][0]["changeFromQuantity"] == -4
    assert shown(shop)["A"] == 0

"""What only the shopify kind writes: all of a call or nothing, compare-and-set, idempotency."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from store.model import Record, State
from sync.channels.base import Change, Receipt
from sync.channels.shopify.writing import BATCH_MAX
from sync.errors import NeedsOperator, Temporary, WriteOutcomeUnknown, WriteRejected
from tests.contract.harness import (
    SECRET,
    SECRET_NAME,
    OverHttp,
    Reading,
    change,
    opened,
    over_http,
    poll,
)
from tests.fakes.shopify import Shopify, ShopItem, level_of
from tests.loopback import Answer


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SECRET_NAME, SECRET)


@pytest.fixture
def shop() -> Shopify:
    found = Shopify()
    for number, sku in enumerate("ABCD"):
        found.put(sku, 10 + number)
    return found


@pytest.fixture
def harness(shop: Shopify, tmp_path: Path) -> Iterator[OverHttp]:
    with over_http(shop, tmp_path) as found:
        yield found


async def write(
    harness: OverHttp, *wanted: tuple[str, int], reading: Reading | None = None
) -> list[Receipt]:
    """Set these SKUs, by the reading before."""
    reading = reading or await poll(harness)
    async with opened(harness) as channel:
        changes = [change(reading.of(sku), quantity, f"skew-{sku}-1") for sku, quantity in wanted]
        return list(await channel.write(changes))


def shown(shop: Shopify) -> dict[str | None, int]:
    return {item.sku: item.levels["1"]["available"] for item in shop.items}


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


@pytest.mark.parametrize(
    "code", ["IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED", "IDEMPOTENCY_KEY_PARAMETER_MISMATCH"]
)
async def test_a_key_that_is_spent_is_replaced(shop: Shopify, harness: OverHttp, code: str) -> None:
    shop.refuse_next = [{"code": code, "field": None, "message": "a new key, please"}]

    (receipt,) = await write(harness, ("A", 3))

    assert receipt.refused is None
    keys = [
        request.json["variables"]["key"]
        for request in harness.server.asked
        if harness.is_write(request)
    ]
    assert len(set(keys)) == len(keys) == 2
    assert shown(shop)["A"] == 3


async def test_a_key_that_is_spent_again_and_again_ends(shop: Shopify, harness: OverHttp) -> None:
    error = {"code": "IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED", "field": None, "message": "no"}
    shop.refuse_next = [error] * 9

    with pytest.raises(WriteRejected, match="IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED"):
        await write(harness, ("A", 3))

    assert len(shop.written) == 4


async def test_a_write_that_is_under_way_already_is_unknown(
    shop: Shopify, harness: OverHttp
) -> None:
    code = "IDEMPOTENCY_CONCURRENT_REQUEST"
    shop.refuse_next = [{"code": code, "field": None, "message": "in progress"}]

    with pytest.raises(WriteOutcomeUnknown, match="under way already"):
        await write(harness, ("A", 3))

    assert len(shop.written) == 1


async def test_an_error_that_names_no_entry_is_all_s(shop: Shopify, harness: OverHttp) -> None:
    error = {"code": "BRAND_NEW_CODE", "field": ["input", "reason"], "message": "not so"}
    shop.refuse_next = [error]

    with pytest.raises(WriteRejected, match=r"not so \(BRAND_NEW_CODE\)"):
        await write(harness, ("A", 3), ("B", 3))

    assert len(shop.written) == 1


async def test_a_refusal_that_does_not_say_of_which_is_found_by_halves(
    shop: Shopify, harness: OverHttp
) -> None:
    reading = await poll(harness)
    shop.is_vague = True

    def sell(operation: str) -> None:
        if operation == "Set" and not shop.written:
            shop.put("C", 11)

    shop.before_answer = sell
    wanted = ("A", 1), ("B", 1), ("C", 1), ("D", 1)

    receipts = await write(harness, *wanted, reading=reading)

    assert [receipt.conflict for receipt in receipts] == [False, False, True, False]
    assert [receipt.refused is None for receipt in receipts] == [True, True, False, True]
    assert shown(shop) == {"A": 1, "B": 1, "C": 11, "D": 1}


async def test_what_a_refusal_after_another_leaves_open_is_refused_by_name(
    shop: Shopify, harness: OverHttp
) -> None:
    stale = {
        "code": "CHANGE_FROM_QUANTITY_STALE",
        "field": ["input", "quantities", "0", "changeFromQuantity"],
        "message": "stale",
    }
    shop.refuse_next = [stale, {"code": "INVALID_REASON", "field": None, "message": "why"}]

    first, second = await write(harness, ("A", 3), ("B", 3))

    assert (first.conflict, first.refused) == (True, "stale (CHANGE_FROM_QUANTITY_STALE)")
    assert (second.conflict, second.refused) == (False, "shop: why (INVALID_REASON)")


@pytest.mark.long
@pytest.mark.parametrize(
    ("answer", "field"),
    [
        (Answer(lose=True), "unknown"),
        (Answer(status=503), "unknown"),
        (Answer(b"<html>"), "unknown"),
        (Answer({"errors": [{"message": "x"}]}), "unknown"),
        (Answer({"data": {"inventorySetQuantities": None}}), "unknown"),
        (Answer(status=429), "unsent"),
        (Answer({"errors": [{"message": "x", "extensions": {"code": "THROTTLED"}}]}), "unsent"),
        (Answer({"errors": "no"}, 401), "unsent"),
        (
            Answer({"errors": [{"message": "x", "extensions": {"code": "BAD_REQUEST"}}]}),
            "refused",
        ),
    ],
)
async def test_a_second_call_that_fails_leaves_the_first_ones_answers(
    shop: Shopify, harness: OverHttp, answer: Answer, field: str
) -> None:
    reading = await poll(harness)
    shop.put("A", 9)

    harness.front.spoil = lambda asked: answer if harness.is_write(asked) else None
    first, second = await write(harness, ("A", 3), ("B", 3), reading=reading)

    assert first.conflict
    assert [name for name in ("refused", "unknown", "unsent") if getattr(second, name)] == [field]


@pytest.mark.long
@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer({"errors": [{"message": "x"}]}), WriteOutcomeUnknown),
        (
            Answer({"errors": [{"message": "x", "extensions": {"code": "INTERNAL_SERVER_ERROR"}}]}),
            WriteOutcomeUnknown,
        ),
        (
            Answer({"errors": [{"message": "x", "extensions": {"code": "BAD_REQUEST"}}]}),
            WriteRejected,
        ),
        (Answer({"errors": [{"message": "x", "extensions": {"code": "THROTTLED"}}]}), Temporary),
        (Answer({"data": {}}), WriteOutcomeUnknown),
        (Answer({"data": None}), WriteOutcomeUnknown),
        (
            Answer({"data": {"inventorySetQuantities": {
                "inventoryAdjustmentGroup": {"id": "g"},
                "userErrors": [{"code": "X", "field": None, "message": "half"}]}}}),
            WriteOutcomeUnknown,
        ),
    ],
)  # fmt: skip
async def test_what_an_answer_to_a_write_means(
    shop: Shopify, harness: OverHttp, answer: Answer, kind: type[Exception]
) -> None:
    harness.front.spoil = lambda asked: answer if harness.is_write(asked) else None

    with pytest.raises(kind):
        await write(harness, ("A", 3))

    assert sum(harness.is_write(asked) for asked in harness.server.asked) == 1


async def test_a_missing_scope_to_write_is_named(shop: Shopify, harness: OverHttp) -> None:
    reading = await poll(harness)
    shop.scopes = ("read_products", "read_inventory", "read_locations")

    with pytest.raises(NeedsOperator, match="lacks the scope write_inventory") as caught:
        await write(harness, ("A", 3), reading=reading)

    assert SECRET_NAME in str(caught.value)


async def test_a_throttled_write_says_when_to_come_again(shop: Shopify, harness: OverHttp) -> None:
    cost = {
        "requestedQueryCost": 510,
        "throttleStatus": {
            "maximumAvailable": 2000.0, "currentlyAvailable": 10, "restoreRate": 100.0},
    }  # fmt: skip
    errors = [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}]
    answer = Answer({"errors": errors, "extensions": {"cost": cost}})
    harness.front.spoil = lambda asked: answer if harness.is_write(asked) else None

    with pytest.raises(Temporary) as caught:
        await write(harness, ("A", 3))

    assert caught.value.retry_after_s == 5


async def test_accepted_and_unchanged_is_left_to_the_reading(
    shop: Shopify, harness: OverHttp
) -> None:
    done: dict[str, Any] = {
        "inventorySetQuantities": {"inventoryAdjustmentGroup": None, "userErrors": []}
    }
    harness.front.spoil = lambda asked: Answer({"data": done}) if harness.is_write(asked) else None

    (receipt,) = await write(harness, ("A", 3))

    assert (receipt.refused, receipt.unknown, receipt.later) == (None, None, False)
    assert (await poll(harness)).of("A").available == 10


async def test_the_fake_refuses_what_shopify_refuses_at_run_time(shop: Shopify) -> None:
    """The traps of 2026-10 that no schema shows: this copy must have them, or it proves nothing."""
    entry = {
        "inventoryItemId": "gid://shopify/InventoryItem/1000",
        "locationId": "gid://shopify/Location/1",
        "quantity": 1,
    }
    sent = {
        "name": "available",
        "reason": "correction",
        "referenceDocumentUri": "gid://skew/Correction/1",
        "quantities": [entry],
    }
    plain = "mutation SkewSet{inventorySetQuantities(input:$input){userErrors{code}}}"
    marked = plain.replace("$input)", "$input)@idempotent(key:$key)")

    assert shop._set(plain, sent, "k")["userErrors"][0]["code"] == "BAD_REQUEST"
    assert shop._set(marked, sent, "k")["userErrors"][0]["code"] == "COMPARE_QUANTITY_REQUIRED"
    shop.locations["2"] = ("Hamburg", True)
    elsewhere = {**entry, "locationId": "gid://shopify/Location/2", "changeFromQuantity": None}
    assert shop._set(marked, {**sent, "quantities": [elsewhere]}, "l")["userErrors"] == []
    assert shop.items[0].levels["2"]["available"] == 1

"""What Shopify's answers to a write mean: keys that are spent, refusals, limits."""

from typing import Any

import pytest

from sync.errors import NeedsOperator, Temporary, WriteOutcomeUnknown, WriteRejected
from tests.contract.harness import (
    SECRET_NAME,
    OverHttp,
    poll,
)
from tests.contract.shopify.writes.bench import shown, write
from tests.fakes.shopify import Shopify
from tests.loopback import Answer


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

"""What a count that Skew writes to Square does."""

import pytest

from sync.channels.base import ListingRef, Receipt
from sync.errors import Temporary, WriteOutcomeUnknown, WriteRejected
from tests.contract.harness import (
    OverHttp,
    change,
    opened,
    poll,
)
from tests.contract.square.bench import CHANGES, COUNTS, asked_for, written
from tests.fakes.square import SquareSeller, refused
from tests.loopback import Answer


async def test_a_sale_between_our_look_and_our_write_is_kept(
    harness: OverHttp, seller: SquareSeller
) -> None:
    record = (await poll(harness)).of("C-3")

    def sell(path: str) -> None:
        if path == CHANGES:
            seller.sell("C-3", 1)

    seller.before_answer = sell
    (receipt,) = await written(harness, change(record, 20))

    assert receipt == Receipt(receipt.change)
    assert harness.shown("C-3") == 19


async def test_a_count_equal_to_the_last_one_is_not_dropped(
    harness: OverHttp, seller: SquareSeller
) -> None:
    seller.history[seller.article("C-3").id, "MAIN"] = [("count", 1_000_000, 12)]
    seller.sell("C-3", 4)
    record = (await poll(harness)).of("C-3")

    (receipt,) = await written(harness, change(record, 12))

    assert record.available == 8
    assert receipt == Receipt(receipt.change)
    assert harness.shown("C-3") == 12
    (asked,) = asked_for(harness, CHANGES)
    assert asked["ignore_unchanged_counts"] is False


async def test_what_moved_is_a_conflict_and_what_is_gone_is_refused_and_the_rest_is_written(
    harness: OverHttp, seller: SquareSeller
) -> None:
    seller.put("D-4", 6)
    before = await poll(harness)
    changes = [change(before.of(sku), 9, f"c-{sku}") for sku in ("A-1", "B-2", "C-3", "D-4")]
    seller.sell("A-1", 1)
    seller.articles.remove(seller.article("B-2"))
    seller.article("D-4").archived = True

    receipts = await written(harness, *changes)

    assert [receipt.change for receipt in receipts] == changes
    assert [receipt.conflict for receipt in receipts] == [True, False, False, True]
    assert receipts[1].refused == "the listing no longer exists"
    assert receipts[2] == Receipt(changes[2])
    assert (harness.shown("A-1"), harness.shown("C-3")) == (4, 9)
    (asked,) = asked_for(harness, CHANGES)
    assert len(asked["changes"]) == 1


async def test_a_hundred_changes_go_in_one_call(harness: OverHttp, seller: SquareSeller) -> None:
    for number in range(100):
        seller.put(f"N-{number}", number)
    before = await poll(harness)
    changes = [change(before.of(f"N-{number}"), 7, f"c-{number}") for number in range(100)]

    receipts = await written(harness, *changes)

    assert receipts == [Receipt(found) for found in changes]
    assert all(harness.shown(f"N-{number}") == 7 for number in range(100))
    assert len(asked_for(harness, CHANGES)) == 1


async def test_a_repeat_of_a_write_is_not_applied_twice(
    harness: OverHttp, seller: SquareSeller
) -> None:
    before = await poll(harness)
    found = change(before.of("C-3"), 12, "c-7")
    await written(harness, found)
    seller.sell("A-1", 1)

    with pytest.raises(WriteOutcomeUnknown, match="IDEMPOTENCY_KEY_REUSED"):
        await written(harness, found)

    first, second = asked_for(harness, CHANGES)
    assert first["idempotency_key"] == second["idempotency_key"]
    assert len(first["idempotency_key"]) <= 128


async def test_other_corrections_have_another_key(harness: OverHttp) -> None:
    before = await poll(harness)
    await written(harness, change(before.of("C-3"), 11, "c-1"))
    after = await poll(harness)
    await written(harness, change(after.of("C-3"), 10, "c-2"))

    assert len({asked["idempotency_key"] for asked in asked_for(harness, CHANGES)}) == 2
    assert harness.shown("C-3") == 10


async def test_a_conflict_of_the_whole_call_is_one_of_each_change(harness: OverHttp) -> None:
    before = await poll(harness)
    answer = refused("CONFLICT", "Another request is changing it.", 409)
    harness.front.spoil = lambda asked: answer if harness.is_write(asked) else None

    receipts = await written(harness, change(before.of("A-1"), 1, "c-1"),
                             change(before.of("C-3"), 2, "c-2"))  # fmt: skip

    assert [receipt.conflict for receipt in receipts] == [True, True]
    assert "Another request is changing it. (CONFLICT)" in str(receipts[0].refused)


@pytest.mark.parametrize("status", [400, 404, 200])
async def test_what_square_refuses_is_refused_whole_in_its_words(
    harness: OverHttp, status: int
) -> None:
    before = await poll(harness)
    answer = refused("VALUE_TOO_LOW", "Quantity must not be negative.", status)
    harness.front.spoil = lambda asked: answer if harness.is_write(asked) else None

    with pytest.raises(WriteRejected, match=r"Quantity must not be negative\. \(VALUE_TOO_LOW\)"):
        await written(harness, change(before.of("A-1"), 1))


async def test_a_change_that_the_answer_does_not_name_is_unknown(harness: OverHttp) -> None:
    before = await poll(harness)
    answer = Answer({"counts": []})
    harness.front.spoil = lambda asked: answer if harness.is_write(asked) else None

    (receipt,) = await written(harness, change(before.of("A-1"), 1))

    assert receipt.unknown == "Square's answer does not name it"


async def test_accepted_and_not_applied_shows_in_the_next_reading(harness: OverHttp) -> None:
    record = (await poll(harness)).of("A-1")
    count = {"catalog_object_id": record.ref, "location_id": "MAIN", "state": "IN_STOCK"}
    answer = Answer({"counts": [{**count, "quantity": "1"}]})
    harness.front.spoil = lambda asked: answer if harness.is_write(asked) else None

    (receipt,) = await written(harness, change(record, 1))
    async with opened(harness) as channel:
        fresh = await channel.read([ListingRef("A-1", "", record.ref)])

    assert receipt == Receipt(receipt.change)
    assert [found.available for found in fresh.records] == [5]


async def test_a_reading_before_the_write_that_is_no_good_writes_nothing(
    harness: OverHttp,
) -> None:
    record = (await poll(harness)).of("A-1")
    harness.front.spoil = lambda asked: Answer(b"[]") if asked.path == COUNTS else None

    with pytest.raises(Temporary, match="nothing was written"):
        await written(harness, change(record, 1))

    assert asked_for(harness, CHANGES) == []

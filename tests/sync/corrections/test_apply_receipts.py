"""A call of several changes in which each has an answer of its own."""

from store.model import CorrectionStatus as Status
from sync.channels.base import Change, Receipt
from tests.sync.approved_corrections import many_approved
from tests.sync.scripted_channel import Bench


async def answered(bench: Bench, count: int, **receipts: dict[str, object]) -> list[int]:
    """Approve so many, and apply; `S01={"unknown": …}` is what the shop answers for it."""
    updates = await many_approved(bench, count)
    own = bench.shop._set

    def answer(change: Change) -> Receipt:
        told = receipts.get(change.sku)
        if told is None:
            return own(change)
        if told.pop("applied", False):
            own(change)
        return Receipt(change, **told)  # type: ignore[arg-type]

    bench.shop._set = answer  # type: ignore[method-assign]
    await bench.apply()
    return updates


async def test_what_has_no_result_is_read_back(bench: Bench) -> None:
    updates = await answered(
        bench, 3, S01={"unknown": "no result for it", "applied": True},
        S02={"unknown": "no result for it"},
    )  # fmt: skip

    assert [bench.update(update).status for update in updates] == [
        Status.VERIFIED, Status.VERIFIED, Status.UNKNOWN,
    ]  # fmt: skip
    assert bench.update(updates[1]).result == "no reply: no result for it; shows 4"
    assert bench.update(updates[2]).result == "no reply: no result for it; still shows 9"
    assert [kind for _, kind, _ in bench.open_incidents()] == ["surprise"]


async def test_what_was_not_sent_is_sent_in_the_next_round(bench: Bench) -> None:
    updates = await answered(bench, 3, S02={"unsent": "not sent: the one before it failed"})

    assert [bench.update(update).status for update in updates] == [
        Status.VERIFIED, Status.VERIFIED, Status.APPROVED,
    ]  # fmt: skip
    del bench.shop._set
    await bench.apply()
    assert bench.update(updates[2]).status is Status.VERIFIED
    assert [len(call) for call in bench.shop.written] == [3, 1]


async def test_a_refusal_of_one_stops_the_batch_and_a_conflict_does_not(bench: Bench) -> None:
    updates = await answered(bench, 5, S01={"refused": "it moved", "conflict": True})
    assert [bench.update(update).status for update in updates] == [
        Status.VERIFIED, Status.FAILED, Status.VERIFIED, Status.VERIFIED, Status.VERIFIED,
    ]  # fmt: skip


async def test_after_a_refusal_of_one_the_rest_is_handed_back(bench: Bench) -> None:
    updates = await answered(bench, 5, S01={"refused": "Invalid ID."})

    assert [bench.update(update).status for update in updates] == [
        Status.VERIFIED, Status.FAILED, Status.VERIFIED, Status.PROPOSED, Status.PROPOSED,
    ]  # fmt: skip
    assert bench.update(updates[1]).result == "Invalid ID."

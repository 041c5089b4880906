"""A write that waits for its turn: what moves meanwhile keeps it from being sent."""

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable

import msgspec
import pytest

from store.channels import pauses, write_pauses
from store.corrections import decisions
from store.database import lease
from store.errors import LeaseLost
from store.model import CorrectionStatus as Status
from sync.corrections.apply import apply
from sync.transport.before_write import look
from tests.sync.approved_corrections import one_approved
from tests.sync.scripted_channel import Bench, hang

Meanwhile = Callable[[Bench, int], Awaitable[None]]


async def target_moves(bench: Bench, update: int) -> None:
    del update
    bench.warehouse.shows(A=3)
    await bench.poll("warehouse")


async def channel_is_paused(bench: Bench, update: int) -> None:
    del update
    bench.database.write(
        pauses.pause, "shop", who="ana", reason="stock count", until=bench.clock.now() + 3_600_000
    )


async def all_writes_are_paused(bench: Bench, update: int) -> None:
    del update
    bench.database.write(write_pauses.begin, who="ana", reason="stock count", now=bench.clock.now())


async def approval_expires(bench: Bench, update: int) -> None:
    del update
    bench.clock.at += 900_001


async def it_is_rejected(bench: Bench, update: int) -> None:
    bench.database.write(
        decisions.reject, [(update, None)], who="ben", now=bench.clock.now(), reason="no"
    )


async def another_takes_the_lease(bench: Bench, update: int) -> None:
    del update
    bench.database.write(lease.release, token=bench.token)
    bench.database.write(
        lease.acquire, holder="another", token="theirs", now=bench.clock.now(), span_ms=30_000
    )


def while_it_waits(bench: Bench, update: int, meanwhile: Meanwhile) -> None:
    async def wait() -> None:
        await meanwhile(bench, update)

    bench.shop.turn_faults.append(wait)


@pytest.mark.parametrize(
    ("meanwhile", "ends"),
    [
        (target_moves, Status.SUPERSEDED),
        (channel_is_paused, Status.APPROVED),
        (all_writes_are_paused, Status.APPROVED),
        (approval_expires, Status.APPROVED),
        (it_is_rejected, Status.REJECTED),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
async def test_it_is_not_sent_and_not_marked(
    bench: Bench, meanwhile: Meanwhile, ends: Status
) -> None:
    update = await one_approved(bench)
    while_it_waits(bench, update, meanwhile)

    await bench.apply()

    assert bench.shop.written == []
    assert bench.update(update).status is ends
    assert "applying" not in bench.audit(update)
    assert bench.open_incidents() == []


async def test_a_holder_that_slept_sends_nothing_and_touches_nothing(bench: Bench) -> None:
    update = await one_approved(bench)
    while_it_waits(bench, update, another_takes_the_lease)

    with pytest.raises(LeaseLost):
        await bench.apply()

    assert bench.shop.written == []
    assert bench.update(update).status is Status.APPROVED


async def test_a_turn_that_never_comes_leaves_it_approved_and_says_why(bench: Bench) -> None:
    update = await one_approved(bench)
    bench.shop.turn_faults.append(hang)
    state = bench.channel_state["shop"]
    state.settings = msgspec.structs.replace(state.settings, timeout_ms=5, stale_after_ms=50)

    await apply(bench.context, state, [update], token=bench.token)

    assert bench.shop.written == []
    assert bench.update(update).status is Status.APPROVED
    assert "applying" not in bench.audit(update)


async def test_a_stop_while_it_waits_leaves_it_approved(bench: Bench) -> None:
    update = await one_approved(bench)
    bench.shop.turn_faults.append(hang)
    task = asyncio.create_task(bench.apply())
    while "read" not in bench.shop.looked:  # noqa: ASYNC110 (the shop has no event)
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    assert bench.shop.written == []
    assert bench.update(update).status is Status.APPROVED


async def test_what_moves_between_two_requests_of_one_call_sets_nothing_back(
    bench: Bench,
) -> None:
    update = await one_approved(bench)

    async def second_request() -> None:
        await target_moves(bench, update)
        await look()

    bench.shop.write_faults.append(second_request)

    await bench.apply()
    await bench.apply(update)

    assert len(bench.shop.written) == 1
    assert bench.audit(update).count("applying") == 1
    assert "not sent" not in bench.audit(update)


async def test_a_pause_of_all_writes_between_two_requests_of_one_call_keeps_the_second(
    bench: Bench,
) -> None:
    update = await one_approved(bench)

    async def second_request() -> None:
        await all_writes_are_paused(bench, update)
        await look()

    bench.shop.write_faults.append(second_request)

    await bench.apply()

    assert bench.shop.stock["A"].available == 31
    assert bench.update(update).status is Status.UNKNOWN
    assert "stopped half way: all writes are paused by ana" in (bench.update(update).result or "")


async def test_the_rest_of_a_batch_stays_approved_when_all_writes_are_paused(bench: Bench) -> None:
    updates = await bench.disagree({"A": 31, "B": 9, "C": 8}, dict.fromkeys("ABC", 2))
    bench.approve()
    bench.shop.abilities = dataclasses.replace(bench.shop.abilities, batch_max=1)

    def pause(_: object) -> None:
        bench.database.write(
            write_pauses.begin, who="ana", reason="stock count", now=bench.clock.now()
        )

    bench.shop.after_write = pause

    await bench.apply()

    ends = [bench.update(update.id).status for update in updates]
    assert ends == [Status.VERIFIED, Status.APPROVED, Status.APPROVED]


async def test_the_rest_of_a_batch_goes_on(bench: Bench) -> None:
    updates = await bench.disagree(
        {"A": 31, "B": 9, "C": 8, "D": 7, "E": 6}, dict.fromkeys("ABCDE", 2)
    )
    bench.approve()
    bench.shop.abilities = dataclasses.replace(bench.shop.abilities, batch_max=1)
    while_it_waits(bench, updates[0].id, it_is_rejected)

    await bench.apply()

    assert [sku for [(sku, _)] in bench.shop.written] == ["B", "C", "D", "E"]

"""Applying, cut short at any step: nothing is ever sent twice."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from store.corrections import decisions, lifecycle
from store.database import lease
from store.errors import LeaseLost
from store.model import CorrectionStatus as Status
from tests.long_run import first
from tests.sync.approved_corrections import one_approved
from tests.sync.scripted_channel import Bench


async def test_nothing_is_written_without_the_lease(bench: Bench) -> None:
    update = await one_approved(bench)
    bench.database.write(lease.release, token=bench.token)
    bench.database.write(
        lease.acquire, holder="another", token="theirs", now=bench.clock.now(), span_ms=30_000
    )

    with pytest.raises(LeaseLost):
        await bench.apply()

    assert bench.shop.written == []
    assert bench.update(update).status is Status.APPROVED


async def test_an_undone_approval_is_not_written(bench: Bench) -> None:
    [update] = await bench.disagree({"A": 31}, {"A": 14})
    seen = [(update.id, None)]
    now = bench.clock.now()
    bench.database.write(
        decisions.approve, seen, who="ana", now=now, hold_ms=5_000, expires_ms=900_000
    )
    bench.database.write(decisions.undo, seen, who="ana", now=now)

    await bench.apply(update.id)

    assert bench.shop.written == []
    assert bench.update(update.id).status is Status.PROPOSED


def _cut_at(step: int, bench: Bench) -> Callable[[], None]:
    """Cancel the round at its `step`th await of the cache or the channel, as a stop does."""
    taken = 0

    def tick() -> None:
        nonlocal taken
        taken += 1
        if taken == step:
            raise asyncio.CancelledError

    database, shop = bench.database, bench.shop
    awrite, aread, read, write = database.awrite, database.aread, shop.read, shop.write

    async def cut_awrite(*args: Any, **kwargs: Any) -> Any:
        tick()
        result = await awrite(*args, **kwargs)
        tick()
        return result

    async def cut_aread(*args: Any, **kwargs: Any) -> Any:
        tick()
        return await aread(*args, **kwargs)

    async def cut_read(wanted: Any) -> Any:
        tick()
        return await read(wanted)

    async def cut_write(changes: Any) -> Any:
        tick()
        receipts = await write(changes)
        tick()
        return receipts

    database.awrite = cut_awrite  # type: ignore[method-assign]
    database.aread = cut_aread  # type: ignore[method-assign]
    shop.read = cut_read  # type: ignore[method-assign]
    shop.write = cut_write  # type: ignore[method-assign]

    def mend() -> None:
        del database.awrite, database.aread, shop.read, shop.write

    return mend


@pytest.mark.parametrize("step", first(8, range(1, 26)))
async def test_a_stop_at_any_step_never_leads_to_a_second_write(bench: Bench, step: int) -> None:
    update = await one_approved(bench)
    mend = _cut_at(step, bench)
    try:
        await bench.apply()
        assert step > 20, "this step was not reached"
    except asyncio.CancelledError:
        pass
    mend()

    # The next engine starts, polls and applies what it finds.
    bench.database.write(lifecycle.recover, now=bench.clock.now())
    await bench.poll()
    await bench.apply()

    ended = (len(bench.shop.written), bench.update(update).status)
    assert ended in {(1, Status.VERIFIED), (1, Status.UNKNOWN), (0, Status.UNKNOWN)}


async def test_what_a_killed_engine_had_only_marked_is_unknown_and_never_sent(
    bench: Bench,
) -> None:
    update = await one_approved(bench)
    bench.database.write(
        lifecycle.begin_applying, [update], token=bench.token, now=bench.clock.now()
    )

    bench.database.write(lifecycle.recover, now=bench.clock.now())
    await bench.poll()
    await bench.apply()

    assert bench.shop.written == []
    assert bench.update(update).status is Status.UNKNOWN

"""The simulated machine: virtual time, processes that die and sleep, threads that are none."""

import asyncio
import gc
import random
from pathlib import Path

import pytest

from store.channels import write_pauses
from store.database.connection import Database
from sync.simulation.machine.loop import SimulatedLoop, StandsStill
from sync.simulation.machine.process import Process
from sync.simulation.machine.threads import SimulatedThreads


async def _append(seen: list[float], every_s: float) -> None:
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(every_s)
        seen.append(loop.time())


def test_time_passes_only_when_nothing_is_left_to_do() -> None:
    loop = SimulatedLoop()
    loop.run_until_complete(asyncio.sleep(86_400))
    assert loop.time() == 86_400
    loop.close()


def test_a_killed_process_does_nothing_more_and_tidies_up_nothing() -> None:
    loop, seen = SimulatedLoop(), list[float]()
    process = Process("engine")
    process.start(loop, _append(seen, 1))
    loop.call_later(2.5, process.kill)
    loop.run_until_complete(asyncio.sleep(10))
    assert seen == [1, 2]
    assert loop.troubles == []
    loop.close()


@pytest.mark.parametrize("dies", [False, True])
def test_an_exception_that_nobody_takes_is_told_of_unless_its_process_is_dead(
    *, dies: bool
) -> None:
    loop, futures = SimulatedLoop(), list[asyncio.Future[None]]()

    async def ask() -> None:
        futures.append(asyncio.get_running_loop().create_future())
        await asyncio.sleep(9)

    process = Process("engine")
    process.start(loop, ask())
    loop.run_until_complete(asyncio.sleep(1))
    futures[0].set_exception(LookupError("taken by nobody"))
    if dies:
        process.kill()
    futures.clear()
    gc.collect()

    assert [trouble.count("LookupError") for trouble in loop.troubles] == ([] if dies else [1])
    loop.close()


def test_a_stopped_process_goes_on_where_it_was_when_it_is_woken() -> None:
    loop, seen = SimulatedLoop(), list[float]()
    process = Process("engine")
    process.start(loop, _append(seen, 1))
    loop.call_later(1.5, process.stop)
    loop.call_later(7.25, process.wake, loop)
    loop.run_until_complete(asyncio.sleep(9))
    assert seen == [1, 7.25, 8.25]
    loop.close()


def test_waiting_for_nothing_is_an_error_and_not_a_hang() -> None:
    loop = SimulatedLoop()
    with pytest.raises(StandsStill):
        loop.run_until_complete(asyncio.Event().wait())
    loop.close()


@pytest.mark.parametrize("callbacks", range(1, 12))
def test_a_transaction_of_a_process_that_dies_is_committed_whole_or_not_at_all(
    tmp_path: Path, callbacks: int
) -> None:
    loop = SimulatedLoop()
    process = Process("engine")
    answered: list[str] = []

    async def pause() -> None:
        threads = SimulatedThreads(loop, random.Random(1), process)
        database = Database.open(tmp_path / "skew.db", threads=threads)
        found = await database.awrite(write_pauses.begin, who="ana", reason="tea", now=1)
        answered.append(found.by)

    process.start(loop, pause())
    process.dies_after = callbacks
    loop.run_until_complete(asyncio.sleep(1))
    loop.close()
    with Database.open(tmp_path / "skew.db") as database:
        kept = database.read(write_pauses.in_force)
    assert kept is not None or not answered

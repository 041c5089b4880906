"""The lease: one holder at a time, kept by a heartbeat, proven by its token."""

import asyncio
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from store.database import lease
from store.database.connection import Database
from store.errors import CacheGone, DatabaseBusy, LeaseLost
from sync.engine import lease as lease_module
from sync.engine.lease import SPAN_MS, HeldLease, LeaseHeld
from tests.sync.scripted_channel import HandClock


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database.open(tmp_path / "skew.db") as database:
        yield database


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease_module, "HEARTBEAT_MS", 5)


async def test_whoever_comes_second_learns_who_has_it_since_when_and_how_alive(
    database: Database,
) -> None:
    clock = HandClock()
    await HeldLease(database, clock, "skew daemon of ana on till-1, pid 4711").take()
    clock.at += 7_000

    with pytest.raises(LeaseHeld) as caught:
        await HeldLease(database, clock, "two").take()

    assert str(caught.value) == (
        "another engine runs for this cache: skew daemon of ana on till-1, pid 4711, "
        "since 2025-11-23T12:00:00.000Z, last heartbeat 7 s ago; "
        "if it is dead, this one can start in 23 s"
    )


async def test_a_dead_holders_lease_is_anyones_after_its_span(database: Database) -> None:
    clock = HandClock()
    await HeldLease(database, clock, "one").take()
    clock.at += SPAN_MS

    taken = await HeldLease(database, clock, "two").take()

    held = database.read(lease.current, now=clock.now())
    assert held is not None
    assert (held.holder, held.token) == ("two", taken.token)


async def test_a_holder_that_ended_on_this_machine_is_followed_at_once(
    database: Database,
) -> None:
    clock = HandClock()
    held = await HeldLease(database, clock, "one").take()
    with pytest.raises(LeaseHeld):
        await HeldLease(database, clock, "two, while it lives").take()

    held.unlock()  # As the machine does when a process is killed.

    taken = await HeldLease(database, clock, "two").take()
    now_held = database.read(lease.current, now=clock.now())
    assert now_held is not None
    assert (now_held.holder, now_held.token) == ("two", taken.token)


def test_the_file_that_is_locked_is_its_owners_alone(tmp_path: Path) -> None:
    lock = lease_module.ProcessLock.take(tmp_path / "skew.db")
    assert lock is not None
    assert stat.S_IMODE((tmp_path / "skew.db.lock").stat().st_mode) == 0o600
    assert lease_module.ProcessLock.take(tmp_path / "skew.db") is None
    lock.release()


async def test_of_a_holder_on_another_machine_nothing_is_known(
    database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    clock = HandClock()
    other = tmp_path / "boot_id"
    other.write_text("another-machine\n")
    with monkeypatch.context() as patch:
        patch.setattr(lease_module, "_BOOT_ID", other)
        (await HeldLease(database, clock, "one").take()).unlock()

    with pytest.raises(LeaseHeld):
        await HeldLease(database, clock, "two").take()


async def test_where_no_file_can_be_locked_its_lease_runs_out(
    database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    clock = HandClock()
    with monkeypatch.context() as patch:
        patch.setattr(lease_module, "_BOOT_ID", tmp_path / "not there")
        (await HeldLease(database, clock, "one").take()).unlock()

    with pytest.raises(LeaseHeld):
        await HeldLease(database, clock, "two").take()
    clock.at += SPAN_MS
    await HeldLease(database, clock, "two").take()


async def test_a_heartbeat_keeps_it_beyond_its_span(database: Database) -> None:
    clock = HandClock()
    held = await HeldLease(database, clock, "one").take()
    keeping = asyncio.create_task(held.keep())

    for _ in range(4):
        clock.at += SPAN_MS // 2
        await asyncio.sleep(0.03)
    keeping.cancel()

    assert database.read(lease.current, now=clock.now()) is not None


async def test_the_heartbeat_notices_that_another_has_taken_over(database: Database) -> None:
    clock = HandClock()
    held = await HeldLease(database, clock, "one").take()
    clock.at += SPAN_MS
    await HeldLease(database, clock, "two").take()

    with pytest.raises(LeaseLost):
        await asyncio.wait_for(held.keep(), 5)


async def test_a_cache_that_is_busy_costs_a_heartbeat_and_not_the_lease(
    database: Database,
) -> None:
    clock = HandClock()
    held = await HeldLease(database, clock, "one").take()
    awrite, tried = database.awrite, 0

    async def busy(*args: Any, **kwargs: Any) -> Any:
        nonlocal tried
        tried += 1
        if tried == 3:
            return await awrite(*args, **kwargs)
        if tried == 4:
            clock.at += SPAN_MS
        raise DatabaseBusy("busy")

    database.awrite = busy  # type: ignore[method-assign]

    with pytest.raises(LeaseLost):
        await asyncio.wait_for(held.keep(), 5)

    assert tried == 4


async def test_a_cache_that_was_removed_ends_the_work_at_once(
    database: Database,
) -> None:
    held = await HeldLease(database, HandClock(), "one").take()
    database.path.unlink()

    with pytest.raises(CacheGone):
        await asyncio.wait_for(held.keep(), 5)


async def test_giving_up_what_another_holds_by_now_changes_nothing(database: Database) -> None:
    clock = HandClock()
    held = await HeldLease(database, clock, "one").take()
    clock.at += SPAN_MS
    await HeldLease(database, clock, "two").take()

    await held.release()

    now_held = database.read(lease.current, now=clock.now())
    assert now_held is not None
    assert now_held.holder == "two"


def test_a_holder_is_named_with_its_process() -> None:
    assert lease_module.name_of_this_process("skew daemon").endswith(f", pid {os.getpid()}")

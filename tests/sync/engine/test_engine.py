"""The engine: its schedule, its lease, its stop, and the thread beside a screen."""

import asyncio
import sqlite3

import pytest

from store.channels import incidents, pauses, polls
from store.corrections import lifecycle
from store.database import lease
from store.database.connection import Database
from store.errors import DatabaseBusy, LeaseLost
from store.model import CorrectionStatus as Status
from store.model import Freshness, IncidentKind, PollOutcome
from store.queries import status_counts
from sync.clock import SystemClock
from sync.engine import engine as engine_module
from sync.engine import lease as hold_module
from sync.engine.lease import LeaseHeld
from sync.errors import NeedsOperator
from sync.settings import Settings
from tests.sync.engine_bench import (
    PATIENCE_S,
    approve_all,
    freshness,
    hold_by_another,
    incident_kinds,
    made,
    running,
    until,
    updates,
)
from tests.sync.scripted_channel import Shop, hang


async def test_a_running_engine_polls_proposes_writes_and_verifies(
    settings: Settings, database: Database, shops: dict[str, Shop]
) -> None:
    shops["shop"].shows(A=31)
    shops["warehouse"].shows(A=14)

    async with running(made(settings, database)):
        await until(lambda: bool(updates(database, Status.PROPOSED)))
        approve_all(database)
        await until(lambda: bool(updates(database, Status.VERIFIED)))

    assert shops["shop"].stock["A"].available == 14


async def test_every_channel_is_polled_again_and_again(
    settings: Settings, database: Database, shops: dict[str, Shop]
) -> None:
    async with running(made(settings, database)):
        await until(lambda: all(shop.looked.count("poll") >= 3 for shop in shops.values()))


async def test_a_poll_that_takes_longer_than_its_interval_never_runs_twice(
    settings: Settings, database: Database, shops: dict[str, Shop]
) -> None:
    shops["shop"].page_faults.append(hang)

    async with running(made(settings, database)):
        await until(lambda: shops["warehouse"].looked.count("poll") >= 5)

    assert shops["shop"].looked.count("poll") == 1


async def test_a_channel_that_rests_after_trouble_is_not_polled_by_the_schedule(
    settings: Settings, database: Database, shops: dict[str, Shop]
) -> None:
    shops["shop"].page_faults.append(NeedsOperator("401, credential SHOP_KEY"))
    engine = made(settings, database)

    async with running(engine):
        await until(lambda: shops["warehouse"].looked.count("poll") >= 5)
        scheduled = shops["shop"].looked.count("poll")
        [report] = await engine.poll(["shop"])

    assert scheduled == 1
    assert report.outcome is PollOutcome.GOOD
    assert incident_kinds(database) == []


async def test_one_channels_bug_leaves_the_rest_running(
    settings: Settings, database: Database, shops: dict[str, Shop]
) -> None:
    shops["shop"].page_faults.extend([RuntimeError()] * 50)

    async with running(made(settings, database)):
        await until(lambda: shops["warehouse"].looked.count("poll") >= 5)

    assert incident_kinds(database) == ["crashed"]
    assert freshness(database, "warehouse") is Freshness.FRESH


async def test_a_second_engine_is_refused_and_the_error_names_who_has_the_lease(
    settings: Settings, database: Database
) -> None:
    async with running(made(settings, database, "the daemon on till-1, pid 4711")):
        await until(lambda: database.read(lease.current, now=SystemClock().now()) is not None)
        with pytest.raises(LeaseHeld, match="the daemon on till-1, pid 4711, since 20"):
            await made(settings, database, "two").run(asyncio.Event())


async def test_a_dead_holders_lease_is_taken_over_after_its_expiry(
    settings: Settings, database: Database, shops: dict[str, Shop]
) -> None:
    hold_by_another(database, span_ms=1)
    await asyncio.sleep(0.01)

    async with running(made(settings, database)):
        await until(lambda: "poll" in shops["shop"].looked)


async def test_a_stopped_engine_gives_the_lease_up_and_closes_its_channels(
    settings: Settings, database: Database, shops: dict[str, Shop]
) -> None:
    async with running(made(settings, database)):
        await until(lambda: "poll" in shops["shop"].looked)

    assert database.read(lease.current, now=SystemClock().now()) is None
    assert all(shop.closed for shop in shops.values())


async def test_losing_the_lease_stops_everything_at_once(
    settings: Settings, database: Database, shops: dict[str, Shop],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(hold_module, "HEARTBEAT_MS", 20)
    shops["shop"].page_faults.append(hang)
    task = asyncio.create_task(made(settings, database).run(asyncio.Event()))
    await until(lambda: "poll" in shops["shop"].looked)
    ours = database.read(lease.current, now=SystemClock().now())
    assert ours is not None

    database.write(lease.release, token=ours.token)
    hold_by_another(database)

    with pytest.raises(LeaseLost):
        await asyncio.wait_for(task, PATIENCE_S)
    now_held = database.read(lease.current, now=SystemClock().now())
    assert now_held is not None
    assert now_held.holder == "another"


async def test_a_holder_that_slept_and_woke_writes_nothing(
    settings: Settings, database: Database, shops: dict[str, Shop]
) -> None:
    shops["shop"].shows(A=31)
    shops["warehouse"].shows(A=14)
    task = asyncio.create_task(made(settings, database).run(asyncio.Event()))
    await until(lambda: bool(updates(database, Status.PROPOSED)))
    ours = database.read(lease.current, now=SystemClock().now())
    assert ours is not None

    database.write(lease.release, token=ours.token)
    hold_by_another(database)
    approve_all(database)

    with pytest.raises(LeaseLost):
        await asyncio.wait_for(task, PATIENCE_S)
    assert shops["shop"].written == []
    assert len(updates(database, Status.APPROVED)) == 1


async def test_a_lease_that_ran_out_while_the_machine_slept_and_nobody_took_is_kept(
    settings: Settings, database: Database, shops: dict[str, Shop]
) -> None:
    shops["shop"].shows(A=31)
    shops["warehouse"].shows(A=14)
    async with running(made(settings, database)):
        await until(lambda: bool(updates(database, Status.PROPOSED)))
        ours = database.read(lease.current, now=SystemClock().now())
        assert ours is not None
        long_ago = SystemClock().now() - 2 * hold_module.SPAN_MS
        database.write(lease.renew, token=ours.token, now=long_ago, span_ms=hold_module.SPAN_MS)
        approve_all(database)

        await until(lambda: bool(updates(database, Status.VERIFIED)))

    assert shops["shop"].written == [[("A", 14)]]


async def test_a_poll_that_is_asked_for_begins_after_the_question(
    settings: Settings, database: Database, shops: dict[str, Shop]
) -> None:
    shops["shop"].shows(A=31)
    passed, go_on = asyncio.Event(), asyncio.Event()

    async def wait() -> None:
        passed.set()
        await go_on.wait()

    shops["shop"].page_faults.append(wait)
    engine = made(settings, database)

    async with running(engine):
        await passed.wait()
        asking = asyncio.create_task(engine.poll(["shop"]))
        await asyncio.sleep(0.05)
        shops["shop"].shows(A=14, B=2)
        go_on.set()
        [report] = await asking

    assert report.listings == 2


async def test_whoever_asks_an_engine_that_ends_does_it_itself(
    settings: Settings, database: Database, shops: dict[str, Shop]
) -> None:
    hold_by_another(database)
    asking = asyncio.create_task(made(settings, database).poll(["shop"]))
    await asyncio.sleep(0.1)

    database.write(lease.release, token="theirs")
    [report] = await asyncio.wait_for(asking, PATIENCE_S)

    assert report.outcome is PollOutcome.GOOD


async def test_a_write_whose_outcome_the_cache_could_not_take_is_unknown_and_not_resent(
    settings: Settings, database: Database, shops: dict[str, Shop],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    shops["shop"].shows(A=31)
    shops["warehouse"].shows(A=14)
    shops["shop"].ignores = {"A"}

    def busy(*_: object, **__: object) -> None:
        raise DatabaseBusy("another process holds the cache")

    async with running(made(settings, database)):
        await until(lambda: bool(updates(database, Status.PROPOSED)))
        monkeypatch.setattr(lifecycle, "mark_applied", busy)
        approve_all(database)
        await until(lambda: bool(updates(database, Status.UNKNOWN)))

    assert len(shops["shop"].written) == 1


async def test_a_stop_lets_a_write_end_that_has_begun(
    settings: Settings, database: Database, shops: dict[str, Shop]
) -> None:
    shops["shop"].shows(A=31)
    shops["warehouse"].shows(A=14)
    begun = asyncio.Event()

    async def slowly() -> None:
        begun.set()
        await asyncio.sleep(0.2)

    shops["shop"].write_faults.append(slowly)

    async with running(made(settings, database)) as stop:
        await until(lambda: bool(updates(database, Status.PROPOSED)))
        approve_all(database)
        await begun.wait()
        stop.set()

    assert len(updates(database, Status.VERIFIED)) == 1


async def test_a_write_that_does_not_end_in_time_is_left_unknown(
    settings: Settings, database: Database, shops: dict[str, Shop],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(engine_module, "GRACE_S", 0.1)
    shops["shop"].shows(A=31)
    shops["warehouse"].shows(A=14)
    shops["shop"].write_faults.append(hang)

    async with running(made(settings, database)) as stop:
        await until(lambda: bool(updates(database, Status.PROPOSED)))
        approve_all(database)
        await until(lambda: bool(updates(database, Status.APPLYING)))
        stop.set()

    assert len(updates(database, Status.UNKNOWN)) == 1
    assert database.read(lease.current, now=SystemClock().now()) is None


async def test_the_screen_learns_when_each_channel_is_polled_next(
    settings: Settings, database: Database
) -> None:
    def known() -> bool:
        channels = database.read(status_counts.channels, now=SystemClock().now())
        return bool(channels) and all(channel.next_poll_at for channel in channels)

    async with running(made(settings, database)):
        await until(known)


async def test_a_cache_that_is_busy_for_a_moment_does_not_end_the_engine(
    settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted, failures = polls.set_next_poll, [DatabaseBusy("busy"), DatabaseBusy("busy")]

    def busy_at_first(connection: sqlite3.Connection, channel: str, at: int | None) -> None:
        if failures:
            raise failures.pop()
        noted(connection, channel, at)

    monkeypatch.setattr(polls, "set_next_poll", busy_at_first)

    def known() -> bool:
        channels = database.read(status_counts.channels, now=SystemClock().now())
        return bool(channels) and all(channel.next_poll_at for channel in channels)

    async with running(made(settings, database)):
        await until(known)


async def test_a_restart_ends_a_pause(settings: Settings, database: Database) -> None:
    await made(settings, database).poll()
    database.write(pauses.pause_by_engine, "shop", "401", None)
    database.write(
        incidents.raise_incident, "shop", IncidentKind.CREDENTIALS, "401",
        now=SystemClock().now(), key="poll",
    )  # fmt: skip

    async with running(made(settings, database)):
        await until(lambda: incident_kinds(database) == [])

    channels = database.read(status_counts.channels, now=SystemClock().now())
    assert all(channel.paused_until is None for channel in channels)

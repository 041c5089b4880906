"""A changed configuration, taken up while the engine runs."""

import asyncio
import sqlite3

import msgspec
import pytest

from store.channels import incidents, polls
from store.database.connection import Database
from store.errors import DatabaseBusy
from store.model import CorrectionStatus as Status
from store.queries import status_counts
from sync.clock import SystemClock
from sync.engine.engine import Engine
from sync.engine.reloading import ConfigurationChange
from sync.errors import ConfigError, ConfigErrors
from sync.settings import ApprovalRule, ApprovalSettings, Settings
from tests.sync import scripted_channel
from tests.sync.engine_bench import (
    approve_all,
    freshness,
    incident_kinds,
    made,
    running,
    until,
    updates,
)
from tests.sync.scripted_channel import SHOPS, ScriptedOptions, Shop, changed, hang


def with_market(settings: Settings) -> Settings:
    """The same, with a second shop."""
    SHOPS["market"] = Shop()
    market = msgspec.structs.replace(
        settings.channels["shop"], name="market", options=ScriptedOptions(shop="market")
    )
    return msgspec.structs.replace(settings, channels={**settings.channels, "market": market})


def without(settings: Settings, name: str) -> Settings:
    channels = {other: kept for other, kept in settings.channels.items() if other != name}
    return msgspec.structs.replace(settings, channels=channels)


async def reloaded(engine: Engine, settings: Settings) -> None:
    """Have the engine take these up, and wait until it has."""
    done = asyncio.Event()

    def load() -> Settings:
        loop.call_soon_threadsafe(done.set)
        return settings

    loop = asyncio.get_running_loop()
    engine.reload(load)
    await done.wait()
    await until(lambda: engine._settings is settings)


def target(database: Database, channel: str) -> int | None:
    def looked_up(connection: object) -> int | None:
        row = connection.execute(  # type: ignore[attr-defined]
            """SELECT l.target_quantity FROM listings l JOIN channels c ON c.id = l.channel_id
            WHERE c.name = ?""",
            (channel,),
        ).fetchone()
        return None if row is None else row[0]

    return database.read(looked_up)


def test_what_changed_is_told_by_channel(settings: Settings, shops: dict[str, Shop]) -> None:
    after = changed(without(with_market(settings), "warehouse"), "shop", buffer=2)

    change = ConfigurationChange.between(settings.channels, after.channels)

    assert (change.added, change.removed, change.changed) == (
        ("market",), ("warehouse",), ("shop",),
    )  # fmt: skip


async def test_another_policy_moves_the_targets_and_disturbs_no_other_channel(
    settings: Settings, database: Database, shops: dict[str, Shop]
) -> None:
    shops["shop"].shows(A=14)
    shops["warehouse"].shows(A=14)
    engine = made(settings, database)

    async with running(engine):
        await until(lambda: target(database, "shop") == 14)
        before = shops["warehouse"]

        await reloaded(engine, changed(settings, "shop", buffer=3))

        assert target(database, "shop") == 11
        assert not before.closed
        polled = shops["shop"].looked.count("poll")
        await until(lambda: shops["shop"].looked.count("poll") > polled)
        await until(lambda: bool(updates(database, Status.PROPOSED)))


async def test_a_poll_that_runs_on_another_channel_ends_well_under_the_new_policy(
    settings: Settings, database: Database, shops: dict[str, Shop]
) -> None:
    shops["shop"].shows(A=14)
    shops["warehouse"].shows(A=14)
    goes_on = asyncio.Event()

    async def wait() -> None:
        await goes_on.wait()

    engine = made(settings, database)
    async with running(engine):
        await until(lambda: target(database, "shop") == 14)
        shops["warehouse"].shows(A=10)
        shops["warehouse"].page_faults.append(wait)
        await until(lambda: not shops["warehouse"].page_faults)

        await reloaded(engine, changed(settings, "shop", buffer=3))
        assert target(database, "shop") == 11
        goes_on.set()

        await until(lambda: target(database, "shop") == 7)


@pytest.mark.long
async def test_a_channel_comes_and_another_goes(
    settings: Settings, database: Database, shops: dict[str, Shop]
) -> None:
    shops["warehouse"].shows(A=14)
    engine = made(settings, database)
    async with running(engine):
        await until(lambda: freshness(database, "shop") == "fresh")

        after = without(with_market(settings), "shop")
        SHOPS["market"].shows(A=30)
        await reloaded(engine, after)

        await until(lambda: target(database, "market") == 14)
        assert shops["shop"].closed
        polled = shops["shop"].looked.count("poll")
        listed = {
            found.name for found in database.read(status_counts.channels, now=SystemClock().now())
        }
        assert listed == {"warehouse", "market"}
        await until(lambda: SHOPS["market"].looked.count("poll") > 3)
        assert shops["shop"].looked.count("poll") == polled
        assert "stale" not in incident_kinds(database)


@pytest.mark.long
async def test_a_poll_that_hangs_on_a_channel_that_goes_is_stopped(
    settings: Settings, database: Database, shops: dict[str, Shop]
) -> None:
    shops["shop"].page_faults.append(hang)
    engine = made(settings, database)
    async with running(engine):
        await until(lambda: "poll" in shops["shop"].looked and not shops["shop"].page_faults)

        await reloaded(engine, without(settings, "shop"))

        assert shops["shop"].closed
        polled = shops["warehouse"].looked.count("poll")
        await until(lambda: shops["warehouse"].looked.count("poll") > polled + 2)


async def test_a_write_on_a_channel_that_changes_ends_and_is_not_sent_twice(
    settings: Settings, database: Database, shops: dict[str, Shop]
) -> None:
    shops["shop"].shows(A=31)
    shops["warehouse"].shows(A=14)
    arrived, goes_on = asyncio.Event(), asyncio.Event()

    async def wait() -> None:
        arrived.set()
        await goes_on.wait()

    shops["shop"].write_faults.append(wait)
    engine = made(settings, database)
    async with running(engine):
        await until(lambda: bool(updates(database, Status.PROPOSED)))
        approve_all(database)
        await arrived.wait()

        reloading = asyncio.create_task(reloaded(engine, changed(settings, "shop", every_ms=60)))
        await asyncio.sleep(0.1)
        goes_on.set()
        await reloading

        await until(lambda: bool(updates(database, Status.VERIFIED)))
    assert shops["shop"].written == [[("A", 14)]]


@pytest.mark.long
async def test_other_approval_rules_are_in_force(
    settings: Settings, database: Database, shops: dict[str, Shop]
) -> None:
    shops["shop"].shows(A=31)
    shops["warehouse"].shows(A=14)
    engine = made(settings, database)
    rules = ApprovalSettings(mode="rules", hold_ms=0, rules=(ApprovalRule(only="reduce"),))
    async with running(engine):
        await until(lambda: bool(updates(database, Status.PROPOSED)))

        await reloaded(engine, msgspec.structs.replace(settings, approval=rules))

        await until(lambda: bool(updates(database, Status.VERIFIED)))


async def test_a_wrong_configuration_is_an_incident_and_nothing_moves(
    settings: Settings, database: Database, shops: dict[str, Shop]
) -> None:
    engine = made(settings, database)

    def wrong() -> Settings:
        raise ConfigErrors("skew.toml", (ConfigError("channels.shop.every: 0 is too short", ""),))

    async with running(engine):
        await until(lambda: engine.holding)
        engine.reload(wrong)
        await until(lambda: incident_kinds(database) == ["configuration"])
        [incident] = database.read(incidents.open_incidents)
        assert "channels.shop.every: 0 is too short" in incident.message
        assert incident.channel is None
        polled = shops["shop"].looked.count("poll")
        await until(lambda: shops["shop"].looked.count("poll") > polled + 2)
        assert not shops["shop"].closed

        await reloaded(engine, changed(settings, "shop", buffer=1))

        await until(lambda: incident_kinds(database) == [])


async def test_an_engine_that_starts_with_a_right_configuration_ends_the_incident_of_a_wrong_one(
    settings: Settings, database: Database, shops: dict[str, Shop]
) -> None:
    def wrong() -> Settings:
        raise ConfigErrors("skew.toml", (ConfigError("channels.shop.every: 0 is too short", ""),))

    engine = made(settings, database)
    async with running(engine):
        await until(lambda: engine.holding)
        engine.reload(wrong)
        await until(lambda: incident_kinds(database) == ["configuration"])

    engine = made(settings, database)
    async with running(engine):
        await until(lambda: engine.holding)

        assert incident_kinds(database) == []


async def test_a_cache_that_can_t_be_written_has_it_tried_again_and_ends_nothing(
    settings: Settings,
    database: Database,
    shops: dict[str, Shop],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    failures = iter([DatabaseBusy("another process holds the cache")] * 2)
    set_rates = polls.set_rates

    def locked(connection: sqlite3.Connection, rates: dict[str, float | None]) -> None:
        for failure in failures:
            raise failure
        set_rates(connection, rates)

    engine = made(settings, database)
    async with running(engine):
        await until(lambda: engine.holding)
        monkeypatch.setattr(polls, "set_rates", locked)

        await reloaded(engine, changed(with_market(settings), "shop", buffer=1))

        polled = shops["shop"].looked.count("poll")
        await until(lambda: shops["shop"].looked.count("poll") > polled)
        assert next(failures, None) is None


async def test_what_was_taken_back_before_the_cache_could_be_written_runs_as_before(
    settings: Settings, database: Database, shops: dict[str, Shop], monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(*_: object) -> None:
        raise DatabaseBusy("another process holds the cache")

    engine = made(settings, database)
    async with running(engine):
        await until(lambda: engine.holding)
        with monkeypatch.context() as patched:
            patched.setattr(polls, "set_rates", locked)
            engine.reload(lambda: changed(settings, "shop", buffer=1))
            await until(lambda: shops["shop"].closed)

        again = msgspec.structs.replace(settings)
        await reloaded(engine, again)

        polled = shops["shop"].looked.count("poll")
        await until(lambda: shops["shop"].looked.count("poll") > polled)


@pytest.mark.long
async def test_another_cache_needs_a_restart(
    settings: Settings, database: Database, shops: dict[str, Shop]
) -> None:
    engine = made(settings, database)
    other = msgspec.structs.replace(settings, database=settings.database.with_name("other.db"))
    async with running(engine):
        engine.reload(lambda: other)
        await until(lambda: incident_kinds(database) == ["configuration"])

        [incident] = database.read(incidents.open_incidents)
        assert "restart it" in incident.message
    assert not other.database.exists()


@pytest.mark.long
async def test_a_channel_that_can_t_be_opened_leaves_all_as_they_were(
    settings: Settings, database: Database, shops: dict[str, Shop]
) -> None:
    engine = made(settings, database)
    after = with_market(changed(settings, "shop", buffer=4))

    def refuse(name: str, *_: object) -> Shop:
        if name == "market":
            raise ConfigError("channels.market: no such file", "")
        return SHOPS[name]

    async with running(engine):
        await until(lambda: engine.holding)
        original, scripted_channel.open_channel = scripted_channel.open_channel, refuse  # type: ignore[assignment]
        try:
            engine.reload(lambda: after)
            await until(lambda: incident_kinds(database) == ["configuration"])
        finally:
            scripted_channel.open_channel = original
        assert engine._settings is settings
        polled = shops["shop"].looked.count("poll")
        await until(lambda: shops["shop"].looked.count("poll") > polled + 2)

"""The engine keeps the cache small while it works."""

import sqlite3
from functools import partial

import msgspec
import pytest

from store.database.connection import Database
from sync.clock import SystemClock
from sync.engine.retention import EVERY_MS, LOG_BYTES_TOLD, RetentionJob
from sync.settings import Settings
from tests.sync.engine_bench import made, running, until
from tests.sync.scripted_channel import Bench, Shop

DAY_MS = 86_400_000


class Told:
    """A log whose warnings are kept."""

    def __init__(self, words: list[str]) -> None:
        self._words = words

    def info(self, event: str, **_: object) -> None:
        pass

    def warning(self, event: str, **_: object) -> None:
        self._words.append(event)


def past_readings(database: Database) -> int:
    def ask(connection: sqlite3.Connection) -> int:
        return int(connection.execute("SELECT count(*) FROM past_readings").fetchone()[0])

    return database.read(ask)


def add(database: Database, *ended_at: int) -> None:
    def fill(connection: sqlite3.Connection) -> None:
        connection.executemany(
            "INSERT INTO former_readings (listing_id, present, until_at) VALUES (0, 1, ?)",
            ((at,) for at in ended_at),
        )

    database.write(fill)


async def test_a_running_engine_thins_out_what_is_older_than_is_kept(
    settings: Settings, database: Database, shops: dict[str, Shop]
) -> None:
    now = SystemClock().now()
    add(database, now - 8 * DAY_MS, now - 6 * DAY_MS)
    week = msgspec.structs.replace(settings, history_keep_ms=7 * DAY_MS)
    async with running(made(week, database)):
        await until(lambda: past_readings(database) == 1)
    assert not shops["shop"].stock


async def test_it_thins_again_every_hour_and_not_between(bench: Bench) -> None:
    upkeep = RetentionJob(bench.context, 7 * DAY_MS)

    def looks_and_finds(left: int) -> bool:
        upkeep.begin_where_due()
        return past_readings(bench.database) == left

    for later_ms, left in ((0, 0), (EVERY_MS - 1, 1), (1, 0)):
        bench.clock.at += later_ms
        add(bench.database, bench.clock.at - 8 * DAY_MS)
        await until(partial(looks_and_finds, left))
    await upkeep.end()


async def test_a_log_that_a_read_keeps_growing_is_told_of_once(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    log = msgspec.structs.replace(bench.context, log=Told(told))
    upkeep = RetentionJob(log, 7 * DAY_MS)
    counts = []
    for size in (0, LOG_BYTES_TOLD + 1, LOG_BYTES_TOLD + 2, 0, LOG_BYTES_TOLD + 1):
        monkeypatch.setattr(Database, "log_bytes", lambda _, size=size: size)
        upkeep.begin_where_due()
        counts.append(len(told))
    await upkeep.end()
    assert counts == [0, 1, 1, 1, 2]
    assert told[0].endswith("close that program")

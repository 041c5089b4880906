"""The cache in trouble under a console that runs: locked, removed, read-only, damaged, full.

The console says what is wrong, decides nothing that is not kept, stays usable, and is well again
by itself when the cache is.
"""

import asyncio
import contextlib
import resource
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.pilot import Pilot

from console.tui.app import SkewApp
from store.database import opening
from store.database.connection import READERS, Database
from store.model import CorrectionStatus
from tests.console.small_shop import (
    MINUTE,
    NOW,
    STOCK,
    Shop,
    console,
    move_cursor_to,
    newest_update,
    press,
    settle,
    text_of,
)
from tests.long_run import first

APPROVED = CorrectionStatus.APPROVED
PROPOSED = CorrectionStatus.PROPOSED

HOLDER = """
import sqlite3, sys
from tests.long_run import first
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
for statement in sys.argv[2:]:
    connection.execute(statement).fetchall()
print("held", flush=True)
sys.stdin.read()
"""
"""A process that runs statements on a cache and stays there until its input ends."""


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    """A shop in a cache for which nobody waits long."""
    monkeypatch.setattr(opening, "BUSY_TIMEOUT_S", 0.2)
    opened = Shop(tmp_path)
    opened.open()
    yield opened
    opened.database.close()


@contextlib.contextmanager
def held(path: Path, *statements: str) -> Iterator[None]:
    command = [sys.executable, "-c", HOLDER, str(path), *statements]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == b"held\n"
        yield
    finally:
        process.stdin.close()
        process.wait()
        process.stdout.close()


async def close_connections(database: Database) -> None:
    """Close them all at a moment at which none of its threads reads or writes."""
    # A connection that is closed while it is used takes the process with it.
    threads = database._threads

    def close() -> None:
        for connection in database._opened:
            connection.close()
        database._opened.clear()
        setattr(threads, "local", threading.local())  # noqa: B010 - it is only read otherwise.

    all_there = threading.Barrier(READERS + 1, action=close)
    waiting = [threads.readers.submit(all_there.wait) for _ in range(READERS)]
    waiting.append(threads.writer.submit(all_there.wait))
    await asyncio.gather(*map(asyncio.wrap_future, waiting))


async def acted(app: SkewApp, pilot: Pilot[int]) -> None:
    """Let an act that waits for the cache come to its end."""
    while any(worker.is_running for worker in app.workers):  # noqa: ASYNC110 - a thread's end.
        await asyncio.sleep(0.01)
    await settle(app, pilot)


@pytest.mark.long
@pytest.mark.parametrize("lock", ["BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"])
async def test_while_another_process_has_the_cache_locked_keys_work_and_nothing_is_decided(
    shop: Shop, lock: str
) -> None:
    async with console(shop) as (app, pilot):
        await move_cursor_to(app, pilot, "SKU-0004411")
        with held(shop.settings.database, lock):
            await press(app, pilot, "a", "down", "up")
            await acted(app, pilot)
            text, moved = text_of(app), app.dashboard.table.current is not None
        before = newest_update(shop, "SKU-0004411").status
        await press(app, pilot, "a")
        await acted(app, pilot)

        assert "nothing was decided: " in text
        assert "another process holds the cache" in text
        assert moved
        assert before is PROPOSED
        assert newest_update(shop, "SKU-0004411").status is APPROVED
        assert "● LIVE" in text_of(app)


@pytest.mark.long
async def test_a_cache_that_nobody_else_may_even_read_disconnects_and_is_live_again_after(
    shop: Shop,
) -> None:
    """Held as some backup tools hold it, from a moment on at which nobody had it open."""
    alone = ("PRAGMA locking_mode = EXCLUSIVE", "BEGIN EXCLUSIVE", "COMMIT")
    async with console(shop) as (app, pilot):
        rows = text_of(app).count("SKU-00")
        await close_connections(shop.database)
        with held(shop.settings.database, *alone):
            await settle(app, pilot)
            shut = text_of(app)
        await settle(app, pilot)

        assert "✖ DISCONNECTED" in shut
        assert "another process holds the cache" in " ".join(shut.split())
        assert shut.count("SKU-00") == rows
        assert "● LIVE" in text_of(app)


@pytest.mark.long
async def test_a_cache_removed_under_it_is_told_and_nothing_is_decided_on_it(shop: Shop) -> None:
    """SQLite would go on with the removed file; what is decided there, nobody ever sees."""
    async with console(shop) as (app, pilot):
        await move_cursor_to(app, pilot, "SKU-0004411")
        kept = shop.settings.database.rename(shop.settings.database.with_suffix(".away"))
        await settle(app, pilot)
        gone = text_of(app)
        await press(app, pilot, "a")
        await acted(app, pilot)
        kept.rename(shop.settings.database)
        undecided = newest_update(shop, "SKU-0004411").status
        await settle(app, pilot)
        back = text_of(app)
        await press(app, pilot, "a")
        await acted(app, pilot)

        assert "✖ DISCONNECTED" in gone
        assert "has been removed or replaced" in gone
        assert undecided is PROPOSED
        assert "● LIVE" in back
        assert newest_update(shop, "SKU-0004411").status is APPROVED


@pytest.mark.long
async def test_another_cache_in_its_place_is_not_taken_for_it(shop: Shop, tmp_path: Path) -> None:
    async with console(shop) as (app, pilot):
        (tmp_path / "other").mkdir()
        other = Shop(tmp_path / "other")
        other.database.close()
        other.settings.database.rename(shop.settings.database)
        await settle(app, pilot)

        assert "has been removed or replaced" in text_of(app)


@pytest.mark.long
async def test_a_cache_that_became_read_only_is_shown_and_nothing_is_decided(shop: Shop) -> None:
    written = shop.database
    shop.database = Database.open(shop.settings.database, read_only=True)
    async with console(shop) as (app, pilot):
        await move_cursor_to(app, pilot, "SKU-0004411")
        await press(app, pilot, "a")
        await acted(app, pilot)

        assert "nothing was decided: " in text_of(app)
        assert "readonly" in text_of(app)
        assert "● LIVE" in text_of(app)
    shop.database.close()
    shop.database = written
    assert newest_update(shop, "SKU-0004411").status is PROPOSED


def damage(path: Path, *, keep: int) -> None:
    """Overwrite all but the first `keep` bytes of a cache that others have open."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(keep)
        file.write(b"\xa5" * (size - keep))


def forget_pages(database: Database) -> None:
    """Have every connection read from the file what it has in memory."""
    for connection in database._opened:
        connection.execute("PRAGMA shrink_memory")
        connection.execute("PRAGMA cache_size = 0")


@pytest.mark.parametrize("keep", first(1, [4096, 0, 100, 40_960]))
async def test_a_damaged_cache_disconnects_and_the_console_lives(shop: Shop, keep: int) -> None:
    async with console(shop) as (app, pilot):
        await move_cursor_to(app, pilot, "SKU-0004411")
        forget_pages(shop.database)
        damage(shop.settings.database, keep=keep)
        await settle(app, pilot)
        await press(app, pilot, "down", "2", "3", "4", "1", "a")
        await acted(app, pilot)

        assert "✖ DISCONNECTED" in text_of(app)
        assert "damaged" in text_of(app)
        assert app.is_running


@pytest.mark.long
async def test_a_cache_cut_to_nothing_disconnects_and_the_console_lives(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        forget_pages(shop.database)
        damage(shop.settings.database, keep=0)
        shop.settings.database.write_bytes(b"")
        await settle(app, pilot)
        await press(app, pilot, "down", "2", "3", "1")

        assert "✖ DISCONNECTED" in text_of(app)
        assert app.is_running


@pytest.mark.long
async def test_a_full_disk_keeps_what_there_is_and_a_decision_works_once_there_is_room(
    shop: Shop,
) -> None:
    async with console(shop) as (app, pilot):
        await move_cursor_to(app, pilot, "SKU-0004411")
        with full(shop.settings.database):
            await press(app, pilot, "a")
            await acted(app, pilot)
            text = text_of(app)
        undecided = newest_update(shop, "SKU-0004411").status
        await press(app, pilot, "a")
        await acted(app, pilot)

        assert "nothing was decided: " in text
        assert undecided is PROPOSED
        assert newest_update(shop, "SKU-0004411").status is APPROVED


@contextlib.contextmanager
def full(path: Path) -> Iterator[None]:
    """Let no file of this process grow: a write that needs more room fails as on a full disk."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.long
async def test_a_clock_that_jumps_by_hours_neither_shows_negative_ages_nor_holds_longer(
    tmp_path: Path,
) -> None:
    shop = Shop(tmp_path, hold="60s")
    shop.open()
    async with console(shop) as (app, pilot):
        await move_cursor_to(app, pilot, "SKU-0004411")
        await press(app, pilot, "a")
        for hours in (-5, 3, -30, 48, 0):
            shop.clock.at = NOW + hours * 60 * MINUTE
            app._tick()
            await settle(app, pilot)
            seen = text_of(app)

            assert " -" not in seen.replace(" - ", "")
            countdown = seen.partition("undo, ")[2].partition("s)")[0]
            assert not countdown or int(countdown) <= 60
        shop.clock.at = NOW + MINUTE
        shop.show("warehouse", STOCK, at=shop.clock.at)
        await settle(app, pilot)

        assert "● LIVE" in text_of(app)
    shop.database.close()

"""The log beside the cache, while others read."""

import contextlib
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from store.database import log_bound
from store.database.connection import Database

MAX = 256 * 1024
WRITTEN = 64 * 1024
"""At the least, what one write adds to the log."""
STEP = 8 * WRITTEN


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    monkeypatch.setattr(log_bound, "BYTES_MAX", MAX)
    monkeypatch.setattr(log_bound, "_STEP", STEP)
    with Database.open(tmp_path / "skew.db") as opened:
        opened.write(lambda c: c.execute("CREATE TABLE heap (id INTEGER PRIMARY KEY, x BLOB)"))
        yield opened


def write(database: Database) -> None:
    database.write(
        lambda c: c.execute("INSERT OR REPLACE INTO heap VALUES (1, randomblob(?))", (WRITTEN,))
    )


@contextlib.contextmanager
def overlapping_reads(path: Path) -> Iterator[None]:
    """Three threads each of whose reads begins before those of the others have ended."""
    ended = threading.Event()

    def read() -> None:
        def look(connection: sqlite3.Connection) -> None:
            connection.execute("SELECT count(*) FROM heap").fetchone()
            time.sleep(0.006)

        while not ended.is_set():
            reader.read(look)

    with Database.open(path, read_only=True) as reader:
        threads = [threading.Thread(target=read) for _ in range(3)]
        for thread in threads:
            thread.start()
            time.sleep(0.002)
        yield
        ended.set()
        for thread in threads:
            thread.join()


def test_short_reads_that_overlap_do_not_make_the_log_grow(database: Database) -> None:
    largest = 0
    with overlapping_reads(database.path):
        for _ in range(80):
            write(database)
            largest = max(largest, database.log_bytes())
    assert largest <= MAX + 2 * STEP


def test_a_read_that_does_not_end_costs_a_wait_only_now_and_then(database: Database) -> None:
    with (
        Database.open(database.path, read_only=True) as reader,
        reader.snapshot() as held,
    ):
        held.read(lambda c: c.execute("SELECT count(*) FROM heap").fetchone())
        ran: list[str] = []
        database.write(lambda c: c.set_trace_callback(ran.append))
        for _ in range(20):
            write(database)
        size = database.log_bytes()
    waits = sum("wal_checkpoint" in statement for statement in ran)
    assert 0 < waits <= size // STEP
    for _ in range(3):
        write(database)
    assert database.log_bytes() <= MAX


def test_others_may_write_for_as_long_as_they_must_after_the_log_was_worked_off(
    database: Database,
) -> None:
    usual = database.write(lambda c: c.execute("PRAGMA busy_timeout").fetchone())
    for _ in range(8):
        write(database)
    assert database.write(lambda c: c.execute("PRAGMA busy_timeout").fetchone()) == usual

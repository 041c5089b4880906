"""A cache with a large table of old, and the migration in slices that it needs."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from store.database import schema
from store.database.connection import Database
from store.database.upgrade.slices import SlicedCopy, SlicedMigration

ROWS = 30_000


PER_SLICE = 500


CHANNEL = """INSERT INTO channels (name, kind, direction, roles, every_ms, stale_after_ms, lag_ms,
    settle_reduce_ms, settle_raise_ms) VALUES ('x', 'csv', 'push', '', 1, 1, 1, 1, 1)"""


def begin(connection: sqlite3.Connection) -> None:
    connection.execute("CREATE TABLE small_next (id INTEGER PRIMARY KEY, number INTEGER)")
    connection.execute("CREATE TABLE words_next (id INTEGER PRIMARY KEY, word TEXT)")


def copy_numbers(connection: sqlite3.Connection, after: int, upto: int) -> None:
    connection.execute(
        "INSERT INTO small_next SELECT id << 40, number FROM large WHERE id > ? AND id <= ?",
        (after, upto),
    )


def copy_words(connection: sqlite3.Connection, after: int, upto: int) -> None:
    connection.execute(
        "INSERT INTO words_next SELECT id, word FROM large WHERE word <> '' AND id > ? AND id <= ?",
        (after, upto),
    )


def end(connection: sqlite3.Connection) -> None:
    connection.execute("DROP TABLE large")
    connection.execute("ALTER TABLE small_next RENAME TO small")
    connection.execute("ALTER TABLE words_next RENAME TO words")


MIGRATION = SlicedMigration(
    begin,
    (
        SlicedCopy("numbers", "large", copy_numbers, rows=PER_SLICE),
        SlicedCopy("words", "large", copy_words, rows=PER_SLICE),
    ),
    end,
)


def widen(database: object) -> None:
    """One more migration, that needs no slices."""
    connection: sqlite3.Connection = database.conn  # type: ignore[attr-defined]
    connection.execute("CREATE TABLE IF NOT EXISTS after_all (id INTEGER PRIMARY KEY)")


def before_it(database: object) -> None:
    connection: sqlite3.Connection = database.conn  # type: ignore[attr-defined]
    connection.execute("CREATE TABLE IF NOT EXISTS large (id INTEGER PRIMARY KEY, number, word)")


ALL = (*schema.MIGRATIONS, before_it, MIGRATION, widen)


OLD = len(schema.MIGRATIONS) + 1
"""The schema that the large table is of."""


def make_old(path: Path, rows: int = ROWS) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(schema, "MIGRATIONS", ALL[:OLD])
        Database.open(path).close()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        # Every third key is left out, and some lie apart.
        connection.execute(
            """WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
            INSERT INTO large SELECT i + (i % 2) + (i > 20000) * 1000000 - 50, i * 7,
              CASE WHEN i % 5 THEN '' ELSE 'word ' || i END FROM n WHERE i % 2 AND i <= ?""",
            (rows, rows),
        )


def expected(rows: int = ROWS) -> tuple[list[tuple[int, int]], list[tuple[int, str]]]:
    ids = {i: i + i % 2 + (i > 20000) * 1_000_000 - 50 for i in range(1, rows + 1) if i % 2}
    return (
        sorted((key << 40, i * 7) for i, key in ids.items()),
        sorted((key, f"word {i}") for i, key in ids.items() if i % 5 == 0),
    )


def check_is_done(path: Path, rows: int = ROWS) -> None:
    with closing(sqlite3.connect(path)) as connection:
        assert schema.version(connection) == len(ALL)
        numbers, words = expected(rows)
        assert connection.execute("SELECT * FROM small ORDER BY id").fetchall() == numbers
        assert connection.execute("SELECT * FROM words ORDER BY id").fetchall() == words
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        left = connection.execute(
            """SELECT name FROM sqlite_master WHERE name IN ('large', 'migrating')
            OR name LIKE '%next' OR name LIKE 'skew_is%'"""
        ).fetchall()
        assert left == []
        # It can be written to again.
        connection.execute(CHANNEL)

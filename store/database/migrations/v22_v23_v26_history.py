"""What is over in narrower rows, where the cells are narrow already; and what people were told.

Schema 26 has no index of when readings ended: those of one step end together, and have ids that
follow each other, so that a row for all of them finds them.

A cache of an older schema gets both at once, from the twenty-first migration as it is now. Those
that it has migrated or made before 30 November 2026, in the evening, have the wide rows yet.
"""

import sqlite3
from typing import TYPE_CHECKING

from store.database.migrations.v21 import cells, tables, views
from store.database.statements import statements
from store.database.upgrade.slices import SlicedCopy, SlicedMigration

if TYPE_CHECKING:
    from sqlite_utils import Database as SqliteUtils

_REPLACED = {
    "former_readings": "past_readings",
    "former_targets": "past_targets",
    "closed": "past_disagreements",
}
"""By new table, the old one."""

_OLD_INDEXES = (
    "disagreements_in_number", "past_readings_by_listing", "past_readings_by_end",
    "past_targets_by_listing", "past_disagreements_of_listing", "past_disagreements_of_channel",
)  # fmt: skip
_MADE = tuple(f" {name} (" for name in _REPLACED)
"""What stands in the statements that make the new tables and their indexes, and in no other."""


def narrow_history(database: "SqliteUtils") -> None:
    connection = database.conn
    if _has_narrow_rows(connection):
        return
    for name in (*views.READABLE_VIEWS, "listings", "disagreements"):
        connection.execute(f"DROP VIEW {name}")
    for name in _OLD_INDEXES:
        connection.execute(f"DROP INDEX {name}")
    made = [
        statement
        for statement in statements(tables.DISAGREEMENTS + tables.REFERENCES + tables.INDEXES)
        if any(name in statement for name in _MADE)
    ]
    for statement in made:
        connection.execute(statement)
    for new, columns in cells.history("t.{}").items():
        old = _REPLACED[new]
        connection.execute(f"INSERT INTO {new} SELECT {columns} FROM {old} t ORDER BY t.id")
        connection.execute(f"DROP TABLE {old}")
    for name, query in (views.VIEWS | views.READABLE_VIEWS).items():
        connection.execute(f"CREATE VIEW {name} AS {query}")


def _has_narrow_rows(connection: sqlite3.Connection) -> bool:
    (found,) = connection.execute(
        "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'closed'"
    ).fetchone()
    return bool(found)


_TOLD = """CREATE TABLE told (
  place TEXT NOT NULL,
  trouble TEXT NOT NULL,
  words TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (place, trouble)
) WITHOUT ROWID"""


def make_told(database: "SqliteUtils") -> None:
    database.conn.execute(_TOLD)


# Of the readings above `after`, up to `upto`, each ended at `at`.
READING_ENDS = """CREATE TABLE reading_ends (
  at INTEGER NOT NULL,
  upto INTEGER NOT NULL,
  after INTEGER NOT NULL,
  PRIMARY KEY (at, upto)
) WITHOUT ROWID"""

_FOUND_ENDS = """INSERT INTO reading_ends (at, upto, after)
SELECT until_at, coalesce(lead(id) OVER (ORDER BY id) - 1, :upto), id - 1 FROM (
  SELECT id, until_at, lag(until_at) OVER (ORDER BY id) AS earlier FROM former_readings
  WHERE id > :after AND id <= :upto)
WHERE until_at IS NOT earlier"""


def _begin_ends(connection: sqlite3.Connection) -> None:
    connection.execute(READING_ENDS)


def _copy_ends(connection: sqlite3.Connection, after: int, upto: int) -> None:
    connection.execute(_FOUND_ENDS, {"after": after, "upto": upto})


def _end_ends(connection: sqlite3.Connection) -> None:
    connection.execute("DROP INDEX past_readings_by_end")


MAKE_READING_ENDS = SlicedMigration(
    _begin_ends, (SlicedCopy("former readings", "former_readings", _copy_ends),), _end_ends
)
"""Notes of the readings of each step when they ended, instead of an index of that."""

"""What is over in narrower rows, where the cells are narrow already; and what people were told.

A cache of an older schema gets both at once, from the twenty-first migration as it is now. Those
that it has migrated or made before 30 November 2026, in the evening, have the wide rows yet.
"""

import sqlite3
from typing import TYPE_CHECKING

from store.database.migrations.v21 import cells, tables, views
from store.database.statements import statements

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

"""The sixth schema: the pauses of all writes, each with who began it and who ended it."""

from typing import TYPE_CHECKING

from store.database.statements import statements

if TYPE_CHECKING:
    from sqlite_utils import Database as SqliteUtils

# One holds at most, and it is the one without an end: a clock that is set back ends none.
WRITE_PAUSES = """
CREATE TABLE write_pauses (
  id INTEGER PRIMARY KEY,
  paused_by TEXT NOT NULL,
  reason TEXT NOT NULL,
  since INTEGER NOT NULL,
  ended_by TEXT,
  ended_at INTEGER
);
CREATE UNIQUE INDEX write_pause_in_force ON write_pauses (ended_at IS NULL)
  WHERE ended_at IS NULL;
"""


def run(database: "SqliteUtils") -> None:
    """Make room for the pauses of all writes."""
    for statement in statements(WRITE_PAUSES):
        database.execute(statement)

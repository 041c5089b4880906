"""The sixth and the seventh schema: pauses of all writes, and lists that lag behind single records.

Each pause has who began it and who ended it. `behind_update` is the update that the channel's list
has contradicted though its single record showed it, until the list shows it too. `list_lag_ms` is
the longest that this was seen to take, at `list_lag_at`.
"""

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

LIST_LAG = """
ALTER TABLE listings ADD COLUMN behind_update INTEGER;
ALTER TABLE channels ADD COLUMN list_lag_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE channels ADD COLUMN list_lag_at INTEGER;
CREATE INDEX listings_behind ON listings (channel_id) WHERE behind_update IS NOT NULL;
"""


def make_write_pauses(database: "SqliteUtils") -> None:
    """Make room for the pauses of all writes."""
    for statement in statements(WRITE_PAUSES):
        database.execute(statement)


def make_list_lag(database: "SqliteUtils") -> None:
    """Note which lists lag, and by how much."""
    for statement in statements(LIST_LAG):
        database.execute(statement)

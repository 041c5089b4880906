"""The seventh schema: lists that lag behind the single records of their channel.

`behind_update` is the update that the channel's list has contradicted though its single record
showed it, until the list shows it too. `list_lag_ms` is the longest that this was seen to take, at
`list_lag_at`.
"""

from typing import TYPE_CHECKING

from store.database.statements import statements

if TYPE_CHECKING:
    from sqlite_utils import Database as SqliteUtils

COLUMNS = """
ALTER TABLE listings ADD COLUMN behind_update INTEGER;
ALTER TABLE channels ADD COLUMN list_lag_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE channels ADD COLUMN list_lag_at INTEGER;
CREATE INDEX listings_behind ON listings (channel_id) WHERE behind_update IS NOT NULL;
"""


def run(database: "SqliteUtils") -> None:
    """Note which lists lag, and by how much."""
    for statement in statements(COLUMNS):
        database.execute(statement)

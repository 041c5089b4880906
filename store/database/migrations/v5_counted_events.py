"""The fifth schema: how much of an event counts.

`counted` is the event's quantity without what its order never took, or what the listing's next
adjustments took back (`store.targets.counted_events`).
"""

from typing import TYPE_CHECKING

from store.database.statements import statements

if TYPE_CHECKING:
    from sqlite_utils import Database as SqliteUtils

EVENTS = """
ALTER TABLE events ADD COLUMN counted INTEGER NOT NULL DEFAULT 0;
UPDATE events SET counted = quantity;
CREATE INDEX events_adjusted ON events (item_id, channel_id, at) WHERE kind = 'adjusted';
"""


def run(database: "SqliteUtils") -> None:
    """Note how much of each event counts."""
    for statement in statements(EVENTS):
        database.execute(statement)

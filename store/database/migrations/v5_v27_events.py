"""The schemas 5 and 27: how much of an event counts, and what no reading includes yet.

`counted` is the event's quantity without what its order never took, or what the listing's next
adjustments took back (`store.targets.counted_events`).

`unseen_sums` has the items of which something is unseen (`store.cells.unseen_sums`). It was kept in
each item, whose page was written whenever one was sold.
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


UNSEEN_SUMS = """
CREATE TABLE unseen_sums (
  item_id INTEGER PRIMARY KEY,
  own INTEGER NOT NULL,
  available INTEGER NOT NULL,
  on_hand INTEGER NOT NULL
);
INSERT INTO unseen_sums SELECT id, pending_own, pending, pending_on_hand FROM items
WHERE pending_own <> 0 OR pending <> 0 OR pending_on_hand <> 0;
ALTER TABLE items DROP COLUMN pending_own;
ALTER TABLE items DROP COLUMN pending;
ALTER TABLE items DROP COLUMN pending_on_hand;
"""


def make_counted(database: "SqliteUtils") -> None:
    """Note how much of each event counts."""
    for statement in statements(EVENTS):
        database.execute(statement)


def make_unseen_sums(database: "SqliteUtils") -> None:
    """Keep what is unseen apart from the items."""
    for statement in statements(UNSEEN_SUMS):
        database.execute(statement)

"""The second schema: stock events and what they move, bundles, pools, and what was thinned out.

An event is one row, whatever becomes of it; `movements` are its effects on the items that it
moves: its own, or of a bundle each component's. `unseen` is 1 while the authority's reading does
not include the movement yet, and only those rows project (rule 7).
"""

from typing import TYPE_CHECKING

from store.database.statements import statements

if TYPE_CHECKING:
    from sqlite_utils import Database as SqliteUtils

# Truth is in the authority's pieces: its reading times its unit of measure. `pending_own` is what
# the item's unseen movements add up to, `pending` that with what pools of its place have sold.
# `opening` is the first reading, and `known` what events and our own writes have added to it since:
# what is left of the difference is unexplained.
COLUMNS = """
ALTER TABLE items ADD COLUMN truth_on_hand INTEGER;
ALTER TABLE items ADD COLUMN truth_incoming INTEGER;
ALTER TABLE items ADD COLUMN pending INTEGER NOT NULL DEFAULT 0;
ALTER TABLE items ADD COLUMN pending_own INTEGER NOT NULL DEFAULT 0;
ALTER TABLE items ADD COLUMN pending_on_hand INTEGER NOT NULL DEFAULT 0;
ALTER TABLE channels ADD COLUMN event_cursor TEXT;
ALTER TABLE channels ADD COLUMN unseen_after_ms INTEGER NOT NULL DEFAULT 3600000;
ALTER TABLE channels ADD COLUMN unexplained INTEGER NOT NULL DEFAULT 0;
ALTER TABLE listings ADD COLUMN opening INTEGER;
ALTER TABLE listings ADD COLUMN opening_at INTEGER;
ALTER TABLE listings ADD COLUMN known INTEGER NOT NULL DEFAULT 0;
ALTER TABLE listings ADD COLUMN frozen_at INTEGER;
ALTER TABLE listings ADD COLUMN frozen_why TEXT;
ALTER TABLE listings ADD COLUMN thawed_at INTEGER;
ALTER TABLE disagreements ADD COLUMN rests_on INTEGER;
CREATE INDEX listings_frozen ON listings (channel_id) WHERE frozen_at IS NOT NULL;
CREATE INDEX disagreements_in_number ON disagreements (channel_id, delta, available)
  WHERE closed_at IS NULL AND kind = 'quantity';
UPDATE listings SET opening = available, opening_at = observed_at;
"""

# `quantity` is as the channel said it, in its own units. `at` is when it happened there,
# `received_at` when we first heard of it.
EVENTS = """
CREATE TABLE events (
  id INTEGER PRIMARY KEY,
  channel_id INTEGER NOT NULL REFERENCES channels (id),
  event_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  item_id INTEGER NOT NULL REFERENCES items (id),
  quantity INTEGER NOT NULL,
  at INTEGER NOT NULL,
  order_ref TEXT,
  received_at INTEGER NOT NULL,
  repeats INTEGER NOT NULL DEFAULT 0,
  fate TEXT NOT NULL,
  UNIQUE (channel_id, event_id)
);
CREATE INDEX events_of_item ON events (item_id, at);
CREATE INDEX events_of_order ON events (item_id, order_ref, kind) WHERE order_ref IS NOT NULL;
CREATE INDEX events_received ON events (received_at);
CREATE INDEX events_newest ON events (channel_id, at);
CREATE TABLE movements (
  id INTEGER PRIMARY KEY,
  event_row INTEGER NOT NULL REFERENCES events (id) ON DELETE CASCADE,
  item_id INTEGER NOT NULL REFERENCES items (id),
  available INTEGER NOT NULL,
  on_hand INTEGER NOT NULL,
  at INTEGER NOT NULL,
  unseen INTEGER NOT NULL DEFAULT 1,
  UNIQUE (item_id, event_row)
);
CREATE INDEX movements_of_item ON movements (item_id, at);
CREATE INDEX movements_at ON movements (at);
CREATE INDEX movements_unseen ON movements (item_id) WHERE unseen = 1;
CREATE INDEX movements_of_event ON movements (event_row);
-- One row for each time that a channel misreported an event: a repeat, another body, a late one.
CREATE TABLE odd_events (
  id INTEGER PRIMARY KEY,
  channel_id INTEGER NOT NULL REFERENCES channels (id),
  event_id TEXT,
  what TEXT NOT NULL,
  seen_at INTEGER NOT NULL,
  words TEXT NOT NULL
);
CREATE INDEX odd_events_seen ON odd_events (seen_at);
"""

CATALOGUE = """
CREATE TABLE bundles (
  bundle_sku TEXT NOT NULL,
  component_sku TEXT NOT NULL,
  quantity INTEGER NOT NULL,
  PRIMARY KEY (bundle_sku, component_sku)
);
CREATE INDEX bundles_by_component ON bundles (component_sku);
-- What an item is made of: a bundle of its components, a pool of the same SKU elsewhere.
CREATE TABLE parts (
  item_id INTEGER NOT NULL REFERENCES items (id),
  part_id INTEGER NOT NULL REFERENCES items (id),
  quantity INTEGER NOT NULL,
  how TEXT NOT NULL,
  PRIMARY KEY (item_id, part_id)
);
CREATE INDEX parts_by_part ON parts (part_id);
-- A SKU with its case, spaces, look-alikes and leading zeros taken off, for near matches. Filled
-- as far as somebody has asked.
CREATE TABLE skeletons (
  item_id INTEGER PRIMARY KEY REFERENCES items (id),
  skeleton TEXT NOT NULL
);
CREATE INDEX skeletons_alike ON skeletons (skeleton);
CREATE TABLE thinned (
  what TEXT PRIMARY KEY,
  before_at INTEGER NOT NULL,
  rows_removed INTEGER NOT NULL
);
"""

# What `skew check` asks of the last days.
MEASURED = """
CREATE INDEX polls_ended ON polls (channel_id, finished_at, outcome, changed);
CREATE INDEX disagreements_closed ON disagreements (channel_id, closed_at)
  WHERE closed_at IS NOT NULL;
CREATE INDEX corrections_ended ON corrections (ended_at) WHERE ended_at IS NOT NULL;
"""


def run(database: "SqliteUtils") -> None:
    """Add what availability and time need."""
    for statement in statements(COLUMNS + EVENTS + CATALOGUE + MEASURED):
        database.execute(statement)

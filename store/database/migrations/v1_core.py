"""The first schema: items, channels, listings and their past, polls, disagreements, corrections.

Words in names: `…_at` is an instant in milliseconds since 1970 UTC, `…_ms` a span. The views
(`disagreements_now`, `corrections_now`, …) give the same as readable text for Datasette and
sqlite-utils.
"""

from typing import TYPE_CHECKING

from store.database.statements import statements

if TYPE_CHECKING:
    from sqlite_utils import Database as SqliteUtils

# One row per SKU and location: what the authority says of it, so that a target is one lookup
# by rowid away. `quantity_listing_id` and `state_listing_id` are the authority's own listings.
ITEMS = """
CREATE TABLE items (
  id INTEGER PRIMARY KEY,
  sku TEXT NOT NULL,
  location TEXT NOT NULL DEFAULT '',
  title TEXT,
  price_minor INTEGER,
  truth_quantity INTEGER,
  truth_state TEXT,
  quantity_listing_id INTEGER,
  state_listing_id INTEGER,
  UNIQUE (sku, location)
);
"""

CHANNELS = """
CREATE TABLE channels (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  direction TEXT NOT NULL,
  roles TEXT NOT NULL,
  configured INTEGER NOT NULL DEFAULT 1,
  terms TEXT NOT NULL DEFAULT '',
  every_ms INTEGER NOT NULL,
  stale_after_ms INTEGER NOT NULL,
  max_source_age_ms INTEGER,
  lag_ms INTEGER NOT NULL,
  settle_reduce_ms INTEGER NOT NULL,
  settle_raise_ms INTEGER NOT NULL,
  listings INTEGER NOT NULL DEFAULT 0,
  last_poll_at INTEGER,
  last_outcome TEXT,
  last_success_at INTEGER,
  as_of INTEGER,
  last_error TEXT,
  next_poll_at INTEGER,
  paused_until INTEGER,
  paused_reason TEXT,
  good_poll_id INTEGER,
  quarantined_poll_id INTEGER
);
"""

# The latest reading and the target stand side by side, so that the rows that differ are one
# partial index. `present` is 0 for a listing that the authority implies and the channel lacks.
LISTINGS = """
CREATE TABLE listings (
  id INTEGER PRIMARY KEY,
  item_id INTEGER NOT NULL REFERENCES items (id),
  channel_id INTEGER NOT NULL REFERENCES channels (id),
  present INTEGER NOT NULL DEFAULT 1,
  copies INTEGER NOT NULL DEFAULT 1,
  available INTEGER,
  state TEXT,
  on_hand INTEGER,
  committed INTEGER,
  unavailable INTEGER,
  incoming INTEGER,
  threshold INTEGER,
  price_minor INTEGER,
  title TEXT,
  ref TEXT NOT NULL DEFAULT '',
  source_at INTEGER,
  observed_at INTEGER,
  fell_at INTEGER,
  problem TEXT,
  target_quantity INTEGER,
  target_state TEXT,
  target_since INTEGER,
  UNIQUE (item_id, channel_id)
);
-- Listings that something other than a poll has moved since the channel's last good poll.
CREATE TABLE moved_outside_polls (
  id INTEGER PRIMARY KEY,
  channel_id INTEGER NOT NULL,
  listing_id INTEGER NOT NULL
);
CREATE INDEX listings_with_problems ON listings (channel_id) WHERE problem IS NOT NULL;
CREATE INDEX listings_copied ON listings (channel_id) WHERE copies > 1;
"""

# History holds what was, with the span in which it held; the present stands on the listing.
# So a first ingest writes none, and a poll that changes nothing writes none.
HISTORY = """
CREATE TABLE past_readings (
  id INTEGER PRIMARY KEY,
  listing_id INTEGER NOT NULL,
  present INTEGER NOT NULL,
  available INTEGER,
  state TEXT,
  on_hand INTEGER,
  committed INTEGER,
  source_at INTEGER,
  observed_at INTEGER,
  until_at INTEGER NOT NULL
);
CREATE INDEX past_readings_of_listing ON past_readings (listing_id, until_at);
CREATE TABLE past_targets (
  id INTEGER PRIMARY KEY,
  listing_id INTEGER NOT NULL,
  quantity INTEGER,
  state TEXT,
  since_at INTEGER,
  until_at INTEGER NOT NULL
);
CREATE INDEX past_targets_of_listing ON past_targets (listing_id, until_at);
CREATE TRIGGER keep_past_reading AFTER UPDATE OF present, available, state ON listings
WHEN OLD.observed_at IS NOT NULL AND (OLD.available IS NOT NEW.available
  OR OLD.state IS NOT NEW.state OR OLD.present IS NOT NEW.present)
BEGIN
  INSERT INTO past_readings (listing_id, present, available, state, on_hand, committed,
    source_at, observed_at, until_at)
  VALUES (OLD.id, OLD.present, OLD.available, OLD.state, OLD.on_hand, OLD.committed,
    OLD.source_at, OLD.observed_at, NEW.observed_at);
END;
CREATE TRIGGER keep_past_target AFTER UPDATE OF target_quantity, target_state ON listings
WHEN OLD.target_since IS NOT NULL AND (OLD.target_quantity IS NOT NEW.target_quantity
  OR OLD.target_state IS NOT NEW.target_state)
BEGIN
  INSERT INTO past_targets (listing_id, quantity, state, since_at, until_at)
  VALUES (OLD.id, OLD.target_quantity, OLD.target_state, OLD.target_since, NEW.target_since);
END;
"""

POLLS = """
CREATE TABLE polls (
  id INTEGER PRIMARY KEY,
  channel_id INTEGER NOT NULL REFERENCES channels (id),
  started_at INTEGER NOT NULL,
  finished_at INTEGER,
  outcome TEXT NOT NULL,
  as_of INTEGER,
  seen INTEGER,
  changed INTEGER,
  zeroed INTEGER,
  gone INTEGER,
  added INTEGER,
  refused INTEGER,
  announced INTEGER,
  known INTEGER,
  error TEXT
);
CREATE INDEX polls_of_channel ON polls (channel_id, id);
CREATE TABLE quarantined_readings (
  id INTEGER PRIMARY KEY,
  poll_id INTEGER NOT NULL REFERENCES polls (id) ON DELETE CASCADE,
  sku TEXT NOT NULL,
  location TEXT NOT NULL,
  what TEXT NOT NULL,
  copies INTEGER NOT NULL DEFAULT 1,
  available INTEGER,
  state TEXT,
  on_hand INTEGER,
  committed INTEGER,
  unavailable INTEGER,
  incoming INTEGER,
  threshold INTEGER,
  price_minor INTEGER,
  title TEXT,
  ref TEXT,
  source_at INTEGER,
  problem TEXT
);
CREATE INDEX quarantined_readings_of_poll ON quarantined_readings (poll_id);
"""

DISAGREEMENTS = """
CREATE TABLE disagreements (
  id INTEGER PRIMARY KEY,
  item_id INTEGER NOT NULL REFERENCES items (id),
  listing_id INTEGER NOT NULL REFERENCES listings (id),
  channel_id INTEGER NOT NULL REFERENCES channels (id),
  kind TEXT NOT NULL,
  available INTEGER,
  state TEXT,
  target_quantity INTEGER,
  target_state TEXT,
  delta INTEGER,
  settles_at INTEGER NOT NULL DEFAULT 0,
  risk_minor INTEGER,
  first_seen_at INTEGER NOT NULL,
  moved_at INTEGER NOT NULL,
  -- 1 while a correction could be proposed and has not been; 2 once it has been.
  waits INTEGER NOT NULL DEFAULT 0,
  closed_at INTEGER
);
CREATE INDEX disagreements_waiting ON disagreements (channel_id, listing_id)
  WHERE waits = 1 AND closed_at IS NULL;
CREATE UNIQUE INDEX disagreements_open ON disagreements (item_id, channel_id, kind)
  WHERE closed_at IS NULL;
CREATE INDEX disagreements_of_listing ON disagreements (listing_id, closed_at);
"""

# `silences` is 1 while a decided correction keeps its listing quiet: until its target or its
# reading moves (rule 9). At most one correction of a listing is live.
CORRECTIONS = """
CREATE TABLE corrections (
  id INTEGER PRIMARY KEY,
  listing_id INTEGER NOT NULL REFERENCES listings (id),
  status TEXT NOT NULL,
  version INTEGER NOT NULL DEFAULT 1,
  live INTEGER NOT NULL DEFAULT 1,
  silences INTEGER NOT NULL DEFAULT 0,
  from_quantity INTEGER,
  from_state TEXT,
  to_quantity INTEGER,
  to_state TEXT,
  price_minor INTEGER,
  proposed_at INTEGER NOT NULL,
  decided_at INTEGER,
  decided_by TEXT,
  second_by TEXT,
  by_rule INTEGER NOT NULL DEFAULT 0,
  hold_until INTEGER,
  expires_at INTEGER,
  snoozed_until INTEGER,
  applying_at INTEGER,
  ended_at INTEGER,
  note TEXT,
  result TEXT
);
CREATE UNIQUE INDEX corrections_live ON corrections (listing_id) WHERE live = 1;
CREATE INDEX corrections_silencing ON corrections (listing_id) WHERE silences = 1;
CREATE INDEX corrections_of_listing ON corrections (listing_id, id);
CREATE INDEX corrections_by_status ON corrections (status, id);
CREATE TABLE audit (
  id INTEGER PRIMARY KEY,
  correction_id INTEGER NOT NULL REFERENCES corrections (id),
  at INTEGER NOT NULL,
  who TEXT NOT NULL,
  step TEXT NOT NULL,
  seen TEXT NOT NULL,
  note TEXT
);
CREATE INDEX audit_of_correction ON audit (correction_id, id);
"""

INCIDENTS = """
CREATE TABLE incidents (
  id INTEGER PRIMARY KEY,
  channel_id INTEGER REFERENCES channels (id),
  kind TEXT NOT NULL,
  key TEXT NOT NULL DEFAULT '',
  since INTEGER NOT NULL,
  last_at INTEGER NOT NULL,
  count INTEGER NOT NULL DEFAULT 1,
  message TEXT NOT NULL,
  acknowledged_by TEXT,
  acknowledged_at INTEGER,
  closed_at INTEGER
);
CREATE UNIQUE INDEX incidents_open ON incidents (coalesce(channel_id, 0), kind, key)
  WHERE closed_at IS NULL;
CREATE TABLE engine (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  holder TEXT NOT NULL,
  token TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  heartbeat_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
);
CREATE TABLE requests (
  id INTEGER PRIMARY KEY,
  what TEXT NOT NULL,
  channel TEXT,
  who TEXT NOT NULL,
  asked_at INTEGER NOT NULL,
  taken_at INTEGER,
  answered_at INTEGER,
  ok INTEGER,
  result TEXT
);
"""


def _readable(column: str, alias: str) -> str:
    """An instant as text, for a person's eyes only: no query of ours reads these views."""
    return f"strftime('%Y-%m-%dT%H:%M:%SZ', {column} / 1000, 'unixepoch') AS {alias}"


READABLE_VIEWS = {
    "readings_now": f"""
  SELECT i.sku, i.location, c.name AS channel, l.present, l.available, l.state,
  l.target_quantity, l.target_state, l.on_hand, l.committed, l.problem, l.copies,
  {_readable("l.observed_at", "observed")}, {_readable("l.source_at", "source_time")}
FROM listings l JOIN items i ON i.id = l.item_id JOIN channels c ON c.id = l.channel_id""",
    "disagreements_now": f"""
  SELECT d.id, i.sku, i.location, c.name AS channel, d.kind, d.available, d.target_quantity,
  d.delta, d.state, d.target_state, d.risk_minor / 100.0 AS money_at_risk,
  {_readable("d.first_seen_at", "first_seen")}, {_readable("d.settles_at", "settles")}
FROM disagreements d JOIN items i ON i.id = d.item_id JOIN channels c ON c.id = d.channel_id
WHERE d.closed_at IS NULL""",
    "corrections_now": f"""
  SELECT k.id, i.sku, i.location, c.name AS channel, k.status, k.from_quantity, k.to_quantity,
  k.from_state, k.to_state, k.decided_by, k.second_by, k.note, k.result,
  {_readable("k.proposed_at", "proposed")}, {_readable("k.decided_at", "decided")},
  {_readable("k.ended_at", "ended")}
FROM corrections k JOIN listings l ON l.id = k.listing_id JOIN items i ON i.id = l.item_id
JOIN channels c ON c.id = l.channel_id""",
    "polls_done": f"""
  SELECT p.id, c.name AS channel, p.outcome, p.seen, p.changed, p.zeroed, p.gone, p.error,
  {_readable("p.started_at", "started")}, p.finished_at - p.started_at AS took_ms
FROM polls p JOIN channels c ON c.id = p.channel_id""",
}
"""What Datasette and sqlite-utils show a person first; no query of ours reads them."""


def run(database: "SqliteUtils") -> None:
    """Make the first schema in an empty file."""
    parts = (ITEMS, CHANNELS, LISTINGS, HISTORY, POLLS, DISAGREEMENTS, CORRECTIONS, INCIDENTS)
    for statement in statements("".join(parts)):
        database.execute(statement)
    for name, query in READABLE_VIEWS.items():
        database.create_view(name, query)

"""The tables of the twenty-first schema, and their indexes."""

# `since_kept` is NULL where the target is in force since the reading. `marked`: the cell has a
# row in `cell_oddities`. An instant below zero is the id of one that many cells share. `ref` is a
# number where it is one, an empty blob where it is the SKU, and NULL where there is none.
CELLS = """
CREATE TABLE cells (
  id INTEGER PRIMARY KEY,
  available INTEGER,
  state INTEGER,
  target_quantity INTEGER,
  target_state INTEGER,
  present INTEGER NOT NULL DEFAULT 1,
  at_least INTEGER NOT NULL DEFAULT 0,
  marked INTEGER NOT NULL DEFAULT 0,
  differs INTEGER NOT NULL DEFAULT 0,
  observed_kept INTEGER,
  since_kept INTEGER,
  ref BLOB
);
CREATE TABLE instants (
  id INTEGER PRIMARY KEY,
  at INTEGER NOT NULL UNIQUE
);
CREATE TABLE cell_details (
  id INTEGER PRIMARY KEY,
  price_minor INTEGER,
  source_at INTEGER,
  source_seen_at INTEGER
);
CREATE TABLE cell_figures (
  id INTEGER PRIMARY KEY,
  on_hand INTEGER,
  committed INTEGER,
  unavailable INTEGER,
  incoming INTEGER,
  threshold INTEGER
);
-- From a listing's first change on; until then its first reading stands, and says all of this.
CREATE TABLE cell_accounts (
  id INTEGER PRIMARY KEY,
  opening INTEGER,
  opening_at INTEGER,
  opening_read_at INTEGER,
  known INTEGER NOT NULL DEFAULT 0,
  fell_at INTEGER
);
CREATE TABLE cell_oddities (
  id INTEGER PRIMARY KEY,
  copies INTEGER NOT NULL DEFAULT 1,
  problem TEXT,
  twins TEXT,
  frozen_at INTEGER,
  frozen_why TEXT,
  thawed_at INTEGER,
  behind_update INTEGER
);
-- The file's own time of each poll that had listings for the first time.
CREATE TABLE first_readings (
  channel_id INTEGER NOT NULL,
  read_at INTEGER NOT NULL,
  as_of INTEGER NOT NULL,
  PRIMARY KEY (channel_id, read_at)
) WITHOUT ROWID;
CREATE INDEX cells_uncounted ON cells (id) WHERE state = 7;
CREATE INDEX cells_with_problems ON cell_oddities (id) WHERE problem IS NOT NULL;
CREATE INDEX cells_copied ON cell_oddities (id) WHERE copies > 1;
CREATE INDEX cells_frozen ON cell_oddities (id) WHERE frozen_at IS NOT NULL;
CREATE INDEX cells_behind ON cell_oddities (id) WHERE behind_update IS NOT NULL;
CREATE INDEX cells_dated_ahead ON cell_details (id, source_at - source_seen_at)
  WHERE source_seen_at IS NOT NULL;
"""

_DISAGREEMENT = """
  item_id INTEGER NOT NULL,
  listing_id INTEGER NOT NULL,
  channel_id INTEGER NOT NULL,
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
  rests_on INTEGER,
  acknowledged_by TEXT,
  acknowledged_at INTEGER,
  acknowledged_why TEXT,
  surplus INTEGER,
  at_least INTEGER NOT NULL DEFAULT 0"""

# The open ones. Ids are never used twice: those of closed ones stay theirs. Of these is kept what
# their cell's number does not say, in few bytes: kinds and states as numbers, `moved_at` where that
# was not when it was first seen, and how long after that it settled.
DISAGREEMENTS = f"""
CREATE TABLE open_disagreements (
  id INTEGER PRIMARY KEY AUTOINCREMENT,{_DISAGREEMENT}
);
CREATE TABLE closed (
  id INTEGER PRIMARY KEY,
  listing_id INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  available INTEGER,
  state INTEGER,
  target_quantity INTEGER,
  target_state INTEGER,
  delta INTEGER,
  settled_after INTEGER,
  risk_minor INTEGER,
  first_seen_at INTEGER NOT NULL,
  moved_at INTEGER,
  rests_on INTEGER,
  acknowledged_by TEXT,
  acknowledged_at INTEGER,
  acknowledged_why TEXT,
  surplus INTEGER,
  at_least INTEGER NOT NULL DEFAULT 0,
  closed_at INTEGER NOT NULL
);
"""

# How many are open: sums for each pair of channels, the disagreements that are in none of them, and
# the last one that was looked at for that (`store.open_counts`). Sums of money are in minor units.
COUNTS = """
CREATE TABLE open_counts (
  channel_id INTEGER NOT NULL,
  authority_id INTEGER NOT NULL,
  raises INTEGER NOT NULL,
  number INTEGER NOT NULL,
  oversell INTEGER NOT NULL,
  oversell_units INTEGER NOT NULL,
  oversell_risk INTEGER NOT NULL,
  undersell INTEGER NOT NULL,
  undersell_units INTEGER NOT NULL,
  undersell_risk INTEGER NOT NULL,
  unpriced INTEGER NOT NULL,
  -- The latest of all that are counted here.
  settled_at INTEGER NOT NULL,
  observed_at INTEGER,
  fell_at INTEGER,
  PRIMARY KEY (channel_id, authority_id, raises)
) WITHOUT ROWID;
CREATE TABLE open_apart (
  id INTEGER PRIMARY KEY,
  look_at INTEGER NOT NULL
);
CREATE TABLE open_counts_reach (
  upto INTEGER NOT NULL
);
CREATE INDEX open_apart_due ON open_apart (look_at);
"""

REFERENCES = """
CREATE TABLE new_corrections (
  id INTEGER PRIMARY KEY,
  listing_id INTEGER NOT NULL REFERENCES cells (id),
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
  result TEXT,
  ref TEXT,
  listings INTEGER NOT NULL DEFAULT 1,
  from_at_least INTEGER NOT NULL DEFAULT 0,
  proof_until INTEGER
);
CREATE TABLE new_doubts (
  id INTEGER PRIMARY KEY,
  listing_id INTEGER NOT NULL,
  channel_id INTEGER NOT NULL REFERENCES channels (id),
  problem TEXT,
  copies INTEGER NOT NULL,
  since_at INTEGER NOT NULL,
  until_at INTEGER,
  twins TEXT
);
-- `state` as in `cells`.
CREATE TABLE former_readings (
  id INTEGER PRIMARY KEY,
  listing_id INTEGER NOT NULL,
  present INTEGER NOT NULL,
  available INTEGER,
  state INTEGER,
  on_hand INTEGER,
  committed INTEGER,
  source_at INTEGER,
  observed_at INTEGER,
  until_at INTEGER NOT NULL,
  fell_at INTEGER,
  at_least INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE former_targets (
  id INTEGER PRIMARY KEY,
  listing_id INTEGER NOT NULL,
  quantity INTEGER,
  state INTEGER,
  since_at INTEGER,
  until_at INTEGER NOT NULL
);
CREATE TABLE new_moved_outside_polls (
  id INTEGER PRIMARY KEY,
  channel_id INTEGER NOT NULL,
  listing_id INTEGER NOT NULL
);
CREATE INDEX past_readings_by_listing ON former_readings (listing_id, until_at);
CREATE INDEX past_readings_by_end ON former_readings (until_at);
CREATE INDEX past_targets_by_listing ON former_targets (listing_id, until_at);
"""

INDEXES = """
CREATE UNIQUE INDEX disagreements_of_listing ON open_disagreements (listing_id, kind);
CREATE INDEX disagreements_waiting ON open_disagreements (channel_id, listing_id) WHERE waits = 1;
CREATE INDEX disagreements_acknowledged ON open_disagreements (channel_id)
  WHERE acknowledged_at IS NOT NULL;
CREATE INDEX past_disagreements_of_listing ON closed (listing_id);
CREATE INDEX past_disagreements_of_channel ON closed (CAST(listing_id >> 28 AS INTEGER), closed_at);
CREATE UNIQUE INDEX corrections_live ON corrections (listing_id) WHERE live = 1;
CREATE INDEX corrections_silencing ON corrections (listing_id) WHERE silences = 1;
CREATE INDEX corrections_of_listing ON corrections (listing_id, id);
CREATE INDEX corrections_by_status ON corrections (status, id);
CREATE INDEX corrections_ended ON corrections (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX corrections_verified ON corrections (ended_at) WHERE status = 'verified';
CREATE INDEX corrections_applied_later ON corrections (listing_id)
  WHERE status = 'applied' AND proof_until IS NOT NULL;
CREATE INDEX doubts_of_listing ON doubts (listing_id, until_at);
CREATE INDEX doubts_open ON doubts (channel_id) WHERE until_at IS NULL;
CREATE INDEX doubts_begun ON doubts (since_at);
CREATE INDEX doubts_ended ON doubts (until_at) WHERE until_at IS NOT NULL;
"""

"""The schemas 4 and 25: what people say of a disagreement, an incident or a channel.

An acknowledgement holds while what was acknowledged stands: the trigger takes it away when the
disagreement moves, whoever moves it, in the same transaction.

Rules by which disagreements are ignored are never deleted: an ended one is history. What is ignored
is counted in groups of its own, so that the counts of what is open begin anew.
"""

from typing import TYPE_CHECKING

from store.database.statements import statements

if TYPE_CHECKING:
    from sqlite_utils import Database as SqliteUtils

DISAGREEMENTS = """
ALTER TABLE disagreements ADD COLUMN acknowledged_by TEXT;
ALTER TABLE disagreements ADD COLUMN acknowledged_at INTEGER;
ALTER TABLE disagreements ADD COLUMN acknowledged_why TEXT;
CREATE TRIGGER forget_acknowledgement
AFTER UPDATE OF available, state, target_quantity, target_state ON disagreements
WHEN OLD.acknowledged_at IS NOT NULL AND (OLD.available IS NOT NEW.available
  OR OLD.state IS NOT NEW.state OR OLD.target_quantity IS NOT NEW.target_quantity
  OR OLD.target_state IS NOT NEW.target_state)
BEGIN
  UPDATE disagreements SET acknowledged_by = NULL, acknowledged_at = NULL,
    acknowledged_why = NULL WHERE id = OLD.id;
END;
"""

# `snoozed_message` is what it said when it was snoozed: another one wakes it. `closed_by` is the
# person whose decision ended it; NULL where the trouble ended by itself.
INCIDENTS = """
ALTER TABLE incidents ADD COLUMN snoozed_by TEXT;
ALTER TABLE incidents ADD COLUMN snoozed_until INTEGER;
ALTER TABLE incidents ADD COLUMN snoozed_message TEXT;
ALTER TABLE incidents ADD COLUMN closed_by TEXT;
ALTER TABLE incidents ADD COLUMN closed_why TEXT;
CREATE INDEX incidents_still_open ON incidents (since) WHERE closed_at IS NULL;
"""

# Who accepted or discarded a poll that was set aside. The digest is of what it would have changed,
# so that a poll that says the same again is known.
JUDGEMENTS = """
ALTER TABLE polls ADD COLUMN judged_by TEXT;
ALTER TABLE polls ADD COLUMN judged_at INTEGER;
ALTER TABLE polls ADD COLUMN judged_why TEXT;
ALTER TABLE polls ADD COLUMN digest TEXT;
CREATE INDEX polls_discarded ON polls (channel_id, digest) WHERE outcome = 'discarded';
"""

# `paused_by` is the person who paused the channel; NULL where the engine did. The allowance is
# what the channel's own answers said of its rate limit: so much is left, of so much; `rate_per_s`
# is what we hold ourselves to.
CHANNELS = """
ALTER TABLE channels ADD COLUMN paused_by TEXT;
ALTER TABLE channels ADD COLUMN allowance_left INTEGER;
ALTER TABLE channels ADD COLUMN allowance_of INTEGER;
ALTER TABLE channels ADD COLUMN allowance_at INTEGER;
ALTER TABLE channels ADD COLUMN rate_per_s REAL;
"""


# What the past is shown from: the reading that was in force with the time of its last fall, every
# doubt about a listing with its span, and how each step left its correction. Neither readings nor
# doubts are written in the order of time: an accepted poll's are of when it was taken.
PAST = """
ALTER TABLE past_readings ADD COLUMN fell_at INTEGER;
DROP TRIGGER keep_past_reading;
CREATE TRIGGER keep_past_reading AFTER UPDATE OF present, available, state ON listings
WHEN OLD.observed_at IS NOT NULL AND (OLD.available IS NOT NEW.available
  OR OLD.state IS NOT NEW.state OR OLD.present IS NOT NEW.present)
BEGIN
  INSERT INTO past_readings (listing_id, present, available, state, on_hand, committed,
    source_at, observed_at, until_at, fell_at)
  VALUES (OLD.id, OLD.present, OLD.available, OLD.state, OLD.on_hand, OLD.committed,
    OLD.source_at, OLD.observed_at, NEW.observed_at, OLD.fell_at);
END;
CREATE TABLE doubts (
  id INTEGER PRIMARY KEY,
  listing_id INTEGER NOT NULL REFERENCES listings (id),
  channel_id INTEGER NOT NULL REFERENCES channels (id),
  problem TEXT,
  copies INTEGER NOT NULL,
  since_at INTEGER NOT NULL,
  until_at INTEGER
);
CREATE INDEX doubts_of_listing ON doubts (listing_id, until_at);
CREATE INDEX doubts_open ON doubts (channel_id) WHERE until_at IS NULL;
CREATE INDEX doubts_begun ON doubts (since_at);
CREATE INDEX doubts_ended ON doubts (until_at) WHERE until_at IS NOT NULL;
CREATE INDEX past_readings_by_time ON past_readings (until_at);
INSERT INTO doubts (listing_id, channel_id, problem, copies, since_at)
SELECT l.id, l.channel_id, l.problem, l.copies, coalesce(c.last_success_at, 0)
FROM listings l JOIN channels c ON c.id = l.channel_id
WHERE l.problem IS NOT NULL OR l.copies > 1;
ALTER TABLE audit ADD COLUMN left_as TEXT;
CREATE INDEX incidents_by_key ON incidents (kind, key);
CREATE VIEW disagreements_ever AS SELECT * FROM disagreements;
"""


IGNORE_RULES = """
CREATE TABLE ignore_rules (
  id INTEGER PRIMARY KEY,
  skus TEXT NOT NULL,
  channel_id INTEGER REFERENCES channels (id),
  kind TEXT,
  units_max INTEGER,
  until_at INTEGER,
  why TEXT NOT NULL,
  made_by TEXT NOT NULL,
  made_at INTEGER NOT NULL,
  ended_at INTEGER,
  ended_by TEXT,
  ended_why TEXT
);
ALTER TABLE open_disagreements ADD COLUMN ignored_by INTEGER;
CREATE INDEX disagreements_ignored ON open_disagreements (ignored_by, channel_id)
  WHERE ignored_by IS NOT NULL;
DROP INDEX disagreements_waiting;
CREATE INDEX disagreements_waiting ON open_disagreements (channel_id, listing_id)
  WHERE waits = 1 AND ignored_by IS NULL;
DROP TABLE open_counts;
CREATE TABLE open_counts (
  channel_id INTEGER NOT NULL,
  authority_id INTEGER NOT NULL,
  raises INTEGER NOT NULL,
  -- The rule that ignores them; 0: none.
  ignored_by INTEGER NOT NULL,
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
  PRIMARY KEY (channel_id, authority_id, raises, ignored_by)
) WITHOUT ROWID;
DELETE FROM open_apart;
DELETE FROM open_counts_reach;
"""


def run(database: "SqliteUtils") -> None:
    """Make room for acknowledgements, snoozes, pauses, allowances, judgements and the past."""
    for statement in statements(DISAGREEMENTS + INCIDENTS + CHANNELS + JUDGEMENTS + PAST):
        database.execute(statement)


def make_ignore_rules(database: "SqliteUtils") -> None:
    """Make room for the rules, and for which of them ignores which disagreement."""
    for statement in statements(IGNORE_RULES):
        database.execute(statement)

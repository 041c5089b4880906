"""The sixteenth schema: numbers that are a least, and updates that are applied later.

`at_least` is 1 where the channel says only that it has at least so many as `available`: of such a
reading every target of as many or more is as good as its own. `from_at_least` says so of what an
update rests on.

`proof_until` is set where the channel has accepted an update and applies it later: any
reading until then may prove it, and the first one after that decides.
"""

from typing import TYPE_CHECKING

from store.database.statements import statements

if TYPE_CHECKING:
    from sqlite_utils import Database as SqliteUtils

AT_LEAST = """
ALTER TABLE listings ADD COLUMN at_least INTEGER NOT NULL DEFAULT 0;
ALTER TABLE quarantined_readings ADD COLUMN at_least INTEGER NOT NULL DEFAULT 0;
ALTER TABLE past_readings ADD COLUMN at_least INTEGER NOT NULL DEFAULT 0;
ALTER TABLE disagreements ADD COLUMN at_least INTEGER NOT NULL DEFAULT 0;
ALTER TABLE corrections ADD COLUMN from_at_least INTEGER NOT NULL DEFAULT 0;
DROP TRIGGER keep_past_reading;
CREATE TRIGGER keep_past_reading AFTER UPDATE OF present, available, state, at_least ON listings
WHEN OLD.observed_at IS NOT NULL AND (OLD.available IS NOT NEW.available
  OR OLD.state IS NOT NEW.state OR OLD.present IS NOT NEW.present
  OR OLD.at_least <> NEW.at_least)
BEGIN
  INSERT INTO past_readings (listing_id, present, available, state, on_hand, committed,
    source_at, observed_at, until_at, fell_at, at_least)
  VALUES (OLD.id, OLD.present, OLD.available, OLD.state, OLD.on_hand, OLD.committed,
    OLD.source_at, OLD.observed_at, NEW.observed_at, OLD.fell_at, OLD.at_least);
END;
DROP TRIGGER forget_acknowledgement;
CREATE TRIGGER forget_acknowledgement
AFTER UPDATE OF available, state, target_quantity, target_state, at_least ON disagreements
WHEN OLD.acknowledged_at IS NOT NULL AND (OLD.available IS NOT NEW.available
  OR OLD.state IS NOT NEW.state OR OLD.target_quantity IS NOT NEW.target_quantity
  OR OLD.target_state IS NOT NEW.target_state OR OLD.at_least <> NEW.at_least)
BEGIN
  UPDATE disagreements SET acknowledged_by = NULL, acknowledged_at = NULL,
    acknowledged_why = NULL WHERE id = OLD.id;
END;
"""

APPLIED_LATER = """
ALTER TABLE corrections ADD COLUMN proof_until INTEGER;
CREATE INDEX corrections_applied_later ON corrections (listing_id)
  WHERE status = 'applied' AND proof_until IS NOT NULL;
"""


def run(database: "SqliteUtils") -> None:
    """Make room for least numbers and for what is applied later."""
    for statement in statements(AT_LEAST + APPLIED_LATER):
        database.execute(statement)

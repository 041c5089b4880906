"""The fourth schema: what people say of a disagreement, an incident or a channel, and how it fares.

An acknowledgement holds while what was acknowledged stands: the trigger takes it away when the
disagreement moves, whoever moves it, in the same transaction.
"""

from typing import TYPE_CHECKING

from store.migrations.statements import statements

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

INCIDENTS = """
ALTER TABLE incidents ADD COLUMN snoozed_by TEXT;
ALTER TABLE incidents ADD COLUMN snoozed_until INTEGER;
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


def run(database: "SqliteUtils") -> None:
    """Make room for acknowledgements, snoozes, pauses and allowances."""
    for statement in statements(DISAGREEMENTS + INCIDENTS + CHANNELS):
        database.execute(statement)

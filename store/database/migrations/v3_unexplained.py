"""The third schema: what a channel's readings have moved that nothing explains.

A trigger keeps `channels.unexplained`, so that the total costs what moved and is right in every
transaction. It fires on no INSERT: a listing's first reading is its opening, and explains itself.
"""

from typing import TYPE_CHECKING

from store.database.statements import statements

if TYPE_CHECKING:
    from sqlite_utils import Database as SqliteUtils

_UNEXPLAINED = "coalesce(abs({row}.available - {row}.opening - {row}.known), 0)"

# `opening_at` is what the opening is as of, `opening_read_at` when it was read: the channel's own
# events count from the one, what others tell of the authority from the other. `truth_units` is
# how many pieces one unit of the authority holds. `collapses` is 1 where a channel can't show every
# state: there a state can make a quantity of 0.
ACCOUNT = f"""
ALTER TABLE listings ADD COLUMN opening_read_at INTEGER;
ALTER TABLE channels ADD COLUMN collapses INTEGER NOT NULL DEFAULT 0;
ALTER TABLE items ADD COLUMN truth_units INTEGER NOT NULL DEFAULT 1;
UPDATE listings SET opening_at = coalesce(source_at, observed_at), opening_read_at = observed_at;
CREATE TRIGGER keep_unexplained AFTER UPDATE OF available, known, opening ON listings
WHEN {_UNEXPLAINED.format(row="NEW")} <> {_UNEXPLAINED.format(row="OLD")}
BEGIN
  UPDATE channels SET unexplained = unexplained + {_UNEXPLAINED.format(row="NEW")}
    - {_UNEXPLAINED.format(row="OLD")} WHERE id = NEW.channel_id;
END;
"""


def run(database: "SqliteUtils") -> None:
    """Keep an account of every listing."""
    for statement in statements(ACCOUNT):
        database.execute(statement)

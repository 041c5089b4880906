"""Schemas seventeen to twenty: polls of only what changed, and what polls are recognised by.

`file_sequence` is JSON (`store/polling/changes/sequence.py`): of a channel the files in force, of a
quarantined poll those that it was read from. `gap` says why something may be missing in the
readings; NULL where nothing is.

`since` is the instant that a poll asked from; NULL where it read everything. `swept_at` is the
begin of a channel's last good full sweep, and `swept_with` a digest of what it was configured as
then; NULL where the next poll must read everything.

`allowance_unit` is what a channel's own limit is counted in, such as points; NULL: in requests.

`poll_memories` and `poll_pages` hold digests and the ids of listings, and nothing that a channel
said. They count only while `poll_id` is the channel's last good poll
(`store/polling/recognition/memory.py`).
"""

from typing import TYPE_CHECKING

from store.database.statements import statements

if TYPE_CHECKING:
    from sqlite_utils import Database as SqliteUtils

FILES = """
ALTER TABLE channels ADD COLUMN file_sequence TEXT;
ALTER TABLE channels ADD COLUMN gap TEXT;
ALTER TABLE polls ADD COLUMN file_sequence TEXT;
"""

SWEEPS = """
ALTER TABLE polls ADD COLUMN since INTEGER;
ALTER TABLE channels ADD COLUMN swept_at INTEGER;
ALTER TABLE channels ADD COLUMN swept_with TEXT;
"""


ALLOWANCE_UNIT = "ALTER TABLE channels ADD COLUMN allowance_unit TEXT"

MEMORIES = """
CREATE TABLE poll_memories (
  channel_id INTEGER PRIMARY KEY REFERENCES channels (id),
  poll_id INTEGER NOT NULL,
  configured BLOB NOT NULL,
  described BLOB NOT NULL,
  source BLOB NOT NULL,
  records INTEGER NOT NULL
);
CREATE TABLE poll_pages (
  id INTEGER PRIMARY KEY,
  channel_id INTEGER NOT NULL REFERENCES channels (id),
  number INTEGER NOT NULL,
  content BLOB NOT NULL
);
CREATE UNIQUE INDEX poll_pages_of_channel ON poll_pages (channel_id, number);
"""


def make_file_sequence(database: "SqliteUtils") -> None:
    """Make room for the files that have been taken in."""
    for statement in statements(FILES):
        database.execute(statement)


def make_sweeps(database: "SqliteUtils") -> None:
    """Make room for what a poll asked for, and for the last full sweep."""
    for statement in statements(SWEEPS):
        database.execute(statement)


def make_allowance_unit(database: "SqliteUtils") -> None:
    """Make room for limits that are not counted in requests."""
    database.execute(ALLOWANCE_UNIT)


def make_memories(database: "SqliteUtils") -> None:
    """Make room for what the next poll of a channel is recognised by."""
    for statement in statements(MEMORIES):
        database.execute(statement)

"""The twelfth schema: first sights of times to come, of files and of listings.

As-of is for ever the earlier of the time and the first sight (rule 3).
"""

from typing import TYPE_CHECKING

from store.database.statements import statements

if TYPE_CHECKING:
    from sqlite_utils import Database as SqliteUtils

# Only files whose time was ahead of ours when we first saw them have a row.
FILE_SIGHTS = """
CREATE TABLE file_sights (
  id INTEGER PRIMARY KEY,
  channel_id INTEGER NOT NULL REFERENCES channels (id),
  name TEXT NOT NULL,
  size INTEGER NOT NULL,
  modified_ns INTEGER NOT NULL,
  first_seen_at INTEGER NOT NULL,
  unwatched INTEGER NOT NULL,
  UNIQUE (channel_id, name, size, modified_ns)
);
"""

# `dated_at` is the own time of the file that a poll read, where that was ahead; `unwatched` is 1
# where the file may have been there for any time when we first saw it. `source_seen_at` is when we
# first saw a listing's source time, where that was ahead.
COLUMNS = """
ALTER TABLE polls ADD COLUMN dated_at INTEGER;
ALTER TABLE polls ADD COLUMN unwatched INTEGER;
ALTER TABLE listings ADD COLUMN source_seen_at INTEGER;
CREATE INDEX listings_dated_ahead ON listings (channel_id, source_at - source_seen_at)
  WHERE source_seen_at IS NOT NULL;
UPDATE listings SET source_seen_at = observed_at WHERE source_at > observed_at;
"""


def run(database: "SqliteUtils") -> None:
    """Keep in mind when we first saw a time to come."""
    for statement in statements(FILE_SIGHTS + COLUMNS):
        database.execute(statement)

"""The eighth and the ninth schema: what is doubtful or bad about a channel's answers."""

from typing import TYPE_CHECKING

from store.database.statements import statements

if TYPE_CHECKING:
    from sqlite_utils import Database as SqliteUtils

# A JSON array of sentences, newest poll's. They are no incident: the poll counts.
WARNINGS = """
ALTER TABLE channels ADD COLUMN warnings TEXT NOT NULL DEFAULT '[]';
"""

# The records that each channel's last good poll could not read. `record` is what tells a bad record
# from others, `times` how often the poll had such a one.
BAD_RECORDS = """
CREATE TABLE bad_records (
  channel_id INTEGER NOT NULL REFERENCES channels (id),
  record TEXT NOT NULL,
  times INTEGER NOT NULL,
  PRIMARY KEY (channel_id, record)
) WITHOUT ROWID;
"""


def make_warnings(database: "SqliteUtils") -> None:
    """Make room for the warnings of each channel's last poll."""
    for statement in statements(WARNINGS):
        database.execute(statement)


def make_bad_records(database: "SqliteUtils") -> None:
    """Make room for the bad records of the last good polls."""
    for statement in statements(BAD_RECORDS):
        database.execute(statement)

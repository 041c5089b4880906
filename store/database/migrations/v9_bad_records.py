"""The ninth schema: the records that each channel's last good poll could not read."""

from typing import TYPE_CHECKING

from store.database.statements import statements

if TYPE_CHECKING:
    from sqlite_utils import Database as SqliteUtils

# `record` is what tells a bad record from others, `times` how often the poll had such a one.
BAD_RECORDS = """
CREATE TABLE bad_records (
  channel_id INTEGER NOT NULL REFERENCES channels (id),
  record TEXT NOT NULL,
  times INTEGER NOT NULL,
  PRIMARY KEY (channel_id, record)
) WITHOUT ROWID;
"""


def run(database: "SqliteUtils") -> None:
    """Make room for the bad records of the last good polls."""
    for statement in statements(BAD_RECORDS):
        database.execute(statement)

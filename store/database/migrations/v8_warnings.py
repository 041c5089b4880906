"""The eighth schema: what is doubtful about a channel's answers though they can be read."""

from typing import TYPE_CHECKING

from store.database.statements import statements

if TYPE_CHECKING:
    from sqlite_utils import Database as SqliteUtils

# A JSON array of sentences, newest poll's. They are no incident: the poll counts.
WARNINGS = """
ALTER TABLE channels ADD COLUMN warnings TEXT NOT NULL DEFAULT '[]';
"""


def run(database: "SqliteUtils") -> None:
    """Make room for the warnings of each channel's last poll."""
    for statement in statements(WARNINGS):
        database.execute(statement)

"""The seventeenth schema: which files of a channel were taken in, where some hold only changes.

`file_sequence` is JSON (`store/polling/changes/sequence.py`): of a channel the files in force, of a
quarantined poll those that it was read from. `gap` says why something may be missing in the
readings; NULL where nothing is.
"""

from typing import TYPE_CHECKING

from store.database.statements import statements

if TYPE_CHECKING:
    from sqlite_utils import Database as SqliteUtils

COLUMNS = """
ALTER TABLE channels ADD COLUMN file_sequence TEXT;
ALTER TABLE channels ADD COLUMN gap TEXT;
ALTER TABLE polls ADD COLUMN file_sequence TEXT;
"""


def run(database: "SqliteUtils") -> None:
    """Make room for the files that have been taken in."""
    for statement in statements(COLUMNS):
        database.execute(statement)

"""The eleventh schema: which attributes of a channel's listings are written, as configured.

And verified updates by when they ended: of all that ended, most are superseded proposals.
"""

from typing import TYPE_CHECKING

from store.database.statements import statements

if TYPE_CHECKING:
    from sqlite_utils import Database as SqliteUtils

COLUMNS = """
ALTER TABLE channels ADD COLUMN writes TEXT NOT NULL DEFAULT '';
UPDATE channels SET writes = 'quantity, state' WHERE direction <> 'observe';
CREATE INDEX corrections_verified ON corrections (ended_at) WHERE status = 'verified';
"""


def run(database: "SqliteUtils") -> None:
    """Note what is written; until the next start, all that can be is taken to be."""
    for statement in statements(COLUMNS):
        database.execute(statement)

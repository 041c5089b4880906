"""The schemas 11, 13 and 24: what is written, which listing was approved, and what turns back.

Which attributes of a channel's listings are written, as configured. And verified updates by when
they ended: of all that ended, most are superseded proposals.

`ref` is the channel's own id of the listing at the approval. A later one under the same SKU is
another listing, which nobody approved. NULL: not approved, or approved by an older Skew.

`reverts` is the update that one turns back, NULL for all others.
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

REFS = """
ALTER TABLE corrections ADD COLUMN ref TEXT;
"""

REVERTS = """
ALTER TABLE corrections ADD COLUMN reverts INTEGER;
"""


def make_writes(database: "SqliteUtils") -> None:
    """Note what is written; until the next start, all that can be is taken to be."""
    for statement in statements(COLUMNS):
        database.execute(statement)


def make_approved_refs(database: "SqliteUtils") -> None:
    """Make room for the ref that was approved."""
    for statement in statements(REFS):
        database.execute(statement)


def make_reverts(database: "SqliteUtils") -> None:
    """Make room for which update is turned back."""
    for statement in statements(REVERTS):
        database.execute(statement)

"""The thirteenth schema: which listing of the channel a person approved an update for.

`ref` is the channel's own id of the listing at the approval. A later one under the same SKU is
another listing, which nobody approved. NULL: not approved, or approved by an older Skew.
"""

from typing import TYPE_CHECKING

from store.database.statements import statements

if TYPE_CHECKING:
    from sqlite_utils import Database as SqliteUtils

REFS = """
ALTER TABLE corrections ADD COLUMN ref TEXT;
"""


def run(database: "SqliteUtils") -> None:
    """Make room for the ref that was approved."""
    for statement in statements(REFS):
        database.execute(statement)

"""The tenth schema: what an authority has without counting it.

A listing that is not counted is there and has no number. Those that are sold so are found by their
state, so that a list of them costs what it shows.
"""

from typing import TYPE_CHECKING

from store.database.statements import statements

if TYPE_CHECKING:
    from sqlite_utils import Database as SqliteUtils

UNCOUNTED = """
ALTER TABLE items ADD COLUMN uncounted INTEGER NOT NULL DEFAULT 0;
CREATE INDEX items_uncounted ON items (id) WHERE uncounted = 1;
CREATE INDEX listings_uncounted ON listings (channel_id) WHERE state = 'uncounted';
"""


def run(database: "SqliteUtils") -> None:
    """Make room for what is not counted."""
    for statement in statements(UNCOUNTED):
        database.execute(statement)

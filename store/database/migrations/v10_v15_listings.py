"""The schemas 10, 14 and 15: what a listing may show beside one number, and its SKU's skeleton.

A listing that is not counted is there and has no number. Those that are sold so are found by their
state, so that a list of them costs what it shows.

`twins` is the JSON of what each of a SKU's listings on one channel shows, `[[ref, available, state,
on_hand, committed, unavailable, threshold], …]`, where there are several. `surplus` is the units
that they show above their target, together, and `corrections.listings` how many an update writes.

A skeleton leaves out separators and what spreadsheets change since the fourteenth: the next one who
asks for near matches has them all made again.
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

COPIES = """
ALTER TABLE listings ADD COLUMN twins TEXT;
ALTER TABLE quarantined_readings ADD COLUMN twins TEXT;
ALTER TABLE doubts ADD COLUMN twins TEXT;
ALTER TABLE disagreements ADD COLUMN surplus INTEGER;
ALTER TABLE corrections ADD COLUMN listings INTEGER NOT NULL DEFAULT 1;
"""


def make_uncounted(database: "SqliteUtils") -> None:
    """Make room for what is not counted."""
    for statement in statements(UNCOUNTED):
        database.execute(statement)


def make_copies(database: "SqliteUtils") -> None:
    """Make room for the numbers of a SKU that stands several times on a channel."""
    for statement in statements(COPIES):
        database.execute(statement)


def forget_skeletons(database: "SqliteUtils") -> None:
    """Forget the skeletons of before, by which SKUs were compared."""
    database.execute("DELETE FROM skeletons")

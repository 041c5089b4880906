"""The list of items that one transaction has moved, in temporary tables of its connection.

`by_events` in `moved`: nothing but events has moved the item, and no reading includes them yet. So
its truth is what it was, and so is what is known to have moved each of its listings.

`fresh_events` are the events taken in this transaction, until it is known what became of them.
`alone`: no other event names its order, and it gives nothing back, so that all of it counts.
"""

import sqlite3
from collections.abc import Iterable

import msgspec

# Every later step joins to `moved` first, so that a change of ten SKUs costs the same whether the
# catalogue has a thousand or a million.
TABLES = (
    """CREATE TEMP TABLE IF NOT EXISTS moved (item_id INTEGER PRIMARY KEY,
      by_events INTEGER NOT NULL DEFAULT 0)""",
    """CREATE TEMP TABLE IF NOT EXISTS fresh_events (event_row INTEGER PRIMARY KEY,
      alone INTEGER NOT NULL DEFAULT 0)""",
)


class Merge(msgspec.Struct, frozen=True):
    """What a merged poll moved: enough for a log line and a wake-up, no data."""

    changed: int
    opened: int
    closed: int
    proposed: int


def forget(connection: sqlite3.Connection) -> None:
    """Start a new list."""
    for statement in TABLES:
        connection.execute(statement)
    connection.execute("DELETE FROM moved")
    connection.execute("DELETE FROM fresh_events")


def note(connection: sqlite3.Connection, item_ids: Iterable[int]) -> None:
    """Add items to the list, as moved by more than events."""
    connection.executemany(
        """INSERT INTO moved (item_id) VALUES (?)
        ON CONFLICT (item_id) DO UPDATE SET by_events = 0 WHERE by_events = 1""",
        ((item_id,) for item_id in item_ids),
    )


def note_all(connection: sqlite3.Connection) -> None:
    """Add every item to the list."""
    connection.execute("INSERT OR IGNORE INTO moved (item_id) SELECT id FROM items")


def has_fresh_events(connection: sqlite3.Connection) -> bool:
    """Whether events were taken in this transaction whose fate is not settled yet."""
    return connection.execute("SELECT 1 FROM fresh_events LIMIT 1").fetchone() is not None

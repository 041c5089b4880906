"""What is sold without being counted: it can be compared with no number, and so it stands apart.

Where there is nothing to sell it is a disagreement, and not here: it sells what is not there.
"""

import sqlite3
from collections.abc import Iterator

import msgspec

from store.cells.cell_ids import STATE_CODES, cell
from store.database.rows import Columns
from store.model import UNCOUNTED, Millis


class UncountedListing(msgspec.Struct, frozen=True):
    """A listing that can't be compared, because it or its authority has no number."""

    sku: str
    title: str
    channel: str
    location: str
    available: int | None
    """What it shows; None where it is the listing that is not counted."""
    state: str | None
    observed_at: Millis | None
    target: int | None
    """What it should show; None where its authority has no number of it."""
    target_state: str | None
    """`uncounted` where its authority has it and does not count it."""


_COLUMNS = Columns(
    UncountedListing,
    {
        "sku": "i.sku",
        "title": "coalesce(i.title, '')",
        "channel": "c.name",
        "location": "i.location",
        "available": "l.available",
        "state": "l.state",
        "observed_at": "l.observed_at",
        "target": "l.target_quantity",
        "target_state": f"CASE WHEN i.uncounted = 1 THEN '{UNCOUNTED}' ELSE l.target_state END",
    },
)

# Both halves begin with a partial index, so that they cost what they find: joined with the channels
# the first would read every cell. An authority's own listing is compared with nothing and is in
# neither.
_THESE = f"""(SELECT l.id FROM cells l WHERE l.state = {STATE_CODES[UNCOUNTED]}
  UNION SELECT l.id FROM items i CROSS JOIN channels c
    CROSS JOIN cells l ON l.id = {cell("c.id", "i.id")}
    WHERE i.uncounted = 1 AND l.available IS NOT NULL) x
CROSS JOIN listings l ON l.id = x.id AND l.present = 1 AND l.copies = 1
JOIN items i ON i.id = l.item_id AND i.quantity_listing_id IS NOT l.id
JOIN channels c ON c.id = l.channel_id AND c.configured = 1
WHERE NOT EXISTS (SELECT 1 FROM open_disagreements d WHERE d.listing_id = l.id)"""


def uncounted(connection: sqlite3.Connection) -> list[UncountedListing]:
    """The listings that can't be compared for want of a number, by SKU."""
    return list(in_order(connection))


def in_order(connection: sqlite3.Connection) -> Iterator[UncountedListing]:
    """The same as they are read: within one snapshot, and without end if need be."""
    rows = connection.execute(
        f"SELECT {_COLUMNS.sql} FROM {_THESE} ORDER BY i.sku, i.location, c.id"
    )
    return map(_COLUMNS.read, rows)


def count(connection: sqlite3.Connection) -> int:
    """How many there are."""
    (number,) = connection.execute(f"SELECT count(*) FROM {_THESE}").fetchone()
    return int(number)

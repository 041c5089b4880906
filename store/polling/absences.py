"""Listings that were there and that a list lacks: looked for once more before they count as gone.

A list that comes in pages moves while it is read: where a record before it is deleted, a listing
slips from the next page to the one that was read already, and is in neither.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from store.model import Record
from store.polling import staging
from store.polling.sweep import Sweep

ABSENT_ONCE = "not in the channel's newest list; the next poll decides"
"""The problem of a listing that one list lacked: what it shows is not known until the next one."""


class AbsentListing(NamedTuple):
    """A listing that the poll lacks, by our names and the channel's own `ref`."""

    listing_id: int
    sku: str
    location: str
    ref: str
    was_absent: bool
    """The list before lacked it, too."""


def find(connection: sqlite3.Connection, sweep: Sweep) -> list[AbsentListing]:
    """The listings that were there and have not come. All pages must be in."""
    if not staging.counts(connection, sweep).gone:
        return []
    rows = connection.execute(
        """SELECT l.id, i.sku, i.location, coalesce(l.ref, ''), coalesce(l.problem = ?, 0)
        FROM counted k CROSS JOIN listings l ON l.id = k.listing_id JOIN items i ON i.id = l.item_id
        WHERE k.poll_id = ? AND k.copies = 0 AND l.present = 1 ORDER BY i.sku, i.location""",
        (ABSENT_ONCE, sweep.poll_id),
    )
    return [
        AbsentListing(listing_id, sku, location, ref, bool(was_absent))
        for listing_id, sku, location, ref, was_absent in rows
    ]


def take_back(
    connection: sqlite3.Connection,
    sweep: Sweep,
    found: Sequence[AbsentListing],
    records: Sequence[Record],
) -> None:
    """Count these as there after all, with the records that reading them by themselves gave."""
    staging.stage(connection, sweep, records)
    copies = Counter((record.sku, record.location) for record in records)
    connection.executemany(
        "UPDATE counted SET copies = ? WHERE poll_id = ? AND listing_id = ?",
        (
            (copies[listing.sku, listing.location], sweep.poll_id, listing.listing_id)
            for listing in found
        ),
    )


def spare(connection: sqlite3.Connection, sweep: Sweep, listing_ids: Iterable[int]) -> None:
    """Keep these as they are until the next poll: unreadable, and not gone."""
    cursor = connection.executemany(
        "UPDATE counted SET doubt = ? WHERE poll_id = ? AND listing_id = ?",
        ((ABSENT_ONCE, sweep.poll_id, listing_id) for listing_id in listing_ids),
    )
    sweep.spared = cursor.rowcount

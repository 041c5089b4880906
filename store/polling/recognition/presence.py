"""Which listings a poll lacks that the last good one had, and which stand in it more than once."""

import sqlite3
from array import array
from collections import Counter
from itertools import chain

from store.cells.cell_ids import cell, of_channel
from store.polling import bad_records, list_lag
from store.polling.recognition.pages import NEW, NO_RECORD, differing
from store.polling.sweep import Sweep

# What was new when its page came; another channel's poll may have made it a listing since.
_NO_LONGER_NEW = f"""SELECT p.id, coalesce(l.id, 0) FROM stage p
LEFT JOIN items i ON i.sku = p.sku AND i.location = p.location
LEFT JOIN cells l ON l.id = {cell("?", "i.id")}
WHERE p.poll_id = ? AND p.listing_id IS NULL AND p.problem IS NULL ORDER BY p.id"""


def count(connection: sqlite3.Connection, sweep: Sweep) -> None:
    """Find which listings have gone and which stand more than once; work follows the change."""
    if sweep.counted:
        return
    sweep.counted = True
    list_lag.set_aside(connection, sweep)
    _find_no_longer_new(connection, sweep)
    if sweep.all_new:
        return
    known = set(chain.from_iterable(part for part in sweep.layout if isinstance(part, range)))
    doubtful = _come_or_gone(connection, sweep, known).union(sweep.suspects)
    doubtful.difference_update((NEW, NO_RECORD))
    seen: Counter[int] = Counter()
    if doubtful:
        entries = chain(sweep.listing_ids, sweep.recogniser.listed(known))
        seen.update(filter(doubtful.__contains__, entries))
        for listing_id in doubtful.intersection(bad_records.listings(connection, sweep)):
            seen[listing_id] = max(seen[listing_id], 1)
    odd = {listing_id for listing_id in doubtful if seen[listing_id] != 1}.union(sweep.suspects)
    connection.executemany(
        "INSERT OR REPLACE INTO counted (poll_id, listing_id, copies) VALUES (?, ?, ?)",
        ((sweep.poll_id, listing_id, seen[listing_id]) for listing_id in odd),
    )


def _come_or_gone(connection: sqlite3.Connection, sweep: Sweep, known: set[int]) -> set[int]:
    """The listings that stand in the poll more or less often than in the last good one.

    `known`: the pages of that one that it has too.
    """
    recogniser = sweep.recogniser
    if recogniser.everything_stands:
        return set()
    if sweep.is_part:
        return set(sweep.listing_ids)
    if recogniser.counts:
        before = recogniser.lacking(known)
    else:
        rows = connection.execute(
            f"SELECT id FROM cells WHERE {of_channel('id', '?1')} AND present = 1",
            (sweep.channel_id,),
        )
        before = array("q", (row[0] for row in rows))
    return differing(before, sweep.listing_ids)


def _find_no_longer_new(connection: sqlite3.Connection, sweep: Sweep) -> None:
    """Find the listings that have come into being since their record's page came."""
    if sweep.is_first and not has_listings(connection, sweep.channel_id):
        sweep.all_new = True
        return
    rows = connection.execute(_NO_LONGER_NEW, (sweep.channel_id, sweep.poll_id)).fetchall()
    sweep.fill_in(array("q", (listing_id for _, listing_id in rows)))
    connection.executemany(
        "UPDATE stage SET listing_id = ? WHERE id = ?",
        ((listing_id, stage_id) for stage_id, listing_id in rows if listing_id),
    )


def has_listings(connection: sqlite3.Connection, channel_id: int) -> bool:
    """Whether the channel has any listing yet."""
    # Asked of the listings themselves. A channel whose polls have left no record, or whose listings
    # were read one by one before its first poll, would have all of them made a second time.
    found = connection.execute(
        f"SELECT 1 FROM cells WHERE {of_channel('id', '?1')} LIMIT 1", (channel_id,)
    ).fetchone()
    return found is not None

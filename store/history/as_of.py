"""What was true of a SKU at an instant, beside what was known of it then.

What was true goes by the time at which a channel says that it was so; what was known, by the time
at which we read it.
"""

import sqlite3
from collections.abc import Collection, Iterator

import msgspec

from store.accounts import reading_history
from store.accounts.reading_history import Reading
from store.cells.cell_ids import cell
from store.history import timeline
from store.model import Millis
from store.queries.values import HistoryEntry


class TargetAsOf(msgspec.Struct, frozen=True):
    """A target, and from when on it was in force."""

    quantity: int | None
    state: str | None
    since_at: Millis


class ListingAsOf(msgspec.Struct, frozen=True):
    """One listing at an instant."""

    channel: str
    location: str
    true: Reading | None
    """What was true, as far as is known now; None where nothing of it is kept."""
    known: Reading | None
    """What we knew then; None where we had not read it."""
    target: TargetAsOf | None

    @property
    def known_at(self) -> Millis | None:
        """When we came to know what was true."""
        return None if self.true is None else self.true.observed_at


class SkuAsOf(msgspec.Struct, frozen=True):
    """A SKU at an instant."""

    at: Millis
    cells: tuple[ListingAsOf, ...]
    open: tuple[HistoryEntry, ...]
    """The disagreements that were open then."""


def sku_as_of(connection: sqlite3.Connection, sku: str, *, at: Millis) -> SkuAsOf:
    """What was true of a SKU at an instant, what was known of it, and what had happened."""
    targets = _targets(connection, sku, at=at)
    cells = (
        ListingAsOf(
            listing.channel,
            listing.location,
            listing.true[0],
            listing.known[0],
            targets.get(listing.id),
        )
        for listing in reading_history.listings(connection, sku, (at,))
    )
    still = happened(connection, sku, at=at, kinds=("disagreement",))
    return SkuAsOf(
        at=at,
        cells=tuple(listing for listing in cells if listing.true or listing.known),
        open=tuple(entry for entry in still if not _had_closed(entry, at)),
    )


def happened(
    connection: sqlite3.Connection, sku: str, *, at: Millis, kinds: Collection[str] = ()
) -> Iterator[HistoryEntry]:
    """What had happened by then, as it is read, whether or not we knew of it."""
    found = timeline.entries(connection, sku, kinds=kinds)
    return (entry for entry in found if _happened_at(entry) <= at)


def _happened_at(entry: HistoryEntry) -> Millis:
    """When it happened, by the channel's own time where it gives one."""
    source_at = entry.detail.get("source_at")
    return min(entry.at, source_at) if isinstance(source_at, int) else entry.at


def _had_closed(entry: HistoryEntry, at: Millis) -> bool:
    closed_at = entry.detail.get("closed_at")
    return isinstance(closed_at, int) and closed_at <= at


def _targets(connection: sqlite3.Connection, sku: str, *, at: Millis) -> dict[int, TargetAsOf]:
    """By listing, the target that was in force."""
    rows = connection.execute(_TARGETS, {"sku": sku, "at": at})
    return {listing_id: TargetAsOf(*row) for listing_id, *row in rows}


_OF_SKU = f"FROM items i JOIN channels c JOIN listings l ON l.id = {cell('c.id', 'i.id')}"

# In the order in which they came into force, so that the dict above keeps the last one.
_TARGETS = f"""SELECT l.id, t.quantity, t.state, t.since_at AS since_at {_OF_SKU}
JOIN past_targets t ON t.listing_id = l.id
WHERE i.sku = :sku AND t.since_at <= :at AND t.until_at > :at
UNION ALL SELECT l.id, l.target_quantity, l.target_state, l.target_since {_OF_SKU}
WHERE i.sku = :sku AND l.target_since <= :at
ORDER BY since_at"""

"""What is kept of one SKU's readings: each with when it was true and when we knew of it."""

import math
import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from store.cells.cell_ids import cell
from store.database.rows import Columns
from store.model import Millis


class Reading(msgspec.Struct, frozen=True):
    """What a channel showed of one listing, from `observed_at` on."""

    present: bool
    available: int | None
    state: str | None
    on_hand: int | None
    committed: int | None
    source_at: Millis | None
    """When the channel says that the listing had last moved."""
    as_of: Millis
    """Its source time, else its file's time, else when it was read."""
    observed_at: Millis
    at_least: bool = False
    """The channel says only that it had at least so many."""

    @property
    def changed_at(self) -> Millis:
        """Its source time, else when it was read."""
        return self.observed_at if self.source_at is None else self.source_at

    @property
    def true_at(self) -> Millis:
        """From when on it was true. A source time after the reading is of other figures."""
        return min(self.as_of, self.observed_at)


class ListingReadings(msgspec.Struct, frozen=True):
    """One listing's readings at the instants that were asked for, a place each."""

    id: int
    channel: str
    location: str
    opening: Reading | None
    """What its account counts from: the first reading, and what has been thinned out since."""
    known: tuple[Reading | None, ...]
    """The one that we knew then; None where we had not read it."""
    true: tuple[Reading | None, ...]
    """The one that was true then, as far as is known by now."""


# A file's own time stands with the poll that read it.
_FILE_AT = """(SELECT p.as_of FROM polls p WHERE p.channel_id = l.channel_id
  AND p.finished_at = {r}.observed_at AND p.as_of IS NOT NULL LIMIT 1)"""

_READING = Columns(
    Reading,
    {name: f"{{r}}.{name}" for name in Reading.__struct_fields__}
    | {"as_of": f"coalesce({{r}}.source_at, {_FILE_AT}, {{r}}.observed_at)"},
    {"present": bool, "at_least": bool},
)

_READINGS = f"""SELECT l.id, c.name, i.location, l.opening, l.opening_at, l.opening_read_at,
  {{reading}}, {{until}} AS until_at
FROM items i JOIN channels c JOIN listings l ON l.id = {cell("c.id", "i.id")} {{join}}
WHERE i.sku = :sku AND l.observed_at IS NOT NULL"""

_ALL = f"""{
    _READINGS.format(
        reading=_READING.sql.format(r="r"),
        until="r.until_at",
        join="JOIN past_readings r ON r.listing_id = l.id",
    )
}
UNION ALL {_READINGS.format(reading=_READING.sql.format(r="l"), until=str(2**63 - 1), join="")}
ORDER BY 1, until_at"""


class _Listing(NamedTuple):
    """What stands before the reading in each row of a listing."""

    id: int
    channel: str
    location: str
    opening: int | None
    opening_at: Millis
    opening_read_at: Millis


def listings(
    connection: sqlite3.Connection, sku: str, instants: Sequence[Millis | None]
) -> list[ListingReadings]:
    """The listings of a SKU that have ever been read, at these instants; None: now.

    However many readings are kept, they are read one at a time.
    """
    found: dict[_Listing, _Kept] = {}
    for listing_id, channel, location, opening, opening_at, read_at, *row, _ in connection.execute(
        _ALL, {"sku": sku}
    ):
        listing = _Listing(listing_id, channel, location, opening, opening_at, read_at)
        kept = found.get(listing)
        if kept is None:
            kept = found[listing] = _Kept(instants)
        kept.add(_READING.read(row))
    return [
        ListingReadings(
            listing.id,
            listing.channel,
            listing.location,
            _opening(listing),
            tuple(kept.known),
            tuple(kept.true),
        )
        for listing, kept in found.items()
    ]


class _Kept:
    """Of one listing's readings, which come oldest first, those of the instants."""

    def __init__(self, instants: Sequence[Millis | None]) -> None:
        self._instants = [math.inf if at is None else at for at in instants]
        self.known: list[Reading | None] = [None] * len(instants)
        self.true: list[Reading | None] = [None] * len(instants)

    def add(self, reading: Reading) -> None:
        for place, at in enumerate(self._instants):
            if reading.observed_at <= at:
                self.known[place] = reading
            was = self.true[place]
            if reading.true_at <= at and (was is None or _is_later(reading, was)):
                self.true[place] = reading


def _is_later(reading: Reading, other: Reading) -> bool:
    return (reading.true_at, reading.observed_at) > (other.true_at, other.observed_at)


def _opening(listing: _Listing) -> Reading | None:
    if listing.opening is None:
        return None
    return Reading(
        present=True,
        available=listing.opening,
        state=None,
        on_hand=None,
        committed=None,
        source_at=None,
        as_of=listing.opening_at,
        observed_at=listing.opening_read_at,
    )

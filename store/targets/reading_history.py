"""What is kept of one SKU's readings: each with when it was true and when we knew of it."""

import sqlite3
from typing import NamedTuple

import msgspec

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
    """One listing's readings, oldest first; the last one is in force."""

    id: int
    channel: str
    location: str
    readings: tuple[Reading, ...]
    opening: Reading | None
    """What its account counts from: the first reading, and what has been thinned out since."""

    def known_at(self, at: Millis | None) -> Reading | None:
        """The reading that we knew at an instant; None: the newest."""
        known = [reading for reading in self.readings if at is None or reading.observed_at <= at]
        return known[-1] if known else None

    def true_at(self, at: Millis) -> Reading | None:
        """The reading that was true at an instant, as far as is known by now."""
        found = [reading for reading in self.readings if reading.true_at <= at]
        return max(found, key=lambda reading: (reading.true_at, reading.observed_at), default=None)


# A file's own time stands with the poll that read it.
_FILE_AT = """(SELECT p.as_of FROM polls p WHERE p.channel_id = l.channel_id
  AND p.finished_at = {r}.observed_at AND p.as_of IS NOT NULL LIMIT 1)"""

_READING = Columns(
    Reading,
    {name: f"{{r}}.{name}" for name in Reading.__struct_fields__}
    | {"as_of": f"coalesce({{r}}.source_at, {_FILE_AT}, {{r}}.observed_at)"},
    {"present": bool, "at_least": bool},
)

_READINGS = """SELECT l.id, c.name, i.location, l.opening, l.opening_at, l.opening_read_at,
  {reading}, {until} AS until_at
FROM items i JOIN listings l ON l.item_id = i.id JOIN channels c ON c.id = l.channel_id {join}
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


def listings(connection: sqlite3.Connection, sku: str) -> list[ListingReadings]:
    """The listings of a SKU that have ever been read, with their kept readings."""
    found: dict[_Listing, list[Reading]] = {}
    for listing_id, channel, location, opening, opening_at, read_at, *row, _ in connection.execute(
        _ALL, {"sku": sku}
    ):
        listing = _Listing(listing_id, channel, location, opening, opening_at, read_at)
        found.setdefault(listing, []).append(_READING.read(row))
    return [_readings(listing, tuple(readings)) for listing, readings in found.items()]


def _readings(listing: _Listing, readings: tuple[Reading, ...]) -> ListingReadings:
    opened = None
    if listing.opening is not None:
        opened = Reading(
            present=True,
            available=listing.opening,
            state=None,
            on_hand=None,
            committed=None,
            source_at=None,
            as_of=listing.opening_at,
            observed_at=listing.opening_read_at,
        )
    return ListingReadings(listing.id, listing.channel, listing.location, readings, opened)

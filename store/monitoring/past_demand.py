"""What was sold, returned and delivered in the past, of the SKUs that moved most: as far as kept.

Sales and returns are what outlets reported as events; where one reports none, what its readings
fell by, but not to what it should show: that was written. Deliveries, and sales over the
warehouse's own counter, are what its readings rose or fell by beyond that.
"""

import sqlite3
from collections.abc import Sequence
from itertools import pairwise
from typing import Literal, NamedTuple

from store.model import Millis

Movement = Literal["sold", "given back", "received", "sold at the counter"]

TAKES = ("ordered", "held")
GIVES = ("cancelled", "released", "restocked")


class PastMovement(NamedTuple):
    """One movement of one SKU."""

    at: Millis
    what: Movement
    channel: str
    sku: str
    units: int
    order: str = ""


class PastSku(NamedTuple):
    """A SKU with what its authority had, oldest first: each number with since when."""

    sku: str
    title: str
    price_minor: int
    stock: Sequence[tuple[Millis, int]]


class PastDemand(NamedTuple):
    """What moved, in the order of its times."""

    skus: Sequence[PastSku]
    movements: Sequence[PastMovement]


def most_moved(connection: sqlite3.Connection, count: int) -> list[tuple[str, str, int]]:
    """SKU, title and price of those that moved most, the most first."""
    rows = connection.execute(
        """SELECT i.sku, coalesce(max(i.title), i.sku), coalesce(max(i.price_minor), 0)
        FROM items i JOIN listings q ON q.id = i.quantity_listing_id
        WHERE q.present = 1 AND q.available IS NOT NULL GROUP BY i.sku
        ORDER BY (SELECT count(*) FROM events e JOIN items o ON o.id = e.item_id
            WHERE o.sku = i.sku) DESC,
          (SELECT count(*) FROM former_readings r JOIN items o ON o.id = (r.listing_id & 268435455)
            WHERE o.sku = i.sku) DESC, i.sku LIMIT ?""",
        (count,),
    )
    return [(sku, title, price) for sku, title, price in rows]


def read(connection: sqlite3.Connection, count: int) -> PastDemand:
    """What is kept of the SKUs that moved most, each at one place.

    Of a SKU at several places only the one with no name counts, or the first.
    """
    reporting = {
        name
        for (name,) in connection.execute(
            "SELECT DISTINCT c.name FROM events e JOIN channels c ON c.id = e.channel_id"
        )
    }
    skus, movements = [], []
    for sku, title, price in most_moved(connection, count):
        item_id, authority = connection.execute(
            """SELECT i.id, c.name FROM items i JOIN listings q ON q.id = i.quantity_listing_id
            JOIN channels c ON c.id = q.channel_id WHERE i.sku = ? ORDER BY i.location LIMIT 1""",
            (sku,),
        ).fetchone()
        events = _events(connection, item_id)
        readings = _readings(connection, item_id)
        found = _of_outlets(sku, authority, events, readings, reporting)
        found += _of_falls(connection, sku, item_id, authority, readings, reporting)
        stock = readings.get(authority, [])
        found += _of_stock(sku, authority, stock, sorted(found))
        movements += found
        skus.append(PastSku(sku, title, price, stock))
    return PastDemand(skus, sorted(movements))


_Readings = dict[str, list[tuple[Millis, int]]]


def _events(
    connection: sqlite3.Connection, item_id: int
) -> list[tuple[str, str, int, Millis, str]]:
    rows = connection.execute(
        """SELECT c.name, e.kind, e.counted, min(e.at, e.received_at), coalesce(e.order_ref, '')
        FROM events e JOIN channels c ON c.id = e.channel_id
        WHERE e.item_id = ? AND e.counted > 0 ORDER BY 4, e.id""",
        (item_id,),
    )
    return rows.fetchall()


def _readings(connection: sqlite3.Connection, item_id: int) -> _Readings:
    """By channel, each number that was shown, with when it was first seen."""
    rows = connection.execute(
        """SELECT c.name, r.observed_at, r.available FROM past_readings r
        JOIN listings l ON l.id = r.listing_id JOIN channels c ON c.id = l.channel_id
        WHERE l.item_id = :item AND r.present = 1 AND r.available IS NOT NULL
        UNION ALL SELECT c.name, l.observed_at, l.available FROM listings l
        JOIN channels c ON c.id = l.channel_id
        WHERE l.item_id = :item AND l.present = 1 AND l.available IS NOT NULL ORDER BY 1, 2""",
        {"item": item_id},
    )
    found: _Readings = {}
    for channel, at, available in rows:
        found.setdefault(channel, []).append((at, available))
    return found


def _of_outlets(
    sku: str,
    authority: str,
    events: Sequence[tuple[str, str, int, Millis, str]],
    readings: _Readings,
    reporting: set[str],
) -> list[PastMovement]:
    """What the outlets reported. A channel that has shown no stock of it is no outlet of it."""
    found = []
    for channel, kind, units, at, order in events:
        if channel == authority or channel not in reporting & set(readings):
            continue
        if kind in TAKES:
            found.append(PastMovement(at, "sold", channel, sku, units, order))
        elif kind in GIVES and order:
            found.append(PastMovement(at, "given back", channel, sku, units, order))
    return found


def _of_falls(
    connection: sqlite3.Connection,
    sku: str,
    item_id: int,
    authority: str,
    readings: _Readings,
    reporting: set[str],
) -> list[PastMovement]:
    """What outlets that report no events fell by, but for our own writes."""
    written = connection.execute(
        """SELECT c.name, k.to_quantity, k.applying_at FROM corrections k
        JOIN listings l ON l.id = k.listing_id JOIN channels c ON c.id = l.channel_id
        WHERE l.item_id = ? AND k.applying_at IS NOT NULL AND k.to_quantity IS NOT NULL""",
        (item_id,),
    ).fetchall()
    targets = connection.execute(
        """SELECT c.name, t.quantity, t.since_at, t.until_at FROM past_targets t
        JOIN listings l ON l.id = t.listing_id JOIN channels c ON c.id = l.channel_id
        WHERE l.item_id = :item
        UNION ALL SELECT c.name, l.target_quantity, l.target_since, :ever FROM listings l
        JOIN channels c ON c.id = l.channel_id WHERE l.item_id = :item""",
        {"item": item_id, "ever": 2**63 - 1},
    ).fetchall()

    def was_set(channel: str, since: Millis, at: Millis, number: int) -> bool:
        """Whether we wrote it, or the shop's own connector did: then it is its target."""
        return any(
            name == channel and quantity == number and since <= written_at <= at
            for name, quantity, written_at in written
        ) or any(
            name == channel and quantity == number and from_at <= at <= until_at
            for name, quantity, from_at, until_at in targets
        )

    return [
        PastMovement(at, "sold", channel, sku, before - after)
        for channel, shown in readings.items()
        if channel != authority and channel not in reporting
        for (since, before), (at, after) in pairwise(shown)
        if after < before and not was_set(channel, since, at, after)
    ]


def _of_stock(
    sku: str, authority: str, stock: Sequence[tuple[Millis, int]], known: Sequence[PastMovement]
) -> list[PastMovement]:
    """What the authority's numbers moved by beyond what outlets sold and took back."""
    found, place, to_book, to_free = [], 0, 0, 0
    for (_, before), (at, after) in pairwise(stock):
        while place < len(known) and known[place].at <= at:
            if known[place].what == "sold":
                to_book += known[place].units
            else:
                to_free += known[place].units
            place += 1
        moved = after - before
        # What rises in all has also booked what was sold before: else the stock would drift away.
        booked = to_book if moved > 0 else min(to_book, -moved)
        freed = min(to_free, max(0, moved))
        to_book, to_free = to_book - booked, to_free - freed
        rest = moved + booked - freed
        if rest > 0:
            found.append(PastMovement(at, "received", authority, sku, rest))
        elif rest < 0:
            found.append(PastMovement(at, "sold at the counter", authority, sku, -rest))
    return found

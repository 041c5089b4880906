"""How much of an event counts: what returns to an order, and adjustments that are taken back.

Rule 7, docs/architecture.md. Both are found from all that is known of the order or the listing, in
the order of the events' own times, so that the order in which they come plays no part:

- An order gives back no more than it took. What is above that moves nothing.
- An adjustment upwards takes back earlier falls of its listing, and a fall exactly an earlier rise
  of the same size: a number that was mistyped and put right again has moved nothing.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from store.cells.cell_ids import cell
from store.channels import incidents
from store.database import worklist
from store.database.rows import Columns
from store.event_kinds import EFFECTS, RETURNS, TAKES, EventFault, EventKind
from store.model import QUANTITY_MAX, IncidentKind, Millis
from store.targets.policy_sql import PolicySql

ALIKE_MS = 3_600_000
"""How far apart two channels' reports of one movement of an order may be in time."""

TAKEN_BACK_MS = 86_400_000
"""For how long an adjustment can be taken back: what is older is no typing error."""

OF_LATE_MS = 7 * 86_400_000
"""How old what was taken may be, that a return without an order's number gives back."""

EXCESS = "excess"
"""Key of the incident that orders gave back more than they took."""


class OrderEvent(NamedTuple):
    """An event that takes for an order, or gives back to it."""

    item_id: int
    order: str
    row: int
    channel: str
    event_id: str
    kind: str
    quantity: int
    at: Millis


class Adjustment(NamedTuple):
    """A channel's own change of one listing's number, signed."""

    item_id: int
    channel_id: int
    row: int
    event_id: str
    quantity: int
    at: Millis


def of_order(events: Iterable[OrderEvent]) -> dict[int, int]:
    """By event row, how much of it counts: of all events of one order number and SKU.

    What returns is counted up to what was taken. Without anything taken there is no bound: the
    events of a channel that never said what an order took count whole, and raise nothing.
    """
    known = sorted(events, key=lambda event: (event.at, event.channel, event.event_id))
    orders = _orders(known)
    counted = {event.row: event.quantity for event in known}
    for channels, taken in orders:
        left = taken
        told: list[OrderEvent] = []
        for event in known:
            if event.channel not in channels or event.kind not in RETURNS:
                continue
            first = _told_before(event, told)
            if first is not None:
                told.remove(first)
                continue
            told.append(event)
            counted[event.row] = min(event.quantity, left)
            left -= counted[event.row]
    return counted


def _orders(known: Sequence[OrderEvent]) -> list[tuple[set[str], int]]:
    """The orders behind one number: the channels that report each, and what it took.

    Order numbers belong to their channel. Two channels report one order where a taking of the one
    is alike to a taking of the other.
    """
    orders: list[tuple[set[str], int]] = []
    told: list[OrderEvent] = []
    for event in known:
        if event.kind not in TAKES:
            continue
        first = _told_before(event, told)
        mine = [order for order in orders if event.channel in order[0]]
        if first is None:
            told.append(event)
        else:
            told.remove(first)
            mine += [order for order in orders if first.channel in order[0] and order not in mine]
        orders = [order for order in orders if order not in mine]
        channels = {event.channel}.union(*(others for others, _ in mine))
        taken = sum(so_far for _, so_far in mine) + (event.quantity if first is None else 0)
        orders.append((channels, taken))
    return orders


def _told_before(event: OrderEvent, told: Iterable[OrderEvent]) -> OrderEvent | None:
    """What another channel said of the same movement before, if it did."""
    return next(
        (
            other
            for other in told
            if other.channel != event.channel
            and (other.kind, other.quantity) == (event.kind, event.quantity)
            and event.at - other.at <= ALIKE_MS
        ),
        None,
    )


def of_adjustments(events: Iterable[Adjustment], writes: Sequence[Millis]) -> dict[int, int]:
    """By event row, how much of each fall counts: of one listing's adjustments, without echoes.

    `writes` are the times of our own writes to it: what was before one is not taken back after it,
    for the write has made the number right. A rise counts whole; it never raises anything.
    """
    known = sorted(events, key=attrgetter("at", "event_id"))
    counted = {event.row: event.quantity for event in known}

    def is_open(earlier: Adjustment, later: Adjustment) -> bool:
        return later.at - earlier.at <= TAKEN_BACK_MS and not any(
            earlier.at <= written <= later.at for written in writes
        )

    # First the falls that take back a whole rise: then neither has ever been. What remains is gone
    # through once more, for such a rise may have taken back a fall before.
    standing: list[Adjustment] = []
    for event in known:
        undone = next(
            (
                earlier
                for earlier in reversed(standing)
                if event.quantity < 0
                and earlier.quantity == -event.quantity
                and is_open(earlier, event)
            ),
            None,
        )
        if undone is None:
            standing.append(event)
        else:
            standing.remove(undone)
            counted[event.row] = 0
    falls: list[Adjustment] = []
    for event in standing:
        if event.quantity < 0:
            falls.append(event)
        left = event.quantity
        for fall in reversed(falls):
            if left > 0 and is_open(fall, event):
                back = min(left, -counted[fall.row])
                counted[fall.row] += back
                left -= back
    return counted


_WORK_TABLES = (
    """CREATE TEMP TABLE IF NOT EXISTS recounted
      (event_row INTEGER PRIMARY KEY, counted INTEGER NOT NULL)""",
    """CREATE TEMP TABLE IF NOT EXISTS adjusting (item_id INTEGER, channel_id INTEGER,
      first_at INTEGER NOT NULL, PRIMARY KEY (item_id, channel_id))""",
)


def _among(kinds: Iterable[EventKind]) -> str:
    words = ", ".join(f"'{kind}'" for kind in kinds)
    return f"({words})"


LOOKS_BACK = f"e.kind IN {_among((*RETURNS, EventKind.ADJUSTED))}"
"""SQL for whether how much of event e counts may hang on other events, without an order too."""

GIVES_BACK = f"e.order_ref IS NOT NULL AND e.kind IN {_among(RETURNS)}"
"""SQL for whether event e returns something to an order."""

_TAKEN_BEFORE = f"""EXISTS (SELECT 1 FROM events o WHERE o.item_id = e.item_id
  AND o.order_ref = e.order_ref AND o.kind IN {_among(TAKES)} AND +o.channel_id = e.channel_id)"""
# Where a return names no order, all that its channel took of late and has not given back before is
# what it can be of.
_TAKEN_OF_LATE = f"""e.quantity <= (SELECT coalesce(sum(
    CASE WHEN o.kind IN {_among(TAKES)} THEN o.quantity ELSE -o.counted END), 0)
  FROM events o WHERE o.item_id = e.item_id AND +o.channel_id = e.channel_id
    AND o.at > e.at - {OF_LATE_MS} AND (o.kind IN {_among(TAKES)}
      OR o.kind IN {_among(RETURNS)} AND (o.at, o.event_id) < (e.at, e.event_id)))"""
OF_NOTHING_KNOWN = f"""(e.kind IN {_among(RETURNS)} AND NOT CASE
  WHEN e.order_ref IS NULL THEN {_TAKEN_OF_LATE} ELSE {_TAKEN_BEFORE} END)"""
"""SQL for whether event e returns what its channel has never said to be taken."""

_FRESH = "fresh_events x CROSS JOIN events e ON e.id = x.event_row"
_ORDER = Columns(
    OrderEvent,
    {
        "item_id": "o.item_id",
        "order": "o.order_ref",
        "row": "o.id",
        "channel": "c.name",
        "event_id": "o.event_id",
        "kind": "o.kind",
        "quantity": "o.quantity",
        "at": "o.at",
    },
)
# What is taken counts whole: an order to which nothing has returned needs no second look.
_OF_ORDERS = f"""SELECT {_ORDER.sql}
FROM (SELECT DISTINCT e.item_id, e.order_ref FROM {_FRESH} WHERE e.order_ref IS NOT NULL
  AND x.alone = 0 AND EXISTS (SELECT 1 FROM events r WHERE r.item_id = e.item_id
    AND r.order_ref = e.order_ref AND r.kind IN {_among(RETURNS)})) f
CROSS JOIN events o ON o.item_id = f.item_id AND o.order_ref = f.order_ref
  AND o.kind IN {_among((*TAKES, *RETURNS))}
JOIN channels c ON c.id = o.channel_id ORDER BY o.item_id, o.order_ref"""

_ADJUSTMENT = Columns(
    Adjustment,
    {
        "item_id": "e.item_id",
        "channel_id": "e.channel_id",
        "row": "e.id",
        "event_id": "e.event_id",
        "quantity": "e.quantity",
        "at": "e.at",
    },
)
# What is read begins two spans before the first new event: one that it could take back, and one
# for what that could have taken back.
_OF_ADJUSTING = f"""SELECT {_ADJUSTMENT.sql}
FROM adjusting f CROSS JOIN events e ON e.item_id = f.item_id AND e.channel_id = f.channel_id
  AND e.kind = 'adjusted' AND e.at >= f.first_at - {2 * TAKEN_BACK_MS}
WHERE NOT {{echo}} ORDER BY e.item_id, e.channel_id"""
_WRITES = f"""SELECT f.item_id, f.channel_id, k.applying_at
FROM adjusting f CROSS JOIN corrections k ON k.listing_id = {cell("f.channel_id", "f.item_id")}
  AND k.applying_at >= f.first_at - {2 * TAKEN_BACK_MS}"""


def settle(connection: sqlite3.Connection, compiled: PolicySql, *, echo: str) -> None:
    """Count again what the events of this transaction change, and what that moves.

    `echo` is SQL for whether event e is a write of ours. Costs what is known of the orders and of
    the last days of the listings that the events are about.
    """
    if connection.execute("SELECT 1 FROM fresh_events WHERE alone = 0 LIMIT 1").fetchone() is None:
        return
    for statement in _WORK_TABLES:
        connection.execute(statement)
    connection.execute("DELETE FROM recounted")
    connection.execute("DELETE FROM adjusting")
    counted: dict[int, int] = {}
    orders = map(_ORDER.read, connection.execute(_OF_ORDERS).fetchall())
    for _, events in groupby(orders, attrgetter("item_id", "order")):
        counted |= of_order(events)
    connection.execute(
        f"""INSERT INTO adjusting SELECT e.item_id, e.channel_id, min(e.at) FROM {_FRESH}
        WHERE x.alone = 0 AND e.kind = 'adjusted' GROUP BY e.item_id, e.channel_id"""
    )
    writes: dict[tuple[int, int], list[Millis]] = defaultdict(list)
    for item_id, channel_id, written_at in connection.execute(_WRITES):
        writes[item_id, channel_id].append(written_at)
    adjusted = connection.execute(_OF_ADJUSTING.format(echo=echo)).fetchall()
    for listing, changes in groupby(
        map(_ADJUSTMENT.read, adjusted), attrgetter("item_id", "channel_id")
    ):
        counted |= of_adjustments(changes, writes[listing])
    connection.executemany("INSERT INTO recounted VALUES (?, ?)", counted.items())
    connection.execute(
        """DELETE FROM recounted WHERE counted = (SELECT e.counted FROM events e
        WHERE e.id = recounted.event_row)"""
    )
    # Row by row: an UPDATE that joins would go through all events there are.
    recounted = connection.execute("SELECT counted, event_row FROM recounted").fetchall()
    if recounted:
        connection.executemany("UPDATE events SET counted = ? WHERE id = ?", recounted)
        moved = connection.execute(movements(compiled, "recounted"), compiled.values).fetchall()
        connection.executemany(
            "UPDATE movements SET available = ?, on_hand = ? WHERE item_id = ? AND event_row = ?",
            [(available, on_hand, item_id, row) for row, item_id, available, on_hand, _ in moved],
        )
        worklist.note(connection, (item_id for _, item_id, *_ in moved))


def happened_at(event: str) -> str:
    """SQL for when an event happened: not after we first saw it, whatever its channel's clock says.

    A time to come would be later than every reading until our clock comes to it.
    """
    return f"min({event}.at, {event}.received_at)"


def movements(compiled: PolicySql, rows: str) -> str:
    """SQL for what the events in table `rows` move: event_row, item_id, available, on_hand, at."""
    # Alias l is the event here: its units are those of its channel.
    pieces = f"""max(-{QUANTITY_MAX}, min({QUANTITY_MAX}, l.counted
      * coalesce({compiled.units()}, 1) * coalesce(b.quantity, 1)))"""
    return f"""SELECT l.id AS event_row, coalesce(part.id, i.id) AS item_id,
      {pieces} * CASE l.kind {_SIGNS["available"]} END AS available,
      {pieces} * CASE l.kind {_SIGNS["on_hand"]} END AS on_hand, {happened_at("l")} AS at
    FROM {rows} r CROSS JOIN events l ON l.id = r.event_row JOIN items i ON i.id = l.item_id
    LEFT JOIN bundles b ON b.bundle_sku = i.sku
    LEFT JOIN items part ON part.sku = b.component_sku AND part.location = i.location"""


_SIGNS = {
    figure: " ".join(
        f"WHEN '{kind}' THEN {getattr(effect, figure)}" for kind, effect in EFFECTS.items()
    )
    for figure in ("available", "on_hand")
}

_EXCESSES = f"""SELECT c.name, e.event_id, e.kind, e.quantity, e.quantity - e.counted,
  e.order_ref, i.sku
FROM (SELECT DISTINCT e.item_id, e.order_ref FROM {_FRESH} WHERE x.alone = 0 AND {GIVES_BACK}) f
CROSS JOIN events e ON e.item_id = f.item_id AND e.order_ref = f.order_ref
  AND e.kind IN {_among(RETURNS)} AND e.counted < e.quantity
JOIN items i ON i.id = e.item_id JOIN channels c ON c.id = e.channel_id ORDER BY e.at, e.id"""


def report_excesses(connection: sqlite3.Connection, *, now: Millis) -> None:
    """Raise an incident for each channel whose orders have given back more than they took."""
    for name, event_id, kind, quantity, excess, order, sku in connection.execute(
        _EXCESSES
    ).fetchall():
        words = (
            f"order {order} gives back more of SKU {sku} than it took: of event {event_id} "
            f"({kind} {quantity:,}), {excess:,} moves nothing"
        )
        incidents.raise_incident(connection, name, IncidentKind.EVENTS, words, now=now, key=EXCESS)
        connection.execute(
            """INSERT INTO odd_events (channel_id, event_id, what, seen_at, words)
            SELECT c.id, :event, :what, :now, :words FROM channels c WHERE c.name = :channel
              AND NOT EXISTS (SELECT 1 FROM odd_events o WHERE o.channel_id = c.id
                AND o.what = :what AND o.words = :words)""",
            {"event": event_id, "what": EventFault.EXCESS, "now": now, "words": words,
             "channel": name},
        )  # fmt: skip

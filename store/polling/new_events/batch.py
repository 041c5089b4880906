"""Takes a batch of one channel's events in: by a few statements, as if each had come alone.

The unique key (channel, id) decides what is new: the same event in two batches, in a batch and a
file, or twice in one batch still counts once.
"""

import sqlite3
from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec

from store.accounts import account_rows
from store.cells.cell_ids import cell
from store.database import bulk, worklist
from store.database.rows import Columns
from store.event_kinds import EFFECTS, Event, EventFate, EventFault, EventsTaken
from store.model import QUANTITY_MAX, Millis, Refused
from store.polling.new_events import faults
from store.polling.new_events.faults import OddEvent
from store.targets import counted_events, pending_events

_BATCH = """CREATE TEMP TABLE IF NOT EXISTS batch (place INTEGER PRIMARY KEY,
  event_id TEXT NOT NULL, kind TEXT NOT NULL, sku TEXT NOT NULL, location TEXT NOT NULL,
  quantity INTEGER NOT NULL, at INTEGER NOT NULL, order_ref TEXT, available INTEGER NOT NULL,
  on_hand INTEGER NOT NULL)"""
_MOVES = {kind: (str(kind), effect.available, effect.on_hand) for kind, effect in EFFECTS.items()}

_BATCH_COLUMNS = ("place", "event_id", "kind", "sku", "location", "quantity", "at", "order_ref",
  "available", "on_hand")  # fmt: skip

# Of a bundle's event each component moves, at the same location.
_COMPONENTS = """bundles b CROSS JOIN items part
  ON part.sku = b.component_sku AND part.location = n.location WHERE b.bundle_sku = n.sku"""
# A new event's row is its place in the batch, after all rows that there were.
_TAKE = """INSERT INTO events (id, channel_id, event_id, kind, item_id, quantity, counted, at,
  order_ref, received_at, fate)
SELECT :newest + n.place, :channel, n.event_id, n.kind, i.id, n.quantity, n.quantity, n.at,
  n.order_ref, :now, :fate
FROM batch n CROSS JOIN items i ON i.sku = n.sku AND i.location = n.location ORDER BY n.place"""

# A movement counts as unseen until the projection has looked at it.
_MOVE = "INSERT INTO movements (event_row, item_id, available, on_hand, at)"
_NEW = "FROM batch n CROSS JOIN events e ON e.id = :newest + n.place"
_MOVE_COMPONENTS = f"""{_MOVE} SELECT e.id, part.id, n.available * b.quantity,
  n.on_hand * b.quantity, {counted_events.happened_at("e")} {_NEW} CROSS JOIN {_COMPONENTS}"""
_MOVE_ITEMS = f"""{_MOVE} SELECT e.id, e.item_id, n.available, n.on_hand,
  {counted_events.happened_at("e")} {_NEW}"""
_UNLESS_COMPONENTS = "WHERE NOT EXISTS (SELECT 1 FROM movements v WHERE v.event_row = e.id)"
_NOTE_COMPONENTS = f"""INSERT OR IGNORE INTO moved (item_id)
SELECT v.item_id {_NEW} CROSS JOIN movements v ON v.event_row = e.id"""
_NOTE_FRESH = f"""INSERT INTO fresh_events (event_row, alone)
SELECT e.id, NOT {counted_events.LOOKS_BACK} AND (e.order_ref IS NULL
  OR NOT EXISTS (SELECT 1 FROM events o WHERE {{of_order}} AND o.id <> e.id)) {_NEW}"""

# An event that the channel's reading cannot include, and on which no other hangs, adds nothing yet
# to the account of that listing; nor to the authority's, until it is found there.
_NOTE_ITEMS = f"""INSERT INTO moved (item_id, by_events)
SELECT e.item_id, CASE WHEN x.alone AND {{by_events}}
  AND {account_rows.BEFORE.format("e")} THEN 1 ELSE 0 END
FROM fresh_events x CROSS JOIN events e ON e.id = x.event_row
LEFT JOIN cells l ON l.id = {cell("e.channel_id", "e.item_id")} {account_rows.BESIDE}
WHERE x.event_row > :newest ON CONFLICT (item_id) DO UPDATE SET by_events = 0
WHERE by_events = 1 AND excluded.by_events = 0"""

# The authority's report of an order can come last, and then what others reported of it has been
# seen.
_OF_SAME_ORDER = """UPDATE movements SET unseen = 1 WHERE event_row IN (
  SELECT o.id FROM fresh_events x CROSS JOIN events e ON e.id = x.event_row
  CROSS JOIN events o ON {of_order} AND o.id <= :newest
  WHERE x.event_row > :newest AND x.alone = 0 AND e.order_ref IS NOT NULL) RETURNING item_id"""


class IncomingEvents(msgspec.Struct, frozen=True):
    """Events of one channel that came together, and what is to be known of the channel."""

    channel_id: int
    events: Sequence[Event]
    now: Millis
    not_after: Millis
    """Nothing is taken that is later: clocks differ, but not by more."""
    again_until: Millis | None
    """Up to here we read again on purpose: what comes again or late is not the channel's fault."""
    units: Callable[[str], int]
    """How many pieces one unit of the channel holds, by SKU."""
    any_bundles: bool
    any_pools: bool


class _Found(NamedTuple):
    """What the cache has of an event that is not simply new: its item, and how it came first."""

    place: int
    item_id: int | None
    kind: str | None
    """None: no event of that id has come before."""
    sku: str
    location: str
    quantity: int
    at: Millis
    order: str | None


_FOUND = Columns(
    _Found,
    {
        "place": "n.place",
        "item_id": "i.id",
        "kind": "e.kind",
        "sku": "k.sku",
        "location": "k.location",
        "quantity": "e.quantity",
        "at": "e.at",
        "order": "e.order_ref",
    },
)
_LOOK_UP = f"""SELECT {_FOUND.sql}
FROM batch n LEFT JOIN items i ON i.sku = n.sku AND i.location = n.location
LEFT JOIN events e ON e.channel_id = ? AND e.event_id = n.event_id
LEFT JOIN items k ON k.id = e.item_id WHERE i.id IS NULL OR e.id IS NOT NULL"""
_PIECES = f"SELECT n.place, max(b.quantity) FROM batch n CROSS JOIN {_COMPONENTS} GROUP BY n.place"


def take(connection: sqlite3.Connection, batch: IncomingEvents) -> list[EventsTaken]:
    """Record each event that is new and note what it moves; return what became of each, in order.

    A repeat changes nothing; one with another body is a conflict, and the first one stands. Costs
    a few statements, whatever there is of them.
    """
    (newest,) = connection.execute("SELECT coalesce(max(id), 0) FROM events").fetchone()
    ledger = _Ledger(connection, batch)
    refused = _write_batch(connection, batch)
    rows = connection.execute(_LOOK_UP, (batch.channel_id,)).fetchall()
    found = {found.place: found for found in map(_FOUND.read, rows)}
    if batch.any_bundles:
        refused |= _too_many_parts(connection, batch)
    taken = [
        ledger.judge(place, event, found.get(place), refused.get(place, ""))
        for place, event in enumerate(batch.events, 1)
    ]
    connection.executemany("DELETE FROM batch WHERE place = ?", ledger.passed_over)
    if len(ledger.passed_over) < len(batch.events):
        _record_new(connection, batch, newest)
    ledger.write_faults()
    return taken


def _write_batch(connection: sqlite3.Connection, batch: IncomingEvents) -> dict[int, str]:
    """Fill the temporary table `batch`; return why some can't be taken whatever the cache has."""
    connection.execute(_BATCH)
    connection.execute("DELETE FROM batch")
    refused: dict[int, str] = {}
    rows = []
    ahead_s = (batch.not_after - batch.now) // 1000
    for place, event in enumerate(batch.events, 1):
        if event.at > batch.not_after:
            refused[place] = f"its time is more than {ahead_s:,} s ahead of this machine's clock"
            continue
        pieces = event.quantity * batch.units(event.sku)
        quantity = event.quantity
        if abs(pieces) > QUANTITY_MAX:
            refused[place] = _TOO_MANY
            pieces = quantity = 0
        kind, available, on_hand = _MOVES[event.kind]
        rows.append(
            (place, event.id, kind, event.sku, event.location, quantity, event.at,
             event.order, available * pieces, on_hand * pieces)
        )  # fmt: skip
    columns = dict(zip(_BATCH_COLUMNS, zip(*rows, strict=True), strict=True)) if rows else {}
    bulk.insert(connection, "batch", columns)
    return refused


_TOO_MANY = "it moves more pieces than any shop holds"


def _too_many_parts(connection: sqlite3.Connection, batch: IncomingEvents) -> dict[int, str]:
    """Why a bundle's events can't be taken, by their places: a component would move too much."""
    return {
        place: _TOO_MANY
        for place, pieces in connection.execute(_PIECES)
        if abs(batch.events[place - 1].quantity) * batch.units(batch.events[place - 1].sku) * pieces
        > QUANTITY_MAX
    }


class _Ledger:
    """Goes through a batch in its order, and keeps what to count against the channel."""

    def __init__(self, connection: sqlite3.Connection, batch: IncomingEvents) -> None:
        self._connection = connection
        self._batch = batch
        self.passed_over: list[tuple[int]] = []
        self._faults: list[OddEvent] = []
        self._repeated: list[tuple[int, str]] = []
        self._first: dict[str, Event] = {}
        (self._newest_at,) = connection.execute(
            "SELECT max(at) FROM events WHERE channel_id = ?", (batch.channel_id,)
        ).fetchone()

    def judge(self, place: int, event: Event, found: _Found | None, refused: str) -> EventsTaken:
        """What becomes of one event: new, a repeat, a conflict or refused."""
        if found is not None and found.item_id is None:
            refused = _unknown(self._connection, event)
        if refused:
            self.passed_over.append((place,))
            return EventsTaken(refused=(_refusal(event, refused),))
        before = self._first.get(event.id) or found
        again_until = self._batch.again_until
        is_again = again_until is not None and event.at <= again_until
        if before is not None:
            self.passed_over.append((place,))
            return self._come_again(event, _body(before), is_again=is_again)
        self._first[event.id] = event
        if self._newest_at is None or event.at >= self._newest_at:
            self._newest_at = event.at
        elif not is_again:
            words = f"event {event.id} came after a later one"
            self._faults.append(OddEvent(event.id, EventFault.DISORDERED, words))
        return _NEW_ONE

    def _come_again(
        self,
        event: Event,
        before: tuple[object, ...],
        *,
        is_again: bool,
    ) -> EventsTaken:
        names = ("kind", "SKU", "quantity", "time", "order")
        pairs = zip(names, before, _body(event), strict=True)
        difference = next((name for name, a, b in pairs if a != b), "")
        if difference:
            words = f"event {event.id} came again with a different {difference}; the first counts"
            return EventsTaken(conflicts=(_refusal(event, words),))
        if not is_again:
            self._repeated.append((self._batch.channel_id, event.id))
            words = f"event {event.id} came again"
            self._faults.append(OddEvent(event.id, EventFault.REPEAT, words))
        return _REPEAT

    def write_faults(self) -> None:
        """Count what was wrong; after the new events are in, for one may have come twice."""
        self._connection.executemany(
            "UPDATE events SET repeats = repeats + 1 WHERE channel_id = ? AND event_id = ?",
            self._repeated,
        )
        faults.count(self._connection, self._batch.channel_id, self._faults, now=self._batch.now)


_NEW_ONE, _REPEAT = EventsTaken(new=1), EventsTaken(repeats=1)


def _body(event: Event | _Found) -> tuple[object, ...]:
    return event.kind, (event.sku, event.location), event.quantity, event.at, event.order


def _refusal(event: Event, reason: str) -> Refused:
    return Refused(f"event {event.id}", reason, event.sku, event.location)


def _unknown(connection: sqlite3.Connection, event: Event) -> str:
    """Say why nothing is known that the event could move."""
    if event.location:
        return f"no channel has shown SKU {event.sku} at location {event.location} yet"
    shown = connection.execute("SELECT 1 FROM items WHERE sku = ? LIMIT 1", (event.sku,)).fetchone()
    if shown is not None:
        return f"SKU {event.sku} is known at locations only: the event must name one"
    return f"no channel has shown SKU {event.sku} yet"


def _record_new(connection: sqlite3.Connection, batch: IncomingEvents, newest: int) -> None:
    """Record what is left in the temporary table `batch`, what it moves, and that it has moved."""
    values = {"newest": newest}
    connection.execute(
        _TAKE,
        {"channel": batch.channel_id, "now": batch.now, "fate": EventFate.PROJECTED, **values},
    )
    if batch.any_bundles:
        connection.execute(_MOVE_COMPONENTS, values)
        connection.execute(f"{_MOVE_ITEMS} {_UNLESS_COMPONENTS}", values)
    else:
        connection.execute(_MOVE_ITEMS, values)
    of_order = pending_events.of_order(any_pools=batch.any_pools)
    connection.execute(_NOTE_FRESH.format(of_order=of_order), values)
    # What a bundle or a pool has hangs on the events of others.
    by_events = int(not (batch.any_bundles or batch.any_pools))
    connection.execute(_NOTE_ITEMS.format(by_events=by_events), values)
    if batch.any_bundles:
        connection.execute(_NOTE_COMPONENTS, values)
    same_order = connection.execute(_OF_SAME_ORDER.format(of_order=of_order), values).fetchall()
    worklist.note(connection, (item_id for (item_id,) in same_order))

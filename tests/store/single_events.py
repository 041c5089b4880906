"""Takes events one at a time, a statement after the other: what a batch is held against."""

import sqlite3
from collections.abc import Mapping, Sequence

from store.channels import polls
from store.database import worklist
from store.event_kinds import EFFECTS, Event, EventFate, EventFault, EventsTaken
from store.model import QUANTITY_MAX, Millis, Refused, Terms
from store.polling.events import EventOrigin
from store.targets import pending_events
from store.targets.rule_choices import FirstMatch


class _Units:
    """How many pieces one unit of a channel holds, by SKU."""

    def __init__(self, terms: Terms, channel: str) -> None:
        mine = next(
            (configured for configured in terms.channels if configured.name == channel), None
        )
        self._policies = mine.policies if mine is not None else ()
        self._rules = FirstMatch([policy.skus for policy in self._policies])

    def of(self, sku: str) -> int:
        place = self._rules.find(sku)
        return 1 if place is None else self._policies[place].units


def take_one_by_one(
    connection: sqlite3.Connection, source: EventOrigin, batch: Sequence[Event], terms: Terms
) -> EventsTaken:
    """Record what is new, and count what is wrong with events that are known already."""
    # The unique key (channel, id) decides what is new, inside the INSERT: the same event in two
    # batches, or in a batch and a file, still counts once.
    units = _Units(terms, source.channel)
    channel_id, _, _ = polls.channel(connection, source.channel)
    (newest,) = connection.execute(
        "SELECT max(at) FROM events WHERE channel_id = ?", (channel_id,)
    ).fetchone()
    new = repeats = 0
    conflicts: list[Refused] = []
    refused: list[Refused] = []
    for event in batch:
        item_id, reason = _item(connection, event, source)
        if item_id is None:
            refused.append(Refused(f"event {event.id}", reason, event.sku, event.location))
            continue
        pieces = _pieces(connection, item_id, event, units)
        if max(map(abs, pieces.values())) > QUANTITY_MAX:
            reason = "it moves more pieces than any shop holds"
            refused.append(Refused(f"event {event.id}", reason, event.sku, event.location))
            continue
        again = source.again_until is not None and event.at <= source.again_until
        row = connection.execute(
            """INSERT INTO events (channel_id, event_id, kind, item_id, quantity, counted, at,
              order_ref, received_at, fate) VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6, ?7, ?8, ?9)
            ON CONFLICT (channel_id, event_id) DO NOTHING RETURNING id""",
            (channel_id, event.id, event.kind, item_id, event.quantity, event.at, event.order,
             source.now, EventFate.PROJECTED),
        ).fetchone()  # fmt: skip
        if row is None:
            difference = _difference(connection, channel_id, item_id, event)
            if difference:
                words = (
                    f"event {event.id} came again with a different {difference}; the first counts"
                )
                conflicts.append(Refused(f"event {event.id}", words, event.sku, event.location))
            else:
                repeats += 1
                if not again:
                    _count_repeat(connection, source, channel_id, event)
            continue
        new += 1
        _move(connection, row[0], item_id, event, pieces, now=source.now)
        if newest is not None and event.at < newest and not again:
            words = f"event {event.id} came after a later one"
            _count_fault(connection, source, event.id, EventFault.DISORDERED, words)
        newest = event.at if newest is None else max(newest, event.at)
    return EventsTaken(new, repeats, tuple(conflicts), tuple(refused))


def _count_fault(
    connection: sqlite3.Connection,
    source: EventOrigin,
    event_id: str | None,
    what: EventFault,
    words: str,
) -> None:
    """Count one fault of an event; `words` say what was wrong."""
    connection.execute(
        """INSERT INTO odd_events (channel_id, event_id, what, seen_at, words)
        VALUES ((SELECT id FROM channels WHERE name = ?), ?, ?, ?, ?)""",
        (source.channel, event_id, what, source.now, words),
    )


def _item(
    connection: sqlite3.Connection, event: Event, source: EventOrigin
) -> tuple[int | None, str]:
    """The id of the item that the event moves; else None, and why it can't be taken."""
    if event.at > source.now + source.ahead_ms:
        ahead_s = source.ahead_ms // 1000
        return None, f"its time is more than {ahead_s:,} s ahead of this machine's clock"
    row = connection.execute(
        "SELECT id FROM items WHERE sku = ? AND location = ?", (event.sku, event.location)
    ).fetchone()
    return (row[0], "") if row is not None else (None, _unknown(connection, event))


def _unknown(connection: sqlite3.Connection, event: Event) -> str:
    """Say why nothing is known that the event could move."""
    if event.location:
        return f"no channel has shown SKU {event.sku} at location {event.location} yet"
    shown = connection.execute("SELECT 1 FROM items WHERE sku = ? LIMIT 1", (event.sku,)).fetchone()
    if shown is not None:
        return f"SKU {event.sku} is known at locations only: the event must name one"
    return f"no channel has shown SKU {event.sku} yet"


def _difference(connection: sqlite3.Connection, channel_id: int, item_id: int, event: Event) -> str:
    """What differs from the event of the same id that came first; empty where nothing does."""
    before = connection.execute(
        """SELECT kind, item_id, quantity, at, order_ref FROM events
        WHERE channel_id = ? AND event_id = ?""",
        (channel_id, event.id),
    ).fetchone()
    now = (event.kind, item_id, event.quantity, event.at, event.order)
    names = ("kind", "SKU", "quantity", "time", "order")
    found = (name for name, a, b in zip(names, before, now, strict=True) if a != b)
    return next(found, "")


def _count_repeat(
    connection: sqlite3.Connection, source: EventOrigin, channel_id: int, event: Event
) -> None:
    connection.execute(
        "UPDATE events SET repeats = repeats + 1 WHERE channel_id = ? AND event_id = ?",
        (channel_id, event.id),
    )
    _count_fault(connection, source, event.id, EventFault.REPEAT, f"event {event.id} came again")


def _pieces(
    connection: sqlite3.Connection, item_id: int, event: Event, units: _Units
) -> dict[int, int]:
    """How many pieces the event is about, by item: its own, or a bundle's components."""
    pieces = event.quantity * units.of(event.sku)
    parts = connection.execute(
        """SELECT part.id, b.quantity FROM items whole JOIN bundles b ON b.bundle_sku = whole.sku
        JOIN items part ON part.sku = b.component_sku AND part.location = whole.location
        WHERE whole.id = ?""",
        (item_id,),
    ).fetchall()
    return {part_id: pieces * quantity for part_id, quantity in parts or [(item_id, 1)]}


def _move(
    connection: sqlite3.Connection,
    event_row: int,
    item_id: int,
    event: Event,
    pieces: Mapping[int, int],
    *,
    now: Millis,
) -> None:
    """Keep what the event moves, in pieces: of the item itself, or of a bundle's components."""
    # No event happened after it was first seen, whatever its channel's clock says.
    at = min(event.at, now)
    # It counts as unseen until the projection has looked at it, and so do the movements of the same
    # order from other channels: the authority's report of an order can come last, and then theirs
    # have been seen.
    effect = EFFECTS[event.kind]
    connection.executemany(
        """INSERT INTO movements (event_row, item_id, available, on_hand, at)
        VALUES (?, ?, ?, ?, ?)""",
        [
            (event_row, part_id, effect.available * count, effect.on_hand * count, at)
            for part_id, count in pieces.items()
        ],
    )  # fmt: skip
    worklist.note(connection, [item_id, *pieces])
    connection.execute("INSERT INTO fresh_events (event_row) VALUES (?)", (event_row,))
    if event.order is not None:
        of_same_order = connection.execute(
            f"""UPDATE movements SET unseen = 1 WHERE event_row IN (SELECT o.id FROM events e
            JOIN events o ON {pending_events.OF_ORDER} WHERE e.id = ?) RETURNING item_id""",
            (event_row,),
        ).fetchall()
        worklist.note(connection, (moved_id for (moved_id,) in of_same_order))

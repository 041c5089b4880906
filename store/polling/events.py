"""Stock events: each taken once, by (channel, id); what became of it, and what was wrong with it.

A poll brings its events with its readings (`take`), a file brings them by themselves
(`record_each`). The order in which they come changes nothing but what is counted as a fault.
"""

import sqlite3
from collections.abc import Mapping, Sequence

import msgspec

from store.channels import incidents, polls
from store.database import worklist
from store.event_kinds import EFFECTS, Event, EventFate, EventFault, EventsTaken
from store.model import QUANTITY_MAX, IncidentKind, Millis, Refused, Terms
from store.polling.comparison import Comparison
from store.targets import counted_events, pending_events
from store.targets.rule_choices import FirstMatch

CONFLICT = "conflict"
"""Key of the incident that says that an event came again with a different body."""

REFUSED = "refused"
"""Key of the incident that some of a channel's events were refused."""

DAY_MS = 86_400_000


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


class EventOrigin(msgspec.Struct, frozen=True):
    """Where a batch of events comes from, and by when."""

    channel: str
    now: Millis
    ahead_ms: int = 300_000
    """How far in the future an event may be: clocks differ."""
    again_until: Millis | None = None
    """Up to here we read again on purpose: what comes again or late is not the channel's fault."""


class EventBatch(msgspec.Struct, frozen=True):
    """What a channel reported of its events in one poll, in our names and units."""

    events: tuple[Event, ...] = ()
    refused: tuple[Refused, ...] = ()
    """Those that could not be decoded."""
    cursor: str | None = None
    """Where to go on; None: where it was."""
    again_until: Millis | None = None
    ahead_ms: int = 300_000


def record_batch(
    connection: sqlite3.Connection, channel: str, batch: EventBatch, terms: Terms, *, now: Millis
) -> EventsTaken:
    """Take what a channel reported and note where to go on; raise an incident for what was refused.

    May be repeated: what comes again changes nothing. The caller reconciles in the same
    transaction.
    """
    # The cursor moves in the transaction that takes the events: a crash between the two would lose
    # events, or read them again and count each as a repeat.
    source = EventOrigin(channel, now, batch.ahead_ms, batch.again_until)
    _note_once(connection, source, EventFault.REFUSED, batch.refused)
    taken = take(connection, source, batch.events, terms)
    if batch.cursor is not None:
        save_cursor(connection, channel, batch.cursor)
    refused = (*batch.refused, *taken.refused)
    if refused:
        incidents.raise_incident(
            connection,
            channel,
            IncidentKind.EVENTS,
            incidents.in_words(refused),
            now=now,
            key=REFUSED,
        )
    elif batch.events:
        incidents.resolve(connection, channel, IncidentKind.EVENTS, now=now, key=REFUSED)
    if batch.events and not taken.conflicts:
        end_conflict(connection, channel, now=now)
    return taken


def record_batch_alone(
    connection: sqlite3.Connection,
    channel: str,
    batch: EventBatch,
    comparison: Comparison,
    *,
    now: Millis,
) -> EventsTaken:
    """Take a channel's events of a poll whose readings did not come, and compare what they move."""
    comparison.forget_moved(connection)
    taken = record_batch(connection, channel, batch, comparison.terms, now=now)
    comparison.reconcile_moved(connection, now=now, channel=channel)
    return taken


def end_conflict(connection: sqlite3.Connection, channel: str, *, now: Millis) -> None:
    """Close the incident of other content, once the channel's events come right again.

    What happened stays counted among its faults. Orders that gave back too much stay an incident
    for a day: nothing that comes later says that they are right now.
    """
    incidents.resolve(connection, channel, IncidentKind.EVENTS, now=now, key=CONFLICT)
    incidents.resolve_quiet(connection, channel, counted_events.EXCESS, since=now - DAY_MS, now=now)


def record_each(
    connection: sqlite3.Connection,
    batch: Sequence[tuple[str, Event]],
    comparison: Comparison,
    *,
    now: Millis,
    ahead_ms: int = 300_000,
) -> list[EventsTaken]:
    """Take events of any channels, as a file has them; return what became of each, in order.

    Raises NoSuchThing where a configured channel is not in the cache yet.
    """
    comparison.forget_moved(connection)
    taken = [
        _take_in(connection, EventOrigin(name, now, ahead_ms), (event,), comparison.terms)
        for name, event in batch
    ]
    for channel in dict.fromkeys(name for name, _ in batch):
        # All of a channel at once, for each call reads everything that was counted in the last day.
        mine = [result for (name, _), result in zip(batch, taken, strict=True) if name == channel]
        conflicts = [refusal for result in mine for refusal in result.conflicts]
        refused = [refusal for result in mine for refusal in result.refused]
        _report_faults(connection, EventOrigin(channel, now, ahead_ms), conflicts, refused)
    # With events of several channels, the accounts of all of them may have moved.
    names = {name for name, _ in batch}
    comparison.reconcile_moved(
        connection, now=now, channel=names.pop() if len(names) == 1 else None
    )
    return taken


def take(
    connection: sqlite3.Connection, source: EventOrigin, batch: Sequence[Event], terms: Terms
) -> EventsTaken:
    """Record each event that is new and note what it moves; return what became of all.

    A repeat changes nothing; one with another body is an incident, and the first one stands. The
    caller reconciles in the same transaction.
    """
    taken = _take_in(connection, source, batch, terms)
    _report_faults(connection, source, taken.conflicts, taken.refused)
    return taken


def _take_in(
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
             source.now, EventFate.INCLUDED),
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
        _move(connection, row[0], item_id, event, pieces)
        if newest is not None and event.at < newest and not again:
            words = f"event {event.id} came after a later one"
            count_fault(connection, source, event.id, EventFault.DISORDERED, words)
        newest = event.at if newest is None else max(newest, event.at)
    return EventsTaken(new, repeats, tuple(conflicts), tuple(refused))


def _report_faults(
    connection: sqlite3.Connection,
    source: EventOrigin,
    conflicts: Sequence[Refused],
    refused: Sequence[Refused],
) -> None:
    """Count what was refused or conflicts, and raise the incident of a conflict."""
    _note_once(connection, source, EventFault.REFUSED, refused)
    _note_once(connection, source, EventFault.CONFLICT, conflicts)
    if conflicts:
        incidents.raise_incident(
            connection, source.channel, IncidentKind.EVENTS, conflicts[0].reason,
            now=source.now, key=CONFLICT,
        )  # fmt: skip


def cursor(connection: sqlite3.Connection, channel: str) -> str | None:
    """Where the channel's events were read up to; None: from the start."""
    row = connection.execute(
        "SELECT event_cursor FROM channels WHERE name = ?", (channel,)
    ).fetchone()
    return None if row is None else row[0]


def save_cursor(connection: sqlite3.Connection, channel: str, cursor: str) -> None:
    """Note where to go on; in the transaction that took the events before it."""
    connection.execute("UPDATE channels SET event_cursor = ? WHERE name = ?", (cursor, channel))


def overdue(connection: sqlite3.Connection, *, now: Millis) -> dict[str, str]:
    """By authority, a sentence on the events that are unseen for longer than `unseen_after`."""
    rows = connection.execute(
        """SELECT ac.name, count(*), min(e.at), i.sku, c.name, e.event_id, e.kind
        FROM movements v JOIN events e ON e.id = v.event_row JOIN channels c ON c.id = e.channel_id
        JOIN items i ON i.id = v.item_id JOIN listings a ON a.id = i.quantity_listing_id
        JOIN channels ac ON ac.id = a.channel_id
        WHERE v.unseen = 1 AND ac.configured = 1 AND e.at < :now - ac.unseen_after_ms
        GROUP BY ac.id""",
        {"now": now},
    )
    return {
        authority: (
            f"{count:,} movement{'' if count == 1 else 's'} not in its readings yet; the oldest: "
            f"SKU {sku}, {kind} on {channel} (event {event_id}), {(now - at) // 60_000:,} min ago"
        )
        for authority, count, at, sku, channel, event_id, kind in rows
    }


def count_fault(
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


def _note_once(
    connection: sqlite3.Connection, source: EventOrigin, what: EventFault, found: Sequence[Refused]
) -> None:
    """Count each bad event once a day, however often it comes."""
    # A bad event comes with every poll until somebody repairs it, and would fill the table.
    if not found:
        return
    rows = connection.execute(
        """SELECT words FROM odd_events WHERE seen_at > ? AND what = ?
          AND channel_id = (SELECT id FROM channels WHERE name = ?)""",
        (source.now - DAY_MS, what, source.channel),
    )
    known = {row[0] for row in rows}
    for refusal in found:
        stands_alone = refusal.reason.startswith(refusal.place)
        words = refusal.reason if stands_alone else f"{refusal.place}: {refusal.reason}"
        if words not in known:
            known.add(words)
            event_id = refusal.place.removeprefix("event ")
            is_named = refusal.place != event_id
            count_fault(connection, source, event_id if is_named else None, what, words)


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
    count_fault(connection, source, event.id, EventFault.REPEAT, f"event {event.id} came again")


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
) -> None:
    """Keep what the event moves, in pieces: of the item itself, or of a bundle's components."""
    # It counts as unseen until the projection has looked at it, and so do the movements of the same
    # order from other channels: the authority's report of an order can come last, and then theirs
    # have been seen.
    effect = EFFECTS[event.kind]
    connection.executemany(
        """INSERT INTO movements (event_row, item_id, available, on_hand, at)
        VALUES (?, ?, ?, ?, ?)""",
        [
            (event_row, part_id, effect.available * count, effect.on_hand * count, event.at)
            for part_id, count in pieces.items()
        ],
    )  # fmt: skip
    worklist.note(connection, [item_id, *pieces])
    worklist.note_fresh_event(connection, event_row)
    if event.order is not None:
        of_same_order = connection.execute(
            f"""UPDATE movements SET unseen = 1 WHERE event_row IN (SELECT o.id FROM events e
            JOIN events o ON {pending_events.OF_ORDER} WHERE e.id = ?) RETURNING item_id""",
            (event_row,),
        ).fetchall()
        worklist.note(connection, (moved_id for (moved_id,) in of_same_order))

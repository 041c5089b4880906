"""Stock events: each taken once, by (channel, id); what became of it, and what was wrong with it.

A poll brings its events with its readings (`take`), a file brings them by themselves
(`record_each`). The order in which they come changes nothing but what is counted as a fault.
"""

import sqlite3
from collections.abc import Sequence

import msgspec

from store.channels import incidents, polls
from store.event_kinds import Event, EventFault, EventsTaken
from store.model import IncidentKind, Millis, Refused, Terms
from store.polling.comparison import Comparison
from store.polling.new_events import batch as new_batch
from store.polling.new_events import faults
from store.targets import counted_events
from store.targets.rule_choices import FirstMatch

CONFLICT = "conflict"
"""Key of the incident that says that an event came again with a different body."""

REFUSED = "refused"
"""Key of the incident that some of a channel's events were refused."""


class _Units:
    """How many pieces one unit of a channel holds, by SKU."""

    def __init__(self, terms: Terms, channel: str) -> None:
        mine = next(
            (configured for configured in terms.channels if configured.name == channel), None
        )
        policies = mine.policies if mine is not None else ()
        # Mostly every unit is one piece, and then no rule is to be looked up.
        self._policies = policies if any(policy.units != 1 for policy in policies) else ()
        self._rules = FirstMatch([policy.skus for policy in self._policies])

    def of(self, sku: str) -> int:
        if not self._policies:
            return 1
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
    incidents.resolve_quiet(
        connection, channel, counted_events.EXCESS, since=now - faults.DAY_MS, now=now
    )


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
    taken: dict[int, EventsTaken] = {}
    for channel in dict.fromkeys(name for name, _ in batch):
        # All of a channel at once, for each call reads everything that was counted in the last day.
        mine = {place: event for place, (name, event) in enumerate(batch) if name == channel}
        source = EventOrigin(channel, now, ahead_ms)
        results = take_in(connection, source, list(mine.values()), comparison.terms)
        taken |= zip(mine, results, strict=True)
        of_channel = together(results)
        _report_faults(connection, source, of_channel.conflicts, of_channel.refused)
    # With events of several channels, the accounts of all of them may have moved.
    names = {name for name, _ in batch}
    comparison.reconcile_moved(
        connection, now=now, channel=names.pop() if len(names) == 1 else None
    )
    return [taken[place] for place in range(len(batch))]


def take(
    connection: sqlite3.Connection, source: EventOrigin, batch: Sequence[Event], terms: Terms
) -> EventsTaken:
    """Record each event that is new and note what it moves; return what became of all.

    A repeat changes nothing; one with another body is an incident, and the first one stands. The
    caller reconciles in the same transaction.
    """
    taken = together(take_in(connection, source, batch, terms))
    _report_faults(connection, source, taken.conflicts, taken.refused)
    return taken


def take_in(
    connection: sqlite3.Connection, source: EventOrigin, events: Sequence[Event], terms: Terms
) -> list[EventsTaken]:
    """Record what is new, and count what is wrong with events that are known already."""
    channel_id, _, _ = polls.channel(connection, source.channel)
    return new_batch.take(
        connection,
        new_batch.IncomingEvents(
            channel_id=channel_id,
            events=events,
            now=source.now,
            not_after=source.now + source.ahead_ms,
            again_until=source.again_until,
            units=_Units(terms, source.channel).of,
            any_bundles=bool(terms.bundles),
            any_pools=bool(terms.pools),
        ),
    )


def together(taken: Sequence[EventsTaken]) -> EventsTaken:
    """What became of all of these events."""
    return EventsTaken(
        sum(result.new for result in taken),
        sum(result.repeats for result in taken),
        tuple(refusal for result in taken for refusal in result.conflicts),
        tuple(refusal for result in taken for refusal in result.refused),
    )


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


def _note_once(
    connection: sqlite3.Connection, source: EventOrigin, what: EventFault, found: Sequence[Refused]
) -> None:
    if found:
        channel_id, _, _ = polls.channel(connection, source.channel)
        faults.count_once_a_day(connection, channel_id, what, found, now=source.now)

"""What is wrong with a channel's events: one row for each time, or once a day."""

import sqlite3
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from store.event_kinds import EventFault
from store.model import Millis, Refused

DAY_MS = 86_400_000


class OddEvent(NamedTuple):
    """One fault of an event; `words` say what was wrong."""

    event_id: str | None
    what: EventFault
    words: str


def count(
    connection: sqlite3.Connection, channel_id: int, found: Iterable[OddEvent], *, now: Millis
) -> None:
    """Count each of them, in their order."""
    connection.executemany(
        """INSERT INTO odd_events (channel_id, seen_at, event_id, what, words)
        VALUES (?, ?, ?, ?, ?)""",
        ((channel_id, now, *odd) for odd in found),
    )


def count_once_a_day(
    connection: sqlite3.Connection,
    channel_id: int,
    what: EventFault,
    found: Sequence[Refused],
    *,
    now: Millis,
) -> None:
    """Count each bad event once a day, however often it comes."""
    # A bad event comes with every poll until somebody repairs it, and would fill the table.
    if not found:
        return
    rows = connection.execute(
        "SELECT words FROM odd_events WHERE seen_at > ? AND what = ? AND channel_id = ?",
        (now - DAY_MS, what, channel_id),
    )
    known = {row[0] for row in rows}
    odd = []
    for refusal in found:
        stands_alone = refusal.reason.startswith(refusal.place)
        words = refusal.reason if stands_alone else f"{refusal.place}: {refusal.reason}"
        if words not in known:
            known.add(words)
            event_id = refusal.place.removeprefix("event ")
            is_named = refusal.place != event_id
            odd.append(OddEvent(event_id if is_named else None, what, words))
    count(connection, channel_id, odd, now=now)

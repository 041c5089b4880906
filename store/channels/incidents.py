"""Trouble with a channel: raised once, counted while it lasts, closed once.

A person may acknowledge an open incident, or snooze it: then it stays quiet until the snooze ends
or until it gets worse (`gets_worse`), and counts as new after that.
"""

import re
import sqlite3
from collections.abc import Sequence

from store.channels.incident_list import COLUMNS, SOURCES
from store.errors import NoSuchThing
from store.model import Incident, IncidentKind, Millis, Refused

WORSE_TIMES = 2
"""A number in an incident's message that has grown this many times over is worse news."""

_NUMBER = r"(?a)\d+(?:,\d{3})*(?:\.\d+)?"


def raise_incident(
    connection: sqlite3.Connection,
    channel: str | None,
    kind: IncidentKind,
    message: str,
    *,
    now: Millis,
    key: str = "",
) -> bool:
    """Open an incident, or count it again where it is open; answer whether it is new.

    `key` separates incidents of one kind on one channel. The newest message replaces the earlier
    one. A snoozed one that gets worse ends its snooze.
    """
    # A row that ON CONFLICT updates keeps its id: only a new incident has a larger one than any
    # before, and that is how the two are distinguished in one statement.
    (before,) = connection.execute("SELECT coalesce(max(id), 0) FROM incidents").fetchone()
    incident_id, snoozed_until, snoozed_message = connection.execute(
        """INSERT INTO incidents (channel_id, kind, key, since, last_at, message)
        VALUES ((SELECT id FROM channels WHERE name = ?), ?, ?, ?, ?, ?)
        ON CONFLICT (coalesce(channel_id, 0), kind, key) WHERE closed_at IS NULL DO UPDATE SET
          last_at = excluded.last_at, count = incidents.count + 1, message = excluded.message
        RETURNING id, snoozed_until, snoozed_message""",
        (channel, kind, key, now, now, message),
    ).fetchone()
    snoozed = snoozed_until is not None and snoozed_until > now
    if snoozed and gets_worse(snoozed_message, message):
        connection.execute(
            "UPDATE incidents SET snoozed_until = ? WHERE id = ?", (now, incident_id)
        )
    return int(incident_id) > int(before)


def resolve(
    connection: sqlite3.Connection,
    channel: str | None,
    kind: IncidentKind,
    *,
    now: Millis,
    key: str | None = None,
    by: tuple[str, str] | None = None,
) -> int:
    """Close the open incidents of a kind (and key, where given); answer how many there were.

    `by` is the person whose decision ended them, and what it was.
    """
    who, why = by or (None, None)
    cursor = connection.execute(
        """UPDATE incidents SET closed_at = :now, closed_by = :who, closed_why = :why
        WHERE closed_at IS NULL AND kind = :kind
          AND channel_id IS (SELECT id FROM channels WHERE name = :channel)
          AND (:key IS NULL OR key = :key)""",
        {"now": now, "kind": kind, "channel": channel, "key": key, "who": who, "why": why},
    )
    return cursor.rowcount


def reword(connection: sqlite3.Connection, channel: str, kind: IncidentKind, message: str) -> None:
    """Let the open incident of a kind say more than was known when it was raised."""
    connection.execute(
        """UPDATE incidents SET message = ? WHERE closed_at IS NULL AND kind = ?
          AND channel_id = (SELECT id FROM channels WHERE name = ?)""",
        (message, kind, channel),
    )


def resolve_quiet(
    connection: sqlite3.Connection, channel: str, key: str, *, since: Millis, now: Millis
) -> None:
    """Close an incident of a key that has not been raised again after `since`."""
    connection.execute(
        """UPDATE incidents SET closed_at = ? WHERE closed_at IS NULL AND key = ? AND last_at <= ?
          AND channel_id = (SELECT id FROM channels WHERE name = ?)""",
        (now, key, since, channel),
    )


def in_words(refused: Sequence[Refused]) -> str:
    """Describe records or events that were refused: the first of them, and how many more."""
    first = refused[0]
    more = f", and {len(refused) - 1} more" if len(refused) > 1 else ""
    sku = "" if first.sku is None else f" (SKU {first.sku})"
    return f"{first.place}{sku}: {first.reason}{more}"


def gets_worse(before: str, after: str) -> bool:
    """Whether a message says something worse than the one that was snoozed.

    Other words are another trouble, whatever they say. The same words with other numbers are the
    same trouble, until one of the numbers has at least doubled.
    """
    if not same_but_for_numbers(before, after):
        return True
    pairs = zip(re.findall(_NUMBER, before), re.findall(_NUMBER, after), strict=True)
    return any(_grown(old, new) for old, new in pairs)


def same_but_for_numbers(before: str, after: str) -> bool:
    """Whether two messages are of the same trouble."""
    return re.sub(_NUMBER, "#", before) == re.sub(_NUMBER, "#", after)


def acknowledge(connection: sqlite3.Connection, incident_id: int, *, who: str, now: Millis) -> None:
    """Note that a person has seen it; it stays open, and a snooze of it ends.

    Raises NoSuchThing where it is not in the cache, or closed.
    """
    _change(
        connection,
        incident_id,
        "acknowledged_by = :who, acknowledged_at = :now, snoozed_until = min(snoozed_until, :now)",
        {"who": who, "now": now},
    )


def snooze(connection: sqlite3.Connection, incident_id: int, *, who: str, until: Millis) -> None:
    """Keep it quiet until an instant, unless it gets worse or is closed before.

    An acknowledgement stays. Raises NoSuchThing where it is not in the cache, or closed.
    """
    _change(
        connection,
        incident_id,
        "snoozed_by = :who, snoozed_until = :until, snoozed_message = message",
        {"who": who, "until": until},
    )


def wake(connection: sqlite3.Connection, incident_id: int, *, who: str, now: Millis) -> None:
    """End a snooze before its time: it shows again. Raises NoSuchThing where it is not snoozed.

    `who` is kept as the person who decided last about the snooze.
    """
    row = connection.execute(
        "SELECT snoozed_until FROM incidents WHERE id = ?", (incident_id,)
    ).fetchone()
    if row is not None and (row[0] is None or row[0] <= now):
        raise NoSuchThing(f"incident {incident_id} is not snoozed")
    _change(
        connection,
        incident_id,
        "snoozed_by = :who, snoozed_until = :now",
        {"who": who, "now": now},
    )


def open_incidents(connection: sqlite3.Connection) -> list[Incident]:
    """The open ones, the snoozed among them, oldest first."""
    rows = connection.execute(
        f"SELECT {COLUMNS} FROM {SOURCES} WHERE n.closed_at IS NULL ORDER BY n.since, n.id"
    )
    return [Incident(*row) for row in rows]


def _change(
    connection: sqlite3.Connection, incident_id: int, sets: str, values: dict[str, object]
) -> None:
    cursor = connection.execute(
        f"UPDATE incidents SET {sets} WHERE id = :id AND closed_at IS NULL",
        values | {"id": incident_id},
    )
    if cursor.rowcount:
        return
    row = connection.execute("SELECT 1 FROM incidents WHERE id = ?", (incident_id,)).fetchone()
    state = "is closed" if row else "not found"
    raise NoSuchThing(f"incident {incident_id} {state}")


def _grown(old: str, new: str) -> bool:
    before, after = (float(number.replace(",", "")) for number in (old, new))
    return after > before and after >= WORSE_TIMES * before

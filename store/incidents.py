"""Trouble with a channel: raised once, counted while it lasts, closed once."""

import sqlite3
from collections.abc import Sequence

from store.errors import NoSuchThing
from store.model import Incident, IncidentKind, Millis, Refused

_COLUMNS = "n.id, c.name, n.kind, n.since, n.last_at, n.count, n.message, n.acknowledged_by"


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

    `key` tells apart incidents of one kind on one channel. The newest message stands.
    """
    before = connection.execute("SELECT coalesce(max(id), 0) FROM incidents").fetchone()[0]
    row = connection.execute(
        """INSERT INTO incidents (channel_id, kind, key, since, last_at, message)
        VALUES ((SELECT id FROM channels WHERE name = ?), ?, ?, ?, ?, ?)
        ON CONFLICT (coalesce(channel_id, 0), kind, key) WHERE closed_at IS NULL DO UPDATE SET
          last_at = excluded.last_at, count = incidents.count + 1, message = excluded.message
        RETURNING id""",
        (channel, kind, key, now, now, message),
    ).fetchone()
    return int(row[0]) > int(before)


def resolve(
    connection: sqlite3.Connection,
    channel: str | None,
    kind: IncidentKind,
    *,
    now: Millis,
    key: str | None = None,
) -> int:
    """Close the open incidents of a kind (and key, where given); answer how many there were."""
    cursor = connection.execute(
        """UPDATE incidents SET closed_at = :now WHERE closed_at IS NULL AND kind = :kind
          AND channel_id IS (SELECT id FROM channels WHERE name = :channel)
          AND (:key IS NULL OR key = :key)""",
        {"now": now, "kind": kind, "channel": channel, "key": key},
    )
    return cursor.rowcount


def in_words(refused: Sequence[Refused]) -> str:
    """Tell of some records or events that were refused: the first of them, and how many more."""
    first = refused[0]
    more = f", and {len(refused) - 1} more" if len(refused) > 1 else ""
    sku = "" if first.sku is None else f" (SKU {first.sku})"
    return f"{first.place}{sku}: {first.reason}{more}"


def acknowledge(connection: sqlite3.Connection, incident_id: int, *, who: str, now: Millis) -> None:
    """Note that a person has seen it; it stays open. Raises NoSuchThing."""
    cursor = connection.execute(
        "UPDATE incidents SET acknowledged_by = ?, acknowledged_at = ? WHERE id = ?",
        (who, now, incident_id),
    )
    if cursor.rowcount == 0:
        raise NoSuchThing(f"there is no incident {incident_id}")


def open_incidents(connection: sqlite3.Connection) -> list[Incident]:
    """The open ones, oldest first."""
    rows = connection.execute(
        f"""SELECT {_COLUMNS} FROM incidents n LEFT JOIN channels c ON c.id = n.channel_id
        WHERE n.closed_at IS NULL ORDER BY n.since, n.id"""
    )
    return [Incident(*row) for row in rows]

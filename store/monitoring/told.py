"""What people were told of, by the place that they were told at: so that each is told once."""

import sqlite3
from collections.abc import Iterable
from typing import NamedTuple

from store.channels import incidents
from store.corrections import lifecycle
from store.model import Correction, Incident, Millis
from store.queries import open_totals

PENDING_MAX = 1_000


class ToldTrouble(NamedTuple):
    """One that a place was told of, and is not yet told to be over."""

    key: str
    words: str
    at: Millis


class NotifyStanding(NamedTuple):
    """What notifications are about, at one instant."""

    incidents: list[Incident]
    oversell_units: int
    unknown_oversell_units: int
    """What channels showed too much when they could last be seen, and can't be seen now."""
    pending: list[Correction]
    """Proposed and not decided, the oldest first; a thousand at most."""


def standing(connection: sqlite3.Connection, *, now: Millis) -> NotifyStanding:
    """Read what stands now."""
    ids = [
        correction_id
        for (correction_id,) in connection.execute(
            """SELECT id FROM corrections WHERE live = 1 AND status = 'proposed'
              AND decided_by IS NULL ORDER BY proposed_at, id LIMIT ?""",
            (PENDING_MAX,),
        )
    ]
    totals = open_totals.read(connection, now=now)
    return NotifyStanding(
        incidents.open_incidents(connection),
        totals.oversell_units,
        totals.unknown_oversell_units,
        lifecycle.by_id(connection, ids),
    )


def told(connection: sqlite3.Connection, place: str) -> list[ToldTrouble]:
    """What a place was told of."""
    rows = connection.execute(
        "SELECT trouble, words, at FROM told WHERE place = ? ORDER BY at, trouble", (place,)
    )
    return [ToldTrouble(*row) for row in rows]


def note(
    connection: sqlite3.Connection,
    place: str,
    new: Iterable[ToldTrouble],
    over: Iterable[str],
) -> None:
    """Note what a place has just been told, and what is over."""
    connection.executemany(
        """INSERT INTO told (place, trouble, words, at) VALUES (?, ?, ?, ?)
        ON CONFLICT (place, trouble) DO UPDATE SET words = excluded.words, at = excluded.at""",
        [(place, *trouble) for trouble in new],
    )
    connection.executemany(
        "DELETE FROM told WHERE place = ? AND trouble = ?", [(place, key) for key in over]
    )


def forget_others(connection: sqlite3.Connection, places: Iterable[str]) -> None:
    """Forget what places were told that are configured no more."""
    kept = list(places)
    connection.execute(f"DELETE FROM told WHERE place NOT IN ({', '.join('?' * len(kept))})", kept)

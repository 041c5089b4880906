"""Plain facts of a cache, straight from its tables: what a simulation's promises are judged by.

Nothing here decides anything. What the rest of the store works out is worked out here once more, in
another way, or not at all.
"""

import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

from store.database.rows import Columns
from store.model import Millis


class WitnessedStep(NamedTuple):
    """One step of a correction, with the correction and its listing as they are now."""

    step_id: int
    correction_id: int
    at: Millis
    who: str
    step: str
    seen: str
    channel: str
    sku: str
    from_quantity: int | None
    to_quantity: int | None
    from_state: str | None
    to_state: str | None
    decided_by: str | None
    second_by: str | None
    by_rule: bool
    hold_until: Millis | None
    expires_at: Millis | None
    reverts: int | None
    present: bool
    copies: int
    available: int | None
    state: str | None
    target_quantity: int | None
    target_state: str | None


_STEP = Columns(
    WitnessedStep,
    {
        "step_id": "u.id", "correction_id": "k.id", "at": "u.at", "who": "u.who",
        "step": "u.step", "seen": "u.seen", "channel": "c.name", "sku": "i.sku",
    }
    | {
        name: f"k.{name}"
        for name in (
            "from_quantity", "to_quantity", "from_state", "to_state", "decided_by", "second_by",
            "by_rule", "hold_until", "expires_at", "reverts",
        )
    }
    | {
        name: f"l.{name}"
        for name in (
            "present", "copies", "available", "state", "target_quantity", "target_state",
        )
    },
    {"by_rule": bool, "present": bool},
)  # fmt: skip


def steps_after(connection: sqlite3.Connection, after: int) -> list[WitnessedStep]:
    """The steps that were taken since, in order."""
    rows = connection.execute(
        f"""SELECT {_STEP.sql} FROM audit u CROSS JOIN corrections k ON k.id = u.correction_id
        CROSS JOIN listings l ON l.id = k.listing_id CROSS JOIN items i ON i.id = l.item_id
        CROSS JOIN channels c ON c.id = l.channel_id WHERE u.id > ? ORDER BY u.id""",
        (after,),
    )
    return [_STEP.read(row) for row in rows]


class ChannelSeen(NamedTuple):
    """How a channel was polled, by the records of its polls."""

    name: str
    good_at: Millis | None
    """When its last good poll ended."""
    is_quarantined: bool
    """Whether its newest judged poll is set aside."""


def channels_seen(connection: sqlite3.Connection) -> dict[str, ChannelSeen]:
    """How each channel was polled."""
    rows = connection.execute(
        """SELECT c.name, (SELECT max(p.finished_at) FROM polls p
            WHERE p.channel_id = c.id AND p.outcome IN ('good', 'accepted')),
          EXISTS (SELECT 1 FROM polls p WHERE p.channel_id = c.id AND p.outcome = 'quarantined')
        FROM channels c"""
    )
    return {name: ChannelSeen(name, good_at, bool(aside)) for name, good_at, aside in rows}


def lease_holder(connection: sqlite3.Connection) -> str | None:
    """Who holds the lease, run out or not; None: nobody."""
    row = connection.execute("SELECT holder FROM engine").fetchone()
    return None if row is None else str(row[0])


def status_of(connection: sqlite3.Connection, correction_id: int) -> str | None:
    """How a correction stands."""
    row = connection.execute(
        "SELECT status FROM corrections WHERE id = ?", (correction_id,)
    ).fetchone()
    return None if row is None else str(row[0])


def is_unfinished(connection: sqlite3.Connection) -> bool:
    """Whether any write is on its way, or waits to be read back."""
    row = connection.execute(
        "SELECT 1 FROM corrections WHERE status IN ('approved', 'applying', 'applied') LIMIT 1"
    ).fetchone()
    return row is not None


def frozen_skus(connection: sqlite3.Connection) -> list[str]:
    """The SKUs that are frozen anywhere."""
    rows = connection.execute(
        """SELECT DISTINCT i.sku FROM listings l JOIN items i ON i.id = l.item_id
        WHERE l.frozen_at IS NOT NULL ORDER BY i.sku"""
    )
    return [sku for (sku,) in rows]


class ListingSeen(NamedTuple):
    """One listing's newest reading and target."""

    sku: str
    channel: str
    present: bool
    available: int | None
    state: str | None
    target_quantity: int | None


_LISTING = Columns(
    ListingSeen,
    {
        "sku": "i.sku", "channel": "c.name", "present": "l.present", "available": "l.available",
        "state": "l.state", "target_quantity": "l.target_quantity",
    },
    {"present": bool},
)  # fmt: skip


def listings_seen(connection: sqlite3.Connection, sku: str | None = None) -> list[ListingSeen]:
    """Every listing as the cache has it now, or those of one SKU."""
    rows = connection.execute(
        f"""SELECT {_LISTING.sql} FROM listings l JOIN items i ON i.id = l.item_id
        JOIN channels c ON c.id = l.channel_id WHERE ? IS NULL OR i.sku = ?
        ORDER BY i.sku, c.name""",
        (sku, sku),
    )
    return [_LISTING.read(row) for row in rows]


def digest_rows(connection: sqlite3.Connection) -> list[tuple[object, ...]]:
    """What happened, as rows that are the same in two runs of one simulation."""
    found: list[tuple[object, ...]] = []
    for query in (
        "SELECT correction_id, at, who, step, seen, note FROM audit ORDER BY id",
        "SELECT channel_id, started_at, finished_at, outcome, seen, changed FROM polls ORDER BY id",
        "SELECT channel_id, event_id, quantity, at, repeats, fate FROM events ORDER BY id",
        "SELECT channel_id, kind, key, since, count, message, closed_at FROM incidents ORDER BY id",
    ):
        found += connection.execute(query).fetchall()
    return found


def incident_count(connection: sqlite3.Connection) -> int:
    """How many incidents were ever raised."""
    (count,) = connection.execute("SELECT count(*) FROM incidents").fetchone()
    return int(count)


def damage(connection: sqlite3.Connection) -> list[str]:
    """What SQLite itself finds wrong with the file."""
    found = [str(row[0]) for row in connection.execute("PRAGMA integrity_check")]
    broken = [str(row) for row in connection.execute("PRAGMA foreign_key_check")]
    return [words for words in found if words != "ok"] + broken


def given_back(connection: sqlite3.Connection) -> dict[tuple[str, str], int]:
    """By SKU and channel, in its units, the most that may be free beyond the authority's reading.

    What orders gave back, of each no more than it took, and what came in, where the authority has
    not shown all of it.
    """
    rows = connection.execute(
        """SELECT i.sku, c.name, coalesce(e.order_ref, ''), e.kind, e.quantity,
          EXISTS (SELECT 1 FROM movements m WHERE m.event_row = e.id AND m.unseen = 1)
        FROM events e JOIN items i ON i.id = e.item_id JOIN channels c ON c.id = e.channel_id"""
    ).fetchall()
    took: dict[tuple[str, str, str], int] = {}
    gave: dict[tuple[str, str, str], int] = {}
    waits: set[tuple[str, str, str]] = set()
    free: dict[tuple[str, str], int] = {}
    for sku, channel, order, kind, quantity, is_unseen in rows:
        key = (sku, channel, order)
        if kind in ("ordered", "held"):
            took[key] = took.get(key, 0) + quantity
        elif kind in ("cancelled", "restocked", "released"):
            gave[key] = gave.get(key, 0) + quantity
            waits.update([key] if is_unseen else ())
        elif kind in ("received", "adjusted") and is_unseen:
            free[sku, channel] = free.get((sku, channel), 0) + max(0, quantity)
    for sku, channel, order in sorted(waits):
        key = sku, channel, order
        free[sku, channel] = free.get((sku, channel), 0) + min(gave[key], took.get(key, 0))
    return free


def pending(connection: sqlite3.Connection, skus: Sequence[str]) -> dict[str, int]:
    """By SKU, what its authority has not shown yet, in pieces."""
    found: dict[str, int] = {}
    for sku in skus:
        row = connection.execute(
            """SELECT sum(u.available) FROM items i JOIN unseen_sums u ON u.item_id = i.id
            WHERE i.sku = ?""",
            (sku,),
        ).fetchone()
        found[sku] = int(row[0] or 0)
    return found


def unseen_skus(connection: sqlite3.Connection) -> set[str]:
    """SKUs with movements that their authority has not shown, while an incident says so."""
    rows = connection.execute(
        """SELECT i.sku FROM unseen_sums u JOIN items i ON i.id = u.item_id
        JOIN listings q ON q.id = i.quantity_listing_id
        WHERE u.available <> 0 AND EXISTS (SELECT 1 FROM incidents n
          WHERE n.channel_id = q.channel_id AND n.kind = 'unseen' AND n.closed_at IS NULL)"""
    )
    return {sku for (sku,) in rows}


def overdue_approvals(connection: sqlite3.Connection, *, now: Millis) -> list[int]:
    """Approvals that were given up by nobody and written by nobody when their time had come."""
    rows = connection.execute(
        "SELECT id FROM corrections WHERE status = 'approved' AND expires_at < ? ORDER BY id",
        (now,),
    )
    return [correction_id for (correction_id,) in rows]

"""Listings that something other than Skew writes too: frozen, so that corrections come to an end.

A second writer changes back what was corrected, and no event explains it. A loop is a two-way
contract whose sides answer each other: the authority is corrected towards a channel, that channel
changes without an event, and the authority is to be corrected again. Both stop here, with an
incident, until the listing agrees or a person unfreezes it. Where it is an update of ours to
another SKU that sets the listing too, the two sell from one pool: then one of them is written, and
this one stops.
"""

import sqlite3
from collections.abc import Iterable
from typing import NamedTuple

from store.cells import oddities
from store.cells.cell_ids import cell, channel_of, item_of
from store.channels import incidents
from store.corrections import audit, propose
from store.errors import NoSuchThing
from store.model import CorrectionStatus, IncidentKind, Millis
from store.targets.copies import agrees


class _Fought(NamedTuple):
    """A listing that was set back, in the order of the query."""

    listing_id: int
    sku: str
    channel: str
    correction_id: int
    before: int
    after: int
    twin_id: int | None
    """An update of ours to another SKU that has set this one back."""


PROVEN_ALONE = """k.status = 'verified' AND k.applying_at IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM polls p WHERE p.channel_id = l.channel_id
    AND p.finished_at BETWEEN k.applying_at AND k.ended_at AND p.outcome IN ('good', 'accepted'))"""
"""SQL for whether a reading of listing l's record alone has proven correction k, and no poll."""

FREEZING = (IncidentKind.SECOND_WRITER, IncidentKind.SHARED_POOL, IncidentKind.LOOP)
"""The incidents of a listing that is frozen, by its SKU as their key."""

WINDOW_MS = 24 * 3_600_000
LOOP_MS = 3_600_000

# An update of ours that is being written, or whose write was not seen or had no reply, may be
# applied at any moment: it is ours.
_OURS = "'applying', 'applied', 'unknown', 'not_applied'"
_LATE_UPDATE = f"""EXISTS (SELECT 1 FROM corrections u WHERE u.listing_id = l.id
  AND u.id <> k.id AND u.status IN ({_OURS}) AND {agrees("l", "u.to_quantity")}
  AND u.applying_at > :now - :window)"""

# One that turns a correction back shows the old number again, and is ours as well.
_TURNED_BACK = """EXISTS (SELECT 1 FROM corrections b WHERE b.listing_id = l.id AND b.id > k.id
  AND b.reverts IS NOT NULL AND b.applying_at IS NOT NULL AND b.to_quantity = l.available)"""

_TWIN = """(SELECT t.id FROM corrections t INDEXED BY corrections_verified
  JOIN listings tl ON tl.id = t.listing_id
  WHERE t.ended_at > k.ended_at AND t.status = 'verified' AND tl.channel_id = l.channel_id
    AND tl.id <> l.id AND t.to_quantity = l.available AND t.from_quantity = k.to_quantity
  ORDER BY t.ended_at DESC LIMIT 1)"""

# CROSS JOIN makes SQLite begin with the moved items and not with the catalogue. The unary plus
# takes a column out of the choice of indexes: without it SQLite would go through all verified
# corrections, or all events of a channel, for each listing.
#
# A channel that reports no events can show the old number again because of a sale. So there, only a
# number that rose again, or one that came back twice, proves another writer.
_SECOND_WRITERS = f"""SELECT l.id, i.sku, c.name, k.id, k.from_quantity, k.to_quantity, {_TWIN}
FROM moved m CROSS JOIN channels c CROSS JOIN listings l ON l.id = {cell("c.id", "m.item_id")}
CROSS JOIN corrections k ON k.id = (SELECT max(x.id) FROM corrections x
  WHERE x.listing_id = l.id AND +x.status = 'verified')
CROSS JOIN items i ON i.id = l.item_id
WHERE l.frozen_at IS NULL AND l.present = 1 AND l.copies = 1 AND k.ended_at > :now - :window
  AND l.available = k.from_quantity AND k.from_quantity <> k.to_quantity
  AND NOT {agrees("l", "l.target_quantity")}
  AND l.observed_at > max(k.ended_at, coalesce(l.thawed_at, 0))
  AND NOT EXISTS (SELECT 1 FROM events e WHERE e.item_id = l.item_id
    AND +e.channel_id = l.channel_id AND e.kind <> 'adjusted' AND e.at > k.applying_at)
  AND NOT {_LATE_UPDATE} AND NOT {_TURNED_BACK}
  AND (l.available > k.to_quantity
    OR EXISTS (SELECT 1 FROM events e WHERE e.channel_id = l.channel_id)
    OR {_TWIN} IS NOT NULL
    OR EXISTS (SELECT 1 FROM corrections y WHERE y.listing_id = l.id AND y.id < k.id
      AND +y.status = 'verified' AND y.from_quantity = k.from_quantity
      AND y.ended_at > :now - :window))"""

# One that a person turned back answers nobody. One correction within the hour is enough where it
# was just undone; otherwise it takes two, for either side of a contract may have moved once for a
# good reason that left no event.
_RECENT = """SELECT {} FROM corrections k WHERE k.listing_id = l.id AND k.reverts IS NULL
    AND +k.status = 'verified' AND k.ended_at > max(:now - :loop, coalesce(l.thawed_at, 0))"""
_LOOPS = f"""SELECT l.id, d.rests_on, i.sku, c.name, sc.name
FROM moved m CROSS JOIN channels c
CROSS JOIN open_disagreements d
  ON d.listing_id = {cell("c.id", "m.item_id")} AND d.rests_on IS NOT NULL
JOIN listings l ON l.id = d.listing_id JOIN items i ON i.id = l.item_id
JOIN listings s ON s.id = d.rests_on JOIN channels sc ON sc.id = s.channel_id
WHERE l.frozen_at IS NULL AND ({_RECENT.format("count(*)")}) >=
  CASE WHEN EXISTS ({_RECENT.format("1")}
      AND (k.from_quantity IS l.target_quantity AND k.to_quantity <> k.from_quantity
        OR k.from_state IS l.target_state AND k.to_state <> k.from_state))
    THEN 1 ELSE 2 END
  AND NOT EXISTS (SELECT 1 FROM events e WHERE e.item_id = l.item_id
    AND e.kind <> 'adjusted' AND e.at > :now - :loop)"""


def freeze_and_thaw(connection: sqlite3.Connection, *, now: Millis) -> None:
    """Freeze those of the moved items that something else writes too, thaw what agrees again."""
    # First the thaw: a listing that agrees now must not count as fought over because of its past.
    _thaw_what_agrees(connection, now=now)
    if (
        connection.execute("SELECT 1 FROM corrections WHERE status = 'verified' LIMIT 1").fetchone()
        is None
    ):
        return
    values = {"now": now, "window": WINDOW_MS, "loop": LOOP_MS}
    for row in connection.execute(_SECOND_WRITERS, values).fetchall():
        _freeze_fought(connection, _Fought._make(row), now=now)
    for listing_id, rests_on, sku, authority, channel in connection.execute(_LOOPS, values):
        why = (
            f"{authority} was corrected towards {channel}, and {channel} has moved since without "
            "an event: the two answer each other. No update is proposed for either until "
            "they agree, or until a person unfreezes them"
        )
        _freeze(connection, [listing_id, rests_on], why, now=now)
        incidents.raise_incident(
            connection, channel, IncidentKind.LOOP, f"SKU {sku}: {why}", now=now, key=sku
        )


def _freeze_fought(connection: sqlite3.Connection, fought: "_Fought", *, now: Millis) -> None:
    kind = IncidentKind.SECOND_WRITER
    why = (
        f"update #{fought.correction_id} set it from {fought.before} to {fought.after}, and "
        f"something other than Skew set it back to {fought.before}; no event explains it. No "
        "update is proposed for it until it agrees, or until a person unfreezes it"
    )
    if fought.twin_id is not None:
        kind = IncidentKind.SHARED_POOL
        (other,) = connection.execute(
            """SELECT i.sku FROM corrections k JOIN listings l ON l.id = k.listing_id
            JOIN items i ON i.id = l.item_id WHERE k.id = ?""",
            (fought.twin_id,),
        ).fetchone()
        why = (
            f"update #{fought.correction_id} set it to {fought.after}, and update "
            f"#{fought.twin_id} of SKU {other} set it back to {fought.before} with that one: "
            f"{fought.channel} sells both from one pool. Only one of them is written: no update is "
            "proposed for this one until it agrees, or until a person unfreezes it"
        )
    _freeze(connection, [fought.listing_id], why, now=now)
    # Should it turn out that only the list was late, this is the update that it did not show.
    connection.execute(
        f"""UPDATE cell_oddities AS o SET behind_update = k.id
        FROM corrections k JOIN listings l ON l.id = k.listing_id
        WHERE o.id = ? AND l.id = o.id AND k.id = ? AND {PROVEN_ALONE}""",
        (fought.listing_id, fought.correction_id),
    )
    incidents.raise_incident(
        connection, fought.channel, kind, f"SKU {fought.sku}: {why}", now=now, key=fought.sku
    )


def unfreeze(
    connection: sqlite3.Connection,
    sku: str,
    channel: str | None,
    *,
    now: Millis,
    by: tuple[str, str] | None = None,
) -> int:
    """Let a SKU's listings be corrected again; return how many were frozen.

    Of a loop both sides, whichever of them is named. `by` is the person who decided it, and why.
    Raises NoSuchThing where none is frozen.
    """
    rows = connection.execute(
        f"""SELECT l.id, c.name FROM items i JOIN channels c
        JOIN listings l ON l.id = {cell("c.id", "i.id")}
        WHERE i.sku = :sku AND l.frozen_at IS NOT NULL AND (:channel IS NULL OR c.name = :channel
          OR EXISTS (SELECT 1 FROM channels oc JOIN listings o ON o.id = {cell("oc.id", "i.id")}
            WHERE oc.name = :channel AND o.frozen_at = l.frozen_at AND o.frozen_why = l.frozen_why))
        """,
        {"sku": sku, "channel": channel},
    ).fetchall()
    if not rows:
        where = f" on {channel}" if channel else ""
        raise NoSuchThing(f"SKU {sku} is not frozen{where}")
    # `thawed_at` starts the count again: only what happens after it can freeze the listing once
    # more.
    _thaw(connection, [listing_id for listing_id, _ in rows], now=now)
    for _, name in rows:
        _resolve(connection, sku, name, now=now, by=by)
    return len(rows)


def why_frozen(connection: sqlite3.Connection, sku: str, channel: str) -> str | None:
    """Why a SKU is frozen on a channel; None where it is not."""
    row = connection.execute(
        f"""SELECT l.frozen_why FROM items i JOIN channels c
        JOIN listings l ON l.id = {cell("c.id", "i.id")}
        WHERE i.sku = ? AND c.name = ? AND l.frozen_at IS NOT NULL""",
        (sku, channel),
    ).fetchone()
    return None if row is None else str(row[0])


def thaw_caught_up(
    connection: sqlite3.Connection, listing_id: int, words: str, *, now: Millis
) -> None:
    """Let a listing be corrected again that was frozen only because a list lagged; `words`: why.

    One that is frozen because two channels answer each other stays frozen.
    """
    row = connection.execute(
        """SELECT i.sku, c.name FROM listings l JOIN items i ON i.id = l.item_id
        JOIN channels c ON c.id = l.channel_id
        WHERE l.id = ? AND l.frozen_at IS NOT NULL AND EXISTS (SELECT 1 FROM incidents n
          WHERE n.channel_id = c.id AND n.kind = ? AND n.key = i.sku AND n.closed_at IS NULL)""",
        (listing_id, IncidentKind.SECOND_WRITER),
    ).fetchone()
    if row is None:
        return
    sku, channel = row
    _thaw(connection, [listing_id], now=now)
    incidents.resolve(
        connection, channel, IncidentKind.SECOND_WRITER, now=now, key=sku, by=("skew", words)
    )


def _freeze(
    connection: sqlite3.Connection, listing_ids: Iterable[int], why: str, *, now: Millis
) -> None:
    frozen = list(listing_ids)
    oddities.keep(connection, frozen)
    for listing_id in frozen:
        connection.execute(
            "UPDATE cell_oddities SET frozen_at = ?, frozen_why = ? WHERE id = ?",
            (now, why, listing_id),
        )
        for (correction_id,) in connection.execute(
            """SELECT id FROM corrections WHERE listing_id = ? AND live = 1
            AND status IN ('proposed', 'snoozed', 'approved')""",
            (listing_id,),
        ).fetchall():
            audit.end(connection, correction_id, CorrectionStatus.SUPERSEDED, now=now, who="skew",
                 result=f"frozen: {why}")  # fmt: skip


def _thaw_what_agrees(connection: sqlite3.Connection, *, now: Millis) -> None:
    rows = connection.execute(
        f"""SELECT o.id, i.sku, c.name FROM cell_oddities o
        JOIN channels c ON c.id = {channel_of("o.id")}
        JOIN moved m ON m.item_id = {item_of("o.id")} JOIN items i ON i.id = m.item_id
        WHERE o.frozen_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM channels dc
          CROSS JOIN open_disagreements d ON d.listing_id = {cell("dc.id", "i.id")}
          WHERE d.kind <> 'missing')"""
    ).fetchall()
    _thaw(connection, [listing_id for listing_id, _, _ in rows], now=now)
    for _, sku, channel in rows:
        _resolve(connection, sku, channel, now=now)


def _thaw(connection: sqlite3.Connection, listing_ids: Iterable[int], *, now: Millis) -> None:
    for listing_id in listing_ids:
        connection.execute(
            """UPDATE cell_oddities SET frozen_at = NULL, frozen_why = NULL, thawed_at = ?
            WHERE id = ?""",
            (now, listing_id),
        )
        propose.allow_proposal_again(connection, [listing_id])


def _resolve(
    connection: sqlite3.Connection,
    sku: str,
    channel: str,
    *,
    now: Millis,
    by: tuple[str, str] | None = None,
) -> None:
    for kind in FREEZING:
        incidents.resolve(connection, channel, kind, now=now, key=sku, by=by)

"""From a disagreement to a proposal, and when a proposal does not fit its listing any more.

Rules 3, 4 and 9, docs/architecture.md.
"""

import json
import sqlite3
from collections.abc import Iterable

from store.cells.cell_ids import cell
from store.corrections import audit, ignoring
from store.model import CorrectionStatus, Millis
from store.targets.copies import LOWEST, price_of_unit
from store.targets.verdict_sql import REASON, SOURCES

_APPROVED = "k.status = 'approved'"

# The rules that have run out are ended before, so that the marks are those of now.
_WAITS = "d.waits = 1 AND d.ignored_by IS NULL"

_READY = """CREATE TEMP TABLE IF NOT EXISTS ready_disagreements (listing_id INTEGER NOT NULL,
  id INTEGER NOT NULL, PRIMARY KEY (listing_id, id)) WITHOUT ROWID"""

# CROSS JOIN makes SQLite begin with the few that are ready, and not with everything that differs.
# A listing whose quantity and state both differ gets one correction, for a write sets both.
_PROPOSE = f"""INSERT INTO corrections (listing_id, status, from_quantity, from_state,
  to_quantity, to_state, price_minor, proposed_at, from_at_least, listings)
SELECT l.id, 'proposed',
  coalesce(CASE WHEN l.twins IS NOT NULL
    THEN max(CASE WHEN d.kind <> 'state' THEN d.available END) END, l.available), l.state,
  coalesce(max(CASE WHEN d.kind <> 'state' THEN d.target_quantity END), l.available),
  coalesce(max(CASE WHEN d.kind = 'state' THEN d.target_state END), l.state),
  {price_of_unit("coalesce(l.price_minor, i.price_minor)")}, :now, l.at_least,
  CASE WHEN l.twins IS NULL THEN 1 ELSE (SELECT max(1, count(*)) FROM json_each(l.twins) t
    WHERE CASE WHEN l.available > l.target_quantity
      THEN json_extract(t.value, '$[1]') > l.target_quantity
      ELSE json_extract(t.value, '$[1]') < l.target_quantity END) END
FROM ready_disagreements x CROSS JOIN open_disagreements d ON d.id = x.id
CROSS JOIN listings l ON l.id = x.listing_id CROSS JOIN items i ON i.id = l.item_id
GROUP BY x.listing_id HAVING l.available >= 0 OR max(d.kind <> 'state')"""

_PROPOSED = """UPDATE open_disagreements SET waits = 2
WHERE id IN (SELECT x.id FROM ready_disagreements x
  CROSS JOIN corrections k ON k.listing_id = x.listing_id AND k.id > ?)"""


def propose(connection: sqlite3.Connection, *, now: Millis) -> int:
    """Propose a correction for each disagreement that can be acted on now; return how many.

    Passed over is what its channel or authority can't be trusted for, what still settles, what a
    rule ignores, and what a decided correction keeps quiet. A state alone waits while the number is
    negative: a write sets both, and never a number below zero. May be repeated, and is cheap where
    nothing waits.
    """
    _wake_snoozed(connection, now=now)
    ignoring.expire(connection, now=now)
    waiting = f"SELECT 1 FROM open_disagreements d WHERE {_WAITS} LIMIT 1"
    if connection.execute(waiting).fetchone() is None:
        return 0
    connection.execute(_READY)
    connection.execute("DELETE FROM ready_disagreements")
    connection.execute(
        f"""INSERT INTO ready_disagreements SELECT d.listing_id, d.id FROM {SOURCES}
        WHERE {_WAITS} AND d.channel_id IN (
            SELECT id FROM channels WHERE configured = 1 AND quarantined_poll_id IS NULL
              AND abs(:now - last_success_at) <= stale_after_ms)
          AND {REASON} = ''
          AND NOT EXISTS (SELECT 1 FROM corrections k
            WHERE k.listing_id = d.listing_id AND k.live = 1)
          AND NOT EXISTS (SELECT 1 FROM corrections k
            WHERE k.listing_id = d.listing_id AND k.silences = 1)""",
        {"now": now},
    )
    (before,) = connection.execute("SELECT coalesce(max(id), 0) FROM corrections").fetchone()
    # All of them in one statement: a poll that says 0 of everything makes as many as there are
    # listings.
    cursor = connection.execute(_PROPOSE, {"now": now})
    if cursor.rowcount:
        connection.execute(_PROPOSED, (before,))
        audit.note_steps(
            connection, "k.id > :before", {"before": before}, who="skew", step="proposed", now=now
        )
    return cursor.rowcount


def supersede_moved(connection: sqlite3.Connection, *, now: Millis) -> int:
    """Supersede the corrections of the moved items that don't fit their listings any more.

    An approved reduction stays while its target is the same and the reading still above it. A
    correction that ended stops keeping its listing quiet once its target or reading changes.
    Returns how many were superseded.
    """
    # Two indexed probes spare the joins below where nothing was ever proposed, as on a first poll.

    (any_to_void,) = connection.execute(
        """SELECT EXISTS (SELECT 1 FROM corrections WHERE live = 1)
          OR EXISTS (SELECT 1 FROM corrections WHERE silences = 1)"""
    ).fetchone()
    if not any_to_void:
        return 0
    of_moved = f"""FROM moved m CROSS JOIN channels c
        CROSS JOIN listings l ON l.id = {cell("c.id", "m.item_id")}
        CROSS JOIN corrections k ON k.listing_id = l.id"""
    rows = connection.execute(
        f"""SELECT k.id {of_moved} AND k.live = 1
        WHERE k.status IN ('proposed', 'snoozed', 'approved') AND NOT {stands(_APPROVED)}"""
    ).fetchall()
    audit.end_all(
        connection, [row[0] for row in rows], CorrectionStatus.SUPERSEDED, now=now, who="skew",
        result="its target or its reading changed",
    )  # fmt: skip
    # The audit row of its end has what the listing showed and should have shown at that moment: the
    # listing has changed if it differs from that, however often it went back and forth meanwhile.
    ended = "(SELECT max(u.id) FROM audit u WHERE u.correction_id = k.id)"
    connection.execute(
        f"""UPDATE corrections SET silences = 0 WHERE id IN
          (SELECT k.id {of_moved} AND k.silences = 1 JOIN audit e ON e.id = {ended}
          WHERE l.present = 0 OR l.copies > 1
            OR l.available IS NOT json_extract(e.seen, '$.available')
            OR l.at_least <> coalesce(json_extract(e.seen, '$.at_least'), 0)
            OR l.state IS NOT json_extract(e.seen, '$.state')
            OR l.target_quantity IS NOT json_extract(e.seen, '$.target_quantity')
            OR l.target_state IS NOT json_extract(e.seen, '$.target_state'))"""
    )
    return len(rows)


def stands(may_be_kept: str) -> str:
    """SQL for whether correction k still fits what its listing l shows and should show.

    `may_be_kept` is SQL for whether k is approved: then a reduction fits while its target is the
    same and the reading still above it.
    """
    # More sales in the meantime lower the reading of an approved reduction. Dropping it would let
    # the channel oversell until a person has approved the same target once more.
    target = (
        "(k.to_quantity IS k.from_quantity OR k.to_quantity IS l.target_quantity) "
        "AND (k.to_state IS k.from_state OR k.to_state IS l.target_state)"
    )
    # Of several listings of one SKU a raise rests on the lowest, all else on the highest.
    shown = f"""CASE WHEN l.twins IS NOT NULL AND k.to_quantity > k.from_quantity
      THEN {LOWEST.format("l")} ELSE l.available END"""
    reading = f"({shown} IS k.from_quantity AND l.state IS k.from_state)"
    above = f"({may_be_kept} AND k.to_quantity < k.from_quantity AND l.available > k.to_quantity)"
    # A listing that is not counted any more has no number: nothing may be written to it.
    there = "l.present = 1 AND l.copies = 1 AND l.available IS NOT NULL"
    follows = f"{target} AND ({reading} OR {above})"
    back = f"{reading} AND {_TARGET_STAYED}"
    return f"({there} AND CASE WHEN k.reverts IS NULL THEN {follows} ELSE {back} END)"


# What turns an update back does not follow the target: it holds as long as that stays where it
# was when it was proposed, which its first audit row has.
_TARGET_STAYED = """(SELECT l.target_quantity IS json_extract(u.seen, '$.target_quantity')
    AND l.target_state IS json_extract(u.seen, '$.target_state')
  FROM audit u WHERE u.correction_id = k.id ORDER BY u.id LIMIT 1)"""


def _wake_snoozed(connection: sqlite3.Connection, *, now: Millis) -> None:
    rows = connection.execute(
        "SELECT id FROM corrections WHERE status = 'snoozed' AND snoozed_until <= ?", (now,)
    ).fetchall()
    for (correction_id,) in rows:
        audit.step(connection, correction_id, "status = 'proposed', snoozed_until = NULL", {},
              now=now, who="skew", name="proposed again")  # fmt: skip


def allow_proposal_again(connection: sqlite3.Connection, listing_ids: Iterable[int]) -> None:
    """Let disagreements of the listings that had a proposal have another one."""
    connection.execute(
        """UPDATE open_disagreements SET waits = 1
        WHERE listing_id IN (SELECT value FROM json_each(?)) AND waits = 2""",
        (json.dumps(list(listing_ids)),),
    )

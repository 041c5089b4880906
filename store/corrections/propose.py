"""From disagreement to proposal, and when the ground of one has moved (rules 3, 4 and 9).

`store.polling.comparison` calls this after every reconcile, the engine on every tick.
"""

import sqlite3

from store.corrections import audit
from store.model import CorrectionStatus, Millis
from store.targets.verdict_sql import REASON, SOURCES

_APPROVED = "k.status = 'approved'"

_DECIDABLE = """CREATE TEMP TABLE IF NOT EXISTS decidable (listing_id INTEGER NOT NULL,
  id INTEGER NOT NULL, PRIMARY KEY (listing_id, id)) WITHOUT ROWID"""

# CROSS JOIN keeps SQLite from driving these by all that differs: work follows what is decidable.
_PROPOSE = """INSERT INTO corrections (listing_id, status, from_quantity, from_state,
  to_quantity, to_state, price_minor, proposed_at)
SELECT l.id, 'proposed', l.available, l.state,
  coalesce(max(CASE WHEN d.kind <> 'state' THEN d.target_quantity END), l.available),
  coalesce(max(CASE WHEN d.kind = 'state' THEN d.target_state END), l.state),
  coalesce(l.price_minor, i.price_minor), :now
FROM decidable x CROSS JOIN disagreements d ON d.id = x.id
CROSS JOIN listings l ON l.id = x.listing_id CROSS JOIN items i ON i.id = l.item_id
GROUP BY x.listing_id HAVING l.available >= 0 OR max(d.kind <> 'state')"""

_PROPOSED = """UPDATE disagreements SET waits = 2 WHERE id IN (SELECT x.id FROM decidable x
  CROSS JOIN corrections k ON k.listing_id = x.listing_id AND k.id > ?)"""


def propose(connection: sqlite3.Connection, *, now: Millis) -> int:
    """Propose a correction for each disagreement that has become decidable; answer how many.

    A state alone waits while the number is negative: a write sets both, and none below zero.
    Cheap where nothing waits. What its channel or authority cannot be trusted for, what still
    settles and what a decided correction keeps quiet is passed over (rules 3, 4, 9).
    """
    _wake_snoozed(connection, now=now)
    connection.execute(_DECIDABLE)
    connection.execute("DELETE FROM decidable")
    connection.execute(
        f"""INSERT INTO decidable SELECT d.listing_id, d.id FROM {SOURCES}
        WHERE d.waits = 1 AND d.closed_at IS NULL AND d.channel_id IN (
            SELECT id FROM channels WHERE configured = 1 AND quarantined_poll_id IS NULL
              AND abs(:now - last_success_at) <= stale_after_ms)
          AND {REASON} = '' AND l.frozen_at IS NULL
          AND NOT EXISTS (SELECT 1 FROM corrections k
            WHERE k.listing_id = d.listing_id AND k.live = 1)
          AND NOT EXISTS (SELECT 1 FROM corrections k
            WHERE k.listing_id = d.listing_id AND k.silences = 1)""",
        {"now": now},
    )
    (before,) = connection.execute("SELECT coalesce(max(id), 0) FROM corrections").fetchone()
    # All together: a poll that says 0 of everything makes a proposal for every listing there is.
    cursor = connection.execute(_PROPOSE, {"now": now})
    if cursor.rowcount:
        connection.execute(_PROPOSED, (before,))
        audit.note_steps(
            connection, "k.id > :before", {"before": before}, who="skew", step="proposed", now=now
        )
    return cursor.rowcount


def supersede_moved(connection: sqlite3.Connection, *, now: Millis) -> int:
    """Supersede the corrections of the moved items whose ground has moved (rule 9).

    An approved reduction stays while its target stands and the reading is still above it. A
    decided correction whose ground has moved stops keeping its listing quiet.
    """
    (any_to_void,) = connection.execute(
        """SELECT EXISTS (SELECT 1 FROM corrections WHERE live = 1)
          OR EXISTS (SELECT 1 FROM corrections WHERE silences = 1)"""
    ).fetchone()
    if not any_to_void:
        return 0
    of_moved = """FROM moved m CROSS JOIN listings l ON l.item_id = m.item_id
        CROSS JOIN corrections k ON k.listing_id = l.id"""
    rows = connection.execute(
        f"""SELECT k.id {of_moved} AND k.live = 1
        WHERE k.status IN ('proposed', 'snoozed', 'approved') AND NOT {stands(_APPROVED)}"""
    ).fetchall()
    audit.end_all(
        connection, [row[0] for row in rows], CorrectionStatus.SUPERSEDED, now=now, who="skew",
        result="its target or its reading changed",
    )  # fmt: skip
    # It has moved if it is not what was seen when the correction ended.
    ended = "(SELECT max(u.id) FROM audit u WHERE u.correction_id = k.id)"
    connection.execute(
        f"""UPDATE corrections SET silences = 0 WHERE id IN
          (SELECT k.id {of_moved} AND k.silences = 1 JOIN audit e ON e.id = {ended}
          WHERE l.present = 0 OR l.copies > 1
            OR l.available IS NOT json_extract(e.seen, '$.available')
            OR l.state IS NOT json_extract(e.seen, '$.state')
            OR l.target_quantity IS NOT json_extract(e.seen, '$.target_quantity')
            OR l.target_state IS NOT json_extract(e.seen, '$.target_state'))"""
    )
    return len(rows)


def stands(may_be_kept: str) -> str:
    """SQL for whether the ground of correction k is still what its listing l shows.

    `may_be_kept` is SQL for whether k is approved: then a reduction stands while its target does
    and the reading is still above it.
    """
    target = (
        "(k.to_quantity IS k.from_quantity OR k.to_quantity IS l.target_quantity) "
        "AND (k.to_state IS k.from_state OR k.to_state IS l.target_state)"
    )
    reading = "(l.available IS k.from_quantity AND l.state IS k.from_state)"
    above = f"({may_be_kept} AND k.to_quantity < k.from_quantity AND l.available > k.to_quantity)"
    return f"(l.present = 1 AND l.copies = 1 AND {target} AND ({reading} OR {above}))"


def _wake_snoozed(connection: sqlite3.Connection, *, now: Millis) -> None:
    rows = connection.execute(
        "SELECT id FROM corrections WHERE status = 'snoozed' AND snoozed_until <= ?", (now,)
    ).fetchall()
    for (correction_id,) in rows:
        audit.step(connection, correction_id, "status = 'proposed', snoozed_until = NULL", {},
              now=now, who="skew", name="proposed again")  # fmt: skip


def allow_proposal_again(connection: sqlite3.Connection, listing_id: int) -> None:
    """Let what has been proposed for on the listing be proposed for again."""
    connection.execute(
        """UPDATE disagreements SET waits = 1
        WHERE listing_id = ? AND closed_at IS NULL AND waits = 2""",
        (listing_id,),
    )

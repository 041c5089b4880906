"""A batch: the corrections that one person approved in one act, and how far each has come.

Nothing is stored of a batch: its approvals stand close together in the audit, by one person at one
instant. So any console can follow it, after a restart too.
"""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Mapping, Sequence

import msgspec

from store.corrections import audit, lifecycle
from store.corrections.audit import AuditRow
from store.decision import Decision
from store.model import Correction, CorrectionStatus, Millis
from store.reasons import HeldBack

_LOOKED_AT = 1_000
"""So many audit rows none of which is of an act lie beyond it: an act is one transaction."""

UNDONE = "undone"


class BatchMember(msgspec.Struct, frozen=True):
    """One correction of a batch, and the steps that it took since it was approved in it."""

    correction: Correction
    """As it is now: it may have been approved again since, in another batch."""
    steps: tuple[AuditRow, ...]


class Batch(msgspec.Struct, frozen=True):
    """What one person approved in one act."""

    who: str
    at: Millis
    members: tuple[BatchMember, ...]
    """In the order in which they are written: reductions first."""
    held_back: Mapping[str, HeldBack]
    """By channel, why what waits there can't be written now."""


def of_correction(
    connection: sqlite3.Connection, correction_id: int, *, now: Millis
) -> Batch | None:
    """The batch in which a correction was approved last; None where it never was."""
    row = connection.execute(
        """SELECT id, at, who FROM audit WHERE correction_id = ? AND step = 'approved'
        ORDER BY id DESC LIMIT 1""",
        (correction_id,),
    ).fetchone()
    if row is None:
        return None
    audit_id, at, who = row
    approvals = [*_approvals(connection, audit_id, at, who, -1), (audit_id, correction_id),
                 *_approvals(connection, audit_id, at, who, 1)]  # fmt: skip
    ids = [number for _, number in approvals]
    steps = _steps(connection, ids, since=min(step_id for step_id, _ in approvals))
    found = sorted(
        lifecycle.by_id(connection, ids),
        key=lambda correction: (correction.units >= 0, correction.id),
    )
    members = tuple(BatchMember(correction, tuple(steps[correction.id])) for correction in found)
    return Batch(who, at, members, _held_back(connection, members, now=now))


def _approvals(
    connection: sqlite3.Connection, audit_id: int, at: Millis, who: str, step: int
) -> list[tuple[int, int]]:
    """The other approvals of an act before (-1) or after (1) one, as audit and correction ids."""
    # By the ids around it, and not by the person and the instant: for those the audit has no index.
    found: list[tuple[int, int]] = []
    while True:
        since, until = sorted((audit_id + step, audit_id + step * _LOOKED_AT))
        of_act = connection.execute(
            """SELECT id, correction_id, step FROM audit
            WHERE id BETWEEN ? AND ? AND at = ? AND who = ?""",
            (since, until, at, who),
        ).fetchall()
        if not of_act:
            return sorted(found)
        found += [(row, number) for row, number, name in of_act if name == "approved"]
        audit_id += step * _LOOKED_AT


def cancel(
    connection: sqlite3.Connection, ids: Sequence[int], *, who: str, now: Millis, note: str
) -> list[Decision]:
    """Take back the approval of those of these that are not being written yet; one transaction.

    One that is being written goes on, and its decision says so. One that has ended, or is not
    approved any more, gets no decision.
    """
    decisions = []
    for correction in lifecycle.by_id(connection, ids):
        if correction.status is CorrectionStatus.APPROVED:
            audit.step(connection, correction.id, audit.UNDECIDE, {}, now=now, who=who,
                  name=UNDONE, note=note)  # fmt: skip
            decisions.append(Decision(correction.id, ok=True))
        elif correction.status in (CorrectionStatus.APPLYING, CorrectionStatus.APPLIED):
            decisions.append(Decision(correction.id, ok=False, why="it is being written"))
    return decisions


def _steps(
    connection: sqlite3.Connection, ids: Sequence[int], *, since: int
) -> dict[int, list[AuditRow]]:
    rows = connection.execute(
        """SELECT correction_id, at, who, step, seen, note FROM audit
        WHERE correction_id IN (SELECT value FROM json_each(?)) AND id >= ? ORDER BY id""",
        (json.dumps(list(ids)), since),
    )
    found: dict[int, list[AuditRow]] = defaultdict(list)
    for correction_id, *row in rows:
        found[correction_id].append(AuditRow(*row))
    return found


def _held_back(
    connection: sqlite3.Connection, members: Sequence[BatchMember], *, now: Millis
) -> dict[str, HeldBack]:
    """By channel, why the first of what waits there can't be written now."""
    first: dict[str, Correction] = {}
    for correction in (member.correction for member in members):
        if correction.status is CorrectionStatus.APPROVED and (correction.hold_until or 0) <= now:
            first.setdefault(correction.channel, correction)
    waiting = [correction.id for correction in first.values()]
    return {
        approval.correction.channel: approval.held_back
        for approval in lifecycle.approved(connection, waiting, now=now)
        if approval.held_back is not None
    }

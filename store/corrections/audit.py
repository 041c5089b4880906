"""Every step of a correction's life, with its audit row: who, when, what was seen, why.

A step changes the correction, counts its version up and writes the row, in the caller's
transaction. No correction changes in any other way.
"""

import json
import sqlite3
from collections.abc import Mapping, Sequence

import msgspec

from store.accounts import balance
from store.model import CorrectionStatus, Millis

SILENCING = (
    CorrectionStatus.REJECTED,
    CorrectionStatus.FAILED,
    CorrectionStatus.NOT_APPLIED,
    CorrectionStatus.UNKNOWN,
)
"""After these nothing is proposed for the listing until its target or its reading changes.

Nor after one that turned another back and was verified: a person wants it as it was before.
"""

UNDECIDE = (
    "status = 'proposed', decided_by = NULL, second_by = NULL, decided_at = NULL, "
    "hold_until = NULL, expires_at = NULL, by_rule = 0, ref = NULL, result = NULL"
)
"""The change that takes every decision back."""


CHANGING = (
    "status", "version", "live", "silences", "decided_at", "decided_by", "second_by", "by_rule",
    "hold_until", "expires_at", "snoozed_until", "applying_at", "ended_at", "note", "result",
)  # fmt: skip
"""The columns of a correction that steps change."""

# Each step keeps the whole correction as it left it. So an instant of the past is shown from one
# audit row, the last one by then, and no step before it has to be replayed.
_PAIRS = ", ".join(f"'{name}', k.{name}" for name in CHANGING)
_LEFT_AS = f"json_object({_PAIRS})"
_THESE = "k.id IN (SELECT value FROM json_each(:ids))"


class AuditRow(msgspec.Struct, frozen=True):
    """One step of a correction, as it was taken."""

    at: Millis
    who: str
    step: str
    seen: str
    """What the step rested on, as JSON: the listing's reading and target at that moment."""
    note: str | None


class OperatorAct(msgspec.Struct, frozen=True):
    """What one person did in one act."""

    who: str
    at: Millis
    step: str
    count: int
    correction_id: int
    """The first of those it was done to."""
    note: str | None


def newest_step(connection: sqlite3.Connection) -> int:
    """The number of the last step that anybody took."""
    (found,) = connection.execute("SELECT coalesce(max(id), 0) FROM audit").fetchone()
    return int(found)


def acts_since(
    connection: sqlite3.Connection, after: int, *, except_by: Sequence[str]
) -> list[OperatorAct]:
    """What people did after step `after`, in order, except by those named. Costs what is new."""
    rows = connection.execute(
        """SELECT who, at, step, count(*), min(correction_id), max(note) FROM audit
        WHERE id > ? AND who NOT IN (SELECT value FROM json_each(?))
        GROUP BY who, at, step ORDER BY min(id)""",
        (after, json.dumps(list(except_by))),
    )
    return [OperatorAct(*row) for row in rows]


def rows(connection: sqlite3.Connection, correction_id: int) -> list[AuditRow]:
    """Everything that happened to one correction, oldest first."""
    rows = connection.execute(
        "SELECT at, who, step, seen, note FROM audit WHERE correction_id = ? ORDER BY id",
        (correction_id,),
    )
    return [AuditRow(*row) for row in rows]


def step(  # noqa: PLR0913 - a step is its change and its audit row.
    connection: sqlite3.Connection,
    correction_id: int,
    sets: str,
    values: dict[str, object],
    *,
    now: Millis,
    who: str,
    name: str,
    note: str | None = None,
) -> None:
    """Change a correction, count its version up and write the audit row."""
    step_all(connection, [correction_id], sets, values, now=now, who=who, name=name, note=note)


def step_all(  # noqa: PLR0913 - a step is its change and its audit row.
    connection: sqlite3.Connection,
    correction_ids: Sequence[int],
    sets: str,
    values: Mapping[str, object],
    *,
    now: Millis,
    who: str,
    name: str,
    note: str | None = None,
) -> None:
    """The same of corrections that take the same step; there may be 100,000."""
    ids = {"ids": json.dumps(correction_ids)}
    connection.execute(
        f"""UPDATE corrections SET {sets}, version = version + 1
        WHERE id IN (SELECT value FROM json_each(:ids))""",
        {**values, **ids, "now": now},
    )
    note_steps(connection, _THESE, ids, who=who, step=name, now=now, note=note)


def end(  # noqa: PLR0913 - a step is its change and its audit row.
    connection: sqlite3.Connection,
    correction_id: int,
    status: CorrectionStatus,
    *,
    now: Millis,
    who: str,
    result: str | None,
    note: str | None = None,
) -> None:
    """End a correction; the audit row keeps the note, else the result."""
    end_all(connection, [correction_id], status, now=now, who=who, result=result, note=note)
    if status is CorrectionStatus.VERIFIED:
        balance.settle_correction(connection, correction_id)


def end_all(  # noqa: PLR0913 - a step is its change and its audit row.
    connection: sqlite3.Connection,
    correction_ids: Sequence[int],
    status: CorrectionStatus,
    *,
    now: Millis,
    who: str,
    result: str | None,
    note: str | None = None,
) -> None:
    """End corrections in the same way, but not by verifying them; there may be 100,000."""
    # Two statements, however many they are: a poll that says 0 of everything supersedes all.
    ids = json.dumps(correction_ids)
    connection.execute(
        """UPDATE corrections SET status = :status, live = 0,
          silences = CASE WHEN :status = 'verified' AND reverts IS NOT NULL THEN 1
            ELSE :silences END,
          ended_at = :now, result = coalesce(:result, result), version = version + 1
        WHERE id IN (SELECT value FROM json_each(:ids))""",
        {"status": status, "silences": int(status in SILENCING), "now": now, "result": result}
        | {"ids": ids},
    )
    note_steps(connection, _THESE, {"ids": ids}, who=who, step=status, now=now, note=note or result)


def note_step(
    connection: sqlite3.Connection,
    correction_id: int,
    *,
    who: str,
    step: str,
    now: Millis,
    note: str | None = None,
) -> None:
    """Write the audit row of a step that has been taken."""
    note_steps(
        connection, "k.id = :id", {"id": correction_id}, who=who, step=step, now=now, note=note
    )


def note_steps(  # noqa: PLR0913 - a step is its change and its audit row.
    connection: sqlite3.Connection,
    which: str,
    values: Mapping[str, object],
    *,
    who: str,
    step: str,
    now: Millis,
    note: str | None = None,
) -> None:
    """Write the audit rows of a step that many took; `which` is an SQL condition on k."""
    # What the listing shows and should show is copied in, because both go on changing: the row is
    # the evidence of what the step rested on. CROSS JOIN keeps SQLite from starting at the
    # listings.
    connection.execute(
        f"""INSERT INTO audit (correction_id, at, who, step, seen, note, left_as)
        SELECT k.id, :now, :who, :step, json_object('available', l.available, 'state', l.state,
          'at_least', l.at_least, 'target_quantity', l.target_quantity,
          'target_state', l.target_state, 'version', k.version), :note, {_LEFT_AS}
        FROM corrections k CROSS JOIN listings l ON l.id = k.listing_id WHERE {which}
        ORDER BY k.id""",
        {**values, "now": now, "who": who, "step": step, "note": note},
    )

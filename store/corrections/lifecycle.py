"""Corrections as the engine sees them: due, written, proven.

A correction is a row, not a call: it survives a crash, and one process may approve what another
applies. A listing has at most one live correction, held by a unique index.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import msgspec

from store.cells.cell_ids import channel_of
from store.channels import pauses, write_pauses
from store.corrections import audit, propose, waiting
from store.corrections.guards import obstacles
from store.database import lease
from store.database.rows import Columns
from store.model import Correction, CorrectionStatus, Millis, Record
from store.reasons import HeldBack, Reason
from store.targets.verdict_sql import AHEAD_MS, is_ahead

_CORRECTION = Columns(
    Correction,
    {name: f"k.{name}" for name in Correction.__struct_fields__}
    | {
        "sku": "i.sku",
        "title": "coalesce(i.title, '')",
        "channel": "c.name",
        "location": "i.location",
    },
    {"status": CorrectionStatus, "from_at_least": bool},
)
_SOURCES = """corrections k JOIN listings l ON l.id = k.listing_id
JOIN items i ON i.id = l.item_id JOIN channels c ON c.id = l.channel_id"""

_READING = (
    "ref", "available", "state", "on_hand", "committed", "unavailable", "incoming", "threshold",
    "price_minor", "title", "source_at", "twins", "at_least",
)  # fmt: skip

_ENDED_BADLY = "'failed', 'not_applied', 'unknown'"


CLOCK_SET_BACK = "the clock was set back since it was approved"

KEPT_MS = 20_000
"""For how long after the last look nobody takes the lease over: the write leaves well before."""


class ApprovedCorrection(msgspec.Struct, frozen=True):
    """An approved correction, with what its listing shows and should show now."""

    correction: Correction
    ref: str
    """The channel's own id of its listing, by the newest reading."""
    approved_ref: str | None
    reading: Record
    target_quantity: int | None
    target_state: str | None
    valid: bool
    """Whether its listing still shows, and should show, what it was approved for."""
    held_back: HeldBack | None
    """Why it may not be written at this moment though it is valid.

    While a person pauses the channel, or all writes, nothing is written to it: whoever stops its
    polls has a reason, and a write could not be read back there.
    """

    @property
    def is_another(self) -> bool:
        """Whether its SKU is another listing of the channel now than the one that was approved."""
        return self.approved_ref is not None and self.approved_ref != self.ref


def by_id(connection: sqlite3.Connection, ids: Iterable[int]) -> list[Correction]:
    """The corrections of these ids, in this order; unknown ids are left out."""
    wanted = list(ids)
    rows = connection.execute(
        f"SELECT {_CORRECTION.sql} FROM {_SOURCES} WHERE k.id IN (SELECT value FROM json_each(?))",
        (json.dumps(wanted),),
    )
    found = {correction.id: correction for correction in map(_CORRECTION.read, rows)}
    return [found[wanted_id] for wanted_id in wanted if wanted_id in found]


def each_by_id(connection: sqlite3.Connection, ids: Iterable[int]) -> Iterator[Correction]:
    """The same as they are read, for ids that may be many; in the order in which they were made."""
    where = "k.id IN (SELECT value FROM json_each(:ids)) ORDER BY k.id"
    return iterate(connection, where, {"ids": json.dumps(list(ids))})


def select(
    connection: sqlite3.Connection, where: str, values: dict[str, object]
) -> list[Correction]:
    """Corrections by an SQL condition; k is one, l its listing, i its item, c its channel."""
    return list(iterate(connection, where, values))


def iterate(
    connection: sqlite3.Connection, where: str, values: dict[str, object]
) -> Iterator[Correction]:
    """The same as they are read, for a list that may be long."""
    rows = connection.execute(f"SELECT {_CORRECTION.sql} FROM {_SOURCES} WHERE {where}", values)
    return map(_CORRECTION.read, rows)


def proposals_for_rules(connection: sqlite3.Connection) -> list[int]:
    """The ids of the undecided proposals, but for those that turn an update back."""
    rows = connection.execute(
        """SELECT id FROM corrections
        WHERE live = 1 AND status = 'proposed' AND decided_by IS NULL AND reverts IS NULL"""
    )
    return [correction_id for (correction_id,) in rows]


def left_to_people(connection: sqlite3.Connection, ids: Iterable[int]) -> set[int]:
    """Those of some proposals that no written rule may approve.

    It may not after a failure on that listing, until one has been verified again, nor where a
    person has taken back an approval (rule 9, docs/architecture.md).
    """
    rows = connection.execute(
        f"""SELECT p.id FROM corrections p WHERE p.id IN (SELECT value FROM json_each(?))
          AND (EXISTS (SELECT 1 FROM audit u WHERE u.correction_id = p.id AND u.step = 'undone')
            OR (SELECT k.status FROM corrections k WHERE k.listing_id = p.listing_id AND k.live = 0
                AND k.status IN ({_ENDED_BADLY}, 'verified')
              ORDER BY k.id DESC LIMIT 1) <> 'verified')""",
        (json.dumps(list(ids)),),
    )
    return {correction_id for (correction_id,) in rows}


def approved_ids(connection: sqlite3.Connection) -> list[int]:
    """All that is approved and not written yet, whether its hold has passed or not."""
    rows = connection.execute("SELECT id FROM corrections WHERE status = 'approved' ORDER BY id")
    return [correction_id for (correction_id,) in rows]


def due(
    connection: sqlite3.Connection, *, now: Millis, channels: Sequence[str] | None = None
) -> list[Correction]:
    """The approved ones whose hold has passed; those too old are expired here.

    Reductions come first, for what is oversold goes on selling meanwhile; then the oldest.
    `channels`: only theirs. That the rest waits costs next to nothing, however much it is.
    """
    # They are gone through once, however many wait for their hold to end.
    first_due, first_late, last_decided = connection.execute(
        """SELECT min(hold_until), coalesce(min(expires_at), min(hold_until)),
          coalesce(max(decided_at), 0)
        FROM corrections WHERE status = 'approved'"""
    ).fetchone()
    if first_due is None:
        return []
    if first_late <= now:
        waiting.expire(connection, now=now)
    if last_decided > now + AHEAD_MS:
        # How long ago these were approved nobody can know.
        ahead = connection.execute(
            f"SELECT id FROM corrections WHERE status = 'approved' AND {is_ahead('decided_at')}",
            {"now": now},
        ).fetchall()
        hand_back(connection, (found for (found,) in ahead), now=now, why=CLOCK_SET_BACK)
    if first_due > now:
        return []
    if channels is None:
        of_these = "1"
    elif channels:
        of_these = f"""{channel_of("k.listing_id")} IN
          (SELECT id FROM channels WHERE name IN (SELECT value FROM json_each(:channels)))"""
    else:
        return []
    return select(
        connection,
        f"""k.status = 'approved' AND k.hold_until <= :now AND {of_these}
        ORDER BY k.to_quantity >= k.from_quantity, k.id""",
        {"now": now, "channels": json.dumps(channels)},
    )


def begin_applying(
    connection: sqlite3.Connection, ids: Iterable[int], *, token: str, now: Millis
) -> list[int]:
    """Mark all of these as `applying`, or none; answer those that may not be written any more.

    Asked at the last moment before they are sent. One that is marked already was part of a call
    that the channel refused. Raises LeaseLost.
    """
    # The lease, what each rests on and the mark are one transaction: a holder that slept can't
    # write, two never write the same correction, and one that dies while writing leaves a trace.
    lease.check(connection, token=token, now=now)
    lease.keep(connection, token=token, until=now + KEPT_MS)
    found = approved(connection, ids, now=now)
    moved = [
        approval.correction.id
        for approval in found
        if not approval.valid
        or approval.is_another
        or approval.held_back
        or not _may_be_sent(approval.correction, now)
    ]
    if moved:
        return moved
    for approval in found:
        if approval.correction.status is CorrectionStatus.APPROVED:
            audit.step(
                connection, approval.correction.id, "status = 'applying', applying_at = :now", {},
                now=now, who="skew", name="applying",
            )  # fmt: skip
    return []


def _may_be_sent(correction: Correction, now: Millis) -> bool:
    if correction.status is not CorrectionStatus.APPROVED:
        return correction.status is CorrectionStatus.APPLYING
    return (correction.hold_until or now) <= now < (correction.expires_at or 0)


def release(connection: sqlite3.Connection, ids: Iterable[int], *, now: Millis, why: str) -> None:
    """Set them back to approved, because the write was certainly not sent."""
    for correction_id in ids:
        cursor = connection.execute(
            """UPDATE corrections SET status = 'approved', applying_at = NULL,
              version = version + 1 WHERE id = ? AND status = 'applying'""",
            (correction_id,),
        )
        if cursor.rowcount:
            audit.note_step(
                connection, correction_id, who="skew", step="not sent", now=now, note=why
            )


def hand_back(
    connection: sqlite3.Connection, ids: Iterable[int], *, now: Millis, why: str
) -> list[Correction]:
    """Approved → proposed, so that a person decides again after a surprise; return which."""
    handed = [
        correction
        for correction in by_id(connection, ids)
        if correction.status is CorrectionStatus.APPROVED
    ]
    audit.step_all(
        connection, [correction.id for correction in handed], audit.UNDECIDE, {},
        now=now, who="skew", name="handed back", note=why,
    )  # fmt: skip
    return handed


def mark_applied(
    connection: sqlite3.Connection,
    ids: Iterable[int],
    *,
    now: Millis,
    result: str,
    proof_until: Millis | None = None,
) -> None:
    """The channel accepted them; only a reading back proves them.

    `proof_until`: it applies them later, and any reading until then may prove them.
    """
    for correction in by_id(connection, ids):
        # An engine that took over meanwhile has ended it as unknown, and that is not overwritten.
        if correction.status is CorrectionStatus.APPLYING:
            audit.step(
                connection, correction.id,
                "status = 'applied', result = :result, proof_until = :until",
                {"result": result, "until": proof_until}, now=now, who="skew", name="applied",
                note=result,
            )  # fmt: skip


def finish(
    connection: sqlite3.Connection,
    correction_id: int,
    status: CorrectionStatus,
    *,
    now: Millis,
    result: str,
) -> None:
    """End an approved, applying or applied correction; other ones are left as they are."""
    row = connection.execute(
        """SELECT listing_id FROM corrections WHERE id = ? AND live = 1
        AND status IN ('approved', 'applying', 'applied')""",
        (correction_id,),
    ).fetchone()
    if row is None:
        return
    (listing_id,) = row
    audit.end(connection, correction_id, status, now=now, who="skew", result=result)
    if status not in audit.SILENCING:
        propose.allow_proposal_again(connection, [listing_id])


def recover(connection: sqlite3.Connection, *, now: Millis) -> int:
    """At an engine's start: end what a dead engine left half written as unknown; return how many.

    What the channel applies later goes on waiting for its proof. Rule 9, docs/architecture.md.
    """
    rows = connection.execute(
        """SELECT id FROM corrections WHERE live = 1
        AND (status = 'applying' OR status = 'applied' AND proof_until IS NULL)"""
    ).fetchall()
    for (correction_id,) in rows:
        audit.end(connection, correction_id, CorrectionStatus.UNKNOWN, now=now, who="skew",
             result="the engine stopped while writing it; the next reading decides")  # fmt: skip
    return len(rows)


def approved(
    connection: sqlite3.Connection, ids: Iterable[int], *, now: Millis
) -> list[ApprovedCorrection]:
    """These corrections, each compared with its listing now (rule 9, docs/architecture.md)."""
    found = by_id(connection, ids)
    paused = pauses.by_people(connection, now=now)
    held = obstacles.by_id(connection, found, now=now)
    held |= {
        correction.id: HeldBack(Reason.PAUSED, pause.reason, pause.by or "")
        for correction in found
        if (pause := paused.get(correction.channel)) is not None
    }
    stop = write_pauses.in_force(connection)
    if stop is not None:
        why = HeldBack(Reason.WRITES_PAUSED, stop.reason, stop.by)
        held = dict.fromkeys((correction.id for correction in found), why)
    return [_standing(connection, correction, held.get(correction.id)) for correction in found]


def _standing(
    connection: sqlite3.Connection, correction: Correction, held_back: HeldBack | None
) -> ApprovedCorrection:
    row = connection.execute(
        f"""SELECT {_LISTING.sql} FROM corrections k JOIN listings l ON l.id = k.listing_id
        WHERE k.id = ?""",
        (correction.id,),
    ).fetchone()
    shown = _LISTING.read(row)
    return ApprovedCorrection(
        correction=correction,
        ref=shown.ref,
        approved_ref=shown.approved_ref,
        reading=Record(
            correction.sku,
            location=correction.location,
            **{name: getattr(shown, name) for name in _READING},
        ),
        target_quantity=shown.target_quantity,
        target_state=shown.target_state,
        valid=shown.valid,
        held_back=held_back,
    )


class _Listing(NamedTuple):
    """What the listing of an approved correction shows, and should show, now."""

    ref: str
    approved_ref: str | None
    available: int | None
    state: str | None
    on_hand: int | None
    committed: int | None
    unavailable: int | None
    incoming: int | None
    threshold: int | None
    price_minor: int | None
    title: str | None
    source_at: Millis | None
    twins: str | None
    at_least: bool
    target_quantity: int | None
    target_state: str | None
    valid: bool


_LISTING = Columns(
    _Listing,
    {name: f"l.{name}" for name in _Listing._fields}
    | {
        "valid": propose.stands("1"),
        "approved_ref": "k.ref",
        "title": "(SELECT i.title FROM items i WHERE i.id = l.item_id)",
    },
    {"valid": bool, "at_least": bool},
)

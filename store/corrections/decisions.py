"""What an operator decides about a correction: approve, reject, snooze, undo, retry.

Each act returns one `Decision` per correction, in order. The push limits are not held here.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from types import MappingProxyType

from store import people
from store.corrections import audit, conflicts, lifecycle, propose
from store.corrections.guards import obstacles
from store.decision import Decision
from store.model import Correction, CorrectionStatus, Millis
from store.reasons import HeldBack, Reason

Seen = Sequence[tuple[int, int | None]]
"""Corrections by id, each with the version that the operator saw, or None for whatever it is."""

_Take = Callable[[list[int]], None]
"""Takes one step with corrections, by their ids."""
_Judged = tuple[Decision, _Take | None]
"""What becomes of a correction, and the step to be taken with all of which the same becomes."""

_TOGETHER = 5_000
"""So many are judged and changed at once."""

SNOOZE_ENDED, REJECTION_UNDONE = "snooze ended", "rejection undone"
"""The audited steps of `undo`, beside "undone" of an approval."""

_UNDECIDED = (CorrectionStatus.PROPOSED, CorrectionStatus.SNOOZED)

_REF = """ref = coalesce(ref,
  (SELECT l.ref FROM listings l WHERE l.id = corrections.listing_id))"""
"""Which listing is approved, by the channel's own id; of two approvals the first counts."""

FROZEN = "it is frozen"
UNREAD = "its outcome is unknown and it has not been read since"
"""Why nothing can be proposed again; the way out is the reader's: a command, or a key."""

RETRIABLE = (
    CorrectionStatus.FAILED,
    CorrectionStatus.NOT_APPLIED,
    CorrectionStatus.UNKNOWN,
    CorrectionStatus.EXPIRED,
)
"""How a correction ends that a person may retry."""


def approve(  # noqa: PLR0913 - who, when, on what terms: all of it is audited.
    connection: sqlite3.Connection,
    seen: Seen,
    *,
    who: str,
    now: Millis,
    hold_ms: int,
    expires_ms: int,
    second_person_above: int | None = None,
    note: str | None = None,
    by_rule: bool = False,
) -> list[Decision]:
    """Approve what is still as it was seen; one decision per correction, in order.

    Above `second_person_above` units the first approval is noted, and the second, by another
    name, counts.
    """
    step = partial(_step, connection, now=now, who=who, note=note)
    approved = f"""status = 'approved', {{name}} = :who, decided_at = :now, hold_until = :hold,
      expires_at = :expires, by_rule = :rule, note = coalesce(:note, note), {_REF}"""
    values = {"who": who, "hold": now + hold_ms, "expires": now + hold_ms + expires_ms,
              "rule": int(by_rule), "note": note}  # fmt: skip
    first = step("first approval", f"decided_by = :who, decided_at = :now, {_REF}", {"who": who})
    second = step("approved", approved.format(name="second_by"), values)
    only = step("approved", approved.format(name="decided_by"), values)

    def judge(batch: Sequence[Correction]) -> list[_Judged]:
        held = obstacles.by_id(connection, batch, now=now)

        def act(correction: Correction) -> _Judged:
            if correction.status not in _UNDECIDED:
                return _not_now(correction)
            if correction.id in held:
                return _void(correction, "not now", held[correction.id])
            if second_person_above is None or abs(correction.units) <= second_person_above:
                return _done(correction, only)
            before = correction.decided_by
            if before is None:
                return _noted(correction, "a second person must approve it too", take=first)
            if people.is_same(before, who):
                words = f"{abs(correction.units):,} units need a second person, not {who} again"
                return _void(correction, words)
            return _done(correction, second)

        return list(map(act, batch))

    return _decide(connection, seen, judge)


def reject(
    connection: sqlite3.Connection, seen: Seen, *, who: str, now: Millis, reason: str
) -> list[Decision]:
    """Reject: nothing is proposed for the listing until its target or its reading changes.

    What is approved and not yet being written can be rejected too: when its hold has passed and
    its channel cannot be written just now, that is the way to stop it.
    """

    def end(ids: list[int]) -> None:
        connection.execute(
            """UPDATE corrections SET decided_by = ?, decided_at = ?, note = ?
            WHERE id IN (SELECT value FROM json_each(?))""",
            (who, now, reason, json.dumps(ids)),
        )
        audit.end_all(
            connection, ids, CorrectionStatus.REJECTED, now=now, who=who, result=None, note=reason
        )

    def act(correction: Correction) -> _Judged:
        if correction.status not in (*_UNDECIDED, CorrectionStatus.APPROVED):
            return _not_now(correction)
        return _done(correction, end)

    return _decide(connection, seen, _each(act))


def snooze(
    connection: sqlite3.Connection,
    seen: Seen,
    *,
    who: str,
    now: Millis,
    until: Millis,
    note: str | None = None,
) -> list[Decision]:
    """Put off until an instant, after which it counts as proposed again."""
    sets = "status = 'snoozed', snoozed_until = :until"
    put_off = _step(connection, "snoozed", sets, {"until": until}, now=now, who=who, note=note)

    def act(correction: Correction) -> _Judged:
        if correction.status not in _UNDECIDED:
            return _not_now(correction)
        return _done(correction, put_off)

    return _decide(connection, seen, _each(act))


def undo(connection: sqlite3.Connection, seen: Seen, *, who: str, now: Millis) -> list[Decision]:
    """Take a decision back: an approval while its hold lasts, a rejection until something moves.

    What was rejected or snoozed is proposed again, as it was.
    """
    step = partial(_step, connection, now=now, who=who)
    wake = step(SNOOZE_ENDED, "status = 'proposed', snoozed_until = NULL")
    undecide = step("undone", audit.UNDECIDE)
    propose_again = step(
        REJECTION_UNDONE, f"{audit.UNDECIDE}, live = 1, silences = 0, ended_at = NULL, note = NULL"
    )

    def act(correction: Correction) -> _Judged:
        if correction.status is CorrectionStatus.REJECTED:
            return _undo_rejection(connection, correction, propose_again)
        if correction.status is CorrectionStatus.SNOOZED:
            return _done(correction, wake)
        if correction.status is not CorrectionStatus.APPROVED:
            return _not_now(correction)
        if correction.hold_until is not None and correction.hold_until <= now:
            words = "its hold has passed: reject it to stop it, unless it is being written"
            return _void(correction, words)
        return _done(correction, undecide)

    return _decide(connection, seen, _each(act))


def _undo_rejection(
    connection: sqlite3.Connection, correction: Correction, propose_again: _Take
) -> _Judged:
    """Propose it again, itself: it still fits, for a rejection is silent only until it does not."""
    silences, frozen = connection.execute(
        """SELECT k.silences = 1 AND NOT EXISTS (SELECT 1 FROM corrections x
            WHERE x.listing_id = k.listing_id AND x.live = 1), l.frozen_at IS NOT NULL
        FROM corrections k JOIN listings l ON l.id = k.listing_id WHERE k.id = ?""",
        (correction.id,),
    ).fetchone()
    if frozen:
        return _void(correction, "it is frozen", HeldBack(Reason.FROZEN))
    if not silences:
        return _void(correction, "its target or reading has moved since, so that it holds no more")
    # At once: of two of a listing the second must find that the first is live again.
    propose_again([correction.id])
    return Decision(correction.id, ok=True), None


def retry(
    connection: sqlite3.Connection, seen: Seen, *, who: str, now: Millis, note: str | None = None
) -> list[Decision]:
    """Retry what ended badly: it is proposed again, at once where it can be judged.

    Only for the listing's last correction, and never against a freeze. A decision that is `ok`
    names the new proposal, or says what that waits for.
    """

    def act(correction: Correction) -> _Judged:
        if correction.status not in RETRIABLE:
            return _not_now(correction)
        reason = _why_not_again(connection, correction)
        if reason:
            return _void(correction, reason)
        audit.step(connection, correction.id, "silences = 0", {}, now=now, who=who,
              name="asked anew", note=note)  # fmt: skip
        propose.allow_proposal_again(connection, [correction.listing_id])
        propose.propose(connection, now=now)
        (proposed,) = connection.execute(
            "SELECT max(id) FROM corrections WHERE listing_id = ? AND live = 1",
            (correction.listing_id,),
        ).fetchone()
        if proposed is not None:
            return _noted(correction, f"#{proposed} is proposed in its place")
        held_back = obstacles.of(connection, correction, now=now)
        if held_back is None:
            return _noted(correction, "it will be proposed as soon as it can be judged")
        return _noted(correction, "it will be proposed; it waits", held_back)

    return _decide(connection, seen, _each(act))


def _why_not_again(connection: sqlite3.Connection, correction: Correction) -> str:
    """Why nothing can be proposed again for the listing of an ended correction."""
    newer = connection.execute(
        """SELECT id, status FROM corrections WHERE listing_id = ? AND id > ?
        ORDER BY id DESC LIMIT 1""",
        (correction.listing_id, correction.id),
    ).fetchone()
    if newer is not None:
        number, status = newer
        return f"a later update exists: #{number} is {status.replace('_', ' ')}"
    frozen, read_since, differs = connection.execute(
        """SELECT l.frozen_at IS NOT NULL,
          l.observed_at > k.ended_at OR EXISTS (SELECT 1 FROM channels c
            JOIN polls p ON p.id = c.good_poll_id
            WHERE c.id = l.channel_id AND p.started_at >= k.ended_at),
          EXISTS (SELECT 1 FROM open_disagreements d
            WHERE d.listing_id = l.id AND d.waits > 0)
        FROM corrections k JOIN listings l ON l.id = k.listing_id WHERE k.id = ?""",
        (correction.id,),
    ).fetchone()
    if frozen:
        return FROZEN
    if correction.status is CorrectionStatus.UNKNOWN and not read_since:
        # It may have been written: a reading decides, not a second write (rule 9,
        # docs/architecture.md). A second write could undo what was sold in between.
        return UNREAD
    return "" if differs else "nothing to correct there now"


def _step(  # noqa: PLR0913 - a step is its change and its audit row.
    connection: sqlite3.Connection,
    name: str,
    sets: str,
    values: Mapping[str, object] = MappingProxyType({}),
    *,
    now: Millis,
    who: str,
    note: str | None = None,
) -> _Take:
    def take(ids: list[int]) -> None:
        audit.step_all(connection, ids, sets, values, now=now, who=who, name=name, note=note)

    return take


def _each(act: Callable[[Correction], _Judged]) -> Callable[[Sequence[Correction]], list[_Judged]]:
    return lambda batch: list(map(act, batch))


def _decide(
    connection: sqlite3.Connection,
    seen: Seen,
    judge: Callable[[Sequence[Correction]], list[_Judged]],
) -> list[Decision]:
    """Judge the corrections that are still at the version seen, and take the steps."""
    # Compare-and-set: each is read in the transaction that changes it, and an act on another
    # version than the operator saw does nothing.
    decisions = []
    for batch in _batches(seen):
        ids = [correction_id for correction_id, _ in batch]
        found = {correction.id: correction for correction in lifecycle.by_id(connection, ids)}
        judged = judge(
            [
                found[correction_id]
                for correction_id, version in batch
                if correction_id in found and version in (None, found[correction_id].version)
            ]
        )
        steps: dict[_Take, list[int]] = {}
        for decision, take in judged:
            if take is not None:
                steps.setdefault(take, []).append(decision.id)
        for take, taken in steps.items():
            take(taken)
        made = {decision.id: decision for decision, _ in judged}
        decisions += [
            made.get(correction_id) or _passed_over(connection, correction_id, found, version)
            for correction_id, version in batch
        ]
    return decisions


def _batches(seen: Seen) -> Iterator[Seen]:
    """In order, no id twice in one: the second time it is judged by what the first act made."""
    batch: dict[int, int | None] = {}
    for correction_id, version in seen:
        if correction_id in batch or len(batch) == _TOGETHER:
            yield list(batch.items())
            batch = {}
        batch[correction_id] = version
    if batch:
        yield list(batch.items())


def _passed_over(
    connection: sqlite3.Connection,
    correction_id: int,
    found: Mapping[int, Correction],
    version: int | None,
) -> Decision:
    if correction_id not in found or version is None:
        return Decision(correction_id, ok=False, why="not found")
    words = conflicts.in_words(connection, found[correction_id], version)
    why = "it has changed since you saw it" + (f": {words}" if words else "")
    return Decision(correction_id, ok=False, why=why)


def _done(correction: Correction, take: _Take) -> _Judged:
    return Decision(correction.id, ok=True), take


def _noted(
    correction: Correction,
    why: str,
    held_back: HeldBack | None = None,
    take: _Take | None = None,
) -> _Judged:
    """The act counts, and there is something that the operator should know."""
    return Decision(correction.id, ok=True, why=f"noted: {why}", held_back=held_back), take


def _void(correction: Correction, why: str, held_back: HeldBack | None = None) -> _Judged:
    return Decision(correction.id, ok=False, why=why, held_back=held_back), None


def _not_now(correction: Correction) -> _Judged:
    words = f"it is {correction.status.replace('_', ' ')}"
    why = f"{words}: {correction.result}" if correction.result else words
    return Decision(correction.id, ok=False, why=why, status=correction.status), None

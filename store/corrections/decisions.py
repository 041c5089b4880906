"""What an operator decides about a correction: approve, reject, snooze, undo, retry.

Each act returns one `Decision` per correction, in order. The push limits are not held here.
"""

import sqlite3
from collections.abc import Callable, Sequence

from store import people
from store.corrections import audit, conflicts, lifecycle, propose
from store.corrections.guards import obstacles
from store.decision import Decision
from store.model import Correction, CorrectionStatus, Millis
from store.reasons import HeldBack, Reason

Seen = Sequence[tuple[int, int | None]]
"""Corrections by id, each with the version that the operator saw, or None for whatever it is."""

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

    def act(correction: Correction) -> Decision:
        if correction.status not in _UNDECIDED:
            return _not_now(correction)
        held_back = obstacles.of(connection, correction, now=now)
        if held_back is not None:
            return _void(correction, "not now", held_back)
        needs_two = second_person_above is not None and abs(correction.units) > second_person_above
        first = correction.decided_by
        if needs_two and (first is None or people.is_same(first, who)):
            if first is not None:
                words = f"{abs(correction.units)} units need a second person, not {who} again"
                return _void(correction, words)
            audit.step(connection, correction.id, f"decided_by = :who, decided_at = :now, {_REF}",
                  {"who": who}, now=now, who=who, name="first approval", note=note)  # fmt: skip
            return _noted(correction, "a second person must approve it too")
        names = "second_by = :who" if needs_two else "decided_by = :who"
        audit.step(
            connection, correction.id,
            f"status = 'approved', {names}, decided_at = :now, hold_until = :hold, "
            f"expires_at = :expires, by_rule = :rule, note = coalesce(:note, note), {_REF}",
            {"who": who, "hold": now + hold_ms, "expires": now + hold_ms + expires_ms,
             "rule": int(by_rule), "note": note},
            now=now, who=who, name="approved", note=note,
        )  # fmt: skip
        return _done(correction)

    return _decide(connection, seen, act)


def reject(
    connection: sqlite3.Connection, seen: Seen, *, who: str, now: Millis, reason: str
) -> list[Decision]:
    """Reject: nothing is proposed for the listing until its target or its reading changes.

    What is approved and not yet being written can be rejected too: when its hold has passed and
    its channel cannot be written just now, that is the way to stop it.
    """

    def act(correction: Correction) -> Decision:
        if correction.status not in (*_UNDECIDED, CorrectionStatus.APPROVED):
            return _not_now(correction)
        connection.execute(
            "UPDATE corrections SET decided_by = ?, decided_at = ?, note = ? WHERE id = ?",
            (who, now, reason, correction.id),
        )
        audit.end(
            connection, correction.id, CorrectionStatus.REJECTED,
            now=now, who=who, result=None, note=reason,
        )  # fmt: skip
        return _done(correction)

    return _decide(connection, seen, act)


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

    def act(correction: Correction) -> Decision:
        if correction.status not in _UNDECIDED:
            return _not_now(correction)
        audit.step(connection, correction.id, "status = 'snoozed', snoozed_until = :until",
              {"until": until}, now=now, who=who, name="snoozed", note=note)  # fmt: skip
        return _done(correction)

    return _decide(connection, seen, act)


def undo(connection: sqlite3.Connection, seen: Seen, *, who: str, now: Millis) -> list[Decision]:
    """Take a decision back: an approval while its hold lasts, a rejection until something moves.

    What was rejected or snoozed is proposed again, as it was.
    """

    def act(correction: Correction) -> Decision:
        if correction.status is CorrectionStatus.REJECTED:
            return _undo_rejection(connection, correction, who=who, now=now)
        if correction.status is CorrectionStatus.SNOOZED:
            audit.step(connection, correction.id, "status = 'proposed', snoozed_until = NULL", {},
                  now=now, who=who, name=SNOOZE_ENDED)  # fmt: skip
            return _done(correction)
        if correction.status is not CorrectionStatus.APPROVED:
            return _not_now(correction)
        if correction.hold_until is not None and correction.hold_until <= now:
            words = "its hold has passed: reject it to stop it, unless it is being written"
            return _void(correction, words)
        audit.step(connection, correction.id, audit.UNDECIDE, {}, now=now, who=who, name="undone")
        return _done(correction)

    return _decide(connection, seen, act)


def _undo_rejection(
    connection: sqlite3.Connection, correction: Correction, *, who: str, now: Millis
) -> Decision:
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
    audit.step(
        connection, correction.id,
        f"{audit.UNDECIDE}, live = 1, silences = 0, ended_at = NULL, note = NULL", {},
        now=now, who=who, name=REJECTION_UNDONE,
    )  # fmt: skip
    return _done(correction)


def retry(
    connection: sqlite3.Connection, seen: Seen, *, who: str, now: Millis, note: str | None = None
) -> list[Decision]:
    """Retry what ended badly: it is proposed again, at once where it can be judged.

    Only for the listing's last correction, and never against a freeze. A decision that is `ok`
    names the new proposal, or says what that waits for.
    """

    def act(correction: Correction) -> Decision:
        if correction.status not in RETRIABLE:
            return _not_now(correction)
        reason = _why_not_again(connection, correction)
        if reason:
            return _void(correction, reason)
        audit.step(connection, correction.id, "silences = 0", {}, now=now, who=who,
              name="asked anew", note=note)  # fmt: skip
        propose.allow_proposal_again(connection, correction.listing_id)
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

    return _decide(connection, seen, act)


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


def _decide(
    connection: sqlite3.Connection, seen: Seen, act: Callable[[Correction], Decision]
) -> list[Decision]:
    """Run `act` on each correction that is still at the version seen."""
    # Compare-and-set: each is read in the transaction that changes it, and an act on another
    # version than the operator saw does nothing. One by one, so that an id
    # that is given twice is judged by what the first act made of it.
    decisions = []
    for correction_id, version in seen:
        correction = next(iter(lifecycle.by_id(connection, [correction_id])), None)
        if correction is None:
            decisions.append(Decision(correction_id, ok=False, why="not found"))
        elif version is not None and version != correction.version:
            words = conflicts.in_words(connection, correction, version)
            why = "it has changed since you saw it" + (f": {words}" if words else "")
            decisions.append(Decision(correction_id, ok=False, why=why))
        else:
            decisions.append(act(correction))
    return decisions


def _done(correction: Correction) -> Decision:
    return Decision(correction.id, ok=True)


def _noted(correction: Correction, why: str, held_back: HeldBack | None = None) -> Decision:
    """The act counts, and there is something that the operator should know."""
    return Decision(correction.id, ok=True, why=f"noted: {why}", held_back=held_back)


def _void(correction: Correction, why: str, held_back: HeldBack | None = None) -> Decision:
    return Decision(correction.id, ok=False, why=why, held_back=held_back)


def _not_now(correction: Correction) -> Decision:
    words = f"it is {correction.status.replace('_', ' ')}"
    why = f"{words}: {correction.result}" if correction.result else words
    return Decision(correction.id, ok=False, why=why, status=correction.status)

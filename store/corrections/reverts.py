"""Turning updates back: what was verified is proposed the other way, with the values from before.

What has moved since is left out and named. The proposals are ordinary ones, which a person approves
and no rule does; verified, they keep their listing quiet until its target or reading moves.
"""

import json
import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

from store.corrections import audit, batches, lifecycle
from store.decision import Decision
from store.model import Correction, CorrectionStatus, Millis


class Revert(NamedTuple):
    """What became of turning updates back."""

    proposed: list[Correction]
    """The new proposals, each with the update that it turns back."""
    left_out: list[Decision]
    """By the id of the update that stays as it is, why."""


def revert_batch(
    connection: sqlite3.Connection, correction_id: int, *, who: str, now: Millis
) -> Revert | None:
    """The same for all of the batch in which an update was approved; None where it never was."""
    batch = batches.of_correction(connection, correction_id, now=now)
    if batch is None:
        return None
    ids = [member.correction.id for member in batch.members]
    return revert(connection, ids, who=who, now=now)


def revert(connection: sqlite3.Connection, ids: Sequence[int], *, who: str, now: Millis) -> Revert:
    """Propose the values from before each of these updates; one transaction."""
    made: list[int] = []
    left_out: list[Decision] = []
    for correction in lifecycle.by_id(connection, list(dict.fromkeys(ids))):
        why = _why_not(connection, correction)
        if why:
            left_out.append(Decision(correction.id, ok=False, why=why))
            continue
        (number,) = connection.execute(_PROPOSE, {"id": correction.id, "now": now}).fetchone()
        note = f"turns back #{correction.id}"
        audit.note_step(connection, number, who=who, step="proposed", now=now, note=note)
        made.append(number)
    return Revert(lifecycle.by_id(connection, made), left_out)


_PROPOSE = """INSERT INTO corrections (listing_id, status, from_quantity, from_state, to_quantity,
  to_state, price_minor, proposed_at, reverts)
SELECT l.id, 'proposed', l.available, l.state, k.from_quantity,
  CASE WHEN k.to_state IS k.from_state THEN l.state ELSE k.from_state END,
  coalesce(l.price_minor, i.price_minor), :now, k.id
FROM corrections k JOIN listings l ON l.id = k.listing_id JOIN items i ON i.id = l.item_id
WHERE k.id = :id RETURNING id"""


class _Since(NamedTuple):
    """What a listing shows and should show now, and how the update ended there."""

    readable: bool
    several: bool
    available: int | None
    state: str | None
    at_least: bool
    target: int | None
    target_state: str | None
    frozen: bool
    seen: str
    newer: int | None


_SINCE = """SELECT l.present = 1 AND l.problem IS NULL, l.copies > 1 OR l.twins IS NOT NULL,
  l.available, l.state, l.at_least, l.target_quantity, l.target_state, l.frozen_at IS NOT NULL,
  (SELECT u.seen FROM audit u WHERE u.correction_id = k.id ORDER BY u.id DESC LIMIT 1),
  (SELECT max(n.id) FROM corrections n WHERE n.listing_id = k.listing_id AND n.id > k.id)
FROM corrections k JOIN listings l ON l.id = k.listing_id WHERE k.id = ?"""


def _why_not(connection: sqlite3.Connection, correction: Correction) -> str:
    """Why an update can't be turned back; empty where it can."""
    if correction.status is not CorrectionStatus.VERIFIED:
        words = correction.status.replace("_", " ")
        return f"it is {words}: only what was verified can be turned back"
    since = _Since._make(connection.execute(_SINCE, (correction.id,)).fetchone())
    then = json.loads(since.seen)
    target_then = then.get("target_quantity")
    moved_state = correction.to_state != correction.from_state
    reasons = (
        (since.frozen, "it is frozen"),
        (not since.readable, "its listing can't be read now"),
        (since.several or correction.listings > 1, "the channel lists it more than once"),
        (correction.from_quantity is None or correction.from_at_least or since.at_least,
         "the number before is not known exactly"),
        ((correction.from_quantity or 0) < 0, "it was below zero before, which is never written"),
        (since.available != correction.to_quantity,
         f"it has moved since: shows {since.available}, and was set to {correction.to_quantity}"),
        (moved_state and since.state != correction.to_state,
         f"it has moved since: is {since.state}, and was set to {correction.to_state}"),
        (since.target != target_then,
         f"its target has moved since: {target_then} to {since.target}"),
        (since.target_state != then.get("target_state"),
         f"its target has moved since: {then.get('target_state')} to {since.target_state}"),
        (since.newer is not None, f"a later update exists: #{since.newer}"),
    )  # fmt: skip
    return next((why for holds, why in reasons if holds), "")

"""Acknowledging a disagreement: a person has seen it and says why it may stay, until it changes.

It stays open in every count and report; only its place in the list changes.
"""

import json
import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from store.decision import Decision
from store.model import Disagreement, Millis
from store.targets.verdict_sql import SHOWN

REASON_LENGTH_MAX = 500


class SeenDisagreement(msgspec.Struct, frozen=True):
    """A disagreement as a person saw it; without `figures`, whatever it shows."""

    id: int
    figures: tuple[int | None, str | None, int | None, str | None] | None = None
    """What was shown and what should have been: quantity and state of each."""

    @classmethod
    def of(cls, disagreement: Disagreement) -> "SeenDisagreement":
        shown = (disagreement.available, disagreement.state)
        return cls(disagreement.id, (*shown, disagreement.target, disagreement.target_state))


def acknowledge(
    connection: sqlite3.Connection,
    seen: Sequence[SeenDisagreement],
    *,
    who: str,
    why: str,
    now: Millis,
) -> list[Decision]:
    """Acknowledge what is still as it was seen; one decision for each, in order."""
    # It ends by a trigger of the table: whatever changes the figures ends it, in whichever process,
    # and no code that changes them has to know of acknowledgements.
    standing = _standing(connection, seen)
    made = [_judge(disagreement, standing.get(disagreement.id)) for disagreement in seen]
    connection.execute(
        """UPDATE open_disagreements SET acknowledged_by = :who, acknowledged_at = :now,
          acknowledged_why = :why WHERE id IN (SELECT value FROM json_each(:ids))""",
        {"who": who, "now": now, "why": why[:REASON_LENGTH_MAX], "ids": _done(made)},
    )
    return made


def take_back(connection: sqlite3.Connection, ids: Sequence[int]) -> list[Decision]:
    """Take the acknowledgements back; one decision for each, in order."""
    standing = _standing(connection, [SeenDisagreement(disagreement_id) for disagreement_id in ids])
    made = []
    for disagreement_id in ids:
        found = standing.get(disagreement_id)
        why = _GONE if found is None else "" if found.by else "it is not acknowledged"
        made.append(Decision(disagreement_id, ok=not why, why=why))
    connection.execute(
        """UPDATE open_disagreements SET acknowledged_by = NULL, acknowledged_at = NULL,
          acknowledged_why = NULL WHERE id IN (SELECT value FROM json_each(?))""",
        (_done(made),),
    )
    return made


_GONE = "resolved: shown and target agree now"


class _Standing(NamedTuple):
    """How an open disagreement stands."""

    by: str | None
    """Who has acknowledged it."""
    because: str | None
    figures: tuple[object, ...]


def _standing(
    connection: sqlite3.Connection, seen: Sequence[SeenDisagreement]
) -> dict[int, _Standing]:
    """By id, of those that are open."""
    rows = connection.execute(
        f"""SELECT d.id, d.acknowledged_by, d.acknowledged_why,
          {SHOWN}, l.state, d.target_quantity, d.target_state
        FROM json_each(?) j CROSS JOIN open_disagreements d ON d.id = j.value
        JOIN listings l ON l.id = d.listing_id JOIN channels c ON c.id = d.channel_id
        WHERE c.configured = 1""",
        (json.dumps([disagreement.id for disagreement in seen]),),
    )
    return {
        disagreement_id: _Standing(by, why, tuple(figures))
        for disagreement_id, by, why, *figures in rows
    }


def _judge(
    seen: SeenDisagreement,
    standing: _Standing | None,
) -> Decision:
    if standing is None:
        return Decision(seen.id, ok=False, why=_GONE)
    by, because, figures = standing
    if seen.figures is not None and seen.figures != figures:
        why = f"it has changed since you saw it: {_moved(seen.figures, figures)}"
        return Decision(seen.id, ok=False, why=why)
    if by is not None:
        return Decision(seen.id, ok=False, why=f"{by} has acknowledged it already: {because}")
    return Decision(seen.id, ok=True)


def _moved(before: Sequence[object], after: Sequence[object]) -> str:
    """Say which of the figures moved, and from what to what."""
    names = ("shown", "state", "target", "target state")
    return ", ".join(
        f"{name} {_said(old)} → {_said(new)}"
        for name, old, new in zip(names, before, after, strict=True)
        if old != new
    )


def _said(value: object) -> str:
    return "none" if value is None else str(value)


def _done(made: Sequence[Decision]) -> str:
    return json.dumps([decision.id for decision in made if decision.ok])

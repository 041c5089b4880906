"""How much asking an act needs, and why one can't be done. Pure; the screens only obey.

A single small reduction is one key. Anything else shows its effect and wants a `y`; every raise
in bulk, and anything big, wants its count typed.
"""

from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple

from console.text.format import time_of_day
from console.text.reasons import reason_text
from store.corrections.decisions import RETRIABLE
from store.model import (
    CORRECTABLE,
    Correction,
    CorrectionStatus,
    Direction,
    Disagreement,
    Millis,
    Status,
)
from sync.corrections.decide import blast_radius, raise_or_reduce

SMALL_UNITS = 20
"""A reduction of up to so many units is small."""

BIG_ROWS = 20
BIG_UNITS = 200
BIG_TO_ZERO = 5

UNDECIDED = (CorrectionStatus.PROPOSED, CorrectionStatus.SNOOZED)


class Picked(NamedTuple):
    """What an act would be done to."""

    seen: tuple[tuple[int, int | None], ...] = ()
    """Updates by id, with the version that the operator saw."""
    about: str = ""
    why_not: str = ""
    """Why there is nothing to do it to; for marks, what of them is left out."""
    not_now: str = ""
    """Why it can't be approved at this moment, though it can be rejected."""


class Asking(Enum):
    """What stands between the key and the act."""

    NOTHING = "nothing"
    YES = "y"
    COUNT = "the count, typed"


def asking(batch: Sequence[Correction]) -> Asking:
    """How approving all of `batch` must be asked for."""
    if len(batch) == 1:
        only = batch[0]
        small = (
            raise_or_reduce(only) == "reduce"
            and 0 < -only.units <= SMALL_UNITS
            and only.to_quantity != 0
        )
        if small and only.to_state in (None, only.from_state):
            return Asking.NOTHING
        return Asking.COUNT if abs(only.units) > BIG_UNITS else Asking.YES
    effect = blast_radius(batch)
    big = (
        len(batch) > BIG_ROWS
        or effect.units_up + effect.units_down > BIG_UNITS
        or effect.to_zero > BIG_TO_ZERO
    )
    raises = any(raise_or_reduce(one) == "raise" for one in batch)
    return Asking.COUNT if big or raises else Asking.YES


def typed_count(batch: Sequence[Correction]) -> int:
    """What must be typed: the number of updates, or of units where there is but one update."""
    return abs(batch[0].units) if len(batch) == 1 else len(batch)


def why_not(it: Disagreement, direction: Direction | None) -> str:
    """Why there is nothing to decide on a disagreement; empty where there is."""
    if it.correction_id is not None and it.correction_status is not None:
        return _why_not_in(it.correction_status, it.correction_id)
    if it.status is Status.SETTLING:
        until = f", decidable {time_of_day(it.decidable_at)[:5]}" if it.decidable_at else ""
        return f"{reason_text(it.reason)}{until}"
    if it.status is Status.UNKNOWN:
        return reason_text(it.reason)
    if it.kind not in CORRECTABLE:
        return f"{it.kind} is for people: see why"
    if direction is Direction.OBSERVE:
        return f"{it.channel} is only observed, never written"
    return "no update is proposed; after a refusal nothing is until something moves"


def not_now(it: Disagreement | None) -> str:
    """Why an update that would end it can't be approved now; empty where it can."""
    return "" if it is None else reason_text(it.reason)


def why_not_update(it: Correction) -> str:
    """Why an update is not open to a decision; empty where it is."""
    return _why_not_in(it.status, it.id)


def undoable(it: Correction, now: Millis) -> bool:
    return (
        it.status is CorrectionStatus.APPROVED and it.hold_until is not None and it.hold_until > now
    )


def why_not_anew(it: Correction) -> str:
    """Why an update can't be asked for anew; empty where it can, as far as it tells itself."""
    if it.status in RETRIABLE:
        return ""
    return f"#{it.id} is {str(it.status).replace('_', ' ')}: only what ended badly is tried again"


def _why_not_in(status: CorrectionStatus, number: int) -> str:
    if status in UNDECIDED:
        return ""
    if status is CorrectionStatus.APPROVED:
        return f"#{number} is approved already"
    return f"#{number} is {str(status).replace('_', ' ')}"

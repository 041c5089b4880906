"""How much confirmation an approval needs, and why an act can't be done. Pure.

A single small reduction is one key: how small, `[approval] ask_above` says. Anything else shows its
effect and wants a `y`; every raise in bulk, and anything big, wants its count typed.
"""

from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple

from console.text.format import NONE, money, plural, time_of_day
from console.text.reasons import ignored_text, reason_text
from store.model import (
    UNCOUNTED,
    Correction,
    CorrectionStatus,
    Disagreement,
    Millis,
    Status,
)
from store.reasons import Reason
from sync.settings import ApprovalSettings

BIG_ROWS = 20
BIG_UNITS = 200
BIG_TO_ZERO = 5

UNDECIDED = (CorrectionStatus.PROPOSED, CorrectionStatus.SNOOZED)


UNDOABLE = (CorrectionStatus.REJECTED, CorrectionStatus.SNOOZED)
"""How an update stands that a person has decided, and that stays until it is undone."""


class DecisionTarget(NamedTuple):
    """What a decision would be about: the update under the cursor, or the marked ones."""

    seen: tuple[tuple[int, int | None], ...] = ()
    """Updates by id, with the version that the operator saw."""
    about: str = ""
    """What it is, in a few words."""
    why_not: str = ""
    """Why there is nothing to decide on; for marks, which of them are left out."""
    not_now: str = ""
    """Why it can't be approved at this moment, though it can be rejected."""
    decided: bool = False
    """It is snoozed or rejected, which `undo` takes back."""


class Confirmation(Enum):
    """What an operator does between the key and the act."""

    NOTHING = "nothing"
    YES = "y"
    COUNT = "the count, typed"


def confirmation_for(batch: Sequence[Correction], approval: ApprovalSettings) -> Confirmation:
    """How approving all of `batch` must be confirmed."""
    # What decides is imported with the first decision: the console's first frame needs none of it.
    from sync.corrections.decide import blast_radius, raise_or_reduce

    if len(batch) == 1:
        only = batch[0]
        if _always_asks(only) is None and _is_small(only, approval):
            return Confirmation.NOTHING
        return Confirmation.COUNT if abs(only.units) > BIG_UNITS else Confirmation.YES
    effect = blast_radius(batch)
    big = (
        len(batch) > BIG_ROWS
        or effect.units_up + effect.units_down > BIG_UNITS
        or effect.to_zero > BIG_TO_ZERO
    )
    raises = any(raise_or_reduce(correction) == "raise" for correction in batch)
    return Confirmation.COUNT if big or raises else Confirmation.YES


def _always_asks(only: Correction) -> str | None:
    """What of a single update is asked about however little it is; None where nothing is."""
    from sync.corrections.decide import raise_or_reduce  # As above.

    if only.to_state not in (None, only.from_state):
        return "a change of state"
    if raise_or_reduce(only) == "raise" or only.units >= 0:
        return "a raise"
    return "a change to zero" if only.to_quantity == 0 else None


def _is_small(only: Correction, approval: ApprovalSettings) -> bool:
    above, worth = approval.ask_above_money, only.price_minor
    cheap = above is None or worth is None or -only.units * worth <= above * 100
    return cheap and -only.units <= approval.ask_above


def why_asked(batch: Sequence[Correction], approval: ApprovalSettings) -> str:
    """Why a single approval is asked about, and which key of the configuration says so.

    Empty of several: those always ask, and have more to say.
    """
    if len(batch) > 1:
        return ""
    if not approval.ask_above:
        return "every approval asks: [approval] ask_above = 0"
    most, keys = plural(approval.ask_above, "unit"), "ask_above"
    if approval.ask_above_money is not None:
        most += f" worth {money(approval.ask_above_money)}"
        keys += ", ask_above_money"
    always = _always_asks(batch[0])
    if always is None:
        return f"no question up to {most}: [approval] {keys}"
    return f"{always} always asks; one reduction up to {most} does not: [approval] {keys}"


def typed_count(batch: Sequence[Correction]) -> int:
    """What must be typed: the number of updates, or of units where there is but one update."""
    return abs(batch[0].units) if len(batch) == 1 else len(batch)


def why_not_decidable(disagreement: Disagreement) -> str:
    """Why no decision on a disagreement is possible; empty where one is."""
    if disagreement.correction_id is not None and disagreement.correction_status is not None:
        return _why_not_in(disagreement.correction_status, disagreement.correction_id)
    if disagreement.rejected_id is not None:
        return f"#{disagreement.rejected_id} is rejected by {disagreement.rejected_by or NONE}"
    if disagreement.ignored_rule is not None or disagreement.status is not Status.OPEN:
        return ignored_text(disagreement) or settling_text(disagreement)
    if not disagreement.is_correctable:
        what = UNCOUNTED if disagreement.is_uncounted else str(disagreement.kind)
        return f"{what}: correct it on {disagreement.channel} yourself"
    if disagreement.reason is Reason.OBSERVED:
        return (
            f"{disagreement.channel} is only observed: `direction` says whether Skew writes there"
        )
    why = reason_text(disagreement.reason)
    return f"no update is proposed: {why}" if why else "no update is proposed yet"


def settling_text(disagreement: Disagreement) -> str:
    """What a disagreement that is not open waits for, and until when where it settles."""
    if disagreement.decidable_at is None:
        return reason_text(disagreement.reason)
    until = f"wait until {time_of_day(disagreement.decidable_at)[:5]}Z"
    return f"{reason_text(disagreement.reason)}, {until}"


def not_now(disagreement: Disagreement | None) -> str:
    """Why an update that would end it can't be approved now; empty where it can."""
    return "" if disagreement is None else reason_text(disagreement.reason)


def why_update_not_decidable(correction: Correction) -> str:
    """Why an update is not open to a decision; empty where it is."""
    return _why_not_in(correction.status, correction.id)


def can_undo(correction: Correction, now: Millis) -> bool:
    """Whether what was decided can still be taken back, as far as the update itself shows."""
    return correction.status in UNDOABLE or is_held(correction, now)


def is_held(correction: Correction, now: Millis) -> bool:
    """Whether it is approved and its hold lasts."""
    return (
        correction.status is CorrectionStatus.APPROVED
        and correction.hold_until is not None
        and correction.hold_until > now
    )


def why_no_retry(correction: Correction) -> str:
    """Why an update can't be retried; empty where, as far as the update itself shows, it can."""
    from store.corrections.decisions import RETRIABLE  # As above.

    if correction.status in RETRIABLE:
        return ""
    status = _status_text(correction.status)
    return f"#{correction.id} is {status}: only what ended badly can be retried"


def _why_not_in(status: CorrectionStatus, number: int) -> str:
    if status in UNDECIDED:
        return ""
    if status is CorrectionStatus.APPROVED:
        return f"#{number} is approved already"
    return f"#{number} is {_status_text(status)}"


def _status_text(status: CorrectionStatus) -> str:
    return status.replace("_", " ")

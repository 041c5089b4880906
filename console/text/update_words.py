"""How an update's status, change and type are written, wherever one is shown. Pure."""

from console.text.format import (
    NONE,
    time_of_day,
    units,
    until_text,
)
from store.model import (
    Correction,
    CorrectionStatus,
    Disagreement,
    Millis,
)

STEPS = {
    CorrectionStatus.PROPOSED: "proposed",
    CorrectionStatus.SNOOZED: "snoozed",
    CorrectionStatus.APPROVED: "approved",
    CorrectionStatus.APPLYING: "writing…",
    CorrectionStatus.APPLIED: "reading back…",
    CorrectionStatus.VERIFIED: "● verified",
    CorrectionStatus.REJECTED: "rejected",
    CorrectionStatus.SUPERSEDED: "superseded",
    CorrectionStatus.FAILED: "✖ failed",
    CorrectionStatus.NOT_APPLIED: "✖ not applied",
    CorrectionStatus.UNKNOWN: "? unknown",
    CorrectionStatus.EXPIRED: "expired",
}
"""A correction's status in a word, with the glyph of a bad end."""


def change_text(correction: Correction) -> str:
    """What an update would do: `31 → 14`, `active → disabled`, or both."""
    parts = []
    if correction.to_quantity is not None and correction.units != 0:
        before = units(correction.from_quantity, at_least=correction.from_at_least)
        parts.append(f"{before} → {units(correction.to_quantity)}")
    if correction.to_state is not None and correction.to_state != correction.from_state:
        parts.append(f"{correction.from_state or NONE} → {correction.to_state}")
    return ", ".join(parts) or f"stays {units(correction.to_quantity)}"


def change_type(correction: Correction) -> str:
    """Which type of change: reduce, raise, or state."""
    if correction.units == 0:
        return "state" if correction.to_state is not None else "confirm"
    return "reduce" if correction.units < 0 else "raise"


def waits_for(correction: Correction, now: Millis) -> str:
    """What happens next with an update, or what became of it, in a few words."""
    if correction.status is CorrectionStatus.APPROVED:
        if correction.hold_until is not None and correction.hold_until > now:
            return f"written in {_seconds(correction.hold_until - now)}"
        waits = f"by {correction.decided_by or NONE}, waiting for the engine"
        return correction.result or waits
    if correction.status is CorrectionStatus.SNOOZED:
        return f"until {time_of_day(correction.snoozed_until)[:5]}Z"
    if correction.status is CorrectionStatus.APPLIED and correction.proof_until is not None:
        return f"applied later; to show by {until_text(correction.proof_until, now)}"
    if correction.status is CorrectionStatus.PROPOSED and correction.decided_by:
        return f"{correction.decided_by} approved; a second person must, too"
    return correction.result or correction.note or ""


def decided_text(disagreement: Disagreement, now: Millis) -> str:
    """`snoozed until 14:30Z`, `rejected #133 by ana`; empty where a decision is open."""
    until = disagreement.snoozed_until
    if until is not None and until > now:
        return f"snoozed until {until_text(until, now)}"
    if disagreement.correction_id is None and disagreement.rejected_id is not None:
        return f"rejected #{disagreement.rejected_id} by {disagreement.rejected_by or NONE}"
    return ""


def _seconds(span_ms: int) -> str:
    return f"{-(-span_ms // 1000)} s"

"""Why a listing disagrees, with its evidence. Pure: facts in, one sentence out.

The predictors stand in a fixed order and each is exact: the first that fits is the cause. The
reports and the console's detail ask this; nothing acts on it.
"""

from store.model import Cause, CorrectionStatus, Disagreement, Kind, Millis, Status
from store.panels import Facts
from sync.clock import rfc3339

SECOND_MS = 1000
MINUTE_MS = 60 * SECOND_MS
HOUR_MS = 60 * MINUTE_MS

_STRUCTURAL = {
    Kind.MISSING: "{authority} has this SKU and {channel} lacks it: list it there, or set "
    'missing = "ignore" for {channel}',
    Kind.UNLISTED: "{channel} has this SKU and the authority does not: add it there, or take it "
    "off sale on {channel}",
    Kind.DUPLICATE: "{channel} has this SKU more than once: rename or remove all but one there",
}


def cause(disagreement: Disagreement, facts: Facts, *, now: Millis) -> Cause:
    """The first predictor that fits; `unexplained` with the residual where none does."""
    if disagreement.kind in _STRUCTURAL:
        words = _STRUCTURAL[disagreement.kind].format(
            authority=facts.authority or "the authority", channel=disagreement.channel
        )
        return Cause(disagreement.kind, 1.0, words)
    for predictor in (_untrusted, _not_applied, _lag, _negative):
        found = predictor(disagreement, facts, now)
        if found is not None:
            return found
    shows = disagreement.state if disagreement.kind is Kind.STATE else disagreement.available
    since = rfc3339(disagreement.first_seen_at)
    if disagreement.delta is None:
        residual = f"shows {shows}, should show {disagreement.target_state}"
    else:
        residual = f"shows {shows}, {abs(disagreement.delta)} away from the target"
    return Cause("unexplained", 0.0, f"{residual} since {since}; nothing known explains it")


def _untrusted(disagreement: Disagreement, _facts: Facts, _now: Millis) -> Cause | None:
    """What cannot be read cannot be explained."""
    if disagreement.status is not Status.UNKNOWN:
        return None
    return Cause("not trusted", 1.0, f"{disagreement.reason}: the last good reading is shown")


def _not_applied(disagreement: Disagreement, facts: Facts, _now: Millis) -> Cause | None:
    """The channel took a correction and shows what it showed before."""
    if facts.last_correction_status is not CorrectionStatus.NOT_APPLIED:
        return None
    words = (
        f"update #{facts.last_correction_id} was accepted at "
        f"{rfc3339(facts.last_correction_at)} and {disagreement.channel} still shows "
        f"{disagreement.available}"
    )
    return Cause("not applied", 1.0, words)


def _lag(_disagreement: Disagreement, facts: Facts, now: Millis) -> Cause | None:
    """The channel shows a target of before: it is late, or it was never told."""
    if facts.earlier_target_until is None:
        return None
    behind = age(now - facts.earlier_target_until)
    polls = facts.polls_since_moved
    words = (
        f"shows the target of {rfc3339(facts.earlier_target_since)} to "
        f"{rfc3339(facts.earlier_target_until)}, {behind} behind; "
        f"{polls} poll{'' if polls == 1 else 's'} since did not move it"
    )
    return Cause("lag", 0.9, words)


def _negative(disagreement: Disagreement, _facts: Facts, _now: Millis) -> Cause | None:
    if disagreement.kind is not Kind.NEGATIVE or disagreement.available is None:
        return None
    words = f"{-disagreement.available} more were sold on {disagreement.channel} than it had"
    return Cause("oversold", 0.8, words)


def age(span_ms: int) -> str:
    """A span in one unit: `40 s`, `4 min`, `3 h`."""
    for unit_ms, name in ((HOUR_MS, "h"), (MINUTE_MS, "min")):
        if span_ms >= unit_ms:
            return f"{span_ms // unit_ms} {name}"
    return f"{max(0, span_ms) // SECOND_MS} s"

"""Why something cannot be acted on now, in words for people and in the words of JSON and CSV."""

from collections.abc import Mapping
from types import MappingProxyType

from console.text.format import day_and_time
from store.decision import Decision
from store.model import Disagreement
from store.reasons import STANDING, HeldBack, Reason

_WORDS: Mapping[Reason, str] = MappingProxyType(
    {
        Reason.NEVER_READ: "never read",
        Reason.QUARANTINED: "quarantined",
        Reason.CHANNEL_STALE: "channel stale",
        Reason.UNREADABLE: "record can't be read",
        Reason.AUTHORITY_QUARANTINED: "authority quarantined",
        Reason.AUTHORITY_STALE: "authority stale",
        Reason.AUTHORITY_UNREADABLE: "authority's record can't be read",
        Reason.AUTHORITY_DUPLICATE: "listed twice by the authority",
        Reason.SETTLING: "settling",
        Reason.AUTHORITY_BEHIND: "waiting: authority not read since this channel's last drop",
        Reason.INCOMPLETE: "waiting for the next full file: one of changes is missing",
        Reason.SECOND_READING: "waiting for a second reading",
        Reason.FROZEN: "frozen",
        Reason.IGNORED: "ignored by a rule",
        Reason.DECIDED: "nothing new until target or reading moves",
        Reason.OBSERVED: "only observed",
        Reason.NO_TARGET: "authority says nothing of it",
        Reason.NEGATIVE_FIRST: "negative number first",
        Reason.NOT_WRITTEN: "not written there",
        Reason.PAUSED: "paused",
        Reason.WRITES_PAUSED: "all writes paused",
        Reason.WINDOW: "raises and rules wait",
    }
)

_DOCUMENT_WORDS: Mapping[Reason, str] = MappingProxyType(
    {
        **_WORDS,
        Reason.UNREADABLE: "unreadable",
        Reason.AUTHORITY_UNREADABLE: "authority unreadable",
        Reason.AUTHORITY_DUPLICATE: "authority duplicate",
        Reason.AUTHORITY_BEHIND: "authority not read since this channel fell",
        Reason.SECOND_READING: "awaits a second reading",
    }
)
"""Scripts compare with these: they never change. `reason_code` is what a new script goes by."""


def reason_text(reason: Reason | None) -> str:
    """For people; empty where nothing stands in the way."""
    return "" if reason is None else _WORDS[reason]


def standing_text(disagreement: Disagreement) -> str:
    """In a word or two why nothing is proposed for an open one; empty where something is."""
    if disagreement.reason not in STANDING:
        return ""
    return str(disagreement.reason).replace("_", " ")


def ignored_text(disagreement: Disagreement) -> str:
    """Which rule ignores it, whose, until when and why; empty where none does."""
    if disagreement.ignored_rule is None:
        return ""
    until_at = disagreement.ignored_until
    until = f" until {day_and_time(until_at)[:16]}Z" if until_at is not None else ""
    by = f"ignored by rule {disagreement.ignored_rule} of {disagreement.ignored_by}"
    return f"{by}{until}: {disagreement.ignored_why}"


def reason_in_documents(reason: Reason | None) -> str:
    """For JSON and CSV; empty where nothing stands in the way."""
    return "" if reason is None else _DOCUMENT_WORDS[reason]


def held_back_text(held: HeldBack | None) -> str:
    """`channel stale`, `frozen: …`, `paused by ana: …`; empty where nothing holds it back."""
    return "" if held is None else _held_back(held, _WORDS)


def why_text(decision: Decision) -> str:
    """For people: what stood in the way of an act, or a note on it; empty where there is none."""
    return _why(decision, _WORDS)


def why_in_documents(decision: Decision) -> str:
    """For JSON: what stood in the way of an act, or a note on it; empty where there is none."""
    return _why(decision, _DOCUMENT_WORDS)


def _why(decision: Decision, words: Mapping[Reason, str]) -> str:
    if decision.held_back is None:
        return decision.why
    return f"{decision.why}: {_held_back(decision.held_back, words)}"


def _held_back(held: HeldBack, words: Mapping[Reason, str]) -> str:
    by = f" by {held.by}" if held.by else ""
    detail = f": {held.detail}" if held.detail else ""
    until = "" if held.until is None else f" until {day_and_time(held.until)}"
    return f"{words[held.reason]}{by}{until}{detail}"

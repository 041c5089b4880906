"""Why something cannot be acted on now, in words."""

from collections.abc import Mapping
from types import MappingProxyType

from store.model import Decision
from store.reasons import HeldBack, Reason

_WORDS: Mapping[Reason, str] = MappingProxyType(
    {
        Reason.NEVER_READ: "never read",
        Reason.QUARANTINED: "quarantined",
        Reason.CHANNEL_STALE: "channel stale",
        Reason.UNREADABLE: "unreadable",
        Reason.AUTHORITY_QUARANTINED: "authority quarantined",
        Reason.AUTHORITY_STALE: "authority stale",
        Reason.AUTHORITY_UNREADABLE: "authority unreadable",
        Reason.AUTHORITY_DUPLICATE: "authority duplicate",
        Reason.SETTLING: "settling",
        Reason.AUTHORITY_BEHIND: "authority not read since this channel fell",
        Reason.SECOND_READING: "awaits a second reading",
        Reason.FROZEN: "frozen",
        Reason.PAUSED: "paused",
    }
)


def reason_text(reason: Reason | None) -> str:
    """Empty where nothing stands in the way."""
    return "" if reason is None else _WORDS[reason]


def held_back_text(held: HeldBack | None) -> str:
    """`channel stale`, `frozen: …`, `paused by ana: …`; empty where nothing holds it back."""
    if held is None:
        return ""
    by = f" by {held.by}" if held.by else ""
    detail = f": {held.detail}" if held.detail else ""
    return f"{_WORDS[held.reason]}{by}{detail}"


def why_text(decision: Decision) -> str:
    """What stood in the way of an act, or what there is to tell of it; empty where nothing is."""
    if decision.held_back is None:
        return decision.why
    return f"{decision.why}: {held_back_text(decision.held_back)}"

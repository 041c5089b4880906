"""What to do next, said beside what is the matter: a message without a way out helps nobody."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from types import MappingProxyType

from console.text.format import day_and_time, plural
from console.text.reasons import held_back_text, why_text
from store.channels import pauses
from store.channels.pauses import Pause
from store.corrections.lifecycle import ApprovedCorrection
from store.database.lease import Lease
from store.model import CorrectionStatus, Decision, Freshness, Incident, IncidentKind
from store.queries.values import ChannelHealth
from store.reasons import HeldBack, Reason

_READ_AFRESH = "`skew poll` reads it afresh"
_SET_ASIDE = "`skew status` says why; `skew accept CHANNEL` believes it"
_WHERE = "`skew status` says where"

_OF_REASON: Mapping[Reason, str] = MappingProxyType(
    {
        Reason.NEVER_READ: _READ_AFRESH,
        Reason.CHANNEL_STALE: _READ_AFRESH,
        Reason.AUTHORITY_STALE: _READ_AFRESH,
        Reason.AUTHORITY_BEHIND: _READ_AFRESH,
        Reason.SECOND_READING: _READ_AFRESH,
        Reason.QUARANTINED: _SET_ASIDE,
        Reason.AUTHORITY_QUARANTINED: _SET_ASIDE,
        Reason.UNREADABLE: _WHERE,
        Reason.AUTHORITY_UNREADABLE: _WHERE,
        Reason.AUTHORITY_DUPLICATE: "`skew diff --kind duplicate` says where",
        Reason.PAUSED: "`skew resume CHANNEL` ends it",
    }
)

_TAKE_BACK = "`skew undo` takes it back while its hold lasts"


def of_decision(decision: Decision) -> str:
    """Add to why an act was void what would make it possible, where anything would."""
    why, held_back = why_text(decision), decision.held_back
    remedy = None
    if held_back is not None and not decision.ok:
        remedy = _OF_REASON.get(held_back.reason)
    if decision.status is CorrectionStatus.APPROVED:
        remedy = _TAKE_BACK
    return f"{why}: {remedy}" if remedy else why


def of_held_back(held_back: HeldBack) -> str:
    """Say what holds an update back, and what would let it go, where anything would."""
    remedy = _OF_REASON.get(held_back.reason)
    return f"{held_back_text(held_back)}: {remedy}" if remedy else held_back_text(held_back)


def waiting(standings: Iterable[ApprovedCorrection], trouble: Mapping[str, str]) -> list[str]:
    """Say why approved updates were not written, channel by channel.

    `trouble` is what each channel said while they were to be written.
    """

    def ground(one: ApprovedCorrection) -> tuple[str, str]:
        channel = one.correction.channel
        said = of_held_back(one.held_back) if one.held_back else trouble.get(channel)
        return channel, said or "`skew status` tells its health"

    return [
        f"{plural(len(list(those)), 'approved update')} for {channel} not written: {why}"
        for (channel, why), those in groupby(sorted(standings, key=ground), key=ground)
    ]


def of_quarantine(reason: str, channel: str) -> str:
    """Add to why a poll was set aside how it is believed after all."""
    return f"{reason}; `skew accept {channel}` believes it"


_UNKNOWN = {
    Freshness.NEVER: "{} was never read: `skew poll` reads it",
    Freshness.STALE: "{} is stale, and what it shows now is not known: `skew poll` reads it afresh",
    Freshness.QUARANTINED: "the last poll of {0} is set aside: `skew accept {0}` believes it",
}


def not_compared(
    channels: Sequence[ChannelHealth], incidents: Iterable[Incident], wanted: Sequence[str]
) -> Iterator[str]:
    """Say what a list of disagreements cannot know of the wanted channels and the authorities."""
    names = [one.name for one in channels if one.name in wanted or one.roles or not wanted]
    yield from (
        _UNKNOWN[one.freshness].format(one.name) if one.paused_by is None else _of_paused(one)
        for one in channels
        if one.name in names and one.freshness in _UNKNOWN
    )
    for channel, why in unread(incidents).items():
        if channel in names:
            yield f"{channel}: {why}"


def _of_paused(one: ChannelHealth) -> str:
    known = "was never read" if one.freshness is Freshness.NEVER else f"is {one.freshness}"
    paused = f"paused by {one.paused_by}: {one.paused_reason}"
    return f"{one.name} {known} and {paused}; `skew resume {one.name}` ends it"


def of_pause(one: Pause) -> str:
    """Tell of a pause of a person, and what ends it."""
    until = "" if one.until is None else f", until {day_and_time(one.until)}"
    return f"{pauses.in_words(one)}{until}; `skew resume {one.channel}` ends it"


def unread(incidents: Iterable[Incident]) -> dict[str, str]:
    """Say by channel what of its last poll could not be read, and is not compared."""
    return {
        one.channel: f"not compared, for it can't be read: {one.message}"
        for one in incidents
        if one.kind == IncidentKind.UNREADABLE and one.channel is not None
    }


def left_behind(approved: int, lease: Lease | None) -> str | None:
    """Say what the operator leaves unwritten, where no engine runs any more to write it."""
    if not approved or lease is not None:
        return None
    waits = "waits" if approved == 1 else "wait"
    return (
        f"{plural(approved, 'approved update')} {waits} and no engine runs: "
        "`skew apply` or `skew daemon` writes them before they expire"
    )


_OF_INCIDENT = {
    IncidentKind.QUARANTINED: "look at what it would change: `skew accept {0}` believes it, "
    "`skew discard {0}` throws it away; the next plausible poll replaces it",
    IncidentKind.STALE: "what {0} shows now is not known, and nothing is corrected there; "
    "`skew poll {0}` reads it afresh",
    IncidentKind.CREDENTIALS: "{0} rests and is tried again by itself; `skew check --online` says "
    "which credential is used, and whether it works",
    IncidentKind.CONTRACT: "{0} answers otherwise than [channels.{0}] says; the message names the "
    "place in its answer",
    IncidentKind.CRASHED: "a bug in the code for {0}, at the place that the message names; the "
    "other channels go on",
    IncidentKind.UNREADABLE: "only these records are not compared; put them right in {0}",
    IncidentKind.EVENTS: "readings are compared without what can't be read of {0}'s events; the "
    "message names the first of it",
    IncidentKind.UNSEEN: "find out why {0} has not taken the event in; until it has, every target "
    "goes without those pieces",
    IncidentKind.SECOND_WRITER: "stop what else writes to {0}; then `skew unfreeze {1}` lets it be "
    "corrected again",
    IncidentKind.LOOP: "let the attribute flow one way only, or stop what moves {0}; then "
    "`skew unfreeze {1}` lets it be corrected again",
    IncidentKind.SURPRISE: "see what became of its last updates; once somebody has acknowledged "
    "this, rules may approve on {0} again",
}


def of_incident(one: Incident) -> str:
    """Say what to do about an incident; empty where nobody can tell."""
    words = _OF_INCIDENT.get(IncidentKind(one.kind)) if one.kind in _KINDS else None
    return "" if words is None else words.format(one.channel or "Skew", one.key or "SKU")


_KINDS = frozenset(IncidentKind)

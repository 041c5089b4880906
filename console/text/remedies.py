"""What to do next, beside what is the matter: a message without a way out helps nobody."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from types import MappingProxyType
from typing import TYPE_CHECKING

from console.text.format import day_and_time, plural, until_text
from console.text.reasons import held_back_text, why_text
from store.channels import pauses, write_pauses
from store.channels.pauses import Pause
from store.channels.write_pauses import WritePause
from store.database.lease import Lease
from store.decision import Decision
from store.model import (
    Correction,
    CorrectionStatus,
    Freshness,
    Incident,
    IncidentKind,
    Millis,
)
from store.queries.values import ChannelHealth
from store.reasons import HeldBack, Reason

if TYPE_CHECKING:
    # It takes as long to import as the rest of `skew status`.
    from store.corrections.lifecycle import ApprovedCorrection

_POLL = "`skew poll` polls it"
_QUARANTINED = "`skew accept {0} --show` shows what the poll would change"
_WHERE = "`skew status` says where"

_OF_REASON: Mapping[Reason, str] = MappingProxyType(
    {
        Reason.NEVER_READ: _POLL,
        Reason.CHANNEL_STALE: _POLL,
        Reason.AUTHORITY_STALE: _POLL,
        Reason.AUTHORITY_BEHIND: _POLL,
        Reason.SECOND_READING: _POLL,
        Reason.INCOMPLETE: "the next full file ends it; `skew status` says what is missing",
        Reason.QUARANTINED: _QUARANTINED,
        Reason.AUTHORITY_QUARANTINED: _WHERE,
        Reason.UNREADABLE: _WHERE,
        Reason.AUTHORITY_UNREADABLE: _WHERE,
        Reason.AUTHORITY_DUPLICATE: "`skew diff --kind duplicate` says where",
        Reason.PAUSED: "`skew resume {0}` ends the pause",
        Reason.WRITES_PAUSED: "`skew resume --all` ends the pause",
    }
)

_OF_WHY: Mapping[str, str] = MappingProxyType(
    {
        # By what `store.corrections.decisions` says, which takes as long to import as all of this.
        "it is frozen": "`skew unfreeze` lets it be corrected again",
        "its outcome is unknown and it has not been read since": _POLL,
    }
)

_UNDO = "`skew undo` takes it back during its hold"

NOT_FOUND = "not found"
"""What the store answers to an ID that it does not have."""

_NOTED = "noted: "
"""How the store begins where an act was done and there is something to add."""


def decision_text(decision: Decision, ids: str = "") -> str:
    """Say what became of an act that was not simply done, and what would make it possible.

    `ids`: of all those of which the same is to be said; otherwise its own.
    """
    number, why = ids or f"#{decision.id}", decision.why
    if decision.ok:
        return f"{number}: {why_text(decision).removeprefix(_NOTED)}"
    if why == NOT_FOUND:
        return f"{number} not found"
    if decision.held_back is not None:
        why = held_back_with_remedy(decision.held_back)
    elif why in _OF_WHY:
        why = f"{why}; {_OF_WHY[why]}"
    elif decision.status is CorrectionStatus.APPROVED:
        why = f"{why}; {_UNDO}"
    return f"{number} not changed: {why}"


def held_back_with_remedy(held_back: HeldBack, channel: str = "CHANNEL") -> str:
    """Say what holds an update back, and what would let it go, where anything would."""
    remedy = _OF_REASON.get(held_back.reason)
    text = held_back_text(held_back)
    return f"{text}; {remedy.format(channel)}" if remedy else text


def applied_later(updates: Iterable[Correction], now: Millis) -> str:
    """Say of updates that their channels apply later what proves them; empty where none are."""
    untils = [
        update.proof_until
        for update in updates
        if update.proof_until is not None and update.status is CorrectionStatus.APPLIED
    ]
    if not untils:
        return ""
    count, until = plural(len(untils), "update"), until_text(max(untils), now)
    return f"{count} accepted, to be applied later: `skew poll` sees whether it shows by {until}"


def why_not_written(
    approved: "Iterable[ApprovedCorrection]", complaints: Mapping[str, str]
) -> list[str]:
    """Say why approved updates were not written, channel by channel.

    `complaints` has by channel what it answered while they were to be written.
    """

    def channel_and_reason(update: "ApprovedCorrection") -> tuple[str, str]:
        channel = update.correction.channel
        if update.held_back:
            return channel, held_back_with_remedy(update.held_back, channel)
        return channel, complaints.get(channel) or "`skew status` shows the channel's health"

    ordered = sorted(approved, key=channel_and_reason)
    return [
        f"{plural(len(list(updates)), 'approved update')} for {channel} not written: {reason}"
        for (channel, reason), updates in groupby(ordered, key=channel_and_reason)
    ]


def quarantine_with_remedy(reason: str, channel: str) -> str:
    """Add to why a poll was quarantined how a person accepts or discards it."""
    return (
        f"{reason}; `skew accept {channel}` accepts the poll, `skew discard {channel}` discards it"
    )


_UNKNOWN = {
    Freshness.FAILING: "{0}: the last poll failed, so this is what it showed before; `skew status` "
    "says why",
    Freshness.NEVER: "{0}: never read; `skew poll {0}` polls it",
    Freshness.STALE: "{0}: stale, so what it shows now is unknown; `skew poll {0}` polls it",
    Freshness.QUARANTINED: "{0}: the last poll is quarantined; `skew accept {0} --show` shows what "
    "it would change",
}


def not_compared(
    channels: Sequence[ChannelHealth], incidents: Iterable[Incident], wanted: Sequence[str]
) -> Iterator[str]:
    """Say what a list of disagreements leaves out of the wanted channels and the authorities."""
    # An authority's trouble touches every channel's targets, so it is named even where the list
    # is of another channel only.
    named = [health for health in channels if health.name in wanted or health.roles or not wanted]
    for health in named:
        if health.freshness in _UNKNOWN:
            yield _unknown(health)
    names = {health.name for health in named}
    for channel, reason in unreadable_records(incidents).items():
        if channel in names:
            yield f"{channel}: {reason}"


def blind(channels: Sequence[ChannelHealth], wanted: Sequence[str]) -> str:
    """Say in a line which of the wanted channels and the authorities can't be seen now."""
    named = [
        f"{health.name} {'never read' if health.freshness is Freshness.NEVER else health.freshness}"
        for health in channels
        if (health.name in wanted or health.roles or not wanted) and health.freshness in _UNKNOWN
    ]
    return f"Not all can be seen: {', '.join(named)}." if named else ""


def _unknown(health: ChannelHealth) -> str:
    if health.paused_by is None:
        return _UNKNOWN[health.freshness].format(health.name)
    state = "never read" if health.freshness is Freshness.NEVER else str(health.freshness)
    return (
        f"{health.name}: {state}, and paused by {health.paused_by}: {health.paused_reason}; "
        f"`skew resume {health.name}` ends the pause"
    )


def pause_with_remedy(pause: Pause) -> str:
    """Say who paused a channel, why and until when, and what ends it."""
    until = "" if pause.until is None else f", until {day_and_time(pause.until)}"
    return f"{pauses.in_words(pause)}{until}; `skew resume {pause.channel}` ends the pause"


def write_pause_with_remedy(pause: WritePause) -> str:
    """Say who paused all writes, why and since when, and what ends it."""
    since = day_and_time(pause.since)
    return f"{write_pauses.in_words(pause)}, since {since}; `skew resume --all` ends the pause"


def unreadable_records(incidents: Iterable[Incident]) -> dict[str, str]:
    """Say by channel which records of its last poll can't be read, and are not compared."""
    return {
        incident.channel: f"not compared, because it can't be read: {incident.message}"
        for incident in incidents
        if incident.kind == IncidentKind.UNREADABLE and incident.channel is not None
    }


def unwritten_on_exit(approved: int, lease: Lease | None) -> str | None:
    """Say what the operator leaves unwritten, where no engine runs any more to write it."""
    if not approved or lease is not None:
        return None
    them, expire = ("it", "it expires") if approved == 1 else ("them", "they expire")
    return (
        f"{plural(approved, 'approved update')} not written yet, and no engine runs: "
        f"`skew apply` or `skew daemon` writes {them} before {expire}"
    )


_OF_INCIDENT: Mapping[IncidentKind, str] = {
    IncidentKind.QUARANTINED: "look at what the poll would change, then accept or discard it; the "
    "next plausible poll replaces it",
    IncidentKind.STALE: "what {0} shows now is unknown, and nothing is corrected there; poll it "
    "on the page of the channels",
    IncidentKind.CREDENTIALS: "{0} rests and is tried again by itself; put right the credentials "
    "that [channels.{0}] names",
    IncidentKind.CONTRACT: "{0} does not answer as [channels.{0}] expects; the message names the "
    "place in its answer",
    IncidentKind.CRASHED: "a bug in the code for {0}, at the place that the message names; the "
    "other channels go on",
    IncidentKind.UNREADABLE: "only these records are not compared; correct them in {0}. `words` of "
    "its table can say what a text in place of a number means",
    IncidentKind.GAP: "nothing is raised by what {0} shows until its next full file; have one sent",
    IncidentKind.UNREPORTED: "the list of what changed on {0} is not complete; a shorter "
    "`sweep_every` in its table finds such changes sooner",
    IncidentKind.EVENTS: "readings are compared without the events of {0} that can't be read; the "
    "message names the first of them",
    IncidentKind.CLOCK: "set the clock or the time zone of what writes the times of {0}; rules "
    "raise nothing by what was there already when it was first seen",
    IncidentKind.UNSEEN: "find out why {0} does not have the event yet; until it has, every target "
    "is lower by those pieces",
    IncidentKind.SECOND_WRITER: "stop what else writes to {0}; then {1} lets it be corrected again",
    IncidentKind.LOOP: "let the attribute flow one way only, or stop what moves {0}; then {1} "
    "lets it be corrected again",
    IncidentKind.SHARED_POOL: "give all but one of these SKUs a rule with sold = false on {0}; "
    "{1} lets it be corrected again",
    IncidentKind.DEPRECATION: "{0} goes on until the date that it names; look for a newer Skew, or "
    "change [channels.{0}] to what it says there, before that day",
    IncidentKind.EXPIRING: "make new credentials for {0} before that day and put them where Skew "
    "reads them; they are used from then on",
    IncidentKind.CONFIGURATION: "correct what the message names, then send SIGHUP to the daemon "
    "again",
    IncidentKind.SUSPENDED: "look at the updates of {0} that wait, and at those that ended badly; "
    "once somebody has acknowledged this incident, rules approve there again",
    IncidentKind.SURPRISE: "look at its last updates; once somebody has acknowledged this "
    "incident, rules may approve on {0} again",
}
"""For the console: no command is named. {1} is the key that unfreezes."""

_KINDS = frozenset(IncidentKind)


def incident_remedy(incident: Incident, unfreeze: str) -> str:
    """Say in the console what to do about an incident; empty where its kind is of a newer Skew.

    `unfreeze` is the key that lets its SKU be corrected again.
    """
    if incident.kind not in _KINDS:
        return ""
    words = _OF_INCIDENT.get(IncidentKind(incident.kind), "")
    return words.format(incident.channel or "Skew", unfreeze)

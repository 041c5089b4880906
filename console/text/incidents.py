"""Incidents in words: how bad, since when, who has seen them. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import NamedTuple

from console.text.format import age, day_and_time, plain_times, time_of_day
from store.channels.incident_list import IncidentSeverity, IncidentState, state
from store.model import Incident, IncidentKind, Millis
from store.polling.preview.quarantine_effect import QuarantineEffect
from store.queries.values import RecentPoll

GLYPHS: Mapping[IncidentSeverity, str] = MappingProxyType(
    {IncidentSeverity.SEVERE: "✖", IncidentSeverity.SERIOUS: "▲", IncidentSeverity.MINOR: "○"}
)


class TimeSpan(NamedTuple):
    """From when to when; the end is None while it lasts."""

    since: Millis
    until: Millis | None

    def long(self, now: Millis) -> str:
        """How long it lasts, or lasted."""
        return age((now if self.until is None else self.until) - self.since)


POLLS_SHOWN = 6


@dataclass(frozen=True, slots=True)
class IncidentDetail:
    """All there is to tell of the incident under the cursor."""

    incident: Incident
    polls: tuple[RecentPoll, ...] = ()
    """The channel's newest polls, the newest first."""
    quarantined: int | None = None
    """The quarantined poll that the incident is about; None where it is about something else."""
    effect: QuarantineEffect | None = None
    """What accepting that poll would change; None until it is computed."""

    def with_effect(self, effect: QuarantineEffect | None) -> "IncidentDetail":
        return replace(self, effect=effect)


def awaits_decision(incident: Incident) -> bool:
    """Whether it is about a quarantined poll that a person can accept or discard."""
    return incident.kind == IncidentKind.QUARANTINED and incident.closed_at is None


def time_span(incident: Incident) -> TimeSpan:
    return TimeSpan(incident.since, incident.closed_at)


def state_text(incident: Incident, now: Millis, *, brief: bool = False) -> str:
    """New, seen, snoozed or closed, and by whom; `brief` for a narrow column."""
    current = state(incident, now)
    if brief and current is IncidentState.SNOOZED:
        return f"till {_short(incident.snoozed_until, now)}"
    if brief and current is IncidentState.SEEN:
        return f"seen {incident.acknowledged_by}"
    if current is IncidentState.CLOSED:
        return f"closed by {incident.closed_by}" if incident.closed_by else "closed"
    if current is IncidentState.SNOOZED:
        return f"snoozed until {_short(incident.snoozed_until, now)}"
    if current is IncidentState.SEEN:
        return f"seen by {incident.acknowledged_by}"
    return "new"


def history_text(incident: Incident, now: Millis) -> str:
    """Since when it lasts, who has seen or snoozed it, and how it ended, in one sentence."""
    parts = [f"since {_short(incident.since, now)}"]
    if incident.count > 1:
        parts[0] += f", {incident.count:,} times, last at {_short(incident.last_at, now)}"
    if incident.acknowledged_at is not None:
        parts.append(
            f"seen by {incident.acknowledged_by} at {_short(incident.acknowledged_at, now)}"
        )
    if incident.snoozed_until is not None:
        over = incident.snoozed_until <= now or incident.closed_at is not None
        what = "snooze ended at" if over else "snoozed until"
        parts.append(f"{what} {_short(incident.snoozed_until, now)} ({incident.snoozed_by})")
    if incident.closed_at is not None:
        why = (
            f" by {incident.closed_by}: {incident.closed_why}"
            if incident.closed_by
            else " by itself"
        )
        parts.append(f"ended at {_short(incident.closed_at, now)}{why}")
    return "; ".join(parts)


def message_text(incident: Incident, now: Millis) -> str:
    """Its message, with the times shortened."""
    return plain_times(incident.message, now)


def _short(at: Millis | None, now: Millis) -> str:
    """Of today only the time, else the day too."""
    today = day_and_time(now)[:10]
    whole = day_and_time(at)
    return f"{time_of_day(at)[:5]}Z" if whole[:10] == today else f"{whole[5:16]}Z"

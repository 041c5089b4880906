"""Incidents in words, for the screen and the commands alike: how bad, since when, who knows.

Pure: values and the time in, words out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import NamedTuple

from console.text.format import age, day_and_time, plain_times, time_of_day
from store.channels.incident_list import IncidentSeverity, IncidentState, state
from store.model import Incident, IncidentKind, Millis
from store.polling.quarantine_preview import QuarantineEffect
from store.queries.values import RecentPoll

GLYPHS: Mapping[IncidentSeverity, str] = MappingProxyType(
    {IncidentSeverity.SEVERE: "✖", IncidentSeverity.SERIOUS: "▲", IncidentSeverity.MINOR: "○"}
)


class Span(NamedTuple):
    """From when to when; the end is None while it lasts."""

    since: Millis
    until: Millis | None

    def long(self, now: Millis) -> str:
        """How long it lasts, or lasted."""
        return age((now if self.until is None else self.until) - self.since)


POLLS_SHOWN = 6


@dataclass(frozen=True, slots=True)
class Trouble:
    """All there is to tell of the incident under the cursor."""

    it: Incident
    polls: tuple[RecentPoll, ...] = ()
    """The channel's newest polls, the newest first."""
    quarantined: int | None = None
    """The poll that waits for a person, where the incident is of one."""
    effect: QuarantineEffect | None = None
    """What believing that poll would change; None until it is reckoned."""

    def with_effect(self, effect: QuarantineEffect | None) -> "Trouble":
        return replace(self, effect=effect)


def waits_for_a_person(one: Incident) -> bool:
    """Whether it is of a quarantined poll that can be believed or discarded."""
    return one.kind == IncidentKind.QUARANTINED and one.closed_at is None


def span(one: Incident) -> Span:
    return Span(one.since, one.closed_at)


def standing(one: Incident, now: Millis, *, brief: bool = False) -> str:
    """How it stands with the people, and whose word that is."""
    what = state(one, now)
    if brief and what is IncidentState.SNOOZED:
        return f"till {_short(one.snoozed_until, now)}"
    if brief and what is IncidentState.SEEN:
        return f"seen {one.acknowledged_by}"
    if what is IncidentState.CLOSED:
        return f"closed by {one.closed_by}" if one.closed_by else "over"
    if what is IncidentState.SNOOZED:
        return f"snoozed until {_short(one.snoozed_until, now)}"
    if what is IncidentState.SEEN:
        return f"seen by {one.acknowledged_by}"
    return "new"


def story(one: Incident, now: Millis) -> str:
    """All that people and time have done to it, in one sentence."""
    times = f", {one.count} times, the last at {_short(one.last_at, now)}" if one.count > 1 else ""
    parts = [f"since {_short(one.since, now)}{times}"]
    if one.acknowledged_at is not None:
        parts.append(f"seen by {one.acknowledged_by} at {_short(one.acknowledged_at, now)}")
    if one.snoozed_until is not None:
        over = one.snoozed_until <= now or one.closed_at is not None
        what = "snooze ended at" if over else "snoozed until"
        parts.append(f"{what} {_short(one.snoozed_until, now)} ({one.snoozed_by})")
    if one.closed_at is not None:
        why = f" by {one.closed_by}: {one.closed_why}" if one.closed_by else " by itself"
        parts.append(f"ended at {_short(one.closed_at, now)}{why}")
    return "; ".join(parts)


def message(one: Incident, now: Millis) -> str:
    """What it says, with its times as a person reads them."""
    return plain_times(one.message, now)


def _short(at: Millis | None, now: Millis) -> str:
    """Of today only the time, else the day too."""
    today = day_and_time(now)[:10]
    whole = day_and_time(at)
    return f"{time_of_day(at)[:5]}Z" if whole[:10] == today else f"{whole[5:16]}Z"

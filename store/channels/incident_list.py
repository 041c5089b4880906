"""Incidents as a list: how bad each is, whether a person has seen it, and a filter over them.

A list is read as ids first, and then row by row by id.
"""

import sqlite3
from array import array
from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType

import msgspec

from store.model import Incident, IncidentKind, Millis

CLOSED_MAX = 1_000
"""Only this many of the closed ones are listed, the newest; a narrower filter finds older ones."""

COLUMNS = """n.id, c.name, n.kind, n.since, n.last_at, n.count, n.message, n.acknowledged_by,
  n.key, n.acknowledged_at, n.snoozed_by, n.snoozed_until, n.closed_at, n.closed_by, n.closed_why"""
"""In the order of Incident's fields; n is the incident, c its channel."""

SOURCES = "incidents n LEFT JOIN channels c ON c.id = n.channel_id"


class IncidentSeverity(StrEnum):
    """How bad an incident is, the worst first."""

    SEVERE = "severe"
    """Nothing new is known of the channel, or its readings wait for a person."""
    SERIOUS = "serious"
    """Corrections have stopped somewhere, or do not do what they should."""
    MINOR = "minor"
    """Some cells or events are in doubt, or something ends in days or months."""


SEVERITIES: Mapping[str, IncidentSeverity] = MappingProxyType(
    {
        IncidentKind.QUARANTINED: IncidentSeverity.SEVERE,
        IncidentKind.CREDENTIALS: IncidentSeverity.SEVERE,
        IncidentKind.CRASHED: IncidentSeverity.SEVERE,
        IncidentKind.CONTRACT: IncidentSeverity.SEVERE,
        IncidentKind.STALE: IncidentSeverity.SEVERE,
        IncidentKind.SECOND_WRITER: IncidentSeverity.SERIOUS,
        IncidentKind.LOOP: IncidentSeverity.SERIOUS,
        IncidentKind.SHARED_POOL: IncidentSeverity.SERIOUS,
        IncidentKind.SURPRISE: IncidentSeverity.SERIOUS,
        IncidentKind.SUSPENDED: IncidentSeverity.SERIOUS,
        IncidentKind.CLOCK: IncidentSeverity.SERIOUS,
        IncidentKind.GAP: IncidentSeverity.SERIOUS,
        IncidentKind.UNREPORTED: IncidentSeverity.SERIOUS,
        IncidentKind.CONFIGURATION: IncidentSeverity.SERIOUS,
        IncidentKind.EVENTS: IncidentSeverity.MINOR,
        IncidentKind.UNSEEN: IncidentSeverity.MINOR,
        IncidentKind.UNREADABLE: IncidentSeverity.MINOR,
        IncidentKind.DEPRECATION: IncidentSeverity.MINOR,
        IncidentKind.EXPIRING: IncidentSeverity.MINOR,
    }
)


class IncidentState(StrEnum):
    """Whether a person has seen an incident. Depends on the clock: never stored."""

    NEW = "new"
    SEEN = "seen"
    SNOOZED = "snoozed"
    CLOSED = "closed"


OPEN = (IncidentState.NEW, IncidentState.SEEN, IncidentState.SNOOZED)


class IncidentFilter(msgspec.Struct, frozen=True):
    """Which incidents to list; empty means all that are open."""

    text: str = ""
    """Part of the message, the channel's name or the kind, whatever its case."""
    channels: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    severities: tuple[IncidentSeverity, ...] = ()
    states: tuple[IncidentState, ...] = ()


class IncidentSort(StrEnum):
    """Orders of those that are open; the first is what the operator sees unless they choose."""

    SEVERITY = "severity"
    NEWEST = "newest"
    CHANNEL = "channel"
    KIND = "kind"
    COUNT = "how often"


def severity(incident: Incident) -> IncidentSeverity:
    """How bad it is; a kind that this version of Skew does not know counts as the worst."""
    return SEVERITIES.get(incident.kind, IncidentSeverity.SEVERE)


def state(incident: Incident, now: Millis) -> IncidentState:
    """Its state at `now`. One that was seen before its snooze ended is new again after it."""
    if incident.closed_at is not None:
        return IncidentState.CLOSED
    until = incident.snoozed_until or 0
    if until > now:
        return IncidentState.SNOOZED
    seen_at = incident.acknowledged_at
    return IncidentState.NEW if seen_at is None or seen_at < until else IncidentState.SEEN


# `state` as SQL, for open incidents: here it orders and filters thousands without reading them.
_STATE = """CASE WHEN coalesce(n.snoozed_until, 0) > :now THEN 'snoozed'
  WHEN n.acknowledged_at >= coalesce(n.snoozed_until, 0) THEN 'seen' ELSE 'new' END"""

_SEVERITY = " ".join(f"WHEN '{kind}' THEN '{severity}'" for kind, severity in SEVERITIES.items())
_SEVERITY = f"CASE n.kind {_SEVERITY} ELSE '{IncidentSeverity.SEVERE}' END"
_RANK = " ".join(f"WHEN '{severity}' THEN {rank}" for rank, severity in enumerate(IncidentSeverity))
_RANK = f"CASE {_SEVERITY} {_RANK} END"


_ORDERS: Mapping[IncidentSort, str] = MappingProxyType(
    {
        IncidentSort.SEVERITY: _RANK,
        IncidentSort.NEWEST: "-n.since",
        IncidentSort.CHANNEL: "coalesce(c.name, '')",
        IncidentSort.KIND: "n.kind",
        IncidentSort.COUNT: "-n.count",
    }
)


def incident_ids(
    connection: sqlite3.Connection,
    wanted: IncidentFilter,
    *,
    now: Millis,
    before: int | None = None,
    sort: IncidentSort = IncidentSort.SEVERITY,
    backwards: bool = False,
) -> "array[int]":
    """The ids of the wanted incidents: the open ones, worst and oldest first, then the closed.

    Snoozed ones stand below the other open ones, in whatever order. Of the closed ones, the newest
    first, at most `CLOSED_MAX`; `before` is the id from which to go on, exclusive.
    """
    where, values = _where(wanted)
    values |= {"now": now, "before": before, "most": CLOSED_MAX}
    states = wanted.states or OPEN
    # The open ones are few and all sorted. The closed ones grow for ever: they are read from the
    # newest id down, as far as a page goes, and `before` only ever moves among those.
    found = array("q")
    if before is None and set(states) & set(OPEN):
        values["states"] = _json([str(state) for state in states])
        rows = connection.execute(
            f"""SELECT n.id FROM {SOURCES} WHERE n.closed_at IS NULL {where}
              AND {_STATE} IN (SELECT value FROM json_each(:states))
            ORDER BY {_STATE} = 'snoozed', {_ORDERS[sort]} {"DESC" if backwards else "ASC"},
              {_RANK}, n.since, n.id""",
            values,
        )
        found.extend(incident_id for (incident_id,) in rows)
    if IncidentState.CLOSED in states:
        rows = connection.execute(
            f"""SELECT n.id FROM {SOURCES} WHERE n.closed_at IS NOT NULL {where}
              AND (:before IS NULL OR n.id < :before) ORDER BY n.id DESC LIMIT :most""",
            values,
        )
        found.extend(incident_id for (incident_id,) in rows)
    return found


def incidents_by_id(connection: sqlite3.Connection, ids: Iterable[int]) -> list[Incident]:
    """These incidents in this order; an id that is not in the cache any more is left out."""
    wanted = list(ids)
    rows = connection.execute(
        f"""SELECT {COLUMNS} FROM {SOURCES}
        WHERE n.id IN (SELECT value FROM json_each(:ids))""",
        {"ids": _json(wanted)},
    )
    found = {incident.id: incident for incident in (Incident(*row) for row in rows)}
    return [found[incident_id] for incident_id in wanted if incident_id in found]


def _where(wanted: IncidentFilter) -> tuple[str, dict[str, object]]:
    """A filter as SQL over n and c; every value is bound."""
    clauses: list[str] = []
    values: dict[str, object] = {}
    for name, column, chosen in (
        ("channels", "c.name", wanted.channels),
        ("kinds", "n.kind", wanted.kinds),
        ("severities", _SEVERITY, wanted.severities),
    ):
        if chosen:
            clauses.append(f"{column} IN (SELECT value FROM json_each(:{name}))")
            values[name] = _json([str(value) for value in chosen])
    if wanted.text:
        clauses.append(
            "instr(lower(n.message || ' ' || coalesce(c.name, '') || ' ' || n.kind), lower(:text))"
        )
        values["text"] = wanted.text
    return "".join(f" AND {clause}" for clause in clauses), values


def _json(values: list[str] | list[int]) -> str:
    # A list of its own is asked for by the page of incidents, and not by `skew status`.
    import json

    return json.dumps(values)

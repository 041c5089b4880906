"""The JSON of the reports: the keys of DESIGN.md, stable from the first release.

Times are RFC 3339 in UTC, ages are seconds. All is written as ASCII with escapes, so that a
channel's text can't act on a terminal.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from console.keys.action import Action
from console.text.groups import DisagreementGroup, Explained, in_order
from console.text.reasons import reason_text, why_text
from store.history.as_of import SkuAsOf
from store.model import (
    Cause,
    Correction,
    Decision,
    Disagreement,
    Incident,
    Millis,
    PollOutcome,
)
from store.queries.values import ChannelHealth, HistoryEntry, StatusCounts
from store.targets.balance import Balance
from store.targets.reading_history import Reading
from sync.channels.base import Abilities
from sync.clock import rfc3339
from sync.corrections.decide import BlastRadius

if TYPE_CHECKING:
    from sync.polling.event_import import EventImport
    from sync.polling.poll import PollReport

Json = dict[str, object]


def write(document: Mapping[str, object]) -> str:
    """Write one JSON document; the items of a list at its top stand a line each."""
    return "".join(_written(document))


def status(counts: StatusCounts) -> Json:
    overview = counts.overview
    return {
        "channels": [channel(one) for one in counts.channels],
        "disagreements": {
            "open": overview.open,
            "settling": overview.settling,
            "unknown": overview.unknown,
        },
        "updates": dict(counts.updates),
        "incidents": [incident(one) for one in counts.incidents],
        "engine": {
            "running": counts.lease is not None,
            "holder": counts.lease.holder if counts.lease else None,
        },
        "acknowledged": overview.acknowledged,
    }


def incident(one: Incident) -> Json:
    """One incident as `skew status` tells it."""
    return {
        "channel": one.channel,
        "kind": str(one.kind),
        "since": rfc3339(one.since),
        "message": one.message,
    }


def diff(found: Iterable[Explained]) -> Json:
    return {"disagreements": [disagreement(one, cause) for one, cause in found]}


def diff_by(groups: Sequence[DisagreementGroup]) -> Json:
    """Like `diff`, sorted by group, with what each group comes to before it."""
    return {
        "groups": [
            {
                "by": group.by,
                "value": group.value,
                "count": len(group.members),
                "oversell_units": group.oversell_units,
                "undersell_units": group.undersell_units,
                "money_at_risk": group.money_at_risk,
            }
            for group in groups
        ],
        **diff(in_order(groups)),
    }


def disagreement(one: Disagreement, cause: Cause | None) -> Json:
    """One disagreement as `skew diff` tells it."""
    return {
        "id": one.id,
        "sku": one.sku,
        "channel": one.channel,
        "location": one.location,
        "kind": str(one.kind),
        "status": str(one.status),
        "reason": reason_text(one.reason),
        "reason_code": None if one.reason is None else str(one.reason),
        "reading": {
            "available": one.available,
            "state": one.state,
            "observed_at": rfc3339(one.observed_at),
        },
        "target": {"quantity": one.target, "state": one.target_state},
        "delta": one.delta,
        "oversell_units": one.oversell_units,
        "undersell_units": one.undersell_units,
        "money_at_risk": one.money_at_risk,
        "first_seen_at": rfc3339(one.first_seen_at),
        "last_seen_at": rfc3339(one.last_seen_at),
        "cause": None
        if cause is None
        else {"kind": cause.kind, "confidence": cause.confidence, "evidence": cause.evidence},
        "update": one.correction_id,
        "acknowledged": None
        if one.acknowledged_at is None
        else {
            "by": one.acknowledged_by,
            "at": rfc3339(one.acknowledged_at),
            "why": one.acknowledged_why,
        },
        "money_assumed": None if one.assumed_risk_minor is None else one.assumed_risk_minor / 100,
    }


def updates(found: Iterable[Correction]) -> Json:
    return {"updates": [update(one) for one in found]}


def update(one: Correction) -> Json:
    """One correction as `skew updates` tells it."""
    return {
        "id": one.id,
        "sku": one.sku,
        "channel": one.channel,
        "location": one.location,
        "status": str(one.status),
        "from": {"quantity": one.from_quantity, "state": one.from_state},
        "to": {"quantity": one.to_quantity, "state": one.to_state},
        "version": one.version,
        "proposed_at": rfc3339(one.proposed_at),
        "decided_by": one.decided_by,
        "note": one.note,
        "result": one.result,
    }


UPDATE_COLUMNS = (
    "id",
    "sku",
    "channel",
    "location",
    "status",
    "from_quantity",
    "from_state",
    "to_quantity",
    "to_state",
    "version",
    "proposed_at",
    "decided_by",
    "note",
    "result",
)
"""An update's document, flat: for a spreadsheet."""


def flat(document: Mapping[str, object]) -> dict[str, object]:
    """A document of one row in columns: what is in a part of it is named `part_name`."""
    columns: dict[str, object] = {}
    for name, value in document.items():
        if isinstance(value, Mapping):
            columns |= {f"{name}_{inner}": each for inner, each in flat(value).items()}
        elif isinstance(value, list | tuple):
            columns[name] = ", ".join(str(each) for each in value)
        else:
            columns[name] = value
    return columns


def history(
    sku: str,
    entries: Iterable[HistoryEntry],
    balances: Iterable[Balance] = (),
    thinned_before: Millis | None = None,
) -> Json:
    """A SKU's timeline and accounts; an instant in it (`…_at`) is written like every other."""
    return {
        "sku": sku,
        "entries": [_entry(entry) for entry in entries],
        "conservation": [
            {
                "channel": one.channel,
                "location": one.location,
                "opening": one.opening,
                "closing": one.closing,
                "events": one.events,
                "corrections": one.corrections,
                "unexplained": one.unexplained,
                "from": rfc3339(one.from_at),
                "until": rfc3339(one.until_at),
            }
            for one in balances
        ],
        "thinned_before": rfc3339(thinned_before),
    }


def hindsight(sku: str, found: SkuAsOf, thinned_before: Millis | None = None) -> Json:
    """What was true of a SKU at an instant, beside what was known of it then."""
    return {
        "sku": sku,
        "at": rfc3339(found.at),
        "cells": [
            {
                "channel": one.channel,
                "location": one.location,
                "true": _reading(one.true),
                "known": _reading(one.known),
                "known_at": rfc3339(one.known_at),
                "known_then": one.known_at is not None and one.known_at <= found.at,
                "target": None
                if one.target is None
                else {
                    "quantity": one.target.quantity,
                    "state": one.target.state,
                    "since_at": rfc3339(one.target.since_at),
                },
            }
            for one in found.cells
        ],
        "disagreements": [_entry(entry) for entry in found.open],
        "entries": [{**_entry(one), "known": one.known_at <= found.at} for one in found.entries],
        "thinned_before": rfc3339(thinned_before),
    }


def _entry(entry: HistoryEntry) -> Json:
    return {
        "at": rfc3339(entry.at),
        "channel": entry.channel,
        "kind": entry.kind,
        **{name: _instant(name, value) for name, value in entry.detail.items()},
    }


def _reading(one: Reading | None) -> Json | None:
    if one is None:
        return None
    return {
        "available": one.available,
        "state": one.state,
        "present": one.present,
        "source_at": rfc3339(one.source_at),
        "observed_at": rfc3339(one.observed_at),
    }


def channels(kinds: Iterable[Abilities]) -> Json:
    return {
        "channels": [
            {
                **asdict(one),
                "reads": list(one.reads),
                "states": sorted(str(state) for state in one.states),
                "writes": list(one.writes),
            }
            for one in kinds
        ]
    }


def keys(actions: Iterable[Action], path: Path) -> Json:
    """The console's actions, and the file in which a user sets their keys."""
    return {
        "file": str(path),
        "there": path.is_file(),
        "actions": [
            {
                "name": action.name,
                "keys": list(action.keys),
                "title": action.title,
                "writes": action.writes,
                "on": sorted(action.on),
            }
            for action in actions
        ],
    }


def intake(done: "EventImport") -> Json:
    return {
        "taken": done.taken,
        "repeats": done.repeats,
        "conflicts": done.conflicts,
        "refused": [{"line": line, "reason": reason} for line, reason in done.refused],
    }


def decisions(made: Sequence[Decision], effect: BlastRadius | None = None) -> Json:
    told: Json = {"decisions": [{"id": one.id, "ok": one.ok, "why": why_text(one)} for one in made]}
    return told if effect is None else {"effect": asdict(effect), **told}


def polls(made: Iterable["PollReport"]) -> Json:
    return {
        "polls": [
            {
                "channel": one.channel,
                "outcome": str(one.outcome),
                "ok": one.outcome is PollOutcome.GOOD,
                "listings": one.listings,
                "changed": one.changed,
                "took_s": one.took_ms / 1000,
                "error": one.error,
            }
            for one in made
        ]
    }


def channel(one: ChannelHealth) -> Json:
    """One channel's health as `skew status` tells it."""
    return {
        "name": one.name,
        "kind": one.kind,
        "roles": list(one.roles),
        "freshness": str(one.freshness),
        "last_success_at": rfc3339(one.last_success_at),
        "age_s": None if one.age_ms is None else one.age_ms / 1000,
        "listings": one.listings,
        "last_error": one.last_error,
        "unexplained_units": one.unexplained,
        "paused": None
        if one.paused_by is None
        else {
            "by": one.paused_by,
            "reason": one.paused_reason,
            "until": rfc3339(one.paused_until),
        },
    }


def _instant(name: str, value: object) -> object:
    return rfc3339(value) if name.endswith("_at") and isinstance(value, int) else value


def _written(document: Mapping[str, object]) -> Iterator[str]:
    yield "{"
    for number, (key, value) in enumerate(document.items()):
        yield (", " if number else "") + json.dumps(key) + ": "
        if isinstance(value, list) and value:
            yield "[\n"
            for n, item in enumerate(value):
                yield (",\n" if n else "") + "  " + json.dumps(item)
            yield "\n]"
        else:
            yield json.dumps(value)
    yield "}"

"""The JSON of the reports; its keys are stable from the first release.

Times are RFC 3339 in UTC, ages are seconds. Everything is written as ASCII with escapes, so that a
channel's text can't act on a terminal.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import asdict

from console.keys.action import Action
from console.text.disagreement_groups import GroupSum
from console.text.format import copies_of
from console.text.reasons import reason_in_documents, why_in_documents
from store.accounts.balance import Balance
from store.accounts.reading_history import Reading
from store.decision import Decision
from store.history.as_of import SkuAsOf
from store.model import Cause, Correction, Disagreement, Incident, PollOutcome
from store.queries.values import ChannelHealth, HistoryEntry, StatusCounts
from sync.clock import rfc3339
from sync.corrections.decide import BlastRadius

if TYPE_CHECKING:
    from store.queries.uncounted import UncountedListing
    from sync.polling.event_import import EventImport
    from sync.polling.reporting.poll_report import PollReport
    from sync.settings import WindowStanding

Json = dict[str, object]


def write(document: Mapping[str, object]) -> str:
    """Write one JSON document; the items of a list at its top stand a line each."""
    return "".join(_written(document))


def status(counts: StatusCounts, window: "WindowStanding | None" = None) -> Json:
    overview = counts.overview
    return {
        "channels": [channel(found) for found in counts.channels],
        "disagreements": {
            "open": overview.open,
            "settling": overview.settling,
            "unknown": overview.unknown,
        },
        "updates": dict(counts.updates),
        "incidents": [incident(found) for found in counts.incidents],
        "engine": {
            "running": counts.lease is not None,
            "holder": counts.lease.holder if counts.lease else None,
        },
        "acknowledged": overview.acknowledged,
        "writes_paused": None
        if counts.write_pause is None
        else {
            "by": counts.write_pause.by,
            "reason": counts.write_pause.reason,
            "since": rfc3339(counts.write_pause.since),
        },
        "unreadable": overview.unreadable,
        "uncounted": overview.uncounted,
        "approval_window": None
        if window is None
        else {
            "raises": "wait" if window.held else "allowed",
            "until": None if window.until is None else rfc3339(window.until),
            "reason": window.reason,
        },
        "snoozed_or_rejected": overview.snoozed_or_rejected,
        "ignored": overview.ignored,
    }


def incident(incident: Incident) -> Json:
    """One incident as `skew status` has it."""
    return {
        "channel": incident.channel,
        "kind": str(incident.kind),
        "since": rfc3339(incident.since),
        "message": incident.message,
    }


def group(group: GroupSum) -> Json:
    """What the disagreements of one group come to; these stand before the disagreements."""
    return {
        "by": group.by,
        "value": group.value,
        "count": group.count,
        "oversell_units": group.oversell_units,
        "undersell_units": group.undersell_units,
        "money_at_risk": group.money_at_risk,
    }


def disagreement(disagreement: Disagreement, cause: Cause | None) -> Json:
    """One disagreement as `skew diff` has it."""
    return {
        "id": disagreement.id,
        "sku": disagreement.sku,
        "channel": disagreement.channel,
        "location": disagreement.location,
        "kind": str(disagreement.kind),
        "status": str(disagreement.status),
        "reason": reason_in_documents(disagreement.reason),
        "reason_code": None if disagreement.reason is None else str(disagreement.reason),
        "reading": {
            "available": disagreement.available,
            "at_least": disagreement.at_least,
            "state": disagreement.state,
            "observed_at": rfc3339(disagreement.observed_at),
            **({"copies": copies_of(disagreement.twins)} if disagreement.twins else {}),
        },
        "target": {"quantity": disagreement.target, "state": disagreement.target_state},
        "delta": disagreement.delta,
        "oversell_units": disagreement.oversell_units,
        "undersell_units": disagreement.undersell_units,
        "money_at_risk": disagreement.money_at_risk,
        "first_seen_at": rfc3339(disagreement.first_seen_at),
        "last_seen_at": rfc3339(disagreement.last_seen_at),
        "cause": None
        if cause is None
        else {"kind": cause.kind, "confidence": cause.confidence, "evidence": cause.evidence},
        "update": disagreement.correction_id,
        "acknowledged": None
        if disagreement.acknowledged_at is None
        else {
            "by": disagreement.acknowledged_by,
            "at": rfc3339(disagreement.acknowledged_at),
            "why": disagreement.acknowledged_why,
        },
        "money_assumed": None
        if disagreement.assumed_risk_minor is None
        else disagreement.assumed_risk_minor / 100,
        "ignored": None
        if disagreement.ignored_rule is None
        else {
            "rule": disagreement.ignored_rule,
            "by": disagreement.ignored_by,
            "why": disagreement.ignored_why,
            "until": rfc3339(disagreement.ignored_until),
        },
    }


def uncounted(listing: "UncountedListing") -> Json:
    """One listing that can't be compared, as `skew diff` has it."""
    return {
        "sku": listing.sku,
        "channel": listing.channel,
        "location": listing.location,
        "reading": {
            "available": listing.available,
            "state": listing.state,
            "observed_at": rfc3339(listing.observed_at),
        },
        "target": {"quantity": listing.target, "state": listing.target_state},
    }


def updates(corrections: Iterable[Correction]) -> Json:
    return {"updates": [update(update_) for update_ in corrections]}


def update(correction: Correction) -> Json:
    """One correction as `skew updates` has it."""
    return {
        "id": correction.id,
        "sku": correction.sku,
        "channel": correction.channel,
        "location": correction.location,
        "status": str(correction.status),
        "from": {
            "quantity": correction.from_quantity,
            "at_least": correction.from_at_least,
            "state": correction.from_state,
        },
        "to": {"quantity": correction.to_quantity, "state": correction.to_state},
        "version": correction.version,
        "proposed_at": rfc3339(correction.proposed_at),
        "decided_by": correction.decided_by,
        "note": correction.note,
        "result": correction.result,
        "reverts": correction.reverts,
    }


UPDATE_COLUMNS = (
    "id",
    "sku",
    "channel",
    "location",
    "status",
    "from_quantity",
    "from_at_least",
    "from_state",
    "to_quantity",
    "to_state",
    "version",
    "proposed_at",
    "decided_by",
    "note",
    "result",
    "reverts",
)
"""An update's document, flat: for a spreadsheet."""


def flat(document: Mapping[str, object]) -> dict[str, object]:
    """A document of one row in columns: what is in a part of it is named `part_name`."""
    columns: dict[str, object] = {}
    for name, value in document.items():
        if isinstance(value, Mapping):
            columns |= {f"{name}_{inner}": item for inner, item in flat(value).items()}
        elif isinstance(value, list | tuple):
            columns[name] = ", ".join(str(item) for item in value)
        else:
            columns[name] = value
    return columns


def balance(balance: Balance) -> Json:
    """One listing's account, as `skew history` has it."""
    return {
        "channel": balance.channel,
        "location": balance.location,
        "opening": balance.opening,
        "closing": balance.closing,
        "events": balance.events,
        "corrections": balance.corrections,
        "unexplained": balance.unexplained,
        "from": rfc3339(balance.from_at),
        "until": rfc3339(balance.until_at),
    }


def as_of(sku: str, state: SkuAsOf) -> Json:
    """What was true of a SKU at an instant, beside what was known of it then."""
    return {
        "sku": sku,
        "at": rfc3339(state.at),
        "cells": [
            {
                "channel": cell.channel,
                "location": cell.location,
                "true": _reading(cell.true),
                "known": _reading(cell.known),
                "known_at": rfc3339(cell.known_at),
                "known_then": cell.known_at is not None and cell.known_at <= state.at,
                "target": None
                if cell.target is None
                else {
                    "quantity": cell.target.quantity,
                    "state": cell.target.state,
                    "since_at": rfc3339(cell.target.since_at),
                },
            }
            for cell in state.cells
        ],
        "disagreements": [entry(open_then) for open_then in state.open],
    }


def entry(entry: HistoryEntry) -> Json:
    """One line of a timeline; an instant in it (`…_at`) is written like every other."""
    return {
        "at": rfc3339(entry.at),
        "channel": entry.channel,
        "kind": entry.kind,
        **{name: _instant(name, value) for name, value in entry.detail.items()},
    }


def _reading(reading: Reading | None) -> Json | None:
    if reading is None:
        return None
    return {
        "available": reading.available,
        "at_least": reading.at_least,
        "state": reading.state,
        "present": reading.present,
        "source_at": rfc3339(reading.source_at),
        "observed_at": rfc3339(reading.observed_at),
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


def event_import(imported: "EventImport") -> Json:
    return {
        "taken": imported.taken,
        "repeats": imported.repeats,
        "conflicts": imported.conflicts,
        "refused": [{"line": line, "reason": reason} for line, reason in imported.refused],
    }


def effect_of(radius: BlastRadius) -> Json:
    """What approving a batch would change."""
    return asdict(radius)


def decisions(made: Sequence[Decision], effect: BlastRadius | None = None) -> Json:
    document: Json = {
        "decisions": [
            {"id": decision.id, "ok": decision.ok, "why": why_in_documents(decision)}
            for decision in made
        ]
    }
    return document if effect is None else {"effect": effect_of(effect), **document}


def polls(made: Iterable["PollReport"]) -> Json:
    return {
        "polls": [
            {
                "channel": report.channel,
                "outcome": str(report.outcome),
                "ok": report.outcome is PollOutcome.GOOD,
                "listings": report.listings,
                "changed": report.changed,
                "took_s": report.took_ms / 1000,
                "error": report.error,
                "warnings": list(report.warnings),
                "since": rfc3339(report.since),
            }
            for report in made
        ]
    }


def channel(health: ChannelHealth) -> Json:
    """One channel's health as `skew status` has it."""
    return {
        "name": health.name,
        "kind": health.kind,
        "roles": list(health.roles),
        "freshness": str(health.freshness),
        "last_success_at": rfc3339(health.last_success_at),
        "age_s": None if health.age_ms is None else health.age_ms / 1000,
        "listings": health.listings,
        "last_error": health.last_error,
        "unexplained_units": health.unexplained,
        "paused": None
        if health.paused_by is None
        else {
            "by": health.paused_by,
            "reason": health.paused_reason,
            "until": rfc3339(health.paused_until),
        },
        "warnings": list(health.warnings),
        "last_full_at": rfc3339(health.swept_at or health.last_success_at),
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

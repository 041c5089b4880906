"""The JSON of `skew incidents` and of what accepting a quarantined poll would change.

Like `console.reports.json_documents`, whose rules are its own: RFC 3339 times, stable keys.
"""

from collections.abc import Iterable

from msgspec.structs import asdict

from store.channels.incident_list import severity, state
from store.model import Incident, Millis
from store.polling.quarantine_preview import QuarantineEffect
from sync.clock import rfc3339

Json = dict[str, object]

COLUMNS = (
    "id", "channel", "kind", "severity", "state", "since", "last_at", "count", "message",
    "acknowledged_by", "acknowledged_at", "snoozed_by", "snoozed_until", "closed_at", "closed_by",
    "closed_why",
)  # fmt: skip
"""The keys of an incident's document, in order."""


def incidents(found: Iterable[Incident], *, now: Millis) -> Json:
    return {"incidents": [incident(one, now) for one in found]}


def effect(told: QuarantineEffect, *, accepted: bool) -> Json:
    """`money_…` in the channel's currency; the listings that would move most come first."""
    return {
        "channel": told.channel,
        "poll": told.poll_id,
        "reason": told.reason,
        "accepted": accepted,
        "counts": asdict(told.counts),
        "moved": told.moved,
        "units_up": told.units_up,
        "units_down": told.units_down,
        "money_up": told.money_up,
        "money_down": told.money_down,
        "unpriced": told.unpriced,
        "to_zero": told.to_zero,
        "channels": [asdict(one) for one in told.channels],
        "listings": [asdict(one) for one in told.rows],
    }


def incident(one: Incident, now: Millis) -> Json:
    return {
        "id": one.id,
        "channel": one.channel,
        "kind": str(one.kind),
        "severity": str(severity(one)),
        "state": str(state(one, now)),
        "since": rfc3339(one.since),
        "last_at": rfc3339(one.last_at),
        "count": one.count,
        "message": one.message,
        "acknowledged_by": one.acknowledged_by,
        "acknowledged_at": rfc3339(one.acknowledged_at),
        "snoozed_by": one.snoozed_by,
        "snoozed_until": rfc3339(one.snoozed_until),
        "closed_at": rfc3339(one.closed_at),
        "closed_by": one.closed_by,
        "closed_why": one.closed_why,
    }

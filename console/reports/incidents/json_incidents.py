"""The JSON of incidents and of what accepting a quarantined poll would change.

The rules are those of `console.reports.json_documents`: RFC 3339 times, stable keys.
"""

from msgspec.structs import asdict

from store.channels.incident_list import severity, state
from store.model import Incident, Millis
from store.polling.preview.quarantine_effect import QuarantineEffect
from sync.clock import rfc3339

Json = dict[str, object]

COLUMNS = (
    "id", "channel", "kind", "severity", "state", "since", "last_at", "count", "message",
    "acknowledged_by", "acknowledged_at", "snoozed_by", "snoozed_until", "closed_at", "closed_by",
    "closed_why",
)  # fmt: skip
"""The keys of an incident's document, in order."""


def effect(effect: QuarantineEffect, *, accepted: bool) -> Json:
    """`money_…` in the channel's currency; the listings that would change most come first."""
    return {
        "channel": effect.channel,
        "poll": effect.poll_id,
        "reason": effect.reason,
        "accepted": accepted,
        "counts": asdict(effect.counts),
        "moved": effect.moved,
        "units_up": effect.units_up,
        "units_down": effect.units_down,
        "money_up": effect.money_up,
        "money_down": effect.money_down,
        "unpriced": effect.unpriced,
        "to_zero": effect.to_zero,
        "channels": [asdict(channel) for channel in effect.channels],
        "listings": [asdict(row) for row in effect.rows],
    }


def incident(incident: Incident, now: Millis) -> Json:
    return {
        "id": incident.id,
        "channel": incident.channel,
        "kind": str(incident.kind),
        "severity": str(severity(incident)),
        "state": str(state(incident, now)),
        "since": rfc3339(incident.since),
        "last_at": rfc3339(incident.last_at),
        "count": incident.count,
        "message": incident.message,
        "acknowledged_by": incident.acknowledged_by,
        "acknowledged_at": rfc3339(incident.acknowledged_at),
        "snoozed_by": incident.snoozed_by,
        "snoozed_until": rfc3339(incident.snoozed_until),
        "closed_at": rfc3339(incident.closed_at),
        "closed_by": incident.closed_by,
        "closed_why": incident.closed_why,
    }

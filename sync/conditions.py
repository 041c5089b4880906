"""What a notification is sent on, as `[[notify]] on` has it. Pure.

"incident"                 any incident
"incident quarantined"     those of one kind
"oversell > 100"           so many units are shown beyond their targets
"pending older than 30m"   an update has waited so long for a decision
"""

import re

from store.model import IncidentKind, Millis
from sync.units import duration, duration_text

_OVERSELL = re.compile(r"oversell\s*>\s*(\d{1,9})", re.ASCII)
_PENDING = re.compile(r"pending\s+older\s+than\s+(\S+)", re.ASCII)
_KINDS = frozenset(map(str, IncidentKind))
_REMEDY = (
    'write "incident", "incident quarantined" or another kind, "oversell > 100", or "pending older '
    'than 30m"'
)


class Condition(str):
    """One of these, as it is written; what it means is in its attributes."""

    __slots__ = ("incident_kind", "incidents", "oversell_above", "pending_ms")

    incidents: bool
    incident_kind: str | None
    """None: of every kind."""
    oversell_above: int | None
    pending_ms: Millis | None

    @property
    def breaks_quiet(self) -> bool:
        """Whether it is worth waking somebody for."""
        return self.oversell_above is not None


def condition(value: object) -> Condition:
    """Read one. Raises ValueError with the remedy."""
    written = " ".join(value.split()) if isinstance(value, str) else ""
    incident, _, kind = written.partition(" ")
    oversell, pending = _OVERSELL.fullmatch(written), _PENDING.fullmatch(written)
    pending_ms = None if pending is None else duration(pending[1])
    is_incident = incident == "incident" and (not kind or kind in _KINDS)
    if not (is_incident or oversell or pending):
        raise ValueError(f'"{written[:40]}" is not a condition: {_REMEDY}')
    if pending_ms is not None:
        written = f"pending older than {duration_text(pending_ms)}"
    elif oversell is not None:
        written = f"oversell > {int(oversell[1])}"
    found = Condition(written)
    found.incidents = is_incident
    found.incident_kind = kind or None
    found.oversell_above = None if oversell is None else int(oversell[1])
    found.pending_ms = pending_ms
    return found

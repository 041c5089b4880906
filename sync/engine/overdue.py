"""Says when an authority has not taken in an event for too long, and when it has: once each.

That an event is overdue hangs on the clock and is computed when read; only the incident is stored.
The engine asks every second or so.
"""

from store.channels import incidents
from store.model import IncidentKind
from store.polling import events
from sync.polling.recovery import Gear


class OverdueWatch:
    """Remembers which authorities it has called behind."""

    def __init__(self, gear: Gear) -> None:
        self._gear = gear
        self._behind: set[str] | None = None

    async def look(self) -> None:
        """Raise and close the incidents of authorities that fell behind or caught up."""
        now, database = self._gear.clock.now(), self._gear.database
        if self._behind is None:
            known = await database.aread(incidents.open_incidents)
            self._behind = {
                one.channel for one in known if one.kind == IncidentKind.UNSEEN and one.channel
            }
        found = await database.aread(events.overdue, now=now)
        for name in found.keys() - self._behind:
            await database.awrite(
                incidents.raise_incident, name, IncidentKind.UNSEEN, found[name], now=now
            )
            self._gear.log.warning("authority behind", channel=name)
        for name in self._behind - found.keys():
            await database.awrite(incidents.resolve, name, IncidentKind.UNSEEN, now=now)
            self._gear.log.info("authority caught up", channel=name)
        self._behind = set(found)

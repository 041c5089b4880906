"""Says when a channel turns stale and when it is fresh again: once each, as an incident and a log.

Freshness hangs on the clock and is computed when read; only the incident is stored. The engine
asks every second or so.
"""

from store.channels import incidents
from store.model import Freshness, IncidentKind, Millis
from store.queries import views
from store.queries.values import ChannelHealth
from sync.polling.recovery import Gear
from sync.settings import Settings


class FreshnessWatch:
    """Remembers which channels it has called stale."""

    def __init__(self, gear: Gear, settings: Settings) -> None:
        self._gear = gear
        self._settings = settings
        self._since = gear.clock.now()
        self._stale: set[str] | None = None

    async def look(self) -> None:
        """Raise and close the incidents of channels whose freshness has changed."""
        now, database = self._gear.clock.now(), self._gear.database
        if self._stale is None:
            known = await database.aread(incidents.open_incidents)
            self._stale = {
                one.channel for one in known if one.kind == IncidentKind.STALE and one.channel
            }
        for health in await database.aread(views.channels, now=now):
            stale = self._is_stale(health, now)
            if stale and health.name not in self._stale:
                self._stale.add(health.name)
                await database.awrite(
                    incidents.raise_incident, health.name, IncidentKind.STALE,
                    self._words(health), now=now,
                )  # fmt: skip
                self._gear.log.warning("channel stale", channel=health.name)
            elif not stale and health.name in self._stale:
                self._stale.discard(health.name)
                await database.awrite(incidents.resolve, health.name, IncidentKind.STALE, now=now)
                self._gear.log.info("channel fresh again", channel=health.name)

    def _is_stale(self, health: ChannelHealth, now: Millis) -> bool:
        """Stale; or never read though there was time for it.

        A quarantined channel has its own incident, and one trouble speaks once.
        """
        if health.freshness is Freshness.NEVER:
            return now - self._since > self._settings.channels[health.name].stale_after_ms
        return health.freshness is Freshness.STALE

    def _words(self, health: ChannelHealth) -> str:
        after_s = self._settings.channels[health.name].stale_after_ms / 1000
        what = "never read" if health.last_success_at is None else "no good poll"
        why = health.last_error
        if health.paused_by is not None:
            why = f"paused by {health.paused_by}: {health.paused_reason}"
        because = f": {why}" if why else ""
        return f"{what} for longer than {after_s:g} s{because}"

"""What the engine watches: stale channels, authorities that fall behind, pauses that run out.

Each change is one incident and one line in the log, not one for every look.
"""

from collections.abc import Mapping

from store.channels import incidents, pauses, write_pauses
from store.channels.pauses import Pause
from store.channels.write_pauses import WritePause
from store.model import Freshness, IncidentKind, Millis
from store.polling import events
from store.queries import status_counts
from store.queries.values import ChannelHealth
from sync.polling.recovery import EngineContext
from sync.settings import Settings
from sync.units import duration_text


class FreshnessWatch:
    """Remembers which channels are stale."""

    def __init__(self, context: EngineContext, settings: Settings) -> None:
        self._context = context
        self._settings = settings
        self._since = context.clock.now()
        self._stale: set[str] | None = None
        self._unexplained: set[str] = set()
        """Those whose incident could not say why yet: nothing had come back from the channel."""

    async def look(self) -> None:
        """Raise and close the incidents of channels whose freshness has changed."""
        # Freshness depends on the clock and is computed when it is read; only the incident is
        # stored. So somebody has to look, or a channel would turn stale without a word.
        now, database = self._context.clock.now(), self._context.database
        if self._stale is None:
            self._stale = await _with_open_incident(self._context, IncidentKind.STALE)
        for health in await database.aread(status_counts.channels, now=now):
            stale = self._is_stale(health, now, self._stale)
            if stale and health.name not in self._stale:
                self._stale.add(health.name)
                if health.last_error is None:
                    self._unexplained.add(health.name)
                await database.awrite(
                    incidents.raise_incident, health.name, IncidentKind.STALE,
                    self._words(health), now=now,
                )  # fmt: skip
                self._context.log.warning("channel stale", channel=health.name)
            elif stale and health.name in self._unexplained and health.last_error is not None:
                self._unexplained.discard(health.name)
                await database.awrite(
                    incidents.reword, health.name, IncidentKind.STALE, self._words(health)
                )
            elif not stale and health.name in self._stale:
                self._stale.discard(health.name)
                self._unexplained.discard(health.name)
                await database.awrite(incidents.resolve, health.name, IncidentKind.STALE, now=now)
                self._context.log.info("channel fresh again", channel=health.name)

    def _is_stale(self, health: ChannelHealth, now: Millis, known: set[str]) -> bool:
        """Whether it is stale, or was never read though there was time for it."""
        # A quarantined channel is not called stale: it has an incident of its own already.
        if health.freshness is Freshness.NEVER:
            # An engine that has just started has no reason to take back what one before has seen.
            after_ms = self._settings.channels[health.name].stale_after_ms
            return health.name in known or now - self._since > after_ms
        return health.freshness is Freshness.STALE

    def _words(self, health: ChannelHealth) -> str:
        after = duration_text(self._settings.channels[health.name].stale_after_ms)
        what = "never read" if health.last_success_at is None else "no good poll"
        why = health.last_error
        if health.paused_by is not None:
            why = f"paused by {health.paused_by}: {health.paused_reason}"
        because = f": {why}" if why else ""
        return f"{what} for more than {after}{because}"


class OverdueWatch:
    """Remembers which authorities are behind: with events unseen for too long."""

    def __init__(self, context: EngineContext) -> None:
        self._context = context
        self._behind: set[str] | None = None

    async def look(self) -> None:
        """Raise and close the incidents of authorities that fell behind or caught up."""
        now, database = self._context.clock.now(), self._context.database
        if self._behind is None:
            self._behind = await _with_open_incident(self._context, IncidentKind.UNSEEN)
        found = await database.aread(events.overdue, now=now)
        for name in found.keys() - self._behind:
            await database.awrite(
                incidents.raise_incident, name, IncidentKind.UNSEEN, found[name], now=now
            )
            self._context.log.warning("authority behind", channel=name)
        for name in self._behind - found.keys():
            await database.awrite(incidents.resolve, name, IncidentKind.UNSEEN, now=now)
            self._context.log.info("authority caught up", channel=name)
        self._behind = set(found)


class PauseWatch:
    """Remembers which channels were paused when it last looked, and whether all writes were."""

    def __init__(self, context: EngineContext) -> None:
        self._context = context
        self._known: Mapping[str, Pause] | None = None
        self._writes: WritePause | None = None

    async def look(self) -> list[str]:
        """End the pauses of people that have run out; answer their channels, to be polled."""
        now, database = self._context.clock.now(), self._context.database
        found = await database.aread(pauses.on_record)
        passed = [name for name, pause in found.items() if _has_passed(pause, now)]
        if passed:
            await database.awrite(pauses.end_passed, now=now)
        self._log_writes(await database.aread(write_pauses.in_force))
        before, self._known = self._known, {n: found[n] for n in found if n not in passed}
        if before is not None:
            self._log_changes(before, self._known)
        return passed

    def _log_writes(self, found: WritePause | None) -> None:
        """Log that all writes are paused, at its start too, and that they are resumed."""
        before, self._writes = self._writes, found
        if found is not None and found != before:
            self._context.log.warning("all writes paused", by=found.by, reason=found.reason)
        elif found is None and before is not None:
            self._context.log.info("all writes resumed")

    def _log_changes(self, before: Mapping[str, Pause], found: Mapping[str, Pause]) -> None:
        """Log the pauses that people began and ended; the engine's own are logged as trouble."""
        log = self._context.log
        for name in before.keys() | found.keys():
            old, new = before.get(name), found.get(name)
            if new is not None and new.by is not None and new != old:
                log.info("channel paused", channel=name, by=new.by, reason=new.reason)
            elif new is None and old is not None and old.by is not None:
                log.info("channel resumed", channel=name)


async def _with_open_incident(context: EngineContext, kind: IncidentKind) -> set[str]:
    """The channels with an open incident of this kind, which an earlier run may have left."""
    known = await context.database.aread(incidents.open_incidents)
    return {incident.channel for incident in known if incident.kind == kind and incident.channel}


def _has_passed(pause: Pause, now: Millis) -> bool:
    return pause.by is not None and pause.until is not None and pause.until <= now

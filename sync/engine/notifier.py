"""Sends the notifications that `[[notify]]` asks for, beside the engine: nothing waits for it."""

import asyncio
from pathlib import Path

from store.channels.incident_list import IncidentState, state
from store.errors import StoreError
from store.model import Millis
from store.monitoring import told
from store.monitoring.told import ToldTrouble
from sync.errors import ConfigError
from sync.notifying import sending, troubles
from sync.notifying.troubles import NotifyReading
from sync.polling.recovery import EngineContext
from sync.secrets import resolve
from sync.settings import NotifySettings, Settings

LOOK_EVERY_MS = 5_000
RETRY_MS = 60_000
ENDS_WITHIN_S = 2.0
RETRY_DOUBLINGS = 5
"""A place that does not take messages is tried again after one minute, two … 32."""


class NotifyJob:
    """Looks every few seconds, as a task of its own."""

    def __init__(self, context: EngineContext, settings: Settings) -> None:
        self._context = context
        self._shop = ""
        self._console: str | None = None
        self._configured: tuple[NotifySettings, ...] = ()
        self._places: list[NotifyPlace] = []
        self.take_over(settings)
        self._looked_at: Millis | None = None
        self._task: asyncio.Task[None] | None = None

    def take_over(self, settings: Settings) -> None:
        """Tell the places of this configuration from now on."""
        self._shop = settings.path.resolve().parent.name
        self._console = settings.web_url
        if settings.notify != self._configured:
            self._configured = settings.notify
            self._places = [
                NotifyPlace(self._context, place, settings.path.parent) for place in settings.notify
            ]

    def begin_where_due(self) -> None:
        """Begin a look if the last one was a while ago. Waits for nothing."""
        now = self._context.clock.now()
        if not self._places or (self._task is not None and not self._task.done()):
            return
        if self._looked_at is None or abs(now - self._looked_at) >= LOOK_EVERY_MS:
            self._looked_at = now
            self._task = asyncio.create_task(self._look())

    async def end(self) -> None:
        """Stop; what was not sent is sent by the next engine."""
        if self._task is not None:
            # A place that has taken a message is about to say so: what is not noted is sent again.
            await asyncio.wait([self._task], timeout=ENDS_WITHIN_S)
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _look(self) -> None:
        now, database = self._context.clock.now(), self._context.database
        try:
            found = await database.aread(told.standing, now=now)
            reading = NotifyReading(
                now, found.incidents, found.oversell_units, found.pending,
                frozenset(
                    incident.id
                    for incident in found.incidents
                    if state(incident, now) is not IncidentState.NEW
                ),
                found.unknown_oversell_units,
            )  # fmt: skip
            # Beside each other: a place that hangs delays no other.
            tellings = [place.tell(reading, self._shop, self._console) for place in self._places]
            for failure in await asyncio.gather(*tellings, return_exceptions=True):
                if failure is not None:
                    raise failure
        except StoreError as error:
            self._context.log.warning("notifications not looked for", error=str(error))


class NotifyPlace:
    """One place that is told, and how that goes."""

    def __init__(self, context: EngineContext, settings: NotifySettings, base: Path) -> None:
        self._context = context
        self._settings = settings
        self._base = base
        self._since: dict[str, Millis] = {}
        self._sent_at: Millis | None = None
        self._failures = 0
        self._tried_at: Millis = 0

    async def tell(self, found: NotifyReading, shop: str, console: str | None) -> None:
        """Send what is new to this place, or over, once the time for it has come."""
        there = troubles.troubles(self._settings.on, found)
        self._since = {trouble.key: self._since.get(trouble.key, found.at) for trouble in there}
        rest_ms = RETRY_MS << min(self._failures, RETRY_DOUBLINGS) if self._failures else 0
        if abs(found.at - self._tried_at) < rest_ms:
            return
        database, name = self._context.database, self._settings.name
        known = {known.key: known for known in await database.aread(told.told, name)}
        message = troubles.message(
            self._settings,
            there,
            known,
            troubles.NotifyPace(self._since, self._sent_at, found.at),
            shop=shop,
            console=console,
        )
        if message is None:
            return
        self._tried_at = found.at
        if not await self._send(message.title, message.body):
            return
        self._sent_at = found.at
        new = [ToldTrouble(trouble.key, trouble.words, found.at) for trouble in message.told]
        await database.awrite(told.note, name, new, message.over)
        self._context.log.info("notified", place=name, new=len(new), over=len(message.over))

    async def _send(self, title: str, body: str) -> bool:
        key = f"notify.{self._settings.name}.url"
        try:
            url = resolve(self._settings.url, key=key, base=self._base).reveal()
            took = await sending.send(url, key, title, body)
        except ConfigError as error:
            return self._failed(str(error))
        if not took:
            return self._failed("it did not take the message")
        self._failures = 0
        return True

    def _failed(self, why: str) -> bool:
        self._failures += 1
        if self._failures == 1:
            self._context.log.warning("not notified", place=self._settings.name, error=why)
        return False

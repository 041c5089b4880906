"""Watches what channels announce: ways of asking that end, and credentials that do."""

from collections.abc import Iterable

from store.channels import incidents
from store.model import IncidentKind
from sync.polling import expiry
from sync.polling.channel_state import ChannelState
from sync.polling.recovery import EngineContext

_KINDS = (IncidentKind.DEPRECATION, IncidentKind.EXPIRING)


class NoticeWatch:
    """Remembers what it has said of each channel."""

    def __init__(self, context: EngineContext) -> None:
        self._context = context
        self._said: dict[tuple[str, IncidentKind], str] | None = None

    async def look(self, channels: Iterable[ChannelState]) -> None:
        """Raise and close the incidents of channels whose announcements have changed."""
        if self._said is None:
            self._said = await self._open()
        for channel_state in channels:
            notices = channel_state.meter.notices
            now = self._context.clock.now()
            # What was announced before a restart counts until the channel has answered once more.
            if channel_state.meter.headers is not None:
                await self._say(channel_state.name, IncidentKind.DEPRECATION, notices.words())
            ends = expiry.words(channel_state.settings, notices.credential_ends, now)
            await self._say(channel_state.name, IncidentKind.EXPIRING, ends)

    async def _say(self, channel: str, kind: IncidentKind, words: str) -> None:
        said = self._said if self._said is not None else {}
        before, database = said.get((channel, kind), ""), self._context.database
        if words == before:
            return
        said[channel, kind] = words
        now = self._context.clock.now()
        if not words:
            await database.awrite(incidents.resolve, channel, kind, now=now)
            self._context.log.info("announcement ended", channel=channel, was=before)
        elif before and incidents.same_but_for_numbers(before, words):
            # A day less until the same end is no news.
            await database.awrite(incidents.reword, channel, kind, words)
        else:
            await database.awrite(incidents.raise_incident, channel, kind, words, now=now)
            self._context.log.warning("channel announces", channel=channel, what=words)

    async def _open(self) -> dict[tuple[str, IncidentKind], str]:
        """What an earlier run has said and not taken back."""
        found = await self._context.database.aread(incidents.open_incidents)
        return {
            (incident.channel, IncidentKind(incident.kind)): incident.message
            for incident in found
            if incident.channel is not None and incident.kind in _KINDS
        }

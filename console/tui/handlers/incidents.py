"""What the keys do to incidents and quarantined polls: acknowledge, snooze, accept, discard.

The decisions themselves are the store's, the same as the commands'.
"""

from collections import deque
from collections.abc import Callable
from typing import Any

from textual.app import App

from console.text.format import plural, until_text
from console.tui.data.source import DataSource
from console.tui.dialogs.accept_poll import AcceptPollDialog, DiscardPollDialog
from console.tui.dialogs.confirm import SnoozeDialog
from console.tui.drawing.tones import Tone
from console.tui.handlers.base import Handler
from console.tui.session.state import ConsoleState
from store.channels import incidents
from store.channels.incident_list import IncidentState, state
from store.database.connection import Database
from store.database.worklist import Merge
from store.errors import StoreError
from store.model import Incident
from store.polling import quarantine
from sync.corrections import decide
from sync.targets import terms


class IncidentHandler(Handler):
    """One operator's acts on trouble."""

    def __init__(
        self, app: App[Any], database: Database, source: DataSource, session: ConsoleState
    ) -> None:
        super().__init__(app, database, source, session)
        self._reasons: deque[str] = deque(maxlen=6)

    async def acknowledge(self, incident: Incident) -> None:
        """Note that this operator has seen it."""
        if not self._is_open(incident, "acknowledge"):
            return
        now = self._now
        done = await self._do(
            lambda: self._database.write(incidents.acknowledge, incident.id, who=self._who, now=now)
        )
        if done:
            self._say(f"{self._who} acknowledged {_about(incident)}", Tone.STRONG)

    async def snooze(self, incident: Incident) -> None:
        """Put it aside for a span; one that is snoozed is woken."""
        if not self._is_open(incident, "snooze"):
            return
        if state(incident, self._now) is IncidentState.SNOOZED:
            await self._wake(incident)
            return
        span = await self._app.push_screen_wait(SnoozeDialog(_about(incident), self._now))
        if span is None:
            self._say("nothing snoozed", Tone.DIM)
            return
        until = self._now + span
        done = await self._do(
            lambda: self._database.write(incidents.snooze, incident.id, who=self._who, until=until)
        )
        if done:
            text = f"{self._who} snoozed {_about(incident)} until {until_text(until, self._now)}"
            self._say(f"{text}, unless it gets worse", Tone.STRONG)

    async def accept(self, channel: str) -> None:
        """Accept the channel's quarantined poll, once its effect has been seen and agreed to."""
        if why := decide.why_not_allowed(self._source.settings, self._who):
            self._say(f"can't accept: {why}", Tone.WARN)
            return
        try:
            effect = await self._source.effect(channel)
        except StoreError as error:
            self._say(f"the cache can't be read: {error}", Tone.BAD)
            return
        if effect is None:
            self._say(f"{channel} has no quarantined poll", Tone.WARN)
            return
        dialog = AcceptPollDialog(effect, self._now, lambda: self._source.effect(channel))
        if not await self._app.push_screen_wait(dialog):
            self._say("nothing accepted", Tone.DIM)
            return
        effect = dialog.effect
        poll = f"poll {effect.poll_id} of {channel}"
        self._say(f"accepting {poll}: {plural(effect.moved, 'listing')}…", Tone.DIM)
        # The poll's number goes along. A newer poll may be quarantined while the dialog is open,
        # and the store refuses to accept one that nobody was shown.
        comparison = terms.comparison(self._source.settings)
        merged: list[Merge] = await self._decide(
            lambda: [
                self._database.write(
                    quarantine.accept, channel, comparison, who=self._who, now=self._now,
                    poll_id=effect.poll_id,
                )
            ]
        )  # fmt: skip
        for merge in merged:
            self._say(
                f"{self._who} accepted {poll}: {plural(merge.opened, 'disagreement')} opened, "
                f"{merge.closed:,} closed, {plural(merge.proposed, 'update')} proposed",
                Tone.STRONG,
            )
            self._wake_engine()

    async def discard(self, channel: str) -> None:
        """Throw the channel's quarantined poll away, with a reason."""
        try:
            poll_id = await self._source.quarantined_poll(channel)
        except StoreError as error:
            self._say(f"the cache can't be read: {error}", Tone.BAD)
            return
        if poll_id is None:
            self._say(f"{channel} has no quarantined poll", Tone.WARN)
            return
        about = f"poll {poll_id} of {channel}"
        reason = await self._app.push_screen_wait(DiscardPollDialog(about, tuple(self._reasons)))
        if reason is None:
            self._say("nothing discarded", Tone.DIM)
            return
        self._reasons.appendleft(reason)
        discarded: list[int] = await self._decide(
            lambda: [
                self._database.write(
                    quarantine.discard, channel, who=self._who, why=reason, now=self._now,
                    poll_id=poll_id,
                )
            ]
        )  # fmt: skip
        if discarded:
            self._say(f"{self._who} discarded {about}: its last good readings count", Tone.STRONG)
            self._wake_engine()

    async def _wake(self, incident: Incident) -> None:
        now = self._now
        done = await self._do(
            lambda: self._database.write(incidents.wake, incident.id, who=self._who, now=now)
        )
        if done:
            self._say(f"{self._who} ended the snooze of {_about(incident)}", Tone.STRONG)

    def _is_open(self, incident: Incident, verb: str) -> bool:
        if incident.closed_at is not None:
            self._say(f"can't {verb} {_about(incident)}: it is closed", Tone.WARN)
        return incident.closed_at is None

    async def _do(self, act: Callable[[], None]) -> bool:
        """Run an act that answers nothing; whether it was done."""

        def done() -> list[bool]:
            act()
            return [True]

        return bool(await self._decide(done))

    def _wake_engine(self) -> None:
        if self._session.engine is not None:
            self._session.engine.wake()


def _about(incident: Incident) -> str:
    return f"#{incident.id} {incident.channel or 'skew'} {incident.kind}"

"""What the keys do to a channel: poll it now, pause and resume it, cancel its poll.

The engine does it, whichever process has it: it is asked through the cache, and its answer is
logged when it comes. Nothing here waits on the screen's thread.
"""

from collections import deque
from functools import partial
from typing import Any

import msgspec
from textual.app import App

from console.text.format import plural, until_text
from console.tui.data.source import DataSource
from console.tui.dialogs.pause import PauseDialog, ResumeDialog
from console.tui.dialogs.pause_writes import ResumeWritesDialog, WritesPausedDialog
from console.tui.drawing.tones import Tone
from console.tui.handlers.base import Handler
from console.tui.session.state import ConsoleState
from console.tui.views import channels
from store.channels import pauses, write_pauses
from store.channels.write_pauses import WritePause
from store.database.connection import Database
from store.database.lease import Answered
from store.errors import StoreError
from store.model import PollOutcome
from store.queries.values import ChannelHealth
from sync.engine import requests
from sync.polling.reporting.poll_report import PollReport

PATIENCE_MS = 3_600_000
"""A poll is waited for as long as its request is kept; the operator waits for none of it."""


class ChannelHandler(Handler):
    """One operator's acts on channels."""

    def __init__(
        self, app: App[Any], database: Database, source: DataSource, session: ConsoleState
    ) -> None:
        super().__init__(app, database, source, session)
        self._reasons: deque[str] = deque(maxlen=6)
        self._polling: set[str] = set()

    async def poll_now(self, channel: ChannelHealth) -> None:
        """Have the channel polled, also one that rests or is paused."""
        if channel.name in self._polling:
            self._say(f"{channel.name} is being polled already", Tone.WARN)
            return
        self._polling.add(channel.name)
        self._say(f"{self._who} asked for a poll of {channel.name}", Tone.DIM)
        try:
            answer = await self._ask("poll", channel.name)
        finally:
            self._polling.discard(channel.name)
        if answer is None:
            return
        if not answer.ok:
            self._say(f"{channel.name} not polled: {answer.result}", Tone.BAD)
            return
        for report in msgspec.json.decode(answer.result, type=list[PollReport]):
            self._say(*_ended(report))

    async def cancel(self, channel: ChannelHealth) -> None:
        """Stop the channel's poll that runs."""
        if channel.running is None:
            self._say(f"can't cancel: no poll of {channel.name} is running", Tone.WARN)
            return
        answer = await self._ask("cancel", channel.name)
        if answer is None:
            return
        if not answer.ok:
            self._say(f"not cancelled: {answer.result}", Tone.WARN)
            return
        report = msgspec.json.decode(answer.result, type=PollReport)
        if report.outcome is PollOutcome.CANCELLED:
            text = f"{self._who} cancelled the poll of {channel.name}: its readings are unchanged"
            self._say(text, Tone.STRONG)
        else:
            self._say(f"the poll of {channel.name} had ended already: {report.outcome}", Tone.WARN)

    async def pause_or_resume(self, channel: ChannelHealth) -> None:
        """Turn the pause over, after its effect was shown."""
        if channels.is_paused(channel, self._now):
            await self._resume(channel)
        else:
            await self._pause(channel)

    async def _pause(self, channel: ChannelHealth) -> None:
        try:
            effect = await self._source.pause_effect(channel)
        except StoreError as error:
            self._say(f"the cache can't be read: {error}", Tone.BAD)
            return
        request = await self._app.push_screen_wait(
            PauseDialog(effect, tuple(self._reasons), self._session.clock)
        )
        if request is None:
            self._say("nothing paused", Tone.DIM)
            return
        self._reasons.appendleft(request.reason)
        # The end is counted from the answer, not from the question: a dialog that was open for an
        # hour must not shorten the pause.
        until = self._now + request.span_ms

        def act() -> list[str]:
            self._database.write(
                pauses.pause, channel.name, who=self._who, reason=request.reason, until=until
            )
            return [channel.name]

        if await self._decide(act):
            text = f"{self._who} paused {channel.name} until {until_text(until, self._now)}"
            self._say(f"{text}: {request.reason}", Tone.STRONG)

    async def _resume(self, channel: ChannelHealth) -> None:
        if channel.paused_by is not None and not await self._app.push_screen_wait(
            ResumeDialog(channel, self._now)
        ):
            self._say(f"{channel.name} stays paused", Tone.DIM)
            return
        ended = await self._decide(
            lambda: [
                self._database.write(pauses.resume, channel.name, who=self._who, now=self._now)
            ]
        )
        if ended:
            self._say(f"{self._who} resumed {channel.name}; it is polled now", Tone.STRONG)
            await self._note_write_pause(channel.name)

    async def _note_write_pause(self, channel: str) -> None:
        """Say that the channel is not written to all the same, where all writes are paused."""
        snapshot = self._session.snapshot
        pause = None if snapshot is None else snapshot.status.write_pause
        if pause is not None:
            key = self._session.key("pause_writes")
            self._say(
                f"{channel} is not written to: {write_pauses.in_words(pause)}; {key} resumes them",
                Tone.WARN,
            )

    async def pause_or_resume_writes(self) -> None:
        """Pause all writes at once and ask why afterwards, or let them through again."""
        try:
            status = (await self._source.snapshot()).status
        except StoreError as error:
            self._say(f"the cache can't be read: {error}", Tone.BAD)
            return
        if status.write_pause is None:
            await self._pause_writes()
        else:
            await self._resume_writes(status.write_pause, status.updates["approved"])

    async def _pause_writes(self) -> None:
        begun = await self._decide(
            lambda: [
                self._database.write(
                    write_pauses.begin, who=self._who, reason=write_pauses.NO_REASON, now=self._now
                )
            ]
        )
        for pause in begun:
            self._say(f"{pause.by} paused all writes: nothing is sent to any channel", Tone.BAD)
            reason = await self._app.push_screen_wait(WritesPausedDialog(tuple(self._reasons)))
            if reason is None:
                continue
            self._reasons.appendleft(reason)
            await self._decide(partial(self._give_reason, pause, reason))
            self._say(f"{pause.by} paused all writes: {reason}", Tone.BAD)

    def _give_reason(self, pause: WritePause, reason: str) -> list[None]:
        return [self._database.write(write_pauses.give_reason, pause, reason)]

    async def _resume_writes(self, pause: WritePause, approved: int) -> None:
        if not await self._app.push_screen_wait(ResumeWritesDialog(pause, approved, self._now)):
            self._say("all writes stay paused", Tone.DIM)
            return
        ended = await self._decide(
            lambda: [self._database.write(write_pauses.end, who=self._who, now=self._now)]
        )
        if ended:
            self._say(f"{self._who} resumed all writes", Tone.STRONG)
            if self._session.engine is not None:
                self._session.engine.wake()

    async def _ask(self, what: str, channel: str) -> Answered | None:
        """Ask the engine; why there is no answer is logged."""
        try:
            answers = await requests.ask(
                self._database, self._session.live_clock, what, [channel],
                who=self._who, wait_ms_max=PATIENCE_MS,
            )  # fmt: skip
        except (StoreError, RuntimeError) as error:
            # A RuntimeError is the closed cache's: its threads have gone.
            self._say(f"the engine did not answer: {error}", Tone.BAD)
            return None
        if answers is None:
            self._say(f"nobody to {what} it: no engine runs for this cache", Tone.BAD)
            return None
        return answers[0]


def _ended(report: PollReport) -> tuple[str, Tone]:
    """What became of a poll, in a line."""
    took = f"{report.took_ms / 1000:.1f}s"
    if report.outcome is PollOutcome.GOOD:
        text = f"polled {report.channel}: {plural(report.listings, 'listing')}"
        return f"{text}, {report.changed:,} changed, in {took}", Tone.OK
    text = f": {report.error}" if report.error else ""
    return f"the poll of {report.channel} ended {report.outcome} after {took}{text}", Tone.WARN

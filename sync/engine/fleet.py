"""All the channels of an engine: opened together, polled and written each by itself.

Every poll and every round of writes is a task in here, one of each at a time per channel, so that
the engine can see, await and end them.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping
from typing import Any

from store.channels import incidents, pauses, polls, write_pauses
from store.corrections import lifecycle, waiting
from store.corrections.guards.pushed import Pushed, pushed_since
from store.database import lease
from store.errors import LeaseLost, NoSuchThing, StoreError
from store.model import Correction, CorrectionStatus, Direction, IncidentKind, Millis
from sync.engine.lease import SPAN_MS
from sync.engine.notifier import NotifyJob
from sync.engine.retention import RetentionJob
from sync.engine.surroundings import OpenChannel
from sync.engine.watches.credentials import CredentialWatch
from sync.polling import guard, recognition
from sync.polling.channel_state import ChannelState
from sync.polling.poll import poll
from sync.polling.recovery import EngineContext
from sync.polling.reporting.poll_report import PollReport
from sync.settings import PushLimits, Settings
from sync.transport.rate_limit import RateLimitMeter

HASTEN_REST_S = 2.0
PUSH_LIMIT = "push limit"
"""Key of the incident that says that approved corrections wait for the limits."""


class Fleet:
    """The open channels and what runs on them."""

    def __init__(
        self, context: EngineContext, settings: Settings, token: str, open_channel: OpenChannel
    ) -> None:
        self.channels: dict[str, ChannelState] = {}
        self._context = context
        self._settings = settings
        self._token = token
        self._open_channel = open_channel
        self._polls: dict[str, asyncio.Task[PollReport]] = {}
        self.hastened: dict[str, asyncio.Task[None]] = {}
        """Channels of which a poll was asked for that has not begun."""
        self._rested_at: dict[str, float] = {}
        """When the last hastened poll of each channel ended, by the event loop's clock."""
        self._writes: dict[str, asyncio.Task[None]] = {}
        self._writing: dict[str, list[int]] = {}
        self._ended: set[int] = set()
        """Corrections of rounds that have ended, whose status is not checked yet."""
        self._lost: LeaseLost | None = None
        self._limited = ""
        self._next_polls: dict[str, Millis] = {}
        self._credentials = CredentialWatch({}, settings.path.parent)
        self.retention = RetentionJob(context, settings.history_keep_ms)
        self.notifying = NotifyJob(context, settings)

    async def open(self) -> None:
        """Open every configured channel; nothing is sent. Raises ConfigError."""
        settings = self._settings
        self.take_over(settings, await self.open_channels(settings, settings.channels))

    async def open_channels(
        self, settings: Settings, names: Iterable[str]
    ) -> dict[str, ChannelState]:
        """Open these channels of a configuration, or none. Raises ConfigError."""
        opened: dict[str, ChannelState] = {}
        try:
            for name in names:
                meter = RateLimitMeter()
                channel = self._open_channel(
                    settings.channels[name], self._context.clock, settings.path.parent, meter
                )
                memory = recognition.memory_of(self._context.database, channel)
                opened[name] = ChannelState(settings.channels[name], channel, memory, meter=meter)
        except BaseException:
            await self.close_channels(opened.values())
            raise
        return opened

    def take_over(self, settings: Settings, opened: Mapping[str, ChannelState]) -> None:
        """Work by this configuration from now on, with these channels beside those that stay."""
        both = self.channels | dict(opened)
        self.channels.clear()
        # In the order of the file.
        self.channels.update((name, both[name]) for name in settings.channels)
        self._settings = settings
        self._credentials = CredentialWatch(self.channels, settings.path.parent)
        self.retention.keep_ms = settings.history_keep_ms
        self.notifying.take_over(settings)

    async def end_channels(self, names: Iterable[str], within_s: float) -> None:
        """Stop these channels' polls, let their writes end, and close them."""
        ended = {name: self.channels.pop(name) for name in names}
        for name in ended:
            if name in self.hastened:
                self.hastened[name].cancel()
        polls = [self._polls[name] for name in ended if name in self._polls]
        for poll_task in polls:
            poll_task.cancel()
        writes = [self._writes[name] for name in ended if name in self._writes]
        if writes:
            await asyncio.wait(writes, timeout=within_s)
        for write_task in writes:
            write_task.cancel()
        await asyncio.gather(*polls, *writes, return_exceptions=True)
        await self._save_memories(ended.values())
        await self.close_channels(ended.values())

    async def close(self) -> None:
        """Close what is open. One channel's trouble in closing does not keep the others."""
        await self.close_channels(self.channels.values())

    async def close_channels(self, opened: Iterable[ChannelState]) -> None:
        """Close these, whether they ever ran or not."""
        for channel_state in opened:
            try:
                await channel_state.channel.close()
            except Exception as error:  # noqa: BLE001 - the edge of a channel's code.
                self._context.log.warning(
                    "channel not closed", channel=channel_state.name, error=type(error).__name__
                )

    async def poll_afresh(self, name: str, *, full: bool = False) -> PollReport:
        """Poll a channel for somebody who wants to know it as it is now. Raises StoreError.

        `full`: read everything, also where what changed would do.
        """
        if name not in self.channels:
            known = ", ".join(self.channels)
            raise NoSuchThing(f'"{name}" is not a channel of the running engine; known: {known}')
        # A poll that is running already may be past the listing that they ask about, so this waits
        # for its end and begins another.
        before = self._polls.get(name)
        if before is not None:
            await asyncio.wait([before])
        self.channels[name].wants_sweep |= full
        return await self._poll(name)

    async def _poll(self, name: str) -> PollReport:
        """Poll, or wait for the poll that is running."""
        # Shielded: whoever waits may be cancelled, such as a job of the schedule at shutdown,
        # without ending a poll that others wait for.
        task = self._polls.get(name)
        if task is None:
            task = self._start(self._polls, name, poll(self._context, self.channels[name]))
        return await asyncio.shield(task)

    async def scheduled_poll(self, name: str) -> None:
        """Poll a channel unless it is paused or rests after trouble. Raises nothing."""
        now = self._context.clock.now()
        if self.channels[name].polls.rests(now):
            return
        try:
            if name not in await self._context.database.aread(pauses.by_people, now=now):
                await self._poll(name)
        except StoreError as error:
            self._context.log.warning("poll not recorded", channel=name, error=str(error))

    def hasten(self, name: str) -> None:
        """Poll a channel soon, unless it is paused or rests; however often it is asked, once."""
        if name in self.channels and name not in self.hastened:
            self.hastened[name] = asyncio.create_task(self._poll_soon(name))

    async def _poll_soon(self, name: str) -> None:
        loop = asyncio.get_running_loop()
        try:
            # A poll that is running may be past what has just changed. And what is asked for all
            # the time is still polled with a rest between, however short its polls are.
            while True:
                if name in self._polls:
                    await asyncio.wait([self._polls[name]])
                rest_s = self._rested_at.get(name, 0.0) + HASTEN_REST_S - loop.time()
                if rest_s <= 0 and name not in self._polls:
                    break
                await asyncio.sleep(max(0.0, rest_s))
        finally:
            # From here on, another change needs another poll.
            self.hastened.pop(name, None)
        if name in self.channels:
            await self.scheduled_poll(name)
            self._rested_at[name] = loop.time()

    def poll_again(self, names: Iterable[str]) -> None:
        """Begin to poll these channels, because their pause has ended."""
        for name in names:
            if name in self.channels and name not in self._polls:
                self._start(self._polls, name, poll(self._context, self.channels[name]))

    async def try_replaced_credentials(self) -> None:
        """Poll the channels whose refused credential was replaced, unless a person paused them."""
        names = self._credentials.look()
        if not names:
            return
        database, now = self._context.database, self._context.clock.now()
        paused = await database.aread(pauses.by_people, now=now)
        for name in names:
            await database.awrite(pauses.end_engine_pause, name)
            self._context.log.info("credential replaced", channel=name)
        self.poll_again(name for name in names if name not in paused)

    async def cancel_poll(self, name: str, who: str) -> PollReport:
        """Stop the channel's poll at once, for a person. Raises NoSuchThing where none runs."""
        task = self._polls.get(name)
        if task is None or task.done():
            raise NoSuchThing(f"no poll of {name} is running")
        self.channels[name].cancelled_by = who
        task.cancel()
        return await asyncio.shield(task)

    async def begin_writes(self, *, patiently: bool = True) -> list[int]:
        """Start a round of writes on each channel that has something due.

        Answers the ids of what is due or being written. `patiently`: channels that rest after
        trouble are left alone. Raises LeaseLost where a round found the lease gone.
        """
        # A round of polls writes nothing, and starts sooner without these.
        from sync.corrections import decide
        from sync.corrections.apply import apply

        await self._check_lease()
        await self._close_ended()
        database, now = self._context.database, self._context.clock.now()
        paused = await database.aread(pauses.by_people, now=now)
        stopped = await database.aread(write_pauses.in_force) is not None
        free = [
            name
            for name in self.channels
            if not stopped
            and name not in paused
            and self._may_write(name, now, patiently=patiently)
        ]
        # The engine looks after each write: what waits for a channel is not read each time.
        wanted = free if patiently else None
        due = await database.awrite(lifecycle.due, now=now, channels=wanted)
        ids = sorted({correction.id for correction in due}.union(*self._writing.values()))
        ready = [correction for correction in due if correction.channel in free]
        ready = await self._let_through_by_windows(ready, now)
        limits = self._settings.push
        if limits != PushLimits() and self._writes:
            # What is being written now is not yet counted as pushed. Starting more beside it could
            # exceed the hour's limit, so the rest waits for the next look.
            return ids
        pushed = await database.aread(pushed_since, now - decide.HOUR_MS) if ready else Pushed()
        batch, limited = guard.within(ready, limits, decide.as_push(pushed))
        await self._report_limit(limited or "")
        for name in dict.fromkeys(correction.channel for correction in batch):
            mine = self._writing[name] = [
                correction.id for correction in batch if correction.channel == name
            ]
            writing = apply(self._context, self.channels[name], mine, token=self._token)
            self._start(self._writes, name, writing)
        return ids

    async def _let_through_by_windows(
        self, ready: list[Correction], now: Millis
    ) -> list[Correction]:
        """Those that are written now; of a raise, or a rule's, that waits, say until when."""
        from sync.corrections import decide

        held = decide.held_by_window(self._settings, now)
        if held is None:
            return ready
        waits = [
            correction
            for correction in ready
            if correction.decided_by == "rule" or decide.raise_or_reduce(correction) == "raise"
        ]
        if waits:
            ids = [correction.id for correction in waits]
            why = f"no window lets raises and rules through: {held.detail}"
            await self._context.database.awrite(waiting.note, ids, why)
        return [correction for correction in ready if correction not in waits]

    async def _close_ended(self) -> None:
        """Call unknown what a round left half written because the cache failed."""
        ended = sorted(self._ended)
        if not ended:
            return
        database, now = self._context.database, self._context.clock.now()
        for correction in await database.aread(lifecycle.by_id, ended):
            is_waiting = correction.proof_until is not None
            if correction.status is CorrectionStatus.APPLYING or (
                correction.status is CorrectionStatus.APPLIED and not is_waiting
            ):
                await database.awrite(
                    lifecycle.finish, correction.id, CorrectionStatus.UNKNOWN, now=now,
                    result="the outcome could not be recorded; the next reading shows it",
                )  # fmt: skip
        self._ended.difference_update(ended)

    async def _check_lease(self) -> None:
        """Raise the LeaseLost that a round of writes met, unless the lease is still ours."""
        if self._lost is None:
            return
        # A machine that slept wakes with an expired lease. Where nobody took it meanwhile, renewing
        # it is enough, and the engine goes on.
        now = self._context.clock.now()
        ours = await self._context.database.awrite(
            lease.renew, token=self._token, now=now, span_ms=SPAN_MS
        )
        if not ours:
            raise self._lost
        self._lost = None

    async def finish_writes(self) -> None:
        """Wait for the rounds of writes that run. Raises LeaseLost, StoreError."""
        await asyncio.gather(*(asyncio.shield(task) for task in self._writes.values()))

    async def end(self, within_s: float) -> None:
        """Stop the polls at once, give the writes `within_s` to end, then stop them too.

        A stopped poll records nothing. A stopped write stands as `applying` or `applied` on disk.
        """
        for hastened in list(self.hastened.values()):
            hastened.cancel()
        polls = list(self._polls.values())
        for poll_task in polls:
            poll_task.cancel()
        writes = list(self._writes.values())
        if writes:
            await asyncio.wait(writes, timeout=within_s)
        for write_task in writes:
            write_task.cancel()
        await asyncio.gather(*polls, *writes, return_exceptions=True)
        await self._save_memories(self.channels.values())
        await self.retention.end()
        await self.notifying.end()

    async def _save_memories(self, ended: Iterable[ChannelState]) -> None:
        """Save what is remembered of the polls, for whoever polls these channels next."""
        for channel_state in ended:
            try:
                await recognition.save(self._context, channel_state)
            except StoreError as error:
                # Then the next engine decodes everything once.
                self._context.log.warning(
                    "memory not saved", channel=channel_state.name, error=str(error)
                )
                return

    async def note_next_polls(self, next_at: Callable[[str], Millis | None]) -> None:
        """Record when each channel is polled next, where that has changed."""
        now = self._context.clock.now()
        for name, channel_state in self.channels.items():
            at = max(next_at(name) or 0, channel_state.polls.rest_ends(now))
            if self._next_polls.get(name) != at:
                await self._context.database.awrite(polls.set_next_poll, name, at or None)
                self._next_polls[name] = at

    def _may_write(self, name: str, now: int, *, patiently: bool) -> bool:
        channel_state = self.channels[name]
        if name in self._writes or channel_state.settings.direction is Direction.OBSERVE:
            return False
        return not (patiently and channel_state.writes.rests(now))

    async def _report_limit(self, limited: str) -> None:
        """Raise or close the incident of the push limits, when it changes."""
        if limited == self._limited:
            return
        self._limited = limited
        database, now = self._context.database, self._context.clock.now()
        if limited:
            words = f"{limited}; approved updates wait"
            await database.awrite(
                incidents.raise_incident, None, IncidentKind.SURPRISE, words,
                now=now, key=PUSH_LIMIT,
            )  # fmt: skip
            self._context.log.warning("push limit reached", limit=limited)
        else:
            await database.awrite(
                incidents.resolve, None, IncidentKind.SURPRISE, now=now, key=PUSH_LIMIT
            )

    def _start(
        self, running: dict[str, asyncio.Task[Any]], name: str, work: Coroutine[Any, Any, Any]
    ) -> asyncio.Task[Any]:
        task = asyncio.create_task(work, name=name)
        running[name] = task

        def ended(task: asyncio.Task[Any]) -> None:
            running.pop(name, None)
            if running is self._writes:
                self._ended.update(self._writing.pop(name, ()))
            error = None if task.cancelled() else task.exception()
            if isinstance(error, LeaseLost):
                self._lost = error
            elif error is not None:
                self._context.log.warning("work ended early", channel=name, error=_words(error))

        task.add_done_callback(ended)
        return task


def _words(error: BaseException) -> str:
    return str(error) if isinstance(error, StoreError) else type(error).__name__

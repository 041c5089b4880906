"""The engine: it polls, compares, proposes, writes and reads back, under the lease.

`Engine.run` goes on until it is stopped; `poll` and `apply` are single rounds. Each works under the
lease. Where another engine has it, a single round asks that engine to do it instead.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TypeVar

import msgspec

from store.channels import pauses, polls
from store.corrections import lifecycle
from store.database import lease
from store.database.connection import Database
from store.database.lease import Request
from store.errors import LeaseLost, NoSuchThing, StoreError
from store.model import Correction, Millis
from sync.clock import Clock
from sync.engine import reloading, requests
from sync.engine.fleet import Fleet
from sync.engine.lease import HeldLease, LeaseHeld
from sync.engine.reloading import LoadSettings
from sync.engine.requests import Act, NotAnswered, RequestAnswerer
from sync.engine.surroundings import PollSchedule, Surroundings
from sync.engine.watches.health import FreshnessWatch, OverdueWatch, PauseWatch
from sync.engine.watches.notices import NoticeWatch
from sync.engine.watches.proposals import ProposalWatch
from sync.polling.recovery import EngineContext
from sync.polling.reporting.log import SILENT, Log
from sync.polling.reporting.poll_report import PollReport
from sync.polling.reporting.spans import OFF, Tracer
from sync.settings import Settings
from sync.targets import terms

T = TypeVar("T")

GRACE_S = 8.0
"""How long writes have to end when the engine is stopped: SIGTERM is obeyed within ten seconds."""

TICK_S = 0.2
LOOK_EVERY_MS = 1_000
"""How often it looks at the cache even if it did not change: holds pass and things turn stale."""


class ApplyReport(msgspec.Struct, frozen=True):
    """The corrections that were due, as they are after the round."""

    results: list[Correction]


class Engine:
    """One engine for one cache. Not to be used from two event loops."""

    def __init__(  # noqa: PLR0913 - what it works on, and what with.
        self,
        settings: Settings,
        database: Database,
        *,
        clock: Clock,
        holder: str,
        log: Log = SILENT,
        tracer: Tracer = OFF,
        surroundings: Surroundings = Surroundings(),  # noqa: B008 - it is frozen.
    ) -> None:
        self._settings = settings
        self._database = database
        self._clock = clock
        self._holder = holder
        self._surroundings = surroundings
        self._reloading: LoadSettings | None = None
        self.reloaded: Callable[[Settings], None] = lambda _: None
        """Called with each configuration that it has taken up while it runs."""
        self._context = EngineContext(
            database, terms.comparison(settings), clock, log,
            ahead_ms=settings.events.ahead_ms, tracer=tracer,
        )  # fmt: skip
        self._freshness = FreshnessWatch(self._context, settings)
        self._overdue = OverdueWatch(self._context)
        self._pauses = PauseWatch(self._context)
        self._notices = NoticeWatch(self._context)
        self._proposals = ProposalWatch()
        self._fleet: Fleet | None = None
        self._awake = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._seen_version = -1
        self._looked_at: Millis = 0
        self._came_round_at = time.monotonic()

    @property
    def holding(self) -> bool:
        """Whether it has the lease and its channels are open."""
        return self._fleet is not None

    @property
    def looked_at(self) -> float:
        """When its loop came round last, in seconds of `time.monotonic`."""
        return self._came_round_at

    def reload(self, load: LoadSettings) -> None:
        """Have it take up what `load` answers. On its own event loop.

        A wrong configuration, for which `load` raises ConfigErrors, is an incident, and the one
        from before stays. Channels that did not change are not disturbed.
        """
        self._reloading = load
        self._awake.set()

    def hasten(self, channel: str) -> None:
        """Have it poll a channel soon. From any thread."""
        fleet = self._fleet
        if fleet is not None and channel in fleet.hastened:
            # That poll is still to begin. Hundreds a second would keep the loop from its work.
            return
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._hasten, channel)

    def _hasten(self, channel: str) -> None:
        if self._fleet is not None:
            self._fleet.hasten(channel)

    def wake(self) -> None:
        """Have it look for approvals and requests now. From any thread."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._awake.set)

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set, then finish or release what is held within ten seconds.

        Raises LeaseHeld where another engine has the lease, LeaseLost where one took it over,
        ConfigError where a channel can't be opened.
        """
        self._loop = asyncio.get_running_loop()
        await self._holding(lambda fleet: self._watch(fleet, stop))

    async def poll(
        self, names: Sequence[str] | None = None, *, full: bool = False
    ) -> list[PollReport]:
        """Poll the named channels once, also those that rest after trouble or are paused.

        `full`: read everything, also where asking for what changed would do.
        Without names: all but those that a person has paused. Where another engine has the lease,
        it is asked and waited for. Raises NoSuchThing for an unknown name, LeaseHeld where the
        other engine does not answer.
        """
        if names is None:
            paused = await self._database.aread(pauses.by_people, now=self._clock.now())
            names = [name for name in self._settings.channels if name not in paused]
        wanted = list(names)
        for name in wanted:
            if name not in self._settings.channels:
                known = ", ".join(self._settings.channels)
                raise NoSuchThing(f'"{name}" is not a channel; known: {known}')
        while True:
            try:
                return await self._holding(
                    lambda fleet: self._serving_cancels(
                        fleet, self._poll_round(fleet, wanted, full=full)
                    )
                )
            except LeaseHeld as held:
                answers = await self._ask("sweep" if full else "poll", wanted, held)
            if answers is not None:
                return [
                    report
                    for text in answers
                    for report in msgspec.json.decode(text, type=_REPORTS)
                ]

    async def apply(self) -> ApplyReport:
        """Write what is due once and read it back; asks the other engine as `poll` does."""
        while True:
            try:
                return await self._holding(self._apply_round)
            except LeaseHeld as held:
                answers = await self._ask("apply", [None], held)
            if answers is not None:
                return msgspec.json.decode(answers[0], type=ApplyReport)

    async def _holding(self, work: Callable[[Fleet], Awaitable[T]]) -> T:
        """Do `work` under the lease, with the channels open; stop it at once if that is lost."""
        if self._fleet is not None:
            return await work(self._fleet)
        hold = await HeldLease(self._database, self._clock, self._holder).take()
        keeping = asyncio.create_task(hold.keep())
        try:
            # From here to the end everything that the engine writes proves in its own transaction
            # that the lease is still ours: a machine may sleep between any two statements.
            fenced = self._database.fenced(partial(lease.prove, token=hold.token))
            self._context = msgspec.structs.replace(self._context, database=fenced)
            rates, now = reloading.rates(self._settings), self._clock.now()
            await fenced.awrite(self._context.comparison.take_up, rates, now=now)
            await self._mark_unfinished()
            self._freshness = FreshnessWatch(self._context, self._settings)
            self._overdue = OverdueWatch(self._context)
            self._pauses = PauseWatch(self._context)
            self._notices = NoticeWatch(self._context)
            open_channel = self._surroundings.open_channel
            fleet = Fleet(self._context, self._settings, hold.token, open_channel)
            await fleet.open()
            self._fleet = fleet
            working = asyncio.ensure_future(work(fleet))
            try:
                await asyncio.wait({working, keeping}, return_when=asyncio.FIRST_COMPLETED)
                if not working.done():
                    keeping.result()  # Raises LeaseLost.
                return await working
            finally:
                working.cancel()
                await asyncio.gather(working, return_exceptions=True)
                await fleet.end(0)
                self._fleet = None
                await fleet.close()
        finally:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)
            await self._release_lease(hold)

    async def _release_lease(self, hold: HeldLease) -> None:
        """Leave nothing half written, and give up the lease, if it is still ours."""
        with contextlib.suppress(LeaseLost):
            try:
                await self._mark_unfinished()
            finally:
                await hold.release()

    async def _mark_unfinished(self) -> None:
        """Call unknown what was left while being written, and end polls that were left open.

        Rule 9, docs/architecture.md.
        """
        database = self._context.database
        await database.awrite(polls.abandon)
        found = await database.awrite(lifecycle.recover, now=self._clock.now())
        if found:
            self._context.log.warning("corrections left half way", count=found)

    async def _watch(self, fleet: Fleet, stop: asyncio.Event) -> None:
        for name in fleet.channels:
            # A channel rests for 15 minutes after a refused credential. A person who has repaired
            # it restarts the engine, and should not have to wait for that rest to end.
            await self._context.database.awrite(pauses.end_engine_pause, name)
        answering = RequestAnswerer(self._context, self._acts(fleet))
        schedule = self._surroundings.schedule(fleet.scheduled_poll)
        schedule.start(
            {
                name: channel_state.settings.every_ms
                for name, channel_state in fleet.channels.items()
            }
        )
        self._context.log.info("engine started", holder=self._holder, channels=len(fleet.channels))
        try:
            while not stop.is_set():
                self._came_round_at = time.monotonic()
                if self._reloading is not None:
                    await self._reload(fleet, schedule)
                schedule.keep_up()
                await self._look_if_changed(fleet, answering, schedule.next_at)
                await self._wait_for_wake()
        finally:
            schedule.stop()
            answering.stop()
        await fleet.end(GRACE_S)
        self._context.log.info("engine stopped", holder=self._holder)

    async def _reload(self, fleet: Fleet, schedule: PollSchedule) -> None:
        load, self._reloading = self._reloading, None
        assert load is not None
        try:
            settings = await reloading.take_up(self._context, fleet, schedule, self._settings, load)
        except LeaseLost:
            raise
        except StoreError as error:
            # As in every look: it is tried again.
            self._reloading = self._reloading or load
            self._context.log.warning("configuration not reloaded yet", error=str(error))
            return
        if settings is not None:
            self._settings = settings
            self._freshness = FreshnessWatch(self._context, settings)
            self.reloaded(settings)

    async def _wait_for_wake(self) -> None:
        try:
            await asyncio.wait_for(self._awake.wait(), self._surroundings.tick_s)
        except TimeoutError:
            return
        self._awake.clear()
        self._seen_version = -1

    async def _look_if_changed(
        self, fleet: Fleet, answering: RequestAnswerer, next_poll_at: Callable[[str], Millis | None]
    ) -> None:
        """Look around if the cache has changed, if somebody asked, or if it is time."""
        # `data_version` moves when any other connection commits, in this process or another. It
        # costs microseconds, so an idle engine can ask five times a second.
        now = self._clock.now()
        version = self._database.data_version()
        if version == self._seen_version and now - self._looked_at < LOOK_EVERY_MS:
            return
        self._seen_version, self._looked_at = version, now
        try:
            await answering.look()
            fleet.poll_again(await self._pauses.look())
            await fleet.try_replaced_credentials()
            await self._proposals.look(self._context, self._settings)
            await fleet.begin_writes()
            await self._freshness.look()
            await self._overdue.look()
            await self._notices.look(fleet.channels.values())
            await fleet.note_next_polls(next_poll_at)
            fleet.retention.begin_where_due()
            fleet.notifying.begin_where_due()
        except LeaseLost:
            raise
        except StoreError as error:
            # Another process may hold the cache's lock for a moment, or the disk may be full. The
            # next look tries again; ending the engine would help nobody.
            self._context.log.warning("cache not available", error=str(error))

    def _acts(self, fleet: Fleet) -> dict[str, Act]:
        """What others may ask of this engine while it runs."""

        async def poll(request: Request) -> bytes:
            names = list(fleet.channels) if request.channel is None else [request.channel]
            full = request.what == "sweep"
            return msgspec.json.encode(await self._poll_round(fleet, names, full=full))

        async def apply(_: Request) -> bytes:
            return msgspec.json.encode(await self._apply_round(fleet))

        async def cancel(request: Request) -> bytes:
            return msgspec.json.encode(await fleet.cancel_poll(request.channel or "", request.who))

        return {"poll": poll, "sweep": poll, "apply": apply, "cancel": cancel}

    async def _serving_cancels(self, fleet: Fleet, work: Awaitable[T]) -> T:
        """Do a single round, and answer requests to cancel its polls meanwhile."""
        answering = RequestAnswerer(self._context, {"cancel": self._acts(fleet)["cancel"]})
        working = asyncio.ensure_future(work)
        try:
            while not working.done():
                await answering.look()
                await asyncio.wait([working], timeout=TICK_S)
            await answering.finish()
            return await working
        finally:
            working.cancel()
            answering.stop()

    async def _poll_round(
        self, fleet: Fleet, names: Sequence[str], *, full: bool = False
    ) -> list[PollReport]:
        reports = await asyncio.gather(*(fleet.poll_afresh(name, full=full) for name in names))
        await self._proposals.look(self._context, self._settings)
        await self._freshness.look()
        await self._overdue.look()
        await self._notices.look(fleet.channels.values())
        return list(reports)

    async def _apply_round(self, fleet: Fleet) -> ApplyReport:
        await self._proposals.look(self._context, self._settings)
        ids = await fleet.begin_writes(patiently=False)
        await fleet.finish_writes()
        return ApplyReport(await self._database.aread(lifecycle.by_id, ids))

    async def _ask(
        self, what: str, channels: Sequence[str | None], held: LeaseHeld
    ) -> list[str] | None:
        """Ask the engine that holds the lease to do it for each channel; answer its results.

        None where that engine has ended meanwhile. Raises LeaseHeld where it does not answer.
        """
        try:
            answers = await requests.ask(
                self._database, self._clock, what, channels, who=self._holder
            )
        except NotAnswered as error:
            raise held from error
        for answer in answers or ():
            if not answer.ok:
                raise StoreError(f"{held.lease.holder}: {answer.result}")
        return None if answers is None else [answer.result for answer in answers]


_REPORTS = list[PollReport]

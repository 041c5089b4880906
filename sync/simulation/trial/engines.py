"""The processes of a trial that run engines: begun, killed, stopped, woken, begun again."""

import asyncio
import random
from collections.abc import Callable
from functools import partial
from pathlib import Path

from store.database.connection import Database
from store.errors import DatabaseBusy, LeaseLost, StoreError
from sync.channels.abilities import Abilities
from sync.channels.base import Channel
from sync.channels.translation import translated
from sync.clock import Clock
from sync.engine.engine import Engine
from sync.engine.lease import LeaseHeld
from sync.engine.surroundings import Poll, PollSchedule, Surroundings
from sync.polling.reporting.log import SILENT
from sync.settings import ChannelSettings, Settings
from sync.simulation.machine.clock import SimulatedClock, SimulatedSchedule
from sync.simulation.machine.loop import SimulatedLoop
from sync.simulation.machine.process import Process
from sync.simulation.machine.threads import SimulatedThreads
from sync.simulation.trial.faults import TrialFault
from sync.simulation.trial.remote import RemoteChannel, TrialWire
from sync.transport.rate_limit import RateLimitMeter

TAKE_OVER_EVERY_S = 1.0
"""How often one that waits for the lease looks for it, as a console does."""

AbilitiesOf = Callable[[ChannelSettings], Abilities]


class EngineProcess:
    """A process that runs an engine whenever it can have the lease."""

    def __init__(  # noqa: PLR0913 - all that a process of its own has.
        self,
        name: str,
        wire: TrialWire,
        settings: Settings,
        abilities: AbilitiesOf,
        chance: random.Random,
        committed: Callable[[], None],
        *,
        tick_s: float,
    ) -> None:
        self.name, self._wire, self._settings, self._abilities = name, wire, settings, abilities
        self._chance, self._committed, self._tick_s = chance, committed, tick_s
        self.clock = SimulatedClock(wire.loop)
        self.began = 0
        """How often it was begun."""
        self.troubles: list[str] = []
        self._database: Database | None = None
        self._stop: asyncio.Event | None = None
        self._task: asyncio.Task[None] | None = None
        self.process = Process(name)
        self.engine: Engine | None = None

    @property
    def is_running(self) -> bool:
        """Whether it has the lease and works: one that was asked to stop begins nothing more."""
        return (
            self.process.is_alive
            and not (self._stop is not None and self._stop.is_set())
            and not self.process.is_stopped
            and self.engine is not None
            and self.engine.holding
        )

    def begin(self) -> None:
        """Start the process, as a supervisor does."""
        self.began += 1
        self.process = Process(f"{self.name}-{self.began}")
        self.process.ended = self._clear
        self._task = self.process.start(self._wire.loop, self._main())

    def kill_after(self, callbacks: int) -> None:
        """Kill it at the await that comes so many callbacks from now."""
        self.process.dies_after = self.process.callbacks + callbacks

    def kill(self) -> None:
        """End it between two callbacks."""
        self.process.kill()
        self._clear()

    def _clear(self) -> None:
        self.engine = None
        if self._database is not None:
            self._database.close()
            self._database = None

    async def end(self) -> None:
        """Ask it to stop, as SIGTERM does, and wait until it has, or is killed."""
        task, process = self._task, self.process
        if self._stop is not None and task is not None:
            self._stop.set()
            while process.is_alive and not task.done():
                await asyncio.wait([task], timeout=1)
            error = task.exception() if task.done() and not task.cancelled() else None
            if error is not None:
                self.troubles.append(f"{process.name}: {error!r}")
        if self.process is process:
            self._clear()

    async def _main(self) -> None:
        loop = self._wire.loop
        assert isinstance(loop, SimulatedLoop)
        self._stop = asyncio.Event()
        threads = SimulatedThreads(
            loop, self._chance, self.process, strike=self._strike, committed=self._committed
        )
        self._database = await self._opened(threads)
        process = self.process
        engine = self.engine = Engine(
            self._settings,
            self._database,
            clock=self.clock,
            holder=process.name,
            log=SILENT,
            surroundings=Surroundings(self._tick_s, partial(self._open, process), self._schedule),
        )
        while not self._stop.is_set():
            try:
                await engine.run(self._stop)
            except LeaseHeld:
                pass
            except LeaseLost:
                self._wire.faults.note(TrialFault.LEASE_LOST)
            except StoreError:
                """As when a supervisor starts it again."""
            try:
                await asyncio.wait_for(self._stop.wait(), TAKE_OVER_EVERY_S)
            except TimeoutError:
                continue

    async def _opened(self, threads: SimulatedThreads) -> Database:
        while True:
            try:
                return Database.open(self._settings.database, threads=threads)
            except DatabaseBusy:
                await asyncio.sleep(TAKE_OVER_EVERY_S)

    def _strike(self) -> None:
        wire = self._wire
        if wire.faults.strikes(TrialFault.CACHE_BUSY, ""):
            raise DatabaseBusy("another process holds the cache")

    def _open(
        self,
        process: Process,
        settings: ChannelSettings,
        clock: Clock,
        base: Path,
        meter: RateLimitMeter,
    ) -> Channel:
        del clock, base, meter
        abilities = self._abilities(settings)
        channel = RemoteChannel(self._wire, settings, abilities, process, self.clock)
        return translated(channel, settings)

    def _schedule(self, poll: Poll) -> PollSchedule:
        return SimulatedSchedule(poll, self.clock, self._chance)

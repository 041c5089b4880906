"""An engine beside a screen, on a thread and an event loop of its own."""

import asyncio
import threading
from enum import StrEnum
from pathlib import Path

from store.database.connection import Database
from store.errors import LeaseLost, StoreError
from sync.clock import SystemClock
from sync.engine.engine import Engine
from sync.engine.lease import LeaseHeld
from sync.errors import ConfigError
from sync.polling import recovery
from sync.settings import Settings


class EngineMode(StrEnum):
    """What the engine beside a screen is doing."""

    STARTING = "starting"
    RUNNING = "running"
    ATTACHED = "attached"
    """Another process has the lease; this one waits for its end and takes over then."""
    STOPPED = "stopped"


TAKE_OVER_EVERY_S = 1.0


class EngineThread:
    """An engine on a thread and an event loop of its own, so that a screen's loop stays free.

    It attaches where another engine has the lease, and takes over when that ends.
    """

    def __init__(self, settings: Settings, database_path: Path, holder: str) -> None:
        self._settings = settings
        self._path = database_path
        self._own_name = holder
        self._holder = holder
        self._mode = EngineMode.STARTING
        self._followed: tuple[str, ...] = ()
        self._problem: str | None = None
        self._engine: Engine | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._stopping = threading.Event()
        # A daemon thread: code of a channel that hangs must not keep the process from ending. What
        # was being written then stands as `applying`, and the next engine calls it unknown.
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)

    @property
    def mode(self) -> EngineMode:
        """What it is doing now."""
        engine = self._engine
        return EngineMode.RUNNING if engine is not None and engine.holding else self._mode

    @property
    def problem(self) -> str | None:
        """Why it ended by itself, for the operator; None while it is well."""
        return self._problem

    @property
    def holder(self) -> str:
        """Who runs the engine for this cache, as far as this one knows."""
        return self._own_name if self.mode is EngineMode.RUNNING else self._holder

    @property
    def followed(self) -> tuple[str, ...]:
        """Whose engines it has attached to, in order: a screen that looks now and then misses none.

        It grows by one each time that it begins to wait for another.
        """
        return self._followed

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout_s: float = 10.0) -> bool:
        """Finish or release what is held; answers whether it ended in time."""
        self._stopping.set()
        loop, stop = self._loop, self._stop
        # An asyncio.Event belongs to its loop. Set from this thread, it would not wake the loop,
        # and the engine would notice only at its next tick.
        if loop is not None and stop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(stop.set)
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def wake(self) -> None:
        """Have it look for approvals now. From any thread."""
        engine, loop = self._engine, self._loop
        if engine is not None and loop is not None and not loop.is_closed():
            engine.wake()

    def _run(self) -> None:
        try:
            asyncio.run(self._main())
        except Exception as error:  # noqa: BLE001 - the thread's main: shown, not lost.
            known = isinstance(error, StoreError | ConfigError)
            self._problem = str(error) if known else recovery.error_text(error)
        finally:
            self._mode = EngineMode.STOPPED

    async def _main(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        if self._stopping.is_set():
            return
        with Database.open(self._path) as database:
            self._engine = Engine(
                self._settings, database, clock=SystemClock(), holder=self._own_name
            )
            while not self._stop.is_set():
                await self._serve(self._engine, self._stop)

    async def _serve(self, engine: Engine, stop: asyncio.Event) -> None:
        """Run the engine, or wait a moment where another process does."""
        try:
            await engine.run(stop)
        except LeaseHeld as held:
            self._holder = held.lease.holder
            begins = self._mode is not EngineMode.ATTACHED
        except LeaseLost:
            self._holder = "another engine"
            begins = True
        else:
            begins = False
        if begins:
            self._followed += (self._holder,)
        self._mode = EngineMode.ATTACHED
        try:
            await asyncio.wait_for(stop.wait(), TAKE_OVER_EVERY_S)
        except TimeoutError:
            return

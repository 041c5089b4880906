"""The engine without a screen, until SIGTERM or SIGINT, and its log; SIGHUP reloads.

The log goes to stderr, one line an event: JSON where stderr is not a terminal, readable where it
is one. Stdout stays empty: it belongs to results.
"""

import asyncio
import contextlib
import logging
import os
import signal
import sys
import time
from collections.abc import Callable, MutableMapping
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog
from structlog.typing import FilteringBoundLogger, Processor

from console.service_manager import ServiceManager
from console.text.format import clean
from store.database.connection import Database
from store.database.upgrade.slices import MigrationProgress
from store.errors import LeaseLost
from sync.clock import SystemClock
from sync.engine.engine import Engine
from sync.engine.lease import LeaseHeld, name_of_this_process
from sync.engine.reloading import LoadSettings
from sync.secrets import resolve
from sync.settings import Settings
from sync.tracing import wanted

if TYPE_CHECKING:
    from sync.serving.app import Senders
    from sync.serving.server import HttpServer

PROGRESS_EVERY_S = 5.0
"""How often the log says how far a migration has come."""


def run(settings: Settings, load: LoadSettings) -> int:
    """Run the engine until a signal stops it; answer the exit code.

    That is 1 where another engine has the lease, or takes it over. On SIGHUP the engine takes up
    what `load` answers. Raises ConfigError and StoreError.
    """
    log = logger(colours=sys.stderr.isatty() and "NO_COLOR" not in os.environ)
    try:
        asyncio.run(_serve(settings, load, log))
    except LeaseHeld as held:
        # Neither is a bug of ours, so neither gets a traceback in the log.
        log.error("not started", reason=str(held), holder=held.lease.holder)  # noqa: TRY400
        return 1
    except LeaseLost as error:
        log.error("stopped at once", reason=str(error))  # noqa: TRY400
        return 1
    return 0


async def _serve(settings: Settings, load: LoadSettings, log: FilteringBoundLogger) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    hangups = Hangups(stop)
    loop.add_signal_handler(signal.SIGHUP, hangups.receive)
    with contextlib.closing(ServiceManager()) as manager:
        try:
            database = await _opened(settings, log, stop, manager)
        except StoppedWhileMigrating:
            log.info(
                "stopped while the cache is brought up to date; the next start goes on with it"
            )
            return
        with database:
            if database.backup is not None:
                log.info("cache migrated", backup=str(database.backup))
            holder = name_of_this_process("skew daemon")
            tracer = wanted.tracer(os.environ, log)
            engine = Engine(
                settings, database, clock=SystemClock(), holder=holder, log=log, tracer=tracer
            )
            hangups.reload_with(partial(engine.reload, load))
            watching = asyncio.create_task(manager.watch(engine))
            serving = Serving(engine, database, log)
            serving.follow(settings)
            engine.reloaded = serving.follow
            try:
                await engine.run(stop)
            finally:
                watching.cancel()
                serving.stop()
                tracer.stop()


class Serving:
    """The HTTP server, as far as `[serve]` asks for one."""

    def __init__(self, engine: Engine, database: Database, log: FilteringBoundLogger) -> None:
        self._engine = engine
        self._database = database
        self._log = log
        self._served: object = None
        self._server: HttpServer | None = None

    def follow(self, settings: Settings) -> None:
        """Listen where this configuration says, or not at all."""
        senders = _senders(settings)
        wanted = (settings.serve, {name: webhook for name, (webhook, _) in senders.items()})
        if wanted == self._served:
            return
        before, self._server = self._server, None
        if before is not None:
            # Waited for by the next one's thread, not by the engine's loop.
            before.end()
        self._served = wanted
        if settings.serve is not None:
            from sync.serving.app import ServingApp
            from sync.serving.server import HttpServer

            app = partial(ServingApp, self._engine, self._database, SystemClock(), senders)
            self._server = HttpServer(settings.serve, app, self._log, before)
            self._server.start()

    def stop(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.stop()
        self._server = None
        self._served = None


def _senders(settings: Settings) -> "Senders":
    """Whose webhooks are taken, with their secrets. Raises ConfigError."""
    if settings.serve is None or not settings.serve.webhooks:
        return {}
    return {
        name: (
            channel.webhook,
            resolve(
                channel.webhook.secret,
                key=f"channels.{name}.webhook.secret", base=settings.path.parent,
            ),
        )
        for name, channel in settings.channels.items()
        if channel.webhook is not None
    }  # fmt: skip


class Hangups:
    """What SIGHUP means: reload, or stop where it says that the terminal has closed.

    Nobody could see or stop a daemon there any more that was started from that terminal.
    """

    def __init__(self, stop: asyncio.Event) -> None:
        self._stop = stop
        # `nohup` says that it is to outlive its terminal.
        outlives = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        self._had_terminal = not outlives and _has_terminal()
        self._reload: Callable[[], None] | None = None
        self._is_early = False

    def reload_with(self, reload: Callable[[], None]) -> None:
        """Say how the configuration is reloaded, once there is an engine."""
        self._reload = reload
        if self._is_early:
            reload()

    def receive(self) -> None:
        if self._had_terminal and not _has_terminal():
            self._stop.set()
        elif self._reload is None:
            self._is_early = True
        else:
            self._reload()


def _has_terminal() -> bool:
    """Whether this process has a terminal that controls it."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True


class StoppedWhileMigrating(Exception):
    """A signal came while the cache was brought up to date."""


async def _opened(
    settings: Settings, log: FilteringBoundLogger, stop: asyncio.Event, manager: ServiceManager
) -> Database:
    """Open the cache, on a thread: a long migration is told of, and ended by a signal."""
    last = time.monotonic()

    def told(progress: MigrationProgress) -> None:
        nonlocal last
        if stop.is_set():
            raise StoppedWhileMigrating
        if time.monotonic() - last >= PROGRESS_EVERY_S:
            last = time.monotonic()
            log.info("bringing the cache up to date", **progress._asdict())
            done = f"{progress.done:,} of {progress.total:,} {progress.what}"
            manager.status(f"bringing the cache up to date: {done}")

    return await asyncio.to_thread(Database.open, settings.database, told=told)


def logger(*, colours: bool) -> FilteringBoundLogger:
    """Make the daemon's logger: a constant event and its keys, cleaned, on stderr."""
    renderer: Processor = structlog.processors.JSONRenderer()
    if sys.stderr.isatty():
        renderer = structlog.dev.ConsoleRenderer(colors=colours)
    wrapped: FilteringBoundLogger = structlog.wrap_logger(
        PatientLogger(sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
            _with_missing_lines,
            _cleaned,
            renderer,
        ],
    )
    return wrapped


class PatientLogger(structlog.PrintLogger):
    """What is not taken, as by a full disk, does not end the engine: the next line counts it."""

    missing = 0

    def msg(self, message: str) -> None:
        try:
            super().msg(message)
        except OSError:
            self.missing += 1
        else:
            self.missing = 0

    info = warning = error = critical = msg


def _with_missing_lines(
    logger: PatientLogger, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    if logger.missing:
        event["lines_missing_before"] = logger.missing
    return event


def _cleaned(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Put the instant first, and make what came from outside safe for a terminal."""
    first = {key: event.pop(key) for key in ("at", "level", "event")}
    return first | {
        key: clean(value) if isinstance(value, str) else value for key, value in event.items()
    }

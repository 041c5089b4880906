"""An engine on scripted channels, and what its tests look at."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from store.channels import incidents
from store.corrections import decisions
from store.database import lease
from store.database.connection import Database
from store.model import Correction, Freshness
from store.model import CorrectionStatus as Status
from store.queries import status_counts, views
from sync.clock import SystemClock
from sync.engine.engine import Engine
from sync.settings import Settings

PATIENCE_S = 5.0


def made(settings: Settings, database: Database, holder: str = "one") -> Engine:
    return Engine(settings, database, clock=SystemClock(), holder=holder)


@asynccontextmanager
async def running(engine: Engine) -> AsyncIterator[asyncio.Event]:
    """The engine at work; it is stopped at the end."""
    stop = asyncio.Event()
    task = asyncio.create_task(engine.run(stop))
    try:
        yield stop
    finally:
        stop.set()
        await task


async def until(found: Callable[[], bool]) -> None:
    """Wait for something that the engine brings about by itself."""
    async with asyncio.timeout(PATIENCE_S):
        while not found():  # noqa: ASYNC110 - what is awaited happens in the cache.
            await asyncio.sleep(0.02)


def updates(database: Database, status: Status) -> list[Correction]:
    return database.read(views.updates, statuses=(status,))


def approve_all(database: Database, hold_ms: int = 0) -> None:
    seen = [(update.id, update.version) for update in updates(database, Status.PROPOSED)]
    now = SystemClock().now()
    database.write(decisions.approve, seen, who="ana", now=now, hold_ms=hold_ms, expires_ms=900_000)


def hold_by_another(database: Database, span_ms: int = 60_000) -> None:
    now = SystemClock().now()
    database.write(lease.acquire, holder="another", token="theirs", now=now, span_ms=span_ms)


def freshness(database: Database, name: str) -> Freshness:
    channels = database.read(status_counts.channels, now=SystemClock().now())
    return next(
        (channel.freshness for channel in channels if channel.name == name), Freshness.NEVER
    )


def incident_kinds(database: Database) -> list[str]:
    return [str(incident.kind) for incident in database.read(incidents.open_incidents)]

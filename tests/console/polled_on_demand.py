"""The console beside a real engine on simulated channels that are polled only when asked."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from textual.pilot import Pilot

from console.tui.app import SkewApp
from console.tui.session.state import ConsoleState
from store.database.connection import Database
from store.queries import poll_health
from store.queries.values import RecentPoll
from sync.clock import SystemClock
from sync.config.load import decode
from sync.engine.thread import EngineMode, EngineThread
from sync.settings import Settings
from sync.simulation.channel import Fault
from sync.simulation.server import WorldServer
from sync.simulation.world import World
from tests.console.small_shop import rest, settle
from tests.simulation.small_world import OUTLETS, WAREHOUSE, small_world

PATIENCE_S = 20.0
TOKENS = {name: f"token-of-{name}" for name in (WAREHOUSE, *OUTLETS)}


@dataclass
class Polled:
    """A console on a warehouse and three outlets, over HTTP on loopback."""

    app: SkewApp
    pilot: Pilot[int]
    world: World
    database: Database

    def polls(self, channel: str) -> list[RecentPoll]:
        """Newest first."""
        return self.database.read(poll_health.recent_polls, channel)

    def outcomes(self, channel: str) -> list[str]:
        return [str(poll.outcome) for poll in reversed(self.polls(channel))]

    def fall_silent(self, channel: str) -> None:
        """From now on it takes every question, and answers none."""
        self.world.fault(channel, Fault.SILENT, 3_600_000)

    async def until(self, found: Callable[[], bool]) -> None:
        """Wait for something that the engine brings about by itself, and show it."""
        async with asyncio.timeout(PATIENCE_S):
            while not found():
                # What was begun may go on until then: it is not waited for.
                await asyncio.sleep(0.02)
                await self.app.refresh_now()
                await rest(self.app, self.pilot)
        await settle(self.app, self.pilot)


def settings(folder: Path, url: Callable[[str], str]) -> Settings:
    def channel(name: str) -> dict[str, object]:
        return {
            "kind": "simulated",
            "url": url(name),
            "token": {"file": f"{name}.token"},
            "every": "1h",
            "timeout": "30s",
            "states": [],
        }

    for name, token in TOKENS.items():
        (folder / f"{name}.token").write_text(token)
    return decode(
        {
            "skew": {"database": "skew.db"},
            "authority": {"quantity": WAREHOUSE},
            "channels": {name: channel(name) for name in TOKENS},
        },
        source="test",
        base=folder,
        environ={},
    )


@asynccontextmanager
async def polled(
    folder: Path, *, other: bool = False, size: tuple[int, int] = (120, 40)
) -> AsyncIterator[Polled]:
    """The console, once every channel has been polled; `other`: the engine is another process's.

    That is: the console has none beside it, and knows it by the cache alone.
    """
    world = small_world()
    with WorldServer(world, tokens=TOKENS, clock=SystemClock()) as server:
        made = settings(folder, server.url)
        engine = EngineThread(made, made.database, "the engine")
        engine.start()
        try:
            with Database.open(made.database) as database:
                session = ConsoleState(
                    name="acme",
                    clock=SystemClock(),
                    operator="ana",
                    read_only=False,
                    engine=None if other else engine,
                    request_refresh=lambda: None,
                )
                app = SkewApp(database, made, session, watch=False)
                async with app.run_test(size=size) as pilot:
                    shop = Polled(app, pilot, world, database)
                    await shop.until(lambda: engine.mode is EngineMode.RUNNING)
                    await shop.until(lambda: all(shop.outcomes(name) for name in TOKENS))
                    await shop.until(lambda: all(shop.outcomes(n) == ["good"] for n in TOKENS))
                    yield shop
        finally:
            assert await asyncio.to_thread(engine.stop)

"""The console with a real engine on simulated channels, over real HTTP."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path

from textual.pilot import Pilot

from console.tui.app import SkewApp
from console.tui.session.state import ConsoleState
from store.corrections import update_list
from store.corrections.update_list import UpdateFilter
from store.database.connection import Database
from store.model import Correction, Policy
from sync.clock import SystemClock
from sync.config.load import decode
from sync.engine.thread import EngineThread
from sync.settings import Settings
from sync.simulation.channel import Item, OutletTerms, StockWrite, WorldChannel, WriteReply
from sync.simulation.server import WorldServer
from sync.simulation.world import World

COUNT = 8
SKUS = tuple(f"S{number:02}" for number in range(COUNT))
OUTLETS = {name: OutletTerms(Policy(skus="*"), has_states=False) for name in ("shop", "market")}
TOKENS = {name: f"token-of-{name}" for name in ("warehouse", *OUTLETS)}
PATIENCE_S = 20.0


class Stubborn(WorldChannel):
    """An outlet with listings that it will not have changed."""

    __slots__ = ()
    refuses: set[str] = set()  # noqa: RUF012 - each test sets it whole.
    ignores: set[str] = set()  # noqa: RUF012

    def _written(self, write: StockWrite, now: int) -> WriteReply:
        if write.sku in self.refuses:
            return WriteReply(write.sku, HTTPStatus.FORBIDDEN, "locked by a promotion")
        if write.sku in self.ignores:
            return WriteReply(write.sku, HTTPStatus.OK)
        return super()._written(write, now)


@dataclass
class Live:
    """A shop whose outlet shows 9 of each of eight SKUs where it should show 4."""

    world: World
    settings: Settings
    database: Database
    consoles: list[SkewApp] = field(default_factory=list)

    def updates(self, *statuses: str) -> list[Correction]:
        """All corrections, or those in these statuses, the oldest first."""
        from store.corrections import lifecycle

        found = self.database.read(update_list.find, UpdateFilter())
        every = self.database.read(lifecycle.by_id, sorted(found.ids))
        return [correction for correction in every if not statuses or correction.status in statuses]

    @asynccontextmanager
    async def console(
        self, size: tuple[int, int] = (120, 40), *, operator: str = "ana", engine: bool = True
    ) -> AsyncIterator[tuple[SkewApp, Pilot[int]]]:
        """One operator's console, on a connection of its own, that watches by itself."""
        thread = EngineThread(self.settings, self.settings.database, f"engine of {operator}")
        with Database.open(self.settings.database) as database:
            session = ConsoleState(
                name="live",
                clock=SystemClock(),
                operator=operator,
                read_only=False,
                engine=thread,
                request_refresh=lambda: None,
            )
            app = SkewApp(database, self.settings, session)
            if engine:
                thread.start()
            try:
                async with app.run_test(size=size) as pilot:
                    yield app, pilot
            finally:
                thread.stop()


@asynccontextmanager
async def live(folder: Path, **approval: object) -> AsyncIterator[Live]:
    """The world, served; nobody reads it yet."""
    items = [Item(sku, f"Thing {sku}", 1_000, available=4) for sku in SKUS]
    world = World(items, warehouse="warehouse", outlets=OUTLETS, states_from="shop", seed=1)
    world.outlets["shop"].__class__ = Stubborn
    Stubborn.refuses, Stubborn.ignores = set(), set()
    for sku in SKUS:
        world.edit("shop", sku, 9)
    for name, token in TOKENS.items():
        (folder / f"{name}.token").write_text(token)
    with WorldServer(world, tokens=TOKENS, clock=SystemClock()) as server:
        settings = decode(
            {
                "skew": {"database": "live.db"},
                "authority": {"quantity": "warehouse"},
                "approval": {"hold": "0s"} | approval,
                "channels": {name: _channel(name, server.url(name)) for name in TOKENS},
            },
            source="test",
            base=folder,
            environ={},
        )
        with Database.open(settings.database) as database:
            yield Live(world, settings, database)


def _channel(name: str, url: str) -> dict[str, object]:
    table: dict[str, object] = {
        "kind": "simulated",
        "url": url,
        "token": {"file": f"{name}.token"},
        "every": "1s",
        "stale_after": "60s",
        "states": [],
        "guard": {"max_changed": "100%"},
        "read_back_within": "1s",
    }
    return table if name == "warehouse" else table | {"direction": "push"}


async def until(found: Callable[[], bool], what: str = "") -> None:
    """Wait for something that the engine or the other console brings about by itself."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not found():  # noqa: ASYNC110 - what is awaited happens elsewhere.
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise AssertionError(f"it did not come about: {what}") from None

"""A real engine on a simulated channel that serves zeros, and the console that judges its poll."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot

from console.tui.app import SkewApp
from store.database.connection import Database
from store.model import Freshness, PollOutcome
from store.polling import quarantine
from store.queries import status_counts, views
from sync.config.load import decode
from sync.engine.engine import Engine
from sync.settings import Settings
from sync.simulation.channel import Fault, Item, OutletTerms
from sync.simulation.server import WorldServer
from sync.simulation.world import World
from tests.console.small_shop import StillClock, console, press, settle, text_of

SKUS = 30
TOKENS = {"warehouse": "w-token", "shop": "s-token"}


class Bench:
    """A world of one outlet over real HTTP, and an engine that polls it when it is told to."""

    def __init__(self, settings: Settings, database: Database, world: World) -> None:
        self.settings = settings
        self.database = database
        self.world = world
        self.clock = StillClock()
        self._engine = Engine(settings, database, clock=self.clock, holder="the test")

    async def poll(self, name: str) -> PollOutcome:
        self.clock.at += 1_000
        (report,) = await self._engine.poll([name])
        return report.outcome

    def freshness(self, name: str) -> Freshness:
        found = self.database.read(status_counts.channels, now=self.clock.now())
        return next(channel.freshness for channel in found if channel.name == name)

    def shown(self, sku: str, channel: str) -> int | None:
        cells = self.database.read(views.shown, [sku], now=self.clock.now())[sku]
        return next(cell.available for cell in cells if cell.channel == channel)

    def waiting(self, channel: str) -> int | None:
        found = self.database.read(quarantine.waiting, channel)
        return None if found is None else found[0]


@asynccontextmanager
async def bench(folder: Path) -> AsyncIterator[Bench]:
    """Both channels have been read well once; from now on the shop serves zeros."""
    items = [Item(f"SKU-{number:03}", f"Thing {number}", 1_000, available=number + 1)
             for number in range(SKUS)]  # fmt: skip
    world = World(
        items, warehouse="warehouse", outlets={"shop": OutletTerms()}, states_from="shop", seed=1
    )
    for name, token in TOKENS.items():
        (folder / f"{name}.token").write_text(token)
    began = StillClock()
    with WorldServer(world, tokens=TOKENS, clock=began) as server:
        settings = decode(configuration(server), source="test", base=folder, environ={})
        with Database.open(settings.database) as database:
            made = Bench(settings, database, world)
            for name in ("warehouse", "shop"):
                assert await made.poll(name) is PollOutcome.GOOD
            world.fault("shop", Fault.ZEROED, 3_600_000)
            yield made


def configuration(server: WorldServer) -> dict[str, object]:
    def channel(name: str) -> dict[str, object]:
        return {
            "kind": "simulated",
            "url": server.url(name),
            "token": {"file": f"{name}.token"},
            "states": [],
            "stale_after": "10m",
        }

    return {
        "skew": {"database": "skew.db"},
        "authority": {"quantity": "warehouse"},
        "channels": {
            "warehouse": channel("warehouse"),
            "shop": channel("shop") | {"direction": "push"},
        },
    }


def watched(bench: Bench) -> AbstractAsyncContextManager[tuple[SkewApp, Pilot[int]]]:
    """The console on it; of a stage's shop it needs no more than the bench has."""
    return console(bench)  # type: ignore[arg-type]


@pytest.mark.long
async def test_a_real_poll_of_zeros_is_set_aside_seen_discarded_and_comes_again(
    tmp_path: Path,
) -> None:
    async with bench(tmp_path) as shop, watched(shop) as (app, pilot):
        assert await shop.poll("shop") is PollOutcome.QUARANTINED
        await settle(app, pilot)
        assert "shop quarantined: 30 of 30 listings newly at zero" in (app.session.log[0].text)

        await press(app, pilot, "4")
        text = text_of(app)
        assert "30 of 30 known listings seen, 30 changed, 30 newly at zero" in text
        assert "30 listings would change: ▲ 0 units up, ▼ 465 down, 30 SKUs to zero" in text
        assert "shop: 30 disagreements would open" in text

        await press(app, pilot, "d", *"a test export", "enter")
        assert shop.waiting("shop") is None
        assert shop.freshness("shop") is Freshness.FRESH
        assert shop.shown("SKU-007", "shop") == 8

        assert await shop.poll("shop") is PollOutcome.QUARANTINED
        await settle(app, pilot)
        assert "the same data that ana discarded at " in app.session.log[0].text


@pytest.mark.long
async def test_a_real_poll_of_zeros_that_is_accepted_becomes_the_channels_readings(
    tmp_path: Path,
) -> None:
    async with bench(tmp_path) as shop:
        await shop.poll("shop")
        async with watched(shop) as (app, pilot):
            await press(app, pilot, "4", "b", *"30", "enter")
            assert "● No incident is open" in text_of(app)

        assert shop.waiting("shop") is None
        assert shop.shown("SKU-007", "shop") == 0
        # What was accepted is no news any more: the next poll of the same is plausible.
        assert await shop.poll("shop") is PollOutcome.GOOD


@pytest.mark.long
async def test_a_real_poll_that_replaces_the_one_on_the_screen_is_not_accepted_for_it(
    tmp_path: Path,
) -> None:
    async with bench(tmp_path) as shop:
        await shop.poll("shop")
        seen = shop.waiting("shop")
        async with watched(shop) as (app, pilot):
            await press(app, pilot, "4", "b")
            await shop.poll("shop")
            newer = shop.waiting("shop")
            await press(app, pilot, *"30", "enter")

            lines = [line.text for line in app.session.log]
            why = f"channel shop's quarantined poll is now {newer}, not {seen}: look again"
            assert f"nothing was decided: {why}" in lines
        assert shop.waiting("shop") == newer != seen

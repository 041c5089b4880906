"""The demo's shop on a clock that a test moves, and the demo's console on it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from textual.pilot import Pilot

from console.demo import SimulatedShop, stage
from console.tui.session.state import ConsoleState
from console.tui.session.story import Story
from console.tui.session.tour import Tour
from console.tui.story_app import StoryApp
from store.corrections import propose
from store.database.connection import Database
from store.model import Disagreement, Freshness, Millis
from store.queries import status_counts, views
from store.queries.values import DisagreementFilter
from sync.channels import open_channel
from sync.engine.engine import Engine
from sync.polling.channel_state import ChannelState
from sync.polling.poll import poll
from sync.polling.recovery import EngineContext
from sync.polling.reporting.log import SILENT
from sync.targets import terms
from tests.console.small_shop import IdleEngine, settle
from tests.simulation.small_world import NOON, HandClock


class PassingClock(HandClock):
    """Moved by hand; whoever sleeps by it really sleeps."""

    async def sleep(self, span_ms: int) -> None:
        await asyncio.sleep(span_ms / 1_000)
        self.at += span_ms


@asynccontextmanager
async def by_hand(*, holds_at: Millis | None = None) -> AsyncIterator["Watcher"]:
    """The demo's shop on a clock that is moved by hand, and no engine but our own polls."""
    clock = PassingClock()
    with (
        stage(clock, holds_at=holds_at) as living,
        Database.open(living.settings.database) as database,
    ):
        settings = living.settings
        context = EngineContext(database, terms.comparison(settings), clock, SILENT)
        database.write(context.comparison.configure, now=clock.now())
        watched = {
            name: ChannelState(channel, open_channel(channel, clock, settings.path.parent))
            for name, channel in settings.channels.items()
        }
        try:
            yield Watcher(living, context, clock, watched)
        finally:
            for state in watched.values():
                await state.channel.close()


@dataclass
class Watcher:
    living: SimulatedShop
    context: EngineContext
    clock: HandClock
    watched: dict[str, ChannelState]

    async def until(self, second: int, *, without: str | None = None) -> None:
        """Poll every channel but one every two seconds until this second of the day."""
        while self.clock.at <= NOON + second * 1_000:
            for name, state in self.watched.items():
                if name != without:
                    await poll(self.context, state)
            self.context.database.write(propose.propose, now=self.clock.at)
            self.clock.at += 2_000

    def health(self) -> dict[str, Freshness]:
        found = self.context.database.read(status_counts.channels, now=self.clock.at)
        return {found_one.name: found_one.freshness for found_one in found}

    def differs(self, channel: str, sku: str) -> Disagreement | None:
        wanted = DisagreementFilter(channels=(channel,), skus=(sku,))
        found = self.context.database.read(views.disagreements, wanted, now=self.clock.at)
        return found[0] if found else None

    async def apply(self) -> None:
        """Write what is due, once, and read it back."""
        database, clock = self.context.database, self.clock
        assert isinstance(database, Database)
        await Engine(self.living.settings, database, clock=clock, holder="test").apply()


@asynccontextmanager
async def demo_console(
    shown: Watcher, size: tuple[int, int] = (160, 45), *, tour: bool = False
) -> AsyncIterator[tuple[StoryApp, Pilot[int]]]:
    """The demo's console on what was polled; it reads again when a test says so."""
    session = ConsoleState(
        name="demo",
        clock=shown.clock,
        operator="ana",
        read_only=False,
        engine=IdleEngine(),
        request_refresh=lambda: None,
        story=Story(shown.living, tour=Tour() if tour else None),
    )
    database = shown.context.database
    assert isinstance(database, Database)
    app = StoryApp(database, shown.living.settings, session, watch=False)
    async with app.run_test(size=size) as pilot:
        await settle(app, pilot)
        yield app, pilot

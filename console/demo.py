"""A simulated shop on this machine, and Skew on it.

The channels run on loopback, with the catalogue and the day of `sample_data`, and the settings for
them are made in code. The console, or the engine alone, runs on a cache that is deleted at the
end.
"""

import asyncio
import os
import secrets
import signal
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, NoReturn

import click

from console.context import note
from store.model import CorrectionStatus, Millis, Policy, State
from sync.clock import Clock, SystemClock
from sync.config.load import decode
from sync.settings import Settings
from sync.simulation.channel import Fault, OutletTerms
from sync.simulation.orders import OrderFlow
from sync.simulation.play import Play, ToldLine
from sync.simulation.script import catalogue, day
from sync.simulation.server import RequestBudget, WorldServer
from sync.simulation.world import World

if TYPE_CHECKING:
    from console.tui.session.preferences import SessionPreferences
    from store.database.connection import Database

AUTHORITY = "warehouse"
OUTLETS: Mapping[str, OutletTerms] = MappingProxyType(
    {
        "shop": OutletTerms(Policy(skus="*", buffer=2)),
        "market": OutletTerms(Policy(skus="*", share_ppm=500_000, cap=40), lag_ms=1_000),
        "outlet": OutletTerms(Policy(skus="*", cap=15), has_states=False),
    }
)
BUSY = MappingProxyType({"shop": 5, "market": 3, "outlet": 2})
"""How much each outlet sells, against the others."""

LIMITS = MappingProxyType({"shop": (1_000, 50.0), "market": (40, 4.0)})
"""API limits: so many requests in a row, and so many a second. The others report none."""

DAY_MS = 300_000
"""How long the scripted day lasts; then it begins again."""

SEED = 1871
HOLDER = "skew demo"

PENDING_MAX = 20
"""How many pending updates a headless run lists."""


TOUR_HOLDS_AT: Millis = 8_000
"""So far comes the scripted day on the tour: to the quarantined poll, and no trouble after it."""


class SimulatedShop:
    """The living shop: its settings, and what its story can be told to do. From any thread."""

    def __init__(self, settings: Settings, server: WorldServer, world: World, played: Play) -> None:
        self.settings = settings
        self._server = server
        self._world = world
        self._play = played

    def told(self) -> list[ToldLine]:
        """What has happened since this was asked last; the shop stands still in between polls."""
        told = self._play.told
        return [told.popleft() for _ in range(len(told))]

    def step(self) -> None:
        """Have the next line of the story happen now, and hold the day there."""
        self._server.direct(self._play.step)

    def resume(self) -> None:
        """Let the day go on."""
        self._server.direct(self._play.resume)

    def begin_again(self) -> None:
        """Begin the day anew, on the goods as they are."""
        self._server.direct(self._play.begin)

    def shut(self, channel: str) -> None:
        """Have a channel answer that it is busy, until it is opened."""
        self._server.direct(lambda: self._world.fault(channel, Fault.BUSY, _FOREVER_MS))

    def open(self, channel: str) -> None:
        """Have a channel answer again, and truly, though it was to go on with its zeros."""

        def mend() -> None:
            for fault in (Fault.BUSY, Fault.ZEROED):
                self._world.fault(channel, fault, 0)

        self._server.direct(mend)


_FOREVER_MS = 10 * 365 * 86_400_000


def run(preferences: "SessionPreferences | None", *, for_ms: int | None, tour: bool = False) -> int:
    """Play the shop until the operator leaves, `for_ms` have passed or a signal comes.

    Without preferences there is no console: it runs headless. `tour`: the first steps are led.
    """
    # Python ends at once on these signals. Raised as an exception, they pass the context managers
    # that stop the shop's servers and delete its cache.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        with stage(SystemClock(), holds_at=TOUR_HOLDS_AT if tour else None) as living:
            if preferences is None:
                return _headless(living.settings, for_ms)
            return _console(living, preferences, for_ms, tour=tour)
    except KeyboardInterrupt:
        return 0


@contextmanager
def shop(clock: Clock) -> Iterator[Settings]:
    """A simulated shop on loopback and the settings for it; leaving it ends and removes both."""
    with stage(clock) as living:
        yield living.settings


@contextmanager
def stage(clock: Clock, *, holds_at: Millis | None = None) -> Iterator[SimulatedShop]:
    """The same with its story, which `holds_at` holds so far into the day."""
    with tempfile.TemporaryDirectory(prefix="skew-demo-") as folder:
        base = Path(folder)
        tokens = {name: secrets.token_urlsafe(24) for name in (AUTHORITY, *OUTLETS)}
        for name, token in tokens.items():
            (base / f"{name}.token").write_text(token)
        allowances = {name: RequestBudget(*limit) for name, limit in LIMITS.items()}
        world, played = _world(holds_at)
        server = WorldServer(world, tokens=tokens, clock=clock, allowances=allowances)
        with server:
            urls = {name: server.url(name) for name in tokens}
            settings = decode(_configuration(urls), source="skew demo", base=base, environ={})
            yield SimulatedShop(settings, server, world, played)


def _world(holds_at: Millis | None = None) -> tuple[World, Play]:
    world = World(catalogue(), warehouse=AUTHORITY, outlets=OUTLETS, states_from="shop", seed=SEED)
    played = Play(world, day(), again_after_ms=DAY_MS, holds_at=holds_at)
    played.begin()
    OrderFlow(world, busy=BUSY, seed=SEED).begin()
    return world, played


def _configuration(urls: Mapping[str, str]) -> dict[str, object]:
    """What a `skew.toml` of this shop would hold; its times are short, so that things happen."""
    channels = {name: _channel(name, url) for name, url in urls.items()}
    channels[AUTHORITY]["lag"] = "10s"
    return {
        "skew": {"database": "demo.db"},
        "authority": {"quantity": AUTHORITY, "state": "shop"},
        "channels": channels,
        "approval": {"mode": "manual", "hold": "3s", "second_person_above": 500},
    }


def _channel(name: str, url: str) -> dict[str, object]:
    table: dict[str, object] = {
        "kind": "simulated",
        "url": url,
        "token": {"file": f"{name}.token"},
        "every": "2s",
        "stale_after": "7s",
        "timeout": "2s",
        "states": [],
    }
    terms = OUTLETS.get(name)
    if terms is None:
        return table
    if terms.has_states:
        table["states"] = [str(state) for state in State]
    if terms.policy.cap is not None:
        table["cap"] = terms.policy.cap
    return table | {
        "direction": "push",
        "buffer": terms.policy.buffer,
        "share": f"{terms.policy.share_ppm / 10_000:g}%",
        "settle": {"reduce": "6s", "raise": "8s"},
        "read_back_within": "5s",
    }


def _console(
    living: SimulatedShop, preferences: "SessionPreferences", for_ms: int | None, *, tour: bool
) -> int:
    """Run the console, which runs the engine beside it."""
    from console.tui import watch
    from console.tui.session.story import Story
    from console.tui.session.tour import Tour

    end = threading.Timer((for_ms or 0) / 1000, os.kill, (os.getpid(), signal.SIGTERM))
    end.daemon = True
    if for_ms is not None:
        end.start()
    try:
        return watch.live(
            living.settings,
            preferences=preferences,
            name="demo",
            story=Story(living, tour=Tour() if tour else None),
        )
    finally:
        end.cancel()


def _headless(settings: Settings, for_ms: int | None) -> int:
    """Run the engine alone, then print the status and the pending updates."""
    from console.reports import tables
    from console.reports.table import Paper
    from store.database.connection import Database
    from store.queries import status_counts, views

    span = "until you stop it" if for_ms is None else f"for {for_ms / 1000:g} s"
    note(f"a shop of {len(catalogue())} SKUs on this machine, {span}")
    with Database.open(settings.database) as database:
        asyncio.run(_engine(settings, database, for_ms))
        now = SystemClock().now()
        counts = database.read(status_counts.status, now=now)
        pending = database.read(
            views.updates, statuses=(CorrectionStatus.PROPOSED,), limit=PENDING_MAX
        )
    paper = Paper.stdout()
    lines = [*tables.status(counts, paper), "", *tables.updates(pending, paper, now=now)]
    click.echo("\n".join(lines))
    return 0


async def _engine(settings: Settings, database: "Database", for_ms: int | None) -> None:
    """Run until it is time or a signal comes; stderr gets what happens in the shop."""
    from sync.engine.engine import Engine

    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for step in day():
        if step.story:
            loop.call_later(step.at / 1000, note, f"{step.channel}: {step.story}")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    if for_ms is not None:
        loop.call_later(for_ms / 1000, stop.set)
    await Engine(settings, database, clock=SystemClock(), holder=HOLDER).run(stop)


def _interrupt(number: int, frame: object) -> NoReturn:
    """Leave through every `finally`, so that nothing stays behind."""
    del number, frame
    raise KeyboardInterrupt

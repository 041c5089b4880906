"""Bytes that the console sends: what stands still costs none, and a second that passes few."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from rich.color import ColorSystem
from textual import events
from textual.app import ComposeResult
from textual.drivers.headless_driver import HeadlessDriver
from textual.geometry import Size
from textual.widgets import Static

from console.tui.app import SkewApp
from console.tui.drawing.diff_output import DiffOutput, DiffOutputApp
from console.tui.widgets.table import AGES_MS
from tests.console.small_shop import MINUTE, Shop, console, settle
from tests.sync.engine_bench import until

IDLE_BYTES_A_SECOND = 200
LIT = ColorSystem.EIGHT_BIT


def sent(app: SkewApp, glass: DiffOutput) -> int:
    """Bytes that bring the terminal from what the glass has last seen to what stands now."""
    written = glass.write(app.screen._compositor.render_full_update(), LIT)
    assert written is not None
    return len(written.encode())


@pytest.mark.long
async def test_seconds_in_which_nothing_happens_are_cheap(shop: Shop) -> None:
    """Idle at 160 × 45 with every age below an hour, when they all change by the second."""
    async with console(shop) as (app, pilot):
        shop.clock.at += 2 * MINUTE
        await settle(app, pilot)
        glass = DiffOutput()
        first, seconds = sent(app, glass), []
        for _ in range(4 * AGES_MS // 1000):
            shop.clock.at += 1_000
            app._tick()
            await pilot.pause()
            seconds.append(sent(app, glass))

        assert first > 5_000
        assert all(seconds), "the clock moves every second"
        assert sum(seconds) / len(seconds) <= IDLE_BYTES_A_SECOND / 2


async def test_a_refresh_that_brings_nothing_new_sends_nothing(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        glass = DiffOutput()
        sent(app, glass)
        await app.refresh_now()
        await pilot.pause()

        assert sent(app, glass) == 0


class Wire(HeadlessDriver):
    """A terminal of which only the wire is there."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.taken: list[str] = []

    @property
    def is_headless(self) -> bool:
        return False

    def write(self, data: str) -> None:
        self.taken.append(data)


class Sign(DiffOutputApp):
    """One line of text."""

    def compose(self) -> ComposeResult:
        yield Static("age 0:41", id="sign", markup=False)


@asynccontextmanager
async def running() -> AsyncIterator[tuple[Sign, Wire]]:
    app = Sign()
    app.driver_class = Wire
    task = asyncio.create_task(app.run_async(size=(40, 5)))
    await until(lambda: isinstance(app._driver, Wire) and "age 0:41" in "".join(app._driver.taken))
    wire = app._driver
    assert isinstance(wire, Wire)
    yield app, wire
    app.exit(0)
    await task


async def test_an_app_sends_only_the_digit_that_changed() -> None:
    async with running() as (app, wire):
        wire.taken.clear()
        app.query_one("#sign", Static).update("age 0:42")
        await until(lambda: bool(wire.taken))

        assert "2" in "".join(wire.taken)
        assert "age" not in "".join(wire.taken)


async def test_an_app_sends_everything_again_after_a_resize() -> None:
    async with running() as (_app, wire):
        wire.taken.clear()
        size = Size(40, 4)
        wire.process_message(events.Resize(size, size))
        await until(lambda: bool(wire.taken))

        assert "age 0:41" in "".join(wire.taken)

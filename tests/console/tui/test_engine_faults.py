"""The engine beside a console in trouble: it dies of a bug, or a daemon comes and goes.

Real engines on real channels: the console tells who collects, once, and keeps what is approved.
"""

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from console.tui.app import SkewApp
from console.tui.session.state import ConsoleState
from store.database import lease
from store.database.connection import Database
from store.model import CorrectionStatus
from sync.clock import SystemClock
from sync.config.load import load
from sync.engine import lease as lease_module
from sync.engine import thread as thread_module
from sync.engine.engine import Engine
from sync.engine.thread import EngineThread
from tests.console.running_engine import live, until
from tests.console.small_shop import press, text_of

CONFIGURATION = """
[skew]
database = "skew.db"
[authority]
quantity = "warehouse"
[channels.warehouse]
kind = "csv"
path = "warehouse.csv"
every = "200ms"
stale_after = "1m"
[channels.shop]
kind = "csv"
path = "shop.csv"
every = "200ms"
stale_after = "1m"
"""


@pytest.mark.long
async def test_a_bug_in_the_engine_is_told_and_the_console_goes_on_and_keeps_approvals(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = threading.Event()

    async def stumble(self: Engine, stop: asyncio.Event) -> None:
        mine = asyncio.Event()
        running = asyncio.ensure_future(run(self, mine))
        while not (broken.is_set() or stop.is_set()):  # noqa: ASYNC110 - another thread sets it.
            await asyncio.sleep(0.02)
        mine.set()
        await running
        if broken.is_set():
            raise ZeroDivisionError("integer modulo by zero")

    run = Engine.run
    monkeypatch.setattr(Engine, "run", stumble)
    # With this hold an approval outlives the engine that should write it.
    async with live(tmp_path, hold="60s") as shop, shop.console((160, 45)) as (app, pilot):
        await until(lambda: len(app.dashboard.rows.ids) > 0, "disagreements")
        broken.set()
        await until(lambda: "engine stopped" in text_of(app), "the engine's end")
        text = text_of(app)
        await until(lambda: bool(app.dashboard.picked().seen), "an update under the cursor")
        await press(app, pilot, "a")
        with suppress(TimeoutError):
            await asyncio.wait_for(_confirmed(app, pilot), 5)
        await until(lambda: bool(shop.updates(CorrectionStatus.APPROVED)), "the approval")
        await press(app, pilot, "down", "2", "1")

        assert "✖ DISCONNECTED" in text
        assert "ZeroDivisionError" in text
        assert len(shop.updates(CorrectionStatus.APPROVED)) == 1
        assert "SKU" in text_of(app)


async def _confirmed(app: SkewApp, pilot: object) -> None:
    """Say yes where the approval asks."""
    while not app.screen.is_modal:  # noqa: ASYNC110 - a dialog may come.
        await asyncio.sleep(0.02)
    await press(app, pilot, "y")  # type: ignore[arg-type]


@asynccontextmanager
async def watching(folder: Path) -> AsyncIterator[SkewApp]:
    """A console with an engine of its own, as `skew watch` runs it."""
    settings = load(folder / "skew.toml", None)
    thread = EngineThread(settings, settings.database, "the console")
    with Database.open(settings.database) as database:
        session = ConsoleState(
            name="shop",
            clock=SystemClock(),
            operator="ana",
            read_only=False,
            engine=thread,
            request_refresh=lambda: None,
        )
        thread.start()
        try:
            app = SkewApp(database, settings, session)
            async with app.run_test(size=(160, 45)):
                yield app
        finally:
            await asyncio.to_thread(thread.stop)


def daemon(folder: Path) -> "subprocess.Popen[bytes]":
    with (folder / "daemon.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "console", "daemon", "--config", str(folder / "skew.toml")],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
            stdout=log,
            stderr=log,
        )


def holder(folder: Path) -> str:
    with Database.open(folder / "skew.db") as database:
        held = database.read(lease.current, now=SystemClock().now())
    return held.holder if held is not None else ""


def times_logged(app: SkewApp, words: str) -> int:
    return sum(words in line.text for line in app.session.log)


@pytest.mark.long
@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
async def test_a_daemon_that_leaves_is_followed_by_the_console_and_both_are_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: signal.Signals
) -> None:
    monkeypatch.setattr(thread_module, "TAKE_OVER_EVERY_S", 0.05)
    (tmp_path / "skew.toml").write_text(CONFIGURATION)
    (tmp_path / "warehouse.csv").write_text("sku,available\nKETTLE-1,5\n")
    (tmp_path / "shop.csv").write_text("sku,available\nKETTLE-1,9\n")
    other = daemon(tmp_path)
    try:
        await until(lambda: "daemon" in holder(tmp_path), "the daemon's lease")
        async with watching(tmp_path) as app:
            await until(lambda: "attached" in text_of(app), "attached")
            await until(lambda: "KETTLE-1" in text_of(app), "what the daemon reads")
            other.send_signal(end)
            other.wait()
            await until(lambda: "engine here" in text_of(app), "taken over")
            await until(lambda: times_logged(app, "this one collects now") > 0, "told")
            refused = daemon(tmp_path)
            code = await asyncio.to_thread(refused.wait)
            await asyncio.sleep(0)
            attached, taken = (
                times_logged(app, "you decide here"),
                times_logged(app, "this one collects now"),
            )

            assert (attached, taken) == (1, 1)
            assert code == 1
            assert "● LIVE" in text_of(app)
    finally:
        with suppress(ProcessLookupError):
            other.kill()
        other.wait()


def remove(folder: Path) -> None:
    for path in folder.glob("skew.db*"):
        path.unlink()


@pytest.mark.long
async def test_a_console_whose_cache_is_removed_says_that_its_engine_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease_module, "HEARTBEAT_MS", 50)
    (tmp_path / "skew.toml").write_text(CONFIGURATION)
    (tmp_path / "warehouse.csv").write_text("sku,available\nKETTLE-1,5\n")
    (tmp_path / "shop.csv").write_text("sku,available\nKETTLE-1,9\n")
    async with watching(tmp_path) as app:
        await until(lambda: "KETTLE-1" in text_of(app), "the first readings")
        remove(tmp_path)
        await until(lambda: "✖ DISCONNECTED" in text_of(app), "the loss told")
        await until(lambda: app.session.engine is not None and bool(app.session.engine.problem))

        assert "removed or replaced" in text_of(app)
        assert "KETTLE-1" in text_of(app), "what was read stays, marked as not live"

"""An engine beside a screen: its own thread, attached while another works, and what it died of."""

import asyncio
from pathlib import Path

import pytest

from store.database import lease
from store.database.connection import Database
from sync.engine import thread as thread_module
from sync.engine.thread import EngineMode, EngineThread
from sync.settings import Settings
from tests.sync.engine_bench import hold_by_another, until
from tests.sync.scripted_channel import Shop


async def test_an_engine_beside_a_screen_runs_on_a_thread_and_stops(
    settings: Settings, database: Database, shops: dict[str, Shop]
) -> None:
    thread = EngineThread(settings, settings.database, "the console")

    thread.start()
    await until(lambda: "poll" in shops["shop"].looked)
    mode, holder = thread.mode, thread.holder
    thread.wake()
    ended = await asyncio.to_thread(thread.stop)

    assert (mode, holder, ended) == (EngineMode.RUNNING, "the console", True)
    assert (thread.mode, thread.problem) == (EngineMode.STOPPED, None)


async def test_an_engine_beside_a_screen_attaches_and_takes_over_when_the_other_ends(
    settings: Settings, database: Database, shops: dict[str, Shop],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(thread_module, "TAKE_OVER_EVERY_S", 0.05)
    hold_by_another(database)
    thread = EngineThread(settings, settings.database, "the console")

    thread.start()
    await until(lambda: thread.mode is EngineMode.ATTACHED)
    attached_to = thread.holder
    await asyncio.sleep(0.2)  # It looks again and again, and waits for the same one.
    database.write(lease.release, token="theirs")
    await until(lambda: thread.mode is EngineMode.RUNNING)
    await asyncio.to_thread(thread.stop)

    assert attached_to == "another"
    assert thread.followed == ("another",)


async def test_what_an_engine_beside_a_screen_died_of_can_be_seen(
    settings: Settings, shops: dict[str, Shop], tmp_path: Path
) -> None:
    bad = tmp_path / "other.db"
    bad.write_text("this is no database, and it is long enough to be told apart from one" * 20)
    thread = EngineThread(settings, bad, "the console")

    thread.start()
    await until(lambda: thread.mode is EngineMode.STOPPED)

    assert "is not a cache of Skew" in (thread.problem or "")
    assert thread.stop()

"""The schedule where the clock does not go on as it should."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sync.engine import schedule as schedule_module
from sync.engine.schedule import Schedule


async def test_a_clock_that_was_set_back_does_not_stop_the_polls(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    polled = asyncio.Event()

    async def poll(_name: str) -> None:
        polled.set()

    class Ahead(datetime):
        """What the machine's clock said before it was put right."""

        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return datetime.now(tz) + timedelta(hours=1)

    schedule = Schedule(poll)
    monkeypatch.setattr(schedule_module, "datetime", Ahead)
    schedule.start({"shop": 60_000})
    monkeypatch.setattr(schedule_module, "datetime", datetime)
    try:
        schedule.keep_up()
        async with asyncio.timeout(5):
            await polled.wait()
        following = schedule.next_at("shop")
        schedule.keep_up()
    finally:
        schedule.stop()

    assert following is not None
    assert following - datetime.now(UTC).timestamp() * 1000 < 120_000

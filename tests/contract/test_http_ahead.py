"""The next page is fetched while the last one is worked on."""

import asyncio
import threading

import pytest

from sync.channels.base import RecordPage, closing
from sync.channels.http.channel import HttpApi
from sync.errors import Temporary
from tests.contract.listing_backend import running_shop
from tests.loopback import Answer, ReceivedRequest


async def until(asked: list[ReceivedRequest], count: int) -> None:
    """Wait until the server has been asked so often."""
    for _ in range(500):
        if len(asked) >= count:
            return
        await asyncio.sleep(0.01)
    pytest.fail(f"asked {len(asked)} times, not {count}")


async def read_all(channel: HttpApi, seen: list[RecordPage]) -> None:
    async with closing(channel.pages()) as pages:
        async for page in pages:
            # Long enough that the next page has failed for good.
            await asyncio.sleep(0.3)
            seen.append(page)


async def test_one_page_is_fetched_ahead_and_no_more() -> None:
    async with (
        running_shop("page") as running,
        running.channel() as channel,
        closing(channel.pages()) as pages,
    ):
        await anext(pages)
        await until(running.server.asked, 2)
        await asyncio.sleep(0.1)
        assert len(running.server.asked) == 2


async def test_a_page_that_fails_is_told_after_the_one_before_it() -> None:
    async with running_shop("page") as running, running.channel() as channel:
        running.shop.spoil = lambda _asked: (
            Answer({"message": "down"}, 503) if running.shop.lists == 1 else None
        )
        seen: list[RecordPage] = []
        with pytest.raises(Temporary, match="503"):
            await read_all(channel, seen)
        assert len(seen) == 1


async def test_a_reading_that_is_left_leaves_no_request_behind() -> None:
    hold = threading.Event()

    async with running_shop("page") as running, running.channel() as channel:
        answer = running.server.answer

        def slow(asked: ReceivedRequest) -> Answer:
            told = answer(asked)
            is_first = asked.path.endswith("page=1")
            return told if is_first else Answer(told.body, wait=hold)

        running.server.answer = slow
        before = asyncio.all_tasks()
        async with closing(channel.pages()) as pages:
            await anext(pages)
            await until(running.server.asked, 2)
        assert asyncio.all_tasks() == before
        hold.set()


async def test_a_poll_that_is_cancelled_cancels_what_it_fetches() -> None:
    hold = threading.Event()

    async with running_shop("page") as running, running.channel() as channel:
        running.shop.spoil = lambda _asked: Answer({"found": {"items": []}}, wait=hold)
        before = asyncio.all_tasks()
        task = asyncio.create_task(read_all(channel, []))
        await until(running.server.asked, 1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert asyncio.all_tasks() == before
        hold.set()

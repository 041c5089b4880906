"""The moments at which the screen reads the cache again."""

import asyncio
import itertools

import pytest

from console.tui.data import refresh
from console.tui.data.refresh import Refresh, RefreshLoop
from store.errors import DatabaseBusy


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refresh, "WATCH_S", 0.005)
    monkeypatch.setattr(refresh, "REPAINT_S", 0.01)


async def test_between_two_long_readings_of_everything_what_is_in_view_follows() -> None:
    """A cache in which somebody commits without end, and of which all takes 50 ms to read."""
    commits = itertools.count()
    loop = RefreshLoop(lambda: next(commits))
    loop.start()
    refreshes: list[Refresh] = []
    async for moment in loop.refreshes():
        refreshes.append(moment)
        if moment.everything:
            await asyncio.sleep(0.05)
        if len(refreshes) > 3 and moment.everything:
            break
    loop.stop()

    assert [moment.everything for moment in refreshes[:3]] == [True, False, False]
    assert refreshes[-1] == Refresh(asked=False, everything=True)


async def test_what_is_asked_for_is_read_whole_at_once() -> None:
    loop = RefreshLoop(lambda: 0)
    refreshes = loop.refreshes()
    loop.request()
    first = await anext(refreshes)
    loop.request()
    second = await anext(refreshes)

    assert first == second == Refresh(asked=True, everything=True)


async def test_a_cache_that_cannot_be_watched_is_read_once_for_that(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(refresh, "SILENCE_S", 60.0)

    def version() -> int:
        raise DatabaseBusy("locked")

    loop = RefreshLoop(version)
    loop.start()
    refreshes = loop.refreshes()
    await anext(refreshes)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(anext(refreshes), 0.1)
    loop.stop()

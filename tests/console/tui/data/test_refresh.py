"""The moments at which the screen reads the cache anew."""

import asyncio
import itertools

import pytest

from console.tui.data import refresh
from console.tui.data.refresh import Beat, Pulse
from store.errors import DatabaseBusy


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refresh, "WATCH_S", 0.005)
    monkeypatch.setattr(refresh, "REPAINT_S", 0.01)


async def test_between_two_long_readings_of_everything_what_is_in_view_follows() -> None:
    """A cache in which somebody commits without end, and of which all takes 50 ms to read."""
    commits = itertools.count()
    watched = Pulse(lambda: next(commits))
    watched.start()
    beats: list[Beat] = []
    async for beat in watched.beats():
        beats.append(beat)
        if beat.whole:
            await asyncio.sleep(0.05)
        if len(beats) > 3 and beat.whole:
            break
    watched.stop()

    assert [beat.whole for beat in beats[:3]] == [True, False, False]
    assert beats[-1] == Beat(asked=False, whole=True)


async def test_what_is_asked_for_is_read_whole_at_once() -> None:
    quiet = Pulse(lambda: 0)
    beats = quiet.beats()
    quiet.ask()
    first = await anext(beats)
    quiet.ask()
    second = await anext(beats)

    assert first == second == Beat(asked=True, whole=True)


async def test_a_cache_that_cannot_be_watched_is_read_once_for_that(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(refresh, "SILENCE_S", 60.0)

    def version() -> int:
        raise DatabaseBusy("locked")

    watched = Pulse(version)
    watched.start()
    beats = watched.beats()
    await anext(beats)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(anext(beats), 0.1)
    watched.stop()

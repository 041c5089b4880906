"""What a channel's disagreements have in common: counted for each reading, or seldom where many."""

import asyncio
from collections.abc import Sequence

from console.tui.data.crowds import KEPT_S, MANY_OPEN, KeptCrowds
from store.causes.facts import ChannelCrowd, ChannelPeers
from store.causes.peers import Crowds
from store.errors import StoreError

MANY, FEW = (ChannelCrowd(ChannelPeers(count)) for count in (MANY_OPEN, MANY_OPEN - 1))


class Bench:
    def __init__(self, answer: Crowds | StoreError) -> None:
        self.answer = answer
        self.now = 100.0
        self.asked: list[list[int]] = []
        self.crowds = KeptCrowds(self._count, lambda: self.now)

    async def _count(self, channels: Sequence[int]) -> Crowds:
        self.asked.append(list(channels))
        if isinstance(self.answer, StoreError):
            raise self.answer
        return self.answer

    async def lent(self, at: int | None = None) -> Crowds:
        found = self.crowds.lend(at)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return found


async def test_only_a_channel_with_many_is_kept() -> None:
    bench = Bench({})
    bench.crowds.keep({1: MANY, 2: FEW}, None)
    assert await bench.lent() == {1: MANY}
    assert bench.asked == []


async def test_what_is_old_is_lent_once_more_and_counted_meanwhile() -> None:
    newer = ChannelCrowd(ChannelPeers(MANY_OPEN + 7))
    bench = Bench({1: newer})
    bench.crowds.keep({1: MANY}, None)
    bench.now += KEPT_S
    assert await bench.lent() == {1: MANY}
    assert await bench.lent() == {1: newer}
    assert bench.asked == [[1]]


async def test_a_channel_that_has_few_by_now_is_counted_for_each_reading_again() -> None:
    bench = Bench({1: FEW})
    bench.crowds.keep({1: MANY}, None)
    bench.now += KEPT_S
    await bench.lent()
    assert await bench.lent() == {}


async def test_a_cache_that_cannot_be_read_leaves_what_was_known() -> None:
    bench = Bench(StoreError("gone"))
    bench.crowds.keep({1: MANY}, None)
    bench.now += KEPT_S
    await bench.lent()
    assert await bench.lent() == {1: MANY}


async def test_another_instant_of_the_past_is_counted_anew_and_then_stands() -> None:
    bench = Bench({})
    bench.crowds.keep({1: MANY}, None)
    assert await bench.lent(5) == {}
    bench.crowds.keep({1: MANY}, 5)
    bench.now += 10 * KEPT_S
    assert await bench.lent(5) == {1: MANY}
    bench.crowds.keep({2: MANY}, 4)
    assert await bench.lent(5) == {1: MANY}
    assert bench.asked == []

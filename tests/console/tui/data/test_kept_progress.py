"""What takes long to read is kept for some times as long, and what does not is read each time."""

import asyncio

import pytest

from console.tui.data.kept_progress import REST, SLOW_S, KeptProgress
from sync.corrections.batch_progress import BatchProgress


class Slow:
    """A batch whose reading takes so long, by a clock that only that moves."""

    def __init__(self, takes_s: float) -> None:
        self.takes_s, self.now, self.reads = takes_s, 0.0, 0

    async def read(self, number: int) -> BatchProgress:
        await asyncio.sleep(0)
        self.reads += 1
        self.now += self.takes_s
        return BatchProgress(f"{number}, {self.reads}", 0, (), None)

    def clock(self) -> float:
        return self.now


@pytest.mark.parametrize(("takes_s", "reads"), [(SLOW_S / 2, 5), (2 * SLOW_S, 1)])
async def test_only_what_takes_long_is_kept(takes_s: float, reads: int) -> None:
    batch = Slow(takes_s)
    kept = KeptProgress(batch.read, batch.clock)

    await asyncio.gather(*(kept.of(1) for _ in range(5)))

    assert batch.reads == reads


async def test_it_is_read_again_after_a_rest_when_asked_to_and_for_another() -> None:
    batch = Slow(1.0)
    kept = KeptProgress(batch.read, batch.clock)
    seen = [await kept.of(1)]
    batch.now += REST - 0.1
    seen.append(await kept.of(1))
    batch.now += 0.2
    seen.append(await kept.of(1))
    kept.forget()
    seen += [await kept.of(1), await kept.of(2)]

    assert [found.who for found in seen if found] == ["1, 1", "1, 1", "1, 2", "1, 3", "2, 4"]

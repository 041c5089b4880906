"""The simulated machine's clock and its schedule."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping

from store.model import Millis

BEGAN: Millis = 1_764_547_200_000
"""When every simulation begins: 2025-12-01T00:00Z."""

JITTER_SHARE = 0.1


class SimulatedClock:
    """A clock of the machine; `ahead_ms` is how wrong it goes."""

    def __init__(self, loop: asyncio.AbstractEventLoop, ahead_ms: int = 0) -> None:
        self._loop = loop
        self.ahead_ms = ahead_ms

    def now(self) -> Millis:
        return BEGAN + round(self._loop.time() * 1000) + self.ahead_ms

    async def sleep(self, span_ms: int) -> None:
        await asyncio.sleep(span_ms / 1000)


class SimulatedSchedule:
    """Polls every channel at its interval, with a jitter from the seed; never two at once."""

    def __init__(
        self,
        poll: Callable[[str], Awaitable[None]],
        clock: SimulatedClock,
        chance: random.Random,
    ) -> None:
        self._poll, self._clock, self._chance = poll, clock, chance
        self._jobs: dict[str, asyncio.Task[None]] = {}
        self._next_at: dict[str, Millis] = {}

    def start(self, every_ms: Mapping[str, int]) -> None:
        for place, (name, span_ms) in enumerate(every_ms.items()):
            self.add(name, span_ms, after_s=0.1 * place)

    def add(self, name: str, every_ms: int, *, after_s: float = 0.0) -> None:
        self._jobs[name] = asyncio.create_task(self._run(name, every_ms, after_s))

    def remove(self, name: str) -> None:
        self._jobs.pop(name).cancel()

    def keep_up(self) -> None:
        """Its spans are not measured by a clock that can be set."""

    def next_at(self, name: str) -> Millis | None:
        return self._next_at.get(name)

    def stop(self) -> None:
        for job in self._jobs.values():
            job.cancel()

    async def _run(self, name: str, every_ms: int, after_s: float) -> None:
        await asyncio.sleep(after_s)
        while True:
            jitter = self._chance.uniform(-JITTER_SHARE, JITTER_SHARE)
            span_s = every_ms * (1 + jitter) / 1000
            self._next_at[name] = self._clock.now() + round(span_s * 1000)
            began = asyncio.get_running_loop().time()
            await self._poll(name)
            took_s = asyncio.get_running_loop().time() - began
            await asyncio.sleep(max(0.0, span_s - took_s))

"""How far a batch has come, read by the console that follows it; a large one is read with rests.

To read a batch of 100,000 takes a second, and each update that is written changes it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic

from sync.corrections.batch_progress import BatchProgress

SLOW_S = 0.1
REST = 3
"""What took longer than that to read is kept for so many times as long."""


class KeptProgress:
    """Reads the progress of batches, and keeps that of a large one for a while."""

    def __init__(
        self,
        read_one: Callable[[int], Awaitable[BatchProgress | None]],
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """`read_one` reads the batch of an update."""
        self._read_one = read_one
        self._clock = clock
        self._kept: dict[int, tuple[float, BatchProgress | None]] = {}
        self._one_at_a_time = asyncio.Lock()

    async def of(self, correction_id: int) -> BatchProgress | None:
        """How far the batch of an update has come, or had come a little while ago."""
        async with self._one_at_a_time:
            until, found = self._kept.get(correction_id, (0.0, None))
            began = self._clock()
            if began < until:
                return found
            found = await self._read_one(correction_id)
            took = self._clock() - began
            self._kept = (
                {correction_id: (began + (1 + REST) * took, found)} if took > SLOW_S else {}
            )
            return found

    def forget(self) -> None:
        """Read anew: something was done to a batch."""
        self._kept = {}

"""What the open disagreements of a channel have in common, kept for some seconds where it has many.

To count 100,000 of them takes longer than all else that a page of rows asks for, and a page more or
less of them changes no cause. Of a channel with few it is counted for each reading.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from time import monotonic

from store.causes.facts import ChannelCrowd
from store.causes.peers import Crowds
from store.errors import StoreError
from store.model import Millis

MANY_OPEN = 5_000
"""From so many on, some milliseconds of work."""

KEPT_S = 5.0


class KeptCrowds:
    """Lends what is known to a reading, and keeps what that has counted."""

    def __init__(
        self,
        count: Callable[[Sequence[int]], Awaitable[Crowds]],
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """`count` counts these channels, by their ids, as they are now."""
        self._count = count
        self._clock = clock
        self._at: Millis | None = None
        self._kept: dict[int, tuple[ChannelCrowd, float]] = {}
        self._counting: asyncio.Task[None] | None = None

    def lend(self, at: Millis | None) -> Crowds:
        """What is known of the channels as of an instant, None: now. `keep` it after the reading.

        What is older than `KEPT_S` is lent once more, and counted anew meanwhile: no page waits.
        """
        if at != self._at:
            self._at, self._kept = at, {}
        before = self._clock() - KEPT_S
        old = [channel for channel, (_, counted_at) in self._kept.items() if counted_at <= before]
        # The past stands still.
        if old and at is None and (self._counting is None or self._counting.done()):
            self._counting = asyncio.create_task(self._recount(old))
        return {channel: crowd for channel, (crowd, _) in self._kept.items()}

    def keep(self, crowds: Crowds, at: Millis | None) -> None:
        """Keep what a reading has counted as of that instant, where it was much."""
        if at != self._at:
            return
        now = self._clock()
        for channel, crowd in crowds.items():
            if channel not in self._kept and crowd.open >= MANY_OPEN:
                self._kept[channel] = crowd, now

    async def _recount(self, channels: Sequence[int]) -> None:
        # A cache that can't be read is told by the reading that follows.
        with contextlib.suppress(StoreError):
            counted, now = await self._count(channels), self._clock()
            if self._at is not None:
                return
            for channel, crowd in counted.items():
                if crowd.open >= MANY_OPEN:
                    self._kept[channel] = crowd, now
                else:
                    self._kept.pop(channel, None)

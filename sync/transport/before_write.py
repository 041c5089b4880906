"""What is asked at the last moment before a write leaves, when its turn has come.

A write may wait for its turn, because a channel has a `rate`, and for its connection. What it rests
on can move meanwhile, so the last look and the mark that it is being written come right before its
first byte. A process that is stopped in between, and woken after another engine has taken over,
holds a look that is worth nothing any more: then nothing leaves.
"""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from sync.clock import Clock
from sync.errors import Withheld

SENT_WITHIN_S = 1
"""So soon after the last look the first byte must leave. The lease lasts longer than that."""

LastLook = Callable[[], Awaitable[None]]

_last_look: ContextVar[LastLook | None] = ContextVar("last_look", default=None)


@contextmanager
def before_write(look: LastLook) -> Iterator[None]:
    """Have `look` run before each write that is sent within; what it raises keeps the write."""
    token = _last_look.set(look)
    try:
        yield
    finally:
        _last_look.reset(token)


async def look() -> None:
    """Take the last look; whoever sends a write calls it right before."""
    wanted = _last_look.get()
    if wanted is not None:
        await wanted()


class LastMoment:
    """Takes the last look at one write when its connection stands, and knows how old it is."""

    def __init__(self, clock: Clock) -> None:
        # Whoever writes has a loop; a command that only reads is spared its import.
        from asyncio import get_running_loop

        self._clock = clock
        self._loop = get_running_loop()
        self._looked_at: tuple[float, float] | None = None

    async def trace(self, event: str, _info: object) -> None:
        """For httpx's `trace`. Raises what the look raises, and Withheld where it is too old."""
        if not event.endswith("send_request_headers.started"):
            return
        if self._looked_at is None:
            await self.take()
        self.check()

    async def take(self) -> None:
        """Take the look. Raises what it raises."""
        self._looked_at = self._now_s()
        await look()

    def check(self) -> None:
        """Raise Withheld where the look is too old. May be called in any thread."""
        # The one clock stands still while a laptop sleeps, and the other may be set.
        looked_at = self._looked_at or self._now_s()
        passed_s = max(now - then for now, then in zip(self._now_s(), looked_at, strict=True))
        if passed_s > SENT_WITHIN_S:
            raise Withheld(f"not sent: {passed_s:.0f} s passed since it was looked at last")

    def _now_s(self) -> tuple[float, float]:
        return self._loop.time(), self._clock.now() / 1000

"""What a vendor lets us ask, beside the `rate` of the settings: so many requests or points a time.

A limit is shared by all the apps of a merchant's account. So a budget plans with a share of it, the
`rate_share` of the settings, and learns from each answer what is left. However small the share is,
a sweep goes on: a request may start each `SLOWEST_S` as long as the vendor still takes one.
"""

import asyncio
import contextlib
import math
from collections.abc import AsyncGenerator
from contextvars import ContextVar
from typing import TYPE_CHECKING, Protocol

from sync.clock import Clock
from sync.errors import Temporary

if TYPE_CHECKING:
    from sync.transport.call import Reply

SLOWEST_S = 10.0
"""A share that is less than one request in this time counts as one."""

WAIT_S_MAX = 60.0
"""Nobody waits longer for a limit; the engine then comes back later instead."""

RETRY_AFTER_S_MAX = 3600.0
RATE_PER_S_MAX = 100_000.0
SLOW_DOWN = 429

_ends_at: ContextVar[float | None] = ContextVar("_ends_at", default=None)
"""When what runs now is cut off, by the event loop's time."""


class Budget(Protocol):
    """Lets requests of one sort through."""

    async def turn(self) -> None:
        """Wait until the next request may start.

        Raises Temporary, whose text goes on after the channel's name, where that takes too long.
        """
        ...

    def note(self, reply: "Reply") -> None:
        """Learn from an answer, whatever its status."""
        ...

    def points(self) -> tuple[int, int] | None:
        """Of a vendor that counts points, how many are left, and of how many; else None."""
        ...


class Unlimited:
    """Lets everything through: the vendor has no limit of this sort."""

    async def turn(self) -> None: ...

    def note(self, reply: "Reply") -> None: ...

    def points(self) -> tuple[int, int] | None:
        return None


UNLIMITED = Unlimited()


@contextlib.asynccontextmanager
async def ending_within(span_s: float) -> AsyncGenerator[None, None]:
    """Cut the block off after so many seconds; it does not begin to wait beyond that.

    Raises TimeoutError as `asyncio.timeout` does.
    """
    before = _ends_at.get()
    end = asyncio.get_running_loop().time() + span_s
    _ends_at.set(end if before is None else min(before, end))
    try:
        async with asyncio.timeout(span_s):
            yield
    finally:
        _ends_at.set(before)


async def wait(clock: Clock, span_ms: float, what: str) -> None:
    """Wait for `what` is used up. Raises Temporary at once where that takes longer than we have."""
    if span_ms <= 0:
        return
    end = _ends_at.get()
    have_s = WAIT_S_MAX
    if end is not None:
        have_s = min(have_s, end - asyncio.get_running_loop().time())
    span_s = span_ms / 1000
    if span_s > have_s:
        words = f"not asked: {what} for another {_rounded(span_s)} s"
        if span_s <= WAIT_S_MAX:
            # A whole reading of a large shop may need more of the limit than it is given time for.
            words += ", which is longer than this may still take: raise `stale_after`"
        raise Temporary(words, retry_after_s=min(span_s, RETRY_AFTER_S_MAX))
    await clock.sleep(math.ceil(span_ms))


def own_rate_per_s(rate_per_s: float, share: float, units: float = 1) -> float:
    """Our part of a rate: the share, but never less than a request of `units` in `SLOWEST_S`."""
    return max(rate_per_s * share, min(rate_per_s, units / SLOWEST_S))


class TokenBucket:
    """So many requests a second on average, and so many at once (Amazon's usage plans).

    `rate_per_s` and `burst` are the vendor's; we take `share` of the rate, and the whole burst.
    """

    def __init__(self, clock: Clock, rate_per_s: float, burst: int, share: float) -> None:
        self._clock = clock
        self._share = share
        self._burst = float(max(1, burst))
        self._rate_per_s = own_rate_per_s(rate_per_s, share)
        self._tokens = self._burst
        self._at = clock.now()

    def learn_rate(self, rate_per_s: float) -> None:
        """Take the vendor's own word for the rate of this account, unless it is none."""
        if 0 < rate_per_s <= RATE_PER_S_MAX:
            self._fill()
            self._rate_per_s = own_rate_per_s(rate_per_s, self._share)

    async def turn(self) -> None:
        # Each takes its token at once, even one that is not there yet, and waits for that one. So
        # turns come in the order in which they were asked for.
        self._fill()
        self._tokens -= 1
        try:
            await wait(
                self._clock, -self._tokens / self._rate_per_s * 1000, "its rate limit is used up"
            )
        except BaseException:
            self._tokens += 1
            raise

    def note(self, reply: "Reply") -> None:
        # An answer names the rate of this account, a 429 does not, and has no Retry-After either
        # (Amazon's guide to usage plans, read 2026-11).
        with contextlib.suppress(ValueError):
            self.learn_rate(float(reply.headers.get("x-amzn-ratelimit-limit", "")))
        if reply.status == SLOW_DOWN:
            self._fill()
            self._tokens = min(self._tokens, 0.0)

    def points(self) -> tuple[int, int] | None:
        return None

    def _fill(self) -> None:
        now = self._clock.now()
        # A clock that was set back gives nothing; it takes nothing away either.
        passed_s = max(0, now - self._at) / 1000
        self._tokens = min(self._burst, self._tokens + passed_s * self._rate_per_s)
        self._at = now


def _rounded(span_s: float) -> str:
    if span_s > RETRY_AFTER_S_MAX:  # A vendor's rate may be so small that the wait has no end.
        return f"more than {RETRY_AFTER_S_MAX:,.0f}"
    return f"{math.ceil(span_s):,}"

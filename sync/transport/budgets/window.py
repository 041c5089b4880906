"""A limit of so many requests in each span of time, as an answer's headers tell it.

BigCommerce's X-Rate-Limit headers and the RateLimit headers of many others are such
(`sync/transport/rate_limit.py` names them). All the apps of the account use the same requests.
"""

import asyncio
from typing import TYPE_CHECKING

from sync.clock import Clock
from sync.transport import rate_limit
from sync.transport.budgets import base as budget
from sync.transport.refusals import retry_after_s

if TYPE_CHECKING:
    from sync.transport.call import Reply

QUOTA_MAX = 10_000_000
"""A limit above this is none that could be reached."""

_ALL_USED = "the requests that its apps may send are used up"
_OURS_USED = "our share of the requests that its apps may send (`rate_share`) is used up"


class RequestWindow:
    """Takes `share` of the requests of each span, and less where others leave less.

    Until an answer has told the limit, everything is let through. `span_ms` is the vendor's span,
    for answers that do not tell when it ends.
    """

    def __init__(self, clock: Clock, share: float, span_ms: int = 30_000) -> None:
        self._clock = clock
        self._share = share
        self._span_ms = span_ms
        self._quota: int | None = None
        self._left: int | None = None
        """As the newest answer said, less what was sent since."""
        self._own = 0
        """Requests of ours in this span."""
        self._ends_at: int | None = None
        """None: no answer of this span is there yet."""
        self._is_assumed = False
        """That the span ends then is our guess: no answer has come yet."""
        self._seen_at = clock.now()
        self._turns = asyncio.Lock()

    async def turn(self) -> None:
        # Whoever waits holds the lock, and asyncio's locks are given in the order in which they
        # were asked for: a long wait lets nobody overtake.
        async with self._turns:
            span_ms, why = self._wait()
            await budget.wait(self._clock, span_ms, why)
            now = self._roll()
            if self._ends_at is None and self._quota is not None:
                # What begins a span with several requests at once has no answer to go by yet.
                self._ends_at, self._left = now + self._span_ms, self._quota
                self._is_assumed = True
            self._own += 1
            if self._left is not None:
                self._left -= 1

    def note(self, reply: "Reply") -> None:
        now = self._roll()
        left, of = rate_limit.remaining(reply.headers)
        reset_ms = rate_limit.resets_in_ms(reply.headers, now)
        is_throttled = reply.status == budget.SLOW_DOWN
        if is_throttled:
            asked_s = retry_after_s(reply, now)
            left, reset_ms = 0, reset_ms if asked_s is None else round(asked_s * 1000)
        if left is None:
            return
        if of is not None and 0 < of <= QUOTA_MAX:
            self._quota = of
        elif left > 0:
            # It does not say of how many: at least of so many.
            self._quota = min(QUOTA_MAX, max(self._quota or 0, left))
        self._left = left
        ends_at = now + (self._span_ms if reset_ms is None else reset_ms)
        if reset_ms is not None and not is_throttled:
            # A span that began a moment ago is as long as what is left of it.
            longest_ms = round(budget.WAIT_S_MAX * 1000)
            self._span_ms = min(max(self._span_ms, reset_ms), longest_ms)
        if self._ends_at is not None and not (self._is_assumed or is_throttled):
            # A span that each answer moves ahead would never end.
            ends_at = min(self._ends_at, ends_at)
        self._ends_at, self._is_assumed = ends_at, False

    def points(self) -> tuple[int, int] | None:
        return None

    def _wait(self) -> tuple[int, str]:
        """How long the next request waits, and for what."""
        now = self._roll()
        if self._ends_at is None or self._left is None:
            return 0, ""
        until_ms = self._ends_at - now
        if self._left <= 0:
            return until_ms, _ALL_USED
        if self._quota is None:
            return 0, ""
        if self._own >= max(1, int(self._quota * self._share)):
            return until_ms, _OURS_USED
        if self._left > self._quota * (1 - self._share):
            return 0, ""
        # The others need more than theirs. Of what is left we take our share, spread evenly.
        spread_ms = round(until_ms / (1 + self._left * self._share))
        return min(spread_ms, round(budget.SLOWEST_S * 1000)), _OURS_USED

    def _roll(self) -> int:
        """Begin a new span where the last one has ended; answers the time."""
        now = self._clock.now()
        if self._ends_at is not None:
            # A clock that is set back takes the end of the span back with it.
            self._ends_at -= max(0, self._seen_at - now)
            if now >= self._ends_at:
                self._ends_at = self._left = None
                self._own = 0
        self._seen_at = now
        return now

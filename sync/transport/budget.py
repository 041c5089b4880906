"""What a vendor lets us ask, beside the `rate` of the settings: so many requests or points a time.

A limit is shared by all the apps of a merchant's account. So a budget plans with a share of it, the
`rate_share` of the settings, and learns from each answer what is left.
"""

from typing import TYPE_CHECKING, Protocol

from sync.clock import Clock

if TYPE_CHECKING:
    from sync.transport.call import Reply


class Budget(Protocol):
    """Lets requests of one sort through."""

    async def turn(self) -> None:
        """Wait until the next request may start."""
        ...

    def note(self, reply: "Reply") -> None:
        """Learn from an answer, whatever its status."""
        ...


class Unlimited:
    """Lets everything through: the vendor has no limit of this sort."""

    async def turn(self) -> None: ...

    def note(self, reply: "Reply") -> None: ...


UNLIMITED = Unlimited()


class TokenBucket:
    """So many requests a second on average, and so many at once (Amazon's usage plans).

    `rate_per_s` and `burst` are the vendor's; we take `share` of the rate, and the whole burst.
    """

    def __init__(self, clock: Clock, rate_per_s: float, burst: int, share: float) -> None:
        self._clock = clock
        self._share = share
        self._burst = burst
        self._rate_per_s = rate_per_s * share
        self._tokens = float(burst)
        self._at = clock.now()

    def learn_rate(self, rate_per_s: float) -> None:
        """Take the vendor's own word for the rate of this account."""
        if rate_per_s > 0:
            self._rate_per_s = rate_per_s * self._share

    async def turn(self) -> None:
        now = self._clock.now()
        # A clock that was set back gives nothing; it takes nothing away either.
        passed_s = max(0, now - self._at) / 1000
        self._tokens = min(float(self._burst), self._tokens + passed_s * self._rate_per_s) - 1
        self._at = now
        if self._tokens < 0:
            await self._clock.sleep(round(-self._tokens / self._rate_per_s * 1000))

    def note(self, reply: "Reply") -> None: ...

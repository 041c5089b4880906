"""A clock that is set by hand and runs fast between, in place of the machine's."""

import asyncio
import time

from sync.clock import SystemClock

FACTOR = 12
"""How much faster than the machine's it runs."""

_S = 1_000


class FastClock:
    """Stands behind every `SystemClock` of this process."""

    def __init__(self, at: int) -> None:
        self._at = at
        self._since = time.monotonic()
        self._stands = False

    def set(self, at: int, *, stands: bool = False) -> None:
        """Go on from an instant, or stand at it; never back."""
        self._at = at if stands else max(at, self.now())
        self._since = time.monotonic()
        self._stands = stands

    def now(self) -> int:
        if self._stands:
            return self._at
        return self._at + int((time.monotonic() - self._since) * _S * FACTOR)

    def install(self) -> None:
        """Make it the clock of all that is run from here on."""
        clock = self

        async def sleep(self: SystemClock, span_ms: int) -> None:
            del self
            await asyncio.sleep(span_ms / _S / FACTOR)

        def now(self: SystemClock) -> int:
            del self
            return clock.now()

        SystemClock.now = now  # type: ignore[method-assign]
        SystemClock.sleep = sleep  # type: ignore[method-assign]

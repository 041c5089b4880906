"""Our own request rate for a channel: the `rate` of its settings, spaced evenly."""

from sync.clock import Clock


class Pace:
    """Spaces a channel's requests evenly: turns are given out in order, never in a burst."""

    def __init__(self, clock: Clock, rate_per_s: float | None) -> None:
        self._clock = clock
        self._interval_ms = 0 if rate_per_s is None else round(1000 / rate_per_s)
        self._free_at = self._seen_at = 0

    async def turn(self) -> None:
        """Wait until the next request may start."""
        now = self._now()
        at = max(now, self._free_at)
        self._free_at = at + self._interval_ms
        if at > now:
            await self._clock.sleep(at - now)

    def hold(self, span_s: float) -> None:
        """Let no request start for a while: the channel asked us to slow down."""
        self._free_at = max(self._free_at, self._now() + round(span_s * 1000))

    def _now(self) -> int:
        """The time now."""
        # Where the clock was set back by an hour, the next free turn would lie an hour ahead, and
        # nothing would be sent until then. So it goes back with the clock.
        now = self._clock.now()
        self._free_at -= max(0, self._seen_at - now)
        self._seen_at = now
        return now

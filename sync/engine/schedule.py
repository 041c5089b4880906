"""When each channel is polled: an interval job per channel, with jitter, never two at once.

Importing it costs 100 ms, so only a running engine does.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from store.model import Millis

JITTER_SHARE = 0.1
JITTER_S_MAX = 10.0
_JITTER_MAX = timedelta(seconds=JITTER_S_MAX)
STAGGER_S = 0.1
"""First polls start soon, one after the other, so that they don't all decode at once."""

# It warns about every run that it skips. Skipping is what we want of it, and the warning would land
# on the console's screen.
logging.getLogger("apscheduler").setLevel(logging.CRITICAL)


class Schedule:
    """Runs `poll(name)` for every channel until it is stopped.

    APScheduler 3 does not time out a job that hangs, and cancels running coroutines when it is shut
    down. So `poll` should only wait for a task that somebody else owns, bounds and ends.
    """

    def __init__(self, poll: Callable[[str], Awaitable[None]]) -> None:
        self._poll = poll
        self._scheduler = AsyncIOScheduler(timezone=UTC)

    def start(self, every_ms: Mapping[str, int]) -> None:
        """Begin, on the running event loop: each channel soon, and then every so often."""
        for place, (name, span_ms) in enumerate(every_ms.items()):
            self.add(name, span_ms, after_s=STAGGER_S * place)
        self._scheduler.start()

    def add(self, name: str, every_ms: int, *, after_s: float = 0.0) -> None:
        """Poll a channel soon, and then every so often."""
        span_s = every_ms / 1000
        self._scheduler.add_job(
            self._poll,
            IntervalTrigger(
                seconds=span_s,
                jitter=min(JITTER_SHARE * span_s, JITTER_S_MAX),
                timezone=UTC,
            ),
            args=[name],
            id=name,
            max_instances=1,
            coalesce=True,
            misfire_grace_time=None,
            next_run_time=datetime.now(UTC) + timedelta(seconds=after_s),
        )

    def remove(self, name: str) -> None:
        """Begin no more polls of a channel."""
        self._scheduler.remove_job(name)

    def keep_up(self) -> None:
        """Poll now what is due later than it can be: the clock has been set back since."""
        # APScheduler keeps absolute times. After a clock went back by an hour every next run lies
        # an hour ahead, and all channels would turn stale until then.
        now = datetime.now(UTC)
        for job in self._scheduler.get_jobs():
            due = job.next_run_time
            if due is not None and due - now > 2 * job.trigger.interval + _JITTER_MAX:
                job.modify(next_run_time=now)

    def next_at(self, name: str) -> Millis | None:
        """When the channel's next poll begins."""
        job = self._scheduler.get_job(name)
        if job is None or job.next_run_time is None:
            return None
        return int(job.next_run_time.timestamp() * 1000)

    def stop(self) -> None:
        """Begin no more polls; those that run are left to whoever owns them."""
        self._scheduler.shutdown(wait=False)

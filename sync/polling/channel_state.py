"""One open channel and what the engine remembers of it between polls and writes."""

import asyncio
from collections.abc import Callable

import msgspec

from store.model import Millis
from store.polling.recognition.memory import PollMemory
from sync.channels.base import Channel
from sync.settings import ChannelSettings
from sync.transport.rate_limit import RateLimitMeter

REQUESTS_ROOM = 10
"""Request timeouts that a whole poll may take, where `stale_after` leaves less."""


class Activity(msgspec.Struct):
    """One of the things done with a channel (polls, events, writes), and how it has gone.

    Each has its own because each fails on its own: a key that may only read polls well and can
    never write.
    """

    what: str
    """Also the key of its incidents, so that a good poll never closes a writing incident."""
    trouble: str | None = None
    """The kind of trouble that was last logged; None when well."""
    failures: int = 0
    """In a row."""
    rests_since: Millis = 0
    rests_until: Millis = 0
    """The engine leaves it alone until then; what a person asks for does not wait."""
    is_replaced: Callable[[], bool] | None = None
    """Whether the credential that was refused last is another by now; None: unknown."""
    proven: bool = False
    """It has gone well since start, so no incident of an earlier run is left open."""

    def rest(self, now: Millis, rest_ms: int) -> None:
        self.rests_since, self.rests_until = now, now + rest_ms

    def rests(self, now: Millis) -> bool:
        """Whether the engine leaves it alone."""
        return now < self.rest_ends(now)

    def rest_ends(self, now: Millis) -> Millis:
        """When its rest ends, which a clock that is set back does not prolong; 0: it is over."""
        return self.rests_until if self.rests_since <= now < self.rests_until else 0


class ChannelState(msgspec.Struct):
    """An open channel, its lock, and how its polls, events and writes have gone."""

    settings: ChannelSettings
    channel: Channel
    memory: PollMemory = msgspec.field(default_factory=PollMemory)
    busy: asyncio.Lock = msgspec.field(default_factory=asyncio.Lock)
    """Held by whoever polls or writes: a poll must not read what a write is about to change."""
    polls: Activity = msgspec.field(default_factory=lambda: Activity("poll"))
    writes: Activity = msgspec.field(default_factory=lambda: Activity("write"))
    event_reads: Activity = msgspec.field(default_factory=lambda: Activity("events"))
    """Reading its events, whose trouble does not fail the readings."""
    meter: RateLimitMeter = msgspec.field(default_factory=RateLimitMeter)
    """What its answers said about its rate limit."""
    warnings: tuple[str, ...] | None = None
    """What was doubtful about its last poll; None before the first."""
    saved_at: Millis | None = None
    """When what is remembered of its polls was saved; None before the first."""
    wants_sweep: bool = False
    """Its next poll reads everything, because somebody asked for that."""
    cancelled_by: str | None = None
    """The person for whom the poll that runs is being stopped."""

    @property
    def name(self) -> str:
        return self.settings.name

    @property
    def deadline_s(self) -> float:
        """How long a whole poll, or one call of the channel's, may take before it is cut off."""
        # A poll that takes longer than `stale_after` could never be fresh. A slow channel that is
        # polled often still gets the time of ten requests.
        return max(REQUESTS_ROOM * self.settings.timeout_ms, self.settings.stale_after_ms) / 1000

"""What an engine reaches beside its cache and its clock: the channels, and when they are polled."""

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Protocol

import msgspec

from store.model import Millis
from sync import channels
from sync.channels.base import Channel
from sync.clock import Clock
from sync.settings import ChannelSettings
from sync.transport.rate_limit import RateLimitMeter

OpenChannel = Callable[[ChannelSettings, Clock, Path, RateLimitMeter], Channel]
Poll = Callable[[str], Awaitable[None]]


class PollSchedule(Protocol):
    """Runs a poll for every channel until it is stopped: `sync.engine.schedule`."""

    def start(self, every_ms: Mapping[str, int]) -> None: ...

    def add(self, name: str, every_ms: int, *, after_s: float = 0.0) -> None: ...

    def remove(self, name: str) -> None: ...

    def keep_up(self) -> None: ...

    def next_at(self, name: str) -> Millis | None: ...

    def stop(self) -> None: ...


def _usual_schedule(poll: Poll) -> PollSchedule:
    # Importing it costs 100 ms, so only a running engine does.
    from sync.engine.schedule import Schedule

    return Schedule(poll)


class Surroundings(msgspec.Struct, frozen=True):
    """By default the real ones. A simulation has its own."""

    tick_s: float = 0.2
    """How often a running engine asks whether the cache has changed."""

    open_channel: OpenChannel = channels.open_channel
    schedule: Callable[[Poll], PollSchedule] = _usual_schedule

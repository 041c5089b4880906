"""What goes wrong in a trial, at channels, processes and people, and how often it did."""

import random
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from enum import StrEnum
from types import MappingProxyType

from store.model import Millis


class TrialFault(StrEnum):
    """Everything that can be made to go wrong, by the name under which it is counted."""

    STALE_READ = "stale cached reads"
    TRUNCATED = "truncated pages"
    EMPTY_FEED = "empty feed"
    ZERO_FEED = "zero feed"
    SHRUNK = "catalogue shrink"
    SUCCESS_SHAPED = "success-shaped errors"
    BAD_RECORDS = "unreadable records"
    THROTTLED = "429 storm"
    SERVER_ERROR = "5xx storm"
    READ_TIMEOUT = "reads that time out"
    CREDENTIALS = "credentials dying"
    CRASHED_CODE = "a bug in the channel's code"
    REPEATED_EVENT = "duplicate events"
    LATE_EVENT = "late events"
    DISORDERED_EVENT = "events out of order"
    LOST_EVENT = "lost events"
    EXCESS_EVENT = "an order that gives back too much"
    TIMEOUT_BEFORE = "timeout before the write took effect"
    TIMEOUT_AFTER = "timeout after the write took effect"
    PARTIAL_BATCH = "partial batch"
    NOT_APPLIED = "200 that isn't applied"
    APPLIED_LATE = "delayed application"
    REFUSED_WRITE = "refused write"
    UNSENT_WRITE = "refused connection on a write"
    SECOND_WRITER = "second writer"
    OTHER_TOOL = "another tool that turns a write back"
    CLOCK_SKEW = "channel's clock is wrong"
    CACHE_BUSY = "cache busy"
    CRASH = "crash and restart"
    STOPPED = "process stopped and woken"
    LEASE_LOST = "lease lost"
    RESTART = "restart"
    STALE_DECISION = "decision on what has moved"
    TWO_OPERATORS = "two operators at once"
    NOT_ALLOWED = "approval by someone who may not"


OF_CHANNELS: Mapping[TrialFault, float] = MappingProxyType(
    {
        TrialFault.STALE_READ: 1.0,
        TrialFault.TRUNCATED: 0.5,
        TrialFault.EMPTY_FEED: 0.5,
        TrialFault.ZERO_FEED: 0.5,
        TrialFault.SHRUNK: 0.5,
        TrialFault.SUCCESS_SHAPED: 0.5,
        TrialFault.BAD_RECORDS: 0.4,
        TrialFault.THROTTLED: 0.6,
        TrialFault.SERVER_ERROR: 0.6,
        TrialFault.READ_TIMEOUT: 0.4,
        TrialFault.CREDENTIALS: 0.15,
        TrialFault.CRASHED_CODE: 0.2,
        TrialFault.REPEATED_EVENT: 1.0,
        TrialFault.LATE_EVENT: 0.8,
        TrialFault.DISORDERED_EVENT: 1.0,
        TrialFault.LOST_EVENT: 0.4,
        TrialFault.TIMEOUT_BEFORE: 1.0,
        TrialFault.TIMEOUT_AFTER: 1.0,
        TrialFault.PARTIAL_BATCH: 1.0,
        TrialFault.NOT_APPLIED: 1.0,
        TrialFault.APPLIED_LATE: 1.0,
        TrialFault.REFUSED_WRITE: 0.6,
        TrialFault.UNSENT_WRITE: 0.6,
        TrialFault.OTHER_TOOL: 0.4,
        TrialFault.CLOCK_SKEW: 0.3,
        TrialFault.CACHE_BUSY: 0.3,
    }
)
"""Those that begin on a channel and last for a while, with how often beside each other."""


class FaultBoard:
    """Which faults last at this moment, and how often each has struck."""

    def __init__(self, chance: random.Random, now: Callable[[], Millis]) -> None:
        self.struck: Counter[str] = Counter()
        self._chance, self._now = chance, now
        self._struck_at: dict[tuple[TrialFault, str], Millis] = {}
        self._lasting: dict[tuple[TrialFault, str], tuple[Millis, Millis, float]] = {}

    def begin(self, fault: TrialFault, channel: str, *, lasts_ms: int, share: float = 1.0) -> None:
        """From now on it strikes that share of the calls."""
        now = self._now()
        self._lasting[fault, channel] = now, now + lasts_ms, share

    def since(self, fault: TrialFault, channel: str) -> Millis | None:
        """When a fault began that lasts; None where none does. It counts as a strike."""
        lasting = self._lasting.get((fault, channel))
        if lasting is None:
            return None
        began, until, share = lasting
        if self._now() >= until or (share < 1 and self._chance.random() >= share):
            return None
        self.note(fault, channel)
        return began

    def strikes(self, fault: TrialFault, channel: str) -> bool:
        """Whether a fault strikes this call."""
        return self.since(fault, channel) is not None

    def note(self, fault: TrialFault, channel: str = "") -> None:
        """Count a strike."""
        self.struck[fault] += 1
        self._struck_at[fault, channel] = self._now()

    def any_since(
        self, at: Millis, faults: Collection[TrialFault], channels: Collection[str]
    ) -> bool:
        """Whether any of these has struck any of these channels since then."""
        return any(
            struck_at >= at and fault in faults and channel in channels
            for (fault, channel), struck_at in self._struck_at.items()
        )

    def end_all(self) -> None:
        """From now on everything goes well."""
        self._lasting.clear()

"""The promises, how often each was checked, and every breach of one."""

from collections import Counter
from enum import StrEnum

import msgspec

from store.model import Millis

BREACHES_MAX = 5
"""So many of a promise are kept: the first says what is wrong."""


class Promise(StrEnum):
    """Each as the user is told of it."""

    APPROVED = "no write without an approval or a rule that allows it"
    BASIS = "no write whose basis had moved"
    FRESH = "no write without a reading right before, where the channel gives one"
    ONCE = "no write twice"
    NEGATIVE = "never a negative"
    AUTHORITY = "nothing written from a stale, quarantined or unknown authority"
    POLICY = "nothing above share, cap and buffer"
    LOST = "no approval lost"
    EXPIRED = "none applied after undo or expiry"
    AUDIT = "each write has its who, when, why, seen and result"
    ONE_ENGINE = "one engine writes at a time"
    REASON = "no open disagreement without an update or a reason"
    ORDER = "an order gives back no more than it took"
    HISTORY = "history agrees with latest"
    CONVERGES = "after faults stop, every cell agrees or says why it can't"
    REDUCES = "an approved reduction raises nothing"
    OVERSOLD = "oversold units never exceed those without Skew, but for races"
    CAUSE = "no write makes a number worse without a race, a fault or caution"
    INTACT = "the cache stays whole, and the engine runs"


class Breach(msgspec.Struct, frozen=True):
    """A promise that was broken."""

    promise: Promise
    at: Millis
    """Since the trial began."""
    words: str


class Judge:
    """Counts the checks, and keeps the breaches."""

    def __init__(self) -> None:
        self.checked: Counter[str] = Counter()
        self.broken: list[Breach] = []

    def check(self, promise: Promise, holds: bool, at: Millis, *words: object) -> None:  # noqa: FBT001
        """Count a check; `words` say what was seen where it does not hold."""
        self.checked[promise] += 1
        if holds:
            return
        if sum(breach.promise is promise for breach in self.broken) < BREACHES_MAX:
            self.broken.append(Breach(promise, at, " ".join(map(str, words))))

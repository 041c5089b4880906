"""What became of a poll, as a value: also for those who read an answer, and never poll."""

import msgspec

from store.model import Millis, PollOutcome


class PollReport(msgspec.Struct, frozen=True):
    """What became of one poll, for a report or an answer to another process."""

    channel: str
    outcome: PollOutcome
    listings: int
    changed: int
    took_ms: int
    error: str | None = None
    warnings: tuple[str, ...] = ()
    """What is doubtful though it could be read."""
    since: Millis | None = None
    """It asked only for what changed since then; None: it read everything."""

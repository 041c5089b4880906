"""Why something cannot be acted on at this moment, as codes: the words are the reader's.

Nothing of it is stored: what holds something back hangs on the clock.
"""

from enum import StrEnum

import msgspec


class Reason(StrEnum):
    """Why a disagreement or an update cannot be acted on now, the strongest first."""

    NEVER_READ = "never_read"
    QUARANTINED = "quarantined"
    CHANNEL_STALE = "channel_stale"
    UNREADABLE = "unreadable"
    AUTHORITY_QUARANTINED = "authority_quarantined"
    AUTHORITY_STALE = "authority_stale"
    AUTHORITY_UNREADABLE = "authority_unreadable"
    AUTHORITY_DUPLICATE = "authority_duplicate"
    FROZEN = "frozen"
    """Something other than Skew fights over the cell."""
    SETTLING = "settling"
    AUTHORITY_BEHIND = "authority_behind"
    """The authority was not read since the channel fell: it may not know yet why."""
    INCOMPLETE = "incomplete"
    """A file of changes is missing: what the channel or its authority shows may be too high."""
    SECOND_READING = "second_reading"
    """The channel must show it twice."""
    IGNORED = "ignored"
    """Of an open one: a person's rule ignores it."""
    OBSERVED = "observed"
    """Of an open one: nothing is written to its channel."""
    NO_TARGET = "no_target"
    """Of an open one: the authority does not say what should be shown."""
    NEGATIVE_FIRST = "negative_first"
    """Of an open state: a write sets both, and the number is below zero yet."""
    NOT_WRITTEN = "not_written"
    """Of an open one: its channel is written, but this of it can't be or should not be."""
    DECIDED = "decided"
    """Of an open one: its last update ended without it, and nothing has moved since."""
    PAUSED = "paused"
    """Of an update: a person has paused its channel."""
    WRITES_PAUSED = "writes_paused"
    """Of an update: a person has paused all writes."""
    WINDOW = "window"
    """Of an update: it is a raise, or a rule's, and no window lets it through now."""


SETTLING = (
    Reason.SETTLING, Reason.INCOMPLETE, Reason.AUTHORITY_BEHIND, Reason.SECOND_READING,
)  # fmt: skip
"""These pass by themselves: what waits for one of them settles, and is not unknown."""


STANDING = (
    Reason.FROZEN, Reason.IGNORED, Reason.OBSERVED, Reason.NO_TARGET, Reason.NEGATIVE_FIRST,
    Reason.NOT_WRITTEN, Reason.DECIDED,
)  # fmt: skip
"""These say why nothing is proposed though all is known: what stands like that is open."""


class HeldBack(msgspec.Struct, frozen=True):
    """What keeps an update from being approved or written now."""

    reason: Reason
    detail: str = ""
    """What was said when it was frozen or paused."""
    by: str = ""
    """Who paused its channel, or all writes."""
    until: int | None = None
    """When that ends by itself, in milliseconds since 1970, where it is known."""

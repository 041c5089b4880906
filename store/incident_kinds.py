"""The kinds of incident: trouble with a channel rather than a SKU."""

from enum import StrEnum


class IncidentKind(StrEnum):
    STALE = "stale"
    QUARANTINED = "quarantined"
    CREDENTIALS = "credentials"
    CONTRACT = "contract"
    UNREADABLE = "unreadable"
    CRASHED = "crashed"
    SECOND_WRITER = "second writer"
    SURPRISE = "surprise"
    GAP = "gap"
    UNREPORTED = "unreported"
    EVENTS = "events"
    CLOCK = "clock"
    """A file or a source time is of a time to come, by this machine's clock."""
    UNSEEN = "unseen"
    """The authority has not taken in an event for longer than `unseen_after`."""
    LOOP = "loop"
    """Two channels answer each other's corrections."""
    SHARED_POOL = "shared pool"
    """An update of one SKU sets another one of the channel too."""
    DEPRECATION = "deprecation"
    """The channel announces that a way in which we ask it ends."""
    EXPIRING = "expiring"
    """Its credentials end soon, or have ended."""

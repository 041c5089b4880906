"""How the channels have behaved of late, as values.

Counts and spans are of one window, the last `WINDOW_MS`. Nothing of them is stored.
"""

from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from store.model import Freshness, Kind, Millis, Status

WINDOW_MS = 7 * 86_400_000

NOTHING: Mapping[str, int] = MappingProxyType({})


class Spans(msgspec.Struct, frozen=True):
    """How long something took, over all the times that are known exactly."""

    count: int
    p50_ms: int
    p95_ms: int


class OpenCount(msgspec.Struct, frozen=True):
    """How many disagreements of one kind stand at this moment with one status."""

    kind: Kind
    status: Status
    count: int


class Sales(msgspec.Struct, frozen=True):
    """What other channels sold of the SKUs that a channel sells too: orders less cancellations."""

    skus: int
    """How many SKUs sold at all."""
    p95_pieces: int
    """What one of the fastest-selling SKUs sold, in pieces: the 95th percentile of those."""
    over_ms: int
    """In how long."""


class ChannelBehaviour(msgspec.Struct, frozen=True, kw_only=True):
    """One configured channel, in the window."""

    name: str
    freshness: Freshness
    age_ms: int | None
    """Since its last good poll."""
    good: int = 0
    failed: int = 0
    quarantined: int = 0
    """Polls that were quarantined, whatever became of them later."""
    moved: int = 0
    """Readings that polls found moved, and not to their targets: its own doing."""
    reports_events: bool = False
    """An event of it was ever taken."""
    kinds: Mapping[str, int] = NOTHING
    """Events by kind."""
    fates: Mapping[str, int] = NOTHING
    """Events by what became of them when they came."""
    odd: Mapping[str, int] = NOTHING
    """Events that it misreported, by `Oddity`."""
    repeated: int = 0
    """Events that have come more than once."""
    refused_words: str = ""
    """Why the newest of the refused was."""
    overdue: int = 0
    """Its events that the authority has not taken in for longer than it may."""
    overdue_ms: int = 0
    """How old the oldest of those is."""
    arrival: Spans | None = None
    """From when an event happened until we took it."""
    shown: Spans | None = None
    """From when its target moved until it showed it (`store.checklist.delays`)."""
    followed: Spans | None = None
    """Those of `shown` that no write of ours brought about."""
    included: Spans | None = None
    """As an authority: from a channel's event until its reading included it."""
    overlooked: Spans | None = None
    """As an authority: how much later than an event its latest reading without it was."""
    frozen: int = 0
    fought: Mapping[str, int] = NOTHING
    """Incidents of a second writer or a loop, by kind."""
    changed_back: int = 0
    """Verified corrections after which it went back to what it had shown."""
    open: tuple[OpenCount, ...] = ()
    ended: Mapping[str, int] = NOTHING
    """Corrections that ended, by status."""
    closed: Spans | None = None
    """From a disagreement's first sight to its end."""
    oversold: int = 0
    """Disagreements of the kind `negative` that stood in the window."""
    sold_elsewhere: Sales | None = None
    states: Mapping[str, int] = NOTHING
    """Listings by state as it says it, of a sample of the SKUs."""


class Measured(msgspec.Struct, frozen=True):
    """How everything behaved in the window that ends at `at`."""

    at: Millis
    since: Millis
    channels: tuple[ChannelBehaviour, ...]
    """Those that the cache knows as configured, in that order."""
    ignored: int = 0
    """Disagreements that a rule ignores, beside those that each channel has open."""


def spans(spans_ms: list[int]) -> Spans | None:
    """The count and the nearest-rank percentiles; None of nothing."""
    if not spans_ms:
        return None
    ordered = sorted(spans_ms)
    return Spans(len(ordered), percentile(ordered, 50), percentile(ordered, 95))


def percentile(ordered: list[int], percent: int) -> int:
    """The nearest-rank percentile of values in ascending order, at least one."""
    return ordered[-(-len(ordered) * percent // 100) - 1]

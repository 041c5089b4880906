"""What screens and reports are given, as values, and the filter of the disagreements."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

import msgspec

from store.channels.write_pauses import WritePause
from store.database.lease import Lease
from store.model import (
    CorrectionStatus,
    Direction,
    Freshness,
    Incident,
    Kind,
    Millis,
    PollOutcome,
    Status,
)
from store.queries.ranking_values import Severity, Side
from store.reasons import Reason

FAILURES = (PollOutcome.FAILED, PollOutcome.QUARANTINED, PollOutcome.REPLACED)
"""Outcomes that say that a poll went wrong; what a person accepted later went wrong no more.

A quarantined one is `replaced` as soon as another poll comes in; that does not make it good.
"""


class Sort(StrEnum):
    """Orders of the disagreements: the first is what the operator sees unless they choose."""

    RISK = "money at risk"
    SEVERITY = "severity"
    AGE = "age"
    SKU = "SKU"
    CHANNEL = "channel"
    DELTA = "delta"


class DisagreementFilter(msgspec.Struct, frozen=True):
    """Which disagreements are wanted; empty means all. Shared by the reports and the console."""

    skus: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    kinds: tuple[Kind, ...] = ()
    statuses: tuple[Status, ...] = ()
    """Of these and the next three any may hold."""
    reasons: tuple[Reason, ...] = ()
    severities: tuple[Severity, ...] = ()
    updates: tuple[CorrectionStatus, ...] = ()
    """How its update stands: one that is live, or ended and keeps the listing silent."""
    risk_min: float | None = None
    """Money at risk above this, estimates included; `risk_max`: below."""
    risk_max: float | None = None
    age_min_ms: int | None = None
    """At least this old; `age_max_ms`: younger."""
    age_max_ms: int | None = None
    words: tuple[str, ...] = ()
    """Each is part of the SKU or the title, whatever its case."""
    patterns: tuple[str, ...] = ()
    """SKUs with `*` for any text and `?` for any character; one of these or of `skus` must fit."""
    causes: tuple[str, ...] = ()
    """Kinds of cause, as far as a `Lens` knows them; empty: not known yet."""
    units_min: int | None = None
    """Units above this, whatever their sign; `units_max`: below."""
    units_max: int | None = None
    side: Side | None = None
    acknowledged: bool | None = None
    ignored: bool | None = None
    """Whether a rule ignores it; None: none that one does, unless `reasons` ask for such."""
    without: "tuple[DisagreementFilter, ...]" = ()
    """What must not be: whatever fits any of these is left out. None of them has one itself."""

    @property
    def asks_for_causes(self) -> bool:
        """Whether it can be answered only where causes are known."""
        return bool(self.causes) or any(part.causes for part in self.without)


class RecentPoll(msgspec.Struct, frozen=True):
    """One poll, as a sparkline and a list of them show it."""

    id: int
    started_at: Millis
    took_ms: int | None
    """None while it runs."""
    seen: int
    """Records that it read."""
    outcome: PollOutcome
    error: str | None = None
    """What the channel said, or who stopped it; only where one channel is asked for."""
    changed: int | None = None
    is_delta: bool = False
    """It read only what changed; `seen` are all that the channel has."""


class Progress(msgspec.Struct, frozen=True):
    """How far a poll that runs has come."""

    since: Millis
    seen: int
    """Records read so far, as of a second ago at most."""
    expected: int | None
    """How many there may be in all: as the channel announced, else as the last good poll had."""


class ChannelHealth(msgspec.Struct, frozen=True):
    """One row of the channels panel and of `skew status`."""

    id: int
    name: str
    kind: str
    direction: Direction
    roles: tuple[str, ...]
    freshness: Freshness
    last_success_at: Millis | None
    age_ms: int | None
    listings: int
    last_error: str | None
    last_poll_at: Millis | None
    next_poll_at: Millis | None
    every_ms: int
    paused_until: Millis | None
    recent_ms: tuple[int, ...]
    """How long each of the newest polls took, oldest first: a sparkline."""
    quarantined_poll: int | None
    unexplained: int | None = 0
    """Units, whatever their sign, that its listings moved and nothing accounts for.

    None of the past: it is not kept."""
    paused_reason: str | None = None
    paused_by: str | None = None
    """The person; None where it is the engine's own pause, or none."""
    recent: tuple[RecentPoll, ...] = ()
    """The newest polls that have ended, oldest first."""
    running: Progress | None = None
    allowance_left: int | None = None
    """Requests that the channel said it would still take, and of how many; as of `…_at`."""
    allowance_of: int | None = None
    allowance_at: Millis | None = None
    allowance_unit: str | None = None
    """What they are where they are not requests: `points`."""
    rate_per_s: float | None = None
    """What we hold ourselves to, by `rate`; None: no limit of ours."""
    warnings: tuple[str, ...] = ()
    """What is doubtful about its newest poll, though that counts."""
    swept_at: Millis | None = None
    """When it was last read as a whole, where the newest good poll asked only for what changed.

    None: that one read everything."""

    @property
    def failed(self) -> int:
        """How many of the recent polls failed or were quarantined."""
        return sum(poll.outcome in FAILURES for poll in self.recent)


class OpenTotals(msgspec.Struct, frozen=True):
    """What the open disagreements come to."""

    open: int
    settling: int
    unknown: int
    oversell: int
    """How many open disagreements show too much."""
    oversell_units: int
    oversell_money: float
    undersell: int
    undersell_units: int
    undersell_money: float
    unknown_oversell_units: int = 0
    """What was too much when it could last be seen, of disagreements that are unknown now."""


class Overview(OpenTotals, frozen=True, kw_only=True):
    """The header: one glance at everything, at one instant."""

    skus: int
    channels: int
    channels_stale: int
    pending: int
    """Updates that have not ended, the snoozed ones among them: as many as the list has."""
    incidents: int
    """Those that are open and not snoozed."""
    errors_5m: int
    """Polls that failed or were quarantined in the last five minutes."""
    newest_reading_at: Millis | None
    errors_by_minute: tuple[int, ...] = ()
    """The same for each of the last ten minutes, oldest first: a sparkline."""
    acknowledged: int = 0
    """How many of all these, whatever their status, a person has acknowledged."""
    ignored: int = 0
    """How many there are beside all these that a rule ignores."""
    snoozed_or_rejected: int = 0
    """How many of the rest have an update that a person has put off or turned down."""
    snoozed: int = 0
    """How many of the pending updates are put off."""
    unreadable: int = 0
    """Records that could not be read and are no disagreement: nobody knows whether they agree."""
    uncounted: int = 0
    """Listings that can't be compared, because they or their authority have no number."""

    @property
    def disagreements(self) -> int:
        """How many there are, whatever their status: as many as the list has."""
        return self.open + self.settling + self.unknown


class ShownCell(msgspec.Struct, frozen=True):
    """What one channel shows for one SKU at one location, with the trust it deserves."""

    channel: str
    location: str
    listing_id: int
    present: bool
    available: int | None
    on_hand: int | None
    committed: int | None
    unavailable: int | None
    incoming: int | None
    threshold: int | None
    state: str | None
    target: int | None
    target_state: str | None
    price_minor: int | None
    observed_at: Millis | None
    source_at: Millis | None
    trusted: bool
    """False where the channel is stale, quarantined or never read, or the record unreadable."""
    problem: str | None
    differs: bool
    copies: int
    truth: int | None
    """What the authority has of its item, in pieces; so are the next five."""
    truth_state: str | None
    truth_on_hand: int | None
    truth_incoming: int | None
    pending: int
    pending_on_hand: int
    is_truth_uncounted: bool = False
    """Whether the authority has its item and does not count it."""
    at_least: bool = False
    """Whether the channel says only that it has at least `available`."""
    ref: str = ""
    """The channel's own id of the listing; empty where it gives none."""

    @property
    def is_uncounted(self) -> bool:
        """Whether the channel has it and does not count it."""
        return self.present and self.copies == 1 and self.available is None


class StatusCounts(msgspec.Struct, frozen=True):
    """Channels, counts, updates, incidents and the engine, at one instant."""

    channels: tuple[ChannelHealth, ...]
    overview: Overview
    updates: Mapping[str, int]
    """How many corrections stand in each status; every status has a key."""
    incidents: tuple[Incident, ...]
    lease: Lease | None
    """None where no engine runs."""
    write_pause: WritePause | None = None
    """Who paused all writes; None where they are let through."""


class HistoryEntry(msgspec.Struct, frozen=True):
    """One line of a SKU's timeline. `detail` holds the kind's own keys, JSON-ready."""

    at: Millis
    channel: str
    kind: str
    """`reading`, `target`, `event`, `correction` or `disagreement`."""
    detail: Mapping[str, object] = MappingProxyType({})
    known_at: Millis = 0
    """When we first knew of it; a timeline is in this order."""

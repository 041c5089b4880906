"""The shared vocabulary: frozen values and enums, used by every layer.

Times are `Millis`, whole milliseconds since 1970 in UTC; ages and spans are milliseconds too and
end in `_ms`. Quantities are whole units. Prices are minor units (cents) of the channel's own
currency. Anything that comes from a channel is data: it is cleaned where it is shown, not here.
"""

from enum import StrEnum

import msgspec

from store.incident_kinds import IncidentKind as IncidentKind  # noqa: PLC0414 - for mypy, a name of ours.
from store.reasons import Reason

Millis = int

QUANTITY_MAX = 10**12
"""No shop holds a million million pieces: a record with a larger number is refused."""
SKU_LENGTH_MAX = 200


class State(StrEnum):
    """Whether a listing can be sold, beyond how many there are."""

    ACTIVE = "active"
    PREORDER = "preorder"
    BACKORDER = "backorder"
    HOLD = "hold"
    DISABLED = "disabled"
    ARCHIVED = "archived"


NOT_FOR_SALE = (State.HOLD, State.DISABLED, State.ARCHIVED)
"""States that become 0 on a channel that cannot show them (rule 6, docs/architecture.md)."""

UNCOUNTED = "uncounted"
"""The state of a listing that its channel sells without counting: it has no number at all. Of one
that is not for sale, its own state stands in its place (rule 6, docs/architecture.md)."""


class Kind(StrEnum):
    """What sort of disagreement."""

    QUANTITY = "quantity"
    STATE = "state"
    MISSING = "missing"
    UNLISTED = "unlisted"
    NEGATIVE = "negative"
    DUPLICATE = "duplicate"


CORRECTABLE = (Kind.QUANTITY, Kind.NEGATIVE, Kind.STATE)
"""The kinds that Skew proposes a correction for; the others need a person."""


class Status(StrEnum):
    """Whether a disagreement can be acted on at this moment. Hangs on the clock: never stored."""

    OPEN = "open"
    SETTLING = "settling"
    UNKNOWN = "unknown"


class Direction(StrEnum):
    OBSERVE = "observe"
    PUSH = "push"
    TWO_WAY = "two-way"


class Freshness(StrEnum):
    """How far a channel's readings can be trusted now. Hangs on the clock: never stored."""

    FRESH = "fresh"
    STALE = "stale"
    FAILING = "failing"
    QUARANTINED = "quarantined"
    NEVER = "never"


class PollOutcome(StrEnum):
    RUNNING = "running"
    GOOD = "good"
    FAILED = "failed"
    QUARANTINED = "quarantined"
    ACCEPTED = "accepted"
    REPLACED = "replaced"
    DISCARDED = "discarded"
    CANCELLED = "cancelled"
    """A person stopped it: that says nothing about the channel."""


class CorrectionStatus(StrEnum):
    PROPOSED = "proposed"
    SNOOZED = "snoozed"
    APPROVED = "approved"
    APPLYING = "applying"
    APPLIED = "applied"
    VERIFIED = "verified"
    REJECTED = "rejected"
    SUPERSEDED = "superseded"
    FAILED = "failed"
    NOT_APPLIED = "not_applied"
    UNKNOWN = "unknown"
    EXPIRED = "expired"


LIVE_CORRECTIONS = (
    CorrectionStatus.PROPOSED, CorrectionStatus.SNOOZED, CorrectionStatus.APPROVED,
    CorrectionStatus.APPLYING, CorrectionStatus.APPLIED,
)  # fmt: skip
"""A listing has at most one correction in these states."""


class Record(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What one channel says about one listing, decoded: one row of a page.

    `available` is what the channel would sell now, in its own terms and as it says it, negative
    included; a channel that has no such number gives on hand − committed − threshold (rule 11,
    docs/architecture.md). It is None where the channel does not count the listing; `state` is then
    `UNCOUNTED`, unless it is not for sale, and None where there are no states. `ref` is the
    channel's own key of it, for writing, `source_at` when the channel says that it last moved.
    """

    sku: str
    available: int | None
    location: str = ""
    state: str | None = None
    on_hand: int | None = None
    committed: int | None = None
    unavailable: int | None = None
    incoming: int | None = None
    threshold: int | None = None
    price_minor: int | None = None
    title: str | None = None
    source_at: Millis | None = None
    ref: str = ""
    twins: str | None = None
    """JSON of what each of its listings shows, of several on purpose (`sync.channels.twins`)."""
    at_least: bool = False
    """It says only that it has at least so many: it agrees with every target of as many or more."""


class Refused(msgspec.Struct, frozen=True):
    """A bad record (rule 12) at `page 3, record 17`: without a SKU it `may_be` so many listings."""

    place: str
    reason: str
    sku: str | None = None
    location: str = ""
    may_be: int = 1


class Authority(msgspec.Struct, frozen=True):
    """Who is right about the SKUs that match a pattern (rule 1, docs/architecture.md)."""

    skus: str
    """A case-sensitive glob of `*`, `?` and `[…]`: `*` for all."""
    quantity: str
    state: str


class Figure(StrEnum):
    """Which of the authority's figures a target is made of."""

    AVAILABLE = "available"
    ON_HAND = "on_hand"
    AVAILABLE_AND_INCOMING = "available+incoming"


class Policy(msgspec.Struct, frozen=True):
    """How the authority's stock becomes a channel's target, for the SKUs that match a pattern."""

    skus: str
    buffer: int = 0
    share_ppm: int = 1_000_000
    """The share in parts per million, so that no float is ever in the arithmetic."""
    cap: int | None = None
    sold: bool = True
    state: State | None = None
    units: int = 1
    """How many of the smallest pieces one unit of this channel holds; a target rounds down."""
    made_of: Figure = Figure.AVAILABLE
    when_out: State | None = None
    """The state to show where the target is 0 and nothing else forbids selling; None: none."""


class ChannelTerms(msgspec.Struct, frozen=True):
    """What the store must know of one configured channel to compare it: times and policy.

    `policies` are in order, the first whose pattern matches a SKU wins; the last one's pattern is
    `*`. `states` are those that the channel can express, empty where it has none.
    """

    name: str
    kind: str
    direction: Direction
    roles: tuple[str, ...]
    every_ms: int
    stale_after_ms: int
    max_source_age_ms: int | None
    lag_ms: int
    settle_reduce_ms: int
    settle_raise_ms: int
    states: tuple[State, ...]
    writes: tuple[str, ...]
    """Which of `quantity` and `state` may be proposed: none unless the direction is push."""
    report_missing: bool
    policies: tuple[Policy, ...]
    hides: tuple[State, ...] = NOT_FOR_SALE
    """States that it cannot express: they collapse to a quantity of 0 (`sync.targets.policy`)."""
    places: tuple[str, ...] = ()
    """The locations at which it is expected to list; empty: wherever the authority has stock."""
    inflow: tuple[str, ...] = ()
    """Attributes that flow from it to the authority (rule 2, docs/architecture.md)."""


class Pool(msgspec.Struct, frozen=True):
    """A place of a channel that sells from several of the authority's locations together."""

    location: str
    """Its name as an item's location."""
    members: tuple[str, ...]
    """The authority's locations whose stock it sums."""


class Component(msgspec.Struct, frozen=True):
    """A bundle holds `quantity` pieces of `component`; nested bundles are flattened."""

    bundle: str
    component: str
    quantity: int


class Terms(msgspec.Struct, frozen=True):
    """All of a configuration that decides what is compared. The last authority's pattern is `*`."""

    authorities: tuple[Authority, ...]
    channels: tuple[ChannelTerms, ...]
    bundles: tuple[Component, ...] = ()
    pools: tuple[Pool, ...] = ()
    unseen_after_ms: int = 3_600_000
    """Longer than this unseen by the authority, an event is an incident."""


class Cause(msgspec.Struct, frozen=True):
    """Why a listing disagrees, with the evidence as one sentence of numbers and times."""

    kind: str
    confidence: float
    evidence: str


class Disagreement(msgspec.Struct, frozen=True):
    """A reading that differs from its target, with its verdict at the moment it was asked for."""

    id: int
    listing_id: int
    sku: str
    title: str
    channel: str
    location: str
    kind: Kind
    status: Status
    reason: Reason | None
    """Why it cannot be acted on; None where it can."""
    decidable_at: Millis | None
    available: int | None
    state: str | None
    observed_at: Millis | None
    target: int | None
    target_state: str | None
    delta: int | None
    price_minor: int | None
    first_seen_at: Millis
    last_seen_at: Millis
    correction_id: int | None
    correction_status: CorrectionStatus | None
    correction_version: int | None
    acknowledged_by: str | None = None
    acknowledged_at: Millis | None = None
    acknowledged_why: str | None = None
    ignored_rule: int | None = None
    """The rule that ignores it, by its id; None: none does. Then who made that rule, why, and until
    when it holds, None: until a person ends it."""
    ignored_by: str | None = None
    ignored_why: str | None = None
    ignored_until: Millis | None = None
    assumed_risk_minor: int | None = None
    severity: int = 0
    twins: str | None = None
    """JSON of what each of the SKU's listings there shows, where it has several."""
    surplus: int | None = None
    """Units that they show above the target, together."""
    at_least: bool = False
    """Its channel says only that it has at least `available`: it may be off by more."""
    snoozed_until: Millis | None = None
    """Until when its update is put off."""
    rejected_id: int | None = None
    """The update for it that `rejected_by` turned down: nothing new until something moves."""
    rejected_by: str | None = None

    @property
    def is_uncounted(self) -> bool:
        """Whether its channel does not count it: then it has no number, and a person must act."""
        return self.kind is Kind.STATE and self.available is None

    @property
    def is_correctable(self) -> bool:
        """Whether Skew may propose an update for it."""
        return self.kind in CORRECTABLE and not self.is_uncounted

    @property
    def oversell_units(self) -> int:
        """Units shown above the target, 0 if none."""
        return max(0, -(self.delta or 0)) if self.surplus is None else self.surplus

    @property
    def undersell_units(self) -> int:
        """Units shown below the target, 0 if none."""
        return max(0, self.delta or 0)

    @property
    def money_at_risk(self) -> float | None:
        """The worth of what is off, in the channel's currency; None where no price is known."""
        risk_minor = self.risk_minor
        return None if risk_minor is None else risk_minor / 100

    @property
    def risk_minor(self) -> int | None:
        """The same in minor units, whole."""
        if self.price_minor is None or (not self.surplus and self.delta is None):
            return None
        return (self.surplus or abs(self.delta or 0)) * self.price_minor


class Correction(msgspec.Struct, frozen=True):
    """A proposed write that would end a disagreement. On screen: a pending update."""

    id: int
    listing_id: int
    sku: str
    title: str
    channel: str
    location: str
    status: CorrectionStatus
    version: int
    from_quantity: int | None
    from_state: str | None
    to_quantity: int | None
    to_state: str | None
    price_minor: int | None
    proposed_at: Millis
    decided_at: Millis | None
    decided_by: str | None
    second_by: str | None
    hold_until: Millis | None
    expires_at: Millis | None
    snoozed_until: Millis | None
    note: str | None
    result: str | None
    ended_at: Millis | None = None
    listings: int = 1
    """How many of the SKU's listings it writes, where there are several."""
    from_at_least: bool = False
    """The channel says only that it has at least `from_quantity`."""
    proof_until: Millis | None = None
    """Until when a reading may prove what the channel has accepted and applies later."""
    reverts: int | None = None
    """The update that it turns back, by its id; None where it follows its target."""

    @property
    def units(self) -> int:
        """Signed units that the write would add to what the channel shows, at most."""
        if self.to_quantity is None or self.from_quantity is None:
            return 0
        return (self.to_quantity - self.from_quantity) * (self.listings or 1)


class Incident(msgspec.Struct, frozen=True):
    """Trouble with a channel rather than a SKU: what a person has to look at."""

    id: int
    channel: str | None
    kind: str
    since: Millis
    last_at: Millis
    count: int
    message: str
    acknowledged_by: str | None
    key: str = ""
    """Which of its kind on its channel it is: for a second writer or a loop, the SKU."""
    acknowledged_at: Millis | None = None
    snoozed_by: str | None = None
    snoozed_until: Millis | None = None
    closed_at: Millis | None = None
    closed_by: str | None = None
    """Whose decision ended it; None where it ended by itself."""
    closed_why: str | None = None

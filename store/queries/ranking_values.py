"""How the disagreements are ranked, grouped and counted by age, as values."""

from array import array
from collections.abc import Mapping, Sequence
from enum import IntEnum, StrEnum
from types import MappingProxyType
from typing import Any

import msgspec

from store.model import Millis


class Severity(IntEnum):
    """How bad a disagreement is, the worst first: what the operator should see to next."""

    OVERSELL = 0
    """Open, and more is shown than there is: the next customer may buy what is not there."""
    WRONGLY_ON_SALE = 1
    """Open, and sold below zero, or on sale though it should not be."""
    UNDERSELL = 2
    """Open, and less is shown than there is: a sale is lost, no customer is."""
    LISTING = 3
    """Open, and of a listing rather than a number: another state, missing, unlisted, double."""
    SETTLING = 4
    UNKNOWN = 5
    SNOOZED_OR_REJECTED = 6
    """A person has put its update off until later, or turned it down."""
    ACKNOWLEDGED = 7
    """A person has seen it and said why it may stand."""

    @property
    def word(self) -> str:
        return self.name.lower().replace("_", " ")


AGE_EDGES_MS = (300_000, 3_600_000, 14_400_000, 86_400_000, 604_800_000)
"""Where one age's bucket ends and the next begins: 5 minutes, 1 and 4 hours, 1 and 7 days."""


class Side(StrEnum):
    """Whether more is shown than there is, or less."""

    OVERSELL = "oversell"
    UNDERSELL = "undersell"


class GroupBy(StrEnum):
    """What the disagreements of one group have in common."""

    NONE = "none"
    CAUSE = "cause"
    SKU = "SKU"
    CHANNEL = "channel"


class RankingHints(msgspec.Struct, frozen=True):
    """What ranks disagreements and is not in the cache: assumed prices, known causes."""

    prices: Mapping[int, int] = MappingProxyType({})
    """What a unit is taken to cost where no price is known (`triage.typical_prices`)."""
    causes: tuple[tuple[str, str], ...] = ()
    """Pairs of a cause's kind and, as JSON, the ids that it explains; of an id in none it is not
    known yet. A kind keeps its place: its group's id hangs on it."""


class Ranked(msgspec.Struct, frozen=True):
    """A snapshot of the disagreements in order: three columns, a place each."""

    ids: "array[int]"
    severities: bytes
    """Each one's `Severity`."""
    ages: bytes
    """Each one's place among `AGE_EDGES_MS`."""
    groups: "array[int]"
    """Each one's group, by `GroupTotal.id`; 0 where they are not grouped."""


class GroupTotal(msgspec.Struct, frozen=True):
    """What the disagreements of one group come to."""

    id: int
    """Below zero, so that no disagreement has it; the same for as long as the group exists."""
    label: str
    """The cause, the SKU or the channel; empty: no cause is known yet."""
    title: str
    count: int
    open: int
    acknowledged: int
    oversell_units: int
    """Of the open ones, as are the next two."""
    undersell_units: int
    risk_minor: int | None
    assumed: bool
    """Whether the money is in part an estimate, for want of prices."""
    oldest_at: Millis
    severity: Severity
    """The worst one's."""


_FIELDS = GroupTotal.__struct_fields__
ID, COUNT, SEVERITY = _FIELDS.index("id"), _FIELDS.index("count"), _FIELDS.index("severity")
"""Where these stand in one of `Grouped.totals`, which are too many to make values of."""


class Grouped(msgspec.Struct, frozen=True):
    """The groups of a snapshot, the worst first."""

    ranked: Ranked
    totals: Sequence[tuple[Any, ...]]
    """As the cache answers, in the order of `GroupTotal`; `ranking.total_of` makes one of them."""

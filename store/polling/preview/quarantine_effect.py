"""What accepting a quarantined poll would change, as values: its totals, its channels, its rows."""

import msgspec

from store.model import Millis
from store.poll_counts import PollCounts


class EffectRow(msgspec.Struct, frozen=True):
    """One listing of the channel that accepting the poll would move."""

    sku: str
    location: str
    title: str
    before: int | None
    """What it shows by the last good reading; None where it is not listed."""
    after: int | None
    before_state: str | None
    after_state: str | None
    price_minor: int | None
    target: int | None
    """What it should show once the poll is accepted; None for an authority's own."""
    disagrees: str
    """The kind of disagreement that there would be; empty where there would be none."""
    disagreed: str
    """The kind that there is now."""
    delta: int | None
    elsewhere: int
    """How many other channels' listings of it would newly disagree."""


class ChannelEffect(msgspec.Struct, frozen=True):
    """What accepting would do to one channel's disagreements."""

    channel: str
    opened: int
    closed: int
    targets_to_zero: int
    """Listings whose target would fall to 0: approved, their updates would end their sale."""


class MovedTotals(msgspec.Struct, frozen=True):
    """What the listings that would move come to. Money is in the channel's currency."""

    moved: int
    """Listings of the channel whose number, state or presence would change."""
    units_up: int
    units_down: int
    money_up: float
    money_down: float
    unpriced: int
    to_zero: int
    """SKUs that would show nothing for sale where they show something now; gone ones included."""


class QuarantineEffect(MovedTotals, frozen=True, kw_only=True):
    """What accepting one quarantined poll would change."""

    channel: str
    poll_id: int
    reason: str
    read_at: Millis
    counts: PollCounts
    channels: tuple[ChannelEffect, ...]
    """Those whose disagreements or targets would change, in configured order."""
    rows: tuple[EffectRow, ...]
    """The listings that would move most, by units, most first."""

    @property
    def opened(self) -> int:
        return sum(effect.opened for effect in self.channels)

    @property
    def closed(self) -> int:
        return sum(effect.closed for effect in self.channels)

    @property
    def targets_to_zero(self) -> int:
        return sum(effect.targets_to_zero for effect in self.channels)

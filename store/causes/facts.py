"""What is known about a disagreement that could explain it, as values.

Times are instants; quantities are the channel's own units, unless a field says pieces: the smallest
units of all.
"""

from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from store.event_kinds import EventKind
from store.model import CorrectionStatus, Millis

MANY = 5
"""Fewer SKUs that differ in the same way may do so by accident."""

CHANGES = 3
"""How often two channels must have changed alike to look like one pool."""


class KnownEvent(msgspec.Struct, frozen=True):
    """One event that moves the disagreement's item, or a part that it is made of."""

    channel: str
    event_id: str
    kind: EventKind
    sku: str
    """The SKU that the channel reported: not the item's own where that is part of a bundle."""
    quantity: int
    """As the channel said it, in its own units."""
    at: Millis
    received_at: Millis
    order: str | None
    repeats: int
    """How often it came again, the same."""
    direct: bool
    """Whether the channel reported it for the very item that disagrees."""
    item_id: int
    """The item that it moves: the disagreement's own, or a part of it."""
    available: int
    """Pieces that it adds to what is available; `on_hand` likewise."""
    on_hand: int
    unseen: bool
    """Whether it is not in the authority's reading yet, and so in the target only."""


class ComponentFacts(msgspec.Struct, frozen=True):
    """One of the items that a bundle or a pool is made of. In pieces."""

    item_id: int
    sku: str
    quantity: int
    how: str
    """`bundle` or `pool`."""
    truth_quantity: int | None
    truth_state: str | None
    pending: int
    is_uncounted: int = 0
    """1 where its authority has it and does not count it."""


class Update(msgspec.Struct, frozen=True):
    """A correction of ours that has ended."""

    id: int
    status: CorrectionStatus
    from_quantity: int | None
    from_state: str | None
    to_quantity: int | None
    to_state: str | None
    began_at: Millis | None
    """When it was written; None where it never was."""
    ended_at: Millis
    approved_by: str | None = None
    reverts: int | None = None
    """The update that it turned back; None where it followed its target."""


class SimilarSku(msgspec.Struct, frozen=True):
    """A SKU that looks like the disagreement's and is not it."""

    sku: str
    counterpart: bool
    """It is missing where the other is unlisted, or the other way round: likely one product."""


class SiblingListing(msgspec.Struct, frozen=True):
    """Another channel's listing of the same SKU at the same location, as it changed of late."""

    channel: str
    target: int | None
    values: tuple[int | None, ...]
    """What it showed, oldest first, the present last; no two neighbours are equal."""


class PoolTwin(msgspec.Struct, frozen=True):
    """Another SKU of the same channel that changed from the same number to the same number."""

    sku: str
    update: Update | None = None
    """Ours to that SKU, which set the number just before; None where both moved by themselves."""
    values: tuple[int | None, ...] = ()
    """What both have shown alike, each change in the same poll, oldest first, the present last."""


class ChannelPeers(msgspec.Struct, frozen=True):
    """The open quantity disagreements of one channel, all together."""

    open: int = 0
    deltas: Mapping[int, int] = MappingProxyType({})
    """Delta → how many disagree by just that; only those of five and more."""
    ratio: int = 1
    """How many of the one the other holds, if many have the same exact ratio; else 1."""
    ratio_count: int = 0
    """How many disagree by just that ratio, rounding down included."""
    target_is_larger: bool = True


class ChannelCrowd(msgspec.Struct, frozen=True):
    """What those have in common, and which of them are each other's."""

    peers: ChannelPeers = ChannelPeers()
    swaps: Mapping[int, str] = MappingProxyType({})
    """Disagreement → the SKU of the only other one that shows its target, and it that one's."""

    @property
    def open(self) -> int:
        """How many there are."""
        return self.peers.open


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known about one disagreement."""

    disagreement_id: int
    authority: str | None
    """The channel that the target rests on; None where none of the authorities has the SKU."""
    truth_quantity: int | None = None
    """In pieces, as are `truth_on_hand`, `truth_incoming` and the two `pending` sums."""
    truth_state: str | None = None
    truth_on_hand: int | None = None
    truth_incoming: int | None = None
    pending: int = 0
    pending_on_hand: int = 0
    parts: tuple[ComponentFacts, ...] = ()
    events: tuple[KnownEvent, ...] = ()
    """Those since a day before it began to disagree and all unseen ones, oldest first."""
    events_whole: bool = True
    """False where there are so many that the older ones are left out."""
    reports_events: bool = False
    """Whether its channel has ever reported an event."""
    as_of: Millis | None = None
    """When the channel's last good poll began, or its file was made."""
    since: Millis
    """From when on it has disagreed without a break, whatever the kind."""
    agreed_quantity: int | None = None
    """What was shown and was the target just before that; None where it never agreed."""
    agreed_state: str | None = None
    earlier_target_since: Millis | None = None
    """From when to when the reading of now was the target, since it last agreed."""
    earlier_target_until: Millis | None = None
    polls_since_moved: int = 0
    """Good polls of the channel since the reading or the target last moved."""
    last: Update | None = None
    """The newest ended correction that was not just superseded."""
    written: Update | None = None
    """The newest one that reached the channel, or may have."""
    written_since: tuple[Update, ...] = ()
    """Those that reached it, or may have, since it last agreed."""
    unproven: tuple[Update, ...] = ()
    """Those of the last day that reached it, or may have, and that no reading has shown, oldest
    first."""
    frozen_at: Millis | None = None
    frozen_why: str | None = None
    in_loop: bool = False
    """Frozen because two channels answer each other's updates."""
    in_pool: bool = False
    """Frozen because an update of another SKU of its channel sets it too."""
    changes: tuple[int | None, ...] = ()
    """What its channel showed of late, oldest first, the present last; no neighbours are equal."""
    siblings: tuple[SiblingListing, ...] = ()
    """The other channels' listings of the item that show the same now, though they should not;
    only where its own has changed three times."""
    twins: tuple[PoolTwin, ...] = ()
    """Other SKUs of its channel that moved with it: by an update of ours, or through three changes
    alike; those with the most changes alike first."""
    swapped_with: str | None = None
    """The one SKU that shows this one's target, and whose target this one shows."""
    similar: tuple[SimilarSku, ...] = ()
    elsewhere: tuple[str, ...] = ()
    """Of a missing SKU the locations where its channel lists it, and the authority does not have
    it; of an unlisted one those where it is the other way round."""
    peers: ChannelPeers = ChannelPeers()

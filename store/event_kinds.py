"""Stock events: what kinds there are, and what each moves.

One event is one stock movement that a system reported. Its quantity is in that system's own units,
and positive but for `adjusted`, which is signed.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

import msgspec

from store.model import Millis, Refused


class EventKind(StrEnum):
    ORDERED = "ordered"
    CANCELLED = "cancelled"
    SHIPPED = "shipped"
    RETURN_RECEIVED = "return_received"
    RESTOCKED = "restocked"
    RECEIVED = "received"
    ADJUSTED = "adjusted"
    HELD = "held"
    RELEASED = "released"


class EventEffect(NamedTuple):
    """What one unit of an event adds to each figure: −1, 0 or 1."""

    available: int = 0
    committed: int = 0
    unavailable: int = 0
    on_hand: int = 0


EFFECTS: Mapping[EventKind, EventEffect] = MappingProxyType(
    {
        EventKind.ORDERED: EventEffect(available=-1, committed=1),
        EventKind.CANCELLED: EventEffect(available=1, committed=-1),
        EventKind.SHIPPED: EventEffect(committed=-1, on_hand=-1),
        EventKind.RETURN_RECEIVED: EventEffect(unavailable=1, on_hand=1),
        EventKind.RESTOCKED: EventEffect(available=1, unavailable=-1),
        EventKind.RECEIVED: EventEffect(available=1, on_hand=1),
        EventKind.ADJUSTED: EventEffect(available=1, on_hand=1),
        EventKind.HELD: EventEffect(available=-1, unavailable=1),
        EventKind.RELEASED: EventEffect(available=1, unavailable=-1),
    }
)
"""What each kind moves. On hand = available + committed + unavailable holds in every row."""


TAKES = (EventKind.ORDERED, EventKind.HELD)
"""What an order takes from what is available."""

RETURNS = (EventKind.CANCELLED, EventKind.RESTOCKED, EventKind.RELEASED)
"""What an order gives back: never more than it took."""


class Event(msgspec.Struct, frozen=True):
    """One stock movement, as its channel reported it, decoded and in our names."""

    id: str
    """The channel's own id of it: it counts once by (channel, id)."""
    kind: EventKind
    sku: str
    quantity: int
    at: Millis
    """When it happened, by the channel's clock."""
    location: str = ""
    order: str | None = None
    """The order that it belongs to: where two channels report the same one, it counts once."""


class EventFate(StrEnum):
    """What became of an event when it came."""

    PROJECTED = "projected"
    """The authority's reading did not include it yet: it moved the targets."""
    INCLUDED = "included"
    """The authority's reading included it already: no effect."""
    EXPLAINS = "explains"
    """It explains readings and moves no target: the authority's own, an adjustment that raises or
    is taken back, a return to an order whose taking was never reported."""
    EXCESS = "excess"
    """Its order has given back what it took already: it moved nothing."""
    COPY = "copy"
    """Another channel reported the same order before: the order counts once."""


class EventFault(StrEnum):
    """How an event can be misreported; each is counted (`skew check`)."""

    REPEAT = "repeat"
    """It came again, the same."""
    CONFLICT = "conflict"
    """It came again with a different body: the first one stands."""
    LATE = "late"
    """It came after the authority's reading had included it."""
    DISORDERED = "out of order"
    """It came after a later one of its channel."""
    EXCESS = "excess"
    """It gives back to an order more than the order took."""
    REFUSED = "refused"
    """It could not be taken: an unknown SKU, or a time in the future."""


class EventsTaken(msgspec.Struct, frozen=True):
    """What became of a batch of events."""

    new: int = 0
    repeats: int = 0
    conflicts: tuple[Refused, ...] = ()
    """Those that came again with a different body: the first one stands."""
    refused: tuple[Refused, ...] = ()
    """Those that could not be taken: an unknown SKU, a time in the future."""

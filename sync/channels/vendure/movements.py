"""Vendure's stock movements → events, each allocation with the order that it belongs to. Pure.

Where an order line is taken from several stock locations, Vendure writes its whole quantity on the
sale, release or cancellation of each (3.7.3, 2026-11).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from store.event_kinds import Event, EventKind
from store.model import Millis, Refused
from sync import values
from sync.channels import event_decoding

MATCH_MS = 30_000
"""An order is looked for this much earlier than its allocation: the same window matches alike."""
EARLIER_MS = 5_000
LATER_MS = 1_000
"""How far an order's time may be from its allocation's: some databases keep whole seconds."""

KINDS: Mapping[str, EventKind] = {
    "ALLOCATION": EventKind.ORDERED,
    "RELEASE": EventKind.CANCELLED,
    "SALE": EventKind.SHIPPED,
    # What was fulfilled and is cancelled adds to stock on hand and so to what can be sold, at
    # once: the effect of goods received, not of a return that lies unchecked.
    "CANCELLATION": EventKind.RECEIVED,
    "RETURN": EventKind.RETURN_RECEIVED,
    "ADJUSTMENT": EventKind.ADJUSTED,
}


@dataclass(frozen=True, slots=True)
class Placed:
    """An order line that was placed, with what its allocation can be matched by."""

    variant: str
    quantity: int
    at: Millis
    code: str


@dataclass(slots=True)
class Found:
    """The newest movements of a variant, oldest first."""

    id: str
    sku: str
    back_to: Millis
    items: list[object] = field(default_factory=list)

    def reaches_back(self) -> bool:
        """Whether the oldest that was read is older than all that is wanted."""
        at = _time(self.items[0]) if self.items else None
        return at is not None and at < self.back_to - MATCH_MS


@dataclass(frozen=True, slots=True)
class Decoded:
    events: Sequence[Event]
    refused: Sequence[Refused]
    is_unmatched: bool
    """Some allocation has no order that fits."""


def decoded(found: Iterable[Found], placed: Sequence[Placed]) -> Decoded:
    """Decode the wanted movements, oldest first. `placed` is sorted by time."""
    by_variant: dict[str, list[Placed]] = {}
    for line in placed:
        by_variant.setdefault(line.variant, []).append(line)
    events: list[Event] = []
    refused: list[Refused] = []
    unmatched = False
    for variant in found:
        mine = by_variant.get(variant.id, [])
        for item in variant.items:
            at = _time(item)
            is_wanted = (at is None or at >= variant.back_to) and not _is_nothing(item)
            try:
                event = _event(item, variant.sku)
            except ValueError as error:
                sku = values.sku_or_none(variant.sku)
                refused += [Refused(_named(item), str(error), sku)] if is_wanted else []
                continue
            # A movement that is not wanted takes its order too, or that order would be left over
            # and be given to a later allocation of the same quantity.
            order = _take_order(mine, event) if event.kind is EventKind.ORDERED else None
            if is_wanted:
                unmatched = unmatched or (event.kind is EventKind.ORDERED and order is None)
                events.append(_of_order(event, order))
    events.sort(key=lambda event: (event.at, len(event.id), event.id))
    return Decoded(events, refused, unmatched)


def _of_order(event: Event, order: Placed | None) -> Event:
    if order is None:
        return event
    return msgspec.structs.replace(event, order=order.code, at=order.at)


def _event(item: object, sku: str) -> Event:
    """Decode one movement. In Vendure a sale's quantity is negative."""
    if not isinstance(item, dict):
        raise ValueError(f"{values.quoted(item)} is not a movement")  # noqa: TRY004
    quantity = item.get("quantity")
    if item.get("type") == "SALE" and type(quantity) is int:
        quantity = -quantity
    fields = {"id": item.get("id"), "kind": item.get("type"), "sku": sku, "quantity": quantity}
    return event_decoding.event({**fields, "at": item.get("createdAt")}, KINDS)


def _is_nothing(item: object) -> bool:
    """Whether it moves nothing: it is skipped, and is no fault of the shop."""
    return isinstance(item, dict) and item.get("quantity") == 0


def _time(item: object) -> Millis | None:
    try:
        return values.instant(item.get("createdAt") if isinstance(item, dict) else None)
    except ValueError:
        return None


def _take_order(placed: list[Placed], event: Event) -> Placed | None:
    """Take the earliest order that fits an allocation out of the list."""
    # `Allocation.orderLine` would say which order it is, but the lists of variants answer an error
    # for it (3.7.3, 2026-11). So variant, quantity and time must do.
    for order in placed:
        if order.quantity == event.quantity and (
            event.at - EARLIER_MS <= order.at <= event.at + LATER_MS
        ):
            placed.remove(order)
            return order
    return None


def _named(item: object) -> str:
    try:
        return (
            f"event {event_decoding.identity(item.get('id') if isinstance(item, dict) else None)}"
        )
    except ValueError:
        return "stockMovements"

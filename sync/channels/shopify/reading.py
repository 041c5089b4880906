"""An item with its levels and variants → its listings. Pure.

A listing is an item at a location: its `ref` is the item's number. What is available, on hand and
committed there stands in the level itself.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from store.model import Millis, Record, Refused, State
from sync import values
from sync.channels.shopify.ids import ITEM, LOCATION, short_id
from sync.channels.shopify.shapes import ShopifyItem, ShopifyLevel, ShopifyVariant
from sync.channels.translation import SELLABLE_FIRST
from sync.values import quoted

_STATUSES = {
    "ACTIVE": State.ACTIVE,
    # Sold to whoever has the link: it counts as on sale (schema of 2026-10, ProductStatus).
    "UNLISTED": State.ACTIVE,
    "DRAFT": State.DISABLED,
    "ARCHIVED": State.ARCHIVED,
}
_POLICIES = ("DENY", "CONTINUE")
_UNAVAILABLE = ("reserved", "safety_stock", "damaged", "quality_control")
_NAMED_MAX = 5


@dataclass(slots=True)
class ShopifyTally:
    """What of a sweep is no listing, or not one as any other: counted, with a few names."""

    without_sku: int = 0
    unstocked: int = 0
    inactive: int = 0
    bundles: list[str] = field(default_factory=list)
    shared: list[str] = field(default_factory=list)
    policies: Counter[str] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)

    def warnings(self) -> list[str]:
        """A sentence each, for the operator."""
        found = []
        if self.without_sku:
            found.append(f"{_items(self.without_sku)} without a SKU: left out")
        if self.unstocked:
            found.append(f"{_items(self.unstocked)} not stocked at any location that is read")
        if self.inactive:
            words = "inactive stock levels are" if self.inactive > 1 else "inactive stock level is"
            found.append(f"{self.inactive:,} {words} left out")
        if self.bundles:
            found.append(
                f"{_named(self.bundles)}: bundles, whose stock Shopify counts from their "
                "components; they can't be written"
            )
        if self.shared:
            found.append(
                f"{_named(self.shared)}: several variants sell the same stock; it counts once"
            )
        for what, unknown in (("an inventory policy", self.policies), ("a status", self.statuses)):
            found += [
                f"{count:,} listing{'s have' if count > 1 else ' has'} {what} that Skew does not "
                f"know: {quoted(word)}"
                for word, count in unknown.items()
            ]
        return found


@dataclass(frozen=True, slots=True)
class ShopifyReadItem:
    """One item as it was read, whole: with all its levels and variants."""

    item: ShopifyItem
    levels: Sequence[object]
    variants: Sequence[object]
    place: str


@dataclass(slots=True)
class ShopifyListings:
    """The listings of a page's items."""

    tally: ShopifyTally
    single: bool
    """Only one location is read: its listings stand at no location of ours."""
    records: list[Record] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)

    def add(self, read: ShopifyReadItem) -> None:
        """Decode an item; what can't be decoded is refused, listing by listing."""
        sku = read.item.sku
        if sku is None or sku == "":
            self.tally.without_sku += 1
            return
        if not read.levels and read.item.tracked:
            self.tally.unstocked += 1
        try:
            values.sku(sku)
            offer = self._offer(read)
        except ValueError as error:
            self._refuse_all(read, error)
            return
        for number, level in enumerate(read.levels):
            try:
                decoded = msgspec.convert(level, ShopifyLevel)
                if decoded.is_active and decoded.location.is_active:
                    self.records.append(_record(read.item, decoded, offer, single=self.single))
                else:
                    self.tally.inactive += 1
            except ValueError as error:
                self._refuse(read, f"level {number + 1}", level, error)

    def refuse_node(self, node: object, place: str, error: Exception) -> None:
        """Refuse what is not even an item."""
        sku = values.sku_or_none(node.get("sku")) if isinstance(node, dict) else None
        self.refused.append(Refused(place, str(error), sku))

    def _offer(self, read: ShopifyReadItem) -> "_Offer":
        variants = [msgspec.convert(variant, ShopifyVariant) for variant in read.variants]
        name = str(read.item.sku)
        states: list[State | None] = []
        for variant in variants:
            status, policy = variant.product.status, variant.inventory_policy
            if policy not in _POLICIES:
                self.tally.policies[policy] += 1
            if status not in _STATUSES:
                self.tally.statuses[status] += 1
            states.append(_state(status, policy))
        if any(variant.requires_components for variant in variants):
            self.tally.bundles.append(name)
        if len(variants) > 1:
            self.tally.shared.append(name)
        # What no variant sells can't be bought. Of several, the one that can be bought counts.
        state: State | None = State.DISABLED
        if states:
            state = next((found for found in SELLABLE_FIRST if found in states), None)
        first = variants[0] if variants else None
        return _Offer(
            state,
            None if first is None else values.price_minor(first.price),
            None if first is None else values.title(first.display_name),
        )

    def _refuse_all(self, read: ShopifyReadItem, error: Exception) -> None:
        """Refuse an item with all its levels."""
        if values.sku_or_none(read.item.sku) is None:
            words = str(error)
            may_be = max(1, len(read.levels))
            self.refused.append(Refused(read.place, words, None, may_be=may_be))
            return
        for number, level in enumerate(read.levels):
            self._refuse(read, f"level {number + 1}", level, error)

    def _refuse(self, read: ShopifyReadItem, what: str, level: object, error: Exception) -> None:
        sku = values.sku_or_none(read.item.sku)
        location = "" if self.single else _location_of(level)
        self.refused.append(Refused(f"{read.place}, {what}", str(error), sku, location))


@dataclass(frozen=True, slots=True)
class _Offer:
    """How an item is offered, wherever it is stocked."""

    state: State | None
    price_minor: int | None
    title: str | None


def is_bundle(variants: Sequence[object]) -> bool:
    """Whether the variants of an item are sold as a bundle, of other items."""
    return any(msgspec.convert(variant, ShopifyVariant).requires_components for variant in variants)


def _state(status: str, policy: str) -> State | None:
    """What a variant's status and policy say together; None for a status that is unknown."""
    state = _STATUSES.get(status)
    # "Customers can buy this product variant after it's out of stock" (schema of 2026-10).
    return State.BACKORDER if state is State.ACTIVE and policy == "CONTINUE" else state


def _record(item: ShopifyItem, level: ShopifyLevel, offer: _Offer, *, single: bool) -> Record:
    """Make a listing of a level. Raises ValueError for a figure that is none."""
    figures = {found.name: values.quantity(found.quantity) for found in level.quantities}
    if item.tracked and "available" not in figures:
        raise ValueError("the level has no available quantity")
    apart = [figures[name] for name in _UNAVAILABLE if name in figures]
    return Record(
        sku=values.sku(item.sku),
        available=figures["available"] if item.tracked else None,
        location="" if single else short_id(LOCATION, level.location.id),
        state=offer.state if item.tracked else values.state_of_uncounted(offer.state),
        on_hand=figures.get("on_hand"),
        committed=figures.get("committed"),
        unavailable=sum(apart) if len(apart) == len(_UNAVAILABLE) else None,
        incoming=figures.get("incoming"),
        price_minor=offer.price_minor,
        title=offer.title,
        source_at=_moved_at(level),
        ref=short_id(ITEM, item.id),
    )


def _moved_at(level: ShopifyLevel) -> Millis | None:
    """When what is available moved, or the level itself, whichever is later."""
    moved = [found.updated_at for found in level.quantities if found.name == "available"]
    times = [level.updated_at, *moved]
    # To read a time is the most that a record takes. Shopify writes all of them alike, so that
    # the later is the greater text.
    texts = [time for time in times if isinstance(time, str) and time.endswith("Z")]
    if len(texts) == len(times) and len({len(text) for text in texts}) == 1:
        return values.instant(max(texts))
    return max((at for at in map(values.instant, times) if at is not None), default=None)


def _location_of(level: object) -> str:
    location = level.get("location") if isinstance(level, dict) else None
    found = location.get("id") if isinstance(location, dict) else None
    return short_id(LOCATION, found) if isinstance(found, str) else ""


def _items(count: int) -> str:
    return f"{count:,} item{'s are' if count > 1 else ' is'}"


def _named(names: Sequence[str]) -> str:
    shown = ", ".join(quoted(name) for name in names[:_NAMED_MAX])
    more = len(names) - _NAMED_MAX
    return f"{shown} and {more:,} more" if more > 0 else shown

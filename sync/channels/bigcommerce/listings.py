"""Inventory items → listings, one for each location. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from store.model import Record, Refused
from sync import values
from sync.channels.api.tally import Tally
from sync.channels.bigcommerce.catalogue import BigCatalogue, BigFacts, BigTracking
from sync.channels.bigcommerce.shapes import BigItem, BigLevel


@dataclass(slots=True)
class BigFound:
    """The listings of some items."""

    records: list[Record] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class BigView:
    """How a channel's configuration looks at a store."""

    location: str | None
    tally: Tally
    catalogue: BigCatalogue

    def item(self, entry: object, place: str, found: BigFound) -> BigItem | None:
        """Add the listings of an item; None for one that can't be read, which is refused."""
        try:
            item = msgspec.convert(entry, BigItem)
        except msgspec.ValidationError as error:
            found.refused.append(Refused(place, str(error), _sku_in(entry)))
            return None
        identity = item.identity
        facts = self.catalogue.of(identity.product_id, identity.variant_id)
        if identity.sku is None or identity.sku == "":
            self.tally.note("without a SKU, so left out", str(identity.product_id))
            return item
        try:
            name = values.sku(identity.sku)
        except ValueError as error:
            found.refused.append(Refused(place, str(error)))
            return item
        why = self.catalogue.unreadable.get(identity.product_id)
        if why is not None:
            # Whether the number is its own or its product's is not known: it is not to be written.
            words = f"its product can't be read: {why}"
            found.refused += [
                Refused(f"{place}, locations[{number}]", words, name, self._place_in(level))
                for number, level in enumerate(item.locations)
            ]
            return item
        if facts is not None and facts.tracking is BigTracking.POOL:
            words = "whose stock is that of their product, which stands for them, so left out"
            self.tally.note(words, name)
            return item
        ref = _ref(item, facts)
        for number, level in enumerate(item.locations):
            where = f"{place}, locations[{number}]"
            self._level(level, where, (name, ref), facts, found)
        return item

    def free(self, variant_id: int, facts: BigFacts, places: Sequence[str]) -> list[Record]:
        """The listings of a variant that is sold without being counted, and has no stock."""
        sku = values.sku_or_none(facts.sku)
        if sku is None:
            return []
        return [
            Record(
                sku=sku, available=None, location=place, title=facts.title,
                state=values.state_of_uncounted(facts.state), ref=facts.ref(variant_id),
            )
            for place in places
        ]  # fmt: skip

    def place_of(self, location_id: int) -> str | None:
        """Our name of one of the store's locations; None where it is not looked at."""
        if self.location is None:
            return str(location_id)
        return "" if str(location_id) == self.location else None

    def _level(
        self, entry: object, where: str, listing: tuple[str, str], facts: BigFacts | None,
        found: BigFound,
    ) -> None:  # fmt: skip
        sku, ref = listing
        try:
            level = msgspec.convert(entry, BigLevel)
        except msgspec.ValidationError as error:
            found.refused.append(Refused(where, str(error), sku, self._place_in(entry)))
            return
        place = self.place_of(level.location_id)
        if place is None:
            return
        if not level.location_enabled:
            name = level.location_name or "without a name"
            what = f"at location {level.location_id} ({name}), which is not enabled, so left out"
            self.tally.note(what, sku)
            return
        try:
            found.records.append(_record(level, sku, place, ref, facts))
        except ValueError as error:
            found.refused.append(Refused(where, str(error), sku, place))

    def _place_in(self, entry: object) -> str:
        location_id = entry.get("location_id") if isinstance(entry, dict) else None
        return (self.place_of(location_id) or "") if isinstance(location_id, int) else ""


def _record(level: BigLevel, sku: str, place: str, ref: str, facts: BigFacts | None) -> Record:
    """One item at one location. Raises ValueError for a number that can't be one."""
    state, title = (None, None) if facts is None else (facts.state, facts.title)
    if facts is not None and facts.tracking is BigTracking.NONE:
        # Whatever number stands there, nobody counts.
        free = values.state_of_uncounted(state)
        return Record(sku=sku, available=None, location=place, state=free, title=title, ref=ref)
    on_hand = values.quantity(level.total_inventory_onhand)
    available = values.quantity(level.available_to_sell)
    # What is kept back, safety stock, is the difference: what BigCommerce sells is what counts.
    kept_back = on_hand - available
    return Record(
        sku=sku,
        available=available,
        location=place,
        state=state,
        on_hand=on_hand,
        threshold=kept_back if kept_back >= 0 else None,
        title=title,
        ref=ref,
    )


def _ref(item: BigItem, facts: BigFacts | None) -> str:
    """What a write goes by. An item that is counted by its product is known by that alone."""
    identity = item.identity
    by_product = identity.variant_id is None or identity.sku_id is None
    if facts is not None and facts.tracking is not None:
        by_product = facts.tracking is BigTracking.PRODUCT or identity.variant_id is None
    product = str(identity.product_id)
    return product if by_product else f"{product}/{identity.variant_id}"


def _sku_in(entry: object) -> str | None:
    identity = entry.get("identity") if isinstance(entry, dict) else None
    return values.sku_or_none(identity.get("sku")) if isinstance(identity, dict) else None

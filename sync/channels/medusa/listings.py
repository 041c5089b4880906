"""Medusa's items and variants → listings. Pure.

A listing is an inventory item at a location. A variant that takes several items, or several of one,
is a listing too, whose number Medusa works out and nobody can set (2.21.2,
`getVariantAvailability`: the least of what each item gives, rounded down). It stands in the place
of an item with its SKU, because it is what shoppers see.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from store.model import Record, Refused, State
from sync import values
from sync.channels.api.tally import Tally
from sync.channels.medusa.shapes import MedusaItem, MedusaLevel, MedusaVariant

OF_VARIANT = "variant:"
"""What the `ref` of a listing begins with that is a variant's, not an item's."""

_STATES: Mapping[str, State] = {
    "published": State.ACTIVE,
    "draft": State.DISABLED,
    "proposed": State.DISABLED,
    "rejected": State.DISABLED,
}


@dataclass(slots=True)
class MedusaFound:
    """The listings of some items or variants."""

    records: list[Record] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)

    def add(self, other: "MedusaFound") -> None:
        self.records += other.records
        self.refused += other.refused


@dataclass(frozen=True, slots=True)
class MedusaView:
    """How a channel's configuration looks at a shop."""

    location: str | None
    by_variant: bool
    """A listing has the SKU of its variant, not of its inventory item."""

    def place_of(self, location_id: str) -> str | None:
        """Our name of one of Medusa's locations; None where it is not looked at."""
        if self.location is None:
            return location_id
        return "" if location_id == self.location else None

    def of_item(self, item: MedusaItem, place: str, tally: Tally) -> MedusaFound:
        """The listings of an inventory item, one for each location and SKU."""
        found = MedusaFound()
        kits = [variant for variant in item.sold_as if variant.is_kit]
        single = [variant for variant in item.sold_as if not variant.is_kit]
        if not single and any(kit.sku == item.sku for kit in kits):
            return found
        _note_unknown(item.sold_as, tally)
        for sku in self._skus(item, single, tally):
            variants = single or kits
            if self.by_variant and single:
                variants = [variant for variant in single if variant.sku == sku] or single
            for level in item.levels:
                location = self.place_of(level.location_id)
                if location is None:
                    continue
                where = f"{place} ({item.id}), {level.location_id}"
                try:
                    found.records.append(_record(item, level, variants, (sku, location)))
                except ValueError as error:
                    known = values.sku_or_none(sku)
                    found.refused.append(Refused(where, str(error), known, location))
        return found

    def of_variant(
        self, variant: MedusaVariant, place: str, tally: Tally, free_at: Sequence[str]
    ) -> MedusaFound:
        """The listings of a kit, or of a variant that is not counted, which is at `free_at`."""
        found = MedusaFound()
        _note_unknown([variant], tally)
        if not variant.sku:
            if variant.manage_inventory:
                tally.note("sold without a SKU, so left out", variant.id)
            return found
        try:
            sku = values.sku(variant.sku)
            if not variant.manage_inventory:
                at: Mapping[str, int | None] = dict.fromkeys(free_at)
            else:
                at = self._makeable(variant)
                what = "worked out by Medusa from inventory items, so never corrected themselves"
                tally.note(what, sku)
        except ValueError as error:
            known = values.sku_or_none(variant.sku)
            found.refused.append(Refused(f"{place} ({variant.id})", str(error), known, ""))
            return found
        for location, available in at.items():
            state = _state([variant], available)
            found.records.append(
                Record(
                    sku=sku,
                    available=available,
                    location=location,
                    state=state if available is not None else values.state_of_uncounted(state),
                    title=_title([variant]),
                    ref=OF_VARIANT + variant.id,
                )
            )
        return found

    def _skus(
        self, item: MedusaItem, single: Sequence[MedusaVariant], tally: Tally
    ) -> Iterable[str]:
        """The SKUs that an item is sold under; none where it has none at all."""
        sold = list(dict.fromkeys(variant.sku for variant in single if variant.sku))
        if self.by_variant and sold:
            return sold
        if not item.sku and not sold:
            tally.note("without a SKU, so left out", item.id)
            return []
        if item.sku and sold and item.sku not in sold:
            words = "with another SKU at the variant than at its inventory item, which counts"
            tally.note(words, f"{item.sku} ({sold[0]})")
        return [item.sku or sold[0]]

    def _makeable(self, kit: MedusaVariant) -> Mapping[str, int]:
        """How many of a kit can be made of what is available at each location."""
        parts = [(part.required, _available_of(part.inventory.levels if part.inventory else ()))
                 for part in kit.parts]  # fmt: skip
        places = dict.fromkeys(place for _, at in parts for place in at)
        return {
            location: min(math.floor(at.get(place, 0) / required) for required, at in parts)
            for place in places
            if (location := self.place_of(place)) is not None
        }


def _record(
    item: MedusaItem, level: MedusaLevel, variants: Sequence[MedusaVariant], where: tuple[str, str]
) -> Record:
    """One item at one location. Raises ValueError for a SKU or a number that can't be one."""
    sku, location = values.sku(where[0]), where[1]
    on_hand = values.quantity(level.stocked_quantity)
    reserved = values.quantity_or_none(level.reserved_quantity) or 0
    # Medusa sells what it does not manage without looking at its stock, which stays what it was.
    is_counted = not variants or any(variant.manage_inventory for variant in variants)
    available = on_hand - reserved if is_counted else None
    state = _state(variants, available)
    return Record(
        sku=sku,
        available=available,
        location=location,
        state=state if is_counted else values.state_of_uncounted(state),
        on_hand=on_hand,
        committed=reserved,
        incoming=values.quantity_or_none(level.incoming_quantity),
        title=_title(variants),
        source_at=values.instant(level.updated_at),
        ref=item.id,
    )


def _state(variants: Sequence[MedusaVariant], available: int | None) -> State | None:
    """On sale where one of the products is; None where nothing says so."""
    states = [
        (_STATES.get(variant.product.status or ""), variant)
        for variant in variants
        if variant.product is not None
    ]
    on_sale = [variant for state, variant in states if state is State.ACTIVE]
    if on_sale:
        is_out = available is not None and available <= 0
        goes_on = is_out and any(variant.allow_backorder for variant in on_sale)
        return State.BACKORDER if goes_on else State.ACTIVE
    is_known = bool(states) and all(state is not None for state, _ in states)
    return State.DISABLED if is_known else None


def _note_unknown(variants: Iterable[MedusaVariant], tally: Tally) -> None:
    for variant in variants:
        status = variant.product.status if variant.product is not None else None
        if status is not None and status not in _STATES:
            words = f"of a product with a status that Skew does not know, {values.quoted(status)}"
            tally.note(words, variant.sku or variant.id)


def _available_of(levels: Iterable[MedusaLevel]) -> dict[str, int]:
    return {
        level.location_id: values.quantity(level.stocked_quantity)
        - (values.quantity_or_none(level.reserved_quantity) or 0)
        for level in levels
    }


def _title(variants: Sequence[MedusaVariant]) -> str | None:
    titles: Iterator[str | None] = (
        values.title(variant.product.title) for variant in variants if variant.product is not None
    )
    return next(filter(None, titles), None)

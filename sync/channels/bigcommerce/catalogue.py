"""What the catalogue says of products and variants: how they are counted, whether they sell. Pure.

The inventory has the numbers and nothing else. A product is counted by itself, by its variants, or
not at all (`inventory_tracking`: product, variant, none).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import msgspec

from store.model import State
from sync import values
from sync.channels.api.tally import Tally
from sync.channels.bigcommerce.shapes import BigProduct, BigVariant

_STATES: Mapping[str, State] = {
    "available": State.ACTIVE,
    "preorder": State.PREORDER,
    "disabled": State.DISABLED,
}


class BigTracking(StrEnum):
    """By what a listing's stock is counted."""

    PRODUCT = "product"
    VARIANT = "variant"
    POOL = "pool"
    """The product is counted, and this is one of its several variants."""
    NONE = "none"


@dataclass(frozen=True, slots=True)
class BigFacts:
    """What the catalogue says of one variant."""

    product_id: int
    sku: object
    tracking: BigTracking | None
    """None: by something that Skew does not know."""
    state: State | None
    title: str | None

    def ref(self, variant_id: int) -> str:
        """What a write goes by: the product, or the variant in it."""
        if self.tracking is BigTracking.PRODUCT:
            return str(self.product_id)
        return f"{self.product_id}/{variant_id}"


@dataclass(slots=True)
class BigCatalogue:
    """The variants of some products, by their ids."""

    variants: dict[int, BigFacts] = field(default_factory=dict)
    products: dict[int, BigFacts] = field(default_factory=dict)
    """Of each product, as it is itself."""
    unreadable: dict[int, str] = field(default_factory=dict)
    """Why a product can't be read: nobody knows how its listings are counted."""

    def add(self, entry: object, tally: Tally) -> None:
        """Take a product as it came. One that can't be read makes its listings unreadable."""
        try:
            product = msgspec.convert(entry, BigProduct)
        except msgspec.ValidationError as error:
            known = entry.get("id") if isinstance(entry, dict) else None
            if type(known) is int:
                self.unreadable[known] = str(error)
            else:
                tally.note(f"of a product that can't be read ({error}), so without a state", "?")
            return
        for variant in product.variants:
            self.variants[variant.id] = _facts(product, variant, tally)
        self.products[product.id] = _facts(product, BigVariant(0, product.sku), tally)

    def of(self, product_id: int, variant_id: int | None) -> BigFacts | None:
        """What is known of an inventory item; None where the catalogue lacks it."""
        if variant_id is not None and variant_id in self.variants:
            return self.variants[variant_id]
        return self.products.get(product_id)

    def uncounted(self) -> Iterator[tuple[int, BigFacts]]:
        """The variants that are sold without being counted, with their ids."""
        for variant_id, facts in self.variants.items():
            if facts.tracking is BigTracking.NONE:
                yield variant_id, facts


def _facts(product: BigProduct, variant: BigVariant, tally: Tally) -> BigFacts:
    title = values.title(product.name)
    return BigFacts(
        product.id, variant.sku, _tracking(product, variant, tally),
        _state(product, variant, tally), title,
    )  # fmt: skip


def _tracking(product: BigProduct, variant: BigVariant, tally: Tally) -> BigTracking | None:
    if product.inventory_tracking == BigTracking.PRODUCT:
        # The base variant, without an id among the SKUs, stands for the product.
        is_one_of_several = variant.sku_id is not None and len(product.variants) > 1
        return BigTracking.POOL if is_one_of_several else BigTracking.PRODUCT
    if product.inventory_tracking in (BigTracking.VARIANT, BigTracking.NONE):
        return BigTracking(product.inventory_tracking)
    words = f"counted in a way that Skew does not know, {values.quoted(product.inventory_tracking)}"
    tally.note(words, _name(product, variant))
    return None


def _state(product: BigProduct, variant: BigVariant, tally: Tally) -> State | None:
    if not product.is_visible or variant.purchasing_disabled:
        return State.DISABLED
    if product.availability is None:
        return None
    state = _STATES.get(product.availability)
    if state is None:
        words = (
            f"with an availability that Skew does not know, {values.quoted(product.availability)}"
        )
        tally.note(words, _name(product, variant))
    return state


def _name(product: BigProduct, variant: BigVariant) -> str:
    return values.sku_or_none(variant.sku) or values.sku_or_none(product.sku) or str(product.id)

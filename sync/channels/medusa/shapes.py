"""What Medusa's answers look like, as far as we read them (measured on 2.21.2, 2026-11)."""

import math

import msgspec

from sync import values


class MedusaLevel(msgspec.Struct, frozen=True):
    """What lies of an item at one location. Its numbers are read by `sync.values`."""

    location_id: str
    stocked_quantity: object = None
    reserved_quantity: object = None
    incoming_quantity: object = None
    updated_at: object = None


class MedusaStock(msgspec.Struct, frozen=True):
    """An inventory item, as a part of a variant names it."""

    location_levels: list[MedusaLevel | None] | None = None

    @property
    def levels(self) -> list[MedusaLevel]:
        return [level for level in self.location_levels or () if level is not None]


class MedusaPart(msgspec.Struct, frozen=True):
    """How much of an inventory item one piece of a variant takes."""

    inventory_item_id: str
    required_quantity: object = 1
    inventory: MedusaStock | None = None

    @property
    def required(self) -> float:
        """Raises ValueError where it is not a number above zero."""
        needs = self.required_quantity
        try:
            number = float(needs) if isinstance(needs, int | float | str) else 0.0
        except (ValueError, OverflowError):
            number = 0.0
        if not (number > 0 and math.isfinite(number)):
            raise ValueError(f"required_quantity is {values.quoted(needs)}, not above 0")
        return number


class MedusaProduct(msgspec.Struct, frozen=True):
    status: str | None = None
    title: object = None


class MedusaVariant(msgspec.Struct, frozen=True):
    """What a shopper chooses."""

    id: str
    sku: str | None = None
    manage_inventory: bool = True
    allow_backorder: bool = False
    product: MedusaProduct | None = None
    inventory_items: list[MedusaPart | None] | None = None

    @property
    def parts(self) -> list[MedusaPart]:
        return [part for part in self.inventory_items or () if part is not None]

    @property
    def is_kit(self) -> bool:
        """Whether Medusa works out how many there are from several items, or from several of it."""
        parts = self.parts
        return len(parts) > 1 or any(part.required_quantity not in (1, "1") for part in parts)


class MedusaItem(MedusaStock, frozen=True, kw_only=True):
    """An inventory item: what is counted."""

    id: str
    sku: str | None = None
    variants: list[MedusaVariant | None] | None = None

    @property
    def sold_as(self) -> list[MedusaVariant]:
        return [variant for variant in self.variants or () if variant is not None]


class MedusaItems(msgspec.Struct, frozen=True):
    inventory_items: list[object]
    count: int = 0


class MedusaVariants(msgspec.Struct, frozen=True):
    variants: list[object]
    count: int = 0


class MedusaNamed(msgspec.Struct, frozen=True):
    """A store or a stock location."""

    id: str
    name: str | None = None


class MedusaStores(msgspec.Struct, frozen=True):
    stores: list[MedusaNamed]


class MedusaLocations(msgspec.Struct, frozen=True):
    stock_locations: list[MedusaNamed]


class MedusaWritten(msgspec.Struct, frozen=True):
    """One level that a batch has set. Its `available_quantity` is the one from before: not read."""

    inventory_item_id: str
    location_id: str


class MedusaBatch(msgspec.Struct, frozen=True):
    updated: list[MedusaWritten]

"""What BigCommerce answers, as far as the kind uses it (its OpenAPI files, read 2026-11-30).

Numbers that may come as anything are `object` here: `sync.values` says what is wrong with them.
"""

import msgspec


class BigIdentity(msgspec.Struct, frozen=True):
    """What an inventory item is of."""

    product_id: int
    sku: object = None
    variant_id: int | None = None
    sku_id: int | None = None
    """None: it is the base variant, which stands for the product itself."""


class BigSettings(msgspec.Struct, frozen=True):
    safety_stock: object = None


class BigLevel(msgspec.Struct, frozen=True):
    """The stock of an item at one location."""

    location_id: int
    available_to_sell: object
    total_inventory_onhand: object
    location_name: str | None = None
    location_enabled: bool = True
    settings: BigSettings | None = None


class BigItem(msgspec.Struct, frozen=True):
    identity: BigIdentity
    locations: list[object]


class BigPagination(msgspec.Struct, frozen=True):
    total: int
    total_pages: int


class BigMeta(msgspec.Struct, frozen=True):
    pagination: BigPagination


class BigPage(msgspec.Struct, frozen=True):
    """A page of any list."""

    data: list[object]
    meta: BigMeta


class BigVariant(msgspec.Struct, frozen=True):
    id: int
    sku: object = None
    sku_id: int | None = None
    purchasing_disabled: bool = False


class BigProduct(msgspec.Struct, frozen=True):
    id: int
    inventory_tracking: str
    name: object = None
    sku: object = None
    is_visible: bool = True
    availability: str | None = None
    variants: list[BigVariant] = []


class BigStore(msgspec.Struct, frozen=True):
    """`/v2/store`."""

    name: str = ""
    domain: str = ""


class BigLocation(msgspec.Struct, frozen=True):
    id: int
    label: str | None = None
    enabled: bool = True


class BigTransaction(msgspec.Struct, frozen=True):
    """The answer to an adjustment, which is applied some time after it."""

    transaction_id: str

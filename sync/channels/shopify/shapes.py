"""The shapes of Shopify's answers, as far as they are used (Admin GraphQL 2026-10)."""

import msgspec


class ShopifyPageInfo(msgspec.Struct, frozen=True, rename="camel"):
    has_next_page: bool
    end_cursor: str | None = None


class ShopifyNodes(msgspec.Struct, frozen=True, rename="camel"):
    """A page of a connection; each node is decoded by itself, so that one can be bad."""

    nodes: list[object]
    page_info: ShopifyPageInfo


class ShopifyItems(msgspec.Struct, frozen=True, rename="camel"):
    inventory_items: ShopifyNodes


class ShopifyItem(msgspec.Struct, frozen=True, rename="camel"):
    """An inventory item: what has a SKU, and stock at locations."""

    id: str
    tracked: bool
    sku: object = None
    inventory_level: object = None
    """At the one location that was asked for."""
    inventory_levels: ShopifyNodes | None = None
    variants: ShopifyNodes | None = None


class ShopifyLocation(msgspec.Struct, frozen=True, rename="camel"):
    id: str
    name: str = ""
    is_active: bool = True


class ShopifyQuantity(msgspec.Struct, frozen=True, rename="camel"):
    name: str
    quantity: object
    updated_at: object = None


class ShopifyLevel(msgspec.Struct, frozen=True, rename="camel"):
    """The stock of an item at a location."""

    is_active: bool
    location: ShopifyLocation
    quantities: list[ShopifyQuantity]
    updated_at: object = None


class ShopifyProduct(msgspec.Struct, frozen=True):
    status: str


class ShopifyVariant(msgspec.Struct, frozen=True, rename="camel"):
    inventory_policy: str
    product: ShopifyProduct
    requires_components: bool = False
    display_name: object = None
    price: object = None


class ShopifyNodeList(msgspec.Struct, frozen=True):
    nodes: list[object]


class ShopifyMore(msgspec.Struct, frozen=True, rename="camel"):
    """More of one item; None: it is gone by now."""

    inventory_item: ShopifyItem | None


class ShopifyLocationNodes(msgspec.Struct, frozen=True, rename="camel"):
    nodes: list[ShopifyLocation]
    page_info: ShopifyPageInfo


class ShopifyLocations(msgspec.Struct, frozen=True):
    locations: ShopifyLocationNodes


class ShopifyLocationSeen(msgspec.Struct, frozen=True):
    location: ShopifyLocation | None


class ShopifyUserError(msgspec.Struct, frozen=True):
    """What is wrong with what was sent; nothing of it was done."""

    message: str = ""
    code: str | None = None
    field: list[str] | None = None


class ShopifySetPayload(msgspec.Struct, frozen=True, rename="camel"):
    user_errors: list[ShopifyUserError]
    inventory_adjustment_group: object = None


class ShopifySet(msgspec.Struct, frozen=True, rename="camel"):
    inventory_set_quantities: ShopifySetPayload


class ShopifyBulkOperation(msgspec.Struct, frozen=True, rename="camel"):
    """An export that Shopify makes in the background. Counts are numbers written as text."""

    id: str
    status: str
    error_code: str | None = None
    created_at: object = None
    object_count: str | int = 0
    root_object_count: str | int = 0
    file_size: str | int | None = None
    url: str | None = None
    query: str = ""


class BulkStartPayload(msgspec.Struct, frozen=True, rename="camel"):
    user_errors: list[ShopifyUserError]
    bulk_operation: ShopifyBulkOperation | None = None


class BulkStarted(msgspec.Struct, frozen=True, rename="camel"):
    bulk_operation_run_query: BulkStartPayload


class BulkSeen(msgspec.Struct, frozen=True, rename="camel"):
    bulk_operation: ShopifyBulkOperation | None


class BulkNodes(msgspec.Struct, frozen=True):
    nodes: list[ShopifyBulkOperation]


class BulkListed(msgspec.Struct, frozen=True, rename="camel"):
    bulk_operations: BulkNodes

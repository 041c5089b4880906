"""Odoo's records as `search_read` gives them (18.0's source, and measured on 19.0, 2026-11).

A field without a value is `false`, whatever its type; a link to one record is `[id, name]`.
Quantities are floats. Times are UTC, without a zone: `2026-11-30 06:00:00`.
"""

from typing import Annotated

import msgspec

OdooId = Annotated[int, msgspec.Meta(ge=1)]
Link = tuple[OdooId, object] | bool
"""`[8, "WH/Stock"]`, or `false`."""


class OdooProduct(msgspec.Struct, frozen=True):
    """A `product.product`: a variant."""

    id: OdooId
    default_code: object = False
    """The internal reference, which is the SKU; `false` where there is none."""
    name: object = False
    active: bool = True
    sale_ok: bool = True
    lst_price: object = False
    company_id: Link = False
    tracking: str | bool = "none"
    is_storable: bool | None = None
    """From 18 on; before that the type `product` says it."""
    type: str | bool = "consu"
    is_kits: bool = False
    """Where manufacturing is installed: Odoo computes what it has from its components."""

    @property
    def is_counted(self) -> bool:
        if self.is_kits:
            return True
        return self.type == "product" if self.is_storable is None else self.is_storable


PRODUCT_FIELDS = (
    *("default_code", "name", "active", "sale_ok", "lst_price", "company_id", "tracking"),
    *("is_storable", "type", "is_kits"),
)
"""Of these, each version and each user's rights have some."""


class OdooQuant(msgspec.Struct, frozen=True):
    """A `stock.quant`: so much of a product, at one location, of one lot, package and owner."""

    id: OdooId
    product_id: Link
    location_id: Link
    quantity: object
    """On hand. Of the record alone it is wrong where this is no number."""
    reserved_quantity: object = 0.0
    lot_id: Link = False
    package_id: Link = False
    owner_id: Link = False
    write_date: object = False

    @property
    def is_plain(self) -> bool:
        """Whether it can be set by its quantity alone."""
        return self.lot_id is False and self.package_id is False and self.owner_id is False


QUANT_FIELDS = (
    *("product_id", "location_id", "quantity", "reserved_quantity"),
    *("lot_id", "package_id", "owner_id", "write_date"),
)


class OdooApiKey(msgspec.Struct, frozen=True):
    """A `res.users.apikeys`, from 18 on with the day on which it ends."""

    name: object
    expiration_date: str


class OdooUser(msgspec.Struct, frozen=True):
    """A `res.users`, as far as it is named to the operator."""

    login: object = False
    company_id: Link = False


SETTABLE = "inventory_quantity_auto_apply"
"""Set in inventory mode, it books the stock move at once. Only with Inventory: Administrator."""
FIELDS = {
    "product.product": PRODUCT_FIELDS,
    "stock.quant": (*QUANT_FIELDS, SETTABLE),
    "res.users.apikeys": ("name", "expiration_date"),
}
"""What is asked of each model where it has it."""

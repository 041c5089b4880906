"""What a Frappe site's answers look like, as far as stock is in them (ERPNext 15, 2026-11).

Numbers stay as they came, so that a bad one blinds its own listing only. New fields are tolerated.
"""

from collections.abc import Mapping

import msgspec

Flag = int | bool | None
"""A check box: 0 or 1."""


class FrappeRows(msgspec.Struct, frozen=True):
    """A page of a list."""

    data: list[object]


class LoggedUser(msgspec.Struct, frozen=True):
    message: str


class ErpWarehouse(msgspec.Struct, frozen=True):
    name: str
    company: str | None = None
    is_group: Flag = 0
    disabled: Flag = 0


class ErpItem(msgspec.Struct, frozen=True):
    name: str
    """Its item code."""
    item_name: object = None
    disabled: Flag = 0
    is_stock_item: Flag = 1
    has_variants: Flag = 0
    """It is a template, which has no stock of its own."""
    has_batch_no: Flag = 0
    has_serial_no: Flag = 0

    @property
    def is_numbered(self) -> bool:
        return bool(self.has_batch_no or self.has_serial_no)


class ErpBin(msgspec.Struct, frozen=True):
    """What lies of an item in a warehouse."""

    name: str
    item_code: object
    warehouse: str
    actual_qty: object = None
    reserved_qty: object = None
    """For sales orders."""
    reserved_qty_for_production: object = None
    reserved_qty_for_sub_contract: object = None
    valuation_rate: object = None
    modified: object = None


class ErpDocument(msgspec.Struct, frozen=True):
    name: str
    docstatus: int


class ErpMade(msgspec.Struct, frozen=True):
    """The answer to an insert."""

    data: ErpDocument


FIELDS: Mapping[str, tuple[str, ...]] = {
    "Warehouse": ErpWarehouse.__struct_fields__,
    "Item": ErpItem.__struct_fields__,
    "Bin": ErpBin.__struct_fields__,
}
"""What is asked for of each list."""

"""Where an Odoo's stock lies: its warehouses, and the locations that make up each.

Stock lies in internal locations; a warehouse is all that lie under its view location, and its own
stock location is where its corrections are booked.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from sync import values
from sync.channels.odoo.desk import OdooDesk
from sync.channels.odoo.shapes import Link, OdooId
from sync.errors import ContractBroken, NeedsOperator

LOCATIONS_MAX = 100_000
_KNOWN_SHOWN = 8
_INTERNAL = "internal"


class OdooWarehouse(msgspec.Struct, frozen=True):
    """A `stock.warehouse`."""

    id: OdooId
    code: str
    name: str
    view_location_id: Link
    lot_stock_id: Link
    company_id: Link


class OdooLocation(msgspec.Struct, frozen=True):
    """A `stock.location`."""

    id: OdooId
    usage: str
    complete_name: str | bool = False
    parent_path: str | bool = False
    """The ids of all that it lies under, and its own: `1/7/8/`."""
    company_id: Link = False

    @property
    def called(self) -> str:
        return str(self.complete_name or self.id)

    def lies_under(self, location_id: int) -> bool:
        return location_id == self.id or str(location_id) in str(self.parent_path).split("/")


@dataclass(frozen=True, slots=True)
class OdooPlace:
    """What one listing's stock is summed over, and where it is corrected."""

    name: str
    """The listing's location."""
    top: int
    """The location under which it all lies."""
    written: int | None
    """The location where corrections are booked; None: nothing can lie in it itself."""
    called: str
    """That location's full name, for people."""
    company: int | None
    """None: of all companies."""


@dataclass(frozen=True, slots=True)
class OdooPlaces:
    """All places that the channel reads."""

    places: Sequence[OdooPlace]
    of_location: Mapping[int, OdooPlace]
    """By the id of each internal location."""

    def named(self, name: str) -> OdooPlace | None:
        return next((place for place in self.places if place.name == name), None)


async def places(desk: OdooDesk) -> OdooPlaces:
    """Read the warehouses and locations. Raises NeedsOperator where `location` is none of them."""
    fields = ("code", "name", "view_location_id", "lot_stock_id", "company_id")
    rows = await desk.rows("stock.warehouse", [], fields, limit=LOCATIONS_MAX)
    warehouses = desk.shaped(rows, OdooWarehouse, "stock.warehouse")
    domain = [["usage", "in", [_INTERNAL, "view", "transit"]]]
    of_location = ("complete_name", "usage", "parent_path", "company_id")
    rows = await desk.rows("stock.location", domain, of_location, limit=LOCATIONS_MAX)
    if len(rows) >= LOCATIONS_MAX:
        raise ContractBroken(
            f"more than {LOCATIONS_MAX:,} locations", path="stock.location",
            subject=desk.client.name,
        )  # fmt: skip
    locations = desk.shaped(rows, OdooLocation, "stock.location")
    chosen = desk.options.location
    found = (
        _each(warehouses, locations)
        if chosen is None
        else [_only(chosen, warehouses, locations, desk.client.name)]
    )
    if not found:
        raise NeedsOperator(
            f"{desk.client.name} shows no warehouse: does its user belong to the company? See "
            "`companies`"
        )
    return OdooPlaces(
        found,
        {
            location.id: place
            for place in reversed(found)
            for location in locations
            if location.usage == _INTERNAL and location.lies_under(place.top)
        },
    )


def _each(
    warehouses: Sequence[OdooWarehouse], locations: Sequence[OdooLocation]
) -> list[OdooPlace]:
    """Each warehouse, by its short name; two companies may both have a WH."""
    names = {location.id: location.called for location in locations}
    times = Counter(warehouse.code for warehouse in warehouses)
    return [
        _warehouse(
            warehouse,
            warehouse.code if times[warehouse.code] == 1 else f"{warehouse.code} {warehouse.id}",
            names,
        )
        for warehouse in warehouses
    ]


def _only(
    chosen: str,
    warehouses: Sequence[OdooWarehouse],
    locations: Sequence[OdooLocation],
    channel: str,
) -> OdooPlace:
    """The one place that the configuration names; its listings have no location."""
    names = {location.id: location.called for location in locations}
    of_code = [warehouse for warehouse in warehouses if chosen == warehouse.code]
    if len(of_code) > 1:
        raise NeedsOperator(
            f'{channel}: location = "{chosen}" is the short name of {len(of_code)} warehouses: '
            "name one company in `companies`"
        )
    if of_code:
        return _warehouse(of_code[0], "", names)
    ids = [int(chosen)] if chosen.isascii() and chosen.isdecimal() else []
    of_name = [
        location for location in locations if chosen == location.complete_name or location.id in ids
    ]
    if len(of_name) != 1:
        codes = [warehouse.code for warehouse in warehouses]
        inside = [location.called for location in locations if location.usage == _INTERNAL]
        known = [*codes, *inside]
        more = f" and {len(known) - _KNOWN_SHOWN:,} more" if len(known) > _KNOWN_SHOWN else ""
        many = f"{len(of_name)} locations have" if of_name else "no warehouse or location has"
        raise NeedsOperator(
            f"{channel}: {many} the name or id {values.quoted(chosen)}; known: "
            f"{', '.join(known[:_KNOWN_SHOWN])}{more}"
        )
    (location,) = of_name
    whole = next((w for w in warehouses if _id(w.view_location_id) == location.id), None)
    if whole is not None:
        return _warehouse(whole, "", names)
    is_internal = location.usage == _INTERNAL
    return OdooPlace(
        "", location.id, location.id if is_internal else None, location.called,
        _id(location.company_id),
    )  # fmt: skip


def _warehouse(warehouse: OdooWarehouse, name: str, names: Mapping[int, str]) -> OdooPlace:
    stock = _id(warehouse.lot_stock_id)
    top = _id(warehouse.view_location_id)
    if top is None:
        raise NeedsOperator(f"the warehouse {warehouse.code} has no location that this user sees")
    called = warehouse.code if stock is None else names.get(stock, warehouse.code)
    return OdooPlace(name, top, stock, called, _id(warehouse.company_id))


def _id(link: Link) -> int | None:
    return None if isinstance(link, bool) else link[0]

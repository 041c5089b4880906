"""Square's variations and counts → listings. Pure.

A listing is a variation at a location. What is available is its count in the state IN_STOCK: what
is sold leaves that state.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import msgspec

from store.model import Millis, Record, Refused, State
from sync import values
from sync.channels.api.tally import Tally
from sync.channels.square.shapes import (
    SquareCount,
    SquareItem,
    SquareMoney,
    SquareObject,
    SquareOverride,
    SquareVariation,
)
from sync.errors import ContractBroken

IN_STOCK, UNTRACKED = "IN_STOCK", "UNTRACKED"
_OTHER_STATES = frozenset(
    {"CUSTOM", "SOLD", "RETURNED_BY_CUSTOMER", "RESERVED_FOR_SALE", "SOLD_ONLINE",
     "ORDERED_FROM_VENDOR", "RECEIVED_FROM_VENDOR", "IN_TRANSIT_TO", "IN_TRANSIT", "NONE", "WASTE",
     "UNLINKED_RETURN", "COMPOSED", "DECOMPOSED"}
)  # fmt: skip
"""States of units that are not for sale: they are counted beside those in stock."""

_WITHOUT_DECIMALS = frozenset({"JPY"})
"""Of the currencies that sellers have, those whose smallest unit is the whole one."""

Place = tuple[str, str]
"""The ids of a variation and of a location."""


@dataclass(slots=True)
class SquareFound:
    """Listings, and what could not be read as one."""

    records: list[Record] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)

    def add(self, other: "SquareFound") -> None:
        self.records += other.records
        self.refused += other.refused


@dataclass(slots=True)
class SquareStock:
    """The counts of many variations."""

    in_stock: dict[Place, SquareCount] = field(default_factory=dict)
    untracked: set[Place] = field(default_factory=set)
    unreadable: dict[Place, str] = field(default_factory=dict)
    """What is wrong with a count; the location is empty where it could be any."""

    def note(self, entry: object, place: str, tally: Tally) -> str:
        """Take one count, of which the newer stays; the variation that it is of.

        Raises ContractBroken where that can't be known: it could be any that seems not counted.
        """
        try:
            count = msgspec.convert(entry, SquareCount)
        except msgspec.ValidationError as error:
            return self._note_unreadable(entry, place, str(error))
        key = (count.catalog_object_id, count.location_id)
        if count.state == UNTRACKED:
            self.untracked.add(key)
        elif count.state == IN_STOCK:
            other = self.in_stock.get(key)
            if other is None or moved(count) > moved(other):
                self.in_stock[key] = count
        elif count.state not in _OTHER_STATES:
            state = values.quoted(count.state)
            tally.note(
                f"with units in a state that Skew does not know, {state}, which do not count",
                count.catalog_object_id,
            )
        return count.catalog_object_id

    def of(self, place: Place) -> SquareCount | None:
        """The count in stock. Raises ValueError where one of its counts could not be read."""
        wrong = self.unreadable.get(place) or self.unreadable.get((place[0], ""))
        if wrong is not None:
            raise ValueError(wrong)
        return self.in_stock.get(place)

    def _note_unreadable(self, entry: object, place: str, reason: str) -> str:
        given = entry if isinstance(entry, dict) else {}
        ref, location = given.get("catalog_object_id"), given.get("location_id")
        if not isinstance(ref, str):
            raise ContractBroken(reason, path=place)
        self.unreadable[ref, location if isinstance(location, str) else ""] = reason
        return ref


def moved(count: SquareCount) -> Millis:
    """When a count was calculated; before all others where it does not say."""
    try:
        return values.instant(count.calculated_at) or -1
    except ValueError:
        return -1


@dataclass(frozen=True, slots=True)
class SquareView:
    """What a channel sees: our name of each of Square's locations, and the time."""

    places: Mapping[str, str]
    now: Millis

    def variations(
        self, item: SquareObject, place: str, found: SquareFound
    ) -> Iterator[tuple[SquareObject, str]]:
        """The variations of an item that was listed, each with its place."""
        content = _item(item, place, found)
        for number, entry in enumerate(content.variations or ()):
            where = f"{place}.variations[{number}]"
            variation = _object(entry, where, found)
            if variation is not None:
                yield variation, where

    def listings(
        self,
        variation: SquareObject,
        item: SquareItem | None,
        stock: SquareStock,
        place: str,
        tally: Tally,
    ) -> SquareFound:
        """A variation's listings, one for each location where it is sold."""
        found = SquareFound()
        data = variation.item_variation_data
        try:
            content = msgspec.convert(data, SquareVariation)
        except msgspec.ValidationError as error:
            sku = values.sku_or_none(data.get("sku")) if isinstance(data, dict) else None
            found.refused.append(Refused(f"{place} ({variation.id})", str(error), sku))
            return found
        if content.sku is None or content.sku == "":
            tally.note("without a SKU, so left out", variation.id)
            return found
        if content.stockable is False:
            tally.note("whose stock Square works out from others, so never corrected themselves",
                       str(content.sku))  # fmt: skip
        for location, name in self.places.items():
            if not variation.is_at(location):
                continue
            try:
                record = self._record(variation.id, content, item, stock, location)
            except ValueError as error:
                sku = values.sku_or_none(content.sku)
                where = f"{place} ({variation.id}), {location}"
                found.refused.append(Refused(where, str(error), sku, name))
            else:
                found.records.append(record)
        return found

    def _record(
        self,
        ref: str,
        content: SquareVariation,
        item: SquareItem | None,
        stock: SquareStock,
        location: str,
    ) -> Record:
        """One listing. Raises ValueError for a SKU or a number that can't be one."""
        sku = values.sku(content.sku)
        here = content.at(location)
        count = stock.of((ref, location))
        available = None
        if _is_tracked(content, here, stock, (ref, location)):
            if count is None and content.stockable is False:
                raise ValueError("Square works out its stock from others and gives no count of it")
            # Where nothing was ever counted, Square begins with nothing (Inventory API: process
            # flow, read 2026-11-30).
            available = 0 if count is None else values.quantity(count.quantity)
        state = self._state(content, here, item, available)
        title = " ".join(filter(None, (item.name if item else None, content.name)))
        return Record(
            sku=sku,
            available=available,
            location=self.places[location],
            state=state if available is not None else values.state_of_uncounted(state),
            price_minor=_price(here.price_money or content.price_money),
            title=values.title(title),
            source_at=values.instant(count.calculated_at) if count is not None else None,
            ref=ref,
        )

    def _state(
        self,
        content: SquareVariation,
        here: SquareOverride,
        item: SquareItem | None,
        available: int | None,
    ) -> State:
        if item is not None and item.is_archived:
            return State.ARCHIVED
        if content.sellable is False:
            return State.DISABLED
        # At nothing in stock Square itself says that it is sold out; above that a person did.
        until = values.instant(here.sold_out_valid_until)
        is_out = here.sold_out is True and (until is None or until > self.now)
        return State.HOLD if is_out and (available is None or available > 0) else State.ACTIVE


def object_of(entry: object, place: str, found: SquareFound) -> SquareObject | None:
    """Decode an object of the catalogue; None for one that is deleted or can't be read."""
    return _object(entry, place, found)


def item_of(item: SquareObject) -> SquareItem:
    """What an item says, as far as it can be read: one that can't is not archived."""
    return _item(item, "", SquareFound())


def _object(entry: object, place: str, found: SquareFound) -> SquareObject | None:
    try:
        decoded = msgspec.convert(entry, SquareObject)
    except msgspec.ValidationError as error:
        data = entry.get("item_variation_data") if isinstance(entry, dict) else None
        sku = values.sku_or_none(data.get("sku")) if isinstance(data, dict) else None
        found.refused.append(Refused(place, str(error), sku))
        return None
    return None if decoded.is_deleted else decoded


def _item(item: SquareObject, place: str, found: SquareFound) -> SquareItem:
    try:
        return msgspec.convert(item.item_data, SquareItem)
    except msgspec.ValidationError as error:
        found.refused.append(Refused(f"{place} ({item.id})", str(error)))
        return SquareItem()


def _is_tracked(
    content: SquareVariation, here: SquareOverride, stock: SquareStock, place: Place
) -> bool:
    """Whether Square counts it: as its location says, else itself, else whether it was counted."""
    if place in stock.untracked:
        return False
    for said in (here.track_inventory, content.track_inventory):
        if said is not None:
            return said
    return place in stock.in_stock


def _price(money: SquareMoney | None) -> int | None:
    if money is None or not isinstance(money.amount, int) or isinstance(money.amount, bool):
        return None
    return money.amount * (100 if money.currency in _WITHOUT_DECIMALS else 1)

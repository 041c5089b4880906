"""Reading products and what is available of them (measured on 8.2.1, 2026-11).

Available is what lies in a storage location and below it, less what is assigned to moves out of it
(`stock_assign`). A product's `write_date` misses moves of stock, so a reading has no time of its
own.
"""

import math
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

import msgspec

from store.model import Record, Refused, State
from sync import values
from sync.channels.api.tally import Tally
from sync.channels.base import FreshReadings, ListingRef, RecordPage
from sync.channels.tryton.layout import TrytonLayout, TrytonPlace, TrytonPlan
from sync.channels.tryton.rpc import TrytonClient
from sync.errors import ContractBroken

PAGE_SIZE = 1000
"""The client's own limit of a list."""
PAGES_MAX = 100_000
READ_MAX = 100
_GOODS: list[object] = ["type", "=", "goods"]


class TrytonUnit(msgspec.Struct, frozen=True):
    digits: object = 0


class TrytonProduct(msgspec.Struct, frozen=True):
    """One product, as `search_read` gives it."""

    id: int
    code: str | None = None
    name: object = None
    quantity: object = None
    consumable: bool | None = None
    salable: bool | None = None
    unit: TrytonUnit | None = msgspec.field(default=None, name="default_uom.")

    @property
    def has_parts(self) -> bool:
        """It is measured, in kilograms or metres, and not only counted."""
        digits = self.unit.digits if self.unit is not None else 0
        return isinstance(digits, int) and digits > 0


@dataclass(slots=True)
class TrytonFound:
    records: list[Record] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)


class TrytonReader:
    """Reads the products of one database."""

    def __init__(self, client: TrytonClient, plan: TrytonPlan) -> None:
        self._client = client
        self._plan = plan

    async def pages(self) -> AsyncIterator[RecordPage]:
        """List products by id, one place after the other."""
        layout = await self._plan.afresh()
        tally = Tally()
        for place in layout.places:
            async for number, rows in self._pages_at(layout, place):
                where = f"location {place.storage}, page {number}"
                found = _decoded(rows, layout, place, where, tally)
                yield RecordPage(found.records, found.refused)
        yield RecordPage((), warnings=tally.warnings())

    async def read(self, wanted: Sequence[ListingRef]) -> FreshReadings:
        """Read listings afresh by their refs."""
        layout = await self._plan.known()
        asked = {(listing.sku, listing.location, listing.ref) for listing in wanted}
        skus = {listing.sku for listing in wanted}
        records: list[Record] = []
        refused: list[Refused] = []
        for place in layout.places:
            ids = product_ids(wanted, place.location)
            for start in range(0, len(ids), READ_MAX):
                rows = await self._rows(layout, place, ["id", "in", ids[start : start + READ_MAX]])
                found = _decoded(rows, layout, place, f"location {place.storage}", Tally())
                records += found.records
                refused += [bad for bad in found.refused if bad.sku is None or bad.sku in skus]
        return FreshReadings(
            [known for known in records if (known.sku, known.location, known.ref) in asked], refused
        )

    async def _pages_at(
        self, layout: TrytonLayout, place: TrytonPlace
    ) -> AsyncIterator[tuple[int, Sequence[object]]]:
        # By id, not by offset: whatever comes and goes meanwhile, no product is skipped.
        last = 0
        for number in range(1, PAGES_MAX + 1):
            rows = await self._rows(layout, place, ["id", ">", last])
            yield number, rows
            if len(rows) < PAGE_SIZE:
                return
            before, last = last, _id(rows[-1])
            if last <= before:
                words = "the last product has no id above the one before"
                raise ContractBroken(words, path=f"page {number}", subject=self._client.name)
        raise ContractBroken(
            "still not the last page", path=f"page {PAGES_MAX}", subject=self._client.name
        )

    async def _rows(
        self, layout: TrytonLayout, place: TrytonPlace, which: Sequence[object]
    ) -> Sequence[object]:
        names = ["code", "name", "quantity", "consumable", "default_uom.digits"]
        names += ["salable"] if layout.has_salable else []
        return await self._client.ask(
            "product.product.search_read",
            [[_GOODS, which], 0, PAGE_SIZE, [["id", "ASC"]], names],
            layout.context(place, stock_assign=True),
            list[object],
        )


def product_ids(wanted: Sequence[ListingRef], location: str) -> list[int]:
    """The ids in the refs of listings at a location; what is no id is no product."""
    refs = dict.fromkeys(listing.ref for listing in wanted if listing.location == location)
    return [int(ref) for ref in refs if ref.isascii() and ref.isdecimal() and len(ref) < 10]  # noqa: PLR2004


def _decoded(
    rows: Sequence[object], layout: TrytonLayout, place: TrytonPlace, where: str, tally: Tally
) -> TrytonFound:
    found = TrytonFound()
    for index, row in enumerate(rows):
        sku: object = None
        try:
            product = msgspec.convert(row, TrytonProduct)
            sku = product.code
            if not product.code:
                tally.note("without a code, so left out", str(product.id))
                continue
            found.records.append(_record(product, layout, place, tally))
        except ValueError as error:
            if sku is None and isinstance(row, dict):
                sku = row.get("code")
            known = values.sku_or_none(sku)
            found.refused.append(Refused(f"{where}[{index}]", str(error), known, place.location))
    return found


def _record(
    product: TrytonProduct, layout: TrytonLayout, place: TrytonPlace, tally: Tally
) -> Record:
    """One product at one place. Raises ValueError for what can't be a SKU or a number."""
    sku = values.sku(product.code)
    quantity = product.quantity
    if product.has_parts and isinstance(quantity, float) and math.isfinite(quantity):
        if not quantity.is_integer():
            tally.note("measured in parts of a unit, rounded down", sku)
        quantity = math.floor(quantity)
    available: int | None = values.quantity(quantity)
    state = None
    if layout.has_salable:
        state = State.ACTIVE if product.salable else State.DISABLED
    # Tryton assigns a consumable whether it is there or not: it never runs out.
    if product.consumable:
        available = None
    return Record(
        sku=sku,
        available=available,
        location=place.location,
        state=state if available is not None else values.state_of_uncounted(state),
        title=values.title(product.name),
        ref=str(product.id),
    )


def _id(row: object) -> int:
    found = row.get("id") if isinstance(row, dict) else None
    return found if type(found) is int else 0

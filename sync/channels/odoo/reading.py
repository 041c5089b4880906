"""Reading an Odoo: its products by id, a thousand at a time, and the quants of each thousand.

Pages go by id and not by offset, so nothing that is added or deleted meanwhile moves a page. Stock
moves do not touch a product's `write_date` (measured on 19.0, 2026-11): what changed is found by
the quants' own, by the moves that were done, and by the products'.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import UTC, datetime

import msgspec

from store.model import Millis, Record, Refused
from sync.channels.base import FreshReadings, ListingRef, RecordPage
from sync.channels.odoo import keys, records
from sync.channels.odoo import places as odoo_places
from sync.channels.odoo.desk import OdooCall, OdooDesk
from sync.channels.odoo.places import OdooPlace, OdooPlaces
from sync.channels.odoo.records import OdooFound
from sync.channels.odoo.shapes import (
    PRODUCT_FIELDS,
    QUANT_FIELDS,
    OdooId,
    OdooProduct,
    OdooQuant,
)
from sync.errors import ContractBroken

PAGE_MAX = 1000
PAGES_MAX = 100_000
QUANTS_MAX = 50_000
"""Quants of one page of products, or records of one list of what changed."""
_EITHER = ["active", "in", [True, False]]
"""Odoo lists what is archived only where it is asked for."""


class _Id(msgspec.Struct, frozen=True):
    id: OdooId


class _Changed(msgspec.Struct, frozen=True):
    product_id: tuple[OdooId, object] | bool


class _Free(msgspec.Struct, frozen=True):
    id: OdooId
    free_qty: object


class _Coded(msgspec.Struct, frozen=True):
    default_code: str


class OdooReader:
    """Reads one database."""

    def __init__(self, desk: OdooDesk) -> None:
        self._desk = desk
        self._places: OdooPlaces | None = None

    async def pages(self, now: Millis) -> AsyncIterator[RecordPage]:
        """All products, active ones first, then those archived whose SKU no active one has."""
        self._desk.forget_fields()
        places = self._places = await odoo_places.places(self._desk)
        found, shadowed, number = OdooFound(), 0, 0
        active: set[str] = set()
        for is_active in (True, False):
            last = 0
            while True:
                number += 1
                if number > PAGES_MAX:
                    raise self._broken("still not the last page", f"page {number}")
                domain = [["active", "=", is_active], ["id", ">", last]]
                rows = await self._products(domain, f"page {number}")
                last = self._last_id(rows, last, f"page {number}")
                page = OdooFound()
                decoded = records.products(rows, f"page {number}, products", page)
                if is_active:
                    active.update(str(product.default_code) for product in decoded)
                else:
                    kept = [product for product in decoded if product.default_code not in active]
                    shadowed += len(decoded) - len(kept)
                    decoded = kept
                await self._fill(decoded, places, page)
                _count(found, page)
                is_end = len(rows) < PAGE_MAX
                warnings: tuple[str, ...] = ()
                if is_end and not is_active:
                    warnings = (*_warnings(found, shadowed), *await keys.ending(self._desk, now))
                yield RecordPage(page.records, page.refused, warnings=warnings)
                if is_end:
                    break

    async def changed(self, since: Millis) -> AsyncIterator[RecordPage]:
        """The products that may have changed, or whose stock may have, at or after an instant."""
        places = self._places = await odoo_places.places(self._desk)
        ids = sorted(await self._changed_ids(since))
        for start in range(0, len(ids), PAGE_MAX):
            domain = [["id", "in", ids[start : start + PAGE_MAX]], _EITHER]
            found = await self._found(domain, places)
            yield RecordPage(found.records, found.refused)
        if not ids:
            yield RecordPage(())

    async def read(self, wanted: Sequence[ListingRef]) -> FreshReadings:
        """Read every listing of the SKUs at these places: a SKU may stand on two by now."""
        places = await self._known_places()
        asked = {(listing.sku, listing.location) for listing in wanted}
        skus = sorted({sku for sku, _ in asked})
        good: list[Record] = []
        refused: list[Refused] = []
        for start in range(0, len(skus), PAGE_MAX):
            domain = [["default_code", "in", skus[start : start + PAGE_MAX]], _EITHER]
            found = await self._found(domain, places)
            good += [r for r in found.records if (r.sku, r.location) in asked]
            refused += [r for r in found.refused if r.sku is None or (r.sku, r.location) in asked]
        return FreshReadings(good, refused)

    async def standing(self, ids: Iterable[int]) -> OdooFound:
        """Products by id, as a write needs them."""
        places = await self._known_places()
        domain = [["id", "in", sorted(ids)], _EITHER]
        rows = await self._products(domain, "product.product")
        found = OdooFound()
        decoded = records.products(rows, "product.product", found)
        await self._fill(decoded, places, found)
        return found

    async def _known_places(self) -> OdooPlaces:
        if self._places is None:
            self._places = await odoo_places.places(self._desk)
        return self._places

    async def _found(self, domain: Sequence[object], places: OdooPlaces) -> OdooFound:
        """Some products; an archived one is left out where an active one has its SKU."""
        found = OdooFound()
        rows = await self._products(domain, "product.product", limit=QUANTS_MAX)
        if len(rows) >= QUANTS_MAX:
            raise self._broken(f"more than {QUANTS_MAX:,} products", "product.product")
        decoded = records.products(rows, "product.product", found)
        archived = sorted({str(p.default_code) for p in decoded if not p.active})
        if archived:
            again = [["default_code", "in", archived], ["active", "=", True]]
            active_rows = await self._desk.rows(
                "product.product", again, ["default_code"], limit=QUANTS_MAX
            )
            coded = self._desk.shaped(active_rows, _Coded, "product.product")
            active = {row.default_code for row in coded}
            decoded = [p for p in decoded if p.active or p.default_code not in active]
        await self._fill(decoded, places, found)
        return found

    async def _products(
        self, domain: Sequence[object], place: str, *, limit: int = PAGE_MAX
    ) -> list[object]:
        fields = await self._desk.fields_of("product.product")
        if "default_code" not in fields:
            raise self._broken("no default_code", "product.product/fields_get")
        wanted = [name for name in PRODUCT_FIELDS if name in fields]
        return await self._desk.rows("product.product", domain, wanted, limit=limit, place=place)

    async def _fill(
        self, decoded: Sequence[OdooProduct], places: OdooPlaces, found: OdooFound
    ) -> None:
        """Read what these products have, and make their records."""
        counted = [p.id for p in decoded if p.is_counted and not p.is_kits]
        kits = [p.id for p in decoded if p.is_kits]
        quants = await self._quants(counted, places) if counted else {}
        free = await self._free(kits, places.places) if kits else {}
        records.put_together(decoded, places.places, quants, free, found)

    async def _quants(
        self, ids: Sequence[int], places: OdooPlaces
    ) -> dict[tuple[int, str], list[OdooQuant]]:
        domain: list[object] = [
            ["product_id", "in", list(ids)],
            ["location_id", "in", sorted(places.of_location)],
        ]
        fields = await self._desk.fields_of("stock.quant")
        wanted = [name for name in QUANT_FIELDS if name in fields]
        rows = await self._all("stock.quant", domain, wanted)
        found: dict[tuple[int, str], list[OdooQuant]] = defaultdict(list)
        for quant in self._desk.shaped(rows, OdooQuant, "stock.quant"):
            if isinstance(quant.product_id, tuple) and isinstance(quant.location_id, tuple):
                place = places.of_location.get(quant.location_id[0])
                if place is None:
                    words = f"location {quant.location_id[0]}, which was not asked for"
                    raise self._broken(words, "stock.quant")
                found[quant.product_id[0], place.name].append(quant)
        return found

    async def _free(
        self, ids: Sequence[int], places: Sequence[OdooPlace]
    ) -> dict[tuple[int, str], object]:
        """What is free of kits, which have no quants: Odoo works it out for each place."""
        found: dict[tuple[int, str], object] = {}
        for place in places:
            domain = [["id", "in", list(ids)], _EITHER]
            rows = await self._desk.rows(
                "product.product", domain, ["free_qty"], limit=QUANTS_MAX, location=place.top
            )
            for row in self._desk.shaped(rows, _Free, "product.product"):
                found[row.id, place.name] = row.free_qty
        return found

    async def _changed_ids(self, since: Millis) -> set[int]:
        # Odoo keeps microseconds and takes and shows whole seconds.
        at = f"{datetime.fromtimestamp(since // 1000, UTC):%Y-%m-%d %H:%M:%S}"
        after: list[object] = ["write_date", ">=", at]
        inside: list[object] = ["location_id.usage", "=", "internal"]
        # A quant that has come down to nothing is deleted, so the moves that did it are asked too.
        moved: list[object] = ["|", after, ["date", ">=", at], ["state", "=", "done"]]
        ids: set[int] = set()
        for model, domain in (("stock.quant", [after, inside]), ("stock.move.line", moved)):
            rows = await self._all(model, domain, ["product_id"])
            changed = self._desk.shaped(rows, _Changed, model)
            ids.update(row.product_id[0] for row in changed if isinstance(row.product_id, tuple))
        of_template: list[object] = ["product_tmpl_id.write_date", ">=", at]
        ids.update(await self._ids([_EITHER, "|", after, of_template]))
        if "is_kits" in await self._desk.fields_of("product.product"):
            # A kit changes with its components, and says nothing of it.
            ids.update(await self._ids([_EITHER, ["is_kits", "=", True]]))
        return ids

    async def _ids(self, domain: Sequence[object]) -> list[int]:
        rows = await self._all("product.product", domain, ["id"])
        return [row.id for row in self._desk.shaped(rows, _Id, "product.product")]

    async def _all(
        self, model: str, domain: Sequence[object], fields: Sequence[str]
    ) -> list[object]:
        """All records of a search, by their ids, some thousands at a time."""
        rows: list[object] = []
        last = 0
        while True:
            page = await self._desk.rows(
                model, [*domain, ["id", ">", last]], fields, limit=QUANTS_MAX
            )
            rows += page
            if len(page) < QUANTS_MAX:
                return rows
            last = self._last_id(page, last, model)

    def _last_id(self, rows: Sequence[object], before: int, place: str) -> int:
        """The id that the next page begins after. Raises ContractBroken where it does not grow."""
        if not rows:
            return before
        last = self._desk.client.shaped(rows[-1], _Id, f"{place}[{len(rows) - 1}]").id
        if last <= before:
            raise self._broken("its records are not in the order of their ids", place)
        return last

    def _broken(self, words: str, place: str) -> ContractBroken:
        return ContractBroken(words, path=place, subject=self._desk.client.name)


async def count(desk: OdooDesk) -> int:
    """How many products there are that are not archived."""
    call = OdooCall("product.product", "search_count", {"domain": []})
    found = await desk.way.read(call, desk.context())
    return desk.client.shaped(found, int, call.place)


def _count(whole: OdooFound, page: OdooFound) -> None:
    whole.nameless += page.nameless
    for tracking, number in page.unlike.items():
        whole.unlike[tracking] = whole.unlike.get(tracking, 0) + number


def _warnings(found: OdooFound, shadowed: int) -> tuple[str, ...]:
    warnings = [
        f"{number:,} products are tracked in a way that Skew does not know: {tracking}"
        for tracking, number in found.unlike.items()
    ]
    if found.nameless:
        warnings.append(f"{_products(found.nameless)} without an internal reference: left out")
    if shadowed:
        warnings.append(
            f"{_products(shadowed)} archived, with the reference of an active one: left out"
        )
    return tuple(warnings)


def _products(number: int) -> str:
    return "1 product" if number == 1 else f"{number:,} products"

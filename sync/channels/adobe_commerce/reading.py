"""Reading a shop: salable quantities of a website, or what lies in its sources.

Salable has a request for one SKU, `get-product-salable-quantity`, and a list by pages of products,
`export-stock-salable-qty`, which takes the same number from the same place
(`PreciseExportStockProcessor` in magento/inventory, 2026-11). We read the list: 1,000 SKUs cost
some eight requests instead of 1,000.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

import msgspec

from store.model import Refused
from sync import values
from sync.channels.adobe_commerce.layout import AdobeLayout, AdobePlan
from sync.channels.adobe_commerce.listings import (
    AdobeFound,
    AdobeLying,
    is_open_ended,
    of_salable,
    of_source,
)
from sync.channels.adobe_commerce.options import AdobeCommerceOptions
from sync.channels.adobe_commerce.search import AdobeSearch, by_skus
from sync.channels.adobe_commerce.shapes import AdobeSalable, AdobeSourceItem, AdobeStockItem
from sync.channels.api.tally import Tally
from sync.channels.base import FreshReadings, ListingRef, RecordPage, closing

ASKED_MAX = 100
"""So many products' settings are looked up in one sweep, each by a request of its own."""

FEW = 20
"""SKUs in one filter: their text has to fit in a URL."""

_ITEMS = ("inventory", "source-items")


@dataclass(slots=True)
class AdobeFew:
    """A few SKUs, read afresh."""

    found: AdobeFound = field(default_factory=AdobeFound)
    items: dict[str, list[AdobeSourceItem]] = field(default_factory=dict)
    """The items of each SKU in the sources that count."""


class AdobeReader:
    """Reads listings as the configuration says what one is."""

    def __init__(self, search: AdobeSearch, plan: AdobePlan, options: AdobeCommerceOptions) -> None:
        self._search = search
        self._plan = plan
        self._is_salable = options.figure == "salable"
        self._own_source = options.source
        self._export = ("inventory", "export-stock-salable-qty", "website", options.website)
        self._unmanaged: dict[str, bool] = {}
        """What was looked up of products that are salable without a number."""

    async def pages(self) -> AsyncIterator[RecordPage]:
        layout, tally = await self._plan.afresh(), Tally()
        pages = self._salable(layout, tally) if self._is_salable else self._sources(layout, tally)
        async with closing(pages) as all_found:
            async for found in all_found:
                yield RecordPage(found.records, found.refused)
        yield RecordPage((), warnings=tally.warnings())

    async def read(self, wanted: Sequence[ListingRef]) -> FreshReadings:
        asked = {(listing.sku, listing.location) for listing in wanted}
        few = await self.few([listing.sku for listing in wanted])
        return FreshReadings(
            [known for known in few.found.records if (known.sku, known.location) in asked],
            few.found.refused,
        )

    async def few(self, skus: Sequence[str]) -> AdobeFew:
        """Read SKUs afresh, with what lies of them in each source."""
        layout, tally, few = await self._plan.known(), Tally(), AdobeFew()
        asked = set(skus)
        for which in by_skus(list(dict.fromkeys(skus)), FEW):
            async for listed in self._search.pages(_ITEMS, "source_item_id", which):
                place = f"source-items, page {listed.number}"
                for number, entry in enumerate(listed.items):
                    item = _item(entry, f"{place}[{number}]", few.found)
                    # The shop's database takes A-1 for a-1.
                    if item is not None and item.sku in asked:
                        few.items.setdefault(item.sku, []).append(item)
            if not self._is_salable:
                continue
            async for listed in self._search.pages(self._export, "entity_id", which):
                lying = _lying(few.items, layout)
                entries = [
                    entry
                    for entry in listed.items
                    if not (isinstance(entry, dict) and isinstance(sku := entry.get("sku"), str))
                    or sku in asked
                ]
                await self._page(entries, f"salable, page {listed.number}", lying, few.found, tally)
        few.items = {
            sku: [item for item in items if item.source_code in layout.sources]
            for sku, items in few.items.items()
        }
        if not self._is_salable:
            for items in few.items.values():
                for item in items:
                    self._source(item, "source-items", few.found, tally)
        return few

    async def _salable(self, layout: AdobeLayout, tally: Tally) -> AsyncIterator[AdobeFound]:
        """The website's products, a page at a time."""
        # Both lists have an order of their own, so what lies in the sources is held meanwhile:
        # some 200 bytes a SKU.
        lying: dict[str, AdobeLying] = {}
        which = ("source_code", "in", ",".join(layout.sources))
        async for listed in self._search.pages(_ITEMS, "source_item_id", which):
            broken = AdobeFound()
            for number, entry in enumerate(listed.items):
                place = f"source-items, page {listed.number}[{number}]"
                item = _item(entry, place, broken)
                if item is not None:
                    lying.setdefault(item.sku, AdobeLying()).add(item)
            if broken.refused:
                yield broken
        left = dict.fromkeys(lying)
        asked_max = len(self._unmanaged) + ASKED_MAX
        async for listed in self._search.pages(self._export, "entity_id"):
            found = AdobeFound()
            place = f"salable, page {listed.number}"
            await self._page(listed.items, place, lying, found, tally, asked_max)
            for entry in listed.items:
                left.pop(_sku(entry), None)
            yield found
        for sku in left:
            tally.note("in a source, and no product of the website, so left out", sku)

    async def _page(
        self,
        entries: Sequence[object],
        place: str,
        lying: dict[str, AdobeLying],
        found: AdobeFound,
        tally: Tally,
        asked_max: int | None = None,
    ) -> None:
        """Put a page of salable quantities into `found`."""
        for number, entry in enumerate(entries):
            sku: str | None = None
            try:
                salable = msgspec.convert(entry, AdobeSalable)
                sku = values.sku_or_none(salable.sku)
                there = lying.get(salable.sku)
                if there is None:
                    tally.note(
                        "made of others, or in none of the sources, so left out", salable.sku
                    )
                    continue
                is_counted = True
                if is_open_ended(salable):
                    is_counted = await self._is_counted(salable.sku, tally, asked_max)
                found.records.append(of_salable(salable, there, is_counted=is_counted))
            except ValueError as error:
                sku = sku or values.sku_or_none(_sku(entry))
                found.refused.append(Refused(f"{place}[{number}]", str(error), sku))

    async def _is_counted(self, sku: str, tally: Tally, asked_max: int | None) -> bool:
        """Whether a product's stock is managed, by its settings. They are asked once.

        Not where `asked_max` are known already.
        """
        known = self._unmanaged.get(sku)
        if known is None and asked_max is not None and len(self._unmanaged) >= asked_max:
            tally.note("salable without a number, and not looked up yet, so not counted", sku)
            return False
        if known is None:
            settings = await self._search.get(("stockItems", sku), AdobeStockItem)
            # A product that was deleted meanwhile is gone with the next sweep.
            is_managed = settings is None or settings.manage_stock is not False
            known = self._unmanaged[sku] = not is_managed
        return not known

    async def _sources(self, layout: AdobeLayout, tally: Tally) -> AsyncIterator[AdobeFound]:
        """The items of the sources, a page at a time."""
        which = ("source_code", "in", ",".join(layout.sources))
        async for listed in self._search.pages(_ITEMS, "source_item_id", which):
            found = AdobeFound()
            for number, entry in enumerate(listed.items):
                place = f"source-items, page {listed.number}[{number}]"
                item = _item(entry, place, found)
                if item is not None:
                    self._source(item, place, found, tally)
            yield found

    def _source(self, item: AdobeSourceItem, place: str, found: AdobeFound, tally: Tally) -> None:
        location = "" if self._own_source is not None else item.source_code
        try:
            found.records.append(of_source(item, location, tally))
        except ValueError as error:
            known = values.sku_or_none(item.sku)
            found.refused.append(Refused(place, str(error), known, location))


def _item(entry: object, place: str, found: AdobeFound) -> AdobeSourceItem | None:
    try:
        return msgspec.convert(entry, AdobeSourceItem)
    except msgspec.ValidationError as error:
        found.refused.append(Refused(place, str(error), values.sku_or_none(_sku(entry))))
        return None


def _sku(entry: object) -> str:
    found = entry.get("sku") if isinstance(entry, dict) else None
    return found if isinstance(found, str) else ""


def _lying(items: dict[str, list[AdobeSourceItem]], layout: AdobeLayout) -> dict[str, AdobeLying]:
    lying: dict[str, AdobeLying] = {}
    for sku, own in items.items():
        for item in own:
            if item.source_code in layout.sources:
                lying.setdefault(sku, AdobeLying()).add(item)
    return lying

"""A few items afresh, by their ids, each with its level at one location."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from store.model import Record, Refused
from sync.channels.base import FreshReadings, ListingRef
from sync.channels.shopify import documents
from sync.channels.shopify.ids import ITEM, LOCATION, long_id
from sync.channels.shopify.reading import ShopifyListings, ShopifyReadItem, ShopifyTally, is_bundle
from sync.channels.shopify.session import ShopifySession, ShopifyTooCostly
from sync.channels.shopify.shapes import ShopifyItem, ShopifyLevel, ShopifyNodeList
from sync.channels.shopify.sweep import ShopifySweep

IDS_MAX = 250
"""Input arrays take no more (shopify.dev, API limits, 2026-11)."""
_ITEM_POINTS = 10.0


@dataclass(frozen=True, slots=True)
class ShopifyFreshItem:
    """What one listing is now."""

    record: Record | None
    """None: it is not there, or can't be read."""
    refused: Refused | None = None
    obstacle: str = ""
    """Why it can't be written, whatever it shows."""


class ShopifyFresh:
    """Reads listings by their refs; between readings it remembers what an item costs."""

    def __init__(self, session: ShopifySession, sweep: ShopifySweep, location: str | None) -> None:
        self._session = session
        self._sweep = sweep
        self._location = location
        self._points_an_item = _ITEM_POINTS

    def place_of(self, listing: ListingRef) -> str | None:
        """The id of the location that a listing stands at; None where it can't be one."""
        return long_id(LOCATION, listing.location if self._location is None else self._location)

    async def read(self, wanted: Sequence[ListingRef]) -> FreshReadings:
        found = await self.found(wanted)
        records = [fresh.record for fresh in found.values() if fresh.record is not None]
        return FreshReadings(records, [f.refused for f in found.values() if f.refused is not None])

    async def found(self, wanted: Sequence[ListingRef]) -> Mapping[ListingRef, ShopifyFreshItem]:
        """What each listing is now; one that is not there is not in the answer."""
        by_place: dict[str, dict[str, ListingRef]] = {}
        for listing in wanted:
            place, item_id = self.place_of(listing), long_id(ITEM, listing.ref)
            if place is not None and item_id is not None:
                by_place.setdefault(place, {})[item_id] = listing
        found: dict[ListingRef, ShopifyFreshItem] = {}
        for place, listings in by_place.items():
            for item_id, read in (await self._items(list(listings), place)).items():
                listing = listings[item_id]
                fresh = self._fresh(listing, read)
                if fresh is not None:
                    found[listing] = fresh
        return found

    async def _items(
        self, ids: Sequence[str], location: str
    ) -> Mapping[str, ShopifyReadItem | Refused]:
        """Read items by their ids, as many at once as a query may cost."""
        found: dict[str, ShopifyReadItem | Refused] = {}
        start = 0
        while start < len(ids):
            size = max(1, min(IDS_MAX, int(self._session.page_points / self._points_an_item)))
            some = ids[start : start + size]
            variables = {"ids": some, "location": location}
            points = len(some) * self._points_an_item
            try:
                answer = await self._session.shaped(
                    documents.FRESH, variables, "nodes", ShopifyNodeList, points=points
                )
            except ShopifyTooCostly:
                if size == 1:
                    raise
                self._points_an_item = self._session.page_points / max(1, size // 2)
                continue
            cost = self._session.costs.last(documents.FRESH)
            if cost is not None and cost.requested_query_cost:
                self._points_an_item = max(0.01, cost.requested_query_cost / len(some))
            # They come in the order of the ids; one that is gone is null.
            for number, (item_id, node) in enumerate(zip(some, answer.nodes, strict=False), 1):
                if node:
                    found[item_id] = await self._whole(item_id, node, f"nodes, item {number}")
            start += len(some)
        return found

    async def _whole(self, item_id: str, node: object, place: str) -> ShopifyReadItem | Refused:
        try:
            item = msgspec.convert(node, ShopifyItem)
        except msgspec.ValidationError as error:
            return Refused(place, str(error))
        if item.id != item_id:
            return Refused(place, f"it is another item: {self._session.client.text(item.id)}")
        return await self._sweep.whole(item, place)

    def _fresh(
        self, listing: ListingRef, read: ShopifyReadItem | Refused
    ) -> ShopifyFreshItem | None:
        """What a listing is now, by what came for it; None where the item is another by now."""
        if isinstance(read, Refused):
            refused = msgspec.structs.replace(read, sku=listing.sku, location=listing.location)
            return ShopifyFreshItem(None, refused)
        if read.item.sku != listing.sku:
            return None
        listings = ShopifyListings(ShopifyTally(), self._location is not None)
        listings.add(read)
        if listings.refused:
            return ShopifyFreshItem(None, listings.refused[0])
        if not read.levels:
            return None
        record = listings.records[0] if listings.records else None
        obstacle = self._obstacle(read)
        return None if record is None and not obstacle else ShopifyFreshItem(record, None, obstacle)

    def _obstacle(self, read: ShopifyReadItem) -> str:
        level = msgspec.convert(read.levels[0], ShopifyLevel)
        if not read.item.tracked:
            return "Shopify does not track its stock, so it never runs out"
        if is_bundle(read.variants):
            return "it is a bundle: Shopify counts its stock from its components"
        if not level.location.is_active:
            name = self._session.client.text(level.location.name or level.location.id)
            return f"the location {name} is not active"
        return ""

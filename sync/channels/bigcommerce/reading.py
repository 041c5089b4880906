"""Reading a BigCommerce store: its catalogue, then its inventory, whole or a few products of it."""

import re
from collections.abc import AsyncIterator, Iterator, Sequence

from sync.channels.api.tally import Tally
from sync.channels.base import FreshReadings, ListingRef, RecordPage
from sync.channels.bigcommerce.catalogue import BigCatalogue
from sync.channels.bigcommerce.desk import CATALOGUE_SCOPE, INVENTORY_SCOPE, BigDesk
from sync.channels.bigcommerce.listings import BigFound, BigView
from sync.channels.bigcommerce.shapes import BigPage
from sync.errors import ContractBroken, Temporary

LIMIT = 1000
"""Of inventory items in a page, at most (inventory.v3.yml, read 2026-11-30)."""
PRODUCTS_MAX = 250
"""Of products in a page, at most; also the ids in one URL."""
PAGES_MAX = 10_000

_REF = re.compile(r"(\d{1,18})(?:/\d{1,18})?", re.ASCII)
_PRODUCTS = (
    "/v3/catalog/products?include=variants&sort=id"
    "&include_fields=name,sku,inventory_tracking,is_visible,availability"
)
_ITEMS = "/v3/inventory/items"


class BigReader:
    """Asks one store for its listings."""

    def __init__(self, desk: BigDesk, location: str | None) -> None:
        self._desk = desk
        self._location = location

    async def pages(self) -> AsyncIterator[RecordPage]:
        """List the inventory, then what is sold without being counted, which may not be in it."""
        # The numbers come last: nothing of a long reading is newer than they are.
        view = BigView(self._location, Tally(), BigCatalogue())
        async for _, entries in self._all(_PRODUCTS, PRODUCTS_MAX, "products", CATALOGUE_SCOPE):
            for entry in entries:
                view.catalogue.add(entry, view.tally)
        seen, places = set[tuple[str, str]](), dict[str, None]()
        counted = set[int]()
        async for number, entries in self._all(self._items(), LIMIT, "items", INVENTORY_SCOPE):
            found = BigFound()
            for index, entry in enumerate(entries):
                item = view.item(entry, f"items, page {number}, data[{index}]", found)
                if item is not None and item.identity.variant_id is not None:
                    counted.add(item.identity.variant_id)
            for record in found.records:
                # Pages have numbers and no order of their own. What moves between two of them is
                # there twice, and something else is not there at all.
                if (record.ref, record.location) in seen:
                    raise Temporary(f"{self._desk.name}'s inventory changed while it was read")
                seen.add((record.ref, record.location))
                places[record.location] = None
            yield RecordPage(found.records, found.refused)
        free = [
            record
            for variant_id, facts in view.catalogue.uncounted()
            if variant_id not in counted
            for record in view.free(variant_id, facts, list(places) or [""])
        ]
        yield RecordPage(free, warnings=view.tally.warnings())

    async def read(self, wanted: Sequence[ListingRef]) -> FreshReadings:
        """Read the products of some listings afresh. What else they have is left out."""
        asked = {(listing.sku, listing.location, listing.ref) for listing in wanted}
        refs = (_REF.fullmatch(listing.ref) for listing in wanted)
        products = dict.fromkeys(ref[1] for ref in refs if ref is not None)
        found, view = BigFound(), BigView(self._location, Tally(), BigCatalogue())
        counted = set[int]()
        for ids in _chunks(list(products), PRODUCTS_MAX):
            among = ",".join(ids)
            async for _, entries in self._all(
                f"{_PRODUCTS}&id:in={among}", PRODUCTS_MAX, "products", CATALOGUE_SCOPE
            ):
                for entry in entries:
                    view.catalogue.add(entry, view.tally)
            async for number, entries in self._all(
                self._items(f"product_id:in={among}"), LIMIT, "items", INVENTORY_SCOPE
            ):
                for index, entry in enumerate(entries):
                    item = view.item(entry, f"items, page {number}, data[{index}]", found)
                    if item is not None and item.identity.variant_id is not None:
                        counted.add(item.identity.variant_id)
        places = list(dict.fromkeys(listing.location for listing in wanted))
        for variant_id, facts in view.catalogue.uncounted():
            if variant_id not in counted:
                found.records += view.free(variant_id, facts, places)
        skus = {listing.sku for listing in wanted}
        return FreshReadings(
            [found for found in found.records if (found.sku, found.location, found.ref) in asked],
            [refused for refused in found.refused if refused.sku in skus or refused.sku is None],
        )

    def _items(self, wanted: str = "") -> str:
        of_location = "" if self._location is None else f"location_id:in={self._location}"
        query = "&".join(part for part in (wanted, of_location) if part)
        return f"{_ITEMS}?{query}"

    async def _all(
        self, path: str, limit: int, what: str, scope: str
    ) -> AsyncIterator[tuple[int, Sequence[object]]]:
        """The entries of each page of a list, with its number."""
        total: int | None = None
        came = 0
        for number in range(1, PAGES_MAX + 1):
            url = f"{path}{'' if path.endswith('?') else '&'}limit={limit}&page={number}"
            page = await self._desk.read(url, BigPage, f"{what}, page {number}", scope)
            pagination = page.meta.pagination
            came += len(page.data)
            if total is not None and pagination.total != total:
                raise Temporary(f"{self._desk.name}'s {what} changed while they were read")
            total = pagination.total
            yield number, page.data
            if number >= pagination.total_pages or came >= total:
                if came != total:
                    words = f"{came:,} came of {total:,} that it announces"
                    raise ContractBroken(words, path=what, subject=self._desk.name)
                return
            if not page.data:
                words = f"the page is empty, and {total - came:,} are still to come"
                raise ContractBroken(words, path=f"{what}, page {number}", subject=self._desk.name)
        raise ContractBroken(
            "still not the last page", path=f"{what}, page {PAGES_MAX}", subject=self._desk.name
        )


def _chunks(ids: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    return (ids[start : start + size] for start in range(0, len(ids), size))

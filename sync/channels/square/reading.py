"""Reading a Square account: whole, what changed, or a few listings of it."""

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import quote

from store.model import Millis
from sync import values
from sync.channels.api.tally import Tally
from sync.channels.base import FreshReadings, ListingRef, RecordPage
from sync.channels.square.listings import (
    SquareFound,
    SquareStock,
    SquareView,
    item_of,
    moved,
    object_of,
)
from sync.channels.square.session import SquareSession
from sync.channels.square.shapes import (
    SquareCatalogPage,
    SquareCountsPage,
    SquareItem,
    SquareLocation,
    SquareLocations,
    SquareObject,
)
from sync.clock import Clock, rfc3339
from sync.errors import ContractBroken, NeedsOperator

P = TypeVar("P", SquareCatalogPage, SquareCountsPage)

LIMIT = 1000
"""Of the counts in a page, the objects in a page and the ids in a request."""
PAGES_MAX = 10_000
BEFORE_MS = 1000
"""`updated_after` and `begin_time` leave out the instant itself: we ask from a little before."""

LOCATIONS = "/v2/locations"
COUNTS = "/v2/inventory/counts/batch-retrieve"
SEARCH = "/v2/catalog/search"
RETRIEVE = "/v2/catalog/batch-retrieve"


@dataclass(slots=True)
class SquareFresh:
    """Listings that were read afresh, and when by the server's clock."""

    found: SquareFound = field(default_factory=SquareFound)
    derived: set[str] = field(default_factory=set)
    """The variations whose stock Square works out itself."""
    at: Millis | None = None


class SquareReader:
    """Asks one account for its listings."""

    def __init__(self, session: SquareSession, location: str | None, clock: Clock) -> None:
        self._session = session
        self._location = location
        self._clock = clock

    async def locations(self) -> Sequence[SquareLocation]:
        """All of the seller's locations. Raises NeedsOperator where ours is not an active one."""
        answer = await self._session.ask(LOCATIONS, SquareLocations, "locations")
        active = [location for location in answer.locations if location.is_active]
        if self._location is not None and all(found.id != self._location for found in active):
            known = ", ".join(f"{found.id} ({found.name or 'no name'})" for found in active)
            raise NeedsOperator(
                f"{self._session.name}: location {values.quoted(self._location)} is not an active "
                f"location of this seller; known: {self._session.client.text(known) or 'none'}"
            )
        return answer.locations

    async def pages(self) -> AsyncIterator[RecordPage]:
        """Read every count, then list the catalogue, item by item."""
        tally = Tally()
        view = await self._view()
        stock = await self._all_counts(view, tally)
        seen: set[str] = set()
        derived: dict[str, tuple[SquareObject, SquareItem]] = {}
        async for number, page in self._catalogue({"object_types": ["ITEM"]}, "page"):
            found = SquareFound()
            for index, entry in enumerate(page.objects):
                place = f"page {number}, objects[{index}]"
                item = object_of(entry, place, found)
                if item is None:
                    continue
                content = item_of(item)
                for variation, where in view.variations(item, place, found):
                    # A cursor may show an item twice that was changed meanwhile.
                    if variation.id in seen:
                        continue
                    seen.add(variation.id)
                    if _is_derived(variation):
                        derived[variation.id] = (variation, content)
                    else:
                        found.add(view.listings(variation, content, stock, where, tally))
            yield RecordPage(found.records, found.refused)
        found = SquareFound()
        await self._count_derived(derived, view, stock, tally)
        for variation, content in derived.values():
            found.add(view.listings(variation, content, stock, "catalogue", tally))
        yield RecordPage(found.records, found.refused, warnings=tally.warnings())

    async def changed(self, since: Millis) -> AsyncIterator[RecordPage]:
        """Read the listings whose counts or catalogue entries moved since."""
        tally = Tally()
        view = await self._view()
        stock = SquareStock()
        after = rfc3339(since - BEFORE_MS)
        ids = dict.fromkeys(
            [count async for count in self._counts({"updated_after": after}, view, stock, tally)]
        )
        query = {"object_types": ["ITEM", "ITEM_VARIATION"], "begin_time": after}
        async for number, page in self._catalogue(query, "changed, page"):
            for index, entry in enumerate(page.objects):
                place = f"changed, page {number}, objects[{index}]"
                found = object_of(entry, place, SquareFound())
                if found is None:
                    continue
                if found.type == "ITEM_VARIATION":
                    ids[found.id] = None
                for variation, _ in view.variations(found, place, SquareFound()):
                    ids[variation.id] = None
        if not ids:
            yield RecordPage(())
        for chunk in _chunks(list(ids), LIMIT):
            fresh = await self._of_ids(chunk, view, tally)
            yield RecordPage(fresh.found.records, fresh.found.refused)
        yield RecordPage((), warnings=tally.warnings())

    async def read(self, wanted: Sequence[ListingRef]) -> FreshReadings:
        """Read listings afresh by their refs."""
        fresh = await self.fresh(wanted)
        return FreshReadings(fresh.found.records, fresh.found.refused)

    async def fresh(self, wanted: Sequence[ListingRef]) -> SquareFresh:
        """The same, with what a write needs to know beside. Reads only the listings' locations."""
        asked = {(listing.sku, listing.location, listing.ref) for listing in wanted}
        places = dict.fromkeys(self._location or listing.location for listing in wanted)
        names = {place: "" if self._location is not None else place for place in places}
        view = SquareView(names, self._clock.now())
        fresh = SquareFresh()
        for chunk in _chunks(list(dict.fromkeys(listing.ref for listing in wanted)), LIMIT):
            some = await self._of_ids(chunk, view, Tally())
            fresh.found.add(some.found)
            fresh.derived |= some.derived
            fresh.at = some.at
        skus = {listing.sku for listing in wanted}
        found = fresh.found
        found.records = [
            record for record in found.records if (record.sku, record.location, record.ref) in asked
        ]
        found.refused = [
            refused for refused in found.refused if refused.sku is None or refused.sku in skus
        ]
        return fresh

    async def _view(self) -> SquareView:
        """Our names of the locations that are looked at."""
        locations = await self.locations()
        if self._location is not None:
            return SquareView({self._location: ""}, self._clock.now())
        active = {location.id: location.id for location in locations if location.is_active}
        return SquareView(active, self._clock.now())

    async def _all_counts(self, view: SquareView, tally: Tally) -> SquareStock:
        """Every count, and once more those that moved while they were read."""
        # Counts come newest first, so that one that moves while later pages are read jumps to the
        # front, where we have been already. What moved since the newest of all is read again. That
        # time is the server's own.
        stock = SquareStock()
        async for _ in self._counts({}, view, stock, tally):
            pass
        newest = max((moved(count) for count in stock.in_stock.values()), default=-1)
        if newest > 0:
            after = {"updated_after": rfc3339(newest - BEFORE_MS)}
            async for _ in self._counts(after, view, stock, tally):
                pass
        return stock

    async def _counts(
        self, which: Mapping[str, object], view: SquareView, stock: SquareStock, tally: Tally
    ) -> AsyncIterator[str]:
        """Note counts into `stock`; the variation of each."""
        if not view.places:
            return
        body = {**which, "location_ids": list(view.places), "limit": LIMIT}
        async for number, page, _ in self._pages(COUNTS, SquareCountsPage, body, "counts, page"):
            for index, entry in enumerate(page.counts):
                yield stock.note(entry, f"counts, page {number}, counts[{index}]", tally)

    async def _catalogue(
        self, query: Mapping[str, object], what: str
    ) -> AsyncIterator[tuple[int, SquareCatalogPage]]:
        body = {**query, "limit": LIMIT}
        async for number, page, _ in self._pages(SEARCH, SquareCatalogPage, body, what):
            yield number, page

    async def _pages(
        self, path: str, shape: type[P], body: Mapping[str, object], what: str
    ) -> AsyncIterator[tuple[int, P, Millis | None]]:
        """The pages of a list, each with its number and the server's time of it."""
        cursor: str | None = None
        for number in range(1, PAGES_MAX + 1):
            asked = body if cursor is None else {**body, "cursor": cursor}
            place = f"{what} {number}"
            page, at = await self._session.ask_with_time(path, shape, place, asked)
            yield number, page, at
            if not page.cursor:
                return
            if page.cursor == cursor:
                words = "the cursor is the same as that of the page before"
                raise ContractBroken(words, path=place, subject=self._session.name)
            cursor = page.cursor
        raise ContractBroken("still not the last page", path=place, subject=self._session.name)

    async def _of_ids(self, ids: Sequence[str], view: SquareView, tally: Tally) -> SquareFresh:
        """Read variations by their ids, with their items and their counts."""
        fresh = SquareFresh()
        variations = await self._objects(ids, fresh.found)
        items = await self._items_of(variations.values(), fresh.found)
        stock = SquareStock()
        if variations:
            body = {"catalog_object_ids": list(variations), "location_ids": list(view.places),
                    "limit": LIMIT}  # fmt: skip
            async for _, page, at in self._pages(COUNTS, SquareCountsPage, body, "counts, page"):
                fresh.at = at
                for index, entry in enumerate(page.counts):
                    stock.note(entry, f"counts[{index}]", tally)
        derived = {
            variation.id: (variation, items.get(_item_id(variation), SquareItem()))
            for variation in variations.values()
            if _is_derived(variation)
        }
        fresh.derived = set(derived)
        await self._count_derived(derived, view, stock, tally)
        for variation in variations.values():
            item = items.get(_item_id(variation))
            fresh.found.add(view.listings(variation, item, stock, "objects", tally))
        return fresh

    async def _objects(
        self, ids: Iterable[str], found: SquareFound, kind: str = "ITEM_VARIATION"
    ) -> dict[str, SquareObject]:
        wanted = list(ids)
        if not wanted:
            return {}
        page = await self._session.ask(
            RETRIEVE, SquareCatalogPage, "objects", {"object_ids": wanted}
        )
        decoded = (
            object_of(entry, f"objects[{index}]", found) for index, entry in enumerate(page.objects)
        )
        return {entry.id: entry for entry in decoded if entry is not None and entry.type == kind}

    async def _items_of(
        self, variations: Iterable[SquareObject], found: SquareFound
    ) -> dict[str, SquareItem]:
        ids = dict.fromkeys(filter(None, map(_item_id, variations)))
        objects = await self._objects(ids, found, "ITEM")
        return {name: item_of(item) for name, item in objects.items()}

    async def _count_derived(
        self,
        derived: Mapping[str, object],
        view: SquareView,
        stock: SquareStock,
        tally: Tally,
    ) -> None:
        """Ask for the counts of what is made of others: they are in no list (contract, 2025-08)."""
        places = quote(",".join(view.places), safe="")
        for ref in derived:
            path = f"/v2/inventory/{quote(ref, safe='')}?location_ids={places}"
            page = await self._session.ask(path, SquareCountsPage, f"count of {ref}")
            for index, entry in enumerate(page.counts):
                stock.note(entry, f"count of {ref}, counts[{index}]", tally)


def _is_derived(variation: SquareObject) -> bool:
    data = variation.item_variation_data
    return isinstance(data, dict) and data.get("stockable") is False


def _item_id(variation: SquareObject) -> str:
    data = variation.item_variation_data
    found = data.get("item_id") if isinstance(data, dict) else None
    return found if isinstance(found, str) else ""


def _chunks(ids: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    return (ids[start : start + size] for start in range(0, len(ids), size))

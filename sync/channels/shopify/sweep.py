"""Reading all of a shop's listings: page by page, or by a bulk operation where that is too much."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from sync.channels.base import RecordPage, closing
from sync.channels.shopify import documents
from sync.channels.shopify.bulk import ShopifyBulk
from sync.channels.shopify.ids import LOCATION, long_id, short_id
from sync.channels.shopify.joining import ShopifyBadNode
from sync.channels.shopify.reading import ShopifyListings, ShopifyReadItem, ShopifyTally
from sync.channels.shopify.session import ShopifySession, ShopifyTooCostly
from sync.channels.shopify.shapes import (
    ShopifyItem,
    ShopifyItems,
    ShopifyLocation,
    ShopifyLocationNodes,
    ShopifyLocations,
    ShopifyLocationSeen,
    ShopifyMore,
    ShopifyNodes,
)
from sync.errors import ChannelError, ContractBroken, NeedsOperator, Temporary

PAGE_MAX = 250
PAGED_MAX = 25_000
"""Shopify counts and pages no further than this many (shopify.dev, API limits, 2026-11)."""
LOCATIONS_NAMED = 20
LEVELS_MAX = 10
"""Levels that a page has of each item; the others of an item are asked for by themselves."""

_PAGES_MAX = 10_000
_MORE_MAX = 200
_ITEM_POINTS = 8.0
_LEVEL_POINTS = 3.0
"""About what an item of a page may cost, and each level of it, until the first page has said it."""
_PAGING_TIMEOUTS = 4
"""Paging that would take longer than so many times what one answer may, is left to a bulk
operation: the whole poll has the time of ten."""


class ShopifySweep:
    """Lists a shop. Between sweeps it remembers what an item of a page costs."""

    def __init__(self, session: ShopifySession, bulk: ShopifyBulk, location: str | None) -> None:
        self._session = session
        self._bulk = bulk
        self._location = None if location is None else long_id(LOCATION, location)
        self._points_an_item = 0.0
        """What an item of a page may cost; 0 until the first is asked for."""
        self._spent_an_item: float | None = None
        self._has_failed = False
        """The last sweep ended with an export that failed, of a shop that pages reach too."""

    def note_write(self) -> None:
        """Something was written since: an export that was begun before is not waited for."""
        self._bulk.note_write()

    async def pages(self) -> AsyncIterator[RecordPage]:
        """Every listing once. Raises as `Channel.pages`."""
        levels = 1
        if self._location is None:
            found = await self.locations(LEVELS_MAX)
            levels = max(1, len(found.nodes))
            self._points_an_item = self._points_an_item or _ITEM_POINTS + _LEVEL_POINTS * levels
        else:
            await self.chosen_location()
            self._points_an_item = self._points_an_item or _ITEM_POINTS + _LEVEL_POINTS
        sweep = _Sweep(levels, await self._count())
        async with closing(self._swept(sweep)) as pages:
            async for page in pages:
                yield page
        self._has_failed = False

    async def _swept(self, sweep: "_Sweep") -> AsyncIterator[RecordPage]:
        """By pages, by a bulk operation, or begun by the one and ended by the other."""
        if sweep.count <= PAGED_MAX and not await self._is_better_exported(sweep):
            async with closing(self._paged(sweep)) as pages:
                async for page in pages:
                    yield page
        if not sweep.has_ended:
            try:
                operation = sweep.operation or await self._bulk.begun()
                async with closing(self._exported(operation, sweep)) as pages:
                    async for page in pages:
                        yield page
            except ChannelError:
                # The next sweep goes by pages, where those reach.
                self._has_failed = sweep.count <= PAGED_MAX
                raise

    async def locations(self, count: int) -> ShopifyLocationNodes:
        """The shop's active locations, so many at most."""
        asked = await self._session.shaped(
            documents.LOCATIONS, {"first": count}, "locations", ShopifyLocations, points=2 + count
        )
        return asked.locations

    async def chosen_location(self) -> ShopifyLocation | None:
        """The one location that is configured. Raises NeedsOperator where it is none to use."""
        if self._location is None:
            return None
        seen = await self._session.shaped(
            documents.LOCATION, {"id": self._location}, "location", ShopifyLocationSeen
        )
        if seen.location is not None and seen.location.is_active:
            return seen.location
        name = self._session.name
        known = named_locations(await self.locations(LOCATIONS_NAMED))
        text = self._session.client.text
        if seen.location is None:
            written = short_id(LOCATION, self._location)
            raise NeedsOperator(f"{name} has no location {written}; it has: {text(known)}")
        shown = text(_shown(seen.location))
        raise NeedsOperator(f"{name}: location {shown} is not active; active are: {text(known)}")

    async def _count(self) -> int:
        """How many variants the shop has, as far as it counts; 0 where it does not say."""
        try:
            data = await self._session.ask(
                documents.SIZE, {"limit": PAGED_MAX + 1}, "productVariantsCount"
            )
        except ContractBroken:
            # Older versions have no such count. The end of paging shows it then.
            return 0
        found = data.get("productVariantsCount")
        count = found.get("count") if isinstance(found, dict) else None
        return count if isinstance(count, int) else 0

    async def _paged(self, sweep: "_Sweep") -> AsyncIterator[RecordPage]:
        """Page by page, until the end, or until a bulk operation is to read the rest."""
        after: str | None = None
        for number in range(1, _PAGES_MAX + 1):
            place = f"page {number}"
            nodes = await self._page(after, sweep.levels, place)
            listings = ShopifyListings(sweep.tally, self._location is not None)
            await self._add(nodes.nodes, place, listings, sweep)
            info = nodes.page_info
            page = RecordPage(listings.records, listings.refused)
            sweep.came += len(nodes.nodes)
            if not info.has_next_page and sweep.came < PAGED_MAX:
                sweep.has_ended = True
                yield msgspec.structs.replace(page, warnings=self._warnings(sweep))
                return
            yield page
            # What comes after the last that Shopify pages to, no page says.
            if sweep.came >= PAGED_MAX or await self._is_better_exported(sweep):
                return
            after = self._next(nodes, after, place)
        raise ContractBroken(
            "still not the last page", path=f"page {_PAGES_MAX}", subject=self._session.name
        )

    async def _is_better_exported(self, sweep: "_Sweep") -> bool:
        """Whether a bulk operation reads the rest, because paging would take too long."""
        if self._spent_an_item is None or sweep.is_refused_export or self._has_failed:
            return False
        left = sweep.count - sweep.came
        client = self._session.client
        patience_s = _PAGING_TIMEOUTS * client.timeout_s
        if left * self._spent_an_item / self._session.points_per_s <= patience_s:
            return False
        try:
            sweep.operation = await self._bulk.begun()
        except (Temporary, ContractBroken, NeedsOperator):
            # Slowly is better than not at all.
            sweep.is_refused_export = True
        return sweep.operation is not None

    async def _page(self, after: str | None, levels: int, place: str) -> ShopifyNodes:
        """One page, of as many items as a query may cost."""
        while True:
            size = max(1, min(PAGE_MAX, int(self._session.page_points / self._points_an_item)))
            variables: dict[str, object] = {"first": size, "after": after}
            query = documents.ITEMS
            if self._location is None:
                variables["levels"] = levels
            else:
                query = documents.ITEMS_AT
                variables["location"] = self._location
            try:
                data = await self._session.ask(
                    query, variables, place, points=size * self._points_an_item
                )
            except ShopifyTooCostly:
                if size == 1:
                    raise
                self._points_an_item = self._session.page_points / max(1, size // 2)
                continue
            items = self._session.client.shaped(data, ShopifyItems, place).inventory_items
            self._learn_cost(query, size, len(items.nodes))
            return items

    def _learn_cost(self, query: str, size: int, came: int) -> None:
        """Learn what an item of a page may cost, which sizes the next, and what it did cost."""
        cost = self._session.costs.last(query)
        if cost is None:
            return
        if cost.requested_query_cost:
            self._points_an_item = max(0.01, cost.requested_query_cost / size)
        if came and cost.actual_query_cost:
            self._spent_an_item = cost.actual_query_cost / came

    async def _add(
        self, nodes: Sequence[object], place: str, listings: ShopifyListings, sweep: "_Sweep"
    ) -> None:
        for index, node in enumerate(nodes):
            where = f"{place}, item {index + 1}"
            try:
                item = msgspec.convert(node, ShopifyItem)
            except msgspec.ValidationError as error:
                listings.refuse_node(node, where, error)
                continue
            if item.id in sweep.seen:
                continue
            sweep.note(item.id)
            listings.add(await self.whole(item, where))

    async def whole(self, item: ShopifyItem, place: str) -> ShopifyReadItem:
        """Ask for the levels and variants of an item that the page had no room for."""
        levels: Sequence[object] = [] if item.inventory_level is None else [item.inventory_level]
        if item.inventory_levels is not None:
            levels = item.inventory_levels.nodes
            if item.inventory_levels.page_info.has_next_page:
                after = self._next(item.inventory_levels, None, place)
                levels = [*levels, *await self._more(documents.MORE_LEVELS, item.id, after, place)]
        variants: Sequence[object] = []
        if item.variants is not None:
            variants = item.variants.nodes
            if item.variants.page_info.has_next_page:
                variants = await self._more(documents.MORE_VARIANTS, item.id, None, place)
        return ShopifyReadItem(item, levels, variants, place)

    async def _more(self, query: str, item_id: str, after: str | None, place: str) -> list[object]:
        """The rest of one item's levels, or all of its variants."""
        found: list[object] = []
        for _ in range(_MORE_MAX):
            variables: Mapping[str, object] = {"id": item_id, "after": after}
            more = await self._session.shaped(query, variables, place, ShopifyMore, points=350)
            item = more.inventory_item
            nodes = None if item is None else item.inventory_levels or item.variants
            if nodes is None:
                return found
            found += nodes.nodes
            if not nodes.page_info.has_next_page:
                return found
            after = self._next(nodes, after, place)
        raise ContractBroken("still more of it", path=place, subject=self._session.name)

    def _next(self, nodes: ShopifyNodes, before: str | None, place: str) -> str:
        """The cursor to the next page. Raises ContractBroken where it leads nowhere."""
        cursor = nodes.page_info.end_cursor
        if cursor is None or cursor == before:
            words = "has a next page and no cursor to it"
            raise ContractBroken(words, path=place, subject=self._session.name)
        return cursor

    async def _exported(self, operation: str, sweep: "_Sweep") -> AsyncIterator[RecordPage]:
        """What a bulk operation exports, without what was read by pages already."""
        async with self._bulk.exported(operation) as export:
            for items in export.groups():
                listings = ShopifyListings(sweep.tally, self._location is not None)
                for read in items:
                    if isinstance(read, ShopifyBadNode):
                        listings.refuse_node(read.node, read.place, read.error)
                    elif read.item.id not in sweep.seen:
                        listings.add(read)
                yield RecordPage(listings.records, listings.refused, as_of=export.as_of)
            yield RecordPage((), as_of=export.as_of, warnings=self._warnings(sweep))

    def _warnings(self, sweep: "_Sweep") -> list[str]:
        return [*sweep.tally.warnings(), *sweep.doubts(), *self._session.doubts()]


@dataclass(slots=True)
class _Sweep:
    """One sweep, so far."""

    levels: int
    """How many levels of an item a page has room for."""
    count: int
    """How many variants the shop has, as far as it counts."""
    tally: ShopifyTally = field(default_factory=ShopifyTally)
    came: int = 0
    """Items that pages had, those that can't be read too."""
    seen: set[str] = field(default_factory=set)
    """Those that can be read."""
    newest: tuple[int, str] = (0, "")
    """The greatest of their ids."""
    is_in_order: bool = True
    has_ended: bool = False
    operation: str | None = None
    is_refused_export: bool = False

    def note(self, item_id: str) -> None:
        """Note an item that a page had."""
        self.seen.add(item_id)
        place = (len(item_id), item_id)
        self.is_in_order = self.is_in_order and place > self.newest
        self.newest = max(self.newest, place)

    def doubts(self) -> list[str]:
        # Shopify says nowhere in which order it lists items. By their ids, none can be skipped by
        # what moves while they are read.
        if self.is_in_order:
            return []
        words = "Shopify listed items in another order than by their ids: one that moved while they"
        return [f"{words} were read may be missing"]


def named_locations(found: ShopifyLocationNodes) -> str:
    """Name locations with the ids that `location` takes."""
    names = ", ".join(map(_shown, found.nodes)) or "none"
    return f"{names} and more" if found.page_info.has_next_page else names


def _shown(location: ShopifyLocation) -> str:
    return f"{location.name or 'unnamed'} ({short_id(LOCATION, location.id)})"

"""What a SKU's page reads: its listings with causes and sums, its stock over time, its timeline.

What only moves when the SKU does is read again only then, which a stamp of its listings shows.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from console.text.why import listing
from console.text.why.facts import ListingWhy, WhyFacts
from console.text.why.target_sum import target_sum
from console.tui.data.values import Ask, SkuListing, StatusSnapshot
from store.corrections.guards import obstacles
from store.history import series, timeline
from store.history.series import StockSeries, Window
from store.history.timeline import TimelineCursor, TimelineItem, TimelinePage
from store.model import LIVE_CORRECTIONS, Cause, Disagreement, Millis, Terms
from store.queries import sku_summary, views
from store.queries.sku_summary import SkuSummary
from store.queries.values import ShownCell
from store.reasons import HeldBack
from sync.channels import product_links
from sync.clock import Clock
from sync.settings import Settings

PAGE = 200
"""Entries of the timeline that are read at once."""

CAUSES_FOR_MS = 10_000
"""A cause is found again when its disagreement moves, and at least so often: it names times."""

Causes = Callable[[Sequence[Disagreement], Millis], Awaitable[dict[int, Cause]]]


@dataclass(frozen=True, slots=True)
class SkuDetail:
    """A SKU as its page shows it."""

    at: Millis
    summary: SkuSummary
    causes: Mapping[int, Cause]
    """By the disagreement's id."""
    sums: Mapping[int, str]
    """The policy's arithmetic, by the listing's id."""
    held: Mapping[int, HeldBack]
    """What holds its updates back, by their ids."""
    terms: Terms
    mode: str
    """`[approval] mode`."""
    links: Mapping[int, str]
    """The address of the product's page on the channel, by the listing's id, where it has one."""

    def listing(self, listing_id: int | None) -> SkuListing | None:
        """One of its listings."""
        return next(
            (
                SkuListing(self.summary.sku, cell.channel, cell.location)
                for cell in self.summary.cells
                if cell.listing_id == listing_id
            ),
            None,
        )

    def why(self, listing_id: int | None, snapshot: StatusSnapshot | None) -> ListingWhy | None:
        """Why a listing is as it is; None where the status was not read yet."""
        cells = self.summary.cells
        cell = next((cell for cell in cells if cell.listing_id == listing_id), None)
        if cell is None or snapshot is None:
            return None
        facts = WhyFacts(
            now=self.at,
            summary=self.summary,
            health={health.name: health for health in snapshot.status.channels},
            causes=self.causes,
            held=self.held,
            terms=self.terms,
            mode=self.mode,
            write_pause=snapshot.status.write_pause,
            window=snapshot.window,
        )
        return listing.of_listing(facts, cell)


class SkuTimeline:
    """The part of a SKU's timeline that has been read: the newest items, and older ones below."""

    def __init__(self) -> None:
        self.items: list[TimelineItem] = []
        """Newest first."""
        self.rest: TimelineCursor | None = None
        """Where the next older page begins; None: there is none."""
        self._newest: TimelinePage | None = None

    def take_newest(self, page: TimelinePage) -> bool:
        """Put the newest page at the head, keeping what was read below it; False: it is there."""
        if page is self._newest:
            return False
        self._newest = page
        oldest = page.items[-1].key if page.items else None
        older = [item for item in self.items if oldest is not None and item.key < oldest]
        if not older or oldest is None or oldest > self.items[0].key:
            # Nothing older was read, or so much has come since then that the newest page does not
            # reach down to what was read: joining the two would hide what lies between them.
            self.items, self.rest = list(page.items), page.cursor
        else:
            self.items = [*page.items, *older]
        return True

    def add_older(self, page: TimelinePage) -> None:
        self.items, self.rest = [*self.items, *page.items], page.cursor


class SkuData:
    """Reads for a SKU's page, one SKU at a time. Raises StoreError where it can't."""

    def __init__(
        self, ask: Ask, causes: Causes, terms: Terms, clock: Clock, settings: Settings
    ) -> None:
        self._channels = settings.channels
        self._ask = ask
        self._find_causes = causes
        self._terms = terms
        self._mode = settings.approval.mode
        self._clock = clock
        self._causes: tuple[object, Millis, dict[int, Cause]] = (None, 0, {})
        self._course: tuple[object, StockSeries] | None = None
        self._newest: tuple[object, TimelinePage] | None = None

    async def find(self, text: str, *, limit: int) -> list[tuple[str, str]]:
        """The first SKUs that begin with a text, each with its title."""
        return await self._ask(sku_summary.beginning, text, limit=limit)

    async def open(self, sku: str) -> SkuDetail | None:
        """Everything there is to know of it now; None where the cache does not know it."""
        now = self._clock.now()
        found = await self._ask(sku_summary.read, sku, now=now)
        if found is None:
            return None
        sums = {
            cell.listing_id: target_sum(sku, cell.channel, cell.location, found.cells, self._terms)
            for cell in found.cells
        }
        live = [update for update in found.updates if update.status in LIVE_CORRECTIONS]
        held = await self._ask(obstacles.by_id, live, now=now) if live else {}
        causes = await self._causes_of(found.open, now)
        addresses = ((cell.listing_id, self._address(sku, cell)) for cell in found.cells)
        links = {listing_id: address for listing_id, address in addresses if address}
        return SkuDetail(now, found, causes, sums, held, self._terms, self._mode, links)

    async def link(self, meant: SkuListing) -> str | None:
        """The address of a listing's page on its channel; None where there is none."""
        shown = await self._ask(views.shown, [meant.sku], now=self._clock.now())
        here = (cell for cell in shown[meant.sku] if _is_meant(cell, meant))
        return next((self._address(meant.sku, cell) for cell in here), None)

    def _address(self, sku: str, cell: ShownCell) -> str | None:
        settings = self._channels.get(cell.channel)
        if settings is None or settings.link is None:
            return None
        return product_links.fill(
            settings.link,
            sku=sku,
            ref=cell.ref,
            location=cell.location,
            aliases=settings.aliases,
        )

    async def course(self, listing_ids: Sequence[int], within: Window) -> StockSeries:
        """What these listings showed over a span of time."""
        key = (within, listing_ids, await self._ask(series.stamp, listing_ids))
        known, found = self._course or (None, None)
        if found is None or known != key:
            found = await self._ask(series.course, listing_ids, within)
            self._course = key, found
        return found

    async def newest(self, found: SkuSummary) -> TimelinePage:
        """The newest entries of its timeline."""
        ids = [cell.listing_id for cell in found.cells]
        key = (found.sku, await self._ask(series.stamp, ids))
        known, page = self._newest or (None, None)
        if page is None or known != key:
            page = await self._ask(timeline.page, found.sku, limit=PAGE)
            self._newest = key, page
        return page

    async def older(self, sku: str, cursor: TimelineCursor) -> TimelinePage:
        """The entries after those of the page that `cursor` is of."""
        return await self._ask(timeline.page, sku, limit=PAGE, cursor=cursor)

    async def _causes_of(self, found: Sequence[Disagreement], now: Millis) -> Mapping[int, Cause]:
        if not found:
            return {}
        moved = tuple(
            (
                disagreement.id,
                disagreement.available,
                disagreement.state,
                disagreement.target,
                disagreement.target_state,
                disagreement.reason,
            )
            for disagreement in found
        )
        known, at, causes = self._causes
        if known != moved or not at <= now < at + CAUSES_FOR_MS:
            causes = await self._find_causes(found, now)
            self._causes = moved, now, causes
        return causes


def _is_meant(cell: ShownCell, meant: SkuListing) -> bool:
    return (cell.channel, cell.location) == (meant.channel, meant.location)

"""What a SKU's page reads: its dossier with causes and sums, its course, its timeline by pages.

What only moves when the SKU does is read again only then: a stamp of its listings tells.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from console.text.target_sum import target_sum
from console.tui.data.values import Ask
from store.history import series, timeline
from store.history.series import StockSeries, Window
from store.history.timeline import Rest, TimelinePage
from store.model import Cause, Disagreement, Millis, Terms
from store.queries import sku_summary
from store.queries.sku_summary import SkuSummary
from sync.clock import Clock

PAGE = 200
"""Entries of the timeline that are read at once."""

CAUSES_FOR_MS = 10_000
"""A cause is found anew when its disagreement moves, and at least so often: it tells of times."""

Causes = Callable[[Sequence[Disagreement], Millis], Awaitable[dict[int, Cause]]]


@dataclass(frozen=True, slots=True)
class Opened:
    """A SKU as its page shows it."""

    at: Millis
    dossier: SkuSummary
    causes: Mapping[int, Cause]
    """By the disagreement's id."""
    sums: Mapping[int, str]
    """The policy's arithmetic, by the listing's id."""


class SkuData:
    """Reads for a SKU's page, one SKU at a time. Raises StoreError where it can't."""

    def __init__(self, ask: Ask, causes: Causes, terms: Terms, clock: Clock) -> None:
        self._ask = ask
        self._find_causes = causes
        self._terms = terms
        self._clock = clock
        self._causes: tuple[object, Millis, dict[int, Cause]] = (None, 0, {})
        self._course: tuple[object, StockSeries] | None = None
        self._newest: tuple[object, TimelinePage] | None = None

    async def open(self, sku: str) -> Opened | None:
        """Everything there is to know of it now; None where the cache does not know it."""
        now = self._clock.now()
        found = await self._ask(sku_summary.read, sku, now=now)
        if found is None:
            return None
        sums = {
            cell.listing_id: target_sum(sku, cell.channel, cell.location, found.cells, self._terms)
            for cell in found.cells
        }
        return Opened(now, found, await self._causes_of(found.open, now), sums)

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

    async def older(self, sku: str, rest: Rest) -> TimelinePage:
        """The entries after those of the page that `rest` is of."""
        return await self._ask(timeline.page, sku, limit=PAGE, rest=rest)

    async def _causes_of(self, found: Sequence[Disagreement], now: Millis) -> Mapping[int, Cause]:
        if not found:
            return {}
        moved = tuple(
            (one.id, one.available, one.state, one.target, one.target_state, one.reason)
            for one in found
        )
        known, at, causes = self._causes
        if known != moved or not at <= now < at + CAUSES_FOR_MS:
            causes = await self._find_causes(found, now)
            self._causes = moved, now, causes
        return causes

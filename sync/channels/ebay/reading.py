"""Reading a seller's listings: pages of inventory items, and the offers of each."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import msgspec

from store.model import Record, Refused
from sync import values
from sync.channels.api.tally import Tally
from sync.channels.base import FreshReadings, ListingRef, RecordPage
from sync.channels.ebay import records
from sync.channels.ebay.desk import PAGE_ITEMS, EbayDesk, EbayOffersRefused
from sync.channels.ebay.shapes import EbayInventoryItem, EbayOffer, first_words
from sync.errors import ChannelError, ContractBroken, Temporary

PAGES_MAX = 10_000
AT_ONCE = 4
"""More at once are slower, not faster (`sync/transport/transport.py`)."""


@dataclass(frozen=True, slots=True)
class EbayStanding:
    """One SKU as it is at eBay now: its item, and its offers."""

    item: EbayInventoryItem
    offers: Sequence[EbayOffer]


class EbayReader:
    """Reads all listings, or a few."""

    def __init__(self, desk: EbayDesk, marketplaces: Sequence[str]) -> None:
        self._desk = desk
        self._marketplaces = marketplaces

    async def pages(self) -> AsyncIterator[RecordPage]:
        """Read page by page, the offers of a page's items before the next page.

        An item and its offers are read seconds apart, never a whole sweep. eBay has no list of all
        offers: a sweep costs one call for 200 items, and one for each item (reference of getOffers:
        `sku` is required; read 2026-11-30).
        """
        # Paging is by number. An item that is made meanwhile pushes one to the next page, where it
        # is met again; one that is deleted pulls one forward, which would look missing.
        seen: set[str] = set()
        tally, met, given, most = Tally(), 0, 0, 0
        for number in range(PAGES_MAX):
            page = await self._desk.items(number)
            items, total = page.inventory_items or [], page.total
            if total is not None and total < most:
                raise Temporary(f"{self._desk.client.name}'s items changed while they were read")
            most = total or 0
            place = f"page {number + 1}, items"
            if items and all(sku in seen for sku in map(_sku_of, items)):
                # Pushed on by a new item, some come twice, but never a page without another.
                raise ContractBroken(
                    "every item of it came before", path=place, subject=self._desk.client.name
                )
            found = await self._decoded(items, place, seen, tally)
            met += len(items)
            given += len(found.records) + len(found.refused)
            if self._is_last(len(items), number, total):
                left = 0 if total is None else total - met
                announced = None if total is None else given + max(0, left)
                words = [records.ONLY_ITS_OWN, *tally.warnings()]
                yield RecordPage(found.records, found.refused, announced, warnings=words)
                return
            yield RecordPage(found.records, found.refused)
        raise ContractBroken(
            "still not the last page", path=f"page {PAGES_MAX}", subject=self._desk.client.name
        )

    async def read(self, wanted: Sequence[ListingRef]) -> FreshReadings:
        """Read all listings of some SKUs."""
        found: list[Record] = []
        refused: list[Refused] = []
        tally = Tally()
        skus = sorted({listing.sku for listing in wanted})
        for entry in await self._desk.bulk(skus):
            if entry.sku not in skus:
                continue
            place = f"bulk_get_inventory_item, {entry.sku}"
            try:
                content = entry.content
            except ValueError as error:
                words = self._desk.client.text(str(error))
                refused.append(Refused(place, words, values.sku_or_none(entry.sku)))
                continue
            if content is None:
                continue
            answer = await self._listings(content, place, tally)
            found += answer.records
            refused += answer.refused
        return FreshReadings(found, refused)

    async def standing(self, sku: str) -> EbayStanding | None:
        """One SKU as it is now; None where there is no such item.

        Raises EbayOffersRefused, ValueError for an item that can't be read, and Temporary for one
        that eBay can't read now.
        """
        for entry in await self._desk.bulk([sku]):
            if entry.sku == sku and entry.has_failed_for_now:
                words = self._desk.client.text(first_words(entry.errors))
                raise Temporary(
                    f"{self._desk.client.name} can't read {values.quoted(sku)}: {words}"
                )
            if entry.sku == sku and (content := entry.content) is not None:
                item = msgspec.convert(content, EbayInventoryItem)
                return EbayStanding(item, await self._desk.offers(sku))
        return None

    def records(self, standing: EbayStanding) -> Sequence[Record]:
        """The listings of one SKU. Raises ValueError where a number can't be read."""
        return records.listings(standing.item, standing.offers, self._marketplaces, Tally())

    @staticmethod
    def _is_last(count: int, number: int, total: int | None) -> bool:
        if not count:
            return True
        return count < PAGE_ITEMS if total is None else number * PAGE_ITEMS + count >= total

    async def _decoded(
        self, items: Sequence[object], place: str, seen: set[str], tally: Tally
    ) -> FreshReadings:
        fresh: list[tuple[str, object]] = []
        for number, item in enumerate(items):
            sku = _sku_of(item)
            if sku in seen:
                continue
            if sku is not None:
                seen.add(sku)
            fresh.append((f"{place}[{number}]", item))
        # Only those on their way have taken a call of the day's. After a failure none follows, and
        # all end before it is raised, so that none goes on unwatched.
        slots, failures = asyncio.Semaphore(AT_ONCE), list[ChannelError]()

        async def in_turn(item: object, where: str) -> FreshReadings:
            async with slots:
                if failures:
                    return FreshReadings()
                try:
                    return await self._listings(item, where, tally)
                except ChannelError as error:
                    failures.append(error)
                    return FreshReadings()

        # Without `return_exceptions` a sweep that is cancelled ends before its requests do.
        answers = await asyncio.gather(
            *(in_turn(item, where) for where, item in fresh), return_exceptions=True
        )
        if failures:
            raise failures[0]
        found: list[Record] = []
        refused: list[Refused] = []
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer
            found += answer.records
            refused += answer.refused
        return FreshReadings(found, refused)

    async def _listings(self, content: object, place: str, tally: Tally) -> FreshReadings:
        sku = values.sku_or_none(content.get("sku")) if isinstance(content, dict) else None
        try:
            item = msgspec.convert(content, EbayInventoryItem)
            offers = await self._desk.offers(values.sku(item.sku))
            return FreshReadings(records.listings(item, offers, self._marketplaces, tally))
        except (ValueError, EbayOffersRefused) as error:
            return FreshReadings(refused=[Refused(place, str(error), sku)])


def _sku_of(item: object) -> str | None:
    sku = item.get("sku") if isinstance(item, dict) else None
    return sku if isinstance(sku, str) else None

"""Reading bins: what lies in each warehouse, less what is reserved.

Available is actual − reserved for sales orders − reserved for production and subcontracting, as
ERPNext's own shop works it out (`get_web_item_qty_in_stock`, read 2026-11-30).
"""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo

import msgspec

from store.model import Millis, Record, Refused, State
from sync import values
from sync.channels.api.tally import Tally
from sync.channels.base import FreshReadings, ListingRef, RecordPage
from sync.channels.erpnext.options import ErpNextOptions
from sync.channels.erpnext.shapes import ErpBin, ErpItem, ErpWarehouse
from sync.channels.erpnext.site import PAGE_ROWS, ErpNextSite, Filter
from sync.clock import Clock
from sync.times.time_zones import zone_of

COMMITTED_WITHIN_MS = 30 * 60_000
"""A document of 5,000 rows took 10 to 15 minutes (CHANNELS.md, 2026-11)."""


@dataclass(slots=True)
class ErpStock:
    """A few items as they are now: what they are, and what lies where."""

    items: Mapping[str, ErpItem]
    bins: Mapping[tuple[str, str], ErpBin] = field(default_factory=dict)
    """By item and warehouse."""


class BinReader:
    """Reads all listings, or a few."""

    def __init__(self, site: ErpNextSite, options: ErpNextOptions, clock: Clock) -> None:
        self._site = site
        self._clock = clock
        self._location = options.location
        self._zone: tzinfo | None = None
        if options.timezone is not None:
            self._zone = zone_of(options.timezone)

    async def pages(self) -> AsyncIterator[RecordPage]:
        """Read warehouses, items, and then bins, all by name."""
        warehouses = await self._site.warehouses()
        items = await self._site.items()
        warnings, seen, number = _warnings(items), set[str](), 0
        unnamed = False
        async for rows in self._site.pages("Bin", self._only()):
            number += 1
            found = self._decoded(rows, f"Bin, page {number}", items, warehouses)
            if self._location is not None:
                seen |= {str(row.get("item_code")) for row in rows if isinstance(row, dict)}
                unnamed = unnamed or _has_unnamed(rows)
            yield RecordPage(found.records, found.refused, warnings=warnings)
        for some in self._without_a_bin(items, seen, unnamed=unnamed):
            yield RecordPage(some.records, some.refused, warnings=warnings)
        yield RecordPage((), warnings=warnings)

    async def changed(self, since: Millis) -> AsyncIterator[RecordPage]:
        """Read bins that moved since, and those of items that were edited since.

        Every way in which ERPNext changes a bin sets its `modified`: `update_qty` and `update_bin`
        for what is there, `update_bin_qty` and `db_set` for what is reserved (14 to 16, its source,
        read 2026-11-30). Only where the site's time zone is known.
        """
        later = ("modified", ">=", self.written(since))
        warehouses = await self._site.warehouses()
        items = dict(await self._site.items([later]))
        edited, bins = sorted(items), dict[str, object]()
        async for rows in self._site.pages("Bin", [*self._only(), later]):
            bins |= {str(row.get("name")): row for row in rows if isinstance(row, dict)}
        for row in await self._site.few("Bin", "item_code", edited, self._only()):
            bins |= {str(row.get("name")): row} if isinstance(row, dict) else {}
        codes = {str(row.get("item_code")) for row in bins.values() if isinstance(row, dict)}
        items |= await self._site.items_of(codes - items.keys())
        rows = list(bins.values())
        for start in range(0, len(rows), PAGE_ROWS):
            some = rows[start : start + PAGE_ROWS]
            found = self._decoded(some, f"Bin, changed, from {start}", items, warehouses)
            yield RecordPage(found.records, found.refused)
        of_edited, unnamed = {code: items[code] for code in edited}, _has_unnamed(rows)
        for some_items in self._without_a_bin(of_edited, codes, unnamed=unnamed):
            yield RecordPage(some_items.records, some_items.refused)

    async def read(self, wanted: Sequence[ListingRef]) -> FreshReadings:
        """Read a few bins, and what their items are."""
        skus = sorted({listing.sku for listing in wanted})
        places = {(listing.sku, listing.location) for listing in wanted}
        items = await self._site.items_of(skus)
        warehouses = await self._site.warehouses()
        rows = await self._site.few("Bin", "item_code", skus, self._only())
        found = self._decoded(rows, "Bin", items, warehouses)
        records = [r for r in found.records if (r.sku, r.location) in places]
        refused = [bad for bad in found.refused if (bad.sku, bad.location) in places]
        if self._location is not None:
            there = {r.sku for r in records} | {bad.sku for bad in refused if bad.sku is not None}
            for some in self._without_a_bin(items, there):
                records += [record for record in some.records if record.sku in skus]
        return FreshReadings(records, refused)

    async def stock(self, skus: Sequence[str]) -> ErpStock:
        """What a write rests on. A bin that can't be read is not in it."""
        items = await self._site.items_of(skus)
        bins: dict[tuple[str, str], ErpBin] = {}
        for row in await self._site.few("Bin", "item_code", skus, self._only()):
            bin_ = self._site.client.shaped(row, ErpBin, "Bin")
            bins[str(bin_.item_code), bin_.warehouse] = bin_
        return ErpStock(items, bins)

    def record(self, bin_: ErpBin, item: ErpItem | None) -> Record:
        """A bin as a listing. Raises ValueError for what can't be read."""
        sku = values.sku(bin_.item_code)
        on_hand = values.quantity(bin_.actual_qty)
        committed = values.quantity_or_none(bin_.reserved_qty) or 0
        unavailable = sum(
            values.quantity_or_none(reserved) or 0
            for reserved in (bin_.reserved_qty_for_production, bin_.reserved_qty_for_sub_contract)
        )
        moved = None if self._zone is None else values.instant(bin_.modified, self._zone)
        state = State.DISABLED if item is not None and item.disabled else State.ACTIVE
        is_counted = item is None or bool(item.is_stock_item)
        return Record(
            sku=sku,
            available=on_hand - committed - unavailable if is_counted else None,
            location="" if self._location is not None else values.location(bin_.warehouse),
            state=state if is_counted else values.state_of_uncounted(state),
            on_hand=on_hand,
            committed=committed,
            unavailable=unavailable,
            title=None if item is None else values.title(item.item_name),
            source_at=moved,
        )

    def empty(self, sku: str) -> ErpBin:
        """The bin of an item of which there never was any in the one warehouse."""
        return ErpBin("", sku, self._location or "", actual_qty=0)

    def written(self, since: Millis) -> str:
        """An instant as the site writes it, early enough for whatever was changed at or after it.

        A document sets the time first and may be committed minutes later. In the hour that comes
        twice in autumn a later instant is written as an earlier one: the lesser offset counts.
        """
        assert self._zone is not None
        early = datetime.fromtimestamp((since - COMMITTED_WITHIN_MS) / 1000, self._zone)
        now = datetime.fromtimestamp(self._clock.now() / 1000, self._zone)
        offset = min(early.utcoffset() or timedelta(), now.utcoffset() or timedelta())
        return f"{(early.astimezone(UTC) + offset):%Y-%m-%d %H:%M:%S}"

    def _only(self) -> Sequence[Filter]:
        return [] if self._location is None else [("warehouse", "=", self._location)]

    def _decoded(
        self,
        rows: Sequence[object],
        place: str,
        items: Mapping[str, ErpItem],
        warehouses: Mapping[str, ErpWarehouse],
    ) -> FreshReadings:
        records: list[Record] = []
        refused: list[Refused] = []
        for number, row in enumerate(rows):
            where = row.get("warehouse") if isinstance(row, dict) else None
            sku = row.get("item_code") if isinstance(row, dict) else None
            item = items.get(sku) if isinstance(sku, str) else None
            if isinstance(where, str) and where not in warehouses:
                continue
            if item is not None and item.has_variants:
                continue
            try:
                records.append(self.record(msgspec.convert(row, ErpBin), item))
            except ValueError as error:
                location = where if isinstance(where, str) and self._location is None else ""
                bad = values.sku_or_none(sku)
                refused.append(Refused(f"{place}[{number}]", str(error), bad, location))
        return FreshReadings(records, refused)

    def _without_a_bin(
        self, items: Mapping[str, ErpItem], seen: set[str], *, unnamed: bool = False
    ) -> Iterator[FreshReadings]:
        """Items that never lay in the one warehouse: there are none of them.

        `unnamed`: a bin there names no item. It may belong to any of these, so that nothing is
        said of their number.
        """
        # With several warehouses nobody could say at which of them an item lacks.
        if self._location is None:
            return
        rest = [i for i in items.values() if i.name not in seen and not i.has_variants]
        for start in range(0, len(rest), PAGE_ROWS):
            records: list[Record] = []
            refused: list[Refused] = []
            for number, item in enumerate(rest[start : start + PAGE_ROWS], start):
                if unnamed:
                    words = "a bin names no item, and may belong to this one"
                    refused.append(Refused(f"Item[{number}]", words, item.name))
                    continue
                try:
                    records.append(self.record(self.empty(item.name), item))
                except ValueError as error:
                    refused.append(Refused(f"Item[{number}]", str(error)))
            yield FreshReadings(records, refused)


def _has_unnamed(rows: Sequence[object]) -> bool:
    """Whether a bin does not say whose it is."""
    return any(
        not (isinstance(row, dict) and isinstance(row.get("item_code"), str)) for row in rows
    )


def _warnings(items: Mapping[str, ErpItem]) -> Sequence[str]:
    tally = Tally()
    for item in items.values():
        if item.is_numbered and not item.has_variants:
            tally.note("with serial or batch numbers, compared and not written", item.name)
    return tally.warnings()

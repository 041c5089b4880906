"""Reading a Medusa shop: whole, or a few listings of it (measured on 2.21.2, 2026-11)."""

from collections.abc import AsyncIterator, Iterator, Sequence
from urllib.parse import quote

import msgspec

from store.model import Refused
from sync import values
from sync.channels.api.tally import Tally
from sync.channels.api.vendor import VendorClient
from sync.channels.base import FreshReadings, ListingRef, RecordPage
from sync.channels.medusa.listings import OF_VARIANT, MedusaFound, MedusaView
from sync.channels.medusa.shapes import MedusaItem, MedusaItems, MedusaVariant, MedusaVariants
from sync.errors import ContractBroken, Temporary

LIMIT = 1000
"""No cap was found; 4,500 items a second came at this."""
READ_MAX = 50
"""Ids in one URL: of 30 characters each, and servers take URLs of 4 kB at least."""
PAGES_MAX = 10_000

_LEVELS = ("location_id", "stocked_quantity", "reserved_quantity")
_VARIANT = (
    *("id", "sku", "manage_inventory", "allow_backorder", "product.status", "product.title"),
    *("inventory_items.inventory_item_id", "inventory_items.required_quantity"),
)
_ITEM_FIELDS = ",".join(
    (
        *("id", "sku"),
        *(f"location_levels.{name}" for name in (*_LEVELS, "incoming_quantity", "updated_at")),
        *(f"variants.{name}" for name in _VARIANT),
    )
)
_VARIANT_FIELDS = ",".join(
    (*_VARIANT, *(f"inventory_items.inventory.location_levels.{name}" for name in _LEVELS))
)
_NOT_FOUND = 404


class MedusaReader:
    """Asks one shop for its listings."""

    def __init__(self, client: VendorClient, base: str, view: MedusaView) -> None:
        self._client = client
        self._name = client.name
        self._items = f"{base}/admin/inventory-items?order=id&fields={_ITEM_FIELDS}"
        self._variants = f"{base}/admin/product-variants?order=id&fields={_VARIANT_FIELDS}"
        self._view = view

    async def pages(self) -> AsyncIterator[RecordPage]:
        """List items by id, then the kits made of them and the variants that are not counted."""
        tally, kits = Tally(), dict[str, None]()
        places = dict[str, None]()
        async for number, items in self._item_pages():
            found = MedusaFound()
            for index, item in enumerate(items):
                decoded = _item(item, f"page {number}, inventory_items[{index}]", found)
                if decoded is None:
                    continue
                place = f"page {number}, inventory_items[{index}]"
                found.add(self._view.of_item(decoded, place, tally))
                kits |= dict.fromkeys(v.id for v in decoded.sold_as if v.is_kit)
                places |= dict.fromkeys(level.location_id for level in decoded.levels)
            yield RecordPage(found.records, found.refused)
        # What is not counted can be bought wherever the shop sends from.
        free_at = [""] if self._view.location is not None or not places else list(places)
        async for found in self._uncounted(free_at, tally):
            yield RecordPage(found.records, found.refused)
        for ids in _chunks(list(kits), READ_MAX):
            found = await self._of_variants(ids, tally, free_at)
            yield RecordPage(found.records, found.refused)
        yield RecordPage((), warnings=tally.warnings())

    async def read(self, wanted: Sequence[ListingRef]) -> FreshReadings:
        """Read listings afresh by their refs. What else the same items are is left out."""
        asked = {(listing.sku, listing.location, listing.ref) for listing in wanted}
        items = dict.fromkeys(w.ref for w in wanted if not w.ref.startswith(OF_VARIANT))
        variants = dict.fromkeys(
            listing.ref.removeprefix(OF_VARIANT)
            for listing in wanted
            if listing.ref.startswith(OF_VARIANT)
        )
        found = MedusaFound()
        for ids in _chunks([ref for ref in items if ref], READ_MAX):
            found.add(await self._of_items(ids))
        places = list(dict.fromkeys(listing.location for listing in wanted))
        for ids in _chunks(list(variants), READ_MAX):
            found.add(await self._of_variants(ids, Tally(), places))
        skus = {listing.sku for listing in wanted}
        return FreshReadings(
            [
                record
                for record in found.records
                if (record.sku, record.location, record.ref) in asked
            ],
            [refused for refused in found.refused if refused.sku in skus or refused.sku is None],
        )

    async def _item_pages(self) -> AsyncIterator[tuple[int, Sequence[object]]]:
        """Each page's new items, with its number."""
        # Paging is by offset. Where an item is deleted meanwhile, everything after it moves up and
        # one would be skipped, which would look missing. The overlap of one shows that.
        last, offset, came = "", 0, 0
        for number in range(1, PAGES_MAX + 1):
            url = f"{self._items}&limit={LIMIT}&offset={offset}"
            page = await self._client.read("GET", url, MedusaItems, f"page {number}",
                                           accept={_NOT_FOUND})  # fmt: skip
            items = page.inventory_items
            if last and (not items or _id(items[0]) != last):
                raise Temporary(f"{self._name}'s catalogue changed while it was read")
            new = items[1 if last else 0 :]
            came += len(new)
            yield number, new
            # A proxy or a plugin may give fewer than were asked for.
            if len(items) < LIMIT and came >= page.count:
                return
            if not new:
                words = f"the page is empty, and {page.count - came:,} are still to come"
                raise self._broken(words, number)
            last, offset = _id(items[-1]), offset + len(items) - 1
            if not last:
                raise self._broken("the last item has no id", number)
        raise self._broken("still not the last page", PAGES_MAX)

    async def _uncounted(self, free_at: Sequence[str], tally: Tally) -> AsyncIterator[MedusaFound]:
        """Variants whose stock Medusa does not manage and that have no item: they are no items."""
        last, offset, came = "", 0, 0
        for number in range(1, PAGES_MAX + 1):
            url = f"{self._variants}&manage_inventory=false&limit={LIMIT}&offset={offset}"
            page = await self._client.read("GET", url, MedusaVariants, f"variants, page {number}")
            found, variants = MedusaFound(), page.variants
            # With the overlap of `_item_pages`, for the same reason.
            if last and (not variants or _id(variants[0]) != last):
                raise Temporary(f"{self._name}'s catalogue changed while it was read")
            new = variants[1 if last else 0 :]
            came += len(new)
            for index, entry in enumerate(new):
                place = f"variants, page {number}, variants[{index}]"
                variant = _variant(entry, place, found)
                if variant is not None and not variant.parts:
                    found.add(self._view.of_variant(variant, place, tally, free_at))
            yield found
            if len(variants) < LIMIT and came >= page.count:
                return
            if not new:
                words = f"the page is empty, and {page.count - came:,} are still to come"
                raise self._broken(words, number)
            last, offset = _id(variants[-1]), offset + len(variants) - 1
            if not last:
                raise self._broken("the last variant has no id", number)
        raise self._broken("still not the last page of variants", PAGES_MAX)

    async def _of_items(self, ids: Sequence[str]) -> MedusaFound:
        url = f"{self._items}&limit={LIMIT}&{_by_id(ids)}"
        page = await self._client.read("GET", url, MedusaItems, "inventory_items")
        found = MedusaFound()
        for index, entry in enumerate(page.inventory_items):
            place = f"inventory_items[{index}]"
            item = _item(entry, place, found)
            if item is not None:
                found.add(self._view.of_item(item, place, Tally()))
        return found

    async def _of_variants(
        self, ids: Sequence[str], tally: Tally, free_at: Sequence[str]
    ) -> MedusaFound:
        url = f"{self._variants}&limit={LIMIT}&{_by_id(ids)}"
        page = await self._client.read("GET", url, MedusaVariants, "variants")
        found = MedusaFound()
        for index, entry in enumerate(page.variants):
            place = f"variants[{index}]"
            variant = _variant(entry, place, found)
            if variant is not None:
                found.add(self._view.of_variant(variant, place, tally, free_at))
        return found

    def _broken(self, words: str, number: int) -> ContractBroken:
        return ContractBroken(words, path=f"page {number}", subject=self._name)


def _item(entry: object, place: str, found: MedusaFound) -> MedusaItem | None:
    """Decode an inventory item; one that can't be is refused and named, as far as it has a name."""
    try:
        return msgspec.convert(entry, MedusaItem)
    except msgspec.ValidationError as error:
        found.refused.append(Refused(place, str(error), _sku(entry)))
        return None


def _variant(entry: object, place: str, found: MedusaFound) -> MedusaVariant | None:
    try:
        return msgspec.convert(entry, MedusaVariant)
    except msgspec.ValidationError as error:
        found.refused.append(Refused(place, str(error), _sku(entry)))
        return None


def _sku(entry: object) -> str | None:
    return values.sku_or_none(entry.get("sku")) if isinstance(entry, dict) else None


def _id(entry: object) -> str:
    return str(entry.get("id") or "") if isinstance(entry, dict) else ""


def _by_id(ids: Sequence[str]) -> str:
    return "&".join(f"id[]={quote(ref, safe='')}" for ref in ids)


def _chunks(ids: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    return (ids[start : start + size] for start in range(0, len(ids), size))

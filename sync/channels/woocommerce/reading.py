"""Reading a shop: all products and variations, or a few by their ids.

WooCommerce lists products without their variations. From 10.3 on a second list has all of those;
before, they are listed product by product.
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from store.model import Record, Refused
from sync import values
from sync.channels.base import FreshReadings, ListingRef, RecordPage
from sync.channels.woocommerce import shapes
from sync.channels.woocommerce.doubts import ORPHAN, Doubts
from sync.channels.woocommerce.paging import RIGHTS, ListPager, ListPart, NoSuchList, id_of, is_id
from sync.channels.woocommerce.shapes import WooItem, WooParent
from sync.channels.woocommerce.shop import PER_PAGE, ShopClient
from sync.errors import Temporary

T = TypeVar("T")

AT_ONCE = 4
"""Lists of variations that are asked for at once."""
HIDDEN_MAX = 20
"""So many of what WooCommerce counts may be missing in what it shows, or 1 % (rule 12)."""

_FIELDS = "id,sku,name,status,price,manage_stock,stock_quantity,stock_status,backorders"
PRODUCT_FIELDS = f"{_FIELDS},type,variations"
VARIATION_FIELDS = f"{_FIELDS},parent_id"
_ALL = {"status": "any", "orderby": "id", "order": "asc"}
_CACHED = "an answer came from WooCommerce's cache, though Skew asks it not to: it may be old"


@dataclass(frozen=True, slots=True)
class ShownItem:
    """A product or variation that was found by its id."""

    item: WooItem
    parent: WooParent | None
    record: Record | None
    """None where it is no listing."""


@dataclass(slots=True)
class _Found:
    """What a part of a list holds."""

    records: list[Record] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)


@dataclass(slots=True)
class _Sweep:
    """What is kept from one end of a sweep to the other."""

    doubts: Doubts = field(default_factory=Doubts)
    came: int = 0
    counted: int = 0
    shown: int = 0
    parents: dict[int, WooParent] = field(default_factory=dict)
    """All products that have variations."""

    def note(self, part: ListPart) -> None:
        """Count what a part of a list has, and what the whole has by WooCommerce's count."""
        self.shown += len(part.items)
        self.counted += part.counted or 0
        if part.is_cached:
            self.doubts.say(_CACHED)

    def cut_short(self) -> str:
        """How much of what WooCommerce counts it does not show, where that is too much."""
        hidden = self.counted - self.shown
        if hidden <= 0:
            return ""
        words = (
            f"WooCommerce counts {self.counted:,} products and variations, and shows {self.shown:,}"
        )
        if hidden > max(HIDDEN_MAX, self.counted // 100) or not self.shown:
            return f"{words}: {RIGHTS}"
        self.doubts.say(f"{words}: some can't be loaded there, or not by the key's user")
        return ""


class CatalogueReader:
    """Reads one shop's catalogue."""

    def __init__(self, shop: ShopClient) -> None:
        self._shop = shop
        self._pager = ListPager(shop)
        self._has_list_of_all = True
        """Whether the shop is not yet known to lack a list of all variations."""

    async def all(self) -> AsyncIterator[RecordPage]:
        """Every listing: the products, then the variations."""
        sweep = _Sweep()
        query = {**_ALL, "_fields": PRODUCT_FIELDS}
        async for part in self._pager.all("products", query, "products"):
            sweep.note(part)
            found, parents = _products(part, sweep.doubts)
            sweep.parents |= {parent.number: parent for parent in parents}
            yield _page(found, sweep)
        by_parent = not self._has_list_of_all
        if sweep.parents and not by_parent:
            try:
                async for page in self._of_all(sweep):
                    yield page
            except NoSuchList as error:
                by_parent, self._has_list_of_all = True, not error.is_known
        if by_parent:
            for few in _chunks(list(sweep.parents.values()), AT_ONCE):
                yield _page(await self._of_parents(few, sweep), sweep)
        cut_short = sweep.cut_short()
        yield RecordPage(
            (), announced=sweep.came, cut_short=cut_short, warnings=sweep.doubts.sentences()
        )

    async def few(self, wanted: Sequence[ListingRef]) -> FreshReadings:
        """Read a few listings by their ids, those whose SKU is another by now left out."""
        asked = {listing.ref: listing.sku for listing in wanted}
        shown, bad = await self.shown(list(asked))
        records = [
            there.record
            for ref, there in shown.items()
            if there.record is not None and there.record.sku == asked[ref]
        ]
        refused = [
            Refused(f"id {ref}", reason, asked[ref]) for ref, (sku, reason) in bad.items()
            if sku in (None, asked[ref])
        ]  # fmt: skip
        return FreshReadings(records, refused)

    async def shown(
        self, refs: Sequence[str]
    ) -> tuple[dict[str, ShownItem], dict[str, tuple[str | None, str]]]:
        """Read items by their refs: those that are there, and why another can't be read.

        One that is in neither is not there, or not where its ref says.
        """
        products: set[int] = set()
        variations: dict[int, list[int]] = {}
        for ref in refs:
            head, _, last = ref.partition("/")
            if not is_id(head) or (last and not is_id(last)):
                continue
            products.add(int(head))
            if last:
                variations.setdefault(int(head), []).append(int(last))
        good: dict[str, ShownItem] = {}
        bad: dict[str, tuple[str | None, str]] = {}
        parents: dict[int, WooParent] = {}
        for ids in _chunks(sorted(products), PER_PAGE):
            for raw in await self._by_id("products", ids, PRODUCT_FIELDS):
                parent = _sort_in(raw, None, (good, bad))
                if parent is not None:
                    parents[parent.number] = parent
        asked = [
            (parents[number], some)
            for number, ids in variations.items()
            if number in parents
            for some in _chunks(sorted(ids), PER_PAGE)
        ]
        for few in _chunks(asked, AT_ONCE):
            rows = await _together(
                [
                    self._by_id(f"products/{parent.number}/variations", ids, VARIATION_FIELDS)
                    for parent, ids in few
                ]
            )
            for (parent, _), items in zip(few, rows, strict=True):
                for raw in items:
                    _sort_in(raw, parent, (good, bad))
        wanted = set(refs)
        return (
            {ref: there for ref, there in good.items() if ref in wanted},
            {ref: why for ref, why in bad.items() if ref in wanted},
        )

    async def look(self) -> str:
        """How many products the shop has, and what its key lacks, by the cheapest reading."""
        query = {**_ALL, "per_page": 1, "_fields": "id"}
        listed = await self._shop.listed("products", query, "products")
        count = f"{listed.total:,} product{'' if listed.total == 1 else 's'}"
        # WordPress names the methods that the user may use (rest_send_allow_header). Whether the
        # key may write, too, only a write shows.
        may_write = not listed.allowed or "POST" in listed.allowed
        return count if may_write else f"{count}; the key's user may only read: {RIGHTS} to write"

    async def _by_id(self, route: str, ids: Sequence[int], fields: str) -> Sequence[object]:
        # A list, also for a single one: alone, WooCommerce shows a variation under any product, and
        # what is in the trash (WC_REST_CRUD_Controller::get_item).
        query = {
            **_ALL,
            "include": ",".join(map(str, ids)),
            "per_page": PER_PAGE,
            "_fields": fields,
        }
        listed = await self._shop.listed(route, query, route)
        if listed.is_cached:
            raise Temporary(f"{self._shop.name}: {_CACHED}")
        return [raw for raw in listed.items if id_of(raw) in ids]

    async def _of_all(self, sweep: _Sweep) -> AsyncIterator[RecordPage]:
        """All variations of the products that were read. Raises NoSuchList."""
        query = {**_ALL, "_fields": VARIATION_FIELDS}
        parts = self._pager.all("variations", query, "variations", may_lack=True)
        async for part in parts:
            sweep.note(part)
            found = _Found()
            for raw in part.items:
                parent = sweep.parents.get(_parent_id(raw))
                if parent is None:
                    # Of a product that was made a simple one, or that is gone.
                    sweep.doubts.add(ORPHAN, f"variation {id_of(raw)}")
                else:
                    _add(raw, parent, part.place, found, sweep.doubts)
            yield _page(found, sweep)

    async def _of_parents(self, parents: Sequence[WooParent], sweep: _Sweep) -> _Found:
        """The variations of a few products, in their order."""
        rows = await _together([self._of_parent(parent, sweep) for parent in parents])
        found = _Found()
        for parent, items in zip(parents, rows, strict=True):
            for raw in items:
                _add(raw, parent, f"variations of product {parent.number}", found, sweep.doubts)
        return found

    async def _of_parent(self, parent: WooParent, sweep: _Sweep) -> list[object]:
        query = {**_ALL, "_fields": VARIATION_FIELDS}
        route, place = (
            f"products/{parent.number}/variations",
            f"variations of product {parent.number}",
        )
        rows: list[object] = []
        async for part in self._pager.all(route, query, place):
            sweep.note(part)
            rows += part.items
        return rows


def _products(part: ListPart, doubts: Doubts) -> tuple[_Found, list[WooParent]]:
    """The listings of a page of products, and those products that have variations."""
    found, parents = _Found(), list[WooParent]()
    for raw in part.items:
        parent = _add(raw, None, part.place, found, doubts)
        if parent is not None and parent.has_variations:
            parents.append(parent)
    return found, parents


def _add(
    raw: object, parent: WooParent | None, place: str, found: _Found, doubts: Doubts
) -> WooParent | None:
    """Add one to what was found; answers a product as what its variations take from it."""
    try:
        item = shapes.item_of(raw)
        record = shapes.record_of(item, parent, doubts)
    except ValueError as error:
        found.refused.append(Refused(f"{place}, id {id_of(raw)}", str(error), _sku(raw)))
    else:
        found.records += [record] if record is not None else []
    return _parent(raw) if parent is None else None


def _parent(raw: object) -> WooParent | None:
    """A product as its variations need it, also where its own stock can't be read."""
    try:
        return WooParent.of(shapes.item_of(raw))
    except ValueError:
        return None


def _sort_in(
    raw: object,
    parent: WooParent | None,
    into: tuple[dict[str, ShownItem], dict[str, tuple[str | None, str]]],
) -> WooParent | None:
    good, bad = into
    ref = str(id_of(raw)) if parent is None else f"{parent.number}/{id_of(raw)}"
    try:
        item = shapes.item_of(raw)
        good[ref] = ShownItem(item, parent, shapes.record_of(item, parent, Doubts()))
    except ValueError as error:
        bad[ref] = (_sku(raw), str(error))
    return _parent(raw) if parent is None else None


async def _together(asked: Sequence[Coroutine[None, None, T]]) -> Sequence[T]:
    """Ask for all at once. Raises the first error once all have ended."""
    # With `return_exceptions` all requests end before the first error is raised; otherwise the
    # others would go on, unwatched.
    answers = await asyncio.gather(*asked, return_exceptions=True)
    found: list[T] = []
    for answer in answers:
        if isinstance(answer, BaseException):
            raise answer
        found.append(answer)
    return found


def _page(found: _Found, sweep: _Sweep) -> RecordPage:
    sweep.came += len(found.records) + len(found.refused)
    return RecordPage(found.records, found.refused)


def _parent_id(raw: object) -> int:
    number = raw.get("parent_id") if isinstance(raw, dict) else None
    return int(str(number)) if is_id(str(number)) else 0


def _sku(raw: object) -> str | None:
    return values.sku_or_none(raw.get("sku")) if isinstance(raw, dict) else None


def _chunks(found: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (found[start : start + size] for start in range(0, len(found), size))

"""A whole list of a shop, page by page, also while it changes."""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass

from sync.channels.woocommerce.shop import PER_PAGE, Listed, ShopClient
from sync.errors import ContractBroken, NeedsOperator, Temporary

PAGES_MAX = 100_000
RIGHTS = "the key's user must be a shop manager or an administrator"

_NUMBER = re.compile(r"[1-9][0-9]{0,18}", re.ASCII)


class NoSuchList(Exception):
    """The shop has no list of that sort, or shows it to nobody."""

    def __init__(self, *, is_known: bool) -> None:
        super().__init__()
        self.is_known = is_known
        """Its version has none, and will not have it a minute later."""


@dataclass(frozen=True, slots=True)
class ListPart:
    """What of a page no page before it had."""

    items: Sequence[object]
    place: str
    """`products, page 3`."""
    counted: int | None = None
    """How many the whole list has by WooCommerce's count, with the last page."""
    is_cached: bool = False


class ListPager:
    """Reads the lists of one shop."""

    def __init__(self, shop: ShopClient) -> None:
        self._shop = shop
        self._by_number = False
        """Whether the shop is known to go by the numbers of pages only."""

    async def all(
        self, route: str, query: Mapping[str, object], place: str, *, may_lack: bool = False
    ) -> AsyncIterator[ListPart]:
        """Read a list by id, whose pages overlap by one item.

        Where a page does not begin with the last item of the one before, some before it were
        removed, and by its place alone the next would be skipped: then it is read again from a
        page earlier. Raises Temporary where none of the page before is left, NoSuchList where the
        list `may_lack`.
        """
        offset, total, shown = 0, 0, 0
        before: list[int | str] = []
        for number in range(1, PAGES_MAX + 1):
            where = f"{place}, page {number}"
            listed = await self._part(route, query, offset, where, may_lack=may_lack)
            if before == _ids(listed) and len(before) == PER_PAGE and not self._by_number:
                # The same page again: something in between lets `offset` fall.
                self._by_number, offset = True, PER_PAGE
                listed = await self._part(route, query, offset, where)
            if not listed.items and offset < listed.total:
                words = f"an empty page, though WooCommerce counts {listed.total:,}: {RIGHTS}"
                raise ContractBroken(words, path=where, subject=self._shop.name)
            new = self._new(listed, before, total)
            if new is None and not self._by_number:
                offset = max(0, offset - PER_PAGE + 1)
                listed = await self._part(route, query, offset, where)
                new = _after(listed, before)
            if new is None:
                raise Temporary(f"{self._shop.name}: the catalogue changed while it was read")
            shown, total = shown + len(new), listed.total
            if offset + PER_PAGE >= total:
                yield ListPart(new, where, max(total, shown), listed.is_cached)
                return
            yield ListPart(new, where, is_cached=listed.is_cached)
            before = _ids(listed)
            offset += PER_PAGE if self._by_number else PER_PAGE - 1
        raise ContractBroken("still not the last page", path=place, subject=self._shop.name)

    def _new(
        self, listed: Listed, before: Sequence[int | str], total: int
    ) -> Sequence[object] | None:
        """What of a page is new; None where nobody knows what lies between it and the last."""
        new = None if self._by_number and before else _after(listed, before[-1:])
        # WooCommerce counts what it can't load, and leaves it out: places stay as they are. By
        # numbers of pages nothing but the total says that the list has changed.
        may_be_short = self._by_number or len(before) < PER_PAGE
        if new is None and may_be_short and listed.total == total:
            return [raw for raw in listed.items if id_of(raw) not in before]
        return new

    async def _part(
        self, route: str, query: Mapping[str, object], offset: int, place: str,
        *, may_lack: bool = False,
    ) -> Listed:  # fmt: skip
        at: dict[str, object] = {"offset": offset} if offset else {}
        if self._by_number:
            at = {"page": offset // PER_PAGE + 1}
        asked = {**query, "per_page": PER_PAGE, **at}
        if not may_lack:
            return await self._shop.listed(route, asked, place)
        try:
            listed = await self._shop.listed_if_there(route, asked, place)
        except (ContractBroken, NeedsOperator) as error:
            # Such as a firewall that knows older routes only. What the list has can be read
            # otherwise; where that is refused too, it says why.
            if offset:
                raise
            raise NoSuchList(is_known=False) from error
        if listed is None:
            raise NoSuchList(is_known=True)
        return listed


def id_of(raw: object) -> int | str:
    """An item's id: a number, also where it came as text; otherwise what stands there, as text."""
    number = raw.get("id") if isinstance(raw, dict) else None
    return int(str(number)) if is_id(str(number)) else str(number)


def is_id(text: str) -> bool:
    """Whether a text is the number of a product or variation."""
    return _NUMBER.fullmatch(text) is not None


def _ids(listed: Listed) -> list[int | str]:
    return [id_of(raw) for raw in listed.items]


def _after(listed: Listed, before: Sequence[int | str]) -> Sequence[object] | None:
    """What of a page follows the last of those that came before; None where none of them is there.

    Before the first page nothing came.
    """
    places = {id_of(raw): place for place, raw in enumerate(listed.items)}
    there = [places[number] for number in before if number in places]
    if before and not there:
        return None
    return listed.items[there[-1] + 1 :] if there else listed.items

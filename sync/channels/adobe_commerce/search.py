"""Searching: `searchCriteria`, its pages, and how they end.

The server repeats the last page for every page past the end (magento/magento2 issue 8099), and its
`total_count` may be off. So a list ends by what comes.
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from typing import TypeVar
from urllib.parse import quote, urlencode

import msgspec

from sync.channels.adobe_commerce.shapes import AdobePage
from sync.channels.api.vendor import VendorClient
from sync.errors import ContractBroken, NeedsOperator, Temporary

T = TypeVar("T")

PAGES_MAX = 100_000
_NAMES = ("sku", "source_code", "stock_id", "id")
_NOT_FOUND = 404
_OTHERS = frozenset({_NOT_FOUND, 405})

Filter = tuple[str, str, str]
"""A field, a condition such as `in`, and a value."""


class AdobeSearch:
    """Searches one shop's REST API."""

    def __init__(self, client: VendorClient, rest: str, page_size: int) -> None:
        self.client = client
        self._rest = rest
        self._size = page_size

    def url(self, *parts: str) -> str:
        """The address of something, whose path has these parts: a SKU may have slashes."""
        return "/".join([self._rest, *(quote(part, safe="") for part in parts)])

    async def get(self, path: Sequence[str], shape: type[T]) -> T | None:
        """Read one thing; None where there is no such.

        Raises NeedsOperator where the address is not that of the API.
        """
        reply = await self.client.fetch("GET", self.url(*path), accept={_NOT_FOUND})
        if reply.status == _NOT_FOUND and _is_object(reply.body):
            return None
        return self.client.decoded(reply, shape, "/".join(path))

    async def pages(
        self, path: Sequence[str], sort: str, which: Filter | None = None
    ) -> AsyncIterator["AdobeListed"]:
        """Read all pages of a list. Raises Temporary where it changes meanwhile."""
        before: list[object] = []
        total: int | None = None
        seen = 0
        for number in range(1, PAGES_MAX + 1):
            page = await self._page(path, sort, which, number)
            items = page.items or []
            if total is not None and page.total_count != total:
                raise Temporary(f"{self.client.name}'s list changed while it was read")
            total = page.total_count
            if not items or are_same(items, before):
                return
            seen += len(items)
            yield AdobeListed(number, items, total)
            # A full page may be the last one, whatever the total says; a short one may not be.
            if seen >= total and len(items) < self._size:
                return
            before = items
        raise ContractBroken(
            "still not the last page", path=f"page {PAGES_MAX}", subject=self.client.name
        )

    async def all(
        self, path: Sequence[str], sort: str, shape: type[T], which: Filter | None = None
    ) -> list[T]:
        """Read a list of which every entry must be readable."""
        found: list[T] = []
        async for listed in self.pages(path, sort, which):
            found += self.client.shaped(listed.items, list[shape], "/".join(path))  # type: ignore[valid-type]
        return found

    async def _page(
        self, path: Sequence[str], sort: str, which: Filter | None, number: int
    ) -> AdobePage:
        place = f"{path[-1]}, page {number}"
        query = _criteria(sort, which, number, self._size)
        url = f"{self.url(*path)}?{urlencode(query)}"
        reply = await self.client.fetch("GET", url, accept=_OTHERS)
        if reply.status in _OTHERS and _is_object(reply.body):
            words = self.client.text(reply.body.decode("utf-8", "replace"))
            remedy = "url must be the shop's, and its inventory modules (MSI) active"
            if "export-stock-salable-qty" in path:
                remedy = 'this version can only be compared with figure = "sources"'
            what = f"{self.client.name} answered {reply.status} for {'/'.join(path)}"
            raise NeedsOperator(f"{what}: {words}; {remedy}")
        return self.client.decoded(reply, AdobePage, place)


def are_same(items: Sequence[object], before: Sequence[object]) -> bool:
    """Whether a page has the entries of the one before, also where their numbers have moved."""
    return [_name(entry) for entry in items] == [_name(entry) for entry in before]


def _name(entry: object) -> object:
    """What an entry is of, as far as it says it; otherwise the whole."""
    if not isinstance(entry, dict):
        return entry
    names = [entry.get(key) for key in _NAMES]
    return entry if all(name is None for name in names) else names


class AdobeListed(msgspec.Struct, frozen=True):
    """A page of a list that came."""

    number: int
    items: list[object]
    total: int


def by_skus(skus: Sequence[str], size: int) -> Iterator[Filter]:
    """The filters by which SKUs are found: several at once where their text allows it."""
    # The values of `in` are parted at commas, and spaces around them are cut.
    plain = [sku for sku in skus if "," not in sku and sku == sku.strip()]
    for start in range(0, len(plain), size):
        yield "sku", "in", ",".join(plain[start : start + size])
    for sku in skus:
        if "," in sku or sku != sku.strip():
            yield "sku", "eq", sku


def _is_object(body: bytes) -> bool:
    return body.lstrip()[:1] == b"{"


def _criteria(sort: str, which: Filter | None, number: int, size: int) -> dict[str, str]:
    query = {
        "searchCriteria[sortOrders][0][field]": sort,
        "searchCriteria[sortOrders][0][direction]": "ASC",
        "searchCriteria[pageSize]": str(size),
        "searchCriteria[currentPage]": str(number),
    }
    if which is not None:
        place = "searchCriteria[filterGroups][0][filters][0]"
        field, condition, value = which
        query |= {
            f"{place}[field]": field,
            f"{place}[value]": value,
            f"{place}[conditionType]": condition,
        }
    return query

"""Asking a Frappe site for lists, page by page, and for its warehouses.

A list has 20 rows unless one asks for more, and no total (Frappe's REST guide, read 2026-11-30).
"""

import contextlib
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from urllib.parse import quote, urlencode

import msgspec

from sync.channels.api.vendor import VendorClient
from sync.channels.erpnext.options import ErpNextOptions
from sync.channels.erpnext.shapes import (
    FIELDS,
    ErpItem,
    ErpMade,
    ErpWarehouse,
    FrappeRows,
    LoggedUser,
)
from sync.errors import ContractBroken, NeedsOperator
from sync.values import quoted

Filter = tuple[str, str, object]
"""A field, how it is compared, with what."""

PAGE_ROWS = 1000
UNASKED_ROWS = 20
PAGES_MAX = 10_000
_LETTERS_MAX = 3000
"""Of a list of names in an address: many web servers take no more than 8 KB of it."""


class ErpNextSite:
    """One site, by one user's rights."""

    def __init__(self, client: VendorClient, options: ErpNextOptions) -> None:
        self.client = client
        self._api = options.api
        self._location = options.location
        self._company = options.company

    async def pages(
        self, doctype: str, filters: Sequence[Filter] = ()
    ) -> AsyncIterator[Sequence[object]]:
        """Read a list by name, from each page's last row on."""
        # By name, not by offset: a row that is made or deleted meanwhile moves no other. A page
        # that is not full may be cut by the site, but by none to fewer rows than it gives unasked.
        last = ""
        for number in range(1, PAGES_MAX + 1):
            place = f"{doctype}, page {number}"
            after: Sequence[Filter] = [("name", ">", last)] if last else []
            rows = (await self._rows(doctype, [*filters, *after], place)).data
            if not rows:
                return
            yield rows
            if len(rows) < UNASKED_ROWS:
                return
            newest = rows[-1].get("name") if isinstance(rows[-1], dict) else None
            if not isinstance(newest, str) or newest == last:
                words = "no name in its last row" if newest is None else "the same page again"
                raise ContractBroken(words, path=place, subject=self.client.name)
            last = newest
        raise ContractBroken(
            "still not the last page", path=f"{doctype}, page {PAGES_MAX}", subject=self.client.name
        )

    async def few(
        self, doctype: str, field: str, names: Iterable[str], filters: Sequence[Filter] = ()
    ) -> Sequence[object]:
        """The rows whose field is one of some names."""
        found: list[object] = []
        for some in _chunks(sorted(set(names))):
            async for rows in self.pages(doctype, [*filters, (field, "in", some)]):
                found += rows
        return found

    async def items(self, filters: Sequence[Filter] = ()) -> Mapping[str, ErpItem]:
        """Items by their codes."""
        found: dict[str, ErpItem] = {}
        async for page in self.pages("Item", filters):
            found |= _items(page)
        return found

    async def items_of(self, codes: Iterable[str]) -> Mapping[str, ErpItem]:
        """A few items by their codes."""
        return _items(await self.few("Item", "name", codes))

    async def warehouses(self) -> Mapping[str, ErpWarehouse]:
        """Those whose stock counts, by their names: no group, none that is disabled.

        Raises NeedsOperator where the `location` of the settings is none of them.
        """
        filters: list[Filter] = []
        if self._location is not None:
            filters.append(("name", "=", self._location))
        if self._company is not None:
            filters.append(("company", "=", self._company))
        found: list[ErpWarehouse] = []
        async for rows in self.pages("Warehouse", filters):
            found += [self.client.shaped(row, ErpWarehouse, "Warehouse") for row in rows]
        counted = {w.name: w for w in found if not w.is_group and not w.disabled}
        if self._location is not None and self._location not in counted:
            raise NeedsOperator(f"{self.client.name}: location: {self._why_not(found)}")
        if self._company is not None and not counted:
            raise NeedsOperator(
                f"{self.client.name}: company: {quoted(self._company)} has no warehouse that the "
                "user may see; write its name as in ERPNext"
            )
        return counted

    async def user(self) -> str:
        """Who the key is of."""
        url = f"{self._api}/method/frappe.auth.get_logged_user"
        return (await self.client.read("GET", url, LoggedUser, "get_logged_user")).message

    async def insert(self, doctype: str, document: Mapping[str, object]) -> ErpMade:
        """Make a document, in one transaction of the site's."""
        url = f"{self._api}/resource/{quote(doctype)}"
        answer = await self.client.write("POST", url, doctype, json=document)
        return self.client.shaped_answer(answer, ErpMade, doctype)

    async def _rows(self, doctype: str, filters: Sequence[Filter], place: str) -> FrappeRows:
        query = {
            "fields": _json(FIELDS[doctype]),
            "order_by": "name asc",
            "limit_page_length": PAGE_ROWS,
        }
        if filters:
            query["filters"] = _json(filters)
        url = f"{self._api}/resource/{quote(doctype)}?{urlencode(query, quote_via=quote)}"
        return await self.client.read("GET", url, FrappeRows, place)

    def _why_not(self, found: Sequence[ErpWarehouse]) -> str:
        name = quoted(self._location)
        if not found:
            return f"{name} is not a warehouse that the user may see; its name ends in the company"
        if found[0].is_group:
            return f"{name} is a group of warehouses, which has no stock itself: name one of them"
        return f"{name} is a disabled warehouse: enable it, or name another"


def _items(rows: Sequence[object]) -> Mapping[str, ErpItem]:
    found: dict[str, ErpItem] = {}
    for row in rows:
        # One that can't be read blinds no other: its bins count, and are not written.
        with contextlib.suppress(msgspec.ValidationError):
            item = msgspec.convert(row, ErpItem)
            found[item.name] = item
    return found


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _chunks(names: Sequence[str]) -> Sequence[Sequence[str]]:
    found: list[list[str]] = []
    room = 0
    for name in names:
        room -= len(quote(name)) + 9
        if room < 0 or not found:
            found.append([])
            room = _LETTERS_MAX
        found[-1].append(name)
    return found

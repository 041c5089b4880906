"""One page of a described API: fetched, decoded, its items found in it."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from store.polling.recognition.pages import UNMARKED, mark_of
from sync import values
from sync.channels.api import expressions
from sync.channels.http.client import ApiClient
from sync.channels.http.listing import announcements, formats
from sync.channels.http.listing.announcements import Announcement, Told
from sync.channels.http.listing.doubts.nulls import is_null
from sync.channels.http.listing.seen import LaterItems, SeenPages
from sync.channels.http.listing.table import OF_A_HEADER, ListTable
from sync.errors import ChannelError, ContractBroken

if TYPE_CHECKING:
    from sync.transport.call import Reply

_NO_SUCH_PAGE = frozenset({400, 404, 410, 416, 422})
"""What APIs answer for a page past the end. Taken for one only where the list may be over."""


@dataclass(frozen=True, slots=True)
class PageRequest:
    """What a page is asked for with."""

    url: str
    body: object = None
    is_past_the_end: bool = False
    """All that is announced has come, so that there may be no such page."""

    @property
    def key(self) -> str:
        """The same for the same request."""
        return self.url if self.body is None else f"{self.url} {json.dumps(self.body)}"


@dataclass(frozen=True, slots=True)
class PageBody:
    """One page."""

    asked: PageRequest
    url: str
    """As it was answered, after redirects."""
    headers: Mapping[str, str]
    content: object
    items: Sequence[object]
    count: int
    """How many there are as the API counts: before an expression filters or flattens them."""
    announced: Announcement
    """What it says of the whole list."""
    complaint: str = ""
    """What is said where there may be no such page, fit for a message."""
    mark: bytes = UNMARKED
    """The digest of its body."""


class PageReader:
    """Gets pages of one shape, with the channel's credentials."""

    def __init__(self, name: str, client: ApiClient, table: ListTable) -> None:
        self._name = name
        self._client = client
        self._table = table
        self.seen: SeenPages | None = None
        """The pages of the last good poll, which are not decoded again."""
        self._items = expressions.search(table.items or "@")
        self._total = _TotalReader(table.total) if table.total is not None else None

    async def page(self, request: PageRequest, place: str) -> PageBody:
        """Read one page. Raises what the transport does, and ContractBroken at its place.

        A page that is an error in an answer of success raises what that error means.
        """
        found: list[tuple[object, object]] = []

        def judge(reply: "Reply") -> ChannelError | None:
            if (seen := self._seen(reply, place)) is not None:
                found[:] = [seen]
                return None
            if (parted := self._parted(reply, place)) is not None:
                found[:] = [parted]
                return None
            content = self.content(reply, place)
            items = self.items_of(content)
            found[:] = [(content, items)]
            complaint = self._client.page_complaint(content, items)
            if complaint is None:
                return None
            lacking = _no_list(self._table.items, items, content)
            return self._client.read_error(complaint, place, lacking)

        reply = await self._client.read(
            request.url,
            judge,
            method=self._table.method,
            json=request.body,
            accept=_NO_SUCH_PAGE if request.is_past_the_end else (),
            kept=True,
        )
        if not found:
            words = self._client.words(reply.body)
            return PageBody(request, reply.url, reply.headers, None, [], 0, Announcement(), words)
        content, items = found[0]
        if not isinstance(items, list | LaterItems):
            words = self._client.text(_no_list(self._table.items, items, content))
            raise ContractBroken(words, path=place, subject=self._name)
        announced = self._announced(reply.headers, content, place)
        count = _count(self._table.items or "@", content, items)
        mark = mark_of(reply.body)
        if self.seen is not None and self.seen.find(mark) is None:
            self.seen.keep(mark, content, items)
        return PageBody(
            request, reply.url, reply.headers, content, items, count, announced, mark=mark
        )

    def _seen(self, reply: "Reply", place: str) -> tuple[object, LaterItems] | None:
        """What a page with the same bytes said in the last reading, and its records."""
        seen = None if self.seen is None else self.seen.find(mark_of(reply.body))
        if seen is None:
            return None

        assert self.seen is not None
        return seen.content, self.seen.later(reply.body, self._decoding(reply, place), seen.records)

    def _parted(self, reply: "Reply", place: str) -> tuple[object, LaterItems] | None:
        """What a page says beside its records, and these, each to be decoded by itself.

        None where it must be decoded as a whole, or could complain of something.
        """
        if self.seen is None or self._client.has_described_error:
            return None
        content = self.seen.beside(reply.body)
        if content is None:
            return None
        items = self.seen.later(reply.body, self._decoding(reply, place))
        if not items.raws or self._client.page_complaint(content, [None]) is not None:
            return None
        return content, items

    def _decoding(self, reply: "Reply", place: str) -> Callable[[], Sequence[object]]:
        def decode() -> Sequence[object]:
            items = self.items_of(self.content(reply, place))
            return items if isinstance(items, list) else []

        return decode

    def content(self, reply: "Reply", place: str) -> object:
        """Decode an answer. Raises ContractBroken, in the channel's words where it has some."""
        if self._table.format == "csv":
            return formats.csv_of(reply.body, self._table.fields, place, self._name)
        if self._table.format == "xml":
            return formats.xml_of(reply.body, place, self._name)
        return self._client.content(reply, place)

    def items_of(self, content: object) -> object:
        """What `items` finds in an answer, a list or not; None where it can't be evaluated."""
        if isinstance(content, formats.CsvContent):
            return list(content.rows)
        try:
            found = self._items(content)
        except expressions.ERROR:
            return None
        if self._table.format != "xml":
            return found
        return formats.one_or_more(found, self._table.items, content)

    def total_not_found(self, page: PageBody) -> str:
        """Say that `total` finds nothing, and what there is; empty where it finds something."""
        if self._total is None or page.announced.records is not None:
            return ""
        if self._total.header:
            return f"total: the answer has no header {self._total.header}"
        if is_null(str(self._table.total), page.content):
            return ""
        return f"total: {found_nothing(str(self._table.total), page.content)}"

    def _announced(self, headers: Mapping[str, str], content: object, place: str) -> Announcement:
        is_paged = self._table.next is not None or self._table.paging is not None
        announced = announcements.of(
            headers, content, self._table.items or "@", follows_next=is_paged
        )
        paging = self._table.paging
        if paging is not None and (paging.more is not None or paging.by == "link"):
            announced = replace(announced, more="")
        if self._total is not None:
            try:
                announced = replace(announced, records=self._total.read(headers, content))
            except ValueError as error:
                words = self._client.text(str(error))
                raise ContractBroken(words, path=place, subject=self._name) from None
        return announced


class _TotalReader:
    """Reads what `total` describes."""

    def __init__(self, total: str) -> None:
        self.header = total.removeprefix(OF_A_HEADER) if total.startswith(OF_A_HEADER) else ""
        self._total = total
        self._look = None if self.header else expressions.search(total)

    def read(self, headers: Mapping[str, str], content: object) -> Told | None:
        """Find the number of records; None where it is not there. Raises ValueError."""
        if self._look is None:
            found: object = headers.get(self.header)
            by = self.header
        else:
            by = f"`{self._total}`"
            try:
                found = self._look(content)
            except expressions.ERROR as error:
                raise ValueError(f"{by}: {' '.join(str(error).split())}") from None
        if found is None:
            return None
        try:
            number = values.quantity(found)
        except ValueError:
            number = -1
        if number < 0:
            raise ValueError(f"total: {by} found {values.quoted(found)}, not a number of records")
        return Told(number, by)


def found_nothing(expression: str, content: object) -> str:
    """Say so, and what could have been looked for."""
    if isinstance(content, dict):
        return f"`{expression}` found nothing; the page has {values.key_names(content)}"
    return f"`{expression}` found nothing; the page is {values.quoted(content)}"


def _no_list(expression: str, found: object, content: object) -> str:
    """Say what an expression found instead of a list, and what could have been looked for."""
    if found is not None:
        return f"`{expression}` found {values.quoted(found)}, not a list"
    return found_nothing(expression, content)


def _count(expression: str, content: object, items: Sequence[object]) -> int:
    """How many records a page has as the API counts them."""
    if expressions.path(expression) is not None:
        return len(items)
    # `products[?active].variants[]` has any number of items; the API counts products. A page whose
    # products are all filtered out is no empty page.
    lists = [expressions.found_by(steps, content) for steps in expressions.roots(expression)]
    return max((len(part) for part in lists if isinstance(part, list)), default=len(items))

"""How a list goes on: the request of each page after the one before, and what ends it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

from sync import values
from sync.channels.api import expressions
from sync.channels.http import placeholders
from sync.channels.http.listing.announcements import LINK, REL_NEXT, Told
from sync.channels.http.listing.doubts.nulls import is_null
from sync.channels.http.listing.pages import PageBody, PageRequest, found_nothing
from sync.channels.http.listing.table import ListTable, PagingTable

CURSOR_LENGTH_MAX = 2_000
_LEAST_BOUND = 10


@dataclass(frozen=True, slots=True)
class SoFar:
    """What has come of a list, the newest page included."""

    pages: int
    count: int
    """Records as the API counts them."""
    total: Told | None = None
    """What `total` says."""
    announced: int | None = None
    """What the list is said to have, by `total` or by a header or key that is known to say so."""
    is_repeated: bool = False
    """The newest page has what the one before had."""


class Pager(Protocol):
    """One reading of a list: it keeps in mind where it is."""

    name: str
    """What leads on, for messages."""

    def first(self) -> PageRequest: ...

    def after(self, page: PageBody, so_far: SoFar) -> PageRequest | None:
        """The request of the next page; None where this one was the last.

        Raises ValueError where what should lead on does not say where to.
        """
        ...

    def warnings(self) -> list[str]:
        """Which of its expressions have found nothing, a sentence each."""
        ...


def pager(
    table: ListTable,
    url: str | None = None,
    meanings: Mapping[str, object] = {},
    *,
    is_of_parent: bool = False,
) -> Pager:
    """Begin a reading. `url` is instead of the table's own; `meanings` fill in the body.

    `is_of_parent`: it is one parent's own list, which may be whole where the parents have pages.
    """
    url = table.url if url is None else url
    body = None if table.body is None else placeholders.filled(table.body, meanings)
    if table.paging is None:
        return _Followed(table.next, PageRequest(url, body))
    size = table.paging.size
    if size is not None and size.param is not None:
        url = with_parameter(url, size.param, str(size.value))
    if table.paging.by == "link":
        return _Linked(PageRequest(url, body))
    if table.paging.by == "cursor":
        return _ByCursor(table.paging, url, body)
    is_one = is_of_parent and expressions.is_one(table.items)
    return _ByNumber(table.paging, url, body, is_of_parent=is_of_parent, is_one=is_one)


def with_parameter(url: str, name: str, value: str) -> str:
    """Set a parameter of a URL's query; the others stay as they are."""
    parts = urlsplit(url)
    written = quote(name, safe="[]$")
    others = [
        pair for pair in parts.query.split("&")
        if pair and pair.partition("=")[0] not in (written, name)
    ]  # fmt: skip
    query = "&".join([*others, f"{written}={quote(value, safe='')}"])
    return urlunsplit(parts._replace(query=query))


def linked(headers: Mapping[str, str], base: str) -> str | None:
    """The URL of the `Link` header that has rel="next" (RFC 8288), or None."""
    for url, parameters in LINK.findall(headers.get("link", "")):
        if REL_NEXT.search(parameters):
            return urljoin(base, str(url).strip())
    return None


class _Followed:
    """Without `paging`: the page itself says where the next one is, or there is one page only."""

    def __init__(self, next_path: str | None, first: PageRequest) -> None:
        self.name = f"`{next_path}`"
        self._look = None if next_path is None else expressions.search(next_path)
        self._asked = first

    def first(self) -> PageRequest:
        return self._asked

    def after(self, page: PageBody, _so_far: SoFar) -> PageRequest | None:
        try:
            found = self._look(page.content) if self._look else None
            if found is None or found == "":
                return None
            if isinstance(found, str):
                # APIs answer with a whole URL, a path or only a query; it counts from the page that
                # we got in the end, which a redirect may have moved.
                return PageRequest(urljoin(page.url, found), self._asked.body)
        except (expressions.ERROR, ValueError):
            pass
        raise ValueError(f"{self.name} found no URL of a next page")

    def warnings(self) -> list[str]:
        return []


class _Linked:
    """`by = "link"`."""

    name = "the `Link` header"

    def __init__(self, first: PageRequest) -> None:
        self._asked = first

    def first(self) -> PageRequest:
        return self._asked

    def after(self, page: PageBody, _so_far: SoFar) -> PageRequest | None:
        try:
            url = linked(page.headers, page.url)
        except ValueError:
            raise ValueError(f"{self.name} has no URL of a next page") from None
        return None if url is None else PageRequest(url, self._asked.body)

    def warnings(self) -> list[str]:
        return []


class _More:
    """What `paging.more` says."""

    def __init__(self, expression: str | None) -> None:
        self._expression = expression
        self._look = None if expression is None else expressions.search(expression)
        self._has_found = False
        self._lacking = ""

    def says(self, content: object) -> bool | None:
        """Whether another page follows; None where that is not said. Raises ValueError."""
        if self._look is None or self._expression is None:
            return None
        try:
            found = self._look(content)
        except expressions.ERROR as error:
            words = " ".join(str(error).split())
            raise ValueError(f"paging.more: `{self._expression}`: {words}") from None
        if found is None and not is_null(self._expression, content):
            self._lacking = f"paging.more: {found_nothing(self._expression, content)}"
            return None
        self._has_found = True
        if isinstance(found, str):
            return found.strip().lower() not in ("", "0", "false", "no", "n")
        return bool(found)

    def warnings(self) -> list[str]:
        return [] if self._has_found or not self._lacking else [self._lacking]


class _ByNumber:
    """`by = "page"` and `by = "offset"`."""

    def __init__(
        self, paging: PagingTable, url: str, body: object, *, is_of_parent: bool, is_one: bool
    ) -> None:
        self.name = f"paging by {paging.by}"
        self._is_of_parent, self._is_one = is_of_parent, is_one
        self._paging = paging
        self._url = url
        self._body = body
        self._more = _More(paging.more)
        self._at = paging.first if isinstance(paging.first, int) else int(paging.by == "page")
        self._first_count = 0

    def first(self) -> PageRequest:
        return self._request()

    def after(self, page: PageBody, so_far: SoFar) -> PageRequest | None:
        if so_far.pages == 1:
            self._first_count = page.count
        more = self._more.says(page.content)
        if more is False:
            return None
        is_past = False
        if more is None:
            is_short = self._is_short(page, so_far)
            if (
                not page.count
                or self._is_one
                or so_far.is_repeated
                or self._is_over(page, so_far, is_short=is_short)
            ):
                return None
            # Nothing may follow a page that is short, or with which all that is announced is in;
            # or one of a parent's own list, which may have no pages at all.
            is_all = so_far.announced is not None and so_far.count >= so_far.announced
            is_past = is_short or is_all or self._is_of_parent
        self._at += 1 if self._paging.by == "page" else page.count
        return replace(self._request(), is_past_the_end=is_past)

    def warnings(self) -> list[str]:
        return self._more.warnings()

    def _is_over(self, page: PageBody, so_far: SoFar, *, is_short: bool) -> bool:
        """Whether nothing can follow a page that has records."""
        told = so_far.total
        if told is not None and told.number > so_far.count:
            return False
        # A first page of just as many as its total may be the whole list, or its `total` may be
        # the number on the page. The page after it tells.
        if told is not None and told.number == so_far.count and so_far.pages > 1:
            return True
        # An API may give fewer than it is asked for: 1,000 asked, 100 come.
        return is_short and not (so_far.pages == 1 and may_be_a_bound(page.count))

    def _is_short(self, page: PageBody, so_far: SoFar) -> bool:
        """Whether the page has fewer records than pages that others follow."""
        size = self._paging.size
        if size is None:
            return False
        return page.count < (
            size.value if so_far.pages == 1 else min(size.value, self._first_count)
        )

    def _request(self) -> PageRequest:
        return _request(self._paging, self._url, self._body, self._at)


class _ByCursor:
    """`by = "cursor"`."""

    def __init__(self, paging: PagingTable, url: str, body: object) -> None:
        self._expression = paging.cursor or ""
        self.name = f"`{self._expression}`"
        self._paging = paging
        self._url = url
        self._body = body
        self._more = _More(paging.more)
        self._look = expressions.search(self._expression)
        self._cursor: str | int | None = paging.first
        self._has_found = False
        self._lacking = ""
        self._is_over = False
        """Something else than the cursor says that the list is over."""

    def first(self) -> PageRequest:
        return self._request()

    def after(self, page: PageBody, _so_far: SoFar) -> PageRequest | None:
        more = self._more.says(page.content)
        size = self._paging.size
        self._is_over = more is False or (size is not None and page.count < size.value)
        cursor = self._found(page.content)
        if more is False:
            return None
        if cursor is None and more:
            raise ValueError(
                f"`{self._paging.more}` says that a page follows, and {self.name} found nothing"
            )
        # Some APIs give the same cursor on and on once there is nothing left.
        if cursor is None or (cursor == self._cursor and not page.count and not more):
            return None
        self._cursor = cursor
        return self._request()

    def warnings(self) -> list[str]:
        is_known = self._has_found or self._is_over
        return [
            *self._more.warnings(),
            *([self._lacking] if self._lacking and not is_known else []),
        ]

    def _found(self, content: object) -> str | int | None:
        try:
            found = self._look(content)
        except expressions.ERROR as error:
            words = " ".join(str(error).split())
            raise ValueError(f"paging.cursor: {self.name}: {words}") from None
        if found is None:
            if not is_null(self._expression, content):
                self._lacking = f"paging.cursor: {found_nothing(self._expression, content)}"
                return None
            self._has_found = True
            return None
        self._has_found = True
        if found == "" or found is False:
            return None
        if type(found) is int:
            return found
        if not isinstance(found, str) or len(found) > CURSOR_LENGTH_MAX or not is_whole(found):
            raise ValueError(f"{self.name} found {values.quoted(found)}, not a cursor")
        return found

    def _request(self) -> PageRequest:
        return _request(self._paging, self._url, self._body, self._cursor)


def may_be_a_bound(count: int) -> bool:
    """Whether an API may have a bound of so many records a page: 30, 48, 64, 250."""
    return count >= _LEAST_BOUND and (count % 5 == 0 or count % 12 == 0 or count & (count - 1) == 0)


def is_whole(text: str) -> bool:
    """Whether a text can be sent and stored: JSON can hold half of a surrogate pair."""
    return values.NO_CHARACTER not in text and not any("\ud800" <= c <= "\udfff" for c in text)


def _request(paging: PagingTable, url: str, body: object, at: str | int | None) -> PageRequest:
    if paging.param is not None and at is not None:
        url = with_parameter(url, paging.param, str(at))
    filled = None if body is None else placeholders.filled(body, {f"${paging.by}": at})
    return PageRequest(url, filled)

"""One page of a described API: fetched, decoded, its items and its next page found in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urljoin

import jmespath.exceptions

from sync import values
from sync.channels.http.client import ApiClient
from sync.channels.http.expressions import search
from sync.channels.http.listing import announcements
from sync.channels.http.listing.announcements import Announcement
from sync.errors import ChannelError, ContractBroken

if TYPE_CHECKING:
    from sync.transport.call import Reply


@dataclass(frozen=True, slots=True)
class PagePaths:
    """Where in a page things are, in JMESPath."""

    items: str
    next: str | None


@dataclass(frozen=True, slots=True)
class PageBody:
    """One page."""

    url: str
    """As it was asked for."""
    content: object
    items: Sequence[object]
    following: str | None
    """The next page's URL. The transport refuses one of another origin."""
    announced: Announcement
    """What it says of the whole list."""


class PageReader:
    """Gets pages of one shape."""

    def __init__(self, name: str, client: ApiClient, where: PagePaths) -> None:
        self._name = name
        self._client = client
        self._where = where
        self._items = search(where.items)
        self._next = search(where.next) if where.next else None

    async def page(self, url: str, place: str) -> PageBody:
        """Read one page. Raises what the transport does, and ContractBroken at its place.

        A page that is an error in an answer of success raises what that error means.
        """
        found: list[tuple[object, object]] = []

        def judge(reply: "Reply") -> ChannelError | None:
            content = self._client.content(reply, place)
            items = self.items_of(content)
            found[:] = [(content, items)]
            complaint = self._client.page_complaint(content, items)
            if complaint is None:
                return None
            lacking = _no_list(self._where.items, items, content)
            return self._client.read_error(complaint, place, lacking)

        reply = await self._client.read(url, judge)
        content, items = found[0]
        if not isinstance(items, list):
            words = self._client.text(_no_list(self._where.items, items, content))
            raise ContractBroken(words, path=place, subject=self._name)
        following = self._next_url(content, reply.url, place)
        announced = announcements.of(
            reply.headers, content, self._where.items, follows_next=self._next is not None
        )
        return PageBody(url, content, items, following, announced)

    def items_of(self, content: object) -> object:
        """What `items` finds in an answer, a list or not; None where it can't be evaluated."""
        try:
            return self._items(content)
        except jmespath.exceptions.JMESPathError:
            return None

    def _next_url(self, content: object, base: str, place: str) -> str | None:
        try:
            found = self._next(content) if self._next else None
            if found is None or found == "":
                return None
            if isinstance(found, str):
                # APIs answer with a whole URL, a path or only a query; it counts from the page that
                # we got in the end, which a redirect may have moved.
                return urljoin(base, found)
        except (jmespath.exceptions.JMESPathError, ValueError):
            pass
        words = f"`{self._where.next}` found no URL of a next page"
        raise ContractBroken(words, path=place, subject=self._name)


def _no_list(expression: str, found: object, content: object) -> str:
    """Say what an expression found instead of a list, and what could have been looked for."""
    if found is not None:
        return f"`{expression}` found {values.quoted(found)}, not a list"
    if isinstance(content, dict):
        return f"`{expression}` found nothing; the page has {values.key_names(content)}"
    return f"`{expression}` found nothing; the page is {values.quoted(content)}"

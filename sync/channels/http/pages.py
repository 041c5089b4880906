"""One page of a described API: fetched, taken for JSON, its items and its next page found in it.

Used by the `http` kind, for listings and for events.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urljoin

import jmespath.exceptions

from sync import values
from sync.channels.http.records import search
from sync.errors import ContractBroken
from sync.secrets import Secret

if TYPE_CHECKING:
    from sync.transport.transport import Reply, Transport


@dataclass(frozen=True, slots=True)
class PagePaths:
    """Where in a page things are, in JMESPath."""

    items: str
    next: str | None


@dataclass(frozen=True, slots=True)
class PageBody:
    """One page."""

    content: object
    items: Sequence[object]
    following: str | None
    """The next page's URL. The transport refuses one of another origin."""


class PageReader:
    """Gets pages of one shape, with the channel's credentials."""

    def __init__(
        self, name: str, transport: "Transport", headers: Mapping[str, Secret], where: PagePaths
    ) -> None:
        self._name = name
        self._transport = transport
        self._headers = headers
        self._where = where
        self._items = search(where.items)
        self._next = search(where.next) if where.next else None

    async def page(self, url: str, place: str) -> PageBody:
        """Read one page. Raises what the transport does, and ContractBroken at its place."""
        reply = await self.get(url)
        content = self.content(reply, place)
        items = self._list(content, f"{place}, {self._where.items}")
        following = self._next_url(content, reply.url, f"{place}, {self._where.next}")
        return PageBody(content, items, following)

    async def get(self, url: str, accept: frozenset[int] = frozenset()) -> "Reply":
        return await self._transport.request(
            "GET", url, repeatable=True, headers=self._headers, accept=accept
        )

    def content(self, reply: "Reply", place: str) -> object:
        try:
            return values.json_value(reply.body)
        except ValueError as error:
            reason = self._transport.redactor.reason(error)
            raise ContractBroken(f"{self._name} sent no JSON ({reason})", path=place) from error

    def _list(self, content: object, place: str) -> list[object]:
        try:
            items = self._items(content)
        except jmespath.exceptions.JMESPathError:
            items = None
        if not isinstance(items, list):
            what = "nothing" if items is None else values.quoted(items)
            raise ContractBroken(f"{self._name} sent {what} where a list belongs", path=place)
        return items

    def _next_url(self, content: object, base: str, place: str) -> str | None:
        try:
            found = self._next(content) if self._next else None
            if found is None or found == "":
                return None
            if isinstance(found, str):
                return urljoin(base, found)
        except (jmespath.exceptions.JMESPathError, ValueError):
            pass
        raise ContractBroken(f"{self._name} sent no URL of the next page", path=place)

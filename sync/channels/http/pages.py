"""One page of a described API: fetched, decoded, its items and its next page found in it."""

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
        items = self._list(content, place)
        following = self._next_url(content, reply.url, place)
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
            words = f"sent no JSON: {reason}"
            raise ContractBroken(words, path=place, subject=self._name) from error

    def _list(self, content: object, place: str) -> list[object]:
        try:
            items = self._items(content)
        except jmespath.exceptions.JMESPathError:
            items = None
        if not isinstance(items, list):
            words = _no_list(self._where.items, items, content)
            raise ContractBroken(words, path=place, subject=self._name)
        return items

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

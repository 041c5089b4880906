"""Asking one shop: where its API is, its lists, its errors in words an operator can act on."""

import contextlib
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

from sync import values
from sync.channels.api import complaints
from sync.channels.api.complaints import Complaint, Trouble
from sync.channels.api.signed import SignedClient
from sync.channels.api.vendor import VendorClient
from sync.channels.woocommerce import address
from sync.channels.woocommerce.access import KeyAccess
from sync.channels.woocommerce.address import API, ShopAddress
from sync.errors import (
    ChannelError,
    ContractBroken,
    NeedsOperator,
    Temporary,
    WriteOutcomeUnknown,
    WriteRejected,
)

if TYPE_CHECKING:
    from sync.transport.call import Reply
    from sync.transport.transport import Transport

_DIGITS_MAX = 18
PER_PAGE = 100
"""The most that WooCommerce gives: 101 is a 400."""
EXPECTS = "the shop's address, such as https://shop.example, of a WordPress with WooCommerce"
MAY_ONLY_READ = (
    "the key may only read: give it Read/Write in WooCommerce, Settings, Advanced, REST API"
)

_MISSING, _TOO_LARGE = HTTPStatus.NOT_FOUND, HTTPStatus.REQUEST_ENTITY_TOO_LARGE
_NO_SUCH_METHOD = (HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.NOT_IMPLEMENTED)
_NO_ROUTE = "rest_no_route"
_SPACE = b"\xef\xbb\xbf \t\r\n"
"""What may stand before JSON: a file of a plugin may begin with a byte order mark."""


class TooLarge(Exception):
    """The shop takes no batch of so many, and has read none of it."""


@dataclass(frozen=True, slots=True)
class Listed:
    """Some of a list."""

    items: Sequence[object]
    total: int
    """How many the whole list has, by WooCommerce's count."""
    is_cached: bool = False
    allowed: str = ""
    """The methods that the key's user may use there, where the answer says it."""


class _Index(msgspec.Struct, frozen=True):
    """What the index of a WordPress says of it, to anybody."""

    name: object = None
    home: object = None


class ShopClient:
    """Asks one shop."""

    def __init__(
        self, name: str, transport: "Transport", access: KeyAccess, where: ShopAddress
    ) -> None:
        self.name = name
        self._access = access
        self._signed = SignedClient(transport, {}, access)
        self._client = VendorClient(name, self._signed, expects=EXPECTS)
        self._where = where
        self._is_found = False
        """Whether an answer has shown that the API is at `_where`."""
        self._takes_put = True
        """Whether its web server is not known to refuse the method."""

    async def listed(self, route: str, query: Mapping[str, object], place: str) -> Listed:
        """Read a part of a list, past every cache. `place` names it in errors.

        Raises Temporary, NeedsOperator, ContractBroken.
        """
        found = await self.listed_if_there(route, query, place)
        if found is None:
            words = (
                f"WordPress answers at {self._where.shop}, WooCommerce's API ({API}) does not: "
                "activate WooCommerce there, or write another url"
            )
            raise NeedsOperator(f"{self.name}: {words}")
        return found

    async def listed_if_there(
        self, route: str, query: Mapping[str, object], place: str
    ) -> Listed | None:
        """Read a part of a list; None where the shop's version has no such list."""
        # From 10.5 answers may come from a cache, and then a reading proves nothing.
        asked = {**query, "_skip_cache": "true"}
        reply = await self._found(f"{API}/{route}", asked)
        if _is_elsewhere(reply):
            raise self._passing(reply)
        content = self._client.decoded(reply, object, place)
        if reply.status == _MISSING:
            if isinstance(content, dict) and content.get("code") == _NO_ROUTE:
                return None
            words = f"answered 404: {self._client.text(_words(content))}"
            raise ContractBroken(words, path=place, subject=self.name)
        items = self._client.shaped(content, list[object], place)
        is_cached = reply.headers.get("x-wc-cache", "").strip().upper() == "HIT"
        allowed = reply.headers.get("allow", "")
        return Listed(items, self._total(reply, place), is_cached, allowed)

    async def put(self, place: str, json: object, fields: str) -> object:
        """Write one item, once, and answer these fields of it. Raises as `post`."""
        query = {"_fields": fields}
        if self._takes_put:
            reply = await self._sent("PUT", place, json, query, accept=_NO_SUCH_METHOD)
            if reply.status not in _NO_SUCH_METHOD:
                return self._answered(reply, place)
            # WordPress takes a POST for it as well, and some web servers let no other through.
            self._takes_put = False
        return self._answered(await self._sent("POST", place, json, query), place)

    async def post(self, place: str, json: object) -> object:
        """Send a batch, once, and answer its JSON.

        Raises TooLarge, WriteRejected, WriteOutcomeUnknown, Temporary or NeedsOperator.
        """
        # No `_fields`: WordPress would look for them beside `update`, and answer nothing.
        reply = await self._sent("POST", place, json, {}, accept=(_TOO_LARGE,))
        if reply.status == _TOO_LARGE:
            raise TooLarge(f"{self.name} answered 413 to {place}")
        return self._answered(reply, place)

    async def _sent(
        self, method: str, place: str, json: object, query: Mapping[str, object],
        accept: Container[int] = (),
    ) -> "Reply":  # fmt: skip
        url = self._where.url(f"{API}/{place}", query)
        with _hinting(self._where, write=True):
            return await self._signed.write(
                method, url, self._write_error, json=json, accept=accept
            )

    def _answered(self, reply: "Reply", place: str) -> object:
        try:
            return values.json_value(reply.body)
        except ValueError as error:
            words = self._client.text(complaints.first_words(reply.body))
            text = f'{self.name}: {place}: the answer to a write is not JSON: "{words}"'
            raise WriteOutcomeUnknown(text) from error

    async def shop_name(self) -> str:
        """What the shop calls itself, and where it is."""
        index = await self._index(self._where)
        name = values.title(index.name) if index is not None else None
        host = urlsplit(self._where.origin).netloc
        return f"{self._client.text(name)} at {host}" if name else host

    def text(self, text: str) -> str:
        """A text of the shop's made fit for a message."""
        return self._client.text(text)

    def struck(self, text: str) -> str:
        """A message of ours, in which the shop may be quoted, without our credentials."""
        return self._client.struck(text)

    async def aclose(self) -> None:
        """Close the connections. May be called twice."""
        await self._client.aclose()

    async def _found(self, route: str, query: Mapping[str, object]) -> "Reply":
        """Ask where the API is; the first time also where it may be instead."""
        reply = await self._ask(self._where, route, query)
        if self._is_found or not _is_elsewhere(reply):
            self._is_found = True
            return reply
        # A page for people, of WordPress or of its web server: the permalinks may be plain, and
        # then only the address with `rest_route` leads to the API. WordPress names it itself.
        said = address.said_in(reply.headers.get("link", ""))
        if said is not None and said.origin != self._where.origin:
            if not address.are_near(said.origin, self._where.origin):
                words = f"the shop has its API at {said.shop}: write that url"
                raise NeedsOperator(f"{self.name}: {words}")
            said = replace(said, origin=self._where.origin)
        elsewhere = said or self._where.plain()
        other = await self._ask(elsewhere, route, query)
        if _is_elsewhere(other):
            where = self._client.text(complaints.first_words(reply.body))
            words = f'a web page at {self._where.shop}: "{where}"; url must be {EXPECTS}'
            raise NeedsOperator(f"{self.name}: {words}")
        self._where, self._is_found = elsewhere, True
        return other

    async def _ask(self, where: ShopAddress, route: str, query: Mapping[str, object]) -> "Reply":
        try:
            return await self._get(where, route, query)
        except NeedsOperator as error:
            if error.status != HTTPStatus.UNAUTHORIZED or where.is_secure:
                raise
            home = await self._home(where)
            if home is None or home == where.shop:
                raise
            if not self._access.sign_for(home):
                own = self._client.text(home)
                error.args = (f"{error}; the shop calls itself {own}: write exactly that as url",)
                raise
        return await self._get(where, route, query)

    async def _get(self, where: ShopAddress, route: str, query: Mapping[str, object]) -> "Reply":
        with _hinting(where, write=False):
            return await self._client.judged_by(self._read_error).fetch(
                "GET", where.url(route, query), accept={_MISSING}
            )

    async def _home(self, where: ShopAddress) -> str | None:
        """The shop's address by its own account, over http; None where it does not say."""
        index = await self._index(where)
        home = index.home if index is not None else None
        if not isinstance(home, str) or "://" not in home:
            return None
        return f"http://{home.partition('://')[2].rstrip('/')}"

    async def _index(self, where: ShopAddress) -> _Index | None:
        """The shop's index; None where it does not show it."""
        url = where.url("", {"_fields": "name,home"})
        try:
            reply = await self._client.fetch("GET", url, accept=range(400, 500))
            return self._client.decoded(reply, _Index, "the index of the API")
        except (ContractBroken, NeedsOperator, Temporary):
            # It is for a message only, and a plugin may hide it.
            return None

    def _total(self, reply: "Reply", place: str) -> int:
        given = reply.headers.get("x-wp-total", "").strip()
        if not given.isdecimal() or len(given) > _DIGITS_MAX:
            words = f"the header X-WP-Total is {values.quoted(given or None)}, not a number"
            raise ContractBroken(words, path=place, subject=self.name)
        return int(given)

    def _passing(self, reply: "Reply") -> Temporary:
        """The error for a page for people where the API has answered before: it comes and goes."""
        words = self._client.text(complaints.first_words(reply.body))
        return Temporary(f'{self.name}: a web page instead of an answer: "{words}"')

    def _read_error(self, reply: "Reply") -> ChannelError | None:
        """The error that an answer of success is, where there is no list in it."""
        if self._is_found and complaints.is_web_page(reply.body):
            return self._passing(reply)
        complaint = _complaint(reply.body)
        if complaint is None:
            return None
        words = f"{self.name} answered with an error: {self._client.text(complaint.words)}"
        if complaint.trouble in (Trouble.THROTTLED, Trouble.PASSING):
            return Temporary(words, retry_after_s=complaint.retry_after_s)
        if complaint.trouble is Trouble.NOT_SIGNED_IN:
            return NeedsOperator(f"{words}{self._client.credential}")
        return ContractBroken(words, path=urlsplit(reply.url).path)

    def _write_error(self, reply: "Reply") -> ChannelError | None:
        complaint = _complaint(reply.body)
        if complaint is None:
            return None
        words = f"{self.name} answered with an error: {self._client.text(complaint.words)}"
        if complaint.trouble is Trouble.THROTTLED:
            return Temporary(words, retry_after_s=complaint.retry_after_s)
        if complaint.trouble is Trouble.NOT_SIGNED_IN:
            return NeedsOperator(f"{words}{self._client.credential}")
        # What failed on its way may have been applied all the same.
        if complaint.trouble is Trouble.PASSING:
            return WriteOutcomeUnknown(words)
        return WriteRejected(words)


@contextlib.contextmanager
def _hinting(where: ShopAddress, *, write: bool) -> Iterator[None]:
    """Say what to do about a refused key."""
    try:
        yield
    except NeedsOperator as error:
        words = hint(error.status, where, write=write)
        error.args = (f"{str(error).rstrip('.')}; {words}",) if words else error.args
        raise


def hint(status: int, where: ShopAddress, *, write: bool) -> str:
    """What to do about a refusal by this status; empty where its own words will do."""
    if status == HTTPStatus.FORBIDDEN:
        return (
            "the key's user must be a shop manager or an administrator, and no firewall or "
            "security plugin may keep Skew from /wp-json/wc/"
        )
    if status != HTTPStatus.UNAUTHORIZED:
        return ""
    if write:
        # What comes before a write is a reading, with the same key.
        return MAY_ONLY_READ
    if where.is_plain:
        return (
            "with plain permalinks WooCommerce takes keys from 11.1 only: choose others in "
            "WordPress, Settings, Permalinks"
        )
    # Without TLS by PHP's account, WooCommerce ignores Basic, and signs http (is_ssl).
    proxied = "; behind a proxy WordPress must know that it is reached by https"
    settings = "see the key in WooCommerce, Settings, Advanced, REST API"
    return f"{settings}{proxied if where.is_secure else ''}"


def _is_elsewhere(reply: "Reply") -> bool:
    """Whether an answer is not from an API at all."""
    is_json = reply.body.lstrip(_SPACE)[:1] in (b"{", b"[")
    return complaints.is_web_page(reply.body) or (reply.status == _MISSING and not is_json)


def _complaint(body: bytes) -> Complaint | None:
    """What an object complains of that is neither an item nor the answer to a batch."""
    if body.lstrip(_SPACE)[:1] != b"{":
        return None
    try:
        content = values.json_value(body)
    except ValueError:
        return None
    if not isinstance(content, dict) or "id" in content or "update" in content:
        return None
    complaint = complaints.of_page(content, None)
    return complaint if complaint is not None and complaint.is_sure else None


def _words(content: object) -> str:
    message = content.get("message") if isinstance(content, dict) else None
    return message if isinstance(message, str) and message else "no reason given"

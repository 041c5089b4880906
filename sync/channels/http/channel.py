"""The `http` kind: any JSON API, described in the configuration instead of coded.

JMESPath expressions say where things are in its answers. URLs take `{sku}`, `{location}` and
`{ref}`, percent-encoded; a write's body takes `"$quantity"` and the other words of `PLACEHOLDERS`
as whole values.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal
from urllib.parse import quote, urlsplit

import jmespath
import jmespath.exceptions
import msgspec

from store.model import Record, Refused, State
from sync.channels.base import (
    Abilities,
    Change,
    EventPage,
    FreshReadings,
    ListingRef,
    Receipt,
    RecordPage,
)
from sync.channels.http.events import EventOptions, EventReader
from sync.channels.http.pages import PagePaths, PageReader
from sync.channels.http.records import FIELDS, QUANTITIES, RecordDecoder, search
from sync.clock import Clock
from sync.errors import ContractBroken
from sync.secrets import Secret, SecretSource, bearer, resolve
from sync.values import quoted

if TYPE_CHECKING:
    from sync.transport.transport import Transport

PAGES_MAX = 100_000
PLACEHOLDERS = {
    "$quantity": "what the listing shall have",
    "$previous": "what it has by the reading that the write rests on",
    "$state": "the channel's word for its state",
    "$key": "a text unique for this correction, the same on each repeat",
    "$sku": "its SKU",
    "$location": "its location",
    "$ref": "the channel's own id of it",
}
"""`$quantity` and `$previous` are of the kind that `fields` reads: available, or where only on
hand is read, on hand (rule 11, docs/architecture.md)."""

_GONE = frozenset({404, 410})
_PLACEHOLDER = re.compile(r"\$[a-z_]+", re.ASCII)
_Status = Annotated[int, msgspec.Meta(ge=400, le=499)]


class WriteTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[channels.NAME.write]`: how one listing is set."""

    url: str
    body: dict[str, object]
    method: Literal["PUT", "POST", "PATCH"] = "PUT"
    conflict: tuple[_Status, ...] = ()
    """Statuses that mean that someone else has changed it."""
    read: str | None = None
    """The URL of one record."""


class HttpOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The keys of a channel table that only this kind has."""

    url: str
    items: str
    fields: dict[str, str]
    next: str | None = None
    token: SecretSource | None = None
    states: dict[str, State] = {}
    """The channel's word → our state. Empty: its words are ours."""
    write: WriteTable | None = None
    events: EventOptions | None = None

    def __post_init__(self) -> None:
        _check_url("url", self.url)
        for name, expression in {"items": self.items, "next": self.next, **self.fields}.items():
            _check_expression(name, expression)
        unknown = [name for name in self.fields if name not in FIELDS]
        if unknown:
            raise ValueError(
                f"fields {quoted(unknown[0])} is not a field; known: {', '.join(FIELDS)}"
            )
        if "sku" not in self.fields or not any(name in self.fields for name in QUANTITIES):
            raise ValueError("fields needs sku, and available or on_hand")
        if self.states and "state" not in self.fields:
            raise ValueError('states has no effect without `state = "…"` in fields')
        if self.write is not None:
            self._check_write(self.write)
        if self.events is not None:
            self._check_events(self.events)

    def _check_events(self, events: EventOptions) -> None:
        _check_url("events.url", events.url)
        if _origin(events.url) != _origin(self.url):
            raise ValueError("events.url must be on the same host and port as url")
        for name, expression in events.expressions().items():
            _check_expression(name, expression)
        events.check()

    def _check_write(self, write: WriteTable) -> None:
        for name, url in {"write.url": write.url, "write.read": write.read}.items():
            if url is None:
                continue
            _check_url(name, url)
            if _origin(url) != _origin(self.url):
                raise ValueError(f"{name} must be on the same host and port as url")
        used = set(_placeholders(write.body))
        unknown = sorted(used - PLACEHOLDERS.keys())
        if unknown:
            raise ValueError(
                f"write.body {quoted(unknown[0])} is not a placeholder; "
                f"known: {', '.join(sorted(PLACEHOLDERS))}"
            )
        if "$quantity" not in used:
            raise ValueError('write.body needs "$quantity"')
        if "$state" in used and "state" not in self.fields:
            raise ValueError('write.body has "$state", which fields does not read')


OPTIONS = HttpOptions
ABILITIES = Abilities(
    kind="http",
    reads=("available", "on_hand", "committed", "unavailable", "incoming", "state", "price"),
    states=frozenset(State),
    writes=("quantity", "state"),
    compare_and_set=True,
    reads_one=True,
    events=True,
    notes="any JSON API, described in JMESPath",
)


def abilities(options: HttpOptions) -> Abilities:
    """Say what the channel can do as it is described."""
    write = options.write
    used = set(_placeholders(write.body)) if write else set()
    states: frozenset[State] = frozenset()
    if "state" in options.fields:
        states = frozenset(options.states.values() or State)
    return replace(
        ABILITIES,
        reads=tuple(name for name in ABILITIES.reads if name in options.fields),
        states=states,
        writes=tuple(name for name in ABILITIES.writes if f"${name}" in used),
        compare_and_set=bool(write and write.conflict and "$previous" in used),
        reads_one=bool(write and write.read),
        events=options.events is not None,
    )


def open_channel(
    name: str, options: HttpOptions, transport: "Transport", clock: Clock, base: Path
) -> "HttpApi":
    """Make the channel ready; nothing is sent. Raises ConfigError where the token is missing."""
    headers = {}
    if options.token is not None:
        token = resolve(options.token, key=f"channels.{name}.token", base=base)
        headers["Authorization"] = bearer(token)
    return HttpApi(name, options, transport, headers, clock)


class HttpApi:
    """One described API. Its pages are read one after another, its listings written one by one."""

    def __init__(
        self,
        name: str,
        options: HttpOptions,
        transport: "Transport",
        headers: Mapping[str, Secret],
        clock: Clock,
    ) -> None:
        self.abilities = abilities(options)
        self._name = name
        self._options = options
        self._transport = transport
        self._headers = headers
        self._items = search(options.items)
        self._pages = PageReader(name, transport, headers, PagePaths(options.items, options.next))
        self._decode = RecordDecoder(options.fields, options.states)
        self._words = {state: word for word, state in reversed(options.states.items())}
        table = options.events
        self._events: EventReader | None = None
        if table is not None:
            pages = PageReader(name, transport, headers, PagePaths(table.items, table.next))
            self._events = EventReader(name, table, clock, pages)

    async def pages(self) -> AsyncIterator[RecordPage]:
        url: str | None = self._options.url
        seen: set[str] = set()
        for number in range(1, PAGES_MAX + 1):
            if url is None:
                return
            seen.add(url)
            page = await self._pages.page(url, f"page {number}")
            answer = self._decode.all(page.items, f"page {number}, ")
            url = page.following
            if url in seen:
                words = f"`{self._options.next}` leads back to a page already read"
                raise ContractBroken(words, path=f"page {number}", subject=self._name)
            yield RecordPage(records=answer.records, refused=answer.refused)
        raise ContractBroken(
            "still not the last page", path=f"page {PAGES_MAX}", subject=self._name
        )

    async def read(self, wanted: Sequence[ListingRef]) -> FreshReadings:
        # With `return_exceptions` all requests end before the first error is raised; otherwise the
        # others would go on, unwatched, after the channel's lock is given back.
        answers = await asyncio.gather(*map(self._read_one, wanted), return_exceptions=True)
        records: list[Record] = []
        refused: list[Refused] = []
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer
            records += answer.records
            refused += answer.refused
        return FreshReadings(records, refused)

    async def write(self, changes: Sequence[Change]) -> Sequence[Receipt]:
        return [await self._write_one(change) for change in changes]

    async def sign_in(self) -> str:
        page = await self._pages.page(self._options.url, "page 1")
        return f"answered with a page of {len(page.items)} listings"

    async def events(self, cursor: str | None) -> AsyncIterator[EventPage]:
        if self._events is None:
            return
        async for page in self._events.read(cursor):
            yield page

    async def close(self) -> None:
        await self._transport.aclose()

    async def _read_one(self, wanted: ListingRef) -> FreshReadings:
        template = self._options.write.read if self._options.write else None
        url = _fill_url(template or "", wanted)
        if url is None:
            return FreshReadings(refused=[_cannot_ask(wanted)])
        reply = await self._pages.get(url, accept=_GONE)
        if reply.status in _GONE:
            return FreshReadings()
        return self._record_asked_for(wanted, self._pages.content(reply, wanted.sku))

    def _record_asked_for(self, wanted: ListingRef, content: object) -> FreshReadings:
        """Take the record that was asked for, whether it comes alone or as a page of one."""
        # Many APIs answer for one record with the record itself, others with a page that has one.
        # Both are tried, so that `read` needs no description of its own in the configuration.
        try:
            items = self._items(content)
        except jmespath.exceptions.JMESPathError:
            items = None
        found = self._decode.all(items if isinstance(items, list) else [content], "")
        mine = [r for r in found.records if (r.sku, r.location) == (wanted.sku, wanted.location)]
        if mine or not (found.records or found.refused):
            return FreshReadings(mine)
        reason = found.refused[0].reason if found.refused else "the answer is for another SKU"
        place = found.refused[0].place if found.refused else "record 1"
        return FreshReadings(refused=[Refused(place, reason, wanted.sku, wanted.location)])

    async def _write_one(self, change: Change) -> Receipt:
        write = self._options.write
        url = _fill_url(write.url, change) if write else None
        if write is None or url is None:
            return Receipt(change, refused="this SKU can't be part of the channel's URL")
        reply = await self._transport.request(
            write.method,
            url,
            repeatable=False,
            headers=self._headers,
            json=_substituted(write.body, self._placeholder_values(change)),
            accept=write.conflict,
        )
        if reply.status in write.conflict:
            words = f"{reply.status}: {self._transport.redactor.words(reply.body)}"
            return Receipt(change, refused=words, conflict=True)
        return Receipt(change)

    def _placeholder_values(self, change: Change) -> Mapping[str, object]:
        """What each placeholder stands for in this write."""
        previous = change.previous
        quantity, before = change.quantity, previous.available
        if "available" not in self._options.fields and previous.on_hand is not None:
            # The channel stores on hand, so what is not for sale comes on top of what shall be
            # available (rule 11, docs/architecture.md). Without it every write would sell too few.
            quantity += previous.on_hand - previous.available
            before = previous.on_hand
        state = change.state or previous.state
        return {
            "$quantity": quantity,
            "$previous": before,
            "$state": None if state is None else self._words.get(State(state), str(state)),
            "$key": change.key,
            "$sku": change.sku,
            "$location": change.location,
            "$ref": change.ref,
        }


def _check_url(name: str, url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(f"{name} must begin with http:// or https:// and a host")
    if "@" in parts.netloc:
        raise ValueError(f"{name} must not contain a user or password: use `token`")


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return (parts.scheme, parts.netloc.rpartition("@")[2].lower())


def _check_expression(name: str, expression: str | None) -> None:
    if expression is None:
        return
    try:
        jmespath.compile(expression)
    except jmespath.exceptions.JMESPathError as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"{name} is not a JMESPath expression: {reason}") from None


def _fill_url(template: str, listing: Change | ListingRef) -> str | None:
    """Put a listing into a URL; None where its SKU would lead to another path."""
    # `quote` leaves dots alone, and a path of `..` is the path above, for some servers even as
    # `%2E%2E`. A SKU of two dots would write to whatever is there.
    parts = {"{sku}": listing.sku, "{location}": listing.location, "{ref}": listing.ref}
    for name, text in parts.items():
        if name in template and text in {"", ".", ".."}:
            return None
        template = template.replace(name, quote(text, safe=""))
    return template


def _cannot_ask(wanted: ListingRef) -> Refused:
    reason = "it can't be part of the channel's URL"
    return Refused(place="its SKU", reason=reason, sku=wanted.sku, location=wanted.location)


def _placeholders(body: object) -> Iterator[str]:
    if isinstance(body, str) and _PLACEHOLDER.fullmatch(body):
        yield body
    elif isinstance(body, dict):
        for part in body.values():
            yield from _placeholders(part)
    elif isinstance(body, list):
        for part in body:
            yield from _placeholders(part)


def _substituted(body: object, meanings: Mapping[str, object]) -> object:
    """Fill in a body; a key whose placeholder means nothing in this write is left out."""
    if isinstance(body, str):
        return meanings.get(body, body)
    if isinstance(body, list):
        return [_substituted(part, meanings) for part in body]
    if isinstance(body, dict):
        filled = {name: _substituted(part, meanings) for name, part in body.items()}
        return {
            name: part for name, part in filled.items() if part is not None or body[name] is None
        }
    return body

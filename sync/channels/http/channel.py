"""The `http` kind: any JSON API, described in the configuration instead of coded.

JMESPath expressions say where things are in its answers. The keys are in `options.py`; what stands
for a listing in URLs and bodies is in `placeholders.py`.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

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
    Sighting,
)
from sync.channels.http import placeholders
from sync.channels.http.client import ApiClient
from sync.channels.http.events import EventReader
from sync.channels.http.listing.pages import PagePaths, PageReader
from sync.channels.http.listing.records import RecordDecoder, UnfoundFields
from sync.channels.http.listing.walk import ListWalk
from sync.channels.http.options import HttpOptions
from sync.channels.http.writing.writer import ListingWriter
from sync.channels.words import NumberWords
from sync.clock import Clock
from sync.errors import ChannelError, ContractBroken
from sync.secrets import bearer, resolve
from sync.values import quoted

if TYPE_CHECKING:
    from sync.transport.call import Reply
    from sync.transport.transport import Transport

_GONE = frozenset({404, 410})

OPTIONS = HttpOptions
ABILITIES = Abilities(
    kind="http",
    reads=("available", "on_hand", "committed", "unavailable", "incoming", "state", "price"),
    states=frozenset(State),
    writes=("quantity", "state"),
    compare_and_set=True,
    reads_one=True,
    events=True,
    described=True,
    notes="any JSON API, described in JMESPath",
)


def abilities(options: HttpOptions) -> Abilities:
    """Say what the channel can do as it is described."""
    write = options.write
    used = set(placeholders.used(write.body)) if write else set()
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
        refs="ref" in options.fields and (write is None or "{ref}" in write.url or "$ref" in used),
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
    return HttpApi(name, options, ApiClient(name, transport, headers), clock)


class HttpApi:
    """One described API. Its pages are read one after another, its listings written one by one."""

    def __init__(self, name: str, options: HttpOptions, client: ApiClient, clock: Clock) -> None:
        self.abilities = abilities(options)
        self._name = name
        self._options = options
        self._client = client
        self._pages = PageReader(name, client, PagePaths(options.items, options.next))
        self._decode = RecordDecoder(options.fields, options.states, NumberWords(options.words))
        self._writer = ListingWriter(options, client)
        table = options.events
        self._events: EventReader | None = None
        if table is not None:
            pages = PageReader(name, client, PagePaths(table.items, table.next))
            self._events = EventReader(name, table, clock, pages)

    async def pages(self) -> AsyncIterator[RecordPage]:
        walk, unfound = self._walk(), UnfoundFields(self._options.fields)
        url: str | None = self._options.url
        absent = 0
        while url is not None:
            place = f"page {walk.pages + 1}"
            page = await self._pages.page(url, place)
            items = walk.take(page)
            first = 1 + len(page.items) - len(items)
            answer = self._decoded(items, f"{place}, ", first)
            unfound.look(answer.records, items)
            walk.add_units(record.available for record in answer.records)
            url = page.following
            # What the channel's words call absent came, and is no listing.
            absent += len(items) - len(answer.records) - len(answer.refused)
            announced = None if walk.announced is None else walk.announced - absent
            if url is not None:
                yield RecordPage(answer.records, answer.refused, announced)
        yield RecordPage(
            answer.records,
            answer.refused,
            announced,
            cut_short=walk.cut_short(page),
            warnings=[*walk.warnings(page), *unfound.absent(), *unfound.empty()],
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
        return [await self._writer.write(change) for change in changes]

    async def sign_in(self) -> str:
        page = await self._pages.page(self._options.url, "page 1")
        return f"answered with a page of {len(page.items)} listings"

    async def try_out(self) -> Sighting:
        walk, unfound = self._walk(), UnfoundFields(self._options.fields)
        page = await self._pages.page(self._options.url, "page 1")
        answer = self._decoded(walk.take(page), "page 1, ")
        unfound.look(answer.records, page.items)
        walk.add_units(record.available for record in answer.records)
        wrong = [*unfound.absent()]
        if answer.refused and not answer.records:
            first = answer.refused[0]
            wrong.append(f"no record can be read; the first: {first.place}: {first.reason}")
        if page.following is None and (cut := walk.cut_short(page)):
            wrong.append(cut)
        warnings = [*unfound.empty(), *(walk.warnings(page) if page.following is None else ())]
        seen = f"answered with a page of {len(page.items)} listings"
        if answer.records and self.abilities.reads_one:
            record = answer.records[0]
            problem = await self._problem_of_single_read(record)
            if problem:
                wrong.append(f"write.read, tried on SKU {record.sku}: {problem}")
            else:
                seen += f"; SKU {record.sku} can be read by itself"
        return Sighting(seen, wrong, warnings)

    async def events(self, cursor: str | None) -> AsyncIterator[EventPage]:
        if self._events is None:
            return
        async for page in self._events.read(cursor):
            yield page

    async def close(self) -> None:
        await self._client.aclose()

    def _walk(self) -> ListWalk:
        return ListWalk(self._name, self._options.fields, self._options.next)

    def _decoded(self, items: Sequence[object], place: str, first: int = 1) -> FreshReadings:
        """Decode records; the reasons of those that are refused are fit for messages."""
        answer = self._decode.all(items, place, first)
        if not answer.refused:
            return answer
        text = self._client.text
        refused = [
            msgspec.structs.replace(record, reason=text(record.reason)) for record in answer.refused
        ]
        return FreshReadings(answer.records, refused)

    async def _problem_of_single_read(self, record: Record) -> str:
        """Say why a record of the list can't be read by itself; empty where it can."""
        try:
            found = await self._read_one(ListingRef(record.sku, record.location, record.ref))
        except ChannelError as error:
            return str(error)
        if found.refused:
            return found.refused[0].reason
        if not found.records:
            return "not found, though the list has it"
        ref = found.records[0].ref
        if ref != record.ref:
            return f"its ref is {quoted(ref)} there and {quoted(record.ref)} in the list"
        return ""

    async def _read_one(self, wanted: ListingRef) -> FreshReadings:
        template = self._options.write.read if self._options.write else None
        url, lacking = placeholders.fill_url(template or "", wanted)
        if url is None:
            reason = f"it can't be asked for by itself: {lacking}"
            return _refused(wanted, reason, place="its SKU")
        client, found = self._client, list[FreshReadings]()

        def judge(reply: "Reply") -> ChannelError | None:
            content = client.content(reply, wanted.sku)
            items = self._pages.items_of(content)
            found[:] = [self._record_asked_for(wanted, content, items)]
            # A record is no error, whatever fields it has; an answer with none, or with an error
            # around its record, may be one.
            complaint = client.page_complaint(content, items)
            if complaint is None or (found[0].records and not isinstance(items, list)):
                return None
            error = client.read_error(complaint, wanted.sku, "no record")
            if isinstance(error, ContractBroken):
                found[:] = [_refused(wanted, str(error), place="its own record")]
                return None
            return error

        reply = await client.read(url, judge, accept=_GONE)
        return FreshReadings() if reply.status in _GONE else found[0]

    def _record_asked_for(
        self, wanted: ListingRef, content: object, items: object
    ) -> FreshReadings:
        """Take the record that was asked for, whether it comes alone or as a page of one."""
        # Many APIs answer for one record with the record itself, others with a page that has one.
        # Both are tried, so that `read` needs no description of its own in the configuration.
        found = self._decoded(items if isinstance(items, list) else [content], "")
        mine = [r for r in found.records if (r.sku, r.location) == (wanted.sku, wanted.location)]
        # Where a single record comes without its id, it was asked for by it or by its SKU.
        mine = [r if r.ref else msgspec.structs.replace(r, ref=wanted.ref) for r in mine]
        if mine or not (found.records or found.refused):
            return FreshReadings(mine)
        reason = found.refused[0].reason if found.refused else "the answer is for another SKU"
        place = found.refused[0].place if found.refused else "record 1"
        return _refused(wanted, reason, place)


def _refused(wanted: ListingRef, reason: str, place: str) -> FreshReadings:
    return FreshReadings(refused=[Refused(place, reason, wanted.sku, wanted.location)])

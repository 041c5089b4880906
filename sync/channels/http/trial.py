"""A walk through a whole description, for `skew check --online`: what each key of it finds."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from store.model import Record
from sync import values
from sync.channels import sightings
from sync.channels.base import Change, EventPage, KeySighting, Sighting, closing
from sync.channels.http import refs
from sync.channels.http.client import ApiClient
from sync.channels.http.events import EventReader
from sync.channels.http.listing.reader import FirstPage, ListReader
from sync.channels.http.listing.single import SingleReader
from sync.channels.http.writing.writer import ListingWriter
from sync.clock import rfc3339
from sync.errors import ChannelError

if TYPE_CHECKING:
    from sync.channels.http.options import HttpOptions


class Trial:
    """One walk: sign-in, a page, the next page, one record, a write, events. Writes nothing."""

    def __init__(
        self,
        options: "HttpOptions",
        client: ApiClient,
        reader: ListReader,
        single: SingleReader,
        writer: ListingWriter | None,
        events: EventReader | None,
    ) -> None:
        self._options = options
        self._client = client
        self._list = reader
        self._single = single
        self._writer = writer
        self._events = events
        self._keys: list[KeySighting] = []
        self._wrong: list[str] = []

    async def run(self) -> Sighting:
        """Walk it. Raises what `Channel.pages` does for the sign-in and the first page."""
        signed_in = await self._client.sign_in()
        first = await self._list.first()
        self._sign_in(signed_in)
        self._page(first)
        await self._next_page(first)
        seen = f"answered with a page of {_listings(first)}"
        write, records = self._options.write, first.answer.records
        if records and write is not None and write.read is not None:
            seen += await self._single_record(records[0])
        if self._writer is not None and records:
            self._planned_write(self._writer, records)
        if self._events is not None:
            await self._first_events(self._events)
        warnings = [*first.warnings, *self._client.doubts()]
        return Sighting(seen, self._wrong, warnings, self._keys)

    def _good(self, key: str, found: str) -> None:
        self._keys.append(KeySighting(key, found))

    def _bad(self, key: str, found: str, wrong: str = "") -> None:
        self._keys.append(KeySighting(key, found, ok=False))
        self._wrong.append(wrong or f"{key}: {found}")

    def _sign_in(self, seen: str) -> None:
        auth = self._options.auth
        if auth is not None:
            self._good(f"auth.{auth.way}", seen)
        elif self._options.token is not None:
            self._good("token", f"accepted: {self._options.token.name}")

    def _page(self, first: FirstPage) -> None:
        """What the keys of the list found in the first page."""
        options, page, answer = self._options, first.page, first.answer
        by = f"`{options.items}`" if options.items else options.format
        self._good("items", f"{by} found {len(page.items):,} records")
        if options.each is not None:
            inside = options.each.items or options.each.keys
            self._good("each", f"`{inside}` found {len(answer.records):,} listings{_tried(first)}")
        if options.error is not None:
            self._good("error", f"`{options.error}` found nothing: no error")
        told = page.announced.records
        if told is not None:
            self._good("total", f"{told.by} announces {told.number:,}")
        for sentence in first.absent:
            key, _, words = sentence.partition(": ")
            self._bad(key, words)
        named = {sighting.key for sighting in self._keys}
        found = [
            *sightings.of_fields(_with_own_ref(answer.records), options.fields, "fields"),
            *(self._of_id(name, answer.records) for name in options.ids if answer.records),
        ]
        self._keys += [sighting for sighting in found if sighting.key not in named]
        if answer.refused:
            refusal = answer.refused[0]
            words = f"{refusal.place}: {refusal.reason}"
            of = len(page.items)
            if first.is_nested:
                of = len(answer.records) + len(answer.refused)
            count = f"{len(answer.refused):,} of {of:,} can't be read"
            if answer.records:
                self._keys.append(KeySighting("fields", f"{count}; the first: {words}", ok=False))
            else:
                wrong = f"no record can be read; the first: {words}"
                self._bad("fields", f"{count}; the first: {words}", wrong)
        if first.cut_short:
            self._bad(self._leads_on or "paging", first.cut_short, first.cut_short)

    async def _next_page(self, first: FirstPage) -> None:
        key, following = self._leads_on, first.following
        if not key:
            return
        if following is None:
            self._good(key, "page 1 is the last")
            return
        try:
            second = await self._list.second(following)
        except ChannelError as error:
            self._bad(key, str(error))
            return
        if second.items and second.items == first.page.items:
            self._bad(key, "page 2 has the same records as page 1")
        else:
            self._good(key, f"page 2 has {len(second.items):,} records")

    async def _single_record(self, record: Record) -> str:
        """Read a record of the list by itself; what to say of it in the sentence."""
        problem = await self._single.problem(record)
        if problem:
            wrong = f"write.read, tried on SKU {record.sku}: {problem}"
            self._bad("write.read", f"SKU {record.sku}: {problem}", wrong)
            return ""
        self._good("write.read", f"SKU {record.sku} is there by itself")
        return f"; SKU {record.sku} can be read by itself"

    def _planned_write(self, writer: ListingWriter, records: Sequence[Record]) -> None:
        """What a write would send that changes nothing."""
        counted = (record for record in records if record.available is not None)
        record = next(counted, None)
        if record is None:
            self._good("write", "no record on the first page is counted: nothing to show")
            return
        quantity = max(0, record.available or 0)
        change = Change(record.sku, record.location, record.ref, quantity, record, "skew-check")
        try:
            self._good("write", f"would send {writer.planned(change)}")
        except ValueError as error:
            self._bad("write", f"can't be sent for SKU {record.sku}: {error}")

    async def _first_events(self, reader: EventReader) -> None:
        """What the first page of events shows."""
        try:
            async with closing(reader.read(None)) as pages:
                page: EventPage = await anext(pages, EventPage([]))
        except ChannelError as error:
            self._bad("events", str(error))
            return
        if page.refused and not page.events:
            refusal = page.refused[0]
            self._bad("events", f"no event can be read; {refusal.place}: {refusal.reason}")
            return
        words = f"{len(page.events):,} on the first page"
        if page.events:
            event = page.events[0]
            shown = f"{event.kind.value} {event.quantity:,} of {values.quoted(event.sku)}"
            words += f", first {shown} at {rfc3339(event.at)}"
        if page.refused:
            words += f"; {len(page.refused):,} can't be read: {page.refused[0].reason}"
        self._keys.append(KeySighting("events", words, ok=not page.refused))

    def _of_id(self, name: str, records: Sequence[Record]) -> KeySighting:
        ids = (refs.unpacked(record.ref).get(name) for record in records)
        shown = [values.quoted(value) for value in ids if value is not None]
        found = sightings.found_in(shown, len(records))
        return KeySighting(f"ids.{name}", f"`{self._options.ids[name]}` {found}")

    @property
    def _leads_on(self) -> str:
        """The key that leads to the next page; empty where none does."""
        if self._options.paging is not None:
            return "paging"
        return "next" if self._options.next is not None else ""


def _listings(found: FirstPage) -> str:
    count = f"{len(found.page.items):,}"
    if not found.is_nested:
        return f"{count} listings"
    listings = f"{len(found.answer.records):,} listings"
    if _tried(found):
        return f"{count} records; the first {found.parents:,} were tried, and have {listings}"
    return f"{count} records with {listings}"


def _tried(found: FirstPage) -> str:
    """Say in how many records it was looked, where it was not in all."""
    if found.parents == len(found.page.items):
        return ""
    return f" in the first {found.parents:,} records; a poll asks for the children of all"


def _with_own_ref(records: Sequence[Record]) -> list[Record]:
    """Records whose `ref` is only that: all ids of a listing are kept as one text."""
    return [
        msgspec.structs.replace(record, ref=str(refs.unpacked(record.ref).get(refs.REF, "")))
        for record in records
    ]

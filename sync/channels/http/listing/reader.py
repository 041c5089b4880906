"""Reads a described list from its first page to its last, and makes records of what is in it."""

import contextlib
import json
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from store.model import Record, Refused
from store.polling.recognition.pages import NEW, UNMARKED, FreshPart, PageMarks
from store.polling.recognition.recogniser import Recogniser
from store.record_columns import column_of
from sync.channels.base import FreshReadings, RecordPage, closing
from sync.channels.csv.rows import Row
from sync.channels.http.client import ApiClient
from sync.channels.http.listing import ahead, paging
from sync.channels.http.listing.doubts.unfound import UnfoundFields
from sync.channels.http.listing.formats import CsvContent
from sync.channels.http.listing.nested import ASKED_AT_ONCE, ChildReader
from sync.channels.http.listing.pages import PageBody, PageReader, PageRequest
from sync.channels.http.listing.records import RecordDecoder
from sync.channels.http.listing.seen import LaterItems, SeenPages
from sync.channels.http.listing.walk import ListWalk
from sync.channels.words import NumberWords
from sync.columns import Column
from sync.errors import ContractBroken
from sync.times.time_zones import zone_of

if TYPE_CHECKING:
    from sync.channels.http.options import HttpOptions
    from sync.transport.call import Reply


@dataclass(frozen=True, slots=True)
class FirstPage:
    """What the first page of a list shows of its description."""

    page: PageBody
    answer: FreshReadings
    cut_short: str
    absent: Sequence[str]
    """What has found nothing, a sentence each."""
    warnings: Sequence[str]
    is_nested: bool = False
    parents: int = 0
    """In so many of its first records it was looked for what is in them."""
    following: PageRequest | None = None
    """What the next page is asked for with."""


class ListReader:
    """Reads one described API's list, page after page."""

    def __init__(self, name: str, options: "HttpOptions", client: ApiClient) -> None:
        self._name = name
        self._options = options
        self._client = client
        self._pages = PageReader(name, client, options)
        self.keeps_type = options.write is not None and "$ref" in options.write.used()
        """A `ref` that is a number is written as one."""
        self._zone, self._words = zone_of(options.timezone), NumberWords(options.words)
        # The columns of a CSV answer are read by the decoder of the kind `csv`.
        titles = {field: json.dumps(title) for field, title in options.fields.items()}
        self._decoder = RecordDecoder(
            titles if options.format == "csv" else options.fields,
            options.states,
            self._words,
            zone=self._zone,
            ids=options.ids,
            keeps_type=self.keeps_type,
        )

    async def all(self, recogniser: Recogniser | None) -> AsyncIterator[RecordPage]:
        """Read the list. Records that `recogniser` knows are not decoded.

        None: whoever asks wants every record. Raises what `Channel.pages` does.
        """
        source = b"" if recogniser is None else recogniser.source
        self._pages.seen = SeenPages(self._options, source, parts=recogniser is not None)
        reading = _Reading(self, recogniser)
        way = ahead.followed(self._pages.page, reading.first(), reading.decide)
        async with closing(way) as pages:
            async for page in pages:
                yield await reading.page(page)

    async def look(self) -> PageBody:
        """Get the first page, and nothing else."""
        return await self._pages.page(paging.pager(self._options).first(), "page 1")

    async def first(self) -> FirstPage:
        """Read the first page only; of `each`, what is in its first records."""
        reading = _Reading(self)
        page = await self._pages.page(reading.first(), "page 1")
        is_last = reading.decide(page) is None
        is_asked = self._options.each is not None and self._options.each.url is not None
        found = await reading.page(page, parents_max=ASKED_AT_ONCE if is_asked else None)
        answer = FreshReadings(found.records, found.refused)
        return FirstPage(
            page,
            answer,
            reading.walk.cut_short() if is_last else "",
            reading.absent(),
            [*reading.unfound.empty(), *(reading.walk.warnings() if is_last else ())],
            is_nested=reading.children is not None,
            parents=min(len(page.items), ASKED_AT_ONCE) if is_asked else len(page.items),
            following=reading.walk.following,
        )

    async def second(self, following: PageRequest) -> PageBody:
        """Get the page after the first."""
        return await self._pages.page(following, "page 2")

    def content(self, reply: "Reply", place: str) -> object:
        """Decode an answer."""
        return self._pages.content(reply, place)

    def items_of(self, content: object) -> object:
        """What `items` finds in an answer, a list or not."""
        return self._pages.items_of(content)

    def decoded(self, items: Sequence[object], place: str, first: int = 1) -> FreshReadings:
        """Decode records; the reasons of those that are refused are fit for messages."""
        return self.fit(self._decoder.all(items, place, first))

    def some(self, items: Sequence[object], names: Collection[str]) -> Mapping[str, Column] | None:
        """Read a few fields of a page whose records are known; see `RecordDecoder.some`."""
        return self._decoder.some(items, names)

    def rows(self, content: CsvContent, rows: Sequence[Row], place: str) -> FreshReadings:
        """Decode rows of a CSV answer."""
        return self.fit(content.decoded(rows, place, self._zone, self._words))

    def fit(self, answer: FreshReadings) -> FreshReadings:
        """Make the reasons of what was refused fit for messages."""
        if not answer.refused:
            return answer
        text = self._client.text
        refused = [
            msgspec.structs.replace(record, reason=text(record.reason)) for record in answer.refused
        ]
        return FreshReadings(answer.records, refused)


class _Reading:
    """One reading of the list, from its first page on."""

    def __init__(self, reader: ListReader, recogniser: Recogniser | None = None) -> None:
        # A friend: it is a reading's state, which the reader itself does not keep.
        name, options, client = reader._name, reader._options, reader._client  # noqa: SLF001
        self._reader = reader
        self._recogniser = recogniser or Recogniser.nothing()
        self._is_recalled = recogniser is not None
        self._seen = reader._pages.seen  # noqa: SLF001
        self._pager = paging.pager(options)
        self.walk = ListWalk(name, options, reader._pages, self._pager)  # noqa: SLF001
        self.unfound = UnfoundFields(options.fields, options.ids)
        self.children = None if options.each is None else ChildReader(name, client, options)
        each = options.each
        self._asks_children = each is not None and each.url is not None
        self._is_csv = options.format == "csv"
        self._items: Sequence[object] = ()
        self._absent = 0

    def first(self) -> PageRequest:
        return self._pager.first()

    def decide(self, page: PageBody) -> PageRequest | None:
        self._items = self.walk.take(page)
        return self.walk.following

    async def page(self, page: PageBody, parents_max: int | None = None) -> RecordPage:
        """Make records of the page that was taken last."""
        walk, parents = self.walk, self._items
        # Not the request that follows: by the time that it is asked for, the next page is taken.
        is_last = walk.following is None
        place, first = f"page {walk.pages}, ", 1 + len(page.items) - len(parents)
        if self.children is None:
            items: Sequence[object] = parents
            lost: Sequence[Refused] = []
        else:
            found = await self.children.of(parents[:parents_max], place, first)
            items, lost, first = found.items, found.refused, 1
        # What is left out, asked for by itself or not read is not what the page's bytes alone say.
        is_its_bytes = len(parents) == len(page.items) and not lost and not self._asks_children
        marks = PageMarks(mark=page.mark if is_its_bytes else UNMARKED)
        known = self._recognised(page, items, marks.mark)
        records: Sequence[Record] = ()
        refused: Sequence[Refused] = lost
        if known is None and (new := self._new_records(items, marks.mark, place, first)):
            records, part = new
            marks = PageMarks(parts=[part])
        elif known is None:
            answer = self._decoded(page, items, place, first)
            records, refused = answer.records, [*lost, *answer.refused]
            self._note(items, len(records), partial(column_of, records))
            self._absent += len(items) - len(records) - len(answer.refused)
        else:
            marks = PageMarks(parts=[range(known, known + 1)])
        if is_last and self._seen is not None:
            marks = msgspec.structs.replace(marks, source=self._seen.noted())
        announced = walk.announced_of_records
        announced = None if announced is None else announced - self._absent
        if not is_last:
            return RecordPage(records, refused, announced, marks=marks)
        cut_short = walk.cut_short()
        warnings = [*walk.warnings(), *self.absent(), *self.unfound.empty()]
        if (cut_short or warnings) and marks.parts is not None:
            parts = [
                part if isinstance(part, range) else msgspec.structs.replace(part, mark=UNMARKED)
                for part in marks.parts
            ]
            marks = msgspec.structs.replace(marks, parts=parts)
        return RecordPage(
            records, refused, announced, cut_short=cut_short, warnings=warnings, marks=marks
        )

    def _new_records(
        self, items: Sequence[object], mark: bytes, place: str, first: int
    ) -> tuple[Sequence[Record], FreshPart] | None:
        """Decode those of a page's records that are not as they were, by how they are written.

        None where all must be decoded: to know what is noted of the whole list, or because one is
        refused or left out.
        """
        digests = items.digests if isinstance(items, LaterItems) else None
        if mark == UNMARKED or digests is None or self._wanted or not self._is_recalled:
            return None
        assert isinstance(items, LaterItems)
        before = self._recogniser.next_page
        listing_ids = self._recogniser.listings(digests)
        places = [at for at, listing_id in enumerate(listing_ids) if listing_id == NEW]
        records: Sequence[Record] = ()
        with contextlib.suppress(ContractBroken):  # The whole page tells where.
            records = self._reader.decoded(items.some(places), place, first).records
        if len(records) < len(places):
            self._recogniser.expect(before)
            return None
        self._note(items, len(items), partial(column_of, records))
        return records, FreshPart(mark, digests, listing_ids)

    @property
    def _wanted(self) -> frozenset[str]:
        """What must be known of each record, by its names in Record."""
        return self.unfound.left | ({"available"} if self.walk.counts_units else frozenset())

    def _decoded(
        self, page: PageBody, items: Sequence[object], place: str, first: int
    ) -> FreshReadings:
        if isinstance(page.content, CsvContent):
            rows = [row for row in items if isinstance(row, Row)]
            return self._reader.rows(page.content, rows, place)
        return self._reader.decoded(items, place, first)

    def _recognised(self, page: PageBody, items: Sequence[object], mark: bytes) -> int | None:
        """The number of the known page that it is equal to; what else it says is noted.

        None where it is not known, or where only its records can say what is to be noted.
        """
        wanted = self._wanted
        some: Mapping[str, Column] | None = {}
        if mark == UNMARKED:
            return None
        if wanted:
            is_rows = isinstance(page.content, CsvContent)
            some = None if is_rows else self._reader.some(items, wanted)
        known = None if some is None else self._recogniser.page(mark)
        if known is None or some is None:
            return None
        count = self._recogniser.records_of(range(known, known + 1))
        self._note(items, count, some.__getitem__)
        self._absent += len(items) - count
        return known

    def _note(
        self, items: Sequence[object], count: int, column: Callable[[str], Iterable[Any]]
    ) -> None:
        """Note what a page's records say of the whole list."""
        # The rows of a CSV answer have no names.
        named = () if self._is_csv else items
        self.unfound.look(count, column, named)
        if self.walk.counts_units:
            self.walk.add_units(column("available"))

    def absent(self) -> list[str]:
        """What finds nothing in any record."""
        of_children = [] if self.children is None else self.children.warnings()
        return [*of_children, *self.unfound.absent()]

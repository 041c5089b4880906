"""The `http` kind: any JSON API, described in the configuration instead of coded.

JMESPath expressions say where things are in its answers. The keys are in `options.py`; what stands
for a listing in URLs and bodies is in `placeholders.py`.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from store.model import Record, Refused
from store.polling.recognition.recogniser import Recogniser
from sync.channels.api import complaints
from sync.channels.api.auth.way_in import WayIn
from sync.channels.base import (
    Change,
    EventPage,
    FreshReadings,
    ListingRef,
    Receipt,
    RecordPage,
    Sighting,
    closing,
)
from sync.channels.http import placeholders
from sync.channels.http.client import ApiClient
from sync.channels.http.events import EventReader
from sync.channels.http.kind import abilities
from sync.channels.http.listing.reader import ListReader
from sync.channels.http.listing.single import SingleReader
from sync.channels.http.options import HttpOptions
from sync.channels.http.trial import Trial
from sync.channels.http.writing.versions import VersionMemory
from sync.channels.http.writing.writer import ListingWriter
from sync.clock import Clock
from sync.times.time_zones import zone_of

if TYPE_CHECKING:
    from sync.errors import ChannelError
    from sync.transport.call import Reply
    from sync.transport.transport import Transport


def open_channel(
    name: str, options: HttpOptions, transport: "Transport", clock: Clock, base: Path
) -> "HttpApi":
    """Make the channel ready; nothing is sent. Raises ConfigError where a secret is missing."""
    way_in = WayIn(name, transport, clock, base)
    headers = way_in.headers(options.headers, options.token)
    access = way_in.opened(options.auth, headers)
    client = ApiClient(name, transport, headers, access, options.error)
    return HttpApi(name, options, client, clock)


class HttpApi:
    """One described API. Its pages are read one after another."""

    def __init__(self, name: str, options: HttpOptions, client: ApiClient, clock: Clock) -> None:
        self.abilities = abilities(options)
        self._options = options
        self._client = client
        self._list = ListReader(name, options, client)
        self._recogniser: Recogniser | None = None
        write = options.write
        versions = VersionMemory(None if write is None else write.if_match)
        self._single = SingleReader(options, client, self._list, versions)
        self._writer: ListingWriter | None = None
        if write is not None:
            self._writer = ListingWriter(options, write, client, self._single, versions)
        table = options.events
        self._events: EventReader | None = None
        if table is not None:
            self._events = EventReader(name, table, clock, client, zone_of(options.timezone))

    def pages(self) -> AsyncIterator[RecordPage]:
        recogniser, self._recogniser = self._recogniser, None
        return self._list.all(recogniser)

    def recall(self, recogniser: Recogniser) -> None:
        self._recogniser = recogniser

    async def read(self, wanted: Sequence[ListingRef]) -> FreshReadings:
        # With `return_exceptions` all requests end before the first error is raised; otherwise the
        # others would go on, unwatched, after the channel's lock is given back.
        answers = await asyncio.gather(*map(self._single.read, wanted), return_exceptions=True)
        records: list[Record] = []
        refused: list[Refused] = []
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer
            records += answer.records
            refused += answer.refused
        return FreshReadings(records, refused)

    def address(self, listing: ListingRef) -> str:
        write = self._options.write
        return placeholders.fill_url("" if write is None else write.url, listing)[0] or ""

    async def write(self, changes: Sequence[Change]) -> Sequence[Receipt]:
        if self._writer is None:
            words = "the channel is described without a way to write"
            return [Receipt(change, refused=words) for change in changes]
        return await self._writer.write(changes)

    async def sign_in(self) -> str:
        page = await self._list.look()
        return f"answered with a page of {len(page.items)} listings"

    async def try_out(self) -> Sighting:
        trial = Trial(
            self._options, self._client, self._list, self._single, self._writer, self._events
        )
        return await trial.run()

    async def events(self, cursor: str | None) -> AsyncIterator[EventPage]:
        if self._events is None:
            return
        async with closing(self._events.read(cursor)) as pages:
            async for page in pages:
                yield page

    async def answer(self) -> "Reply":
        """Ask for the first page, whatever is in its answer: for who looks at it first."""
        options = self._options
        return await self._client.read(
            options.url, lambda _reply: None, method=options.method, json=options.body
        )

    def struck(self, text: str) -> str:
        """A text of the channel's without our credentials, neither cut nor cleaned."""
        return self._client.struck(text)

    def error_of(self, content: object, items: object) -> "ChannelError | None":
        """Say what such an answer complains of; `items` is the list that was found in it."""
        complaint = complaints.of_page(content, items)
        if complaint is None or not complaint.is_sure:
            return None
        return self._client.read_error(complaint, "the answer")

    async def close(self) -> None:
        await self._client.aclose()

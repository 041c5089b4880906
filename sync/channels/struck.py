"""A channel whose words are fit for people: no credential stands in what leaves it.

The files of a kind quote what the channel says, each where it knows best what is wrong. That a
channel may quote our credential back, in a value, in the name of a key or cut in half, is seen to
here, once for all kinds and also for those of other packages.
"""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import cast

import msgspec

from store.model import Millis, Refused
from store.polling.changes.sequence import FileSequence
from store.polling.file_sights import FileStamp
from store.polling.recognition.recogniser import Recogniser
from sync.channels.abilities import Abilities
from sync.channels.base import (
    AddressedChannel,
    Change,
    ChangesSource,
    Channel,
    DescribedChannel,
    EventPage,
    EventSource,
    FileSource,
    FreshReadings,
    ListingRef,
    Receipt,
    RecognisingSource,
    RecordPage,
    Sighting,
    SinceSource,
    closing,
)
from sync.errors import ChannelError


class StruckChannel:
    """A channel, from whose words `struck` takes what must not be seen."""

    def __init__(self, channel: Channel, struck: Callable[[str], str]) -> None:
        self._channel = channel
        self._struck = struck

    @property
    def abilities(self) -> Abilities:
        return self._channel.abilities

    async def pages(self) -> AsyncIterator[RecordPage]:
        async with closing(self._channel.pages()) as pages:
            with self._errors():
                async for page in pages:
                    yield self._page(page)

    async def changed(self, since: Millis) -> AsyncIterator[RecordPage]:
        """Read what may have changed since then. Only where `abilities.since`."""
        async with closing(cast("SinceSource", self._channel).changed(since)) as pages:
            with self._errors():
                async for page in pages:
                    yield self._page(page)

    async def read(self, wanted: Sequence[ListingRef]) -> FreshReadings:
        with self._errors():
            found = await self._channel.read(wanted)
        return (
            msgspec.structs.replace(found, refused=self._refused(found.refused))
            if found.refused
            else found
        )

    async def write(self, changes: Sequence[Change]) -> Sequence[Receipt]:
        with self._errors():
            receipts = await self._channel.write(changes)
        return [
            msgspec.structs.replace(
                receipt,
                refused=self._or_none(receipt.refused),
                unknown=self._or_none(receipt.unknown),
                unsent=self._or_none(receipt.unsent),
            )
            for receipt in receipts
        ]

    def address(self, listing: ListingRef) -> str:
        """What a listing is written at. Only where `abilities.by_address`."""
        return cast("AddressedChannel", self._channel).address(listing)

    async def sign_in(self) -> str:
        with self._errors():
            return self._struck(await self._channel.sign_in())

    async def try_out(self) -> Sighting:
        """Try the channel's description. Only where `abilities.described`."""
        with self._errors():
            found = await cast("DescribedChannel", self._channel).try_out()
        return msgspec.structs.replace(
            found,
            seen=self._struck(found.seen),
            wrong=self._texts(found.wrong),
            warnings=self._texts(found.warnings),
            keys=[
                msgspec.structs.replace(key, found=self._struck(key.found)) for key in found.keys
            ],
        )

    async def events(self, cursor: str | None) -> AsyncIterator[EventPage]:
        """Read what moved after `cursor`. Only where `abilities.events`."""
        async with closing(cast("EventSource", self._channel).events(cursor)) as pages:
            with self._errors():
                async for page in pages:
                    yield msgspec.structs.replace(page, refused=self._refused(page.refused))

    async def look(
        self, known: Mapping[FileStamp, Millis], now: Millis
    ) -> Mapping[FileStamp, Millis]:
        """Look for files from the future. Only where `abilities.files`."""
        with self._errors():
            return await cast("FileSource", self._channel).look(known, now)

    def resume(self, known: FileSequence | None) -> None:
        """Say which files are in force. Only where `abilities.changes`."""
        cast("ChangesSource", self._channel).resume(known)

    def recall(self, recogniser: Recogniser) -> None:
        """Say what the last good poll had. Only where `abilities.recognises`."""
        cast("RecognisingSource", self._channel).recall(recogniser)

    async def close(self) -> None:
        await self._channel.close()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Strike it out of the error that ends the block."""
        try:
            yield
        except ChannelError as error:
            error.args = (self._struck(str(error)),)
            raise

    def _page(self, page: RecordPage) -> RecordPage:
        if not (page.refused or page.warnings or page.cut_short):
            return page
        return msgspec.structs.replace(
            page,
            refused=self._refused(page.refused),
            warnings=self._texts(page.warnings),
            cut_short=self._struck(page.cut_short),
        )

    def _texts(self, texts: Sequence[str]) -> Sequence[str]:
        return [self._struck(text) for text in texts]

    def _or_none(self, text: str | None) -> str | None:
        return None if text is None else self._struck(text)

    def _refused(self, refused: Sequence[Refused]) -> Sequence[Refused]:
        return [
            msgspec.structs.replace(
                record, place=self._struck(record.place), reason=self._struck(record.reason)
            )
            for record in refused
        ]

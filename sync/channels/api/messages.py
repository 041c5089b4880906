"""What leaves a described API's channel for people: no credential stands in it.

The files of this room quote what the channel says, each where it knows best what is wrong. That a
channel may quote our credential back, in a value, in the name of a key or cut in half, is seen to
here, once for all of them.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import msgspec

from store.model import Refused
from sync.channels.base import EventPage, FreshReadings, Receipt, RecordPage, Sighting
from sync.errors import ChannelError


@dataclass(frozen=True, slots=True)
class Messages:
    """Strikes out what `struck` finds."""

    struck: Callable[[str], str]

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Strike it out of the error that ends the block."""
        try:
            yield
        except ChannelError as error:
            error.args = (self.struck(str(error)),)
            raise

    def record_page(self, page: RecordPage) -> RecordPage:
        if not (page.refused or page.warnings or page.cut_short):
            return page
        return replace(
            page,
            refused=self._refused(page.refused),
            warnings=self._texts(page.warnings),
            cut_short=self.struck(page.cut_short),
        )

    def event_page(self, page: EventPage) -> EventPage:
        return replace(page, refused=self._refused(page.refused)) if page.refused else page

    def readings(self, found: FreshReadings) -> FreshReadings:
        return replace(found, refused=self._refused(found.refused)) if found.refused else found

    def receipts(self, found: Sequence[Receipt]) -> Sequence[Receipt]:
        return [
            receipt
            if receipt.refused is None
            else replace(receipt, refused=self.struck(receipt.refused))
            for receipt in found
        ]

    def sighting(self, found: Sighting) -> Sighting:
        return replace(
            found,
            seen=self.struck(found.seen),
            wrong=self._texts(found.wrong),
            warnings=self._texts(found.warnings),
            keys=[replace(key, found=self.struck(key.found)) for key in found.keys],
        )

    def _texts(self, texts: Sequence[str]) -> Sequence[str]:
        return [self.struck(text) for text in texts]

    def _refused(self, refused: Sequence[Refused]) -> Sequence[Refused]:
        return [
            msgspec.structs.replace(
                record, place=self.struck(record.place), reason=self.struck(record.reason)
            )
            for record in refused
        ]

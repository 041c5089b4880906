"""A file of which the last poll is recalled: what of it is as it was is not decoded again."""

import itertools
from collections.abc import Callable, Generator

import msgspec

from store.polling.recognition.recogniser import Recogniser
from sync.channels.base import RecordPage
from sync.channels.csv.layout import Layout
from sync.channels.csv.recognition import whole
from sync.channels.csv.recognition.lines import LineCounter, offset_below
from sync.channels.csv.recognition.paged import PieceReader
from sync.channels.csv.recognition.pieces import ASCII_LIKE, Cutter, NeverClosed, TooLong
from sync.channels.csv.recognition.text import PAGE_ROWS, FileText
from sync.channels.csv.recognition.whole import FoundWhole
from sync.channels.csv.records import RowDecoder
from sync.channels.csv.rows import never_closed, too_long
from sync.channels.csv.unpacking.content import Content


class Recall(msgspec.Struct, frozen=True):
    """What the last good poll had, and the file of this one."""

    recogniser: Recogniser
    found: FoundWhole

    def noted(self, held: Content, *, is_whole: bool, refused: bool) -> bytes:
        """What to note of a file that was read to its end. Raises ChannelError."""
        whole.refuse_other(held, self.found.note)
        note = msgspec.structs.replace(self.found.note, is_whole=is_whole)
        if refused:
            # What can't be read must be refused again in every poll.
            note = msgspec.structs.replace(note, digest=b"")
        return note.encoded()


class RecalledText:
    """Reads a text by its pieces, where its rows do not depend on each other."""

    def __init__(self, text: FileText, decoder: Callable[[], RowDecoder], recall: Recall) -> None:
        self._text = text
        self._make = decoder
        self._recall = recall
        self.met_dependent = False
        """A row came that the rows above decide about."""
        self.refused = False
        """Some rows could not be read."""

    def pages(self) -> Generator[RecordPage]:
        """The pages, in order. Raises as `Channel.pages`, and UnicodeError and OSError."""
        text, layout = self._text, self._text.layout
        recogniser, decoder = self._recall.recogniser, self._make()
        if self._recall.found.was_whole or ASCII_LIKE.fullmatch(layout.encoding) is None:
            recogniser.describe(b"rows")
            yield from self._whole(decoder, 0, None)
            return
        recogniser.describe(_described(layout))
        lines = LineCounter(text.opens)
        decoder.line_of = lines.at
        with text.opens() as file:
            cutter = Cutter(
                file, offset_below(file, layout.lines), recogniser, text.encoding, layout.delimiter
            )
            reader = PieceReader(cutter, decoder, text.encoding, layout.delimiter)
            try:
                yield from reader.pages()
            except TooLong as error:
                raise too_long(lines.at(error.offset) + 1, text.name) from error
            except NeverClosed as error:
                line = lines.at(error.offset) + 1
                raise never_closed(error.error, line, text.name) from error
        self.refused = reader.refused
        if reader.stopped_at is None:
            text.refuse_cut(text.last_row(cutter.newest) if cutter.newest else list(layout.header))
            return
        above = lines.at(reader.stopped_at)
        decoder.line_of = None
        if reader.recognised:
            decoder = self._counted(above)
        yield from self._whole(decoder, reader.stopped_at, above)

    def _whole(self, decoder: RowDecoder, at: int, above: int | None) -> Generator[RecordPage]:
        """The pages from a place on, every row decoded."""
        for page in self._text.pages(decoder, at, above):
            self.refused |= bool(page.refused)
            yield page
        self.met_dependent |= decoder.met_dependent

    def _counted(self, above: int) -> RowDecoder:
        """A decoder that has read all rows of the first lines, so many as stand above a row."""
        decoder = self._make()
        with self._text.rows() as rows:
            first = itertools.takewhile(lambda row: row.line <= above, rows)
            while some := list(itertools.islice(first, PAGE_ROWS)):
                decoder.page(some)
        return decoder


def _described(layout: Layout) -> bytes:
    """What decides, beside the configuration, what a line of the text means."""
    said = (layout.encoding, layout.delimiter, layout.header, dict(layout.at), layout.width_min)
    return msgspec.msgpack.encode(said)

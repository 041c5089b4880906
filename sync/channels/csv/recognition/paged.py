"""The pages of a text of which some pieces are as they were: only the rest is decoded."""

import csv
import io
from collections.abc import Collection, Generator, Iterable
from itertools import accumulate

import msgspec

from store.polling.recognition.pages import NO_RECORD, UNMARKED, FreshPart, PageMarks, mark_of
from sync.channels.base import RecordPage
from sync.channels.csv.recognition.pieces import Cutter, Piece
from sync.channels.csv.records import Fate, RowDecoder
from sync.channels.csv.rows import Row

PAGE_ROWS = 1000
_PARTS_MAX = 4000


class _Batch(msgspec.Struct):
    """What comes as one page."""

    parts: list[range | Piece] = msgspec.field(default_factory=list)
    new: list[Piece] = msgspec.field(default_factory=list)
    """Those of them with rows that are to be decoded."""
    rows: list[list[str] | csv.Error] = msgspec.field(default_factory=list)
    """These rows, in order: their fields, or what is wrong."""


class PieceReader(msgspec.Struct):
    """Reads one text, piece by piece."""

    cutter: Cutter
    decoder: RowDecoder
    encoding: str
    delimiter: str
    refused: bool = False
    """Some rows could not be read."""
    recognised: bool = False
    """Some rows were not read, because they are as they were."""
    stopped_at: int | None = None
    """Where it came to rows that others decide about, and went no further."""

    def pages(self) -> Generator[RecordPage]:
        """Read until the end, or until a row comes that the rows above decide about.

        Raises as `Cutter`.
        """
        batch = _Batch()
        for piece in self.cutter.pieces():
            batch.parts.append(piece)
            if isinstance(piece, Piece):
                self.recognised |= len(piece.new) < len(piece.lines)
                if piece.new:
                    batch.new.append(piece)
                    batch.rows += self._fields(piece)
            else:
                self.recognised = True
            if len(batch.rows) >= PAGE_ROWS or len(batch.parts) >= _PARTS_MAX:
                yield self._page(batch)
                if self.stopped_at is not None:
                    return
                batch = _Batch()
        if batch.parts:
            yield self._page(batch)

    def _fields(self, piece: Piece) -> Iterable[list[str] | csv.Error]:
        """Split the rows of a piece that are to be decoded into fields."""
        if piece.rows is not None:
            return [piece.rows[place] for place in piece.new]
        if len(piece.new) == len(piece.lines):
            lines: Iterable[str] = io.StringIO(piece.content.decode(self.encoding), newline="")
        else:
            lines = [piece.lines[place].decode(self.encoding) for place in piece.new]
        try:
            return list(csv.reader(lines, delimiter=self.delimiter, strict=True))
        except csv.Error:
            texts = [piece.lines[place].decode(self.encoding) for place in piece.new]
            return map(self._fields_of, texts)

    def _fields_of(self, text: str) -> list[str] | csv.Error:
        try:
            return next(csv.reader([text], delimiter=self.delimiter, strict=True), [])
        except csv.Error as error:
            return error

    def _page(self, batch: _Batch) -> RecordPage:
        """Decode a batch, as far as the rows above decide about none."""
        fields = [row for row in batch.rows if isinstance(row, list)]
        plain = self.decoder.plain(fields) if len(fields) == len(batch.rows) else None
        if plain is None and batch.rows:
            return self._page_by_rows(batch)
        return RecordPage(plain or [], marks=PageMarks([_part(part) for part in batch.parts]))

    def _page_by_rows(self, batch: _Batch) -> RecordPage:
        """Decode a batch of which some rows are strange."""
        rows: list[Row] = []
        places: list[tuple[Piece, int]] = []
        found = iter(batch.rows)
        for piece in batch.new:
            ends = list(accumulate(map(len, piece.lines), initial=piece.offset))
            for place in piece.new:
                row = _row(ends[place + 1], next(found))
                if row is None:
                    piece.listing_ids[place] = NO_RECORD
                else:
                    rows.append(row)
                    places.append((piece, place))
        if self.decoder.depends(rows):
            self.stopped_at = batch.new[0].offset
            before = batch.parts[: batch.parts.index(batch.new[0])]
            return RecordPage([], marks=PageMarks([_part(part) for part in before]))
        page = self.decoder.page(rows)
        bad: set[int] = set()
        for (piece, place), fate in zip(places, self.decoder.fates, strict=True):
            if fate is not Fate.RECORD:
                piece.listing_ids[place] = NO_RECORD
            if fate is Fate.REFUSED:
                piece.digests[place] = 0
                bad.add(piece.offset)
        self.refused |= bool(page.refused)
        parts = [_part(part, bad) for part in batch.parts]
        return RecordPage(page.records, page.refused, marks=PageMarks(parts))


def _row(end: int, fields: list[str] | csv.Error) -> Row | None:
    """A row of the text; None where it is blank."""
    if isinstance(fields, csv.Error):
        return Row(end, [], str(fields))
    is_blank = not fields or not (fields[0].strip() or any(map(str.strip, fields)))
    return None if is_blank else Row(end, fields)


def _part(part: range | Piece, bad: Collection[int] = ()) -> range | FreshPart:
    """What a piece is recognised by; those that begin at one of `bad` have rows that were refused.

    What can't be read must be refused again, so that such a piece must be decoded again.
    """
    if isinstance(part, range):
        return part
    mark = UNMARKED if part.offset in bad else mark_of(part.content)
    return FreshPart(mark, part.digests, part.listing_ids, len(part.content))

"""A file's text cut into pieces of some kilobytes, and those recognised that are as they were.

A piece ends where a row ends. Where a row was put in or taken out, the next piece that begins as
one of the last poll did is found again, so that only pieces with a change are split into rows.
"""

import csv
import re
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import BinaryIO

import msgspec

from store.polling.recognition.pages import NEW, digest_of, mark_of
from store.polling.recognition.recogniser import Recogniser
from sync.channels.csv.rows import LINE_LENGTH_MAX

TARGET_BYTES = 2 * 1024
"""Of a piece. With fewer, more pieces are hashed; with more, more rows beside a changed one. Where
a row in a thousand changes, both cost about the same with this."""

MIN_BYTES = TARGET_BYTES // 4
_WINDOW_BYTES = 2**17
_BEYOND_BYTES = 64 * 1024
_SLACK_BYTES = 64
"""By so much more or less a piece may have that changed: numbers gain and lose digits."""
_LINE_BYTES_MAX = 4 * LINE_LENGTH_MAX
_NEAR = 3
"""How many rows about its old place the end of a piece is looked for first."""

_END = re.compile(rb"\r\n?|\n")

ASCII_LIKE = re.compile(
    r"(utf[-_]?8([-_]sig)?|(us[-_]?)?ascii|latin[-_]?1|iso[-_]?8859[-_]\d+|cp(125\d|437|850|852|858|866)"
    r"|windows[-_]125\d|koi8[-_][rut]|mac[-_](roman|latin2|cyrillic|greek|turkish))",
    re.IGNORECASE,
)
"""The encodings in which a byte that ends a line or quotes a field never means anything else."""


class TooLong(Exception):
    """A line that would fill the memory; it begins at byte `offset` of the text."""

    def __init__(self, offset: int) -> None:
        super().__init__(offset)
        self.offset = offset


class NeverClosed(Exception):
    """A quote that swallows line after line; its row begins at byte `offset` of the text."""

    def __init__(self, offset: int, error: csv.Error) -> None:
        super().__init__(offset)
        self.offset = offset
        self.error = error


class Piece(msgspec.Struct, eq=False):
    """A piece that is not as it was, and its rows that are to be decoded."""

    offset: int
    """Where it begins in the text, in bytes."""
    content: bytes
    lines: list[bytes]
    """Its rows."""
    digests: "array[int]"
    listing_ids: "array[int]"
    rows: "Sequence[list[str] | csv.Error] | None" = None
    """What its rows hold, where they had to be read to find their ends."""
    new: list[int] = msgspec.field(default_factory=list)
    """The places of its rows that are not recognised."""


class Cutter:
    """Cuts one text, from a place where a row begins."""

    def __init__(
        self, file: BinaryIO, at: int, recogniser: Recogniser, encoding: str, delimiter: str
    ) -> None:
        file.seek(at)
        self._file = file
        self._data = b""
        self._at = 0
        self.offset = at
        """Where the next piece begins, in bytes."""
        self.newest = b""
        """The newest piece."""
        self._is_all = False
        self._recogniser = recogniser
        self._encoding = encoding
        self._delimiter = delimiter

    def pieces(self) -> Iterator[range | Piece]:
        """The pieces in order: the numbers of those that are as they were, or what one is now.

        Raises UnicodeError, TooLong, NeverClosed and OSError.
        """
        while True:
            self._fill(_BEYOND_BYTES)
            if self._at >= len(self._data):
                return
            coming = memoryview(self._data)[self._at :]
            if known := self._recogniser.standing(coming, MIN_BYTES):
                self._pass(known)
                yield known
            self._fill(_BEYOND_BYTES)
            if self._at < len(self._data):
                yield self._next()

    def _next(self) -> range | Piece:
        recogniser = self._recogniser
        if not recogniser.knows_any:
            return self._piece(self._lines(TARGET_BYTES), None)
        content = self._as_expected()
        if content is None and (piece := self._changed_in_place()) is not None:
            return piece
        if content is None:
            end = self._line_end(self._at)
            begins = recogniser.page_beginning(digest_of(self._data[self._at : end]))
            if begins is not None:
                recogniser.expect(begins)
                content = self._as_expected()
        if content is None:
            expected = recogniser.expected()
            size = 0 if expected is None else expected.size
            return self._piece(self._lines(2 * TARGET_BYTES), size)
        known = recogniser.page(mark_of(content))
        if known is None:
            return self._piece(content, None)
        self._move(content)
        return range(known, known + 1)

    def _as_expected(self) -> bytes | None:
        """What comes next, if it is what came next in the last good poll."""
        expected = self._recogniser.expected()
        if expected is None or not expected.size:
            return None
        self._fill(expected.size + 1)
        content = self._data[self._at : self._at + expected.size]
        if mark_of(content) != expected.mark:
            return None
        # A small one was the last of its file. With more behind it it would stay small for ever.
        is_last = self._is_all and self._at + expected.size >= len(self._data)
        return content if is_last or expected.size >= MIN_BYTES else None

    def _changed_in_place(self) -> Piece | None:
        """What comes up to the next known piece, where that begins about where it began."""
        expected = self._recogniser.expected()
        if expected is None or expected.size < MIN_BYTES:
            return None
        begin = self._recogniser.following(expected.number)
        if not begin:
            return None
        self._fill(expected.size + 2 * _SLACK_BYTES)
        for size in self._sizes_about(expected.size):
            end = self._line_end(self._at + size)
            if digest_of(self._data[self._at + size : end]) == begin:
                content = self._data[self._at : self._at + size]
                if b'"' in content:
                    return None
                piece = self._piece(content, None)
                self._recogniser.expect(expected.number + 1)
                return piece
        return None

    def _sizes_about(self, size: int) -> Iterator[int]:
        """Where lines end about so many bytes further: there first, then from fewer to more."""
        if self._data[self._at + size - 1 : self._at + size] == b"\n":
            yield size
        near = max(MIN_BYTES, size - _SLACK_BYTES) - 1
        while True:
            # Counted from here: what has been read may have moved by the next time.
            end = self._at + size + _SLACK_BYTES
            found = self._data.find(b"\n", self._at + near, end)
            if found < 0:
                return
            near = found + 1 - self._at
            if near != size:
                yield near

    def _lines(self, limit: int) -> bytes:
        """Whole lines of about so many bytes; one at least."""
        end = self._data.rfind(b"\n", self._at, self._at + limit) + 1
        if end <= 0:
            end = self._line_end(self._at + limit)
        return self._data[self._at : end]

    def _line_end(self, start: int) -> int:
        """Where the line ends that `start` is in."""
        start -= self._at
        while True:
            found = _END.search(self._data, self._at + start)
            # A \r at the end of what has been read may be half of a line end.
            if found is not None and (found.end() < len(self._data) or self._is_all):
                return found.end()
            if self._is_all:
                return len(self._data)
            if len(self._data) - self._at > _LINE_BYTES_MAX:
                raise TooLong(self.offset)
            self._fill(len(self._data) - self._at + 1)

    def _piece(self, content: bytes, expected: int | None) -> Piece:
        """Split what comes next into rows, and find which of them are as they were.

        `expected`: how long the piece was that stood here; None: it ends where `content` does.
        """
        if len(content) > LINE_LENGTH_MAX:
            self._refuse_long_lines(content)
        rows: list[list[str] | csv.Error] | None = None
        if b'"' in content:
            lines, rows = self._quoted_rows(len(content))
            content = b"".join(lines)
        else:
            lines = content.splitlines(keepends=True)
        made = Piece(self.offset, content, lines, array("Q"), array("q"), rows)
        begins = None if expected is None else self._cut(made, expected)
        made.digests = array("Q", map(digest_of, made.lines))
        made.listing_ids = self._recogniser.listings(made.digests)
        made.new = [place for place, known in enumerate(made.listing_ids) if known == NEW]
        self._move(made.content)
        if begins is not None:
            self._recogniser.expect(begins)
        return made

    def _cut(self, made: Piece, expected: int) -> int | None:
        """End a piece where a known one begins, and answer which; else at the size that is due."""
        ends, begins = list(accumulate(map(len, made.lines))), None
        near = bisect_left(ends, expected) + 1
        places = (
            *range(max(1, near - _NEAR), min(near + _NEAR, len(ends))),
            *range(bisect_left(ends, MIN_BYTES) + 1, len(ends)),
        )
        for place in places:
            if ends[place - 1] >= MIN_BYTES:
                begins = self._recogniser.page_beginning(digest_of(made.lines[place]))
                if begins is not None:
                    break
        else:
            place = max(1, bisect_left(ends, TARGET_BYTES))
        made.lines = made.lines[:place]
        made.content = made.content[: ends[place - 1]]
        made.rows = None if made.rows is None else made.rows[:place]
        return begins

    def _quoted_rows(self, size: int) -> tuple[list[bytes], list[list[str] | csv.Error]]:
        """Read the rows that begin in the next `size` bytes, each also as it is written."""
        end = 0

        def lines() -> Iterator[str]:
            nonlocal end
            while self._at + end < len(self._data) or not self._is_all:
                stop = self._line_end(self._at + end)
                line = self._data[self._at + end : stop].decode(self._encoding)
                if len(line) > LINE_LENGTH_MAX:
                    raise TooLong(self.offset + end)
                end = stop - self._at
                yield line

        reader = csv.reader(lines(), delimiter=self._delimiter, strict=True)
        ends: list[int] = []
        rows: list[list[str] | csv.Error] = []
        lines_before = 0
        while end < size:
            try:
                row = next(reader, None)
            except csv.Error as error:
                if reader.line_num > lines_before + 1:
                    offset = self.offset + (ends[-1] if ends else 0)
                    raise NeverClosed(offset, error) from error
                rows.append(error)
            else:
                if row is None:
                    break
                rows.append(row)
            lines_before = reader.line_num
            ends.append(end)
        starts = [0, *ends[:-1]]
        begin = self._at
        return [
            self._data[begin + start : begin + end] for start, end in zip(starts, ends, strict=True)
        ], rows

    def _pass(self, known: range) -> None:
        """Go on behind pieces that are as they were."""
        size_of = self._recogniser.size_of
        last = size_of(known[-1:])
        before = size_of(known) - last
        self._at += before
        self.offset += before
        self._move(self._data[self._at : self._at + last])

    def _move(self, content: bytes) -> None:
        self.newest = content
        self._at += len(content)
        self.offset += len(content)

    def _fill(self, size: int) -> None:
        """Read on until so many bytes are there that have not been cut, or the end is."""
        while not self._is_all and len(self._data) - self._at < size:
            more = self._file.read(_WINDOW_BYTES)
            self._is_all = not more
            self._data = self._data[self._at :] + more
            self._at = 0

    def _refuse_long_lines(self, content: bytes) -> None:
        offset = self.offset
        for line in content.splitlines(keepends=True):
            if len(line) > LINE_LENGTH_MAX and len(line.decode(self._encoding)) > LINE_LENGTH_MAX:
                raise TooLong(offset)
            offset += len(line)

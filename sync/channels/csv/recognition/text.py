"""The text of a file, of which the layout is known: its rows, and the pages of a whole reading."""

import contextlib
import csv
import io
import itertools
from collections.abc import Generator, Iterator

import msgspec

from sync.channels.base import RecordPage
from sync.channels.csv.files import FileStatus, channel_errors
from sync.channels.csv.layout import Layout
from sync.channels.csv.records import RowDecoder
from sync.channels.csv.rows import Row, read_rows
from sync.channels.csv.unpacking.content import Opener
from sync.errors import Temporary

PAGE_ROWS = 1000


class FileText(msgspec.Struct, frozen=True):
    """One text of a file, to be read as often as needed while the file stays open."""

    layout: Layout
    status: FileStatus
    name: str
    """For messages."""
    opens: Opener
    final_newline: bool

    @contextlib.contextmanager
    def rows(self, at: int = 0, above: int | None = None) -> Iterator[Iterator[Row]]:
        """Open it for the rows below its header, or from byte `at` on, under `above` lines."""
        with self.errors(), self.opens() as file:
            file.seek(at)
            encoding = self.layout.encoding if above is None else self.encoding
            text = io.TextIOWrapper(file, encoding=encoding, newline="")
            yield read_rows(self.layout, text, self.name, above)
            text.detach()

    def errors(self) -> contextlib.AbstractContextManager[None]:
        """Turn what the operating system or the decoder raises into the channel's errors."""
        return channel_errors(self.status, self.layout.encoding)

    @property
    def encoding(self) -> str:
        """Of a part of it that does not begin with a byte order mark."""
        encoding = self.layout.encoding.lower().replace("_", "-")
        return "utf-8" if encoding == "utf-8-sig" else self.layout.encoding

    def pages(
        self, decoder: RowDecoder, at: int = 0, above: int | None = None
    ) -> Generator[RecordPage]:
        """Decode all rows, or those from byte `at` on, under `above` lines."""
        last = Row(1, list(self.layout.header))
        with self.rows(at, above) as rows:
            while some := list(itertools.islice(rows, PAGE_ROWS)):
                last = some[-1]
                yield decoder.page(some)
            if unclear := decoder.end():
                yield RecordPage([], unclear)
        self.refuse_cut(last.fields)

    def refuse_cut(self, last: list[str]) -> None:
        """Raise Temporary where the last row shows that the text is not written to its end."""
        if not self.final_newline and len(last) < self.layout.width_min:
            raise Temporary(f"{self.name} is half written: its last line is cut")

    def last_row(self, content: bytes) -> list[str]:
        """The fields of the last row of a part that ends with one; none where it can't be read."""
        text = io.StringIO(content.decode(self.encoding), newline="")
        last: list[str] = []
        with contextlib.suppress(csv.Error):
            for row in csv.reader(text, delimiter=self.layout.delimiter, strict=True):
                if any(map(str.strip, row)):
                    last = row
            return last
        return []

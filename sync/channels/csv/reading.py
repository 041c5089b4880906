"""A file → its records, page by page. It runs in a thread."""

import contextlib
import csv
import io
import itertools
from collections.abc import Collection, Generator, Iterator, Mapping

import msgspec

from store.model import Millis
from store.polling.changes.part import KEEPABLE
from sync.channels.base import RecordPage
from sync.channels.csv.files import FileStatus, channel_errors
from sync.channels.csv.layout import (
    HEADING_LINES_MAX,
    Layout,
    LayoutError,
    encoding_of,
    ends_with_newline,
    find_layout,
    needed_of_changes,
)
from sync.channels.csv.numbers import FIGURES, ColumnNumbers, decimal_signs
from sync.channels.csv.options import CsvOptions
from sync.channels.csv.records import RowDecoder
from sync.channels.csv.rows import Row, read_rows
from sync.channels.csv.unpacking.content import Content, Opener, content
from sync.channels.words import NumberWords
from sync.errors import ContractBroken, Temporary
from sync.time_zones import zone_of

PAGE_ROWS = 1000
_LINE_LENGTH_MAX = 64 * 1024
"""Of a line above the rows."""


class FileReader:
    """Reads files as the options say."""

    def __init__(self, options: CsvOptions) -> None:
        self._options = options
        self._zone = zone_of(options.timezone)
        self._words = NumberWords(options.words)
        self.last_layout: Layout | None = None
        """Of the file that was read last."""

    def pages(
        self, status: FileStatus, as_of: Millis, full: Collection[str] | None = None
    ) -> Generator[RecordPage]:
        """Read a file, a thousand rows at a time, and make sure at its end that it was whole.

        `full`: it is one of changes, and the full list has these of our fields.
        """
        needed = None if full is None else needed_of_changes(full)
        with self._content(status) as held:
            layout, name, opens = self._layout(held, needed)
            kept = () if full is None else _kept(layout)
            if not kept or self.last_layout is None:
                self.last_layout = layout
            numbers = ColumnNumbers(
                self._options.decimal, lambda: _decimal_signs(layout, status, name, opens)
            )
            decoder = RowDecoder(layout, numbers, self._zone, self._words)
            with _rows(layout, status, name, opens) as rows:
                last = Row(1, list(layout.header))
                while some := list(itertools.islice(rows, PAGE_ROWS)):
                    last = some[-1]
                    page = decoder.page(some, as_of=as_of)
                    yield msgspec.structs.replace(page, file=status.stamp, kept=kept)
                if unclear := decoder.end():
                    yield RecordPage([], unclear, as_of=as_of, file=status.stamp)
            if not self._options.final_newline and len(last.fields) < layout.width_min:
                raise Temporary(f"{name} is half written: its last line is cut")
            held.refuse_change()

    def layout(self, status: FileStatus) -> Layout:
        """Find out how a file is written. Raises as `pages`."""
        with self._content(status) as held:
            return self._layout(held)[0]

    def _content(self, status: FileStatus) -> contextlib.AbstractContextManager[Content]:
        return content(status, sheet=self._options.sheet, decimal=self._options.decimal)

    def _layout(
        self, held: Content, needed: Collection[str] | None = None
    ) -> tuple[Layout, str, Opener]:
        """Find the layout, and which sheet of a spreadsheet has it."""
        found, wrong = [], []
        for name, opens in held.opens.items():
            try:
                found.append((self._layout_of(name, held.status, opens, needed), name, opens))
            except LayoutError as error:
                wrong.append((name, error))
        if len(found) == 1:
            return found[0]
        file = held.status.path.name
        if found:
            names = ", ".join(name.partition(", sheet ")[2] for _, name, _ in found)
            words = f'{len(found)} sheets have these columns: {names}. Say which: sheet = "…"'
            raise ContractBroken(words, path="", subject=file)
        if not wrong:
            raise ContractBroken("no sheet that can be seen is in it", path="", subject=file)
        name, nearest = max(wrong, key=lambda pair: pair[1].near)
        raise ContractBroken(str(nearest), path=f"line {nearest.line}", subject=name) from nearest

    def _layout_of(
        self, name: str, status: FileStatus, opens: Opener, needed: Collection[str] | None
    ) -> Layout:
        """Find the layout of one text. Raises Temporary where it looks half written."""
        with channel_errors(status, self._options.encoding), opens() as file:
            if self._options.final_newline and not ends_with_newline(file):
                raise Temporary(
                    f"{name} looks half written: its last line has no line end. "
                    "If that is always so, set final_newline = false"
                )
            encoding = self._options.encoding or encoding_of(file)
            file.seek(0)
            text = io.TextIOWrapper(file, encoding=encoding, newline="")
            lines = HEADING_LINES_MAX + (self._options.skip or 0)
            first = [line for _ in range(lines) if (line := text.readline(_LINE_LENGTH_MAX))]
            text.detach()
        try:
            return find_layout(
                first,
                encoding=encoding,
                delimiter=self._options.delimiter,
                columns=self._options.columns,
                skip=self._options.skip,
                needed=needed,
            )
        except csv.Error as error:
            raise ContractBroken(str(error), path="line 1", subject=name) from error


def _kept(layout: Layout) -> tuple[str, ...]:
    """Say what a file of changes has no column for, and its listings keep."""
    fields = {"price_minor": "price"}
    return tuple(name for name in KEEPABLE if fields.get(name, name) not in layout.at)


def _decimal_signs(
    layout: Layout, status: FileStatus, name: str, opens: Opener
) -> Mapping[str, str]:
    """Read the file a second time, to find out which decimal sign each of its columns proves."""
    columns = {name: at for name, at in layout.at.items() if name in FIGURES}
    with _rows(layout, status, name, opens) as rows:
        return decimal_signs(columns, (row.fields for row in rows))


@contextlib.contextmanager
def _rows(layout: Layout, status: FileStatus, name: str, opens: Opener) -> Iterator[Iterator[Row]]:
    """Open a text for the rows below its header."""
    with channel_errors(status, layout.encoding), opens() as file:
        text = io.TextIOWrapper(file, encoding=layout.encoding, newline="")
        yield read_rows(layout, text, name)
        text.detach()

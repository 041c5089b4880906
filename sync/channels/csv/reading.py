"""A file → its records, page by page. It runs in a thread."""

import contextlib
import csv
import io
from collections.abc import Collection, Generator, Mapping

import msgspec

from store.model import Millis
from store.polling.changes.part import KEEPABLE
from store.polling.recognition.pages import PageMarks
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
from sync.channels.csv.recognition.recalled import Recall, RecalledText
from sync.channels.csv.recognition.text import FileText
from sync.channels.csv.records import RowDecoder
from sync.channels.csv.unpacking.content import Content, Opener, content
from sync.channels.words import NumberWords
from sync.errors import ContractBroken, Temporary
from sync.times.time_zones import zone_of

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
        self,
        status: FileStatus,
        as_of: Millis,
        full: Collection[str] | None = None,
        recall: Recall | None = None,
    ) -> Generator[RecordPage]:
        """Read a file, a thousand rows at a time, and make sure at its end that it was whole.

        `full`: it is one of changes, and the full list has these of our fields. `recall`: what the
        last poll had; only what is not as it was is decoded then.
        """
        needed = None if full is None else needed_of_changes(full)
        with self._content(status) as held:
            layout, name, opens = self._layout(held, needed)
            kept = () if full is None else _kept(layout)
            if not kept or self.last_layout is None:
                self.last_layout = layout
            text = FileText(layout, status, name, opens, self._options.final_newline)
            numbers = ColumnNumbers(self._options.decimal, lambda: _decimal_signs(text))

            def decoder() -> RowDecoder:
                return RowDecoder(layout, numbers, self._zone, self._words)

            def page_of(page: RecordPage) -> RecordPage:
                return msgspec.structs.replace(page, as_of=as_of, file=status.stamp, kept=kept)

            if recall is None:
                yield from map(page_of, text.pages(decoder()))
                held.refuse_change()
                return
            with text.errors():
                reading = RecalledText(text, decoder, recall)
                yield from map(page_of, reading.pages())
            held.refuse_change()
            is_whole = reading.met_dependent or numbers.was_judged
            note = recall.noted(held, is_whole=is_whole, refused=reading.refused)
            yield page_of(RecordPage([], marks=PageMarks((), source=note)))

    def layout(self, status: FileStatus) -> Layout:
        """Find out how a file is written. Raises as `pages`."""
        with self._content(status) as held:
            return self._layout(held)[0]

    def learn_layout(self, status: FileStatus) -> None:
        """Find out how a file is written that is not read otherwise. Raises as `pages`."""
        self.last_layout = self.layout(status)

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


def _decimal_signs(text: FileText) -> Mapping[str, str]:
    """Read the file a second time, to find out which decimal sign each of its columns proves."""
    columns = {name: at for name, at in text.layout.at.items() if name in FIGURES}
    with text.rows() as rows:
        return decimal_signs(columns, (row.fields for row in rows))

"""How a CSV file is written: its encoding, delimiter and columns, found from the file itself."""

import codecs
import contextlib
import csv
import os
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import BinaryIO

import msgspec

from sync import values

FIELDS = (
    *("sku", "location", "available", "on_hand", "committed", "unavailable", "incoming"),
    *("threshold", "state", "price", "title", "updated_at"),
)
QUANTITIES = ("available", "on_hand")
DELIMITERS = (",", ";", "\t", "|")
HEADING_LINES_MAX = 50
"""How far down the header is looked for, under the lines that `skip` names."""
_COLUMNS_SHOWN = 20
_SEP_LINE = re.compile(r'\ufeff?"?sep=(.)"?\1*[\r\n]*', re.IGNORECASE)
"""The first line of an export for a spreadsheet, which names the delimiter."""


class Layout(msgspec.Struct, frozen=True):
    """How a file is written, as found from its first lines."""

    encoding: str
    delimiter: str
    header: tuple[str, ...]
    at: Mapping[str, int]
    """Our field → its place in a row."""
    lines: int
    """How many lines of the file end with the header's last: the rows stand below."""
    width_min: int
    """How many fields a row needs: those below titles that are blank may be left out."""


class LayoutError(ValueError):
    """No line is the header: what is missing, what is there, and the remedy."""

    def __init__(self, message: str, *, line: int, near: tuple[int, ...]) -> None:
        super().__init__(message)
        self.line = line
        self.near = near
        """How near the best line came: more is nearer."""


def is_delimiter(text: str) -> bool:
    """Whether fields can be told apart by it: one character that neither quotes nor ends a line."""
    return len(text) == 1 and text not in '"\r\n'


def ends_with_newline(file: BinaryIO) -> bool:
    """Look at the last character, which is two bytes in UTF-16."""
    file.seek(-min(2, file.seek(0, os.SEEK_END)), os.SEEK_END)
    return file.read().strip(b"\0").endswith((b"\n", b"\r"))


def encoding_of(file: BinaryIO) -> str:
    """Find the encoding: the byte order mark's, else UTF-8 if all of it is, else Windows-1252."""
    file.seek(0)
    start = file.read(4)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    # Without the mark two letters of ASCII show it: half of their bytes are zero.
    for encoding, half in (("utf-16-le", start[1::2]), ("utf-16-be", start[::2])):
        if half == bytes(2) and start.count(0) == len(half):
            return encoding
    # The whole file is decoded, not its first lines: an export may be plain ASCII for a thousand
    # rows before the first ü shows how it is really written.
    file.seek(0)
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while chunk := file.read(2**16):
            # Plain ASCII is told much faster than decoded, where no letter is begun before it.
            if not chunk.isascii() or decoder.getstate()[0]:
                decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8-sig"


def find_layout(
    first: Sequence[str],
    *,
    encoding: str,
    delimiter: str | None,
    columns: Mapping[str, str],
    skip: int | None = None,
    needed: Collection[str] | None = None,
) -> Layout:
    """Find the header among the file's `first` lines: the row that has the columns.

    `skip`: it stands under so many lines, and is not looked for. `needed`: our fields that must be
    there; by default all of `columns`. Raises LayoutError.
    """
    named = _SEP_LINE.fullmatch(first[0]) if first else None
    above = 0
    if named is not None and is_delimiter(named[1]):
        above, delimiter = 1, delimiter or named[1]
    lines = first[max(above, skip or 0) :]
    above = len(first) - len(lines)
    layouts: list[Layout] = []
    fitting: Layout | None = None
    for sign in [delimiter] if delimiter else DELIMITERS:
        for row, last in _rows(lines, sign, only_one=skip is not None):
            # Mostly the first line is the header: what stands below it is none.
            if fitting is not None and above + last >= fitting.lines:
                continue
            layouts.append(_layout(row, encoding, sign, columns, above + last))
            if not _lacking(layouts[-1], columns, needed):
                fitting = layouts[-1]
    if fitting is not None:
        return fitting
    best = max(layouts, key=_likely, default=_layout([], encoding, ",", columns, 1))
    found = ", ".join(values.quoted(column).strip('"') for column in best.header[:_COLUMNS_SHOWN])
    raise LayoutError(
        f"{_lacking(best, columns, needed)}; columns: {found or 'none'}. {_remedy(best, columns)}",
        line=best.lines,
        near=_likely(best),
    )


def _rows(
    lines: Sequence[str], delimiter: str, *, only_one: bool
) -> Iterator[tuple[list[str], int]]:
    """Split lines into rows that may be the header, each with the number of its last line."""
    # A title in the header may be quoted and of two lines; a quote in a line above it may never be
    # closed. So both ways of reading are tried, and a header that is a line of its own comes first.
    for whole in (False, True):
        if whole:
            reader = csv.reader(lines, delimiter=delimiter)
            rows = ((row, reader.line_num) for row in reader)
        else:
            rows = (
                (next(csv.reader([line], delimiter=delimiter), []), number)
                for number, line in enumerate(lines, 1)
            )
        with contextlib.suppress(csv.Error):
            for row, last in rows:
                if any(map(str.strip, row)) or len(lines) == 1:
                    yield row, last
                    if only_one:
                        return


def _layout(
    row: Sequence[str], encoding: str, delimiter: str, columns: Mapping[str, str], lines: int
) -> Layout:
    header = tuple(name.removeprefix("\ufeff").strip() for name in row)
    wanted = {field: title.strip() for field, title in columns.items()}
    if not wanted:
        wanted = {column.lower(): column for column in header if column.lower() in FIELDS}
    at = {field: header.index(title) for field, title in wanted.items() if title in header}
    width_min = max((place for place, title in enumerate(header, 1) if title), default=0)
    return Layout(encoding, delimiter, header, at, lines, width_min)


def _likely(layout: Layout) -> tuple[int, int, int]:
    """How likely a row is the header: by the columns that it has, its width, its place."""
    return len(layout.at), sum(map(bool, layout.header)), -layout.lines


def needed_of_changes(full: Collection[str]) -> Collection[str]:
    """Say what a file of changes must have, by the fields of the full list.

    It must say which listing it means, and all that its number is made of: without what is
    committed, what is on hand would look available.
    """
    needed = [name for name in ("sku", "location") if name in full or name == "sku"]
    if "available" in full or "on_hand" not in full:
        return [*needed, "available"] if full else needed
    made_of = ("on_hand", "committed", "unavailable", "threshold")
    return [*needed, *(name for name in made_of if name in full)]


def _lacking(
    layout: Layout, columns: Mapping[str, str], needed: Collection[str] | None = None
) -> str:
    """Say which column is not there, or there twice; empty where all is well."""
    for field in (columns or ("sku",)) if needed is None else needed:
        if field not in layout.at:
            return f"no column {values.quoted(columns.get(field, field))}"
    for at in layout.at.values():
        if layout.header.count(layout.header[at]) > 1:
            return f"more than one column {values.quoted(layout.header[at])}"
    return "" if any(name in layout.at for name in QUANTITIES) else 'no column "available"'


def _remedy(layout: Layout, columns: Mapping[str, str]) -> str:
    """Say what to write in the configuration, with the file's own columns as an example."""
    if len(set(layout.header)) < len(layout.header):
        return "Rename one of them"
    if columns:
        return "Correct `columns`"
    free = [title for title in layout.header if title and title.lower() not in FIELDS]
    example = {}
    # Once `columns` is given nothing else is read, so the example names both that are required.
    for field in ("sku", "available"):
        at = layout.at.get(field)
        title = layout.header[at] if at is not None else free.pop(0) if free else "…"
        example[field] = values.quoted(title)
    pairs = ", ".join(f"{field} = {title}" for field, title in example.items())
    return f"Add columns = {{ {pairs} }}"

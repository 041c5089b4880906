"""How a CSV file is written: its encoding, delimiter and columns, found from the file itself."""

import codecs
import csv
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import BinaryIO

from sync import values

FIELDS = (
    *("sku", "location", "available", "on_hand", "committed", "unavailable", "incoming"),
    *("threshold", "state", "price", "title", "updated_at"),
)
QUANTITIES = ("available", "on_hand")
DELIMITERS = (",", ";", "\t", "|")
_COLUMNS_SHOWN = 20
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_COMPRESSED = {b"\x1f\x8b": "gzip", b"BZ": "bzip2", b"\xfd7": "xz", b"\x28\xb5": "zstd"}
"""The first two bytes of compressed files. No text file begins with them but for `BZ`."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How a file is written, as found from its first line."""

    encoding: str
    delimiter: str
    header: tuple[str, ...]
    at: Mapping[str, int]
    """Our field → its place in a row."""


def is_workbook(file: BinaryIO) -> bool:
    """Whether it is an Excel or OpenDocument file, whatever its name says."""
    file.seek(0)
    return file.read(4) in _WORKBOOKS


def compression_of(file: BinaryIO) -> str:
    """Name how the file is compressed, whatever its name says; empty where it is not."""
    file.seek(0)
    start = file.read(4)
    if start.startswith(b"BZ") and not start.startswith(b"BZh"):
        return ""
    return _COMPRESSED.get(start[:2], "")


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
    # The whole file is decoded, not its first lines: an export may be plain ASCII for a thousand
    # rows before the first ü shows how it is really written.
    file.seek(0)
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while chunk := file.read(2**20):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8-sig"


def find_layout(
    first: str, *, encoding: str, delimiter: str | None, columns: Mapping[str, str]
) -> Layout:
    """Match the header with what is wanted, by the first delimiter that makes sense of it.

    Raises ValueError naming the column that is missing, those that are there, and the remedy.
    """
    tried = [delimiter] if delimiter else DELIMITERS
    layouts = [_split(first, encoding, candidate, columns) for candidate in tried]
    for layout in layouts:
        if not _lacking(layout, columns):
            return layout
    best = max(layouts, key=lambda layout: len(layout.header))
    found = ", ".join(values.quoted(column).strip('"') for column in best.header[:_COLUMNS_SHOWN])
    raise ValueError(
        f"{_lacking(best, columns)}; columns: {found or 'none'}. {_remedy(best, columns)}"
    )


def _split(first: str, encoding: str, delimiter: str, columns: Mapping[str, str]) -> Layout:
    names = next(csv.reader([first.removeprefix("\ufeff")], delimiter=delimiter), [])
    header = tuple(name.strip() for name in names)
    wanted = {field: title.strip() for field, title in columns.items()}
    if not wanted:
        wanted = {column.lower(): column for column in header if column.lower() in FIELDS}
    at = {field: header.index(title) for field, title in wanted.items() if title in header}
    return Layout(encoding, delimiter, header, at)


def _lacking(layout: Layout, columns: Mapping[str, str]) -> str:
    """Say which column is not there, or there twice; empty where all is well."""
    for field in columns or ("sku",):
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

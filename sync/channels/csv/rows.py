"""The rows of a CSV file, as its layout says. A broken line costs that line only."""

import csv
import itertools
from collections.abc import Iterator
from typing import TextIO

import msgspec

from sync.channels.csv.layout import Layout
from sync.errors import ContractBroken

LINE_LENGTH_MAX = 1024 * 1024


class Row(msgspec.Struct, frozen=True):
    """One row of the file: the number of its last line, and its fields or what is wrong."""

    line: int
    """Or how many bytes of the text end with it, where its decoder counts the lines itself."""
    fields: list[str]
    problem: str = ""


def read_rows(layout: Layout, text: TextIO, file: str, above: int | None = None) -> Iterator[Row]:
    """Split the lines below the header into fields. A broken line costs that line only.

    `above`: the text begins under so many lines, and not with the header. Raises ContractBroken,
    which names `file`, where nothing after a line can be trusted.
    """
    lines = _lines(text, file, above or 0)
    if above is None:
        above = layout.lines
        lines = itertools.islice(lines, above, None)
    reader = csv.reader(lines, delimiter=layout.delimiter, strict=True)
    before = 0
    while True:
        try:
            row = next(reader, None)
        except csv.Error as error:
            if reader.line_num > before + 1:
                # An open quote swallows line after line until the next quote, and nobody can say
                # which of them were meant. A broken line that is only one costs only itself.
                raise never_closed(error, above + before + 1, file) from error
            yield Row(above + reader.line_num, [], problem=str(error))
        else:
            if row is None:
                return
            # A row of nothing but delimiters, as spreadsheets leave them, is an empty line.
            if row and (row[0].strip() or any(map(str.strip, row))):
                yield Row(above + reader.line_num, row)
        before = reader.line_num


def _lines(text: TextIO, file: str, number: int) -> Iterator[str]:
    """Give the lines under `number` others. Raises ContractBroken for one that fills the memory."""
    while line := text.readline(LINE_LENGTH_MAX + 1):
        number += 1
        if len(line) > LINE_LENGTH_MAX:
            raise too_long(number, file)
        yield line


def too_long(line: int, file: str) -> ContractBroken:
    """The error of a line that would fill the memory."""
    words = f"has more than {LINE_LENGTH_MAX:,} characters"
    return ContractBroken(words, path=f"line {line}", subject=file)


def never_closed(error: csv.Error, line: int, file: str) -> ContractBroken:
    """The error of a quote that begins in a line and swallows those after it."""
    return ContractBroken(f"a quote is never closed ({error})", path=f"line {line}", subject=file)

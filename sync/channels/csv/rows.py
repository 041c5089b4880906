"""The rows of a CSV file, as its layout says. A broken line costs that line only."""

import csv
import itertools
from collections.abc import Iterator
from typing import TextIO

import msgspec

from sync.channels.csv.layout import Layout
from sync.errors import ContractBroken

_LINE_LENGTH_MAX = 1024 * 1024


class Row(msgspec.Struct, frozen=True):
    """One row of the file: the number of its last line, and its fields or what is wrong."""

    line: int
    fields: list[str]
    problem: str = ""


def read_rows(layout: Layout, text: TextIO, file: str) -> Iterator[Row]:
    """Split the lines below the header into fields. A broken line costs that line only.

    Raises ContractBroken, which names `file`, where nothing after a line can be trusted.
    """
    above = layout.lines
    lines = itertools.islice(_lines(text, file), above, None)
    reader = csv.reader(lines, delimiter=layout.delimiter, strict=True)
    before = 0
    while True:
        try:
            row = next(reader, None)
        except csv.Error as error:
            if reader.line_num > before + 1:
                # An open quote swallows line after line until the next quote, and nobody can say
                # which of them were meant. A broken line that is only one costs only itself.
                words = f"a quote is never closed ({error})"
                raise ContractBroken(
                    words, path=f"line {above + before + 1}", subject=file
                ) from error
            yield Row(above + reader.line_num, [], problem=str(error))
        else:
            if row is None:
                return
            # A row of nothing but delimiters, as spreadsheets leave them, is an empty line.
            if row and (row[0].strip() or any(map(str.strip, row))):
                yield Row(above + reader.line_num, row)
        before = reader.line_num


def _lines(text: TextIO, file: str) -> Iterator[str]:
    """Give the file's lines. Raises ContractBroken for one that would fill the memory."""
    number = 0
    while line := text.readline(_LINE_LENGTH_MAX + 1):
        number += 1
        if len(line) > _LINE_LENGTH_MAX:
            words = f"has more than {_LINE_LENGTH_MAX:,} characters"
            raise ContractBroken(words, path=f"line {number}", subject=file)
        yield line

"""Plain text tables that fit the terminal, and colour where a person will see it.

A table that goes to a file or a pipe is never cut: only a terminal has a width.
"""

import os
import shutil
import sys
import textwrap
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from console.text.format import cells, clean, cut, fit

_STYLES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33"}
_GAP = "  "


class TableColumn(NamedTuple):
    """One column. A flexible one gives way, down to its title, where the terminal is narrow."""

    title: str
    right: bool = False
    flexible: bool = False


class TableCell(NamedTuple):
    """A text with a style; the text is cleaned and the style goes away where it can't be seen."""

    text: str
    style: str = ""


class Paper:
    """What is printed on: how wide it is, and whether colour shows."""

    def __init__(self, *, width: int | None, colour: bool) -> None:
        self.width = width
        self.colour = colour

    @classmethod
    def stdout(cls) -> "Paper":
        """Measure where this process prints to."""
        if not sys.stdout.isatty():
            return cls(width=None, colour=False)
        colour = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
        return cls(width=max(40, shutil.get_terminal_size().columns), colour=colour)

    def ink(self, text: str, style: str) -> str:
        """Style a text that is clean already."""
        return f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if self.colour and style else text

    def line(self, *parts: "TableCell | str") -> str:
        """Write parts one after the other, cut at the edge of the paper."""
        left = self.width if self.width is not None else 1_000_000
        written = []
        for part in parts:
            cell = part if isinstance(part, TableCell) else TableCell(part)
            text = cut(clean(cell.text), left)
            left -= cells(text)
            written.append(self.ink(text, cell.style))
        return "".join(written).rstrip()

    def paragraph(self, text: str, indent: str = "  ") -> list[str]:
        """Write a text whole, broken at the edge of the paper."""
        width = self.width if self.width is not None else 1_000_000
        return textwrap.wrap(clean(text), width, initial_indent=indent, subsequent_indent=indent)

    def table(
        self, columns: Sequence[TableColumn], rows: Iterable[Sequence["TableCell | str"]]
    ) -> list[str]:
        """Write a table with a heading; every text in it is cleaned."""
        cleaned = [[_cleaned(cell) for cell in row] for row in rows]
        widths = _widths(columns, cleaned, self.width)
        heading = _GAP.join(
            fit(column.title, width, right=column.right)
            for column, width in zip(columns, widths, strict=True)
        )
        lines = [self.ink(heading.rstrip(), "dim")]
        for row in cleaned:
            written = (
                self.ink(fit(cell.text, width, right=column.right), cell.style)
                for cell, column, width in zip(row, columns, widths, strict=True)
            )
            lines.append(_GAP.join(written).rstrip())
        return lines


def _cleaned(cell: "TableCell | str") -> TableCell:
    return (
        TableCell(clean(cell)) if isinstance(cell, str) else TableCell(clean(cell.text), cell.style)
    )


def _widths(
    columns: Sequence[TableColumn], rows: Sequence[Sequence[TableCell]], paper: int | None
) -> list[int]:
    """Give each column what it needs; where that is too much, take from the widest flexible."""
    widths = [
        max([cells(column.title), *(cells(row[n].text) for row in rows)])
        for n, column in enumerate(columns)
    ]
    if paper is None:
        return widths
    least = [cells(column.title) + 2 if column.flexible else 0 for column in columns]
    excess = sum(widths) + len(_GAP) * (len(columns) - 1) - paper
    while excess > 0:
        spare = [w - low if low else 0 for w, low in zip(widths, least, strict=True)]
        widest = max(
            range(len(widths)), key=lambda n: (spare[n] > 0, widths[n] if spare[n] > 0 else 0)
        )
        if spare[widest] <= 0:
            break
        widths[widest] -= 1
        excess -= 1
    return widths

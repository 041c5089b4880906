"""Plain text tables that fit the terminal, and colour where a person will see it.

A table that goes to a file or a pipe is never cut: only a terminal has a width.
"""

import os
import sys
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
        import shutil

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
        import textwrap  # No table needs it.

        width = self.width if self.width is not None else 1_000_000
        return textwrap.wrap(clean(text), width, initial_indent=indent, subsequent_indent=indent)

    def table(
        self, columns: Sequence[TableColumn], rows: Iterable[Sequence["TableCell | str"]]
    ) -> list[str]:
        """Write a table with a heading; every text in it is cleaned."""
        return TableInParts(self, columns).lines(rows)


class TableInParts:
    """A table that is written in parts, each as soon as its rows are there.

    A column is as wide as all rows until then need. So a table of one part fits its rows exactly,
    and no number of a longer one is cut: where a later part needs more, its columns move outwards.
    """

    def __init__(self, paper: Paper, columns: Sequence[TableColumn]) -> None:
        self._paper = paper
        self._columns = columns
        self._needed = [cells(column.title) for column in columns]
        self._is_begun = False

    def lines(self, rows: Iterable[Sequence["TableCell | str"]]) -> list[str]:
        """The next part; the heading stands before the first. Every text in it is cleaned."""
        measured = [[_measured(cell) for cell in row] for row in rows]
        if measured:
            self._needed = [
                max(needed, *(cell.width for cell in column))
                for needed, column in zip(self._needed, zip(*measured, strict=True), strict=True)
            ]
        widths = _widths(self._columns, self._needed, self._paper.width)
        lines = []
        if not self._is_begun:
            self._is_begun = True
            heading = _GAP.join(
                fit(column.title, width, right=column.right)
                for column, width in zip(self._columns, widths, strict=True)
            )
            lines.append(self._paper.ink(heading.rstrip(), "dim"))
        layout = [
            (width, column.right) for column, width in zip(self._columns, widths, strict=True)
        ]
        return lines + [self._line(row, layout) for row in measured]

    def _line(self, row: "list[_Measured]", layout: Sequence[tuple[int, bool]]) -> str:
        written = []
        for (text, style, used), (width, right) in zip(row, layout, strict=True):
            if used > width:
                fitted = fit(text, width, right=right)
            else:
                space = " " * (width - used)
                fitted = space + text if right else text + space
            written.append(self._paper.ink(fitted, style) if style else fitted)
        return _GAP.join(written).rstrip()


class _Measured(NamedTuple):
    """A clean text, its style, and how many cells it takes."""

    text: str
    style: str
    width: int


def _measured(cell: "TableCell | str") -> _Measured:
    text, style = (cell, "") if isinstance(cell, str) else cell
    text = clean(text)
    return _Measured(text, style, cells(text))


def _widths(columns: Sequence[TableColumn], needed: list[int], paper: int | None) -> list[int]:
    """Give each column what it needs; where that is too much, take from the widest flexible."""
    widths = list(needed)
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

"""How a row of a virtual table is drawn: its cells as the pieces of one line.

The styles of all the tones on a ground are put together once, not for each cell of each row.
"""

from collections.abc import Callable, Iterable, Mapping

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from console.text.format import clean, fit
from console.tui.drawing.columns import Column
from console.tui.drawing.tones import Cell, Tone

GUTTER = 5
"""The cursor's bar, the mark, and the space round them."""


class RowInks:
    """The styles that rows are drawn with, by their ground; kept until `forget`."""

    def __init__(self, ink: Callable[[Tone], Style]) -> None:
        """`ink` is what a tone adds to a ground."""
        self._ink = ink
        self._on: dict[Style, Mapping[Tone, Style]] = {}

    def on(self, ground: Style) -> Mapping[Tone, Style]:
        """Each tone's style on this ground."""
        found = self._on.get(ground)
        if found is None:
            found = self._on[ground] = {tone: ground + self._ink(tone) for tone in Tone}
        return found

    def forget(self) -> None:
        """The theme has changed."""
        self._on.clear()


def row_strip(
    bar: str,
    mark: str,
    cells: Iterable[tuple[Cell, int, bool]],
    width: int,
    ground: Style,
    inks: Mapping[Tone, Style],
) -> Strip:
    """Draw a row: the cursor's bar, the mark, and each cell with its room and its side."""
    segments = [
        Segment(f"{bar} ", inks[Tone.ACCENT]),
        Segment(f"{mark}  ", inks[Tone.STRONG]),
    ]
    # Neighbours of one tone are one piece: each piece is measured, cut, compared and written again
    # on its way to the terminal.
    text, tone = "", Tone.PLAIN
    for cell, room, right in cells:
        if cell.tone is not tone and text:
            segments.append(Segment(text, inks[tone]))
            text = ""
        tone = cell.tone
        text += fit(clean(cell.text), room, right=right) + " "
    segments.append(Segment(text, inks[tone]))
    return line_strip(segments, width, ground)


def heading(columns: Iterable[Column]) -> str:
    """The columns' titles."""
    titles = (fit(column.title, column.width, right=column.right) + " " for column in columns)
    return " " * GUTTER + "".join(titles)


def line_strip(segments: list[Segment], width: int, style: Style) -> Strip:
    """Draw a line of exactly this width."""
    return Strip(segments).adjust_cell_length(width, style)

"""The whole log of this console, the newest first, and searchable."""

from collections.abc import Sequence

from textual.content import Content

from console.text.format import clean, day_and_time, time_of_day, wrap
from console.tui.dialogs.texts.searchable import SearchableDialog
from console.tui.drawing.tones import Cell, Tone, lines, write
from console.tui.session.state import LogLine

_TEXT_AT = 10


class LogDialog(SearchableDialog):
    """What was said above the legend since the console began."""

    def __init__(self, log: Sequence[LogLine]) -> None:
        super().__init__("Log", self._written)
        self._log = tuple(log)

    def _written(self, width: int, wanted: str) -> Content:
        found = [line for line in self._log if wanted in line.text.casefold()]
        if not found:
            return write(Cell("Nothing of that." if self._log else "Nothing yet.", Tone.DIM))
        rows, day = [], day_and_time(found[0].at)[:10]
        for line in found:
            if (other := day_and_time(line.at)[:10]) != day:
                day = other
                rows.append(write(Cell(day, Tone.ACCENT)))
            for n, part in enumerate(wrap(clean(line.text), max(10, width - _TEXT_AT))):
                at = f"{time_of_day(line.at)[:8]}  " if n == 0 else " " * _TEXT_AT
                rows.append(write(Cell(at, Tone.DIM), Cell(part, line.tone)))
        return lines(*rows)

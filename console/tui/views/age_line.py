"""How old the listed disagreements are, in one line under the list. Pure."""

from collections.abc import Collection

from console.text.format import cells
from console.tui.data.grouping import AGES
from console.tui.drawing.tones import Cell, Tone

_BARS = "▁▂▃▄▅▆▇█"
_OLD = 3
"""From this bucket on an age is too old to be passed over."""


def age_line(counts: Collection[int], width: int) -> list[Cell]:
    """How many are how old; with bars where there is room, and nothing where there is none."""
    if not any(counts):
        return []
    most = max(counts)
    for bars in (True, False):
        line = [Cell(" ages", Tone.DIM)]
        for place, (name, count) in enumerate(zip(AGES, counts, strict=True)):
            bar = f" {_bar(count, most)}" if bars and count else ""
            tone = Tone.WARN if place >= _OLD and count else Tone.PLAIN
            line += [Cell(f"  {name}", Tone.DIM), Cell(f"{bar} {count:,}", tone)]
        line.append(Cell(" "))
        if sum(cells(cell.text) for cell in line) <= width:
            return line
    return []


def _bar(count: int, most: int) -> str:
    return _BARS[(count * (len(_BARS) - 1) + most - 1) // most]

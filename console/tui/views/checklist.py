"""The checklist as it stands on its page. Pure; `console.reports.checklist` writes it on paper."""

from collections.abc import Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING

from textual.content import Content

from console.text.format import clean, wrap
from console.tui.drawing.tones import Cell, Tone, lines, write

if TYPE_CHECKING:
    from sync.checklist.case import Answer

_RED = "✖ settings and behaviour disagree"
_OK = "● ok"


_WIDE = 126
"""From this width on the questions stand in two columns."""


def answers(found: "Sequence[Answer]", *, chosen: int, width: int) -> tuple[Content, list[range]]:
    """Each question with its answer and evidence, what is wrong first; and the lines of each."""
    room = width if width < _WIDE else (width - 1) // 2
    rows = [
        _answer(number, answer, chosen=number == chosen, width=room)
        for number, answer in enumerate(found)
    ]
    if room == width:
        written, blocks = _column(rows)
        return lines(*written), blocks
    half = _half([len(block) for block in rows])
    (left, first), (right, second) = _column(rows[:half]), _column(rows[half:])
    return lines(*_beside(left, right, room)), [*first, *second]


def _column(blocks_of_rows: Sequence[list[Content]]) -> tuple[list[Content], list[range]]:
    """Answers under each other, with a line between them; and the lines of each."""
    written: list[Content] = []
    blocks = []
    for number, rows in enumerate(blocks_of_rows):
        if number:
            written.append(write(""))
        blocks.append(range(len(written), len(written) + len(rows)))
        written += rows
    return written, blocks


def _half(heights: Sequence[int]) -> int:
    """How many of them stand in the left column, so that neither is much longer."""
    return min(
        range(len(heights) + 1),
        key=lambda n: max(sum(heights[:n]) + n, sum(heights[n:])),
        default=0,
    )


def _beside(left: Sequence[Content], right: Sequence[Content], room: int) -> list[Content]:
    rows = []
    for first, second in zip_longest(left, right, fillvalue=write("")):
        gap = " " * (room + 1 - first.cell_length)
        rows.append(Content.assemble(first, gap, second))
    return rows


def _answer(number: int, answer: "Answer", *, chosen: bool, width: int) -> list[Content]:
    mark = Cell("▌ ", Tone.ACCENT) if chosen else Cell("  ")
    sign = Cell(_OK, Tone.OK) if answer.ok else Cell(_RED, Tone.BAD)
    question = wrap(f"{number + 1} {clean(answer.question)}", max(10, width - 2))
    head = write(mark, Cell(question[0], Tone.STRONG))
    tail = write(Cell("  "), sign)
    if len(question) == 1 and head.cell_length + tail.cell_length <= width:
        rows = [Content.assemble(head, tail)]
    else:
        rows = [head, *_lines(mark, question[1:], Tone.STRONG, "  "), write(mark, sign)]
    rows += _paragraph(mark, answer.answer, Tone.PLAIN, "  ", width)
    for wrong in answer.wrong:
        rows += _paragraph(mark, f"✖ {wrong}", Tone.BAD, "  ", width)
    for evidence in answer.evidence:
        rows += _paragraph(mark, evidence, Tone.DIM, "    ", width)
    return [row.stylize(f"@click=screen.choose({number})") for row in rows]


def _paragraph(mark: Cell, text: str, tone: Tone, indent: str, width: int) -> list[Content]:
    room = max(10, width - len(indent) - 2)
    return _lines(mark, wrap(clean(text), room), tone, indent)


def _lines(mark: Cell, texts: Sequence[str], tone: Tone, indent: str) -> list[Content]:
    return [write(mark, Cell(f"{indent}{text}", tone)) for text in texts]

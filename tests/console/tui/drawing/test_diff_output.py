"""What is written to the terminal comes to what should stand on it, and to no more than that."""

import random
import re

import pytest
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip

from console.tui.drawing.diff_output import DiffOutput

WIDTH, HEIGHT = 24, 4
STYLES = [Style.parse(name) for name in ("red", "bold blue on white", "none", "reverse")]
PLAIN = "abc 123─▌●↻"
SEQUENCE = re.compile(r"\x1b\[([\d;]*)([A-Za-z])")

Shown = dict[tuple[int, int], tuple[str, str]]


class Terminal:
    """So much of a terminal as the glass makes use of."""

    def __init__(self) -> None:
        self.shown: Shown = {}
        self._y = self._x = 0
        self._style = ""

    def take(self, text: str) -> None:
        place = 0
        while place < len(text):
            found = SEQUENCE.match(text, place)
            if found:
                self._obey(found[1], found[2])
                place = found.end()
            elif text[place] == "\b":
                self._x -= 1
                place += 1
            else:
                assert 0 <= self._x < WIDTH, "nothing is written beyond the edge"
                self.shown[self._y, self._x] = (text[place], self._style)
                self._x = min(self._x + 1, WIDTH - 1)
                place += 1
        assert self._style == "", "the terminal's style is left as it was found"

    def _obey(self, values: str, command: str) -> None:
        if command == "H":
            self._y, self._x = (int(value) - 1 for value in values.split(";"))
        elif command == "G":
            self._x = int(values) - 1
        elif command == "B":
            self._y += 1
        else:
            assert command == "m"
            self._style = values.removeprefix("0").removeprefix(";")


def line(dice: random.Random) -> list[tuple[str, Style]]:
    return [(dice.choice(PLAIN), dice.choice(STYLES)) for _ in range(WIDTH)]


def strip(cells: list[tuple[str, Style]]) -> Strip:
    return Strip([Segment(character, style) for character, style in cells])


def whole(lines: list[list[tuple[str, Style]]]) -> LayoutUpdate:
    return LayoutUpdate([[strip(line)] for line in lines], Region(0, 0, WIDTH, HEIGHT))


def part(lines: list[list[tuple[str, Style]]], y: int, cut: int) -> ChopsUpdate:
    """Line `y`, in two pieces, of which the second is said to have changed."""
    chops = [{0: strip(line[:cut]), cut: strip(line[cut:])} for line in lines]
    return ChopsUpdate(chops, [(y, cut, WIDTH)], [[cut, WIDTH]] * len(lines))


def wanted(lines: list[list[tuple[str, Style]]]) -> Shown:
    return {
        (y, x): (character, Strip.render_ansi(style, ColorSystem.TRUECOLOR))
        for y, cells in enumerate(lines)
        for x, (character, style) in enumerate(cells)
    }


def written(glass: DiffOutput, update: LayoutUpdate | ChopsUpdate) -> str:
    written = glass.write(update, ColorSystem.TRUECOLOR)
    assert written is not None
    return written


@pytest.mark.long
def test_after_any_row_of_updates_the_terminal_shows_the_last_of_them() -> None:
    for seed in range(300):
        dice = random.Random(seed)
        glass, terminal = DiffOutput(), Terminal()
        lines = [line(dice) for _ in range(HEIGHT)]
        terminal.take(written(glass, whole(lines)))
        for _ in range(10):
            y, cut = dice.randrange(HEIGHT), dice.randrange(1, WIDTH)
            for x in dice.sample(range(cut, WIDTH), dice.randint(1, WIDTH - cut)):
                lines[y][x] = (dice.choice(PLAIN), dice.choice(STYLES))
            update = part(lines, y, cut) if dice.random() < 0.8 else whole(lines)
            terminal.take(written(glass, update))

            assert terminal.shown == wanted(lines), f"seed {seed}"


def test_what_is_shown_already_is_not_written_again() -> None:
    lines = [line(random.Random(1)) for _ in range(HEIGHT)]
    glass = DiffOutput()
    written(glass, whole(lines))

    assert written(glass, whole(lines)) == ""
    assert written(glass, part(lines, 1, 7)) == ""


def test_one_digit_costs_its_place_its_style_and_itself() -> None:
    lines = [[(character, STYLES[0]) for character in "age 0:41".ljust(WIDTH)]]
    glass = DiffOutput()
    written(glass, whole(lines))
    lines[0][7] = ("2", STYLES[0])

    assert written(glass, whole(lines)) == "\x1b[31m\x1b[1;8H2\x1b[m"


def test_digits_under_each_other_cost_no_place_of_their_own() -> None:
    glass = DiffOutput()
    rows = [[(character, STYLES[0]) for character in "age 0:41".ljust(WIDTH)] for _ in range(3)]
    written(glass, whole(rows))
    for row in rows:
        row[7] = ("2", STYLES[0])

    assert written(glass, whole(rows)) == "\x1b[31m\x1b[1;8H2\x1b[B\b2\x1b[B\b2\x1b[m"


def test_a_line_with_a_wide_character_is_written_whole_when_any_of_it_changes() -> None:
    """Where the terminal takes it for narrow, all that follows stands elsewhere."""
    glass = DiffOutput()
    before = Strip([Segment("盤 lamp    41", STYLES[0])])
    after = Strip([Segment("盤 lamp    42", STYLES[0])])
    written(glass, LayoutUpdate([[before]], Region(0, 0, 13, 1)))

    assert "盤 lamp    42" in written(glass, LayoutUpdate([[after]], Region(0, 0, 13, 1)))


def test_a_terminal_that_somebody_else_wrote_to_is_written_anew() -> None:
    lines = [line(random.Random(1)) for _ in range(HEIGHT)]
    glass, terminal = DiffOutput(), Terminal()
    written(glass, whole(lines))
    glass.forget()
    terminal.take(written(glass, whole(lines)))

    assert terminal.shown == wanted(lines)


def test_what_is_drawn_for_the_former_size_after_a_resize_is_not_taken_for_shown() -> None:
    """A browser cuts its terminal first: what comes for the old width lands at the new edge."""
    lines = [line(random.Random(1)) for _ in range(HEIGHT)]
    glass, terminal = DiffOutput(), Terminal()
    written(glass, whole(lines))
    glass.forget_at_layout()
    written(glass, part(lines, 1, 7))  # Lost, or somewhere else.
    terminal.take(written(glass, whole(lines)))

    assert terminal.shown == wanted(lines)
    assert written(glass, whole(lines)) == ""

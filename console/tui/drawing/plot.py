"""Stock over time as lines of text: a step for each move, a letter for each channel. Pure.

Every glyph takes one cell and has its own stand-in where only ASCII
can be shown (`console.text.glyphs`): a target's dashes and a dispute's heavy line stay apart from a
curve.
"""

import string
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from console.text.format import cells, clean, cut, fit, units
from console.tui.drawing.tones import Cell, Tone
from store.history.series import Sample
from store.model import Millis

WIDTH_MIN, HEIGHT_MIN = 24, 5
"""Below this nothing could be read off it: a sentence stands there instead."""

_LABELS_MAX = 9
_MARKS_FROM = 8
"""From this height on what happened has a line of its own."""


@dataclass(frozen=True, slots=True)
class Curve:
    """One channel's course, and the letter that stands for it."""

    name: str
    sign: str
    shown: Sequence[Sample | None]


@dataclass(frozen=True, slots=True)
class PlotData:
    """What is drawn. Every sequence spans the whole time, whatever its length."""

    since: Millis
    until: Millis
    curves: Sequence[Curve]
    """The last one is the one that it is about: it lies above the others."""
    target: Sequence[Sample | None] = ()
    """What the last curve should have shown."""
    differs: Sequence[bool] = ()
    """Where a disagreement of the last curve was open."""
    written: Sequence[int] = ()
    events: Sequence[int] = ()


def signs(names: Sequence[str]) -> tuple[str, ...]:
    """A letter or digit for each channel, its first own one that no other has."""
    given: list[str] = []
    spare = string.ascii_uppercase + string.digits
    for name in names:
        own = (
            character.upper()
            for character in name
            if character in string.ascii_letters + string.digits
        )
        free = (sign for sign in (*own, *spare) if sign not in given)
        given.append(next(free, "*"))
    return tuple(given)


def inner_width(width: int) -> int:
    """How many columns of time there are in a plot of that width: what to ask the store for."""
    return max(1, width - _LABELS_MAX - 1)


def draw(figure: PlotData, width: int, height: int) -> list[list[Cell]]:
    """The plot, line by line: never wider or taller than asked."""
    if width < WIDTH_MIN or height < HEIGHT_MIN:
        return [[Cell(cut("no room for a plot", width), Tone.DIM)]][:height]
    values = [*_values(figure)]
    if not values:
        return [[Cell(cut("nothing is known of this time", width), Tone.DIM)]]
    with_marks = height >= _MARKS_FROM
    scale = _Scale(min(values), max(values), height - (4 if with_marks else 3))
    columns = inner_width(width)
    rows = _grid(figure, scale, columns)
    lines = [_legend(figure, width)]
    for number, row in enumerate(rows):
        label = Cell(fit(scale.label(number), _LABELS_MAX, right=True), Tone.DIM)
        lines.append([label, Cell("┤", Tone.FAINT), *_runs(row)])
    ticks = _ticks(figure, columns)
    lines.append(_axis(figure, columns, [place for place, _ in ticks]))
    lines.append(_times(ticks, columns))
    if with_marks:
        lines.append(_marks(figure, columns))
    return lines


@dataclass(frozen=True, slots=True)
class _Scale:
    """Which row a value stands in: the greatest in the first, the least in the last."""

    low: int
    high: int
    rows: int

    def row(self, value: int) -> int:
        if self.high == self.low:
            return self.rows // 2
        span, steps = self.high - self.low, self.rows - 1
        # Rounded in whole numbers, half up: floats would put large equal quantities into different
        # rows.
        return ((self.high - value) * steps * 2 + span) // (2 * span)

    def label(self, row: int) -> str:
        """The extremes as they are, and a few between where a whole number has its place."""
        if self.high == self.low:
            return _short(self.high) if row == self.rows // 2 else ""
        if row in (0, self.rows - 1):
            return _short(self.high if row == 0 else self.low)
        if row % _LABEL_EVERY or row > self.rows - _LABEL_EVERY:
            return ""
        value = self.high - row * (self.high - self.low) // (self.rows - 1)
        return _short(value) if self.row(value) == row else ""


_LABEL_EVERY = 4


def _short(value: int) -> str:
    """Write a quantity in at most eight cells: `12,408`, `1.25M`."""
    text = units(value)
    if len(text) < _LABELS_MAX:
        return text
    for divisor, suffix in ((10**3, "k"), (10**6, "M"), (10**9, "G"), (10**12, "T")):
        if abs(value) < divisor * 10_000:
            sign = "−" if value < 0 else ""
            return f"{sign}{abs(value) / divisor:.5g}{suffix}"
    return f"{value:.1e}".replace("-", "−")


def _values(figure: PlotData) -> Iterator[int]:
    for samples in (figure.target, *(curve.shown for curve in figure.curves)):
        for sample in samples:
            if sample is not None:
                yield sample.low
                yield sample.high


Row = list[Cell]
"""One row of the plot, a cell for each column."""


def _grid(figure: PlotData, scale: _Scale, columns: int) -> list[Row]:
    rows = [[Cell(" ", Tone.PLAIN)] * columns for _ in range(scale.rows)]
    if scale.low < 0 < scale.high:
        rows[scale.row(0)] = [Cell("·", Tone.FAINT)] * columns
    target = _spread(figure.target, columns)
    courses = [_spread(curve.shown, columns) for curve in figure.curves]
    tones = [[Tone.DIM] * columns for _ in courses]
    # Painted from the back to the front: the others, the target, the one that the plot is about.
    # The letters come last, so that no curve can hide which of them is which.
    if courses:
        tones[-1] = _tones(courses[-1], target)
        for shown, colours in zip(courses[:-1], tones[:-1], strict=True):
            _paint(rows, shown, colours, scale)
        _paint_target(rows, target, scale)
        _paint(rows, courses[-1], tones[-1], scale)
    for number, curve in enumerate(figure.curves):
        for column, value in _sign_places(courses[number], number, len(courses)):
            rows[scale.row(value)][column] = Cell(curve.sign, tones[number][column])
    return rows


def _spread(samples: Sequence[Sample | None], columns: int) -> list[Sample | None]:
    """As many samples as there are columns; several in one are brought together."""
    count = len(samples)
    if count == columns or not count:
        return list(samples)
    spread: list[Sample | None] = []
    before = -1
    for column in range(columns):
        start = column * count // columns
        sample = _together(samples[start : max(start + 1, (column + 1) * count // columns)])
        if start == before and sample is not None:
            # Wider than it was read: its move stands in the first of its columns.
            sample = None if sample.last is None else Sample(sample.last, sample.last, sample.last)
        spread.append(sample)
        before = start
    return spread


def _together(samples: Sequence[Sample | None]) -> Sample | None:
    known = [sample for sample in samples if sample is not None]
    if not known:
        return None
    last = samples[-1].last if samples[-1] is not None else None
    return Sample(min(sample.low for sample in known), max(sample.high for sample in known), last)


def _tones(shown: Sequence[Sample | None], target: Sequence[Sample | None]) -> list[Tone]:
    """The tone of too much, of too little, or of neither."""
    tones = [Tone.STRONG] * len(shown)
    for column, (sample, wanted) in enumerate(zip(shown, target, strict=False)):
        if sample is None or wanted is None or sample.last is None or wanted.last is None:
            continue
        if sample.last != wanted.last:
            tones[column] = Tone.OVER if sample.last > wanted.last else Tone.UNDER
    return tones


def _paint_target(rows: list[Row], target: Sequence[Sample | None], scale: _Scale) -> None:
    for column, sample in enumerate(target):
        if sample is not None and sample.last is not None:
            rows[scale.row(sample.last)][column] = Cell("╌", Tone.ACCENT)


def _paint(
    rows: list[Row], shown: Sequence[Sample | None], tones: Sequence[Tone], scale: _Scale
) -> None:
    """A flat line while nothing moves; where it does, a stroke over all that it showed."""
    before: int | None = None
    for column, sample in enumerate(shown):
        if sample is None:
            before = None
            continue
        top, bottom = scale.row(sample.high), scale.row(sample.low)
        after = None if sample.last is None else scale.row(sample.last)
        for row in range(top, bottom + 1):
            glyph = _glyph(row, top, bottom, before, after)
            rows[row][column] = Cell(glyph, tones[column])
        before = after


def _glyph(row: int, top: int, bottom: int, before: int | None, after: int | None) -> str:
    if top == bottom:
        return "─"
    comes, goes = row == before, row == after
    if comes and goes:
        return "┼"
    if not (comes or goes):
        return "│"
    if row == top:
        return "╮" if comes else "╭"
    if row == bottom:
        return "╯" if comes else "╰"
    return "┤" if comes else "├"


_SIGN_EVERY = 9


def _sign_places(
    shown: Sequence[Sample | None], number: int, count: int
) -> Iterator[tuple[int, int]]:
    """The columns and values at which a curve's letter stands: on the flat, and at its end.

    In turns with the others', so that curves that lie on each other can all be seen.
    """
    known = [(column, sample) for column, sample in enumerate(shown) if sample is not None]
    turn = number * _SIGN_EVERY + _SIGN_EVERY // 2
    # The last columns are kept for the letters at the curves' ends, one column for each curve:
    # there they stand beside each other even where all curves end at one value.
    for column, sample in known[:-count]:
        if column % (count * _SIGN_EVERY) == turn and sample.low == sample.high:
            yield column, sample.low
    if known:
        column, sample = known[max(0, len(known) - (count - number))]
        yield column, sample.high if sample.last is None else sample.last


def _runs(row: Row) -> list[Cell]:
    """Put neighbours of one tone together: a line is a few cells, not a hundred."""
    runs: list[Cell] = []
    for cell in row:
        if runs and runs[-1].tone is cell.tone:
            runs[-1] = Cell(runs[-1].text + cell.text, cell.tone)
        else:
            runs.append(cell)
    return runs


def _legend(figure: PlotData, width: int) -> list[Cell]:
    """Which letter is which channel, the one it is about first; then what the signs mean."""
    entries = [
        Cell(f"{curve.sign} {cut(clean(curve.name), 16)}", Tone.STRONG if not number else Tone.DIM)
        for number, curve in enumerate(reversed(figure.curves))
    ]
    meant = (
        (figure.target, Cell("╌ target", Tone.ACCENT)),
        (figure.differs, Cell("━ differs", Tone.WARN)),
        (figure.written, Cell("▲ written", Tone.ACCENT)),
        (figure.events, Cell("• events", Tone.OK)),
    )
    entries += [cell for values, cell in meant if any(values)]
    fitting, room = [], width - 2
    for cell in entries:
        text = f"  {cell.text}"
        if cells(text) > room:
            break
        fitting.append(Cell(text, cell.tone))
        room -= cells(text)
    return fitting


def _axis(figure: PlotData, columns: int, ticks: Sequence[int]) -> list[Cell]:
    """The foot of the plot: heavy where the two disagreed."""
    line = []
    for column in range(columns):
        differs = _any_of(figure.differs, column, columns)
        glyph = "━" if differs else "┴" if column in ticks else "─"
        line.append(Cell(glyph, Tone.WARN if differs else Tone.FAINT))
    return [Cell(" " * _LABELS_MAX + "└", Tone.FAINT), *_runs(line)]


def _marks(figure: PlotData, columns: int) -> list[Cell]:
    line = []
    for column in range(columns):
        if _any_of(figure.written, column, columns):
            line.append(Cell("▲", Tone.ACCENT))
        elif _any_of(figure.events, column, columns):
            line.append(Cell("•", Tone.OK))
        else:
            line.append(Cell(" ", Tone.PLAIN))
    return [Cell(" " * (_LABELS_MAX + 1), Tone.PLAIN), *_runs(line)]


def _any_of(values: Sequence[int], column: int, columns: int) -> bool:
    count = len(values)
    start = column * count // columns
    return any(values[start : max(start + 1, (column + 1) * count // columns)])


_MINUTE_MS = 60_000
_HOUR_MS = 60 * _MINUTE_MS
_DAY_MS = 24 * _HOUR_MS


class PlotSpan(NamedTuple):
    """A span of time that the plot can show."""

    name: str
    ms: int


SPANS = (
    PlotSpan("5 min", 5 * _MINUTE_MS),
    PlotSpan("15 min", 15 * _MINUTE_MS),
    PlotSpan("1 h", _HOUR_MS),
    PlotSpan("6 h", 6 * _HOUR_MS),
    PlotSpan("24 h", _DAY_MS),
    PlotSpan("7 d", 7 * _DAY_MS),
    PlotSpan("30 d", 30 * _DAY_MS),
)
"""What the plot can show, and how each is called."""

DAY = 4
"""Which of them is a day."""


def span_of(age_ms: int) -> int:
    """A day, or the shortest that shows all where nothing is older than `age_ms`."""
    return next((n for n, span in enumerate(SPANS[:DAY]) if age_ms <= span.ms), DAY)


_TICKS = (
    *(n * _MINUTE_MS for n in (1, 2, 5, 10, 15, 30)),
    *(n * _HOUR_MS for n in (1, 2, 3, 6, 12)),
    *(n * _DAY_MS for n in (1, 2, 5, 7, 14, 28, 91, 364)),
)
_TICK_WIDTH = 9
"""A label of five cells, and the space to the next."""


def _ticks(figure: PlotData, columns: int) -> list[tuple[int, str]]:
    """Round instants: the column of each, and how it is written. UTC, as all times are."""
    span_ms = figure.until - figure.since
    # The closest round span at which two labels still leave a gap between them.
    every = next((tick for tick in _TICKS if span_ms * _TICK_WIDTH <= tick * columns), _TICKS[-1])
    first = -(-figure.since // every) * every
    return [
        ((at - figure.since) * columns // span_ms, _tick(at, every))
        for at in range(first, figure.until, every)
    ]


def _tick(at: Millis, every: int) -> str:
    when = datetime.fromtimestamp(at / 1000, UTC)
    midnight = at % _DAY_MS == 0
    return when.strftime("%m-%d" if every >= _DAY_MS or midnight else "%H:%M")


def _times(ticks: Sequence[tuple[int, str]], columns: int) -> list[Cell]:
    line = ""
    for place, text in ticks:
        if len(line) <= place and place + len(text) <= columns:
            line += " " * (place - len(line)) + text
    return [Cell(" " * (_LABELS_MAX + 1) + line, Tone.DIM)]

"""The plot: its size, its extremes, its signs, and whatever it may be given."""

import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from console.text.format import cells
from console.text.glyphs import to_ascii
from console.tui.drawing.plot import Curve, PlotData, draw, inner_width, signs
from console.tui.drawing.tones import Cell, Tone
from store.history.series import Sample

NOW = 1_795_701_731_000  # 2026-11-26 14:02:11Z
HOUR = 3_600_000
GLYPHS = set("─╌━│╭╮╰╯├┤┼└┴·•▲…−– ") | set(string.ascii_letters + string.digits + ",.:-+*")


def flat(*values: int | None) -> list[Sample | None]:
    """Each value in a column of its own, entered from the one before."""
    samples: list[Sample | None] = []
    before: int | None = None
    for value in values:
        if value is None:
            samples.append(None)
        else:
            start = value if before is None else before
            samples.append(Sample(min(start, value), max(start, value), value))
        before = value
    return samples


def figure(*curves: list[Sample | None], **more: object) -> PlotData:
    names = ["warehouse", "shop", "market"][: len(curves)]
    drawn = [
        Curve(name, sign, shown)
        for name, sign, shown in zip(names, signs(names), curves, strict=True)
    ]
    return PlotData(NOW - HOUR, NOW, drawn, **more)  # type: ignore[arg-type]


def text(lines: list[list[Cell]]) -> list[str]:
    return ["".join(cell.text for cell in line) for line in lines]


def tones(lines: list[list[Cell]], glyph: str) -> set[Tone]:
    return {cell.tone for line in lines[1:] for cell in line if glyph in cell.text}


samples = st.one_of(
    st.none(),
    st.tuples(st.integers(-(10**13), 10**13), st.integers(0, 10**6), st.booleans()).map(
        lambda of: Sample(of[0], of[0] + of[1], of[0] if of[2] else None)
    ),
)
courses = st.lists(samples, max_size=60)


@pytest.mark.long
@given(
    curves=st.lists(st.tuples(st.text(max_size=30), courses), max_size=6),
    target=courses,
    happened=st.lists(st.integers(0, 3), max_size=60),
    width=st.integers(0, 160),
    height=st.integers(0, 24),
    span=st.integers(1, 400 * 24 * HOUR),
)
@example(curves=[("", []), ("00\u0b45🌭", [])], target=[], happened=[2], width=65, height=5, span=1)
def test_it_is_never_wider_or_taller_than_asked_whatever_it_is_given(
    curves: list[tuple[str, list[Sample | None]]],
    target: list[Sample | None],
    happened: list[int],
    width: int,
    height: int,
    span: int,
) -> None:
    names = [name for name, _ in curves]
    lettered = [
        Curve(name, sign, shown) for (name, shown), sign in zip(curves, signs(names), strict=True)
    ]
    drawn = draw(
        PlotData(NOW - span, NOW, lettered, target, [n > 1 for n in happened], happened, happened),
        width,
        height,
    )

    assert len(drawn) <= height
    # A name keeps what a terminal would act on: whoever writes the cells cleans them.
    assert all(cells(line) <= width for line in text(drawn[1:]))
    assert sum(cells(cell.text) for cell in (drawn[0] if drawn else [])) <= width


@pytest.mark.long
@given(values=st.lists(st.integers(-(10**9), 10**12), min_size=1, max_size=80))
def test_the_greatest_stands_in_the_first_row_and_the_least_in_the_last(values: list[int]) -> None:
    lines = text(draw(figure(flat(*values)), 100, 20))
    plotted = lines[1:-3]

    if min(values) == max(values):
        (row,) = (line for line in plotted if line[:9].strip())
        assert "W" in row[10:]
        return
    assert plotted[0][10:].strip(" ")
    assert plotted[-1][10:].strip(" ")
    assert plotted[0][:9].strip()
    assert plotted[-1][:9].strip()


@pytest.mark.long
@given(values=st.lists(st.integers(0, 99_999), min_size=2, max_size=60))
def test_the_labels_of_the_extremes_are_the_numbers_themselves(values: list[int]) -> None:
    lines = text(draw(figure(flat(*values)), 100, 20))
    labels = [line[:9].strip().replace(",", "") for line in lines[1:-3]]

    assert str(max(values)) in labels
    assert str(min(values)) in labels


@pytest.mark.long
@given(courses, courses)
def test_only_glyphs_that_ascii_has_a_stand_in_for_are_used(
    first: list[Sample | None], other: list[Sample | None]
) -> None:
    drawn = text(draw(figure(first, other, target=first, events=[1], written=[1]), 80, 16))

    assert set("".join(drawn)) <= GLYPHS


def test_in_ascii_the_target_and_the_dispute_stay_apart_from_the_curve() -> None:
    drawn = text(draw(figure(flat(*[9] * 70), target=flat(*[4] * 70), differs=[True]), 80, 9))
    plainly = [to_ascii(line) for line in drawn]

    assert all(line.isascii() for line in plainly)
    assert [len(line) for line in plainly] == [len(line) for line in drawn]
    assert "....." in plainly[5]
    assert "=====" in plainly[6]
    assert "-----" in plainly[1]


def test_a_fall_and_a_rise_are_steps() -> None:
    drawn = text(draw(figure(flat(*[9] * 20, *[3] * 20, *[9] * 30)), 80, 9))

    assert drawn[1][30:62].rstrip() == "╮" + " " * 19 + "╭" + "─" * 8 + "W──"
    assert "╰─" in drawn[5]
    assert "──╯" in drawn[5]


def test_a_single_value_a_constant_and_nothing_are_drawn_too() -> None:
    assert any("W" in line[10:] for line in text(draw(figure(flat(5)), 60, 8))[1:])
    assert text(draw(figure([None] * 40), 60, 8)) == ["nothing is known of this time"]
    assert text(draw(PlotData(0, HOUR, ()), 60, 8)) == ["nothing is known of this time"]
    assert text(draw(figure(flat(5)), 10, 8)) == ["no room f…"]
    assert draw(figure(flat(5)), 60, 0) == []


def test_a_gap_stays_empty() -> None:
    gap = flat(*[5] * 30, *[None] * 10, *[5] * 30)
    (row,) = (line for line in text(draw(figure(gap), 80, 8)) if line[:9].strip() == "5")

    assert row[10 + 30 : 10 + 40] == " " * 10
    assert " " not in row[10 : 10 + 30]


def test_curves_that_lie_on_each_other_can_all_be_told() -> None:
    drawn = text(draw(figure(flat(*[5] * 70), flat(*[5] * 70), flat(*[5] * 70)), 80, 8))
    (row,) = (line for line in drawn if line[:9].strip() == "5")

    assert row.count("W") >= 2
    assert row.count("S") >= 2
    assert row.count("M") >= 2
    assert row.endswith("WSM")
    assert drawn[0] == "  M market  S shop  W warehouse"


def test_too_much_is_told_by_a_tone_and_by_the_targets_dashes_beneath() -> None:
    drawn = draw(figure(flat(*[9] * 70), target=flat(*[4] * 70), differs=[True]), 80, 9)

    assert tones(drawn, "─────") == {Tone.OVER}
    assert tones(drawn, "╌") == {Tone.ACCENT}
    assert tones(drawn, "━") == {Tone.WARN}
    assert text(drawn)[5].endswith("╌" * 70)
    low = draw(figure(flat(*[4] * 70), target=flat(*[9] * 70)), 80, 9)
    assert tones(low, "────") == {Tone.UNDER, Tone.FAINT}
    even = draw(figure(flat(*[4] * 70), target=flat(*[4] * 70)), 80, 9)
    assert tones(even, "────") == {Tone.STRONG, Tone.FAINT}


def test_what_happened_stands_under_its_column() -> None:
    events, written = [0] * 70, [0] * 70
    events[7], written[30] = 3, 1
    last = text(draw(figure(flat(*[5] * 70), events=events, written=written), 80, 9))[-1]

    assert last.index("•") == 10 + 7
    assert last.index("▲") == 10 + 30


@pytest.mark.parametrize(
    ("span", "labels"),
    [(HOUR, "13:10"), (24 * HOUR, "12:00"), (7 * 24 * HOUR, "11-26"), (30 * 24 * HOUR, "11-23")],
)
def test_the_times_are_round_ones(span: int, labels: str) -> None:
    shown = flat(*[5] * 90)
    drawn = text(draw(PlotData(NOW - span, NOW, [Curve("shop", "S", shown)]), 100, 9))

    assert labels in drawn[-2]
    column = drawn[-2].index(labels)
    assert drawn[-3][column] == "┴"


def test_a_figure_is_drawn_in_any_width_that_it_was_not_asked_for() -> None:
    shown = flat(*[5] * 60, 9, *[5] * 59)
    for width in (50, 80, 150):
        drawn = text(draw(figure(shown), width, 8))
        assert drawn[1][:9].strip() == "9"
        assert drawn[1][10:].strip(" ") in ("│", "╭╮", "╭─╮")
        assert inner_width(width) == width - 10


def test_each_channel_has_a_sign_of_its_own_whatever_its_name() -> None:
    names = ["shop", "shop-2", "sho\x1b[31mp", "", "北", *(f"s{n}" for n in range(40))]
    given_signs = signs(names)

    assert given_signs[:3] == ("S", "H", "O")
    assert len(set(given_signs[:30])) == 30
    assert all(len(sign) == 1 and sign.isascii() for sign in given_signs)

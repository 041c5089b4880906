"""Text for people: cleaned of what could act on a terminal, and formatted the same everywhere."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.text.format import (
    age,
    cells,
    clean,
    cut,
    day_and_time,
    fit,
    money,
    plural,
    show_blanks,
    signed,
    time_of_day,
    units,
)


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("\x1b]0;owned\x07", "␛]0;owned␇"),
        ("a\nb\tc\rd", "a␊b␉c␍d"),
        ("rub\x7fout", "rub␡out"),
        ("c1 \x9b31m", "c1 \ufffd31m"),
        ("12\u202e34", "12\ufffd34"),
        ("\u2066iso\u2069 \u200f \u061c", "\ufffdiso\ufffd \ufffd \ufffd"),
        ("half\ud800", "half\ufffd"),
        ("line\u2028end", "line\ufffdend"),
        ("A\u200b-1 A\u2060\ufeff", "A\ufffd-1 A\ufffd\ufffd"),
        ("soft\xadhyphen \u3164", "soft\ufffdhyphen \ufffd"),
        ("said to machines \U000e0041\U000e0100", "said to machines \ufffd\ufffd"),
        ("👩\u200d👧 می\u200cخو ❤\ufe0f", "👩\u200d👧 می\u200cخو ❤\ufe0f"),
        ("[bold]A-1[/] Ünïcode 茶", "[bold]A-1[/] Ünïcode 茶"),
    ],
)
def test_control_characters_become_visible_and_all_else_stays(hostile: str, shown: str) -> None:
    assert clean(hostile) == shown


@given(st.text(st.characters(), max_size=60))
def test_no_text_keeps_a_control_character_through_clean(hostile: str) -> None:
    shown = clean(hostile)
    assert len(shown) == len(hostile)
    shown.encode()  # no lone surrogate is left
    assert not any(ord(character) < 0x20 or 0x7F <= ord(character) < 0xA0 for character in shown)


@given(st.text(max_size=30), st.integers(0, 20))
def test_a_cut_text_never_takes_more_cells_than_asked(long: str, width: int) -> None:
    assert cells(clean(long, width)) <= width
    assert cells(fit(clean(long), width)) == width


def test_a_cut_text_ends_in_an_ellipsis_and_wide_characters_count_twice() -> None:
    assert cut("Lamp, walnut", 6) == "Lamp,…"
    assert cells("茶碗") == 4
    assert cut("茶碗と皿", 5) == "茶碗…"
    assert fit("7", 3, right=True) == "  7"


@pytest.mark.parametrize(
    ("span_ms", "text"),
    [
        (None, "–"),
        (-5, "0:00"),
        (42_000, "0:42"),
        (41 * 60_000 + 3_999, "41:03"),
        (3_600_000, "1h 00m"),
        (3 * 3_600_000 + 12 * 60_000, "3h 12m"),
        (5 * 86_400_000 + 1, "5d"),
    ],
)
def test_an_age_is_shown_in_the_unit_that_matters(span_ms: int | None, text: str) -> None:
    assert age(span_ms) == text


def test_numbers_carry_a_real_minus_and_thousands() -> None:
    assert signed(-17) == "−17"
    assert signed(14) == "+14"
    assert signed(0) == "0"
    assert units(12408) == "12,408"
    assert units(-3) == "−3"
    assert units(None) == signed(None) == money(None) == "–"


def test_money_is_to_the_cent_while_cents_matter() -> None:
    assert money(7.5) == "7.50"
    assert money(1230.4) == "1,230"
    assert money(-99.99) == "−99.99"


def test_things_are_counted_in_words() -> None:
    assert plural(1, "channel") == "1 channel"
    assert plural(1200, "reply", "replies") == "1,200 replies"


def test_instants_are_written_in_utc() -> None:
    assert time_of_day(1_795_442_531_250) == "14:02:11Z"
    assert day_and_time(1_795_442_531_250) == "2026-11-23 14:02:11Z"
    assert day_and_time(None) == "–"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("A-1", "A-1"),
        ("A 1", "A 1"),
        ("A-1 ", "A-1␠"),
        ("  A-1", "␠␠A-1"),
        ("A\u00a0", "A␠"),
        ("  ", "␠␠"),
    ],
)
def test_two_skus_that_differ_in_a_blank_do_not_look_alike(name: str, shown: str) -> None:
    assert show_blanks(name) == shown

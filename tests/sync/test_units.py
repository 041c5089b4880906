"""Durations and percentages: read exactly, written back, refused with the remedy."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.units import duration, duration_text, period, portion, portion_text


@pytest.mark.parametrize(
    ("written", "span_ms"),
    [
        ("500ms", 500),
        ("30s", 30_000),
        ("5m", 300_000),
        ("2h", 7_200_000),
        ("7d", 604_800_000),
        ("0s", 0),
        ("1.5h", 5_400_000),
        (" 10 s ", 10_000),
    ],
)
def test_a_duration_is_a_number_and_a_unit(written: str, span_ms: int) -> None:
    assert duration(written) == span_ms


@pytest.mark.parametrize("wrong", ["30", "s", "-5s", "5 minutes", "1h30m", "", "٣s", 30, 1.5, True])
def test_what_is_no_duration_is_refused_with_examples(wrong: object) -> None:
    with pytest.raises(ValueError, match=r'"500ms", "30s", "5m", "2h" or "7d"'):
        duration(wrong)


def test_a_duration_is_at_most_a_hundred_years() -> None:
    with pytest.raises(ValueError, match="hundred years"):
        duration("9999999999999d")


@pytest.mark.parametrize(
    ("written", "ppm"), [("0%", 0), ("50%", 500_000), ("33.3333%", 333_333), ("100%", 1_000_000)]
)
def test_a_percentage_is_kept_in_parts_per_million(written: str, ppm: int) -> None:
    assert portion(written) == ppm


@pytest.mark.parametrize("wrong", ["101%", "50", "-1%", "half", 0.5, 50])
def test_what_is_no_percentage_is_refused_with_an_example(wrong: object) -> None:
    with pytest.raises(ValueError, match='such as "50%"'):
        portion(wrong)


def test_a_period_cannot_be_nothing() -> None:
    assert period("100ms") == 100
    with pytest.raises(ValueError, match="at least 100ms"):
        period("0s")


@given(st.integers(0, 10**11))
def test_a_duration_that_is_written_back_reads_the_same(span_ms: int) -> None:
    assert duration(duration_text(span_ms)) == span_ms


@given(st.integers(0, 1_000_000))
def test_a_percentage_that_is_written_back_reads_the_same(ppm: int) -> None:
    assert portion(portion_text(ppm)) == ppm


def test_values_are_written_in_the_largest_whole_unit() -> None:
    assert duration_text(90_000) == "90s"
    assert duration_text(7_200_000) == "2h"
    assert portion_text(500_000) == "50%"

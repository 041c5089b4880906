"""One value of a record, as it came → as we keep it."""

import decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sync import values

AT = 1_795_438_800_000


@pytest.mark.parametrize("written", ["5", "5.0", "5.000", "5.00000000000", 5, 5.0, " 5.000 "])
def test_the_dot_is_the_decimal_sign_in_json(written: object) -> None:
    assert values.quantity(written) == 5


@pytest.mark.parametrize("written", ["1,000", "1.000,00", "1'000", "5.5", 5.5, True, None])
def test_json_has_no_thousands(written: object) -> None:
    with pytest.raises(ValueError, match="is not a whole number"):
        values.quantity(written)


@pytest.mark.parametrize(
    "written",
    [
        "2026-11-23T13:00:00Z",
        "2026-11-23T14:00:00+01:00",
        AT,
        AT // 1000,
        AT / 1000,
        float(AT),
        str(AT),
        str(AT // 1000),
        f" {AT // 1000}.000 ",
    ],
)
def test_seconds_and_milliseconds_since_1970_are_times(written: object) -> None:
    assert values.instant(written) == AT


def test_a_fraction_of_a_second_is_kept() -> None:
    assert values.instant(AT / 1000 + 0.25) == AT + 250


@pytest.mark.parametrize(
    "written",
    [0, 1, -AT, 20261129, "202611291530", "20261129153000", AT * 1000, 1e300, True, "soon", []],
)
def test_what_may_be_something_else_is_no_time(written: object) -> None:
    with pytest.raises(ValueError, match="is not a time"):
        values.instant(written)


@pytest.mark.parametrize("written", [None, ""])
def test_no_time_is_none(written: object) -> None:
    assert values.instant(written) is None


@given(st.integers(0, 10**12 - 1), st.text("0123456789", max_size=20))
@example(12, "345")
@example(12, "355")
@example(12, "3450")
@example(12, "34500000000000000001")
@example(999_999_999_999, "99999")
def test_a_price_is_rounded_as_decimal_numbers_are(whole: int, part: str) -> None:
    text = f"{whole}.{part}" if part else str(whole)
    exact = decimal.Context(prec=60, rounding=decimal.ROUND_HALF_EVEN)
    hundredths = exact.multiply(decimal.Decimal(text), decimal.Decimal(100))
    assert values.price_minor(text) == int(hundredths.quantize(decimal.Decimal(1), context=exact))

"""What counts files of changes up, and what only looks like it."""

import pytest

from sync.channels.csv.sequence import is_among, number_of


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("changes-1.csv", ("", 1)),
        ("changes-0012.csv", ("", 12)),
        ("changes-00000123.csv", ("", 123)),
        ("changes-berlin-7.csv", ("berlin-", 7)),
        ("changes-2-7.csv", ("2-", 7)),
        ("changes-20261129-003.csv", ("20261129-", 3)),
        ("changes-2026-11-29_12.csv", ("2026-11-29_", 12)),
        ("changes-20261129.csv", None),
        ("changes-2026-11-29.csv", None),
        ("changes-20261129-1400.csv", None),
        ("changes-20261129140000.csv", None),
        ("changes-2026-11-29T14-00-00.csv", None),
        ("changes-1795438800.csv", None),
        ("changes-1795438800123.csv", None),
        ("changes-new.csv", None),
    ],
)
def test_a_number_counts_and_a_time_does_not(name: str, number: tuple[str, int] | None) -> None:
    assert number_of(name, "changes-*.csv") == number


@pytest.mark.parametrize("pattern", ["*.csv", "changes-[0-9]*.csv", "ch*-??.csv", "c*s-*.csv"])
def test_the_number_is_found_with_any_pattern(pattern: str) -> None:
    found = number_of("changes-12.csv", pattern)
    assert found is not None
    assert found[1] == 12


def test_a_name_without_an_open_part_has_no_number() -> None:
    assert number_of("changes2.csv", "changes2.csv") is None


def test_a_name_that_is_of_both_is_of_what_says_more() -> None:
    assert is_among("changes-1.csv", "*.csv", "changes-*.csv") == "changes"
    assert is_among("full.csv", "full*.csv", "*.csv") == "full"
    assert is_among("other.txt", "full*.csv", "*.csv") == ""

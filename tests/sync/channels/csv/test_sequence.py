"""What counts files of changes up, and what only looks like it."""

import pytest

from sync.channels.csv.sequence import Numbering, is_among


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
    assert Numbering("changes-*.csv", [name]).of(name) == number


@pytest.mark.parametrize(
    ("digits", "numbers"),
    [
        (["-0001", "-0003"], [1, 3]),
        (["-0003", "-0005"], [3, 5]),
        (["-000001", "-000003"], [1, 3]),
        (["-0099", "-0100", "-0102"], [99, 100, 102]),
        (["-1234", "-1235", "-1237"], [1234, 1235, 1237]),
        (["-1290"], [1290]),
        (["001", "003"], [1, 3]),
        (["0001", "0003"], [1, 3]),
        (["12"], [12]),
        (["-0000", "-0005", "-0015"], None),
        (["-0001", "-0101", "-0201"], None),
        (["-1400", "-1401", "-1430", "-1520"], None),
        (["-1458", "-1459", "-1500"], None),
        (["140000", "141500"], None),
        (["140000123"], None),
    ],
)
def test_behind_a_date_the_names_together_tell_a_counter_from_a_time(
    digits: list[str], numbers: list[int] | None
) -> None:
    names = [f"changes-20261130{text}.csv" for text in digits]
    numbering = Numbering("changes-*.csv", names)
    found = [numbering.of(name) for name in names]
    assert [number[1] for number in found if number is not None] == (numbers or [])


def test_the_files_of_other_days_tell_too() -> None:
    names = ["changes-20261129-1260.csv", "changes-20261130-1301.csv"]
    numbering = Numbering("changes-*.csv", names)
    assert numbering.of(names[1]) == ("20261130-", 1301)


@pytest.mark.parametrize("pattern", ["*.csv", "changes-[0-9]*.csv", "ch*-??.csv", "c*s-*.csv"])
def test_the_number_is_found_with_any_pattern(pattern: str) -> None:
    found = Numbering(pattern, ["changes-12.csv"]).of("changes-12.csv")
    assert found is not None
    assert found[1] == 12


def test_a_name_without_an_open_part_has_no_number() -> None:
    assert Numbering("changes2.csv", ["changes2.csv"]).of("changes2.csv") is None


def test_a_name_that_is_of_both_is_of_what_says_more() -> None:
    assert is_among("changes-1.csv", "*.csv", "changes-*.csv") == "changes"
    assert is_among("full.csv", "full*.csv", "*.csv") == "full"
    assert is_among("other.txt", "full*.csv", "*.csv") == ""

"""A folder's full lists and files of changes are told apart by their names, or not at all."""

import pytest

from sync.describing import families


@pytest.mark.parametrize(
    ("names", "full", "changes"),
    [
        (["full-20261130.csv", "changes-1.csv", "changes-12.csv"], "full-*.csv", "changes-*.csv"),
        (["full-1.csv", "full-2.csv.gz", "changes-1.csv"], "full-*.csv*", "changes-*.csv"),
        (["full.csv", "delta.csv"], "full*.csv", "delta*.csv"),
        (["2026-11-30_full.csv", "2026-11-30_delta.csv"], "*_full.csv", "*_delta.csv"),
        (["stock-1.csv", "stock-2.csv", "stock-delta-1.csv"], "stock-*.csv", "stock-delta-*.csv"),
        (["Gesamt_01.txt", "Änderungen_01.txt"], "Gesamt_*.txt", "Änderungen_*.txt"),
        (["full-march.csv", "full-may.csv", "updates-a.csv"], "full-*.csv", "updates-a*.csv"),
    ],
)
def test_they_are_told_apart(names: list[str], full: str, changes: str) -> None:
    found = families.of(names)

    assert found is not None
    assert (found.full, found.changes, found.others) == (full, changes, [])


@pytest.mark.parametrize(
    "names",
    [
        [],
        ["full-1.csv", "full-2.csv"],
        ["changes-1.csv", "changes-2.csv"],
        ["a.csv", "b.csv"],
        ["products.csv", "stock-update.csv"],
        ["full-1.csv", "delta-1.csv", "update-1.csv"],
        ["full-1.csv\n", "changes-[1].csv"],
    ],
)
def test_where_they_cannot_be_nothing_is_proposed(names: list[str]) -> None:
    assert families.of(names) is None


def test_what_belongs_to_neither_is_named() -> None:
    found = families.of(["full-1.csv", "changes-1.csv", "readme.txt"])

    assert found is not None
    assert found.others == ["readme.txt"]

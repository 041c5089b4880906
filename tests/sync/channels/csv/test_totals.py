"""Rows of a file that are no listings: blank ones, and those that add up the others."""

from pathlib import Path

import pytest

from tests.contract.test_csv import drop, read, stock

ROWS = "".join(f"S-{n};{n}\n" for n in range(1, 41))
STOCK = {f"S-{n}": n for n in range(1, 41)}


@pytest.mark.parametrize("blank", [";", " ; ", ";;;", "\t", ";\u00a0", "\n\n", '"";""'])
async def test_a_row_of_nothing_is_an_empty_line(tmp_path: Path, blank: str) -> None:
    drop(tmp_path / "stock.csv", f"sku;available\n{blank}\nA;1\n{blank}\n{blank}\nB;2\n{blank}\n")

    assert await stock(tmp_path) == {"A": 1, "B": 2}


@pytest.mark.parametrize(
    "total",
    [
        "Total;820", "TOTAL:;820", "Total;820,00", "Summe;820.00", "Gesamt;820", ";820", " ;820",
        "Grand total;820", "Sub-Total;820", "Zwischensumme;820\nGesamtsumme;820",
        "Total;", "Total", "Total: 820", "Total 820", "Итого;820", "Total;820;", ";820,00",
        "Total;820\n;\n;",
    ],
)  # fmt: skip
async def test_a_totals_row_is_no_listing(tmp_path: Path, total: str) -> None:
    drop(tmp_path / "stock.csv", f"sku;available\n{ROWS};\n{total}\n")

    assert await stock(tmp_path) == STOCK


async def test_a_totals_row_is_known_by_its_title(tmp_path: Path) -> None:
    drop(tmp_path / "stock.csv", "title;sku;available\nKettle;A;4\nCup;B;5\nSumme:;;9\n")

    assert await stock(tmp_path) == {"A": 4, "B": 5}


async def test_a_total_of_thousands_is_known_however_it_is_written(tmp_path: Path) -> None:
    drop(tmp_path / "stock.csv", "sku;available\nA;900\nB;1100\nGesamt;2.000\n")

    assert await stock(tmp_path) == {"A": 900, "B": 1100}


async def test_subtotals_between_the_rows_are_no_listings(tmp_path: Path) -> None:
    drop(
        tmp_path / "stock.csv",
        "sku;available\nA;4\nB;5\nZwischensumme;9\nC;6\nZwischensumme;6\nGesamt;15\n",
    )

    assert await stock(tmp_path) == {"A": 4, "B": 5, "C": 6}


async def test_a_total_stands_on_a_page_of_its_own(tmp_path: Path) -> None:
    rows = "".join(f"S{n};2\n" for n in range(1000))
    drop(tmp_path / "stock.csv", f"sku;available\n{rows}Total;2000\n")

    assert len(await stock(tmp_path)) == 1000


async def test_on_hand_is_added_up_where_available_is_not_given(tmp_path: Path) -> None:
    drop(tmp_path / "stock.csv", "sku;on_hand;committed\nA;4;1\nB;5;2\n;9;3\n")

    assert await stock(tmp_path) == {"A": 3, "B": 3}


async def test_a_sku_that_is_called_total_is_a_listing(tmp_path: Path) -> None:
    drop(tmp_path / "stock.csv", "sku;available\nA;4\nTotal;7\nTOTAL-1;5\nB;5\nSUMMER-1;3\n")

    assert await stock(tmp_path) == {"A": 4, "Total": 7, "TOTAL-1": 5, "B": 5, "SUMMER-1": 3}


@pytest.mark.parametrize("row", [";7", ";", ";seven"])
async def test_a_row_without_a_sku_that_adds_up_nothing_is_bad(tmp_path: Path, row: str) -> None:
    drop(tmp_path / "stock.csv", f"sku;available;title\nA;4;\n{row};Cup\nB;5;\n")

    records, (refused,) = await read(tmp_path)

    assert [record.sku for record in records] == ["A", "B"]
    assert refused.sku is None


@pytest.mark.parametrize("rows", ["A;5\n;5\n", "A;0\nB;0\n;0\n"])
async def test_a_row_without_a_sku_that_adds_up_by_chance_is_bad(tmp_path: Path, rows: str) -> None:
    drop(tmp_path / "stock.csv", f"sku;available\n{rows}")

    _, (refused,) = await read(tmp_path)

    assert refused.reason == "the SKU is empty"


async def test_a_file_of_nothing_but_a_total_has_a_bad_row(tmp_path: Path) -> None:
    drop(tmp_path / "stock.csv", "sku;available\n;0\n")

    records, refused = await read(tmp_path)

    assert (len(records), len(refused)) == (0, 1)


@pytest.mark.parametrize("row", ["Total;7", "Summe;0", "TOTAL;-3", "Gesamt;19"])
async def test_an_article_that_is_called_total_stays_one_in_the_last_row(
    tmp_path: Path, row: str
) -> None:
    sku, number = row.split(";")
    drop(tmp_path / "stock.csv", f"sku;available\nA;4\nB;5\n{row}\n")

    assert await stock(tmp_path) == {"A": 4, "B": 5, sku: int(number)}


async def test_a_last_row_that_says_more_than_total_is_an_article(tmp_path: Path) -> None:
    drop(tmp_path / "stock.csv", "sku;available;title\nA;4;Cup\nTotal;;A board game\n")

    assert await stock(tmp_path) == {"A": 4, "Total": None}


@pytest.mark.parametrize("total", ["Summe;;", "Summe", "Summe:;;", ";;Summe"])
async def test_a_total_is_no_article_where_no_row_can_be_read(tmp_path: Path, total: str) -> None:
    drop(tmp_path / "stock.csv", f"sku;available;title\nA;four;Cup\nB;five;Pot\n{total}\n")

    records, refused = await read(tmp_path)

    assert (records, [row.sku for row in refused]) == ([], ["A", "B"])


async def test_where_the_sum_cannot_be_known_a_row_called_total_is_in_doubt(tmp_path: Path) -> None:
    drop(tmp_path / "stock.csv", "sku;available\nA;4\nB;five\nTotal;9\n")

    records, (_, unclear) = await read(tmp_path)

    assert [record.sku for record in records] == ["A"]
    assert (unclear.place, unclear.sku) == ("line 4", "Total")
    assert "can be a total or an article" in unclear.reason


@pytest.mark.parametrize(("number", "is_article"), [(120, False), (54, False), (53, True)])
async def test_what_is_at_least_a_number_adds_up_to_at_least_it(
    tmp_path: Path, number: int, *, is_article: bool
) -> None:
    drop(tmp_path / "stock.csv", f"sku;available\nA;4\nB;>50\nTotal;{number}\n")

    found = await stock(tmp_path, words={">50": "at least 50"})

    assert ("Total" in found) is is_article

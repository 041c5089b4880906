"""Numbers of a file: the whole column says which sign is the decimal one, or nobody does."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.channels.csv.numbers import readings
from sync.channels.csv.options import CsvOptions
from tests.contract.test_csv import drop, read, stock


@pytest.mark.parametrize("alone", ["1.000", "12.000", "-1.000", "1,000", "1.500", "999,999"])
async def test_a_number_that_can_be_read_in_two_ways_is_refused(tmp_path: Path, alone: str) -> None:
    drop(tmp_path / "stock.csv", f"sku;available\nA;{alone}\nB;40\n")

    records, (refused,) = await read(tmp_path)

    assert [(record.sku, record.available) for record in records] == [("B", 40)]
    assert (refused.sku, refused.place) == ("A", "line 2")
    assert f'"{alone}" can be ' in refused.reason
    assert refused.reason.endswith('set decimal = "." or decimal = ","')


@pytest.mark.parametrize(
    ("proof", "thousand"),
    [
        ("1.234.567", 1000),
        ("2.500,00", 1000),
        ("7,0", 1000),
        ("0,000", 1000),
        ("1 000,00", 1000),
        ("-3,00", 1000),
        ("1,234.00", 1),
        ("7.0", 1),
        ("0.000", 1),
        ("2.5", 1),
        ("1234.000", 1),
        ("1'000.00", 1),
    ],
)
@pytest.mark.parametrize("proof_first", [True, False])
async def test_what_the_other_rows_prove_decides(
    tmp_path: Path, proof: str, thousand: int, *, proof_first: bool
) -> None:
    rows = [f'P;"{proof}"', *(f"S-{n};{n}" for n in range(2500)), "A;1.000"]
    drop(
        tmp_path / "stock.csv",
        "\n".join(["sku;available", *(rows if proof_first else reversed(rows)), ""]),
    )

    records, refused = await read(tmp_path)

    assert next(record.available for record in records if record.sku == "A") == thousand
    assert [bad.sku for bad in refused] in ([], ["P"])  # 2.5 is none, whichever sign it is.


async def test_another_column_proves_nothing(tmp_path: Path) -> None:
    drop(tmp_path / "stock.csv", "sku;available;price\nA;1.000;0,04\n")

    _, (refused,) = await read(tmp_path)

    assert '"1.000" can be 1 or 1,000' in refused.reason


async def test_a_column_that_proves_both_signs_leaves_what_can_be_read_in_two_ways(
    tmp_path: Path,
) -> None:
    drop(tmp_path / "stock.csv", "sku;available\nA;7.0\nB;8,0\nC;1.000\n")

    records, (refused,) = await read(tmp_path)

    assert [(record.sku, record.available) for record in records] == [("A", 7), ("B", 8)]
    assert refused.sku == "C"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("1'000", 1000),
        ("1\u2019000", 1000),
        ("1 000", 1000),
        ("1\u00a0000", 1000),
        ("1\u202f234\u202f567", 1_234_567),
        ("12,34,567", 1_234_567),
        ("1.234.567", 1_234_567),
        ("12,00", 12),
        ("\u22125", -5),
        ("5-", -5),
        ("- 5", -5),
        ("+7", 7),
        ("-1.234,00", -1234),
        ("0000012", 12),
        (" 12 ", 12),
    ],
)
async def test_a_number_that_can_be_read_in_one_way_is_read(
    tmp_path: Path, written: str, meant: int
) -> None:
    drop(tmp_path / "stock.csv", f'sku;available\nA;"{written}"\n')

    assert await stock(tmp_path) == {"A": meant}


@pytest.mark.parametrize(
    "written",
    ["1..0", "12.", ".", "1,2,3", "1 00", "--5", "-5-", "1e3", "\u00b2", "1.000 000", "-"],
)
async def test_what_is_no_number_is_refused(tmp_path: Path, written: str) -> None:
    drop(tmp_path / "stock.csv", f'sku;available\nA;"{written}"\nB;1\n')

    _, (refused,) = await read(tmp_path)

    assert refused.reason.endswith("is not a whole number")


@pytest.mark.parametrize(
    ("decimal", "figures"),
    [(",", {"A": 1000, "C": 12_000, "D": 1}), (".", {"A": 1, "B": 2, "C": 12, "E": 1000})],
)
async def test_the_configuration_says_which_sign_it_is(
    tmp_path: Path, decimal: str, figures: dict[str, int]
) -> None:
    drop(tmp_path / "stock.csv", "sku;available\nA;1.000\nB;2.0\nC;12.000\nD;1,0\nE;1,000.0\n")

    records, refused = await read(tmp_path, decimal=decimal)

    assert {record.sku: record.available for record in records} == figures
    assert len(refused) == 5 - len(figures)
    assert all(f'where decimal = "{decimal}"' in bad.reason for bad in refused)


async def test_a_price_is_read_as_its_column_proves(tmp_path: Path) -> None:
    drop(tmp_path / "stock.csv", "sku;available;price\nA;1;1.250\nB;2;1.250,00\nC;3;0,04\nD;4;\n")

    records, refused = await read(tmp_path)

    assert refused == []
    assert [record.price_minor for record in records] == [125_000, 125_000, 4, None]


async def test_figures_beside_the_available_are_judged_each_by_its_own_column(
    tmp_path: Path,
) -> None:
    drop(
        tmp_path / "stock.csv",
        "sku;on_hand;committed\nA;1.000,00;1.00\nB;1.000;0.50\nC;3.000;2.000\n",
    )

    records, (refused,) = await read(tmp_path)

    assert [(record.sku, record.on_hand, record.committed) for record in records] == [
        ("A", 1000, 1),
        ("C", 3000, 2),
    ]
    assert (refused.sku, refused.reason) == ("B", '"0.50" is not a whole number')


def test_another_sign_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match=r'decimal must be "\." or ",", not ";"'):
        msgspec.convert({"path": "x", "decimal": ";"}, CsvOptions)


@given(st.integers(-(10**9), 10**9), st.integers(0, 99), st.sampled_from([".", ","]))
def test_what_a_program_writes_is_among_the_readings(number: int, cents: int, sign: str) -> None:
    group = "," if sign == "." else "."
    written = f"{number:,}".replace(",", group)

    assert readings(written)[sign] == number
    exact = readings(f"{written}{sign}{cents:02}")[sign]
    assert abs(exact) * 100 == abs(number) * 100 + cents

"""Where a file's header is, and what tells its fields apart."""

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.model import Record
from sync.channels.csv.layout import find_layout
from sync.channels.csv.numbers import ColumnNumbers
from sync.channels.csv.records import RowDecoder
from sync.channels.csv.rows import read_rows
from sync.errors import ContractBroken, Temporary
from sync.times.time_zones import zone_of
from tests.contract.test_csv import drop, failure, read, stock

STOCK = {"A": 4, "B": 5}


@pytest.mark.parametrize(
    "text",
    [
        "sep=;\r\nsku;available\r\nA;4\r\nB;5\r\n",
        "\ufeffSEP=;\nsku;available\nA;4\nB;5\n",
        '"sep=;"\nsku;available\nA;4\nB;5\n',
        "sep=\t\nsku\tavailable\nA\t4\nB\t5\n",
        "sep=~\nsku~available\nA~4\nB~5\n",
        "sep=,,\nsku,available\nA,4\nB,5\n",
        "sep=;\nStock list\n\nsku;available\nA;4\nB;5\n",
    ],
)
async def test_a_line_may_name_the_delimiter(tmp_path: Path, text: str) -> None:
    drop(tmp_path / "stock.csv", text)

    assert await stock(tmp_path) == STOCK


@pytest.mark.parametrize("above", ['sep="', "sep=", "sep=;;x"])
async def test_a_line_that_names_none_is_a_title(tmp_path: Path, above: str) -> None:
    drop(tmp_path / "stock.csv", f"{above}\nsku;available\nA;4\nB;5\n")

    assert await stock(tmp_path) == STOCK


async def test_a_configured_delimiter_wins(tmp_path: Path) -> None:
    drop(tmp_path / "stock.csv", "sep=;\nsku|available\nA|4\nB|5\n")

    assert await stock(tmp_path, delimiter="|") == STOCK


@pytest.mark.parametrize(
    "title",
    [
        "Stock list 2026-11-29;",
        "Stock list, all items; Leeds",
        "\n\n;;;\n",
        'Pipes of 5" and 6"',
        '"Stock\nof Monday";;',
        '"never closed',
        "\n".join(f"Line {n};of;the;title" for n in range(40)),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
async def test_titles_may_stand_above_the_header(tmp_path: Path, title: str, end: str) -> None:
    text = f"{title}\nsku;available\nA;4\nbad;x\nB;5\n".replace("\n", end)
    drop(tmp_path / "stock.csv", text)

    records, (refused,) = await read(tmp_path)

    assert {record.sku: record.available for record in records} == STOCK
    assert refused.place == f"line {text.count(end) - 1}"


async def test_how_many_lines_to_skip_can_be_given(tmp_path: Path) -> None:
    drop(tmp_path / "stock.csv", "sku;available\nX;9\nsku;available\nA;4\nB;5\n")

    assert await stock(tmp_path, skip=2) == STOCK
    assert 'no column "sku"; columns: X, 9' in await failure(tmp_path, ContractBroken, skip=1)
    assert "line 4" in await failure(tmp_path, ContractBroken, skip=3)
    assert "no column" in await failure(tmp_path, ContractBroken, skip=99)


async def test_a_line_that_is_skipped_names_the_delimiter_all_the_same(tmp_path: Path) -> None:
    drop(tmp_path / "stock.csv", "sep=~\nStock\nsku~available\nA~4\nB~5\n")

    assert await stock(tmp_path, skip=2) == STOCK


async def test_titles_of_two_lines_in_the_header_are_columns(tmp_path: Path) -> None:
    drop(tmp_path / "stock.csv", 'Item;"Qty\nfree"\nA;4\nB;5\n')

    assert await stock(tmp_path, columns={"sku": "Item", "available": "Qty\nfree"}) == STOCK


async def test_where_no_line_is_the_header_the_likeliest_is_named(tmp_path: Path) -> None:
    drop(tmp_path / "stock.csv", "Stock list\n\nItem;Qty;Note\nA;4;\nB;5;x\n")

    message = await failure(tmp_path, ContractBroken)
    assert 'stock.csv: line 3: no column "sku"; columns: Item, Qty, Note. Add columns' in message


@pytest.mark.parametrize(
    ("header", "rows"),
    [
        ("sku;available", ["A;4;", "B;5;;;"]),
        ("sku;available", ["A;4; ", "B;5;\u00a0"]),
        ("sku;available;", ["A;4;", "B;5"]),
        ("sku;available;;;", ["A;4", "B;5;;"]),
        ("sku;available;;note", ["A;4;;x", "B;5;y;z"]),
        ("sku;available;", ["A;4;x", "B;5;y"]),
    ],
)
async def test_delimiters_at_the_end_of_a_row_mean_nothing(
    tmp_path: Path, header: str, rows: list[str]
) -> None:
    drop(tmp_path / "stock.csv", "\n".join([header, *rows]) + "\n")

    assert await stock(tmp_path) == STOCK


@pytest.mark.parametrize("row", ["A;4;x", "A", "A;;;4"])
async def test_a_row_of_another_width_is_refused(tmp_path: Path, row: str) -> None:
    drop(tmp_path / "stock.csv", f"sku;available\n{row}\nB;5\n")

    _, (refused,) = await read(tmp_path)
    assert "but the header has 2" in refused.reason


async def test_newlines_in_quotes_belong_to_the_field(tmp_path: Path) -> None:
    drop(tmp_path / "stock.csv", 'sku;title;available\nA;"Kettle\r\n\r\nbig";4\nC;"x\ny";z\nB;;5\n')

    records, (refused,) = await read(tmp_path)

    assert [(record.sku, record.title) for record in records] == [
        ("A", "Kettle\r\n\r\nbig"),
        ("B", None),
    ]
    assert refused.place == "line 6"


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "mac-roman", "cp437", "utf-16-be"])
async def test_a_fixed_encoding_is_used(tmp_path: Path, encoding: str) -> None:
    drop(tmp_path / "stock.csv", "sku,available\nÄ,4\n".encode(encoding))

    assert await stock(tmp_path, encoding=encoding) == {"Ä": 4}


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
async def test_two_bytes_a_letter_are_known_without_their_mark(
    tmp_path: Path, encoding: str
) -> None:
    drop(tmp_path / "stock.csv", "sku,available\nÄ,4\n".encode(encoding))

    assert await stock(tmp_path) == {"Ä": 4}


async def test_what_is_not_in_the_fixed_encoding_is_named(tmp_path: Path) -> None:
    drop(tmp_path / "stock.csv", "sku,available\nÄ,4\n".encode("cp1252"))

    message = await failure(tmp_path, ContractBroken, encoding="utf-8")
    assert "stock.csv is not all utf-8: save it as UTF-8, or correct `encoding`" in message


async def test_a_file_of_one_line_without_an_end_is_half_written(tmp_path: Path) -> None:
    drop(tmp_path / "stock.csv", "sep=;")

    await failure(tmp_path, Temporary)


async def test_words_stand_for_numbers(tmp_path: Path) -> None:
    drop(
        tmp_path / "stock.csv",
        "sku;available;incoming\nA;Not  stocked;5\nB;>100;-\nC;unlimited;\nD;sold out;2\nE;3;-\n"
        "F;many;1\n",
    )
    words = {"not stocked": "absent", ">100": "at least 100", "Unlimited": "uncounted",
             "SOLD OUT": "0", "-": "uncounted"}  # fmt: skip

    records, (refused,) = await read(tmp_path, words=words)

    assert [(record.sku, record.available, record.incoming) for record in records] == [
        ("B", 100, None),
        ("C", None, None),
        ("D", 0, 2),
        ("E", 3, None),
    ]
    assert [record.at_least for record in records] == [True, False, False, False]
    assert (refused.sku, refused.reason) == ("F", '"many" is not a whole number')


CELLS = st.text(st.characters(codec="utf-8").filter(str.isprintable), min_size=1, max_size=12)
TITLES = st.one_of(st.just(""), st.text(st.sampled_from("ab ;,|\"'\t=0"), max_size=20))


@st.composite
def dialects(draw: st.DrawFn) -> dict[str, Any]:
    delimiter = draw(st.sampled_from(",;\t|"))
    return {
        "delimiter": delimiter,
        "end": draw(st.sampled_from(["\n", "\r\n"])),
        "quoting": draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])),
        "sep": draw(st.booleans()),
        "titles": draw(st.lists(TITLES, max_size=4)),
        "trailing": draw(st.integers(0, 2)),
        "blank_after": draw(st.integers(0, 3)),
        "encoding": draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])),
    }


def written(dialect: dict[str, Any], rows: list[tuple[str, str, int]]) -> str:
    file = io.StringIO(newline="")
    if dialect["sep"]:
        file.write(f"sep={dialect['delimiter']}{dialect['end']}")
    for title in dialect["titles"]:
        file.write(title + dialect["end"])
    writer = csv.writer(
        file,
        delimiter=dialect["delimiter"],
        lineterminator=dialect["end"],
        quoting=dialect["quoting"],
    )
    more = [""] * dialect["trailing"]
    writer.writerow(["title", "sku", "available"])
    for place, (title, sku, quantity) in enumerate(rows):
        writer.writerow([title, sku, str(quantity), *more])
        if place == dialect["blank_after"]:
            writer.writerow(["", "", "", *more])
    return file.getvalue()


@given(
    dialect=dialects(),
    rows=st.lists(st.tuples(CELLS, CELLS, st.integers(-5, 10**6)), max_size=8),
)
def test_what_a_spreadsheet_writes_is_read_as_it_was(
    dialect: dict[str, Any], rows: list[tuple[str, str, int]]
) -> None:
    # A sum may be taken for a totals row only where it says so, and these do not.
    rows = [("t" + title, "x-" + sku, quantity) for title, sku, quantity in rows]
    data = written(dialect, rows).encode(dialect["encoding"])
    file = io.TextIOWrapper(io.BytesIO(data), encoding=dialect["encoding"], newline="")
    first = [line for _ in range(50) if (line := file.readline())]

    layout = find_layout(first, encoding="", delimiter=None, columns={})
    file.seek(0)
    decoder = RowDecoder(layout, ColumnNumbers(None, dict), zone_of(None))
    page = decoder.page(read_rows(layout, file, "stock.csv"), as_of=0)

    assert page.refused == []
    assert page.records == [Record(sku=s, available=n, title=t) for t, s, n in rows]

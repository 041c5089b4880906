"""The kind `csv`: compressed files and spreadsheets, known by what they hold."""

import gzip
import io
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from sync.channels.csv.unpacking import packing
from sync.errors import ContractBroken, NeedsOperator, Temporary
from tests.contract.test_csv import drop, failure, read, stock
from tests.contract.workbooks import Rows, Sheets, ods, xlsx, zipped
from tests.long_run import first

TEXT = b"sku,available\nA,4\nB,5\n"
STOCK = {"A": 4, "B": 5}
ROWS: Rows = [["sku", "available"], ["A", 4], ["B", 5]]


@pytest.mark.parametrize("name", first(1, ["stock.csv", "stock.csv.gz", "stock.zip", "stock.dat"]))
@pytest.mark.parametrize(
    "content",
    [
        gzip.compress(TEXT),
        gzip.compress(TEXT[:10]) + gzip.compress(TEXT[10:]),
        zipped({"stock.csv": TEXT}),
        zipped({"out/": "", "out/stock.txt": TEXT, "__MACOSX/out/._stock.txt": b"\0\1"}),
        zipped({"stock.xlsx": xlsx({"Stock": ROWS})}),
        gzip.compress(ods({"Stock": ROWS})),
        TEXT,
    ],
)
async def test_a_file_is_read_as_what_it_holds(tmp_path: Path, name: str, content: bytes) -> None:
    drop(tmp_path / name, content)

    assert await stock(tmp_path, path=name) == STOCK


@pytest.mark.parametrize("name", ["stock.csv.gz", "stock.zip", "stock.xlsx", "Stock.ODS"])
async def test_packed_files_of_a_folder_count(tmp_path: Path, name: str) -> None:
    made = {"z": gzip.compress(TEXT), "p": zipped({"a.csv": TEXT}), "x": xlsx({"S": ROWS})}
    drop(tmp_path / name, made.get(name[-1], ods({"S": ROWS})))
    drop(tmp_path / f"~${name}", b"\0lock")

    assert await stock(tmp_path, path=".") == STOCK


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (gzip.compress(TEXT * 100)[:-12], "looks half written"),
        (zipped({"stock.csv": TEXT})[:-12], "looks half written"),
        (xlsx({"Stock": ROWS})[:-12], "looks half written"),
        (gzip.compress(TEXT + b"C"), "its last line has no line end"),
        (gzip.compress(b""), "its last line has no line end"),
    ],
)
async def test_a_packed_file_that_is_half_written_is_not_read(
    tmp_path: Path, content: bytes, words: str
) -> None:
    drop(tmp_path / "stock.csv", content)

    assert words in await failure(tmp_path, Temporary)


def encrypted() -> bytes:
    content = bytearray(zipped({"stock.csv": TEXT}))
    content[content.rindex(b"PK\x01\x02") + 8] |= 1
    return bytes(content)


def damaged() -> bytes:
    content = bytearray(gzip.compress(TEXT * 100))
    content[-7] ^= 255
    return bytes(content)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (zipped({"a.csv": TEXT, "b.csv": TEXT}), "holds 2 files: a zip file must hold exactly one"),
        (zipped({}), "holds no file"),
        (encrypted(), "is encrypted: have it sent without a password"),
        (damaged(), "is damaged: CRC check failed"),
        (gzip.compress(gzip.compress(TEXT)), "is compressed twice"),
        (
            b"BZh91AY&SY" + bytes(50),
            "is compressed (bzip2): have it sent as gzip, zip or plain CSV",
        ),
        (b"\xfd7zXZ\0" + bytes(50), "is compressed (xz)"),
        (b"\xd0\xcf\x11\xe0" + bytes(600), "can't be read"),
        (zipped({"mimetype": "x", "content.xml": "<"}), "can't be read"),
    ],
)
async def test_what_cannot_be_unpacked_says_why(tmp_path: Path, content: bytes, words: str) -> None:
    drop(tmp_path / "stock.csv", content)

    message = await failure(tmp_path, ContractBroken)
    assert words in message
    assert "stock.csv" in message


@pytest.mark.parametrize(
    "pack",
    [
        gzip.compress,
        lambda text: zipped({"a.csv": text}),
        lambda text: zipped({"[Content_Types].xml": "<Types/>", "xl/media/a.png": text}),
    ],
)
async def test_a_file_that_unpacks_to_more_than_the_bound_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pack: Callable[[bytes], bytes]
) -> None:
    monkeypatch.setattr(packing, "UNPACKED_BYTES_MAX", 2**20)
    monkeypatch.setattr(packing, "_CHUNK_BYTES", 2**16)
    drop(tmp_path / "stock.csv", pack(TEXT + b"\n" * 2**20))

    assert "more than 1,048,576 bytes inside" in await failure(tmp_path, ContractBroken)


async def test_a_header_that_begins_like_a_compressed_file_is_read(tmp_path: Path) -> None:
    drop(tmp_path / "stock.csv", "BZhas,sku,available\n1,A,1\n")

    assert await stock(tmp_path) == {"A": 1}


@pytest.mark.parametrize("make", [xlsx, ods])
async def test_a_spreadsheet_is_read_like_a_csv_file(
    tmp_path: Path, make: Callable[[Sheets], bytes]
) -> None:
    rows: Rows = [
        ["Stock of Monday"],
        [],
        ["sku", "title", "available", "price"],
        ["A", 'Kettle, "big"\nwith lid', 4, 39.9],
        [4006381333931.0, None, 1234.0, 1.125],
        ["BAD", None, 1.234, None],
        [],
        ["Total", None, 1238],
    ]
    drop(tmp_path / "stock.xlsx", make({"Notes": [["nothing", "here"]], "Stock": rows}))

    records, (refused,) = await read(tmp_path, path="stock.xlsx")

    assert [(record.sku, record.available, record.price_minor) for record in records] == [
        ("A", 4, 3990),
        ("4006381333931", 1234, 112),
    ]
    assert records[0].title == 'Kettle, "big"\nwith lid'
    assert (refused.sku, refused.reason) == ("BAD", '"1.2340" is not a whole number')


@pytest.mark.parametrize("decimal", [None, ".", ","])
async def test_the_numbers_of_a_sheet_have_no_decimal_sign_to_be_mistaken(
    tmp_path: Path, decimal: str | None
) -> None:
    rows: Rows = [["sku", "available", "price"], ["A", 4, 1.5], ["B", 1000, 1000.255]]
    drop(tmp_path / "stock.xlsx", xlsx({"Stock": rows}))
    keys = {} if decimal is None else {"decimal": decimal}

    records, refused = await read(tmp_path, path="stock.xlsx", **keys)

    assert refused == []
    assert [(record.available, record.price_minor) for record in records] == [
        (4, 150),
        (1000, 100026),
    ]


async def test_two_sheets_that_may_be_meant_need_a_choice(tmp_path: Path) -> None:
    other: Rows = [["sku", "available"], ["A", 9]]
    drop(tmp_path / "stock.csv", xlsx({"North": ROWS, "South": other, "Old": other}, ["Old"]))

    assert await stock(tmp_path, sheet="South") == {"A": 9}
    message = await failure(tmp_path, ContractBroken)
    assert 'stock.csv: 2 sheets have these columns: North, South. Say which: sheet = "…"' in message
    message = await failure(tmp_path, ContractBroken, sheet="West")
    assert 'no sheet "West"; sheets: "North", "South"' in message


async def test_a_wrong_header_of_a_sheet_names_what_is_there(tmp_path: Path) -> None:
    drop(tmp_path / "stock.csv", xlsx({"Notes": [["hello"]], "Stock": [["Item", "Qty"], ["A", 1]]}))

    message = await failure(tmp_path, ContractBroken)
    assert 'stock.csv, sheet Stock: line 1: no column "sku"; columns: Item, Qty. Add' in message


async def test_without_the_library_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "python_calamine", None)
    drop(tmp_path / "stock.xlsx", xlsx({"Stock": ROWS}))

    message = await failure(tmp_path, NeedsOperator, path="stock.xlsx")
    assert "stock.xlsx is a spreadsheet and needs python-calamine" in message


async def test_a_sheet_of_billions_of_cells_ends_only_its_own_program(tmp_path: Path) -> None:
    """A cell far out makes the library take memory for every cell in between."""
    drop(tmp_path / "stock.csv", with_a_cell_far_out())

    assert "its sheets are too large" in await failure(tmp_path, ContractBroken)


def with_a_cell_far_out() -> bytes:
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    sheet = (
        f'<worksheet xmlns="{main}"><sheetData><row r="1"><c r="A1"><v>1</v></c></row>'
        '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData></worksheet>'
    )
    made = zipfile.ZipFile(io.BytesIO(xlsx({"Stock": ROWS})))
    parts = {name: made.read(name) for name in made.namelist()}
    return zipped({**parts, "xl/worksheets/sheet1.xml": sheet})

"""What only the csv kind does: find the file, its layout and whether it is whole."""

import os
import time
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest

from store.model import Direction, Record, Refused, State
from sync.channels import open_channel
from sync.channels.base import Channel, RecordPage
from sync.channels.csv.channel import QUIET_MS
from sync.channels.csv.options import CsvOptions
from sync.clock import Clock, SystemClock
from sync.errors import ChannelError, ContractBroken, Temporary
from sync.settings import ChannelSettings
from tests.contract.harness import options_of


def channel(base: Path, clock: Clock | None = None, /, **options: object) -> Channel:
    settings = ChannelSettings(
        name="warehouse",
        kind="csv",
        direction=Direction.OBSERVE,
        options=options_of(CsvOptions, {"path": "stock.csv", **options}),
    )
    return open_channel(settings, clock or SystemClock(), base)


def drop(path: Path, content: str | bytes) -> None:
    """Write a file as one that was finished a while ago."""
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    then = time.time() - QUIET_MS / 1000 - 1
    os.utime(path, (then, then))


async def read(base: Path, **options: object) -> tuple[list[Record], list[Refused]]:
    opened = channel(base, None, **options)
    try:
        pages: list[RecordPage] = [page async for page in opened.pages()]
    finally:
        await opened.close()
    return [r for page in pages for r in page.records], [r for page in pages for r in page.refused]


async def stock(base: Path, **options: object) -> dict[str, int | None]:
    records, refused = await read(base, **options)
    assert refused == []
    return {record.sku: record.available for record in records}


async def failure(base: Path, kind: type[ChannelError], **options: object) -> str:
    with pytest.raises(ChannelError) as caught:
        await read(base, **options)
    assert type(caught.value) is kind, repr(caught.value)
    assert str(caught.value).startswith("warehouse")
    return str(caught.value)


async def test_every_known_column_is_read(tmp_path: Path) -> None:
    drop(
        tmp_path / "stock.csv",
        "sku,title,available,on_hand,committed,unavailable,incoming,threshold,state,price,"
        "location,updated_at\n"
        'A-1,"Kettle, 1.7 l",5,9,3,1,20,0,Active,39.90,Leeds,2026-11-23T14:00:00+01:00\n',
    )

    (record,), refused = await read(tmp_path)

    assert refused == []
    assert record == Record(
        sku="A-1",
        title="Kettle, 1.7 l",
        available=5,
        on_hand=9,
        committed=3,
        unavailable=1,
        incoming=20,
        threshold=0,
        state=State.ACTIVE,
        price_minor=3990,
        location="Leeds",
        source_at=1_795_438_800_000,
    )


async def test_columns_say_which_header_is_which_field(tmp_path: Path) -> None:
    drop(tmp_path / "stock.csv", "Item;Free ;available\nA;3;99\n")

    assert await stock(tmp_path, columns={"sku": "Item", "available": "Free"}) == {"A": 3}


async def test_available_is_computed_where_only_on_hand_is_given(tmp_path: Path) -> None:
    drop(tmp_path / "stock.csv", "sku,on_hand,committed,threshold\nA,12,5,2\nB,3,,\n")

    assert await stock(tmp_path) == {"A": 5, "B": 3}


@pytest.mark.parametrize(
    ("encoding", "prefix"),
    [
        ("utf-8", b""),
        ("utf-8", b"\xef\xbb\xbf"),
        ("utf-16-le", b"\xff\xfe"),
        ("utf-16-be", b"\xfe\xff"),
        ("cp1252", b""),
    ],
)
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
async def test_encoding_and_delimiter_are_found_out(
    tmp_path: Path, encoding: str, prefix: bytes, delimiter: str
) -> None:
    text = "sku,title,available\r\nÄ-1,Kännchen,7\r\n".replace(",", delimiter)
    drop(tmp_path / "stock.csv", prefix + text.encode(encoding))

    assert await stock(tmp_path) == {"Ä-1": 7}


async def test_encoding_and_delimiter_can_be_given(tmp_path: Path) -> None:
    drop(tmp_path / "stock.csv", "sku~available\nЯ~7\n".encode("koi8-r"))

    assert await stock(tmp_path, encoding="koi8-r", delimiter="~") == {"Я": 7}


async def test_times_without_a_zone_are_of_the_configured_one(tmp_path: Path) -> None:
    rows = "A,1,2026-11-23 14:00:00\nB,1,2026-11-23T13:00:00Z\nC,1,\n"
    drop(tmp_path / "stock.csv", "sku,available,updated_at\n" + rows)

    records, refused = await read(tmp_path, timezone="Europe/Berlin")

    assert refused == []
    times = {record.sku: record.source_at for record in records}
    assert times == {"A": 1_795_438_800_000, "B": 1_795_438_800_000, "C": None}


EVERY_KEY: dict[str, object] = {
    "path": "drop",
    "columns": {"sku": "sku", "available": "available"},
    "encoding": "utf-8",
    "delimiter": ",",
    "skip": 0,
    "final_newline": False,
    "decimal": ".",
    "timezone": "Europe/Berlin",
    "full": "full*",
    "changes": "changes*",
    "export": "out/{batch}.csv",
    "sheet": "Stock",
    "words": {"none left": "0"},
}
ON_A_SERVER = {"username", "password", "token", "private_key", "known_hosts", "endpoint"}


async def test_every_key_of_the_kind_goes_with_every_other(tmp_path: Path) -> None:
    assert set(EVERY_KEY) | ON_A_SERVER == set(CsvOptions.__struct_fields__)
    (tmp_path / "drop").mkdir()
    drop(tmp_path / "drop" / "full-1.csv", "sku,available\nA,none left\n")

    assert await stock(tmp_path, **EVERY_KEY) == {"A": 0}


async def test_the_newest_file_of_a_folder_is_read(tmp_path: Path) -> None:
    for name, age, content in [
        ("old.csv", 90, "sku,available\nA,1\n"),
        ("new.CSV", 30, "sku,available\nA,2\n"),
        ("upload.csv.part", 10, "sku,available\nA,3\n"),
        (".hidden.csv", 10, "sku,available\nA,4\n"),
    ]:
        drop(tmp_path / name, content)
        then = time.time() - age
        os.utime(tmp_path / name, (then, then))

    assert await stock(tmp_path, path=".") == {"A": 2}


async def test_a_page_is_as_of_the_files_time(tmp_path: Path) -> None:
    drop(tmp_path / "stock.csv", "sku,available\n" + "".join(f"S{n},{n}\n" for n in range(2500)))
    opened = channel(tmp_path)

    pages = [page async for page in opened.pages()]
    await opened.close()

    written = (tmp_path / "stock.csv").stat().st_mtime_ns // 1_000_000
    assert [len(page.records) for page in pages] == [1000, 1000, 500]
    assert {page.as_of for page in pages} == {written}


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("A,twelve", '"twelve" is not a whole number'),
        ("A,1e400", '"1e400" is not a whole number'),
        ("A,none", '"none" is not a whole number'),
        ("A,3.5", '"3.5" is not a whole number'),
        ("A,9999999999999", "is too large: at most 1,000,000,000,000"),
        ("A,5,6", "3 fields, but the header has 2"),
        ("A", "1 fields, but the header has 2"),
        (",5", "the SKU is empty"),
        ("A\x1b[2J,5", "control"),
        ("A" * 10_000 + ",5", "the SKU has 10,000 characters"),
        ('"A"x,5', "expected after"),
    ],
)
async def test_a_bad_row_blinds_itself_only(tmp_path: Path, row: str, words: str) -> None:
    drop(tmp_path / "stock.csv", f"sku,available\nGOOD,1\n{row}\nALSO,-2\n")

    records, (refused,) = await read(tmp_path)

    assert [(record.sku, record.available) for record in records] == [("GOOD", 1), ("ALSO", -2)]
    assert refused.place == "line 3"
    assert words in refused.reason
    assert refused.sku in {"A", None}


@pytest.mark.parametrize(
    "content",
    [
        "",
        "sku,available\nA,1\nB,12",
        "sku,available\nA,1\nB",
        "sku,avail",
        "sku,available\n".encode("utf-16")[:-2],
    ],
)
async def test_a_half_written_file_is_not_read(tmp_path: Path, content: str | bytes) -> None:
    drop(tmp_path / "stock.csv", content)

    await failure(tmp_path, Temporary)


async def test_a_last_line_without_an_end_can_be_allowed(tmp_path: Path) -> None:
    drop(tmp_path / "stock.csv", "sku,available\nA,1")
    assert await stock(tmp_path, final_newline=False) == {"A": 1}

    drop(tmp_path / "stock.csv", "sku,available\nA,1\nB")
    assert "half written" in await failure(tmp_path, Temporary, final_newline=False)


@dataclass
class Writing(SystemClock):
    """Somebody appends to the file whenever we wait."""

    path: Path
    waits: list[int] = field(default_factory=list)
    appends: int = 99

    async def sleep(self, span_ms: int) -> None:
        self.waits.append(span_ms)
        if len(self.waits) <= self.appends:
            with self.path.open("a") as file:
                file.write("B,1\n")


async def test_a_file_that_is_being_written_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "stock.csv"
    path.write_text("sku,available\n")
    opened = channel(tmp_path, Writing(path))

    with pytest.raises(Temporary, match="still being written"):
        [page async for page in opened.pages()]
    await opened.close()


async def test_a_file_is_read_once_it_rests(tmp_path: Path) -> None:
    path = tmp_path / "stock.csv"
    path.write_text("sku,available\nA,1\n")
    opened = channel(tmp_path, Writing(path, appends=2))

    pages = [page async for page in opened.pages()]
    await opened.close()

    assert [record.sku for record in pages[0].records] == ["A", "B", "B"]


async def test_a_file_that_changes_while_it_is_read_does_not_count(tmp_path: Path) -> None:
    path = tmp_path / "stock.csv"
    drop(path, "sku,available\n" + "".join(f"S{n},{n}\n" for n in range(2500)))
    opened = channel(tmp_path)

    pages = opened.pages()
    await anext(pages)
    path.write_text("sku,available\n")

    with pytest.raises(Temporary, match="changed while it was read"):
        [page async for page in pages]
    await opened.close()


async def test_an_open_quote_that_swallows_rows_fails_the_poll(tmp_path: Path) -> None:
    drop(tmp_path / "stock.csv", 'sku,available\nA,"1\nB,2\nC,"3"\nD,4\n')
    message = await failure(tmp_path, ContractBroken)
    assert "a quote is never closed" in message
    assert "line 2" in message


async def test_a_header_that_begins_like_a_compressed_file_is_read(tmp_path: Path) -> None:
    drop(tmp_path / "stock.csv", "BZ,sku,available\n1,A,1\n")

    assert await stock(tmp_path) == {"A": 1}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (
            "Item,Qty\nA,1\n",
            (
                'line 1: no column "sku"; columns: Item, Qty. '
                'Add columns = { sku = "Item", available = "Qty" }'
            ),
        ),
        (
            "sku,Qty\nA,1\n",
            (
                'no column "available"; columns: sku, Qty. '
                'Add columns = { sku = "sku", available = "Qty" }'
            ),
        ),
        (
            "sku,sku,available\nA,B,1\n",
            'more than one column "sku"; columns: sku, sku, available. Rename one of them',
        ),
        ("<html>\x1b[2J</html>\n", "columns: <html>\ufffd[2J</html>."),
        ("\n", "columns: none."),
    ],
)
async def test_a_wrong_header_names_what_is_there(tmp_path: Path, content: str, words: str) -> None:
    drop(tmp_path / "stock.csv", content)

    assert words in await failure(tmp_path, ContractBroken)


async def test_bytes_that_are_no_text_fail_the_poll(tmp_path: Path) -> None:
    drop(tmp_path / "stock.csv", b"sku,available\nA\x81,1\n")

    message = await failure(tmp_path, ContractBroken)
    assert "stock.csv" in message


async def test_signing_in_tells_what_was_found(tmp_path: Path) -> None:
    drop(tmp_path / "stock.csv", "Item,Qty\nA,1\n")
    opened = channel(tmp_path, columns={"sku": "Item", "available": "Qty"})

    words = await opened.sign_in()
    await opened.close()

    assert words.startswith("stock.csv, 13 bytes, written 2")
    assert "sku in 'Item', available in 'Qty'" in words


@pytest.mark.parametrize(
    "table",
    [
        {"columns": {"sku": "Item"}},
        {"columns": {"sku": "Item", "avail": "Qty"}},
        {"delimiter": "::"},
        {"encoding": "klingon"},
    ],
)
def test_options_that_cannot_work_are_refused(table: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"path": "x", **table}, CsvOptions)


@pytest.mark.parametrize("figure", ["", "  ", "unlimited", "Untracked"])
async def test_a_row_without_a_number_is_not_counted(tmp_path: Path, figure: str) -> None:
    drop(tmp_path / "stock.csv", f"sku,available,state\nA,{figure},\nB,0,\nC,{figure},disabled\n")

    records, refused = await read(
        tmp_path, columns={"sku": "sku", "available": "available", "state": "state"}
    )

    assert not refused
    shown = [(record.sku, record.available, record.state) for record in records]
    assert shown == [("A", None, "uncounted"), ("B", 0, None), ("C", None, "disabled")]


async def test_a_row_without_what_is_on_hand_is_not_counted(tmp_path: Path) -> None:
    drop(tmp_path / "stock.csv", "sku,on_hand,committed\nA,,2\nB,5,2\n")

    assert await stock(tmp_path) == {"A": None, "B": 3}


async def test_a_bad_row_blinds_its_own_location(tmp_path: Path) -> None:
    drop(tmp_path / "stock.csv", "sku,location,available\nA,north,four\nB,\x07,4\n")
    _, refused = await read(tmp_path)
    assert [(record.sku, record.location) for record in refused] == [("A", "north"), (None, "")]

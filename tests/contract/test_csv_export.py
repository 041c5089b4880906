"""The kind `csv`, written: updates as files that something else imports."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from store.model import Record, State
from sync.channels.base import Change
from sync.channels.csv import export
from sync.errors import NeedsOperator, Temporary, Withheld
from sync.transport.before_write import before_write
from tests.contract.test_csv import channel, drop

EXPORT = "out/corrections-{batch}.csv"
NOBODY = 65_534


def change(sku: str, quantity: int, number: int = 1, **record: object) -> Change:
    previous = Record(sku=sku, available=9, **record)  # type: ignore[arg-type]
    return Change(sku, previous.location, "", quantity, previous, f"skew-{number}-1795438800000")


async def written(base: Path, *changes: Change, **options: object) -> list[Path]:
    opened = channel(base, export=EXPORT, **options)
    if (base / "stock.csv").exists():
        assert [page async for page in opened.pages()]
    receipts = await opened.write(changes)
    await opened.close()
    assert [receipt.change for receipt in receipts] == list(changes)
    assert all(receipt.later and receipt.refused is None for receipt in receipts)
    return sorted((base / "out").iterdir())


async def test_a_correction_is_a_row_in_the_channels_own_columns(tmp_path: Path) -> None:
    drop(tmp_path / "stock.csv", "Stock list\nItem;Place;Name;Free\nA;N;Kettle;9\n")
    names = {"sku": "Item", "location": "Place", "available": "Free"}

    (file,) = await written(
        tmp_path, change("A", 3, location="N"), change('B;"', 0, 2, location="S"), columns=names
    )

    assert file.name.startswith("corrections-2")
    assert file.name.endswith("Z-1.csv")
    assert file.read_bytes() == b'Item;Place;Free\nA;N;3\n"B;""";S;0\n'


async def test_on_hand_is_written_with_what_is_held(tmp_path: Path) -> None:
    drop(tmp_path / "stock.csv", "sku,on_hand,committed\nA,12,3\n")

    (file,) = await written(tmp_path, change("A", 5, on_hand=12, committed=3))
    assert file.read_text() == "sku,on_hand\nA,8\n"


async def test_a_state_is_written_where_it_is_a_column(tmp_path: Path) -> None:
    named = {"sku": "sku", "available": "available", "state": "status"}
    drop(tmp_path / "stock.csv", "sku,status,available\nA,active,9\n")
    off = change("A", 0, state="active")
    off = Change(off.sku, "", "", 0, off.previous, off.key, state=State.HOLD)

    (file,) = await written(tmp_path, off, change("B", 4, state="active"), columns=named)
    assert file.read_text() == "sku,status,available\nA,hold,0\nB,active,4\n"


async def test_each_batch_has_a_file_of_its_own(tmp_path: Path) -> None:
    for number in range(1, 6):
        files = await written(tmp_path, change("A", number, number))
        assert len(files) == number


async def test_a_file_that_is_there_is_not_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export.Exporter, "_name", lambda *_: tmp_path / "out" / "corrections-1.csv")
    (file,) = await written(tmp_path, change("A", 1))
    before = file.read_bytes()

    with pytest.raises(Temporary, match="exists already, and is not over"):
        await written(tmp_path, change("A", 2))
    assert [path.name for path in file.parent.iterdir()] == ["corrections-1.csv"]
    assert file.read_bytes() == before


@pytest.mark.parametrize("has_nameless_files", [True, False])
async def test_what_is_withheld_at_the_last_moment_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, has_nameless_files: bool
) -> None:
    if not has_nameless_files:
        monkeypatch.setattr(export, "_TMPFILE", None)
        assert [file.suffix for file in await written(tmp_path, change("A", 1))] == [".csv"]
    before = files_in(tmp_path)
    seen: list[str] = []

    async def look() -> None:
        seen.extend(name for name in files_in(tmp_path) if name.endswith(".csv"))
        raise Withheld("moved")

    with before_write(look), pytest.raises(Withheld):
        await written(tmp_path, change("A", 2))
    assert seen == before
    assert files_in(tmp_path) == before


def files_in(base: Path) -> list[str]:
    return sorted(path.name for path in base.rglob("*") if path.is_file())


async def test_a_row_that_the_encoding_has_no_letters_for_is_refused_alone(tmp_path: Path) -> None:
    opened = channel(tmp_path, export=EXPORT, encoding="cp1252")
    good, bad = await opened.write([change("A", 1), change("Ж", 2)])
    await opened.close()

    assert (good.later, good.refused) == (True, None)
    assert (bad.later, bad.refused) == (False, '"Ж" can\'t be written as cp1252')
    (file,) = (tmp_path / "out").iterdir()
    assert file.read_text() == "sku,available\nA,1\n"


@contextmanager
def as_nobody() -> Iterator[Path]:
    """A folder that is somebody's who may not write everywhere: root works as `nobody` there."""
    with TemporaryDirectory() as name:
        folder, is_root = Path(name), os.geteuid() == 0
        (folder / "out").mkdir(mode=0o555)
        folder.chmod(0o755)
        if is_root:
            os.seteuid(NOBODY)
        try:
            yield folder
        finally:
            if is_root:
                os.seteuid(0)


async def test_a_folder_that_cannot_be_written_needs_a_person() -> None:
    with as_nobody() as folder, pytest.raises(NeedsOperator, match="out can't be written"):
        await written(folder, change("A", 1))


async def test_a_folder_that_is_a_file_is_temporary(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    with pytest.raises(Temporary, match=r"can't be written|exists already"):
        await written(tmp_path, change("A", 1))


KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from sync.transport.before_write import before_write
from tests.contract.test_csv_export import change, written

async def look():
    os.kill(os.getpid(), signal.SIGKILL)

with before_write(look):
    asyncio.run(written(Path(sys.argv[1]), change("A", 1)))
"""


@pytest.mark.long
async def test_a_kill_before_the_last_look_leaves_nothing(tmp_path: Path) -> None:
    ended = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", KILLED, str(tmp_path)], check=False
    )

    assert ended.returncode == -signal.SIGKILL
    assert list((tmp_path / "out").iterdir()) == []

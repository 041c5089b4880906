"""The kind `csv` and the file itself: gone, a device, a pipe, without an end, left half way."""

import contextlib
import os
from datetime import datetime
from pathlib import Path

import pytest

from sync.channels.csv import files
from sync.errors import ContractBroken, NeedsOperator, Temporary
from tests.contract.test_csv import channel, drop, failure


async def test_a_missing_file_may_come_back(tmp_path: Path) -> None:
    assert "stock.csv not found in" in await failure(tmp_path, Temporary)
    assert "no .csv" in await failure(tmp_path, Temporary, path=".")


async def test_a_link_in_a_folder_shows_no_file_from_elsewhere(tmp_path: Path) -> None:
    """Whoever may drop files there must not be able to show any file that we may read."""
    folder, elsewhere = tmp_path / "drop", tmp_path / "secret.csv"
    folder.mkdir()
    elsewhere.write_text("root:x:0:0\n")
    (folder / "stock.csv").symlink_to(elsewhere)

    assert "no .csv" in await failure(tmp_path, Temporary, path="drop")

    (folder / "monday.txt").write_text("sku,available\nA,3\n")
    (folder / "newest.csv").symlink_to("monday.txt")
    opened = channel(tmp_path, path="drop")
    records = [record.sku async for page in opened.pages() for record in page.records]
    await opened.close()
    assert records == ["A"]


async def test_a_device_is_no_file(tmp_path: Path) -> None:
    await failure(tmp_path, NeedsOperator, path=os.devnull)


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs Linux's list of open files")
async def test_stopping_midway_closes_the_file(tmp_path: Path) -> None:
    drop(tmp_path / "stock.csv", "sku,available\n" + "".join(f"S{n},{n}\n" for n in range(5000)))
    opened = channel(tmp_path)

    async with contextlib.aclosing(opened.pages()) as pages:  # type: ignore[type-var]
        await anext(pages)
        assert str(tmp_path / "stock.csv") in open_files()
    await opened.close()

    assert str(tmp_path / "stock.csv") not in open_files()


def open_files() -> list[str]:
    found = []
    for link in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            found.append(str(link.readlink()))
    return found


async def test_a_line_without_end_is_not_read_into_memory(tmp_path: Path) -> None:
    drop(tmp_path / "stock.csv", "sku,available\n" + "A" * 2**21 + ",4\n")
    words = await failure(tmp_path, ContractBroken)
    assert "line 2: has more than 1,048,576 characters" in words


async def test_a_pipe_that_takes_the_files_place_holds_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "stock.csv"
    drop(path, "sku,available\nA,4\n")
    opened = os.open

    def swapped(name: str, flags: int) -> int:
        if path.is_file():
            path.unlink()
            os.mkfifo(path)
        return opened(name, flags)

    monkeypatch.setattr(os, "open", swapped)

    assert "being replaced" in await failure(tmp_path, Temporary)


@pytest.mark.parametrize("year", ["0001", "9999"])
async def test_a_file_of_any_year_is_kept_in_mind(tmp_path: Path, year: str) -> None:
    """The cache keeps nanoseconds in 64 bits, which end in 2262; a file's time may be any."""
    at = datetime.fromisoformat(f"{year}-06-01T00:00:00+00:00")
    drop(tmp_path / "stock.csv", "sku,available\nA,3\n")
    os.utime(tmp_path / "stock.csv", (at.timestamp(), at.timestamp()))
    status = (tmp_path / "stock.csv").stat()

    (found,) = files.candidates(tmp_path / "stock.csv")

    assert abs(found.stamp.modified_ns) < 2**63
    assert found.is_still(status)

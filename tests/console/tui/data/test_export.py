"""A page's rows in a file: whole, in order, defused, or not there at all."""

import asyncio
import csv
import json
import os
from array import array
from collections.abc import Sequence
from pathlib import Path

import pytest

from console.reports import json_documents
from console.reports.disagreements import CSV_COLUMNS
from console.tui.data import export as export_module
from console.tui.data.export import ExportError, ExportView, export
from console.tui.data.source import DataSource
from store.channels import incidents
from store.model import IncidentKind
from store.queries import status_counts
from store.queries.values import DisagreementFilter, Sort
from tests.console.small_shop import NOW, Shop, record


def source_of(shop: Shop) -> DataSource:
    return DataSource(shop.database, shop.settings, shop.clock)


def rows_in(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def names_in(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def only(number: int) -> Sequence[object]:
    return (number,)


def nothing(_count: int) -> None:
    """Hear of progress, and do nothing."""


async def test_every_row_is_written_in_the_pages_order(shop: Shop, tmp_path: Path) -> None:
    source = source_of(shop)
    ids = await source.disagreement_ids(DisagreementFilter(), Sort.SKU)

    written = await export(
        export_module.disagreements(source, ids),
        tmp_path / "x.csv",
        overwrite=False,
        progress=nothing,
    )

    rows = rows_in(tmp_path / "x.csv")
    assert written == len(rows) == len(ids)
    assert [int(row["id"]) for row in rows] == list(ids)
    assert tuple(rows[0]) == CSV_COLUMNS


async def test_the_json_is_what_the_report_of_the_same_rows_has(shop: Shop, tmp_path: Path) -> None:
    source = source_of(shop)
    ids = await source.update_ids()

    await export(
        export_module.updates(source, ids), tmp_path / "x.json", overwrite=False, progress=nothing
    )

    document = json.loads((tmp_path / "x.json").read_text())
    assert [update["id"] for update in document["updates"]] == list(ids)
    assert set(document["updates"][0]) >= {"sku", "from", "to", "version"}


async def test_an_updates_columns_are_those_of_its_document(shop: Shop, tmp_path: Path) -> None:
    source = source_of(shop)
    ids = await source.update_ids()
    await export(
        export_module.updates(source, ids), tmp_path / "x.csv", overwrite=False, progress=nothing
    )

    (update,) = (await source.updates(ids[:1])).values()
    document = json_documents.flat(json_documents.update(update))
    row = rows_in(tmp_path / "x.csv")[0]
    assert list(row) == list(document)
    assert row == {name: "" if cell is None else str(cell) for name, cell in document.items()}
    assert row["from_state"] == ""


@pytest.mark.parametrize("ending", [".csv", ".json"])
async def test_channels_and_incidents_are_exported_too(
    shop: Shop, tmp_path: Path, ending: str
) -> None:
    health = shop.database.read(status_counts.channels, now=NOW)
    raised = [
        shop.database.write(incidents.raise_incident, name, IncidentKind.STALE, "=late", now=NOW)
        for name in ("shop", "market")
    ]
    found = export_module.incidents(source_of(shop), array("q", (2, 1)), NOW)
    assert all(raised)
    for view, count in ((export_module.channels(health), 4), (found, 2)):
        path = tmp_path / f"{view.name}{ending}"
        assert await export(view, path, overwrite=False, progress=nothing) == count
        if ending == ".json":
            assert len(json.loads(path.read_text())[view.name]) == count


async def test_no_cell_is_a_formula_and_numbers_stay_numbers(shop: Shop, tmp_path: Path) -> None:
    for at in (60_000, 30_000):
        for channel, quantity in (("warehouse", 5), ("shop", 9)):
            records = [record("=CMD|' /C calc'!A0", quantity, "+1\x1b[2J", 100)]
            shop.read(channel, records, at=NOW - at)
    source = source_of(shop)
    wanted = DisagreementFilter(channels=("shop",))
    ids = await source.disagreement_ids(wanted, Sort.RISK)

    await export(
        export_module.disagreements(source, ids),
        tmp_path / "x.csv",
        overwrite=False,
        progress=nothing,
    )

    rows = rows_in(tmp_path / "x.csv")
    row = next(row for row in rows if "CMD" in row["sku"])
    assert row["sku"].startswith("'=")
    assert row["title"].startswith("'+")
    assert "\x1b" not in row["title"]
    assert row["delta"] == "-6"


async def test_what_has_closed_meanwhile_is_left_out_and_not_counted(
    shop: Shop, tmp_path: Path
) -> None:
    view = export_module.disagreements(source_of(shop), array("q", [10_000, 10_001]))

    assert await export(view, tmp_path / "x.csv", overwrite=False, progress=nothing) == 0


async def test_a_file_that_is_there_is_kept_unless_it_may_be_overwritten(
    shop: Shop, tmp_path: Path
) -> None:
    path = tmp_path / "x.csv"
    path.write_text("mine")
    view = export_module.channels(shop.database.read(status_counts.channels, now=NOW))

    with pytest.raises(ExportError, match="exists already"):
        await export(view, path, overwrite=False, progress=nothing)
    assert path.read_text() == "mine"
    assert "x.csv" in names_in(tmp_path)

    await export(view, path, overwrite=True, progress=nothing)
    assert path.read_text() != "mine"
    assert not [name for name in names_in(tmp_path) if name.endswith(".part")]


async def test_a_cancel_leaves_nothing_behind(tmp_path: Path) -> None:
    reached = asyncio.Event()

    async def read(start: int, end: int) -> Sequence[int]:
        if start:
            reached.set()
            await asyncio.Event().wait()
        return range(start, end)

    view = ExportView("numbers", 5_000, ("number",), read, only, str)
    running = asyncio.create_task(
        export(view, tmp_path / "x.csv", overwrite=False, progress=nothing)
    )
    await reached.wait()
    assert [name.endswith(".part") for name in names_in(tmp_path)] == [True]
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    assert names_in(tmp_path) == []


async def test_trouble_with_the_cache_or_the_folder_is_told_and_leaves_nothing(
    shop: Shop, tmp_path: Path
) -> None:
    source = source_of(shop)
    ids = await source.update_ids()
    folder = tmp_path / "out"
    folder.mkdir()
    with pytest.raises(ExportError, match="No such file"):
        await export(
            export_module.updates(source, ids),
            tmp_path / "no" / "x.csv",
            overwrite=False,
            progress=nothing,
        )
    shop.database.close()
    with pytest.raises(ExportError, match="the cache can't be read"):
        await export(
            export_module.updates(source, ids), folder / "x.csv", overwrite=False, progress=nothing
        )

    assert names_in(folder) == []


async def test_progress_is_told_up_to_the_last_row(tmp_path: Path) -> None:
    async def read(start: int, end: int) -> Sequence[int]:
        return range(start, end)

    heard: list[int] = []
    view = ExportView("numbers", 4_321, ("n",), read, only, str)
    await export(view, tmp_path / "x.json", overwrite=False, progress=heard.append)

    assert heard == [2_000, 4_000, 4_321]
    assert len(json.loads((tmp_path / "x.json").read_text())["numbers"]) == 4_321


async def test_a_file_is_its_owners_alone_whatever_the_user_gives_new_ones(tmp_path: Path) -> None:
    async def read(start: int, end: int) -> Sequence[int]:
        return []

    before = os.umask(0)
    try:
        await export(
            ExportView("x", 0, (), read, only, str),
            tmp_path / "x.csv",
            overwrite=False,
            progress=nothing,
        )
    finally:
        os.umask(before)

    assert (tmp_path / "x.csv").stat().st_mode & 0o777 == 0o600


def test_a_name_is_read_with_its_home_and_its_format(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))

    assert export_module.target(" ~/x.JSON ") == tmp_path / "x.JSON"
    for wrong in ("", "x", "x.txt", "folder/", "a\0.csv", "~nobody-at-all/x.csv"):
        with pytest.raises(ExportError):
            export_module.target(wrong)


def test_only_a_file_may_be_overwritten(tmp_path: Path) -> None:
    (tmp_path / "d.csv").mkdir()

    assert not export_module.exists(tmp_path / "x.csv")
    with pytest.raises(ExportError, match="is not a file"):
        export_module.exists(tmp_path / "d.csv")


def test_the_default_name_tells_what_and_when() -> None:
    view = export_module.channels(())

    assert export_module.default_name(view, NOW) == "skew-channels-20261126-140211.csv"

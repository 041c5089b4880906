"""Copying and exporting through the keys."""

import asyncio
import csv
import json
from pathlib import Path

import pytest
from textual.widgets import Input

from console.tui.dialogs.copy_export import CopyDialog, ExportDialog
from tests.console.small_shop import Shop, console, move_cursor_to, press, text_of


@pytest.mark.long
async def test_y_copies_the_sku_and_says_so(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await move_cursor_to(app, pilot, "SKU-0004411")
        await press(app, pilot, "y", "enter")

        assert app.clipboard == "SKU-0004411"
        assert "copied SKU: SKU-0004411" in text_of(app)


@pytest.mark.long
async def test_a_digit_copies_at_once_as_row_as_json(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await move_cursor_to(app, pilot, "SKU-0004411")
        await press(app, pilot, "y", "2")
        row = app.clipboard
        await press(app, pilot, "y", "4")

        assert "SKU-0004411" in row.split("\t")
        assert json.loads(app.clipboard)["sku"] == "SKU-0004411"


@pytest.mark.long
async def test_an_update_and_a_skus_page_can_be_copied_from_too(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await press(app, pilot, "3", "y", "4")
        update = json.loads(app.clipboard)
        await press(app, pilot, "enter", "y", "1")

        assert update["status"] == "proposed"
        assert app.clipboard == update["sku"]


@pytest.mark.long
async def test_escape_copies_nothing(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await press(app, pilot, "y", "9", "escape")

        assert not isinstance(app.screen, CopyDialog)
        assert app.clipboard == ""


@pytest.mark.long
async def test_with_nothing_under_the_cursor_copying_and_exporting_say_so(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await press(app, pilot, "slash", *"nosuch", "enter", "y")
        assert "there is nothing under the cursor to copy" in text_of(app)
        await press(app, pilot, "e")
        assert "there is nothing here to export" in text_of(app)


@pytest.mark.long
async def test_e_writes_the_list_as_it_is_filtered_and_sorted(shop: Shop, folder: Path) -> None:
    async with console(shop) as (app, pilot):
        await press(app, pilot, "slash", *"channel:market", "enter", "s", "s")
        shown = list(app.dashboard.rows.ids)
        await press(app, pilot, "e", "enter")
        await exported(app, pilot)

        (file,) = files_in(folder)
        assert file.name == "skew-disagreements-20261126-140211.csv"
        assert f"exported {len(shown)} disagreements to" in text_of(app)
    with file.open(newline="", encoding="utf-8") as opened:
        assert [int(row["id"]) for row in csv.DictReader(opened)] == shown


@pytest.mark.long
@pytest.mark.parametrize(("page", "key"), [("3", "updates"), ("2", "channels")])
async def test_the_arrows_choose_json(shop: Shop, folder: Path, page: str, key: str) -> None:
    async with console(shop) as (app, pilot):
        await press(app, pilot, page, "e", "down", "enter")
        await exported(app, pilot)

    (file,) = files_in(folder)
    assert file.suffix == ".json"
    assert json.loads(file.read_text())[key]


@pytest.mark.long
async def test_a_file_that_is_there_is_overwritten_only_by_a_yes(shop: Shop, folder: Path) -> None:
    (folder / "x.csv").write_text("mine")
    async with console(shop) as (app, pilot):
        await press(app, pilot, "e")
        app.screen.query_one("#name", Input).value = "x.csv"
        await press(app, pilot, "enter")
        assert "x.csv exists already" in text_of(app)
        assert (folder / "x.csv").read_text() == "mine"
        await press(app, pilot, "n")
        assert not app.screen.query_one("#name", Input).disabled
        await press(app, pilot, "enter", "y")
        await exported(app, pilot)

    assert (folder / "x.csv").read_text() != "mine"


@pytest.mark.long
@pytest.mark.parametrize("name", ["no/such/folder/x.csv", "x.txt", "folder"])
async def test_a_name_that_can_not_be_is_told_and_can_be_mended(
    shop: Shop, folder: Path, name: str
) -> None:
    (folder / "folder").mkdir()
    async with console(shop) as (app, pilot):
        await press(app, pilot, "e")
        box = app.screen.query_one("#name", Input)
        box.value = name
        await press(app, pilot, "enter")
        for _ in range(200):
            if "✖" in text_of(app):
                break
            await pilot.pause(0.01)

        assert "✖" in text_of(app)
        assert not box.disabled
        await press(app, pilot, "escape")
        assert "nothing exported" in text_of(app)
    assert [file.name for file in files_in(folder)] == ["folder"]


@pytest.mark.long
async def test_an_export_shows_how_far_it_is_and_escape_cancels_it(
    shop: Shop, folder: Path
) -> None:
    async with console(shop) as (app, pilot):
        reading, source = asyncio.Event(), app.dashboard.context.source
        explained = source.explained

        async def held(ids: object) -> list[object]:
            reading.set()
            await asyncio.Event().wait()
            return []

        source.explained = held  # type: ignore[method-assign, assignment]
        await pilot.press("e", "enter")
        await reading.wait()
        await pilot.pause()
        assert "0 of 4 rows" in text_of(app)
        await press(app, pilot, "escape")
        for _ in range(200):
            if not files_in(folder):
                break
            await pilot.pause(0.01)
        assert "cancelled: nothing was written" in text_of(app)
        source.explained = explained  # type: ignore[method-assign]
        await press(app, pilot, "enter")
        await exported(app, pilot)

    assert len(files_in(folder)) == 1


def files_in(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


async def exported(app: object, pilot: object) -> None:
    """Let an export come to its end."""
    for _ in range(400):
        if not isinstance(app.screen, ExportDialog):  # type: ignore[attr-defined]
            break
        await pilot.pause(0.01)  # type: ignore[attr-defined]
    assert not isinstance(app.screen, ExportDialog)  # type: ignore[attr-defined]
    await app.refresh_now()  # type: ignore[attr-defined]
    await pilot.pause()  # type: ignore[attr-defined]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, entered: where an export goes unless said."""
    (tmp_path / "out").mkdir()
    monkeypatch.chdir(tmp_path / "out")
    return tmp_path / "out"

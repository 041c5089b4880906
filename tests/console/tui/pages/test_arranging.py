"""How a list is arranged, by keys and by the mouse's bytes: its order, its columns, their width."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from textual import events
from textual._xterm_parser import XTermParser
from textual.pilot import Pilot

from console.tui.app import SkewApp
from console.tui.drawing.columns import fitted
from console.tui.session import memory
from console.tui.session.memory import SessionMemory
from console.tui.session.preferences import SessionPreferences
from console.tui.views.disagreements import DisagreementSheet
from console.tui.views.updates import HistorySheet, UpdateSheet
from console.tui.widgets.table import VirtualTable
from console.tui.widgets.table_messages import HeadClicked
from store.channels import incidents
from store.model import IncidentKind, Record
from tests.console.small_shop import NOW, Shop, console, press, rest, settle, text_of

BY_SKU = ["SKU-0001007", "SKU-0004411", "SKU-0007733", "SKU-0009120"]
LONG = "SHELF-0042-BLUE-XXL-9"


def skus(app: SkewApp) -> list[str]:
    rows = app.dashboard.rows
    found = [rows._rows[row_id] for row_id in rows.ids]
    return [row.disagreement.sku for row in found]  # type: ignore[union-attr]


def heads(app: SkewApp) -> str:
    return next(line for line in text_of(app).splitlines() if "TARGET" in line and "Δ" in line)


async def click(app: SkewApp, pilot: Pilot[int], title: str) -> None:
    """Click on a column's title, as the terminal's bytes say it."""
    lines = text_of(app).splitlines()
    y = next(number for number, line in enumerate(lines) if f" {title}" in line and "Δ" in line)
    x = lines[y].index(f" {title}") + 1
    for end in "Mm":
        for event in XTermParser().feed(f"\x1b[<0;{x + 1};{y + 1}{end}"):
            assert isinstance(event, events.MouseEvent)
            assert app._driver is not None
            app._driver.process_message(event)
        await pilot.pause()
    await settle(app, pilot)


@pytest.mark.long
async def test_a_click_on_a_title_sorts_by_it_and_another_reverses(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await click(app, pilot, "CHANNE")
        assert (app.dashboard.order, skus(app)[-1]) == ("channel", "SKU-0001007")
        assert " CHANNE▾ " in heads(app)
        await click(app, pilot, "CHANNE")
        assert (app.dashboard.order, skus(app)[0]) == ("channel, reversed", "SKU-0001007")
        assert " CHANNE▴ " in heads(app)
        assert "sort channel, reversed" in text_of(app)
        await click(app, pilot, "TARGET")
        assert "no order goes by this column" in text_of(app)
        assert app.dashboard.order == "channel, reversed"


async def test_what_the_operator_asks_for_reads_the_rows_in_view_once(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with console(shop) as (app, pilot):
        source, asked = app.dashboard.context.source, []
        read = source.disagreement_rows

        async def counted(*args: Any) -> Any:
            asked.append(args)
            return await read(*args)

        monkeypatch.setattr(source, "disagreement_rows", counted)
        await app.refresh_now()
        await rest(app, pilot)

        assert len(asked) == 1


@pytest.mark.long
async def test_a_menu_sorts_and_reverses_and_what_is_acknowledged_stays_last(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await press(app, pilot, "S", "4")
        assert skus(app) == BY_SKU
        await press(app, pilot, "S", "enter")
        assert app.dashboard.order == "SKU, reversed"
        assert skus(app) == BY_SKU[::-1]
        await press(app, pilot, "S", "1", "g", "c", *"known", "enter")
        *open_ones, last = skus(app)
        assert last == BY_SKU[0]
        await press(app, pilot, "S", "enter")
        assert skus(app) == [*open_ones[::-1], last]
        await press(app, pilot, "O", "O", "O")
        assert app.dashboard.order == "money at risk, reversed"
        await press(app, pilot, "s")
        assert app.dashboard.order == "severity"


@pytest.mark.long
async def test_updates_are_sorted_by_their_titles_too(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await press(app, pilot, "3", "S", "2")
        assert list(app.page.table.ids) == [4, 3, 2, 1]  # type: ignore[attr-defined]
        await press(app, pilot, "S", "2")
        assert list(app.page.table.ids) == [1, 2, 3, 4]  # type: ignore[attr-defined]


async def test_columns_are_chosen_moved_kept_and_given_up(shop: Shop, tmp_path: Path) -> None:
    kept = SessionMemory(tmp_path, "acme")
    async with console(shop, preferences=SessionPreferences(memory=kept)) as (app, pilot):
        await press(app, pilot, "C", "space", "down", "J", "enter", "S", "3", "S", "3")
        shown = heads(app).split()
        assert shown[:6] == ["│", "CHANNEL", "TITLE", "TARGET", "SHOP", "MARKET"]
        app.remember_page()

    again = memory._read(kept, "acme", memory.Remembered)
    begun = SessionPreferences(memory=SessionMemory(tmp_path, "acme", remembered=again))
    async with console(shop, preferences=begun) as (app, pilot):
        assert heads(app).split()[:4] == ["│", "CHANNEL", "TITLE", "TARGET"]
        assert app.dashboard.order == "age, reversed"
        await press(app, pilot, "C", "0")
        assert heads(app).split()[1:4] == ["SKU", "TITLE", "CHANNEL"]


@pytest.mark.long
@pytest.mark.parametrize("keys", [("2",), ("3",), ("4",)], ids=["channels", "updates", "incidents"])
async def test_each_page_chooses_its_own_columns(shop: Shop, keys: Sequence[str]) -> None:
    async with console(shop) as (app, pilot):
        await press(app, pilot, *keys, "C", "space", "enter")
        first, *_ = app.page.table.columns.shown  # type: ignore[attr-defined]
        known, *_ = app.page.table.sheet.known()  # type: ignore[attr-defined]
        assert first.key != known.key
        assert app.dashboard.rows.columns.chosen == ()


@pytest.mark.long
@pytest.mark.parametrize("size", [(200, 45), (160, 45), (100, 30)])
async def test_a_long_sku_is_whole_where_a_title_gives_way(
    shop: Shop, size: tuple[int, int]
) -> None:
    title = "A title that is long enough to take all of the room that there is in a list"
    for channel, available in (("warehouse", 9), ("market", 3)):
        shop.read(channel, [Record(sku=LONG, available=available, title=title)], at=NOW)
    async with console(shop, size) as (app, _):
        assert LONG in text_of(app).split("Pending updates")[0]
        row = next(line for line in text_of(app).splitlines() if LONG in line)
        assert "market" in row


async def test_each_row_of_the_wide_list_names_its_channel(shop: Shop) -> None:
    async with console(shop) as (app, _):
        text = text_of(app)

    assert "MARKET" in text
    rows = [line for line in text.splitlines() if "unexplained" in line and "SKU-" in line]
    assert [line.split("│")[1].split("…")[-1].split()[0] for line in rows[1:]] == ["market"] * 3


async def test_channels_are_sorted_by_menu_and_by_their_titles(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await press(app, pilot, "2", "s")
        rows = app.page.query_one("#channel-rows", VirtualTable)

        def names() -> list[str]:
            return [rows._rows[row_id].name for row_id in rows.ids]

        assert names() == ["market", "outlet", "shop", "warehouse"]
        assert "sort name" in text_of(app)
        rows.post_message(HeadClicked(rows, "name"))
        await settle(app, pilot)
        assert names() == ["warehouse", "shop", "outlet", "market"]
        await press(app, pilot, "S", "1")
        await settle(app, pilot)
        assert names() == ["warehouse", "shop", "market", "outlet"]


async def test_incidents_are_sorted_by_their_titles_and_it_is_remembered(shop: Shop) -> None:
    for channel, kind in (("shop", "unreadable"), ("market", "stale"), ("outlet", "loop")):
        shop.database.write(incidents.raise_incident, channel, IncidentKind(kind), "so", now=NOW)
    async with console(shop) as (app, pilot):
        await press(app, pilot, "4")
        rows = app.page.query_one("#incident-rows", VirtualTable)

        def channels() -> list[str]:
            return [rows._rows[row_id].channel for row_id in rows.ids]

        assert channels() == ["market", "outlet", "shop"]
        rows.post_message(HeadClicked(rows, "channel"))
        await settle(app, pilot)
        rows.post_message(HeadClicked(rows, "channel"))
        await settle(app, pilot)
        assert channels() == ["shop", "outlet", "market"]
        kept = app.page.page_memory()
        assert (kept.sort, kept.backwards) == ("channel", True)


@pytest.mark.parametrize("width", [75, 95, 118, 155])
def test_no_number_of_an_update_is_cut_where_a_title_or_nothing_could_be(width: int) -> None:
    sheet = DisagreementSheet(("warehouse", "shop", "market", "outlet", "till"))
    usual, change = sheet.columns(width), len("#101490 109 → 102")

    wide = {c.key: c.width for c in fitted(usual, width, 11, 30, change)}

    title = wide.get("title", 0)
    assert wide["update"] == change or (title <= 8 and wide["sku"] == 12)
    assert sum(cells + 1 for cells in wide.values()) <= width
    assert len(wide) == len(usual)


@pytest.mark.parametrize("sheet", [UpdateSheet(), HistorySheet()])
@pytest.mark.parametrize("width", [95, 155])
def test_no_update_is_listed_with_half_its_number(
    sheet: UpdateSheet | HistorySheet, width: int
) -> None:
    wide = {c.key: c.width for c in fitted(sheet.columns(width), width, 12, 30, len("#101490"))}

    assert wide["id"] == len("#101490")
    assert sum(cells + 1 for cells in wide.values()) <= width

"""Panes that fill the page or are folded to their titles, by key, at every size."""

import pytest
from textual.pilot import Pilot

from console.tui.app import SkewApp
from console.tui.session.memory import PageMemory
from tests.console.golden import SIZES
from tests.console.small_shop import Shop, console, press, settle, text_of
from tests.long_run import first


def titles(app: SkewApp) -> list[str]:
    words = ("Disagreements 4 of", "Channels", "SKU-0001007 · update", "Pending updates 4")
    text = "\n".join(text_of(app).splitlines()[2:])
    return [word for word in words if word in text]


async def tabs(app: SkewApp, pilot: Pilot[int], count: int) -> None:
    await press(app, pilot, *["tab"] * count)


async def test_a_key_zooms_the_pane_with_the_focus_and_back(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        before = text_of(app)
        await press(app, pilot, "Z")
        assert titles(app) == ["Disagreements 4 of"]
        assert "[1]Disagreements" in text_of(app)
        await press(app, pilot, "Z")
        assert text_of(app) == before
        await tabs(app, pilot, 2)
        await press(app, pilot, "Z")
        assert titles(app) == ["Channels"]
        await press(app, pilot, "a")
        assert "the channels fill the page; Z shows the lists" in text_of(app)


async def test_a_folded_pane_gives_its_room_to_the_others_and_comes_back(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        before = text_of(app)
        await tabs(app, pilot, 1)
        await press(app, pilot, "_")
        assert "Pending updates 4" in text_of(app)
        assert "active → " not in text_of(app)
        assert app.page.focused is app.dashboard.rows
        await press(app, pilot, "_")
        assert text_of(app).splitlines()[:-2] == before.splitlines()[:-2], "the last list unfolds"


async def test_where_the_disagreements_are_folded_the_keys_act_on_the_updates(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await press(app, pilot, "_")
        assert app.dashboard.table is app.dashboard.updates
        assert app.page.focused is app.dashboard.updates
        await press(app, pilot, "n")
        assert app.dashboard.table is app.dashboard.rows
        assert not app.dashboard.panes.folded


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("page", ["1", "2", "3", "4"])
async def test_on_every_page_of_panes_one_list_or_more_is_always_seen(
    shop: Shop, size: tuple[int, int], page: str
) -> None:
    async with console(shop, size) as (app, pilot):
        await press(app, pilot, page)
        before = text_of(app)
        for _ in range(4):
            await press(app, pilot, "_", "tab")
            assert any(table.region.height > 2 for table in app.page.query("VirtualTable"))
        app.page.panes.folded = ()
        app.page.panes.place()
        await settle(app, pilot)
        await press(app, pilot, "Z", "Z")
        assert text_of(app).splitlines()[2:-3] == before.splitlines()[2:-3]


async def test_the_panes_are_remembered_and_one_without_room_is_passed_over(shop: Shop) -> None:
    kept = PageMemory(folded=("rows-panel", "preview-panel", "gone"))
    async with console(shop) as (app, pilot):
        app.page.restore(kept)
        await settle(app, pilot)
        assert app.page.page_memory().folded == kept.folded
        assert titles(app) == [
            "Disagreements 4 of",
            "Channels",
            "SKU-0001007 · update",
            "Pending updates 4",
        ]
        assert app.dashboard.updates.region.height > 15
        await pilot.resize_terminal(80, 24)
        await settle(app, pilot)
        assert app.dashboard.rows.region.height > 10


@pytest.mark.parametrize("size", first(1, SIZES))
async def test_on_a_skus_page_the_column_with_the_focus_fills_the_page(
    shop: Shop, size: tuple[int, int]
) -> None:
    async with console(shop, size) as (app, pilot):
        await press(app, pilot, "enter")
        before = text_of(app)
        left, right = (app.page.query_one(f"#sku-{side}") for side in ("left", "right"))
        await press(app, pilot, "Z")
        assert (left.display, right.display) == (True, False)
        assert left.size.width >= size[0] - 2
        await press(app, pilot, "Z")
        assert text_of(app).splitlines()[:-3] == before.splitlines()[:-3]
        right.focus()
        await press(app, pilot, "Z")
        assert (left.display, right.display) == (False, True)
        assert right.size.width >= size[0] - 2
        assert app.page.page_memory().zoomed == "sku-right"
        await press(app, pilot, "_")
        assert "not on this page" in text_of(app)

"""Views with names through the keys: saved, opened, forgotten, and what a console begins with."""

from pathlib import Path

import pytest

from console.keys.action import PageName
from console.tui.dialogs.palette import PaletteDialog
from console.tui.session.memory import PageMemory
from console.tui.session.preferences import SessionPreferences
from console.tui.session.saved_views import SavedView, SavedViews
from store.queries.ranking_values import GroupBy
from store.queries.values import Sort
from tests.console.small_shop import Shop, console, press, text_of


def preferring(folder: Path, **team: SavedView) -> SessionPreferences:
    return SessionPreferences(views=SavedViews(team, {}, folder / "own.toml", ("shop", "market")))


async def test_a_view_is_saved_under_a_name_and_opened_by_it(shop: Shop, tmp_path: Path) -> None:
    preferences = preferring(tmp_path)
    async with console(shop, preferences=preferences) as (app, pilot):
        await press(app, pilot, "slash", *"channel:market", "enter", "s")
        order = app.dashboard.sort
        await press(app, pilot, "v", *"buyers", "enter")
        assert "view buyers saved: disagreements · channel:market" in text_of(app)
        await press(app, pilot, "escape", "s", "s", "2")
        await press(app, pilot, ":", *"view buyers", "enter")

        assert app.page is app.dashboard
        assert app.dashboard.filter_text == "channel:market"
        assert app.dashboard.sort is order is not Sort.RISK
        assert len(app.dashboard.rows.ids) == 3
    assert '[buyers]\npage = "disagreements"\n' in (tmp_path / "own.toml").read_text()


@pytest.mark.long
async def test_a_view_opens_alike_whatever_was_shown_before(shop: Shop, tmp_path: Path) -> None:
    team = SavedView(PageName.DISAGREEMENTS, PageMemory(filter="lamp"))
    async with console(shop, preferences=preferring(tmp_path, lamps=team)) as (app, pilot):
        app.dashboard.do_group()
        await press(app, pilot, "s", "s", "v", *"lamps", "enter")

        assert (app.dashboard.sort, app.dashboard.by) == (Sort.RISK, GroupBy.NONE)
        assert app.dashboard.filter_text == "lamp"


@pytest.mark.long
async def test_the_palette_lists_them_and_forgets_only_one_s_own(
    shop: Shop, tmp_path: Path
) -> None:
    team = SavedView(PageName.UPDATES, PageMemory(filter="channel:shop"))
    async with console(shop, preferences=preferring(tmp_path, shops=team)) as (app, pilot):
        await press(app, pilot, "v")
        assert "View shops" in text_of(app)
        assert "updates · channel:shop" in text_of(app)
        await press(app, pilot, *"shops")
        assert "Forget view shops" not in text_of(app)
        await press(app, pilot, "down", "enter", "v", *"shops")
        assert "Forget view shops" in text_of(app)
        await press(app, pilot, "down", "down", "enter")
        assert "view shops forgotten" in text_of(app)

        assert app.preferences.views.all == {"shops": team}


@pytest.mark.long
async def test_a_name_that_can_t_be_one_is_refused_in_words(shop: Shop, tmp_path: Path) -> None:
    async with console(shop, preferences=preferring(tmp_path)) as (app, pilot):
        await press(app, pilot, "v", *"two words", "enter")

        assert "a view's name is one word" in text_of(app)
        assert not (tmp_path / "own.toml").exists()


@pytest.mark.long
async def test_a_folder_that_can_t_be_written_is_said(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    preferences = preferring(tmp_path / "file")
    async with console(shop, preferences=preferences) as (app, pilot):
        await press(app, pilot, "v", *"buyers", "enter")

        assert "the views can't be written: " in text_of(app)


async def test_a_console_begins_with_the_view_that_it_is_told(shop: Shop, tmp_path: Path) -> None:
    team = SavedView(PageName.UPDATES, PageMemory(filter="channel:shop", group="all"))
    preferences = preferring(tmp_path, shops=team)
    memory = preferences.memory
    memory.remembered = preferences.views.remembered("shops", memory.remembered)
    async with console(shop, preferences=preferences) as (app, _):
        assert app.page.place is PageName.UPDATES
        assert "filter: channel:shop" in text_of(app)
        assert "▸all" in text_of(app)


@pytest.mark.long
async def test_nothing_is_saved_where_a_page_has_no_views(shop: Shop, tmp_path: Path) -> None:
    async with console(shop, preferences=preferring(tmp_path)) as (app, pilot):
        await press(app, pilot, "2", ":", *"view x")

        assert isinstance(app.screen, PaletteDialog)
        assert "Save as view" not in text_of(app)

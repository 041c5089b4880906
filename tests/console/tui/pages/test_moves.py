"""The keys that move: as in vi, in every list, and behind an operator's own."""

import pytest

from console import preferences
from console.tui.dialogs.texts.help import HelpDialog
from console.tui.session.preferences import SessionPreferences
from console.tui.widgets.scroll import CursorScroll
from store.model import Record
from tests.console.small_shop import NOW, Shop, console, press

ROWS = 60


@pytest.fixture
def long_list(shop: Shop) -> Shop:
    """A shop with more that disagrees than any screen has lines."""
    for ago in (3, 1):
        at = NOW - ago * 60_000
        skus = [f"SKU-{number:03}" for number in range(ROWS)]
        shop.read("warehouse", [Record(sku=sku, available=50) for sku in skus], at=at)
        shop.read("shop", [Record(sku=sku, available=9) for sku in skus], at=at + 1_000)
    return shop


async def test_letters_move_through_a_list_as_in_vi(long_list: Shop) -> None:
    async with console(long_list, (100, 30)) as (app, pilot):
        rows, places = app.dashboard.rows, []
        page = rows.size.height - 2
        for keys in (("G",), ("g", "g"), ("ctrl+f",), ("ctrl+d",), ("ctrl+u",), ("ctrl+b",)):
            await press(app, pilot, *keys)
            places.append(rows.cursor)

    last = len(rows.ids) - 1
    assert places == [last, 0, page, page + page // 2, page, 0]


@pytest.mark.long
async def test_letters_scroll_a_page_that_is_no_list(shop: Shop) -> None:
    async with console(shop, (80, 24)) as (app, pilot):
        await press(app, pilot, "enter")
        scrolled = app.page.query_one("#sku-left", CursorScroll).mover
        ends = []
        for key in ("G", "g", "ctrl+d", "ctrl+u"):
            await press(app, pilot, key)
            ends.append(round(scrolled.scroll_y))
        end, half = scrolled.max_scroll_y, scrolled.scrollable_content_region.height // 2

    assert ends == [end, 0, half, 0]
    assert end > half > 0


async def test_an_own_key_of_an_earlier_day_goes_before_a_key_that_came_later(shop: Shop) -> None:
    own = {"keys": {"group": "g", "export": "G", "undo": ["u", "f1"], "theme": "ctrl+l"}}
    chosen = SessionPreferences(preferences.decode(own, source="console.toml"))
    keys = {action.name: action.keys for action in chosen.preferences.actions}
    assert [keys[name] for name in ("first", "last", "repaint", "help")] == [(), (), (), ("?",)]
    assert keys["page_down"] == ("ctrl+f",)

    async with console(shop, preferences=chosen) as (app, pilot):
        await press(app, pilot, "g")
        assert app.dashboard.by == "cause"


@pytest.mark.long
async def test_f1_helps(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await press(app, pilot, "f1")
        assert isinstance(app.screen, HelpDialog)
        await press(app, pilot, "f1")
        assert not app.screen.is_modal

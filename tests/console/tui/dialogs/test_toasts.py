"""What is said in passing covers no dialog, and never the row under the cursor."""

import pytest
from textual.geometry import Region
from textual.widgets._toast import Toast

from console.keys.action import PageName
from console.tui.app import SkewApp
from console.tui.dialogs.confirm import SnoozeDialog
from console.tui.widgets.table import VirtualTable
from store.model import Record
from tests.console.small_shop import MINUTE, NOW, Shop, console, press, settle, text_of
from tests.long_run import first

SIZES = [(160, 45), (100, 30), (80, 24), (60, 20), (40, 12)]
LONG = "the channel refused it: " + "the listing is locked by a promotion, " * 4


@pytest.fixture
def many(shop: Shop) -> Shop:
    """A shop of which forty more listings disagree: its list is longer than the screen."""
    skus = [f"SKU-{number:07}" for number in range(40)]
    for ago in (4, 2):
        for channel, quantity in (("warehouse", 9), ("shop", 3), ("market", 40), ("outlet", 0)):
            records = [Record(sku=sku, available=quantity, price_minor=900) for sku in skus]
            shop.read(channel, records, at=NOW - ago * MINUTE // 2)
    return shop


def row_under_cursor(app: SkewApp) -> Region:
    table = app.page.query(VirtualTable).first()
    line = table.region.y + 1 + table.cursor - round(table.scroll_y)
    return Region(table.region.x, line, table.region.width, 1)


def toasts(app: SkewApp) -> list[Region]:
    # Of more than there is room for, the rest is scrolled out of sight.
    found = [app.page.find_widget(toast) for toast in app.page.query(Toast)]
    return [geometry.visible_region for geometry in found if geometry.visible_region]


@pytest.mark.long
@pytest.mark.parametrize("size", first(1, SIZES), ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("page", first(1, ["1", "2", "3", "4"]))
async def test_the_row_under_the_cursor_stays_in_sight(
    many: Shop, size: tuple[int, int], page: str
) -> None:
    async with console(many, size, toasts=True) as (app, pilot):
        await press(app, pilot, page)
        for number in range(3):
            app.notify(f"{number} {LONG}", title="Not applied", markup=False, timeout=60)
        for keys in (("home",), ("j",) * 9, ("pagedown",), ("end",), ("k",) * 9, ("pageup",)):
            await press(app, pilot, *keys)
            await settle(app, pilot)
            row = row_under_cursor(app)

            assert [region for region in toasts(app) if region.overlaps(row)] == []
        assert any(region.height for region in toasts(app))
        assert app.page.place is list(PageName)[int(page) - 1]


@pytest.mark.long
@pytest.mark.parametrize("size", first(1, SIZES[:3]), ids=lambda size: f"{size[0]}x{size[1]}")
async def test_no_dialog_is_covered_by_what_was_said_before_or_meanwhile(
    shop: Shop, size: tuple[int, int]
) -> None:
    async with console(shop, size, toasts=True) as (app, pilot):
        app.notify("said before", markup=False, timeout=60)
        await press(app, pilot, "r")
        app.notify("said meanwhile", markup=False, timeout=60)
        await settle(app, pilot)

        assert app.screen.is_modal
        assert [*app.screen.query(Toast)] == []
        assert "said meanwhile" not in text_of(app)
        await press(app, pilot, "escape")
        await settle(app, pilot)
        assert "said meanwhile" in text_of(app)


@pytest.mark.long
async def test_a_wrong_span_is_said_in_the_dialog_that_asks_for_it(shop: Shop) -> None:
    async with console(shop, (80, 24)) as (app, pilot):
        await press(app, pilot, "z", "tab", *"1s", "enter")

        assert isinstance(app.screen, SnoozeDialog)
        assert "✖ a snooze lasts at least a minute" in text_of(app)
        assert "  esc" in text_of(app)

"""Text that is written again: what it costs the screen around it."""

from typing import Any

import pytest
from textual.content import Content

from console.tui.widgets.text import TextBlock
from tests.console.quick_textual import paint
from tests.console.small_shop import Shop, console, rest, settle, text_of


@pytest.mark.long
async def test_text_that_is_hidden_lays_nothing_out(shop: Shop) -> None:
    """The narrow screen's summary has no place on a wide one, and is rewritten at every key."""
    async with console(shop, (160, 45)) as (app, pilot):
        paint(app)
        assert not app.page.query_one("#brief").display
        layouts: list[Any] = []
        app.screen.screen_layout_refresh_signal.subscribe(app.page, layouts.append)

        app.page.repaint()
        await settle(app, pilot)

        assert layouts == []


@pytest.mark.long
async def test_text_that_comes_into_view_is_written_for_its_width(shop: Shop) -> None:
    async with console(shop, (160, 45)) as (app, pilot):
        await pilot.resize_terminal(60, 20)
        await settle(app, pilot)

        assert app.page.query_one("#brief").display
        assert " why: shows 41, 14 off the target" in text_of(app)


@pytest.mark.long
async def test_text_that_was_painted_before_it_was_laid_out_gets_its_height(shop: Shop) -> None:
    """A repaint for another reason shows the new text in the old height: it is not left so."""
    async with console(shop, (160, 45)) as (app, pilot):
        block = app.page.query_one("#channels", TextBlock)
        block._writer = lambda _width: Content("\n".join("abcdefgh"))
        block.refresh()
        await rest(app, pilot)

        block.rewrite()
        await rest(app, pilot)

        assert block.size.height == 8

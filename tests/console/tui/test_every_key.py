"""Every key of the table on every page, of an empty shop and of a full one: the app lives."""

import asyncio
from pathlib import Path

import pytest
from textual.pilot import Pilot

from console.keys import ACTIONS
from console.keys.action import PageName
from console.tui.app import SkewApp
from console.tui.pages.page import Page
from tests.console.small_shop import Shop, console, key_of, press, rest, text_of
from tests.console.troubled_channels import trouble_channels
from tests.long_run import first

TABS = {f"show_{place}" for place in PageName} - {"show_sku"}
"""They do the same wherever they are pressed: it is enough to do so on one page."""
LEFT_OUT = {"quit", "clear"}
"""The one ends the app, the other is pressed after each."""


async def through(app: SkewApp, pilot: Pilot[int]) -> None:
    """Let a key's act come to its end, or to its question; nothing is read again for it."""
    for _ in range(400):
        await rest(app, pilot)
        if app.screen.is_modal or not acting(app):
            break
        await asyncio.sleep(0.002)


def acting(app: SkewApp) -> bool:
    return any(worker.is_running and worker.group == "act" for worker in app.workers)


@pytest.mark.long
@pytest.mark.parametrize("place", first(1, PageName))
@pytest.mark.parametrize("full", first(1, [True, False]), ids=["full", "empty"])
async def test_every_key_leaves_a_page_that_lives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: PageName, *, full: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    shop = Shop(tmp_path)
    if full:
        shop.open()
        trouble_channels(shop)
    async with console(shop, (80, 24)) as (app, pilot):
        await app.show(place)
        missing = [action for action in ACTIONS if place not in action.on]
        for action in missing:
            app.post_message(key_of(app, action.keys[0]))
        await rest(app, pilot)
        texts = {line.text for line in app.session.log}
        assert texts >= {f"{action.title}: not on this page" for action in missing}

        for action in ACTIONS:
            if action.name in LEFT_OUT or action in missing:
                continue
            if action.name in TABS and place is not PageName.DISAGREEMENTS:
                continue
            app.post_message(key_of(app, action.keys[0]))
            await through(app, pilot)
            while app.screen.is_modal:
                # A dialog is left with one escape, the palette's list with another.
                app.post_message(key_of(app, "escape"))
                await through(app, pilot)
            app.page.close_filter()
            await app.show(place)

            assert app.is_running, action.name
            assert app._exception is None, action.name
            assert app.screen_stack == [app.page], action.name
            assert not acting(app), action.name
        await press(app, pilot, "escape")
        assert isinstance(app.screen, Page)
        assert "acme-eu" in text_of(app)
    shop.database.close()

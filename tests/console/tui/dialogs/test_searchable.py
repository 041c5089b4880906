"""Help and log: whole, and narrowed by `/` to what is searched for."""

import pytest

from console.tui.dialogs.texts.help import HelpDialog
from console.tui.dialogs.texts.log import LogDialog
from tests.console.small_shop import Shop, console, press, text_of


async def test_the_help_is_narrowed_to_what_is_typed(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await press(app, pilot, "?", "/", *"snooze")
        text = text_of(app)
        assert "Snooze the update or incident" in text
        assert "Sort by the next order" not in text

        await press(app, pilot, "escape")
        assert isinstance(app.screen, HelpDialog)
        assert "Reject the update" in text_of(app)
        await press(app, pilot, "escape")
        assert not app.screen.is_modal


@pytest.mark.long
async def test_what_the_help_lacks_is_said(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await press(app, pilot, "?", "/", *"zzz")
        assert "No key or sign is like that." in text_of(app)


@pytest.mark.long
async def test_the_log_is_whole_and_searchable(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        for n in range(200):
            app.session.say(f"line {n} of many")
        app.session.say("ana rejected #7")
        await press(app, pilot, "L")
        assert isinstance(app.screen, LogDialog)
        assert "14:02:11  ana rejected #7" in text_of(app)
        await press(app, pilot, "/", *"line 3 OF")
        assert "line 3 of many" in text_of(app)
        assert "rejected" not in text_of(app).split("Log", 1)[1].splitlines()[3]
        await press(app, pilot, "escape", "escape")
        assert not app.screen.is_modal

"""What is typed and pasted into dialogs: spans that are none, text that a terminal obeys."""

import unicodedata

import pytest
from textual import events
from textual.widgets import Input

from console.tui.app import SkewApp
from console.tui.dialogs.confirm import SnoozeDialog
from store.model import CorrectionStatus
from tests.console.small_shop import (
    Shop,
    console,
    move_cursor_to,
    newest_update,
    press,
    settle,
    text_of,
)
from tests.console.troubled_channels import trouble_channels
from tests.long_run import first

PASTED = "\x1b[3m\x9b2\u202e\nsecond line"


def obeyed(app: SkewApp) -> list[str]:
    """What on the screen a terminal would obey instead of showing it."""
    return [
        character
        for character in text_of(app)
        if character != "\n" and unicodedata.category(character) in ("Cc", "Cf")
    ]


@pytest.mark.long
@pytest.mark.parametrize("keys", first(2, ["r", "/", "c", "e", "z tab", ":", "2 P"]))
async def test_what_is_pasted_is_shown_and_obeyed_by_no_terminal(shop: Shop, keys: str) -> None:
    async with console(shop) as (app, pilot):
        await press(app, pilot, *keys.split())
        app.post_message(events.Paste(PASTED))
        await settle(app, pilot)
        assert isinstance(app.focused, Input)
        assert "␛[3m" in app.focused.value
        assert obeyed(app) == []

        await press(app, pilot, "enter", "escape", "escape")
        assert obeyed(app) == []


@pytest.mark.long
async def test_a_snooze_that_is_none_is_refused_and_a_long_one_told_with_its_day(
    shop: Shop,
) -> None:
    async with console(shop) as (app, pilot):
        await move_cursor_to(app, pilot, "SKU-0001007")
        await press(app, pilot, "z", "tab", "0", "m", "enter")
        assert isinstance(app.screen, SnoozeDialog)
        assert newest_update(shop, "SKU-0001007").status is CorrectionStatus.PROPOSED

        await press(app, pilot, "backspace", "backspace", *"10000d", "enter")
        assert newest_update(shop, "SKU-0001007").status is CorrectionStatus.SNOOZED
        assert "snoozed until 2054-04-13 14:02Z" in text_of(app)


@pytest.mark.long
async def test_the_snooze_of_an_incident_is_told_with_its_day(shop: Shop) -> None:
    trouble_channels(shop)
    async with console(shop) as (app, pilot):
        await press(app, pilot, "4", "z", "tab", "3", "d", "enter")

        assert "until 2026-11-29 14:02Z" in text_of(app)

"""Keys pressed faster than the screen follows: a dialog is answered once, and lies alone."""

import pytest
from textual.pilot import Pilot

from console.tui.app import SkewApp
from console.tui.dialogs.confirm import ApproveDialog, ReasonDialog
from console.tui.pages.page import Page
from store.model import CorrectionStatus
from tests.console.small_shop import (
    Shop,
    console,
    key_of,
    move_cursor_to,
    newest_update,
    press,
    settle,
)
from tests.long_run import first


async def burst(app: SkewApp, pilot: Pilot[int], *keys: str) -> None:
    """Press keys at once, as a line that hung hands over what was typed meanwhile."""
    for key in keys:
        app.post_message(key_of(app, key))
    await settle(app, pilot)


def asking(app: SkewApp) -> list[str]:
    """The acts that wait for an answer or are under way."""
    return [worker.name for worker in app.workers if worker.is_running and worker.group == "act"]


@pytest.mark.long
async def test_enter_twice_in_a_dialog_answers_it_once(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await press(app, pilot, "r", "x")
        assert isinstance(app.screen, ReasonDialog)
        await burst(app, pilot, "enter", "enter", "enter")

        assert isinstance(app.screen, Page)
        rejected = shop.database.read(
            lambda c: c.execute("SELECT count(*) FROM corrections WHERE status = 'rejected'")
            .fetchone()[0]
        )  # fmt: skip
        assert rejected == 1


@pytest.mark.long
@pytest.mark.parametrize("keys", first(1, ["yn", "ny", "yy", "nn"]))
async def test_a_question_is_answered_by_the_first_of_two_keys(shop: Shop, keys: str) -> None:
    async with console(shop) as (app, pilot):
        await move_cursor_to(app, pilot, "SKU-0001007")
        await press(app, pilot, "a")
        assert isinstance(app.screen, ApproveDialog)
        await burst(app, pilot, *keys)
        await press(app, pilot, "escape", "2")

        status = CorrectionStatus.APPROVED if keys[0] == "y" else CorrectionStatus.PROPOSED
        assert newest_update(shop, "SKU-0001007").status is status
        assert app.screen_stack[-1] is app.page


@pytest.mark.long
@pytest.mark.parametrize("key", first(2, ["a", ":", "r", "z", "c", "y", "e"]))
async def test_a_key_pressed_twice_asks_once(shop: Shop, key: str) -> None:
    async with console(shop) as (app, pilot):
        await move_cursor_to(app, pilot, "SKU-0001007")
        await burst(app, pilot, key, key)
        assert app.screen.is_modal
        await press(app, pilot, "escape")

        assert app.screen_stack[-1] is app.dashboard
        assert asking(app) == []


@pytest.mark.long
@pytest.mark.parametrize("keys", first(1, ["a2", "231a4", "2a", "a21", "a213"]))
async def test_turning_the_page_takes_no_dialog_away(shop: Shop, keys: str) -> None:
    async with console(shop) as (app, pilot):
        await move_cursor_to(app, pilot, "SKU-0001007")
        await burst(app, pilot, *keys)
        await press(app, pilot, "escape", "escape")

        assert app.screen_stack[-1] is app.page
        assert asking(app) == []


@pytest.mark.long
async def test_the_palette_does_not_open_over_a_dialog(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await move_cursor_to(app, pilot, "SKU-0001007")
        await press(app, pilot, "a", "ctrl+p")
        assert type(app.screen) is ApproveDialog
        await press(app, pilot, "n", "ctrl+p")

        assert app.screen.has_class("palette") or app.screen.query(".palette")
        assert asking(app) == []

"""The palette by its keys, also where they come in one burst: a paste, a slow line."""

import asyncio

import pytest
from textual.pilot import Pilot
from textual.widgets import OptionList

from console.keys.action import PageName
from console.keys.search import PaletteEntry
from console.tui.app import SkewApp
from console.tui.dialogs.confirm import ApproveDialog
from console.tui.dialogs.palette import PaletteDialog
from console.tui.pages.updates import UpdatesPage
from store.corrections import lifecycle
from store.model import CorrectionStatus
from tests.console.small_shop import Shop, console, key_of, move_cursor_to, press, settle, text_of
from tests.long_run import first


def decided(shop: Shop) -> list[CorrectionStatus]:
    found = shop.database.read(lifecycle.by_id, range(1, 50))
    return [update.status for update in found if update.status is not CorrectionStatus.PROPOSED]


async def left_the_palette(app: SkewApp, pilot: Pilot[int]) -> None:
    """Wait until what was chosen is being done: enter waits for what the cache knows."""
    for _ in range(200):
        if not isinstance(app.screen, PaletteDialog):
            break
        await pilot.pause(0.02)
    await settle(app, pilot)


@pytest.mark.long
async def test_enter_does_nothing_while_nothing_is_typed(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await move_cursor_to(app, pilot, "SKU-0001007")
        await press(app, pilot, ":", "enter", "enter")

        assert isinstance(app.screen, PaletteDialog)
        assert decided(shop) == []


@pytest.mark.long
async def test_the_arrows_choose_and_enter_does_it(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await press(app, pilot, ":", *"show the", "down", "enter")
        await left_the_palette(app, pilot)

        assert app.page is not app.dashboard


async def test_what_is_typed_is_done(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await press(app, pilot, ":", *"sort", "enter")
        await left_the_palette(app, pilot)

        assert "sorted by" in text_of(app)


async def test_colon_q_enter_quits_however_quickly_it_comes(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await move_cursor_to(app, pilot, "SKU-0004411")
        for key in (":", "q", "enter"):
            app.post_message(key_of(app, key))
        for _ in range(50):
            await pilot.pause(0.02)
            if not app.is_running or app._exit:
                break

        assert app.return_value == 0
        assert decided(shop) == []


@pytest.mark.long
@pytest.mark.parametrize("place", first(1, ["1", "3", "4", "5"]))
async def test_no_burst_of_colon_letter_enter_decides(shop: Shop, place: str) -> None:
    async with console(shop) as (app, pilot):
        await move_cursor_to(app, pilot, "SKU-0004411")
        await press(app, pilot, place)
        for letter in "abcdrzuART":
            for key in (":", letter, "enter", "escape", "escape"):
                app.post_message(key_of(app, key))
            await settle(app, pilot)

        assert decided(shop) == []


@pytest.mark.long
async def test_what_is_typed_while_it_opens_is_not_lost(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        for key in ":export":
            app.post_message(key_of(app, key))
        await settle(app, pilot)
        await settle(app, pilot)

        assert isinstance(app.screen, PaletteDialog)
        assert "│  export " in text_of(app)


async def through_palette(app: SkewApp, pilot: Pilot[int], text: str) -> None:
    """Type it and enter, in one burst, and wait until it is done."""
    for key in (":", *text, "enter"):
        app.post_message(key_of(app, key))
    for _ in range(200):
        await settle(app, pilot)
        if not app.screen.is_modal and not isinstance(app.screen, PaletteDialog):
            break
        await asyncio.sleep(0.01)
    await settle(app, pilot)


@pytest.mark.long
async def test_a_sku_is_gone_to_by_the_beginning_of_its_name(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await through_palette(app, pilot, "sku-00077")

        assert app.page.place is PageName.SKU
        assert app.sku.sku == "SKU-0007733"


@pytest.mark.long
async def test_a_channel_is_gone_to_by_name(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await through_palette(app, pilot, "outlet")

        assert app.page.place is PageName.CHANNELS
        assert "outlet" in text_of(app)


@pytest.mark.long
async def test_an_update_is_gone_to_by_its_number_whatever_became_of_it(shop: Shop) -> None:
    number = shop.database.read(lifecycle.by_id, range(1, 50))[-1].id
    async with console(shop) as (app, pilot):
        await through_palette(app, pilot, f"#{number}")

        assert isinstance(app.page, UpdatesPage)
        assert app.page.rows.cursor_id == number
    assert decided(shop) == []


@pytest.mark.long
async def test_an_action_of_another_page_is_done_there(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await press(app, pilot, "2")
        await through_palette(app, pilot, "group the list")

        assert app.page is app.dashboard
        assert "grouped by" in text_of(app)


async def test_a_decision_of_another_page_is_named_there_and_not_taken(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await press(app, pilot, "2")
        await through_palette(app, pilot, "approve the update")

        assert app.page is app.dashboard
        assert not isinstance(app.screen, ApproveDialog)
        assert "Approve the update: a, for what is under the cursor" in text_of(app)
    assert decided(shop) == []


@pytest.mark.long
async def test_what_was_chosen_lately_is_listed_first(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await through_palette(app, pilot, "sku-00077")
        await press(app, pilot, "1", ":")

        lines = [line for line in text_of(app).splitlines() if "SKU   SKU-0007733" in line]
        assert len(lines) == 1


@pytest.mark.long
async def test_a_cache_that_answers_late_holds_up_no_key(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = asyncio.Event()
    async with console(shop) as (app, pilot):
        looked_up = app.find

        async def late(text: str) -> object:
            await answer.wait()
            return await looked_up(text)

        monkeypatch.setattr(app, "find", late)
        await press(app, pilot, ":", *"sku-00", "enter")
        assert isinstance(app.screen, PaletteDialog)
        await press(app, pilot, "0")
        assert "sku-000" in text_of(app)

        answer.set()
        await press(app, pilot, "7", "7")
        for _ in range(100):
            await asyncio.sleep(0.01)
            if "SKU-0007733" in text_of(app):
                break
        assert "SKU-0007733" in text_of(app)
        await press(app, pilot, "escape")
        assert decided(shop) == []


@pytest.mark.long
async def test_what_is_found_after_it_was_left_is_passed_over(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await press(app, pilot, ":")
        dialog = app.screen
        assert isinstance(dialog, PaletteDialog)
        found = asyncio.Event()

        async def find_late(text: str) -> list[PaletteEntry]:
            del text
            await found.wait()
            return []

        dialog._find = find_late
        await pilot.press("a")
        # Its list goes before the dialog does, and what is found may come in between.
        left = dialog.dismiss(None)
        for _ in range(1_000):
            if not dialog.query(OptionList):
                break
            await asyncio.sleep(0)
        found.set()
        await left
        await settle(app, pilot)

        assert app.is_running
        assert app.screen is app.page

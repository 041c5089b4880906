"""The palette by its keys, also where they come in one burst: a paste, a slow line."""

import pytest

from console.tui.dialogs.palette import PaletteDialog
from store.corrections import lifecycle
from store.model import CorrectionStatus
from tests.console.small_shop import Shop, console, key_of, move_cursor_to, press, settle, text_of
from tests.long_run import first


def decided(shop: Shop) -> list[CorrectionStatus]:
    found = shop.database.read(lifecycle.by_id, range(1, 50))
    return [update.status for update in found if update.status is not CorrectionStatus.PROPOSED]


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

        assert app.page is not app.dashboard


async def test_what_is_typed_is_done(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await press(app, pilot, ":", *"sort", "enter")

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


async def test_what_is_typed_while_it_opens_is_not_lost(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        for key in ":export":
            app.post_message(key_of(app, key))
        await settle(app, pilot)
        await settle(app, pilot)

        assert isinstance(app.screen, PaletteDialog)
        assert "│  export " in text_of(app)

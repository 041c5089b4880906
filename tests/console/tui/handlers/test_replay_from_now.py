"""Into the past from a console of now, and back: nothing is decided there, nothing is lost here."""

import asyncio

import pytest

from console.keys.action import PageName
from console.tui.app import SkewApp
from console.tui.dialogs import dialog
from console.tui.dialogs.confirm import ApproveDialog
from console.tui.pages.listing import ListPage
from store.corrections import decisions
from store.history import change_points
from store.model import CorrectionStatus
from tests.console.small_shop import (
    MINUTE,
    NOW,
    SHOWN,
    Shop,
    console,
    key_of,
    move_cursor_to,
    newest_update,
    press,
    settle,
    text_of,
)
from tests.long_run import first

SOLD = NOW - 30_000
"""When the market has put SKU-0004411 right by itself: half a minute ago."""


@pytest.fixture
def lived(shop: Shop) -> Shop:
    shop.show("market", (17, *SHOWN["market"][1:]), at=SOLD)
    return shop


def top(app: SkewApp) -> str:
    return text_of(app).splitlines()[0]


async def test_a_bracket_leads_to_the_change_before_and_escape_to_now(lived: Shop) -> None:
    async with console(lived) as (app, pilot):
        assert "LIVE" in top(app)
        await press(app, pilot, "[", "[")
        assert top(app).startswith(" NOT LIVE ")
        assert "REPLAY 2026-11-26 14:0" in top(app)
        assert "31*" in text_of(app)

        await press(app, pilot, "escape")
        assert "REPLAY" not in top(app)
        assert "● LIVE" in top(app)
        assert "31*" not in text_of(app)
        assert app.page is app.dashboard


@pytest.mark.long
@pytest.mark.parametrize("keys", first(1, ["{", "[", "@1m\r"]))
async def test_each_way_leads_into_the_past(lived: Shop, keys: str) -> None:
    async with console(lived) as (app, pilot):
        await press(app, pilot, *(key.replace("\r", "enter") for key in keys))

        assert "REPLAY" in top(app)


@pytest.mark.long
@pytest.mark.parametrize("keys", first(1, ["]", "}"]))
async def test_after_now_nothing_comes_and_it_says_which_keys_lead_back(
    lived: Shop, keys: str
) -> None:
    async with console(lived) as (app, pilot):
        await press(app, pilot, keys)

        assert "[, { and @ lead into the past" in text_of(app)
        assert "REPLAY" not in top(app)


@pytest.mark.long
async def test_a_time_that_is_not_said_leaves_the_console_at_now(lived: Shop) -> None:
    async with console(lived) as (app, pilot):
        await press(app, pilot, "@", "escape")
        assert "REPLAY" not in top(app)
        await press(app, pilot, "@", *"2999-01-01", "enter")
        assert "REPLAY" not in top(app)
        assert "is in the future" in text_of(app)


async def test_nothing_is_decided_in_the_past_however_quickly_the_keys_come(
    lived: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    # However slow the machine is.
    monkeypatch.setattr(dialog, "PATIENCE_S", 60.0)
    async with console(lived) as (app, pilot):
        await move_cursor_to(app, pilot, "SKU-0009120")
        for key in ("[", "a", "A", "r", "z", "R", "T", "U", "W", "c"):
            app.post_message(key_of(app, key))
        await settle(app, pilot)
        await settle(app, pilot)

        assert "REPLAY" in top(app)
        assert not app.screen.is_modal
        assert "the past can't be changed" in text_of(app)
        assert update_statuses(lived) == {CorrectionStatus.PROPOSED}


@pytest.mark.long
async def test_what_is_approved_in_a_burst_after_the_return_is_what_is_so_now(
    lived: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The row that the past showed is read again before the key has its effect."""
    monkeypatch.setattr(dialog, "PATIENCE_S", 60.0)
    async with console(lived) as (app, pilot):
        await press(app, pilot, "[", "[")
        await move_cursor_to(app, pilot, "SKU-0004411")
        for key in ("escape", "a"):
            app.post_message(key_of(app, key))
        await settle(app, pilot)
        await settle(app, pilot)

        ended = newest_update(lived, "SKU-0004411")
        assert ended.status is not CorrectionStatus.APPROVED


@pytest.mark.long
async def test_an_act_that_is_still_to_ask_does_not_ask_in_the_past(
    lived: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with console(lived) as (app, pilot):
        asked = app.page.context.updates._outlook

        async def enter_meanwhile(batch: object, *_: object) -> object:
            await asyncio.create_task(app.page.context.replay.leap(-1))
            return await asked(batch)  # type: ignore[arg-type]

        monkeypatch.setattr(app.page.context.updates, "_outlook", enter_meanwhile)
        await move_cursor_to(app, pilot, "SKU-0009120")
        await press(app, pilot, "a")
        await settle(app, pilot)

        assert "REPLAY" in top(app)
        assert not isinstance(app.screen, ApproveDialog)
        assert update_statuses(lived) == {CorrectionStatus.PROPOSED}


@pytest.mark.long
async def test_marks_and_the_cursor_are_there_again_after_a_look_back(lived: Shop) -> None:
    async with console(lived) as (app, pilot):
        await press(app, pilot, "*")
        assert isinstance(app.page, ListPage)
        marked, under = set(app.page.table.marks), app.page.table.cursor_id
        await press(app, pilot, "{", "escape")

        assert app.page.table.marks == marked != set()
        assert app.page.table.cursor_id == under


@pytest.mark.long
async def test_what_goes_on_below_is_shown_on_the_return_and_not_before(lived: Shop) -> None:
    async with console(lived) as (app, pilot):
        await press(app, pilot, "[")
        before = text_of(app)
        update = newest_update(lived, "SKU-0009120")
        lived.clock.at += MINUTE
        lived.database.write(
            decisions.reject, [(update.id, None)], who="ben", now=lived.clock.at, reason="counted"
        )
        app._tick()
        await settle(app, pilot)
        shown = text_of(app)
        assert shown.splitlines()[2:-3] == before.splitlines()[2:-3]

        await press(app, pilot, "escape")
        assert "ben rejected" in text_of(app)


@pytest.mark.long
async def test_the_page_of_a_sku_steps_through_its_own_changes(lived: Shop) -> None:
    async with console(lived) as (app, pilot):
        await move_cursor_to(app, pilot, "SKU-0009120")
        await press(app, pilot, "enter", "[")
        assert app.page.place is PageName.SKU
        assert "REPLAY" in top(app)
        await press(app, pilot, "escape")
        assert app.page.place is PageName.SKU
        await press(app, pilot, "escape")
        assert app.page is app.dashboard


@pytest.mark.long
async def test_a_console_that_ends_in_the_past_ends(lived: Shop) -> None:
    async with console(lived) as (app, pilot):
        await press(app, pilot, "[")
        past = app.session.replay
        await press(app, pilot, "q")
    assert app.return_value == 0
    assert past is not None
    with pytest.raises(RuntimeError, match="closed"):
        past.database.read(change_points.first)


@pytest.mark.long
async def test_a_shop_that_was_never_polled_has_no_past(tmp_path: object) -> None:
    shop = Shop(tmp_path)  # type: ignore[arg-type]
    async with console(shop) as (app, pilot):
        await press(app, pilot, "[")

        assert "there is no past to show" in text_of(app)
        assert "REPLAY" not in top(app)
    shop.database.close()


def update_statuses(shop: Shop) -> set[CorrectionStatus]:
    from store.corrections import lifecycle

    found = shop.database.read(lifecycle.by_id, range(1, 50))
    return {update.status for update in found if update.sku != "SKU-0004411"}

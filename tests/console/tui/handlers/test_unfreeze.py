"""What was frozen is let go by a key, with a reason that stays on record."""

from typing import Any

import pytest

from console.keys.action import PageName
from console.tui.app import SkewApp
from console.tui.dialogs.confirm import ReasonDialog
from store.channels import incidents
from store.corrections import freeze
from store.model import IncidentKind
from tests.console.small_shop import NOW, Shop, console, move_cursor_to, press, settle, text_of
from tests.console.text.test_keys_not_commands import COMMAND
from tests.long_run import first

SKU = "SKU-0004411"
WHY = "something other than Skew set it back to 31"


@pytest.fixture
def frozen(shop: Shop) -> Shop:
    def work(connection: Any) -> None:
        (listing,) = connection.execute(
            """SELECT l.id FROM listings l JOIN items i ON i.id = l.item_id
            JOIN channels c ON c.id = l.channel_id WHERE i.sku = ? AND c.name = 'market'""",
            (SKU,),
        ).fetchone()
        freeze._freeze(connection, [listing], WHY, now=NOW - 1000)
        incidents.raise_incident(
            connection, "market", IncidentKind.SECOND_WRITER, f"SKU {SKU}: {WHY}", now=NOW, key=SKU
        )

    shop.database.write(work)
    return shop


def is_frozen(shop: Shop) -> bool:
    return shop.database.read(freeze.why_frozen, SKU, "market") is not None


async def go_to(app: SkewApp, pilot: Any, place: PageName) -> None:
    if place is PageName.INCIDENTS:
        await press(app, pilot, "4")
        return
    await move_cursor_to(app, pilot, SKU)
    if place is PageName.SKU:
        await press(app, pilot, "enter")


@pytest.mark.parametrize(
    "place", first(1, [PageName.DISAGREEMENTS, PageName.SKU, PageName.INCIDENTS])
)
async def test_a_key_asks_why_and_unfreezes(frozen: Shop, place: PageName) -> None:
    async with console(frozen) as (app, pilot):
        await go_to(app, pilot, place)
        await press(app, pilot, "F")
        assert isinstance(app.screen, ReasonDialog)
        assert f"Unfreeze {SKU} on market" in text_of(app)
        await press(app, pilot, *"feed off", "enter")

        assert not is_frozen(frozen)
        assert f"ana unfroze {SKU} on market" in text_of(app)
    ((by, why),) = frozen.database.read(_ended)
    assert (by, why) == ("ana", "feed off")


def _ended(connection: Any) -> Any:
    return connection.execute(
        "SELECT closed_by, closed_why FROM incidents WHERE kind = 'second writer'"
    ).fetchall()


@pytest.mark.long
async def test_without_a_reason_it_stays_frozen(frozen: Shop) -> None:
    async with console(frozen) as (app, pilot):
        await move_cursor_to(app, pilot, SKU)
        await press(app, pilot, "F", "enter", "escape")

        assert is_frozen(frozen)
        assert "nothing unfrozen" in text_of(app)


@pytest.mark.long
async def test_what_is_not_frozen_is_refused_and_nothing_is_asked(frozen: Shop) -> None:
    async with console(frozen) as (app, pilot):
        await move_cursor_to(app, pilot, "SKU-0009120")
        await press(app, pilot, "F")

        assert not app.screen.is_modal
        assert "can't unfreeze SKU-0009120 on market: it is not frozen" in text_of(app)


@pytest.mark.long
async def test_a_colleague_who_was_faster_is_no_fault(frozen: Shop) -> None:
    async with console(frozen) as (app, pilot):
        await move_cursor_to(app, pilot, SKU)
        await press(app, pilot, "F")
        frozen.database.write(freeze.unfreeze, SKU, None, now=NOW)
        await press(app, pilot, *"feed off", "enter")

        assert f"not unfrozen: {SKU} on market is not frozen any more" in text_of(app)


@pytest.mark.long
async def test_a_read_only_console_unfreezes_nothing(frozen: Shop) -> None:
    async with console(frozen, read_only=True) as (app, pilot):
        await move_cursor_to(app, pilot, SKU)
        await press(app, pilot, "F")

        assert not app.screen.is_modal
        assert is_frozen(frozen)


@pytest.mark.long
async def test_no_page_of_a_frozen_sku_names_a_command(frozen: Shop) -> None:
    async with console(frozen) as (app, pilot):
        await move_cursor_to(app, pilot, SKU)
        for key in ("5", "1", "4", "6", "3", "2", "question_mark"):
            await press(app, pilot, key)
            await settle(app, pilot)
            assert not COMMAND.search(text_of(app)), key
        assert app.is_running

"""What the console's keys decide: yes, no, later, back, one by one and in bulk."""

from pathlib import Path

import pytest

from console.tui.app import SkewApp
from console.tui.data.values import DisagreementRow
from console.tui.dialogs.confirm import ApproveDialog, ReasonDialog, SnoozeDialog
from store.corrections import lifecycle
from store.model import CorrectionStatus
from store.queries.ranking_values import Severity
from tests.console.small_shop import (
    MINUTE,
    NOW,
    SHOWN,
    STOCK,
    IdleEngine,
    Shop,
    console,
    move_cursor_to,
    newest_update,
    press,
    settle,
    text_of,
)


async def test_a_small_reduction_is_approved_by_one_key(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await move_cursor_to(app, pilot, "SKU-0004411")
        await press(app, pilot, "a")

        approved = newest_update(shop, "SKU-0004411")
        assert (approved.status, approved.decided_by) == (CorrectionStatus.APPROVED, "ana")
        assert "ana approved #1 (u undo, 5s)" in text_of(app)
        assert isinstance(app.session.engine, IdleEngine)
        assert app.session.engine.woken == 1


async def test_a_raise_shows_its_effect_and_wants_a_y_and_never_a_bare_enter(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await move_cursor_to(app, pilot, "SKU-0001007")
        await press(app, pilot, "a")
        shown = text_of(app)
        await press(app, pilot, "enter")
        still = newest_update(shop, "SKU-0001007").status

        assert isinstance(app.screen, ApproveDialog)
        assert "41 → 55" in shown
        assert "14 units up  1,246" in shown
        assert still is CorrectionStatus.PROPOSED

        await press(app, pilot, "y")
        assert newest_update(shop, "SKU-0001007").status is CorrectionStatus.APPROVED


async def test_one_marked_row_asks_as_a_batch_and_says_so(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await move_cursor_to(app, pilot, "SKU-0004411")
        await press(app, pilot, "space", "A")
        assert "a batch always asks, one of a single update too" in text_of(app)
        assert "no question up to" not in text_of(app)


@pytest.mark.long
async def test_going_to_zero_is_asked_even_when_small(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await move_cursor_to(app, pilot, "SKU-0009120")
        await press(app, pilot, "a")
        assert "1 to zero" in text_of(app)

        await press(app, pilot, "n")
        assert newest_update(shop, "SKU-0009120").status is CorrectionStatus.PROPOSED
        assert "nothing approved" in text_of(app)


@pytest.mark.long
async def test_a_raise_in_bulk_wants_the_count_typed(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await press(app, pilot, "asterisk", "A")
        asked = text_of(app)
        await press(app, pilot, "y", "3", "enter")
        wrong = text_of(app)
        statuses = {
            correction.status for correction in shop.database.read(lifecycle.by_id, range(1, 5))
        }

        assert "4 SKUs on 2 channels" in asked
        assert "type the number of updates, 4, and enter" in asked
        assert "✖ wrong: type" in wrong
        assert statuses == {CorrectionStatus.PROPOSED}

        await press(app, pilot, "backspace", "4", "enter")
        found = shop.database.read(lifecycle.by_id, range(1, 5))
        assert {correction.status for correction in found} == {CorrectionStatus.APPROVED}
        assert "ana approved 4 updates" in text_of(app)


async def test_reductions_in_bulk_want_a_y(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await press(app, pilot, "s", "s", "s", "s")
        for sku in ("SKU-0004411", "SKU-0009120"):
            await move_cursor_to(app, pilot, sku)
            await press(app, pilot, "space")
        await press(app, pilot, "A", "y")

        assert newest_update(shop, "SKU-0004411").status is CorrectionStatus.APPROVED
        assert newest_update(shop, "SKU-0009120").status is CorrectionStatus.APPROVED
        assert newest_update(shop, "SKU-0001007").status is CorrectionStatus.PROPOSED


@pytest.mark.long
async def test_a_bulk_leaves_out_what_cannot_be_trusted_and_says_so(shop: Shop) -> None:
    shop.clock.at = NOW + 30 * MINUTE
    shop.show("warehouse", STOCK, at=shop.clock.at - 2_000)
    shop.show("outlet", SHOWN["outlet"], at=shop.clock.at - 1_000)
    async with console(shop) as (app, pilot):
        await press(app, pilot, "asterisk", "A")

        assert "Approve 1 update " in text_of(app)
        assert "left out: 3 channel stale" in text_of(app)


async def test_undo_takes_the_last_approval_back_while_its_hold_lasts(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await move_cursor_to(app, pilot, "SKU-0004411")
        await press(app, pilot, "a")
        shop.clock.at += 2_000
        app.dashboard.tick()
        await pilot.pause()
        count_bars = text_of(app)
        await press(app, pilot, "u")

        assert "(u undo, 3s)" in count_bars
        assert "ana undid #1" in text_of(app)
        assert newest_update(shop, "SKU-0004411").status is CorrectionStatus.PROPOSED


@pytest.mark.long
async def test_after_the_hold_there_is_nothing_to_undo(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await move_cursor_to(app, pilot, "SKU-0004411")
        await press(app, pilot, "a")
        shop.clock.at += 6_000
        await press(app, pilot, "u")

        assert newest_update(shop, "SKU-0004411").status is CorrectionStatus.APPROVED
        assert "nothing to undo" in text_of(app)


@pytest.mark.long
async def test_rejecting_asks_for_a_reason_and_offers_the_last(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await move_cursor_to(app, pilot, "SKU-0004411")
        await press(app, pilot, "r", "enter")
        assert isinstance(app.screen, ReasonDialog)

        await press(app, pilot, *"phoned", "enter")
        rejected = newest_update(shop, "SKU-0004411")
        assert (rejected.status, rejected.note) == (CorrectionStatus.REJECTED, "phoned")

        await move_cursor_to(app, pilot, "SKU-0001007")
        await press(app, pilot, "r")
        assert "phoned" in text_of(app)
        await press(app, pilot, "down", "enter")
        assert newest_update(shop, "SKU-0001007").note == "phoned"


@pytest.mark.long
async def test_marked_updates_are_rejected_with_one_reason(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await press(app, pilot, "asterisk", "R", *"off", "enter")

        found = shop.database.read(lifecycle.by_id, range(1, 5))
        assert {(correction.status, correction.note) for correction in found} == {
            (CorrectionStatus.REJECTED, "off")
        }


@pytest.mark.long
async def test_snoozing_asks_for_how_long(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await move_cursor_to(app, pilot, "SKU-0004411")
        await press(app, pilot, "z")
        assert isinstance(app.screen, SnoozeDialog)

        await press(app, pilot, "down", "enter")
        snoozed = newest_update(shop, "SKU-0004411")
        assert snoozed.status is CorrectionStatus.SNOOZED
        assert snoozed.snoozed_until == NOW + 3_600_000


@pytest.mark.long
async def test_a_rejected_row_stays_in_sight_and_u_takes_it_back(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await move_cursor_to(app, pilot, "SKU-0004411")
        await press(app, pilot, "r", *"phoned", "enter")
        number = newest_update(shop, "SKU-0004411").id
        assert " ana rejected " in text_of(app)
        assert f"#{number} rejected" in text_of(app)
        assert "1 snoozed or rejected" in text_of(app)
        assert app.dashboard.rows.tags[-1] == Severity.SNOOZED_OR_REJECTED

        await move_cursor_to(app, pilot, "SKU-0004411")
        await press(app, pilot, "a")
        assert f"can't approve: #{number} is rejected by ana" in text_of(app)
        await press(app, pilot, "u")
        assert newest_update(shop, "SKU-0004411").status is CorrectionStatus.PROPOSED
        assert f"#{number} rejected" not in text_of(app)


@pytest.mark.long
async def test_u_ends_the_snooze_of_the_row_under_the_cursor(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await move_cursor_to(app, pilot, "SKU-0004411")
        await press(app, pilot, "z", "down", "enter")
        assert "#1 snoozed" in text_of(app)
        assert "1 snoozed or rejected" in text_of(app)

        await move_cursor_to(app, pilot, "SKU-0004411")
        await press(app, pilot, "u")
        assert newest_update(shop, "SKU-0004411").status is CorrectionStatus.PROPOSED


async def test_an_approval_of_what_has_moved_is_refused_and_told(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await move_cursor_to(app, pilot, "SKU-0001007")
        await pilot.press("a")
        await pilot.pause(0.1)
        shop.show("outlet", (17, 0, 30, 200, 38), at=NOW)
        await press(app, pilot, "y")

        assert "not approved" in text_of(app)
        [row] = [line for line in text_of(app).splitlines() if "✗ not approved: " in line]
        assert "SKU-0001007" in row
        assert newest_update(shop, "SKU-0001007").status is not CorrectionStatus.APPROVED


@pytest.mark.long
async def test_a_big_update_says_that_it_needs_a_second_person(tmp_path: Path) -> None:
    shop = Shop(tmp_path, second_person_above=10)
    shop.open()
    async with console(shop) as (app, pilot):
        await move_cursor_to(app, pilot, "SKU-0004411")
        await press(app, pilot, "a")

        assert newest_update(shop, "SKU-0004411").status is CorrectionStatus.PROPOSED
        assert "ana approved; a second person must, too" in text_of(app)
    shop.database.close()


@pytest.mark.long
async def test_a_disabled_act_says_why(shop: Shop) -> None:
    shop.show("shop", (17, 0, 20, 200, 38), at=NOW - 1_000)
    async with console(shop) as (app, pilot):
        row = next(i for i in app.dashboard.rows.ids if _channel(app, i) == "shop")
        app.dashboard.rows.go_to(list(app.dashboard.rows.ids).index(row))
        await settle(app, pilot)
        await press(app, pilot, "a")

        assert "can't approve: " in text_of(app)
        assert [line for line in text_of(app).splitlines() if " ✗ " in line]
        app.dashboard.rows._flashes.clear()  # As after some seconds.
        app.dashboard.rows.refresh()
        await settle(app, pilot)
        assert not [line for line in text_of(app).splitlines() if " ✗ " in line]
        assert "second reading" in text_of(app) or "not read since" in text_of(app)


def _channel(app: SkewApp, row_id: int) -> str:
    row = app.dashboard.rows._rows[row_id]
    assert isinstance(row, DisagreementRow)
    return row.disagreement.channel


@pytest.mark.long
async def test_what_becomes_of_an_approval_is_told(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await move_cursor_to(app, pilot, "SKU-0004411")
        await press(app, pilot, "a")
        shop.database.write(
            lifecycle.finish, 1, CorrectionStatus.NOT_APPLIED, now=NOW, result="shows 31"
        )
        await settle(app, pilot)

        assert "✖ not applied #1 SKU-0004411 on market: shows 31" in text_of(app)

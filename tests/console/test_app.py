"""The console driven by its keys, on a real cache."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from textual.widgets import Input

from console.app import SkewApp
from console.footing import Footing
from console.ink import Tone
from console.screens.confirm import Confirm, Reason, Snooze
from console.screens.sku import SkuPage
from store import corrections, incidents, proposals
from store.model import Correction, CorrectionStatus, IncidentKind, Record
from store.panels import Sort
from tests.console.stage import (
    MINUTE,
    NOW,
    SHOWN,
    STOCK,
    Shop,
    Stand,
    console,
    press,
    settle,
    style_at,
    text_of,
)


def update(shop: Shop, sku: str) -> Correction:
    """The newest correction of a SKU."""
    found = shop.database.read(corrections.by_id, range(1, 50))
    return [one for one in found if one.sku == sku][-1]


async def to(app: SkewApp, pilot: object, sku: str) -> None:
    """Put the cursor on a SKU of the list that has the focus."""
    table = app.dashboard.table
    for line, row_id in enumerate(table.ids):
        row = table._rows[row_id]
        if (row.sku if isinstance(row, Correction) else row.it.sku) == sku:
            table._go(line)
    await settle(app, pilot)  # type: ignore[arg-type]


async def test_a_small_reduction_is_approved_by_one_key(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await to(app, pilot, "SKU-0004411")
        await press(app, pilot, "a")

        approved = update(shop, "SKU-0004411")
        assert (approved.status, approved.decided_by) == (CorrectionStatus.APPROVED, "ana")
        assert "ana approved #1 (u undo, 5s)" in text_of(app)
        assert isinstance(app.footing.engine, Stand)
        assert app.footing.engine.woken == 1


async def test_a_raise_shows_its_effect_and_wants_a_y_and_never_a_bare_enter(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await to(app, pilot, "SKU-0001007")
        await press(app, pilot, "a")
        shown = text_of(app)
        await press(app, pilot, "enter")
        still = update(shop, "SKU-0001007").status

        assert isinstance(app.screen, Confirm)
        assert "41 → 55" in shown
        assert "14 units up  1,246" in shown
        assert still is CorrectionStatus.PROPOSED

        await press(app, pilot, "y")
        assert update(shop, "SKU-0001007").status is CorrectionStatus.APPROVED


async def test_going_to_zero_is_asked_even_when_small(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await to(app, pilot, "SKU-0009120")
        await press(app, pilot, "a")
        assert "1 to zero" in text_of(app)

        await press(app, pilot, "n")
        assert update(shop, "SKU-0009120").status is CorrectionStatus.PROPOSED
        assert "nothing approved" in text_of(app)


async def test_a_raise_in_bulk_wants_the_count_typed(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await press(app, pilot, "asterisk", "A")
        asked = text_of(app)
        await press(app, pilot, "y", "3", "enter")
        wrong = text_of(app)
        statuses = {one.status for one in shop.database.read(corrections.by_id, range(1, 5))}

        assert "4 SKUs on 2 channels" in asked
        assert "type the number of updates, 4, and enter" in asked
        assert "that is not it" in wrong
        assert statuses == {CorrectionStatus.PROPOSED}

        await press(app, pilot, "backspace", "4", "enter")
        found = shop.database.read(corrections.by_id, range(1, 5))
        assert {one.status for one in found} == {CorrectionStatus.APPROVED}
        assert "ana approved 4 updates" in text_of(app)


async def test_reductions_in_bulk_want_a_y(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await press(app, pilot, "s", "s", "s", "s")
        for sku in ("SKU-0004411", "SKU-0009120"):
            await to(app, pilot, sku)
            await press(app, pilot, "space")
        await press(app, pilot, "A", "y")

        assert update(shop, "SKU-0004411").status is CorrectionStatus.APPROVED
        assert update(shop, "SKU-0009120").status is CorrectionStatus.APPROVED
        assert update(shop, "SKU-0001007").status is CorrectionStatus.PROPOSED


async def test_a_bulk_leaves_out_what_cannot_be_trusted_and_says_so(shop: Shop) -> None:
    shop.clock.at = NOW + 30 * MINUTE
    shop.show("warehouse", STOCK, at=shop.clock.at - 2_000)
    shop.show("outlet", SHOWN["outlet"], at=shop.clock.at - 1_000)
    async with console(shop) as (app, pilot):
        await press(app, pilot, "asterisk", "A")

        assert "Approve 1 update " in text_of(app)
        assert "left out: 3 × channel stale" in text_of(app)


async def test_undo_takes_the_last_approval_back_while_its_hold_lasts(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await to(app, pilot, "SKU-0004411")
        await press(app, pilot, "a")
        shop.clock.at += 2_000
        app.dashboard.tick()
        await pilot.pause()
        counted = text_of(app)
        await press(app, pilot, "u")

        assert "(u undo, 3s)" in counted
        assert "ana took back #1" in text_of(app)
        assert update(shop, "SKU-0004411").status is CorrectionStatus.PROPOSED


async def test_after_the_hold_there_is_nothing_to_undo(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await to(app, pilot, "SKU-0004411")
        await press(app, pilot, "a")
        shop.clock.at += 6_000
        await press(app, pilot, "u")

        assert update(shop, "SKU-0004411").status is CorrectionStatus.APPROVED
        assert "nothing to undo" in text_of(app)


async def test_rejecting_asks_for_a_reason_and_offers_the_last(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await to(app, pilot, "SKU-0004411")
        await press(app, pilot, "r", "enter")
        assert isinstance(app.screen, Reason)

        await press(app, pilot, *"phoned", "enter")
        rejected = update(shop, "SKU-0004411")
        assert (rejected.status, rejected.note) == (CorrectionStatus.REJECTED, "phoned")

        await to(app, pilot, "SKU-0001007")
        await press(app, pilot, "r")
        assert "phoned" in text_of(app)
        await press(app, pilot, "down", "enter")
        assert update(shop, "SKU-0001007").note == "phoned"


async def test_marked_updates_are_rejected_with_one_reason(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await press(app, pilot, "asterisk", "R", *"off", "enter")

        found = shop.database.read(corrections.by_id, range(1, 5))
        assert {(one.status, one.note) for one in found} == {(CorrectionStatus.REJECTED, "off")}


async def test_snoozing_asks_for_how_long(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await to(app, pilot, "SKU-0004411")
        await press(app, pilot, "z")
        assert isinstance(app.screen, Snooze)

        await press(app, pilot, "down", "enter")
        snoozed = update(shop, "SKU-0004411")
        assert snoozed.status is CorrectionStatus.SNOOZED
        assert snoozed.snoozed_until == NOW + 3_600_000


async def test_an_approval_of_what_has_moved_is_refused_and_told(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await to(app, pilot, "SKU-0001007")
        await pilot.press("a")
        await pilot.pause(0.1)
        shop.show("outlet", (17, 0, 30, 200, 38), at=NOW)
        await press(app, pilot, "y")

        assert "not approved" in text_of(app)
        assert update(shop, "SKU-0001007").status is not CorrectionStatus.APPROVED


async def test_a_big_update_says_that_it_needs_a_second_person(tmp_path: Path) -> None:
    shop = Shop(tmp_path, second_person_above=10)
    shop.open()
    async with console(shop) as (app, pilot):
        await to(app, pilot, "SKU-0004411")
        await press(app, pilot, "a")

        assert update(shop, "SKU-0004411").status is CorrectionStatus.PROPOSED
        assert "ana approves; it needs a second person" in text_of(app)
    shop.database.close()


async def test_a_disabled_act_says_why(shop: Shop) -> None:
    shop.show("shop", (17, 0, 20, 200, 38), at=NOW - 1_000)
    async with console(shop) as (app, pilot):
        row = next(i for i in app.dashboard.rows.ids if _channel(app, i) == "shop")
        app.dashboard.rows._go(list(app.dashboard.rows.ids).index(row))
        await settle(app, pilot)
        await press(app, pilot, "a")

        assert "can't approve: " in text_of(app)
        assert "second reading" in text_of(app) or "not read since" in text_of(app)


def _channel(app: SkewApp, row_id: int) -> str:
    return app.dashboard.rows._rows[row_id].it.channel


async def test_what_becomes_of_an_approval_is_told(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await to(app, pilot, "SKU-0004411")
        await press(app, pilot, "a")
        shop.database.write(
            corrections.finish, 1, CorrectionStatus.NOT_APPLIED, now=NOW, result="shows 31"
        )
        await settle(app, pilot)

        assert "✖ not applied #1 SKU-0004411 on market: shows 31" in text_of(app)


async def test_a_filter_narrows_stays_visible_and_is_cleared_by_escape(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await press(app, pilot, "slash", *"age<1h Lamp", "enter")
        narrowed, ids = text_of(app), len(app.dashboard.rows.ids)
        await press(app, pilot, "escape")

        assert "filter: age<1h Lamp  (esc clears)" in narrowed
        assert ids == 1
        assert len(app.dashboard.rows.ids) == 4


async def test_a_wrong_filter_is_told_and_stays_open_for_mending(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await press(app, pilot, "slash", *"kind:x", "enter")

        assert app.dashboard.query_one("#filter", Input).has_focus
        assert app.footing.said[0].text.startswith("“x” is no kind")


async def test_escape_clears_the_marks_first(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await press(app, pilot, "slash", *"lamp", "enter", "slash", *"x")
        await press(app, pilot, "escape", "space", "escape")

        assert not app.dashboard.rows.marks
        assert app.dashboard.filter_text == "lamp"


async def test_sorting_walks_through_the_orders(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        first = list(app.dashboard.rows.ids)
        await press(app, pilot, "s", "s", "s")

        assert app.dashboard.sort is Sort.CHANNEL
        assert list(app.dashboard.rows.ids) != first
        assert "sort channel" in text_of(app)


async def test_enter_opens_the_skus_page_and_escape_leaves_it(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await to(app, pilot, "SKU-0004411")
        await press(app, pilot, "enter")
        page = text_of(app)
        opened = isinstance(app.screen, SkuPage)
        await press(app, pilot, "escape")

        assert opened
        assert app.screen is app.dashboard
        for told in ("Blue widget 12 mm", "19 available − 2 buffer → 17", "#1 31 → 17 proposed"):
            assert told in page


async def test_an_update_is_approved_from_the_skus_page(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await to(app, pilot, "SKU-0004411")
        await press(app, pilot, "enter", "a")

        assert update(shop, "SKU-0004411").status is CorrectionStatus.APPROVED
        assert "ana approved #1" in text_of(app)


async def test_a_page_whose_disagreement_ended_says_so(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await to(app, pilot, "SKU-0004411")
        await press(app, pilot, "enter")
        shop.show("market", (17, 0, 55, 200, 38), at=NOW)
        await settle(app, pilot)

        assert "it agrees now" in text_of(app)


async def test_the_number_keys_turn_to_the_views(shop: Shop) -> None:
    shop.database.write(
        incidents.raise_incident, "market", IncidentKind.CREDENTIALS, "401, MARKET_TOKEN", now=NOW
    )
    async with console(shop) as (app, pilot):
        await press(app, pilot, "4")
        assert "401, MARKET_TOKEN" in text_of(app)
        await press(app, pilot, "2")
        assert "LISTINGS  ROLE" in text_of(app)
        await press(app, pilot, "3")
        assert app.dashboard.updates.has_focus
        await press(app, pilot, "1")
        assert app.dashboard.rows.has_focus


async def test_updates_are_decided_on_in_their_own_list(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await press(app, pilot, "3")
        await to(app, pilot, "SKU-0004411")
        await press(app, pilot, "a")

        assert update(shop, "SKU-0004411").status is CorrectionStatus.APPROVED


async def test_a_paused_screen_stands_still_and_says_so(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await press(app, pilot, "p")
        assert "‖ PAUSED" in text_of(app)
        await press(app, pilot, "p")
        assert "● LIVE" in text_of(app)


async def test_a_clicked_word_of_the_legend_does_what_its_key_does(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        legend = text_of(app).splitlines()[-1]
        await pilot.click("#legend", offset=(legend.index("Help"), 0))
        await pilot.pause()

        assert "esc closes" in text_of(app)


async def test_what_lies_under_a_dialog_goes_on_living(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await to(app, pilot, "SKU-0001007")
        await press(app, pilot, "a")
        shop.clock.at += 5_000
        shop.show("market", (17, 2, 55, 180, 38), at=shop.clock.at)
        await app.refresh_now()
        app.dashboard.tick()
        await pilot.pause()

        assert isinstance(app.screen, Confirm)
        assert "14:02:16Z" in text_of(app)
        assert "31*" not in text_of(app)


async def test_a_read_only_console_refuses_to_decide_and_shows_the_rest(shop: Shop) -> None:
    async with console(shop, read_only=True) as (app, pilot):
        await to(app, pilot, "SKU-0004411")
        await press(app, pilot, "a", "r", "A", "u")

        assert update(shop, "SKU-0004411").status is CorrectionStatus.PROPOSED
        assert "this console is read-only" in text_of(app)
        assert " RO " in text_of(app)
        assert "31*" in text_of(app)


async def test_a_new_incident_is_told_once(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        shop.database.write(
            incidents.raise_incident, "market", IncidentKind.CREDENTIALS, "401", now=NOW
        )
        await settle(app, pilot)
        await settle(app, pilot)

        assert [said.text for said in app.footing.said] == ["market: credentials"]


async def test_stale_numbers_are_marked_and_dimmed(shop: Shop) -> None:
    shop.clock.at = NOW + 30 * MINUTE
    shop.show("warehouse", STOCK, at=shop.clock.at)
    async with console(shop) as (app, _):
        told = text_of(app)

        assert "31~" in told
        assert "stale 3/4" in told
        assert "✖" in told
        assert style_at(app, "31~").color.name == app.theme_variables[Tone.DIM]


async def test_what_is_oversold_and_undersold_have_each_their_colour(shop: Shop) -> None:
    async with console(shop) as (app, _):
        over, under = style_at(app, "31*"), style_at(app, "41*")

        assert over.color != under.color
        assert over.bold


async def test_an_engine_that_died_shows_as_disconnected_with_its_words(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        assert isinstance(app.footing.engine, Stand)
        app.footing.engine.problem = "disk full"
        await settle(app, pilot)

        assert "✖ DISCONNECTED" in text_of(app)
        assert "engine stopped: disk full" in text_of(app)


async def test_a_closed_cache_shows_as_disconnected_and_the_console_lives(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        shop.database.close()
        await press(app, pilot, "down", "a", "enter", "escape", "s")

        assert "✖ DISCONNECTED" in text_of(app)
        assert "SKU-0004411" in text_of(app)


@pytest.mark.parametrize("sizes", [((160, 45), (60, 12), (1, 1), (220, 60), (80, 24))])
async def test_it_outlives_every_resize(shop: Shop, sizes: Sequence[tuple[int, int]]) -> None:
    async with console(shop) as (app, pilot):
        for size in sizes:
            await pilot.resize_terminal(*size)
            await pilot.press("3", "1", "down", "enter", "escape")
            await settle(app, pilot)

        assert "▌    SKU-0009120" in text_of(app)


HOSTILE = "\x1b]0;owned\x07\x1b[2J\x9b31m\r\n\t[@click=app.quit]x[/nope] \u202eevil [A-1]"


async def test_no_control_byte_of_a_channel_reaches_any_screen(shop: Shop) -> None:
    records = [
        Record(sku=f"S{n}\x1b[31m{HOSTILE}", available=5 + n, title=HOSTILE, price_minor=100)
        for n in range(3)
    ]
    shop.read("warehouse", [Record(sku=r.sku, available=9) for r in records], at=NOW - 4_000)
    shop.read("market", records, at=NOW - 3_000)
    shop.database.write(incidents.raise_incident, "market", IncidentKind.CONTRACT, HOSTILE, now=NOW)
    shop.database.write(proposals.propose, now=NOW)
    async with console(shop) as (app, pilot):
        shop.database.write(
            incidents.raise_incident, "shop", IncidentKind.CRASHED, HOSTILE, now=NOW
        )
        await settle(app, pilot)
        seen = [text_of(app)]
        for keys in (["enter"], ["escape", "2"], ["3"], ["4"], ["1", "asterisk", "A"]):
            await press(app, pilot, *keys)
            seen.append(text_of(app))
        await pilot.resize_terminal(80, 24)
        await pilot.pause()
        seen.append(text_of(app))

    for screen in seen:
        hostile = [c for c in screen.replace("\n", "") if ord(c) < 32 or 127 <= ord(c) < 160]
        assert not hostile
        assert "\u202e" not in screen
    assert "[@click=app.quit]" in "".join(seen)


def test_a_crash_leaves_a_redacted_report_and_no_locals(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    footing = Footing("acme", shop.clock, "ana", False, None, lambda: None)
    app = SkewApp(shop.database, shop.settings, footing, watch=False)
    with pytest.raises(ValueError, match="3") as caught:
        _break("hunter2" * 3)
    app._exception = caught.value
    app._fatal_error()
    with app.console.capture() as told:
        for renderable in app._exit_renderables:
            app.console.print(renderable)

    assert "a bug in the console: ValueError; the details are in" in told.get().replace("\n", " ")
    assert "hunter2" not in told.get()


def _break(hidden_value: str) -> None:
    raise ValueError(hidden_value.count("hunter"))

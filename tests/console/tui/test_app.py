"""The console driven by its keys, on a real cache."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from textual.widgets import Input
from textual.worker import WorkerFailed

from console.keys.action import PageName
from console.tui.app import SkewApp
from console.tui.dialogs.confirm import ApproveDialog
from console.tui.drawing.tones import Tone
from console.tui.pages.sku import SkuPage
from console.tui.session.state import ConsoleState
from store.channels import incidents
from store.corrections import propose
from store.model import CorrectionStatus, IncidentKind, Record
from store.queries.values import Sort
from tests.console.small_shop import (
    MINUTE,
    NOW,
    STOCK,
    IdleEngine,
    Shop,
    console,
    move_cursor_to,
    newest_update,
    press,
    settle,
    style_at,
    text_of,
)


@pytest.mark.long
async def test_a_filter_narrows_stays_visible_and_is_cleared_by_escape(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await press(app, pilot, "slash", *"age<1h Lamp", "enter")
        narrowed, ids = text_of(app), len(app.dashboard.rows.ids)
        await press(app, pilot, "escape")

        assert "filter: age<1h Lamp  (esc clears)" in narrowed
        assert ids == 1
        assert len(app.dashboard.rows.ids) == 4


@pytest.mark.long
async def test_a_wrong_filter_is_told_and_stays_open_for_mending(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await press(app, pilot, "slash", *"kind:x", "enter")

        assert app.dashboard.query_one("#filter", Input).has_focus
        assert app.session.log[0].text.startswith("“x” is not a kind; known: ")


@pytest.mark.long
async def test_escape_clears_the_marks_first(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await press(app, pilot, "slash", *"lamp", "enter", "slash", *"x")
        await press(app, pilot, "escape", "space", "escape")

        assert not app.dashboard.rows.marks
        assert app.dashboard.filter_text == "lamp"


@pytest.mark.long
async def test_sorting_walks_through_the_orders(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        first = list(app.dashboard.rows.ids)
        await press(app, pilot, "s", "s", "s", "s")

        assert app.dashboard.sort is Sort.CHANNEL
        assert list(app.dashboard.rows.ids) != first
        assert "sort channel" in text_of(app)


@pytest.mark.long
async def test_enter_opens_the_skus_page_and_escape_leaves_it(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await move_cursor_to(app, pilot, "SKU-0004411")
        await press(app, pilot, "enter")
        page = text_of(app)
        opened = isinstance(app.screen, SkuPage)
        await press(app, pilot, "escape")

        assert opened
        assert app.screen is app.dashboard
        for words in ("Blue widget 12 mm", "19 available − 2 buffer → 17", "#1 31 → 17 proposed"):
            assert words in page


@pytest.mark.long
async def test_an_update_is_approved_from_the_skus_page(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await move_cursor_to(app, pilot, "SKU-0004411")
        await press(app, pilot, "enter", "a")

        assert newest_update(shop, "SKU-0004411").status is CorrectionStatus.APPROVED
        assert "ana approved #1" in text_of(app)


@pytest.mark.long
async def test_a_page_whose_disagreement_ended_says_so(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await move_cursor_to(app, pilot, "SKU-0004411")
        await press(app, pilot, "enter")
        shop.show("market", (17, 0, 55, 200, 38), at=NOW)
        await settle(app, pilot)

        assert "● market agrees now" in text_of(app)


@pytest.mark.long
async def test_the_number_keys_turn_to_the_views(shop: Shop) -> None:
    shop.database.write(
        incidents.raise_incident, "market", IncidentKind.CREDENTIALS, "401, MARKET_TOKEN", now=NOW
    )
    async with console(shop) as (app, pilot):
        await press(app, pilot, "4")
        assert "401, MARKET_TOKEN" in text_of(app)
        await press(app, pilot, "2")
        assert "HEADROOM" in text_of(app)
        await press(app, pilot, "3")
        assert app.page.place is PageName.UPDATES
        assert app.page.query_one("#updates").has_focus
        await press(app, pilot, "1")
        assert app.dashboard.rows.has_focus


@pytest.mark.long
async def test_updates_are_decided_on_in_their_own_list(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await press(app, pilot, "3")
        await move_cursor_to(app, pilot, "SKU-0004411")
        await press(app, pilot, "a")

        assert newest_update(shop, "SKU-0004411").status is CorrectionStatus.APPROVED


@pytest.mark.long
async def test_a_paused_screen_stands_still_and_says_so(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await press(app, pilot, "p")
        assert "‖ PAUSED" in text_of(app)
        await press(app, pilot, "p")
        assert "● LIVE" in text_of(app)


@pytest.mark.long
async def test_a_clicked_word_of_the_legend_does_what_its_key_does(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        legend = text_of(app).splitlines()[-1]
        await pilot.click("#legend", offset=(legend.index("Help"), 0))
        await pilot.pause()

        assert "esc closes" in text_of(app)


@pytest.mark.long
async def test_what_lies_under_a_dialog_goes_on_living(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await move_cursor_to(app, pilot, "SKU-0001007")
        await press(app, pilot, "a")
        shop.clock.at += 5_000
        shop.show("market", (17, 2, 55, 180, 38), at=shop.clock.at)
        await app.refresh_now()
        app.dashboard.tick()
        await pilot.pause()

        assert isinstance(app.screen, ApproveDialog)
        assert "14:02:16Z" in text_of(app)
        assert "31*" not in text_of(app)


@pytest.mark.long
async def test_a_read_only_console_refuses_to_decide_and_shows_the_rest(shop: Shop) -> None:
    async with console(shop, read_only=True) as (app, pilot):
        await move_cursor_to(app, pilot, "SKU-0004411")
        await press(app, pilot, "a", "r", "A", "u")

        assert newest_update(shop, "SKU-0004411").status is CorrectionStatus.PROPOSED
        assert "this console is read-only" in text_of(app)
        assert " RO " in text_of(app)
        assert "31*" in text_of(app)


@pytest.mark.long
async def test_a_new_incident_is_told_once(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        shop.database.write(
            incidents.raise_incident, "market", IncidentKind.CREDENTIALS, "401", now=NOW
        )
        await settle(app, pilot)
        await settle(app, pilot)

        assert [line.text for line in app.session.log] == ["market credentials: 401"]


@pytest.mark.long
async def test_stale_numbers_are_marked_and_dimmed(shop: Shop) -> None:
    shop.clock.at = NOW + 30 * MINUTE
    shop.show("warehouse", STOCK, at=shop.clock.at)
    async with console(shop) as (app, _):
        text = text_of(app)

        assert "31~" in text
        assert "stale 3/4" in text
        assert "✖" in text
        assert style_at(app, "31~").color.name == app.theme_variables[Tone.DIM]


async def test_what_is_oversold_and_undersold_have_each_their_colour(shop: Shop) -> None:
    async with console(shop) as (app, _):
        over, under = style_at(app, "31*"), style_at(app, "41*")

        assert over.color != under.color
        assert over.bold


@pytest.mark.long
async def test_an_engine_that_died_shows_as_disconnected_with_its_words(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        assert isinstance(app.session.engine, IdleEngine)
        app.session.engine.problem = "disk full"
        await settle(app, pilot)

        assert "✖ DISCONNECTED" in text_of(app)
        assert "engine stopped: disk full" in text_of(app)


@pytest.mark.long
async def test_a_closed_cache_shows_as_disconnected_and_the_console_lives(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        shop.database.close()
        await press(app, pilot, "down", "a", "enter", "escape", "s")

        assert "✖ DISCONNECTED" in text_of(app)
        assert "SKU-0004411" in text_of(app)


@pytest.mark.long
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
    shop.database.write(propose.propose, now=NOW)
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
    session = ConsoleState("acme", shop.clock, "ana", False, None, lambda: None)
    app = SkewApp(shop.database, shop.settings, session, watch=False)
    with pytest.raises(ValueError, match="3") as caught:
        _break("hunter2" * 3)
    app._exception = caught.value
    app._fatal_error()
    with app.console.capture() as printed:
        for renderable in app._exit_renderables:
            app.console.print(renderable)

    assert "a bug in the console: ValueError; the details are in" in printed.get().replace(
        "\n", " "
    )
    assert "hunter2" not in printed.get()


def test_a_crash_of_a_worker_is_reported_with_the_place_where_it_happened(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    session = ConsoleState("acme", shop.clock, "ana", False, None, lambda: None)
    app = SkewApp(shop.database, shop.settings, session, watch=False)
    with pytest.raises(ValueError, match="3") as caught:
        _break("hunter2" * 3)
    app._exception = WorkerFailed(caught.value)
    app._fatal_error()

    (report,) = tmp_path.rglob("crash-*.txt")
    assert "in _break" in report.read_text()
    with app.console.capture() as printed:
        for renderable in app._exit_renderables:
            app.console.print(renderable)
    assert "a bug in the console: ValueError" in printed.get()


def _break(hidden_value: str) -> None:
    raise ValueError(hidden_value.count("hunter"))

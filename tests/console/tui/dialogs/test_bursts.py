"""Keys that come in one burst: text is typed in order, and nothing is decided before it was seen.

A paste where the terminal does not mark it, or a line that hung, brings the key that opens a dialog
and what follows it at once. A busy machine makes everything look like that.
"""

import sqlite3
import time
from dataclasses import dataclass
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from console.keys.action import PageName
from console.tui.app import SkewApp
from console.tui.data.values import DisagreementRow
from console.tui.dialogs.accept_poll import AcceptPollDialog, DiscardPollDialog
from console.tui.dialogs.confirm import ApproveDialog, ReasonDialog, SnoozeDialog
from console.tui.dialogs.copy_export import ExportDialog
from console.tui.dialogs.dialog import Dialog
from console.tui.dialogs.pause import PauseDialog, ResumeDialog
from console.tui.dialogs.pause_writes import ResumeWritesDialog, WritesPausedDialog
from console.tui.pages.page import Page
from console.tui.pages.sku import SkuPage
from console.tui.widgets.table import VirtualTable
from store.channels import pauses, write_pauses
from store.corrections import lifecycle
from store.model import Correction, CorrectionStatus, Disagreement
from tests.console.quarantined import quarantine_poll, quarantined_poll
from tests.console.small_shop import (
    MINUTE,
    NOW,
    Shop,
    console,
    key_of,
    move_cursor_to,
    press,
    settle,
    text_of,
)
from tests.long_run import first

RAISED = "SKU-0001007"
TEXT = "aprzuARXTW !yn"
"""Each of its letters does something on a page."""


async def burst(app: SkewApp, pilot: Pilot[int], keys: str, *, busy: bool = False) -> None:
    """Press them at once; `busy`: while the program could not follow for a while."""
    if busy:
        app.call_later(lambda: time.sleep(0.3))
    for key in keys:
        app.post_message(key_of(app, {"\r": "enter", "\x1b": "escape"}.get(key, key)))
    for _ in range(3):
        await settle(app, pilot)


def decided(shop: Shop) -> list[Correction]:
    found = shop.database.read(lifecycle.by_id, range(1, 50))
    return [update for update in found if update.status is not CorrectionStatus.PROPOSED]


def paused(shop: Shop) -> object:
    return shop.database.read(pauses.by_people, now=NOW)


@dataclass(frozen=True)
class Asked:
    """A key, the page that has it, and the dialog that it opens."""

    page: str
    key: str
    dialog: type[Dialog[Any]]
    answer: str = ""
    """What would answer it."""

    def __str__(self) -> str:
        return f"{self.page}{self.key}{self.answer.strip()}"


TYPED_INTO = [
    Asked("1", "r", ReasonDialog),
    Asked("1", "c", ReasonDialog),
    Asked("3", "r", ReasonDialog),
    Asked("1", "e", ExportDialog),
    Asked("1", "W", WritesPausedDialog),
    Asked("2", "P", PauseDialog),
    Asked("4", "d", DiscardPollDialog),
]
QUESTIONS = [
    Asked("1", "a", ApproveDialog, "y"),
    Asked("1", "*A", ApproveDialog, "4\r"),
    Asked("4", "b", AcceptPollDialog, "5\r"),
    Asked("1", "z", SnoozeDialog, "\r"),
    Asked("4", "b", AcceptPollDialog, "y"),
    Asked("2", "P", ResumeDialog, "y"),
    Asked("1", "W", ResumeWritesDialog, "y"),
]


@pytest.mark.long
@pytest.mark.parametrize("busy", first(1, [True, False]), ids=lambda busy: "busy" * busy)
@pytest.mark.parametrize("asked", first(3, TYPED_INTO), ids=str)
async def test_text_goes_into_the_dialog_in_order_and_enter_waits(
    shop: Shop, asked: Asked, *, busy: bool
) -> None:
    quarantine_poll(shop, "market", [0] * 5)
    async with console(shop) as (app, pilot):
        await move_cursor_to(app, pilot, RAISED)
        await press(app, pilot, asked.page)
        await burst(app, pilot, f"{asked.key}{TEXT}\r", busy=busy)

        assert isinstance(app.screen, asked.dialog)
        box = app.screen.query(Input).first()
        # The first field of a pause is short: it holds a span.
        whole = TEXT[: box.max_length] if asked.dialog is PauseDialog else TEXT
        assert box.value.endswith(whole)
        assert decided(shop) == []
        assert paused(shop) == {}
        assert quarantined_poll(shop, "market") is not None
        await press(app, pilot, "escape")
        assert isinstance(app.screen, Page)


@pytest.mark.parametrize("busy", first(1, [True, False]), ids=lambda busy: "busy" * busy)
@pytest.mark.parametrize("asked", first(2, QUESTIONS), ids=str)
async def test_no_question_is_answered_before_it_was_seen(
    shop: Shop, asked: Asked, *, busy: bool
) -> None:
    quarantine_poll(shop, "market", [0] * 5)
    if asked.dialog is ResumeDialog:
        shop.database.write(
            pauses.pause, "warehouse", who="ben", reason="count", until=NOW + 60 * MINUTE
        )
    if asked.dialog is ResumeWritesDialog:
        shop.database.write(write_pauses.begin, who="ben", reason="count", now=NOW)
    before = paused(shop)
    async with console(shop) as (app, pilot):
        await move_cursor_to(app, pilot, RAISED)
        await press(app, pilot, asked.page)
        await burst(app, pilot, asked.key + asked.answer, busy=busy)

        assert isinstance(app.screen, asked.dialog)
        assert decided(shop) == []
        assert paused(shop) == before
        assert quarantined_poll(shop, "market") is not None
        still = shop.database.read(write_pauses.in_force)
        assert (still is not None) == (asked.dialog is ResumeWritesDialog)
        await press(app, pilot, "escape")
        assert isinstance(app.screen, Page)


@pytest.mark.long
@pytest.mark.parametrize("place", first(1, ["1", "2", "3", "4", "5", "6"]))
async def test_colon_q_enter_after_a_page_quits_and_decides_nothing(shop: Shop, place: str) -> None:
    async with console(shop) as (app, pilot):
        await move_cursor_to(app, pilot, "SKU-0004411")
        for key in (place, ":", "q", "enter"):
            app.post_message(key_of(app, key))
        for _ in range(100):
            await pilot.pause(0.02)
            if not app.is_running or app._exit:
                break

        assert app.return_value == 0
        assert decided(shop) == []


@pytest.mark.long
@pytest.mark.parametrize("busy", first(1, [True, False]), ids=lambda busy: "busy" * busy)
async def test_keys_after_a_page_are_the_pages_in_order(shop: Shop, *, busy: bool) -> None:
    async with console(shop) as (app, pilot):
        await press(app, pilot, "1")
        await burst(app, pilot, "jj2j3jj", busy=busy)

        assert app.page.place is PageName.UPDATES
        assert app.dashboard.rows.cursor == 2
        await press(app, pilot, "2")
        assert app.page.query("VirtualTable").first().cursor == 1  # type: ignore[attr-defined]


@pytest.mark.long
async def test_a_filter_is_typed_in_one_burst(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await burst(app, pilot, "/sku:SKU-0007733")
        await press(app, pilot, "enter")

        assert "filter: sku:SKU-0007733" in text_of(app)
        assert decided(shop) == []


@pytest.mark.long
async def test_help_that_is_opened_and_closed_in_a_burst_leaves_the_page(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await burst(app, pilot, "?q3")

        assert app.page.place is PageName.UPDATES
        assert isinstance(app.screen, Page)


@pytest.mark.long
async def test_what_is_typed_while_a_decision_waits_for_the_cache_decides_nothing(
    shop: Shop,
) -> None:
    """Another process holds the cache's lock: the keys pressed meanwhile are passed over."""
    other = sqlite3.connect(shop.database.path, isolation_level=None)
    async with console(shop) as (app, pilot):
        await move_cursor_to(app, pilot, "SKU-0009120")
        other.execute("BEGIN IMMEDIATE")
        for key in "ajaja":
            app.post_message(key_of(app, key))
        await pilot.pause(2.5)
        other.execute("ROLLBACK")
        other.close()
        for _ in range(5):
            await settle(app, pilot)

        assert len(decided(shop)) <= 1


@pytest.mark.long
@pytest.mark.parametrize("page", ["1", "3"])
async def test_a_burst_opens_the_sku_to_which_it_moved(shop: Shop, page: str) -> None:
    async with console(shop) as (app, pilot):
        await press(app, pilot, page)
        rows = app.dashboard.rows if page == "1" else app.page.query_one(VirtualTable)
        before = rows.current
        for key in [key_of(app, name) for name in ("down", "enter")]:
            app.post_message(key)
        for _ in range(3):
            await settle(app, pilot)
        opened, under = app.page, rows.current
        about = under.disagreement if isinstance(under, DisagreementRow) else under
        assert isinstance(opened, SkuPage)
        assert isinstance(about, Disagreement | Correction)
        assert under != before
        assert opened.sku == about.sku

"""A bulk approval, by keys, with a real engine on simulated channels: what the operator sees."""

from pathlib import Path

import pytest
from textual.pilot import Pilot

from console.tui.app import SkewApp
from console.tui.dialogs.batch import BatchDialog
from console.tui.pages.updates import UpdatesPage
from store.model import CorrectionStatus as Status
from sync.corrections.batch_progress import Stage
from sync.simulation.channel import Fault
from tests.console.running_engine import COUNT, Live, Stubborn, live, until
from tests.console.small_shop import text_of

MINUTE_MS = 60_000


async def approve_all(shop: Live, app: SkewApp, pilot: Pilot[int]) -> BatchDialog:
    """Wait for the eight updates, mark them all and approve them; answer the dialog on them."""
    await until(lambda: len(shop.updates("proposed")) == COUNT, "eight proposals")
    await pilot.press("3")
    await until(lambda: isinstance(app.page, UpdatesPage), "the page")
    await until(lambda: len(page_of(app).rows.ids) == COUNT, "eight rows")
    await pilot.press("asterisk", "A")
    await until(lambda: "y approve" in text_of(app), "the question")
    await pilot.press("y")
    await until(lambda: isinstance(app.screen, BatchDialog), "the batch's dialog")
    dialog = app.screen
    assert isinstance(dialog, BatchDialog)
    return dialog


def page_of(app: SkewApp) -> UpdatesPage:
    page = app.page
    assert isinstance(page, UpdatesPage)
    return page


def statuses(app: SkewApp) -> set[Status]:
    """How the updates stand as the page has them."""
    return {correction.status for correction in page_of(app).rows._rows.values()}


def batch_result(app: SkewApp) -> str:
    """What the log says of a batch's end."""
    return next((line.text for line in app.session.log if line.text.startswith("batch over")), "")


async def over(dialog: BatchDialog) -> None:
    await until(lambda: dialog.progress.over, "the batch's end")


@pytest.mark.long
async def test_a_batch_shows_its_way_by_itself_and_its_end(tmp_path: Path) -> None:
    async with live(tmp_path) as shop, shop.console() as (app, pilot):
        dialog = await approve_all(shop, app, pilot)
        await over(dialog)
        await until(lambda: bool(batch_result(app)), "the log's word")
        shown = text_of(app)

    assert "Batch of 8 updates approved by ana" in shown
    assert "● 8 of 8 applied and verified" in shown
    assert "8 of 8  ● done" in shown
    assert {item.available for item in shop.world.outlets["shop"].items()} == {4}


@pytest.mark.long
@pytest.mark.parametrize(
    ("refuses", "ignores", "word", "why"),
    [
        ({"S01"}, set[str](), "failed", "refused: 403: locked by a promotion"),
        (set[str](), {"S01"}, "not applied", "accepted, not seen yet: still shows 9"),
    ],
)
async def test_a_second_write_that_fails_stops_the_batch_and_all_of_it_is_told(
    tmp_path: Path, refuses: set[str], ignores: set[str], word: str, why: str
) -> None:
    async with live(tmp_path) as shop, shop.console() as (app, pilot):
        Stubborn.refuses, Stubborn.ignores = refuses, ignores
        dialog = await approve_all(shop, app, pilot)
        await over(dialog)
        await until(lambda: f"update 2 of S01: {why}" in text_of(app), "the stop on the screen")
        shown = text_of(app)
        counts = dict(dialog.progress.counts)
        await until(lambda: bool(batch_result(app)), "the log's word")
        text = batch_result(app)

    assert counts[Stage.VERIFIED] == 2
    assert counts[Stage.HANDED_BACK] == COUNT - 3
    summary = f"2 of 8 applied and verified, 1 {word}, 5 handed back"
    assert summary in " ".join(shown.split())
    assert "3 of 8  ✖ stopped" in shown
    assert summary in text
    assert why in text


@pytest.mark.long
async def test_writes_without_a_reply_stop_the_batch_as_unknown(tmp_path: Path) -> None:
    async with live(tmp_path) as shop, shop.console() as (app, pilot):
        for fault in (Fault.IGNORES_WRITES, Fault.LOSES_REPLIES):
            shop.world.fault("shop", fault, 60 * MINUTE_MS)
        dialog = await approve_all(shop, app, pilot)
        await over(dialog)
        counts = dict(dialog.progress.counts)
        await until(lambda: "✖ stopped" in text_of(app), "the stop on the screen")
        shown = text_of(app)

    assert counts == {Stage.UNKNOWN: 3, Stage.HANDED_BACK: COUNT - 3}
    assert "0 of 8 applied and verified, 3 unknown, 5 handed back" in shown
    assert "no reply" in shown


@pytest.mark.long
async def test_x_takes_the_batch_back_while_it_is_held(tmp_path: Path) -> None:
    async with live(tmp_path, hold="60s") as shop, shop.console() as (app, pilot):
        dialog = await approve_all(shop, app, pilot)
        held = text_of(app)
        await pilot.press("X")
        await until(lambda: dialog.progress.over, "the cancel")
        await until(lambda: "8 taken back" in text_of(app))
        await pilot.press("escape")
        statuses = {correction.status for correction in shop.updates()}
        lines = [line.text for line in app.session.log]

    assert "s left; X cancels it all" in held
    assert statuses == {Status.PROPOSED}
    assert "ana cancelled 8 updates of the batch" in lines
    assert {item.available for item in shop.world.outlets["shop"].items()} == {9}


@pytest.mark.long
async def test_the_batch_is_closed_and_opened_again_while_the_page_lives_on(
    tmp_path: Path,
) -> None:
    async with live(tmp_path, hold="60s") as shop, shop.console() as (app, pilot):
        await approve_all(shop, app, pilot)
        await until(lambda: statuses(app) == {Status.APPROVED}, "the page under the dialog")
        await pilot.press("escape")
        await until(lambda: app.session.busy != "", "the batch at the tabs")
        closed = text_of(app)
        await pilot.press("B")
        await until(lambda: isinstance(app.screen, BatchDialog), "the dialog again")
        await until(lambda: "8 in hold" in text_of(app))
        await pilot.press("escape", "X")
        await until(
            lambda: {correction.status for correction in shop.updates()} == {Status.PROPOSED}
        )

    assert "batch 0 of 8 (B shows it)" in closed

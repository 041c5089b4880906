"""Two operators on one cache, each at a console of their own: who sees what, and when."""

import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from time import monotonic

import pytest
from textual.pilot import Pilot

from console.keys.action import PageName
from console.tui.app import SkewApp
from console.tui.dialogs.confirm import ApproveDialog
from console.tui.pages.updates import UpdatesPage
from console.tui.widgets.table import VirtualTable
from store.channels import incidents
from store.corrections import decisions
from store.database.connection import Database
from store.model import Correction, IncidentKind
from store.model import CorrectionStatus as Status
from sync.clock import SystemClock
from tests.console.running_engine import COUNT, Live, live, until
from tests.console.small_shop import (
    NOW,
    Shop,
    console,
    move_cursor_to,
    newest_update,
    press,
    settle,
    text_of,
)

SEEN_WITHIN_S = 1.0


@contextmanager
def busy_cache(path: Path) -> Iterator[None]:
    """Somebody commits a hundred times a second."""
    done = threading.Event()

    def commit() -> None:
        with Database.open(path) as database:
            while not done.wait(0.01):
                database.write(
                    incidents.raise_incident, None, IncidentKind.SURPRISE, "busy",
                    now=SystemClock().now(), key="load",
                )  # fmt: skip

    thread = threading.Thread(target=commit)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def listed(app: SkewApp) -> VirtualTable[Correction]:
    """The list on the page that is on the screen."""
    page = app.page
    assert isinstance(page, UpdatesPage)
    return page.rows


async def watching(shop: Live, app: SkewApp, pilot: Pilot[int]) -> None:
    """Have a console show the updates' page with all eight of them."""
    await until(lambda: len(shop.updates("proposed")) == COUNT, "eight proposals")
    await pilot.press("3")
    await until(lambda: app.page.place is PageName.UPDATES, "the page")
    await until(lambda: len(listed(app).ids) == COUNT, "eight rows")


async def seen_after(app: SkewApp, number: int, status: Status) -> float:
    """Wait until a console shows an update in a status, or lists it no more; how long it took."""
    began, table = monotonic(), listed(app)

    def seen() -> bool:
        correction = table._rows.get(number)
        return number not in table.ids or (correction is not None and correction.status is status)

    await until(seen, "the other's act")
    return monotonic() - began


@pytest.mark.long
async def test_each_sees_the_others_decision_within_a_second_on_a_busy_cache(
    tmp_path: Path,
) -> None:
    async with (
        live(tmp_path, hold="60s") as shop,
        shop.console(operator="ana") as (ana, hers),
        shop.console(operator="ben", engine=False) as (ben, his),
    ):
        await watching(shop, ana, hers)
        await watching(shop, ben, his)
        with busy_cache(shop.settings.database):
            took = []
            for turn in range(6):
                actor, keys, other = (ana, hers, ben) if turn % 2 else (ben, his, ana)
                number = listed(actor).ids[turn]
                await keys.press("home", *["down"] * turn, "a")
                await until(
                    lambda number=number: shop.updates()[number - 1].status is Status.APPROVED,  # type: ignore[misc]
                    "the approval on disk",
                )
                took.append(await seen_after(other, number, Status.APPROVED))
        lines = [line.text for line in ana.session.log]

    assert median(took) < SEEN_WITHIN_S, took
    assert any(text.startswith("ben approved #") for text in lines)


@pytest.mark.long
async def test_a_decision_of_another_process_is_seen_within_a_second(tmp_path: Path) -> None:
    async with live(tmp_path, hold="60s") as shop, shop.console() as (ana, hers):
        await watching(shop, ana, hers)
        numbers = [correction.id for correction in shop.updates()]
        other = (
            "import sys, pathlib; from store.database.connection import Database; "
            "from store.corrections import decisions; from sync.clock import SystemClock\n"
            "with Database.open(pathlib.Path(sys.argv[1])) as database:\n"
            "    for number in sys.stdin:\n"
            "        database.write(decisions.reject, [(int(number), None)], who='ben',\n"
            "                       now=SystemClock().now(), reason='stocktake')"
        )
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-uc", other, str(shop.settings.database), stdin=subprocess.PIPE
        )
        assert process.stdin is not None
        took = []
        for number in numbers[:5]:
            process.stdin.write(b"%d\n" % number)
            await until(
                lambda number=number: shop.updates()[number - 1].status is Status.REJECTED,  # type: ignore[misc]
                "ben's act on disk",
            )
            took.append(await seen_after(ana, number, Status.REJECTED))
        process.stdin.close()
        assert await process.wait() == 0
        lines = [line.text for line in ana.session.log]

    assert median(took) < SEEN_WITHIN_S, took
    assert f"ben rejected #{numbers[0]} (stocktake)" in lines


def reject(shop: Shop, number: int, reason: str) -> None:
    seen = [(number, None)]
    shop.database.write(decisions.reject, seen, who="ben", now=NOW, reason=reason)


@pytest.mark.long
async def test_an_approval_of_what_another_has_rejected_says_who_when_and_why(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await move_cursor_to(app, pilot, "SKU-0004411")
        reject(shop, newest_update(shop, "SKU-0004411").id, "counted by hand")
        await press(app, pilot, "a")

        assert "can't approve #1 SKU-0004411 market: ben rejected it at 14:02:11Z (counted by" in (
            text_of(app)
        )


@pytest.mark.long
async def test_what_another_decides_while_the_question_is_open_is_told_after_it(
    shop: Shop,
) -> None:
    async with console(shop) as (app, pilot):
        await move_cursor_to(app, pilot, "SKU-0001007")
        await press(app, pilot, "a")
        assert isinstance(app.screen, ApproveDialog)
        number = newest_update(shop, "SKU-0001007").id
        reject(shop, number, "wait")
        await press(app, pilot, "y")

        assert f"not approved: #{number}: it has changed since you saw it: ben rejected it at" in (
            text_of(app)
        )


async def test_a_reading_that_moved_under_the_cursor_is_told_with_its_numbers(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await move_cursor_to(app, pilot, "SKU-0004411")
        for at in (NOW - 2_000, NOW - 1_000):
            shop.show("market", (25, 2, 55, 180, 38), at=at)
        await press(app, pilot, "a")
        text = text_of(app)

    newer = newest_update(shop, "SKU-0004411").id
    assert f"market showed 25, was 31; #{newer} is proposed instead" in text


@pytest.fixture
def careful(tmp_path: Path) -> Iterator[Shop]:
    """A shop where more than five units need two people."""
    opened = Shop(tmp_path, second_person_above=5)
    opened.open()
    yield opened
    opened.database.close()


@pytest.mark.long
async def test_the_first_of_two_approvals_is_told_on_both_screens(careful: Shop) -> None:
    async with (
        console(careful, operator="ana") as (ana, hers),
        console(careful, operator="ben") as (ben, his),
    ):
        await move_cursor_to(ana, hers, "SKU-0004411")
        await press(ana, hers, "a")
        await settle(ben, his)
        correction = newest_update(careful, "SKU-0004411")
        on_hers, on_his = text_of(ana), text_of(ben)
        await move_cursor_to(ben, his, "SKU-0004411")
        await press(ben, his, "a")
        await settle(ana, hers)
        both = newest_update(careful, "SKU-0004411")
        last = text_of(ana)

    assert (correction.status, correction.decided_by) == (Status.PROPOSED, "ana")
    assert "#1: a second person must approve it too" in on_hers
    assert "ana gave the first of two approvals to #1" in on_his
    assert (both.status, both.second_by) == (Status.APPROVED, "ben")
    assert "ben approved #1" in last


@pytest.mark.long
async def test_the_question_says_beforehand_that_a_second_person_is_needed(careful: Shop) -> None:
    async with console(careful) as (app, pilot):
        await move_cursor_to(app, pilot, "SKU-0001007")
        await press(app, pilot, "a")
        first = text_of(app)
        await press(app, pilot, "y")
        await press(app, pilot, "a")
        again = text_of(app)

    assert "it needs a second person (more than 5 units): yours is the first" in first
    assert "you approved already, now another person must" in again

"""What the console does before its first frame: once, and for the first page only."""

import asyncio
import subprocess
import sys
from collections import Counter
from typing import Any

import pytest
from textual._compositor import Compositor
from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet
from textual.css.types import CSSLocation

from console.keys.action import PageName
from console.tui.app import SkewApp
from console.tui.data.source import DataSource
from console.tui.data.values import StatusSnapshot
from console.tui.pages.channels import ChannelsPage
from console.tui.session.state import ConsoleState
from tests.console import quick_textual
from tests.console.small_shop import Shop, console, press

FIRST_PAGE = """
import sys
from console.spared_imports import Without
with Without("textual.command"):
    import console.commands.run.live, console.commands.run.quick_watch, console.tui.watch
print(*sorted(sys.modules))
import textual.command
print(textual.command.CommandPalette.__module__, file=sys.stderr)
"""


def test_the_first_frame_comes_without_other_pages_dialogs_and_what_reads_polls_or_writes() -> None:
    command = [sys.executable, "-c", FIRST_PAGE]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    imported = done.stdout.split()

    spared = (
        "console.tui.pages.sku", "console.tui.pages.channels", "console.tui.pages.updates",
        "console.tui.pages.incidents", "console.tui.pages.checklist", "console.tui.handlers",
        "console.tui.dialogs.confirm", "console.tui.dialogs.palette", "console.tui.data.sku",
        "console.tui.data.source", "console.tui.data.disagreements", "console.tui.data.export",
        "store.corrections", "store.history", "store.causes", "sync.causes.explain",
        "sync.corrections", "sync.transport", "sync.engine", "sync.polling", "httpx",
        "textual.command", "textual.widgets._directory_tree", "click", "console.text.failure",
    )  # fmt: skip
    assert "console.tui.pages.dashboard" in imported
    assert [name for name in imported if name.startswith(spared)] == []
    assert done.stderr.strip() == "textual.command"


async def test_nothing_that_reads_is_made_before_the_first_frame(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = ConsoleState("acme-eu", shop.clock, "ana", True, None, lambda: None)
    app = SkewApp(shop.database, shop.settings, session)
    made: list[bool] = []
    make, done, loop = app.make_source, asyncio.Event(), asyncio.get_running_loop()

    def noted(*given: Any) -> DataSource:
        made.append(app.painted.is_set())
        loop.call_soon_threadsafe(done.set)
        return make(*given)

    monkeypatch.setattr(app._page_context, "_make_source", noted)
    async with app.run_test(size=(160, 45)) as pilot:
        await pilot.pause()
        async with asyncio.timeout(10):
            await done.wait()

    assert made == [True]


@pytest.mark.long
async def test_a_page_is_made_when_it_is_opened(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        assert set(app.pages) == {PageName.DISAGREEMENTS}

        await press(app, pilot, "4")
        opened = app.page
        await press(app, pilot, "1", "4")

        assert set(app.pages) == {PageName.DISAGREEMENTS, PageName.INCIDENTS}
        assert app.page is opened


async def test_the_style_sheets_are_parsed_once(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed: Counter[CSSLocation] = Counter()

    def counted(sheet: Stylesheet, css: str, read_from: CSSLocation, **more: Any) -> list[RuleSet]:
        # The sheet's own memory is asked first: what it has is not parsed.
        known = len(sheet._parse_cache)
        rules = quick_textual._parse(sheet, css, read_from, **more)
        parsed[read_from] += len(sheet._parse_cache) - known
        return rules

    monkeypatch.setattr(Stylesheet, "_parse_rules", counted)
    async with console(shop) as (app, pilot):
        await press(app, pilot, "4", "1")

    sheets = {path.rpartition("/")[2]: times for (path, _), times in parsed.items()}
    assert (sheets["console.tcss"], sheets["after_first_frame.tcss"]) == (1, 1)


async def test_what_the_first_frame_does_not_show_has_its_style_before_it_is_shown(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = ConsoleState("acme-eu", shop.clock, "ana", True, None, lambda: None)
    app = SkewApp(shop.database, shop.settings, session, watch=False)
    later: list[object] = []
    monkeypatch.setattr(app, "call_after_refresh", lambda *_: later.append(_))
    sheet = str(app.LATER_CSS_PATH)

    async with app.run_test(size=(160, 45)) as pilot:
        assert not app.stylesheet.has_source(sheet, "")
        await pilot.press("question_mark")
        await pilot.pause()

        assert app.screen.is_modal
        assert app.stylesheet.has_source(sheet, "")
        assert app.screen.query(".dialog").first().styles.max_width is not None


async def test_no_frame_is_drawn_that_is_not_shown(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = ConsoleState("acme-eu", shop.clock, "ana", True, None, lambda: None)
    app = SkewApp(shop.database, shop.settings, session, watch=False)
    drawn: list[int] = []
    render = Compositor.render_update

    def noted(self: Compositor, **more: Any) -> Any:
        drawn.append(app._batch_count)
        return render(self, **more)

    monkeypatch.setattr(Compositor, "render_update", noted)
    async with app.run_test(size=(160, 45)) as pilot:
        await pilot.pause()

    assert drawn
    assert set(drawn) == {0}


async def test_a_page_that_is_opened_during_the_first_reading_shows_what_that_has_found(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with console(shop) as (app, _):
        snapshot, found = app._source.snapshot, asyncio.Event()

        async def late() -> StatusSnapshot:
            await found.wait()
            return await snapshot()

        monkeypatch.setattr(app._source, "snapshot", late)
        app.session.snapshot = None
        reading = asyncio.create_task(app.refresh_now())
        await asyncio.sleep(0)
        await app.show(PageName.CHANNELS)
        found.set()
        await reading

        page = app.page
        assert isinstance(page, ChannelsPage)
        assert len(page.rows.ids) == len(shop.settings.channels)

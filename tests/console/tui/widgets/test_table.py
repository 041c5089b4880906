"""The virtual table alone, on rows from memory."""

from array import array
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
from textual import on
from textual.app import App, ComposeResult
from textual.color import Color
from textual.geometry import Region
from textual.pilot import Pilot

from console.tui.drawing.columns import Column, RowNames
from console.tui.drawing.tones import THEMES, Cell
from console.tui.widgets.table import VirtualTable
from console.tui.widgets.table_messages import RowsMissing


class Numbers:
    """A sheet of one column."""

    def columns(self, width: int) -> Sequence[Column]:
        return [Column("value", "VALUE", width - 1)]

    def known(self) -> Sequence[Column]:
        return self.columns(20)

    def names(self, value: str) -> RowNames:  # noqa: ARG002 (a sheet's)
        return RowNames()

    def cells(self, value: str, columns: Sequence[Column], now: int) -> Sequence[Cell]:
        return [Cell(f"{value} at {now}") for _ in columns]

    def flash_key(self, value: str) -> object:
        return value


class Bench(App[None]):
    """A table, and a record of what it asked for."""

    def __init__(self) -> None:
        super().__init__()
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = THEMES[0].name
        self.table = VirtualTable(Numbers(), empty="nothing", id="table")
        self.asked: set[int] = set()

    CSS_PATH = "../../../../console/tui/console.tcss"

    def compose(self) -> ComposeResult:
        yield self.table

    @on(RowsMissing)
    def _rows_missing(self, event: RowsMissing) -> None:
        ids = event.table.missing()
        self.asked |= set(ids)
        event.table.fill({row_id: f"row {row_id}" for row_id in ids}, ids)


@asynccontextmanager
async def table(ids: Sequence[int]) -> AsyncIterator[tuple[Bench, Pilot[None]]]:
    app = Bench()
    async with app.run_test(size=(40, 12)) as pilot:
        app.table.focus()
        app.table.offer(array("q", ids), now=1, at_once=True)
        await pilot.pause()
        yield app, pilot


def lines(app: Bench) -> list[str]:
    strips = app.screen._compositor.render_strips()
    return ["".join(s.text for s in strip).rstrip() for strip in strips]


async def test_only_rows_near_the_window_are_asked_for() -> None:
    async with table(range(100_000)) as (app, pilot):
        await pilot.press("end")
        await pilot.pause()

        assert len(app.asked) < 100
        assert app.table.cursor_id == 99_999
        assert "row 99999" in lines(app)[-1]


@pytest.mark.long
async def test_new_order_keeps_the_cursor_on_its_row_and_that_row_on_its_line() -> None:
    async with table(range(1000)) as (app, pilot):
        await pilot.press(*["down"] * 30)
        await pilot.pause()
        place = next(n for n, line in enumerate(lines(app)) if "▌" in line)

        app.table.offer(array("q", [*range(5000, 5007), *range(1000)]), now=1, at_once=True)
        await pilot.pause()

        assert app.table.cursor_id == 30
        assert "▌    row 30 " in lines(app)[place]


async def test_new_order_waits_while_the_operator_is_mid_key() -> None:
    async with table(range(5)) as (app, pilot):
        await pilot.press("down")
        app.table.offer(array("q", [9, *range(5)]), now=1, fresh=1)
        await pilot.pause()

        assert list(app.table.ids) == [0, 1, 2, 3, 4]
        assert app.table.waiting == 1

        app.table._touched -= 10
        app.table._settle()
        assert list(app.table.ids) == [9, 0, 1, 2, 3, 4]
        assert app.table.waiting == 0
        assert app.table.cursor_id == 1


async def test_a_row_that_changes_flashes_and_one_that_only_ages_does_not() -> None:
    async with table(range(3)) as (app, pilot):
        app.table.fill({0: "row 0", 1: "changed"}, [0, 1])
        await pilot.pause()

        assert set(app.table._flashes) == {1}


async def test_a_reading_paints_only_the_rows_that_it_found_changed() -> None:
    async with table(range(9)) as (app, pilot):
        await pilot.press("down")
        painted: list[int] = []
        app.table._refresh_row = painted.append  # type: ignore[method-assign,assignment]
        rows = {row_id: f"row {row_id}" for row_id in range(9)}

        app.table.fill(rows, range(9))
        assert not painted

        app.table.fill(rows | {4: "changed"}, range(9))
        assert painted.pop() == 4

        del rows[7], rows[4]
        app.table.fill(rows, [*rows, 7])  # It has closed.
        assert painted.pop() == 7

        app.table.fill(rows | {7: "row 7"}, [*rows, 7])
        assert painted.pop() == 7
        assert not painted


async def test_an_order_tells_which_rows_it_will_bring_into_view() -> None:
    async with table(range(1000)) as (app, pilot):
        await pilot.press("end")
        for ids in (range(999, -1, -1), range(500), range(3)):
            order = array("q", ids)
            told = app.table.window(order)
            app.table.offer(order, now=1, at_once=True)

            assert set(app.table.window()) <= set(told)
            await pilot.pause()


async def test_a_row_that_has_gone_greys_and_cannot_be_acted_on() -> None:
    async with table(range(3)) as (app, pilot):
        app.table.fill({}, [0])
        await pilot.pause()

        assert app.table.current is None
        assert "row 0" in lines(app)[1]


async def test_marks_follow_their_rows_and_leave_with_them() -> None:
    async with table(range(5)) as (app, _):
        app.table.mark([1, 3])
        app.table.offer(array("q", [3, 2]), now=1, at_once=True)

        assert app.table.marks == {3}

        app.table.mark_all()
        assert app.table.marks == {2, 3}
        app.table.mark_all()
        assert app.table.marks == set()


async def test_a_row_not_yet_fetched_shows_a_dot_and_never_another_row() -> None:
    async with table(range(3)) as (app, pilot):
        app.table._rows.clear()
        app.table.refresh()
        await pilot.pause()

        assert lines(app)[1].split() == ["▌", "·"]


async def test_a_click_moves_the_cursor_and_one_in_the_gutter_marks() -> None:
    async with table(range(5)) as (app, pilot):
        await pilot.click("#table", offset=(10, 3))
        assert app.table.cursor_id == 2
        await pilot.click("#table", offset=(2, 4))
        assert app.table.marks == {3}


async def test_a_page_of_a_long_list_paints_no_scrollbar_that_stays_as_it_is() -> None:
    async with table(range(100_000)) as (app, pilot):
        await pilot.press("down")
        bar, painted = app.table.vertical_scrollbar, []
        bar.refresh = lambda *_, **__: painted.append(bar.position) or bar  # type: ignore[method-assign,func-returns-value]

        await pilot.press("pagedown", "pagedown", "pagedown")
        assert bar.position > 0
        assert not painted

        await pilot.press("end")
        assert painted


async def test_rows_are_drawn_in_the_colours_of_the_theme_that_is_chosen() -> None:
    async with table(range(3)) as (app, pilot):
        for theme in (THEMES[1], THEMES[0]):
            app.theme = theme.name
            await pilot.pause()
            (_, _, text, *_) = app.table.render_lines(Region(0, 2, 40, 1))[0]

            assert text.text.startswith("row 1")
            assert text.style is not None
            assert text.style.color == Color.parse(theme.variables["ink"]).rich_color


async def test_an_empty_list_says_what_that_means() -> None:
    async with table([]) as (app, pilot):
        await pilot.press("down", "up", "pagedown", "end", "home")

        assert "nothing" in "\n".join(lines(app))
        assert app.table.cursor_id is None


async def test_ages_tick_without_a_fetch() -> None:
    async with table(range(3)) as (app, pilot):
        asked = set(app.asked)
        app.table.tick(77)
        await pilot.pause()

        assert "row 0 at 77" in lines(app)[1]
        assert app.asked == asked


async def test_what_an_empty_list_says_is_whole_however_narrow_it_is() -> None:
    async with table([]) as (app, pilot):
        app.table.empty = "Not all can be seen: the warehouse was never read, the shop neither."
        app.table.refresh()
        await pilot.pause()
        assert " ".join(" ".join(lines(app)[1:]).split()) == app.table.empty

"""The frame that every page stands in: header, tabs, the log's line, the filter's line, the legend.

A page reads what it shows in `reload`, through the desk's source and off this thread, and does
what the table of actions names in its methods `do_…`; the app finds them by name. One that returns
a coroutine runs as a worker, and may ask with a dialog.
"""

import contextlib
from array import array
from collections.abc import Coroutine, Iterator, Sequence
from typing import Any, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Input

from console import channels, edges, exports
from console.actions import Place
from console.caution import Picked
from console.copying import Copied, of_row
from console.desk import Desk, Subject
from console.exports import View
from console.filter import FilterError
from console.ink import Cell, Tone, write
from console.memory import PageMemory
from console.rows import UpdateSheet
from console.source import Detail
from console.text import clean
from console.widgets.filterline import FilterLine
from console.widgets.table import VirtualTable
from console.widgets.written import Written
from store.errors import StoreError

ROOMY = 110
"""From this width on the lines at the edges are told in full words."""
BREAKPOINTS: list[tuple[int, str]] | None = [(0, "-narrow"), (132, "-wide")]


class Page(Screen[None]):
    """See the module."""

    HORIZONTAL_BREAKPOINTS = BREAKPOINTS
    place: ClassVar[Place]
    filter_hint: ClassVar[str] = ""
    """What the filter's empty line shows; empty: the page has no filter."""

    is_apart: ClassVar[bool] = False
    """Whether it is read without the glance, so that both can be read at a time."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk
        self.footing = desk.footing
        self.filter_text = ""

    def compose(self) -> ComposeResult:
        yield Written(self._header, id="header")
        yield Written(self._tabs, id="tabs")
        yield from self.body()
        yield Written(self._said, id="said")
        if self.filter_hint:
            yield FilterLine(self.filter_hint, self.complete)
        yield Written(self._legend, id="legend")

    def body(self) -> ComposeResult:
        """What stands between the tabs and the log's line."""
        yield from ()

    async def reload(self, *, at_once: bool = False) -> None:
        """Read anew what this page shows; `at_once`: the operator asked. Raises StoreError."""
        del at_once

    async def freshen(self) -> None:
        """Read anew what is in view of a long list, between two reloads. Raises StoreError."""

    def tick(self) -> None:
        """Let time be seen: ages, the clock, countdowns."""
        self.rewrite("Written")

    def repaint(self) -> None:
        """Write everything anew that is not a list."""
        self.rewrite("Written")

    def rewrite(self, selector: str) -> None:
        """Write some of it anew; what is being taken down as the app closes is passed over."""
        for written in self.query(selector).results(Written):
            written.rewrite()

    def able(self) -> tuple[str, ...]:
        """The deciding actions that can be done now, for the legend."""
        return self.footing.able(self.picked(), marks=False)

    def picked(self) -> Picked:
        """The update that a deciding key would decide on."""
        return Picked(why_not="no update is under the cursor here")

    def subject(self) -> Subject | None:
        """What of a SKU is under the cursor; None where nothing is."""
        return None

    def point_at(self, channel: str) -> None:
        """Put the cursor on a channel, where the page has them."""

    def note(self) -> str:
        """What is told at the right of the tabs."""
        clears = f"  ({self.footing.key('clear')} clears)" if self.footing.key("clear") else ""
        filtered = f"filter: {self.filter_text}{clears}" if self.filter_text else ""
        return "  ".join(told for told in (self.footing.busy, filtered) if told)

    def lead(self) -> str:
        """What is told before the log's line."""
        return ""

    def filter_by(self, text: str) -> None:
        """Take a new filter. Raises FilterError with the remedy."""
        self.filter_text = text.strip()

    def complete(self, text: str) -> str | None:
        """What is being typed into the filter's line, brought to its end; None: as it is."""
        del text
        return None

    def do_filter(self) -> None:
        self.add_class("-filtering")
        self.query_one(FilterLine).open(self.filter_text)

    def close_filter(self) -> bool:
        """Put the filter's line away; whether it was open."""
        was_open = self.has_class("-filtering")
        self.remove_class("-filtering")
        if was_open and self.AUTO_FOCUS:
            self.query(self.AUTO_FOCUS).first().focus()
        return was_open

    async def do_clear(self) -> None:
        """Step back by one: the filter's line, else what is chosen, else to the page before."""
        if not self.close_filter() and not self.unchoose():
            await self.desk.way.back()

    def unchoose(self) -> bool:
        """Let go of marks, else of the filter; whether there was anything to let go of."""
        if not self.filter_text:
            return False
        self.filter_by("")
        self.footing.stir()
        return True

    def copies(self) -> Iterator[Copied]:
        """The ways to copy what is under the cursor; none: there is nothing to copy."""
        yield from ()

    def view(self) -> View | None:
        """What of this page can be exported; None: nothing."""
        glance = self.footing.glance
        if glance is None:
            return None
        lists = {
            Place.CHANNELS: lambda: exports.channels(glance.status.channels),
        }
        return lists[self.place]() if self.place in lists else None

    def left(self) -> PageMemory:
        """What is remembered of this page between runs."""
        return PageMemory(filter=self.filter_text)

    def return_to(self, before: PageMemory) -> None:
        """Take up what is remembered of this page; what is no more is passed over."""
        with contextlib.suppress(FilterError):
            self.filter_by(before.filter)

    async def do_copy(self) -> None:
        await self.desk.output.copy(self.copies())

    async def do_export(self) -> None:
        await self.desk.output.export(self.view())

    @property
    def sku_shown(self) -> str | None:
        """The one SKU that the page is about."""
        return None

    def do_previous_change(self) -> Coroutine[None, None, None]:
        return self.desk.travel.step(on=False, sku=self.sku_shown)

    def do_next_change(self) -> Coroutine[None, None, None]:
        return self.desk.travel.step(on=True, sku=self.sku_shown)

    def do_hour_back(self) -> Coroutine[None, None, None]:
        return self.desk.travel.leap(-1)

    def do_hour_on(self) -> Coroutine[None, None, None]:
        return self.desk.travel.leap(1)

    def do_go_to(self) -> Coroutine[None, None, None]:
        return self.desk.travel.ask()

    def do_undo(self) -> Coroutine[None, None, None]:
        return self.desk.updates.undo(self.picked())

    @on(Input.Submitted, "#filter")
    def _filter_typed(self, event: Input.Submitted) -> None:
        event.stop()
        try:
            self.filter_by(event.value)
        except FilterError as error:
            # The filter's line stands where the log's does: there nobody sees it yet.
            self.footing.say(str(error), Tone.WARN)
            self.notify(clean(str(error)), severity="warning", markup=False)
            return
        self.query_one(FilterLine).remember(event.value)
        self.close_filter()
        self.footing.stir()

    def _header(self, width: int) -> Content:
        glance, now = self.footing.glance, self.footing.clock.now()
        return edges.header(
            self.footing.standing(),
            glance.status.overview if glance is not None else None,
            now=now,
            width=width,
            brief=width < ROOMY,
            reading=channels.reading(glance.status.channels if glance is not None else (), now),
        )

    def _tabs(self, width: int) -> Content:
        glance = self.footing.glance
        status = glance.status if glance is not None else None
        return edges.tabs(
            status, self.place, note=self.note(), width=width, actions=self.footing.actions
        )

    def _said(self, width: int) -> Content:
        replay = self.footing.replay
        told = "" if replay is None else replay.told
        return self.footing.line(width, told + self.lead())

    def _legend(self, width: int) -> Content:
        return edges.legend(
            width,
            narrow=width < ROOMY,
            read_only=self.footing.read_only,
            able=self.able(),
            actions=[
                action
                for action in self.footing.actions
                if self.place in action.on and not self.footing.refuses(action)
            ],
        )


class Deciding(Page):
    """A page with updates that are decided on: one at a time."""

    detail: Detail | None = None
    """What is known of what stands under the cursor."""

    def copies(self) -> Iterator[Copied]:
        if self.detail is None:
            return iter(())
        return of_row(
            # On the updates' page the row is the update.
            None if self.place is Place.UPDATES else self.detail.it,
            self.detail.cause,
            self.detail.correction,
            configuration=self.desk.source.configuration,
        )

    def do_approve(self) -> Coroutine[None, None, None]:
        return self.desk.updates.approve(self.picked(), bulk=False)

    def do_reject(self) -> Coroutine[None, None, None]:
        return self.desk.updates.reject(self.picked(), bulk=False)

    def do_snooze(self) -> Coroutine[None, None, None]:
        return self.desk.updates.snooze(self.picked())

    def do_retry(self) -> Coroutine[None, None, None]:
        return self.desk.updates.retry(self.picked()._replace(why_not=""))

    def do_batch(self) -> Coroutine[None, None, None]:
        return self.desk.updates.batches.show(self.of_picked())

    def of_picked(self) -> int | None:
        """The update under the cursor by its number."""
        seen = self.picked().seen
        return seen[0][0] if seen else None


class Listing(Deciding):
    """A page whose keys act on the rows of a virtual table, on one or on all that are marked."""

    @property
    def table(self) -> "VirtualTable[Any]":
        """The list that the keys act on."""
        return self.query_one(VirtualTable)

    async def marked(self, *, approving: bool) -> Picked:
        """All that is marked; what can't be decided is left out and told. Raises StoreError."""
        del approving
        return self.picked()

    def view(self) -> View:
        """All of the list's rows, in its order."""
        ids = array("q", self.table.ids)
        updates = self.place is Place.UPDATES or isinstance(self.table.sheet, UpdateSheet)
        of = exports.updates if updates else exports.disagreements
        return of(self.desk.source, ids)

    async def fetch(self, table: "VirtualTable[Any]", ids: Sequence[int]) -> None:
        """Give a table the rows of these ids. Raises StoreError."""

    async def freshen(self) -> None:
        for table in self.query(VirtualTable):
            await self.fetch(table, table.window())

    async def look(self) -> None:
        """Read what stands under the cursor, for the preview. Raises StoreError."""

    def able(self) -> tuple[str, ...]:
        return self.footing.able(self.picked(), marks=bool(self.table.marks))

    def lead(self) -> str:
        marks = len(self.table.marks)
        return f" {marks:,} marked" if marks and self.has_class("-narrow") else ""

    def note(self) -> str:
        waiting = self.table.waiting
        return (f"↻ {waiting} new " if waiting else "") + super().note()

    def unchoose(self) -> bool:
        if not self.table.marks:
            return super().unchoose()
        self.table.unmark()
        return True

    def close_filter(self) -> bool:
        was_open = super().close_filter()
        if was_open:
            self.table.focus()
        return was_open

    def do_mark(self) -> None:
        table = self.table
        if table.cursor_id is not None:
            table.mark([table.cursor_id])
            table.action_move(1)

    def do_mark_all(self) -> None:
        self.table.mark_all()

    async def do_approve_marked(self) -> None:
        marked = await self._marked(approving=True)
        if marked is not None:
            await self.desk.updates.approve(marked, bulk=True)

    async def do_reject_marked(self) -> None:
        marked = await self._marked(approving=False)
        if marked is not None:
            await self.desk.updates.reject(marked, bulk=True)

    async def _marked(self, *, approving: bool) -> Picked | None:
        try:
            return await self.marked(approving=approving)
        except StoreError as error:
            self.footing.say(f"the cache can't be read: {error}", Tone.BAD)
            return None

    @work(group="fetch")
    async def _fetch_lacking(self, table: "VirtualTable[Any]") -> None:
        await self.footing.guarded(lambda: self.fetch(table, table.lacking()))

    @work(group="look", exclusive=True)
    async def look_again(self) -> None:
        """Read what stands under the cursor anew, soon."""
        await self.footing.guarded(self.look)

    @on(VirtualTable.Wanted)
    def _rows_wanted(self, event: "VirtualTable.Wanted") -> None:
        self._fetch_lacking(event.table)

    @on(VirtualTable.Moved)
    def _cursor_moved(self, event: "VirtualTable.Moved") -> None:
        if event.table is self.table:
            self.look_again()
            self.rewrite("#legend")

    @on(VirtualTable.Restocked)
    def _list_changed(self) -> None:
        self.entitle_all()
        self.rewrite("#tabs, #said, #legend")

    @on(VirtualTable.Chosen)
    async def _row_chosen(self) -> None:
        await self.app.run_action("app.do('detail')")

    def on_descendant_focus(self) -> None:
        self.post_message(VirtualTable.Moved(self.table))

    def repaint(self) -> None:
        super().repaint()
        self.entitle_all()

    def entitle_all(self) -> None:
        """Write the panels' titles anew."""

    def entitle(self, panel: str, name: str, more: str = "", *cells: Cell) -> None:
        """Write a panel's title: its name, and in dimmer ink what is told of it."""
        title = write(Cell(name, Tone.STRONG), Cell(more, Tone.DIM), *cells)
        for widget in self.query(f"#{panel}"):
            widget.border_title = title

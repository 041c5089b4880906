"""Pages with updates that are decided on, one at a time or all that are marked."""

from array import array
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec
from textual import on, work
from textual.geometry import Region

from console.keys.action import PageName
from console.text.confirmation import DecisionTarget
from console.text.format import plural
from console.tui.data.values import DisagreementRow, RowDetail, SkuListing
from console.tui.drawing.columns import Sorting
from console.tui.drawing.tones import Cell, Tone, write
from console.tui.pages.page import Acts, Page
from console.tui.session.memory import PageMemory
from console.tui.views.updates import UpdateSheet
from console.tui.widgets.table import VirtualTable
from console.tui.widgets.table_messages import (
    HeadClicked,
    Moved,
    OrderChanged,
    RowOpened,
    RowsMissing,
)
from store.errors import StoreError
from store.model import Correction, Disagreement

if TYPE_CHECKING:
    from console.reports.clipboard import CopyChoice
    from console.tui.data.export import ExportView


class DecisionPage(Page):
    """A page with updates that are decided on: one at a time."""

    detail: RowDetail | None = None
    """What is known of what stands under the cursor."""

    def copies(self) -> "Iterator[CopyChoice]":
        from console.reports.clipboard import row_choices  # As in `PageContext`.

        if self.detail is None:
            return iter(())
        return row_choices(
            # On the updates' page the row is the update.
            None if self.place is PageName.UPDATES else self.detail.disagreement,
            self.detail.cause,
            self.detail.correction,
            configuration=self.context.source.configuration,
        )

    def actions(self) -> Acts:
        return {
            **super().actions(),
            "approve": self.do_approve,
            "reject": self.do_reject,
            "snooze": self.do_snooze,
            "retry": self.do_retry,
            "batch": self.do_batch,
            "revert": self.do_revert,
            "open_link": self.do_open_link,
            "unfreeze": self.do_unfreeze,
            "ignore": self.do_ignore,
        }

    def do_approve(self) -> Coroutine[None, None, None]:
        return self.context.updates.approve(self.picked(), bulk=False)

    def do_reject(self) -> Coroutine[None, None, None]:
        return self.context.updates.reject(self.picked(), bulk=False)

    def do_snooze(self) -> Coroutine[None, None, None]:
        return self.context.updates.snooze(self.picked())

    def do_retry(self) -> Coroutine[None, None, None]:
        return self.context.updates.retry(self.picked()._replace(why_not=""))

    def do_batch(self) -> Coroutine[None, None, None]:
        return self.context.updates.batches.show(self.of_picked())

    def do_revert(self) -> Coroutine[None, None, None]:
        return self.context.updates.revert(self.of_picked())

    def do_open_link(self) -> Coroutine[None, None, None]:
        return self.context.links.open(self.linked())

    def linked(self) -> SkuListing | None:
        """The listing whose page on its channel is meant."""
        of = self.subject()
        return None if of is None else SkuListing(of.sku, of.channel, of.location)

    async def do_unfreeze(self) -> None:
        under = self.under_cursor()
        if under is None:
            self.session.say("can't unfreeze: no SKU is under the cursor", Tone.WARN)
            self.repaint()
            return
        await self.context.freezing.unfreeze(*under)

    async def do_ignore(self) -> None:
        await self.context.ignoring.ignore_like(self.linked())

    def under_cursor(self) -> tuple[str, str] | None:
        """The SKU of the row under the cursor, and its channel."""
        of = self.linked()
        return None if of is None else (of.sku, of.channel)

    def of_picked(self) -> int | None:
        """The update under the cursor by its number."""
        seen = self.picked().seen
        return seen[0][0] if seen else None


class ListPage(DecisionPage):
    """A page whose keys act on the rows of a virtual table, on one or on all that are marked."""

    rows: "VirtualTable[Any]"
    """The page's own list."""
    SORTS: ClassVar[Mapping[str, str]] = {}
    """The orders that it knows, each with the key of the column that is sorted by it."""
    sort: str = ""
    backwards = False

    @property
    def table(self) -> "VirtualTable[Any]":
        """The list that the keys act on."""
        return self.query_one(VirtualTable)

    async def marked(self, *, approving: bool) -> DecisionTarget:
        """All that is marked; what can't be decided is left out and named. Raises StoreError."""
        del approving
        return self.picked()

    def view(self) -> "ExportView":
        """All of the list's rows, in its order."""
        from console.tui.data import export  # As in `PageContext`.

        ids = array("q", self.table.ids)
        updates = self.place is PageName.UPDATES or isinstance(self.table.sheet, UpdateSheet)
        of = export.updates if updates else export.disagreements
        return of(self.context.source, ids)

    def under_cursor(self) -> tuple[str, str] | None:
        value = self.table.current
        row = value.disagreement if isinstance(value, DisagreementRow) else value
        return (row.sku, row.channel) if isinstance(row, Disagreement | Correction) else None

    async def fetch(self, table: "VirtualTable[Any]", ids: Sequence[int]) -> None:
        """Give a table the rows of these ids. Raises StoreError."""

    async def freshen(self) -> None:
        for table in self.query(VirtualTable):
            await self.fetch(table, table.window())

    async def look(self) -> None:
        """Read what stands under the cursor, for the preview. Raises StoreError."""

    def able(self) -> tuple[str, ...]:
        return self.session.able(self.picked(), marks=bool(self.table.marks))

    def lead(self) -> str:
        marks = len(self.table.marks)
        return f" {marks:,} marked" if marks and self.has_class("-narrow") else ""

    def note(self) -> str:
        waiting = self.table.waiting
        return (f"↻ {waiting} new " if waiting else "") + super().note()

    def clear_marks_or_filter(self) -> bool:
        if not self.table.marks:
            return super().clear_marks_or_filter()
        self.table.mark(tuple(self.table.marks))
        return True

    def close_filter(self) -> bool:
        was_open = super().close_filter()
        if was_open:
            self.table.focus()
        return was_open

    def actions(self) -> Acts:
        return {
            **super().actions(),
            "mark": self.do_mark,
            "mark_all": self.do_mark_all,
            "approve_marked": self.do_approve_marked,
            "reject_marked": self.do_reject_marked,
            "sort": self.do_sort,
            "sort_menu": self.do_sort_menu,
            "columns": self.do_columns,
        }

    def page_memory(self) -> PageMemory:
        return msgspec.structs.replace(
            super().page_memory(),
            sort=self.sort,
            backwards=self.backwards,
            columns=self.rows.columns.chosen,
        )

    def restore(self, before: PageMemory) -> None:
        super().restore(before)
        if before.sort in self.SORTS:
            self.order_by(before.sort, backwards=before.backwards)
        self.rows.choose_columns(before.columns)

    def order_by(self, sort: str, *, backwards: bool) -> None:
        """Sort the list so from its next reading on."""
        self.sort, self.backwards = sort, backwards
        self.rows.columns.sorting = Sorting(self.SORTS[sort], backwards)

    @property
    def order(self) -> str:
        """By what it is sorted, for a title."""
        return f"{self.sort}, reversed" if self.backwards else self.sort

    def do_sort(self) -> None:
        sorts = tuple(self.SORTS)
        self._sort_by(sorts[(sorts.index(self.sort) + 1) % len(sorts)])

    async def do_sort_menu(self) -> None:
        from console.tui.dialogs.arrange import SortDialog

        dialog = SortDialog(tuple(self.SORTS), self.sort, backwards=self.backwards)
        for sort in await self.app.push_screen_wait(dialog) or ():
            self._sort_by(sort)

    async def do_columns(self) -> None:
        from console.tui.dialogs.arrange import ColumnsDialog

        table = self.rows
        shown = table.columns.chosen or [column.key for column in table.columns.shown]
        chosen = await self.app.push_screen_wait(ColumnsDialog(table.sheet.known(), shown))
        if chosen is not None:
            table.choose_columns(chosen)

    def _sort_by(self, sort: str) -> None:
        """Sort by this, the other way round where it is so sorted already."""
        self.order_by(sort, backwards=sort == self.sort and not self.backwards)
        self.session.say(f"sorted by {self.order}", Tone.DIM)
        self.session.request_refresh()
        self.rewrite("log")
        self.rows.refresh(Region(0, 0, self.size.width, 1))  # Its titles, and no row.

    @on(HeadClicked)
    def _head_clicked(self, event: HeadClicked) -> None:
        by_column = {key: sort for sort, key in self.SORTS.items()}
        if event.table is self.rows and event.key in by_column:
            self._sort_by(by_column[event.key])
        else:
            self.session.say("no order goes by this column", Tone.DIM)
            self.rewrite("log")

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
            await self.context.updates.approve(marked, bulk=True)

    async def do_reject_marked(self) -> None:
        marked = await self._marked(approving=False)
        if marked is not None:
            await self.context.updates.reject(marked, bulk=True)

    async def _marked(self, *, approving: bool) -> DecisionTarget | None:
        marks = len(self.table.marks)
        self.session.say_what_takes_long(f"reading the {marks:,} marked rows…", marks)
        self.rewrite("log")
        try:
            return await self.marked(approving=approving)
        except StoreError as error:
            self.session.say(f"the cache can't be read: {error}", Tone.BAD)
            return None

    @work(group="fetch")
    async def _fetch_missing(self, table: "VirtualTable[Any]") -> None:
        await self.session.guarded(lambda: self.fetch(table, table.missing()))

    @work(group="look", exclusive=True)
    async def look_soon(self) -> None:
        """Read what stands under the cursor again, soon."""
        await self.session.guarded(self.look)

    @on(RowsMissing)
    def _rows_missing(self, event: RowsMissing) -> None:
        self._fetch_missing(event.table)

    @on(Moved)
    def _cursor_moved(self, event: Moved) -> None:
        if event.table is self.table:
            # The row itself is painted first: what is read of it takes several readings.
            self.call_after_refresh(self.look_soon)
            self.rewrite("legend")

    @on(OrderChanged)
    def _list_changed(self, event: OrderChanged) -> None:
        lost, event.table.lost = event.table.lost, 0
        if lost:
            # Their rows have closed, or the filter leaves them out. Nobody took these marks away,
            # so the operator must learn of it before `A` decides on fewer rows than were marked.
            self.session.say(f"{plural(lost, 'marked row')} left the list", Tone.WARN)
        self.write_titles()
        self.rewrite("tabs", "log", "legend")

    @on(RowOpened)
    async def _row_opened(self) -> None:
        await self.app.run_action("app.do('detail')")

    def on_descendant_focus(self) -> None:
        self.post_message(Moved(self.table))

    def repaint(self) -> None:
        super().repaint()
        self.write_titles()

    def write_titles(self) -> None:
        """Write the panels' titles again."""

    def entitle(self, panel: str, name: str, more: str = "", *cells: Cell) -> None:
        """Write a panel's title: its name, and in dimmer ink what is said of it."""
        self.set_title(panel, write(Cell(name, Tone.STRONG), Cell(more, Tone.DIM), *cells))

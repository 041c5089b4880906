"""One SKU's page: its channels, why they differ, its updates, its stock over time, its timeline.

A cursor over the channels' rows chooses which update the keys act on and whose target the plot
shows. The page stays on its SKU whatever ends, and on the row under the cursor whatever moves.
"""

from collections.abc import Coroutine, Iterator
from functools import partial
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content

from console.keys.action import PageName
from console.reports.clipboard import CopyChoice, row_choices
from console.text.confirmation import (
    UNDOABLE,
    DecisionTarget,
    not_now,
    why_no_retry,
    why_not_decidable,
    why_update_not_decidable,
)
from console.text.format import clean, cut, plural
from console.tui.data.sku import SkuDetail, SkuTimeline
from console.tui.data.values import SkuListing
from console.tui.drawing import plot
from console.tui.drawing.tones import Cell, Tone, lines, write
from console.tui.pages.context import PageContext, Subject
from console.tui.pages.listing import DecisionPage
from console.tui.pages.page import Acts
from console.tui.views.sku import sku_detail, sku_table
from console.tui.widgets.panes import Panes
from console.tui.widgets.scroll import CursorScroll, ScrollBody
from console.tui.widgets.text import LazyLines, TextBlock
from store.history import series
from store.history.series import StockSeries
from store.model import LIVE_CORRECTIONS, Correction, Disagreement
from store.queries.values import ChannelHealth, ShownCell

ENTRIES_MAX = 4_000
"""Of the timeline."""

CURVES_MAX = 8
"""Channels in one plot: more could not be told apart."""

_PLOT_MIN, _PLOT_MAX = 8, 20


class SkuPage(DecisionPage):
    """See the module."""

    place: ClassVar[PageName] = PageName.SKU
    AUTO_FOCUS = "#sku-left"
    BINDINGS: ClassVar[list[BindingType]] = [("backspace", "app.do('clear')", "Back")]

    def __init__(self, context: PageContext) -> None:
        super().__init__(context)
        self.panes = Panes(self, "column")
        self.sku = ""
        self.sku_detail: SkuDetail | None = None
        self.chosen: int | None = None
        """The listing under the cursor."""
        self._wanted = ("", "")
        """The channel and the place that it was opened on."""
        self._differed: int | None = None
        """The listing that it was opened on, where that differed then."""
        self._span: int | None = None
        """Which of the spans is plotted; None until it is known how much there is to plot."""
        self._course: StockSeries | None = None
        self._drawn: tuple[object, Content] | None = None
        """The plot as it was drawn last, and of what."""
        self._timeline = SkuTimeline()
        self._lines: dict[int, int] = {}
        self._reader = context.source.skus

    @property
    def sku_shown(self) -> str | None:
        return self.sku or None

    def body(self) -> ComposeResult:
        yield TextBlock(self._head, id="sku-head")
        with ScrollBody(id="sku-body"):
            with CursorScroll(self.step, id="sku-left", classes="column"):
                with Vertical(id="sku-now", classes="panel"):
                    yield TextBlock(self._cells, id="sku-cells")
                with Vertical(id="sku-why", classes="panel"):
                    yield TextBlock(self._reasons, id="sku-reasons")
                with Vertical(id="sku-sum", classes="panel"):
                    yield TextBlock(self._account, id="sku-account")
            with CursorScroll(id="sku-right", classes="column"):
                with Vertical(id="sku-stock", classes="panel"):
                    yield TextBlock(self._plot, id="sku-plot")
                # Where all is one column, the plot comes before the account.
                with Vertical(id="sku-sum-below", classes="panel"):
                    yield TextBlock(self._account, id="sku-account-below")
                with Vertical(id="sku-timeline", classes="panel"):
                    yield LazyLines(self._happened, id="sku-history")

    def on_mount(self) -> None:
        self._write_titles()

    def look_at(self, subject: Subject) -> None:
        """Turn to a SKU, with the cursor on that channel; `reload` reads the whole of it."""
        if subject.sku != self.sku:
            self.sku_detail, self._course, self._span = None, None, None
            self._timeline = SkuTimeline()
        self.sku = subject.sku
        self.chosen = self._differed = None
        self._wanted = (subject.channel, subject.location)

    async def reload(self, *, at_once: bool = False) -> None:
        del at_once
        sku = self.sku
        if not sku:
            return
        sku_detail = await self._reader.open(sku)
        if sku != self.sku:
            return
        self.sku_detail = sku_detail
        if sku_detail is not None:
            self._settle(sku_detail)
            await self._read_course()
            await self._read_newest(sku_detail)

    def repaint(self) -> None:
        super().repaint()
        self._write_titles()

    def tick(self) -> None:
        self.rewrite("header", "log", "sku-head", "sku-cells", "sku-reasons")

    def picked(self) -> DecisionTarget:
        """The update of the row under the cursor, else why it has none."""
        cell = self._cell()
        if self.sku_detail is None or cell is None:
            return DecisionTarget(why_not="no SKU is open: press enter on a row of another page")
        disagreement, update = self._disagreement(cell), self._update(cell)
        rejected = disagreement.rejected_id if disagreement is not None else None
        if update is not None and (update.status in LIVE_CORRECTIONS or update.id == rejected):
            about = f"#{update.id} {update.sku} {update.channel}"
            seen, why_not = ((update.id, update.version),), why_update_not_decidable(update)
            waits, undoes = "" if why_not else not_now(disagreement), update.status in UNDOABLE
            return DecisionTarget(seen, about, why_not, waits, undoes)
        if disagreement is None:
            return DecisionTarget(why_not=f"{cell.channel} shows what it should")
        reason = why_not_decidable(disagreement)
        return DecisionTarget(why_not=reason or "no update is proposed")

    def able(self) -> tuple[str, ...]:
        return (*super().able(), *(("retry",) if self._to_retry().seen else ()))

    def actions(self) -> Acts:
        zooms = {"zoom_in": partial(self._zoom, -1), "zoom_out": partial(self._zoom, 1)}
        return {**super().actions(), **zooms}

    def do_retry(self) -> Coroutine[None, None, None]:
        return self.context.updates.retry(self._to_retry())

    def _to_retry(self) -> DecisionTarget:
        """The newest update of the row under the cursor, where that ended badly."""
        cell = self._cell()
        update = self._update(cell) if cell is not None else None
        if update is None:
            return DecisionTarget(why_not="no update is under the cursor")
        why, about = why_no_retry(update), f"#{update.id} {update.sku} {update.channel}"
        return DecisionTarget(() if why else ((update.id, update.version),), about, why)

    def linked(self) -> SkuListing | None:
        return self.sku_detail.listing(self.chosen) if self.sku_detail is not None else None

    def copies(self) -> Iterator[CopyChoice]:
        """The row under the cursor: its disagreement, its update, else the SKU alone."""
        cell = self._cell()
        if self.sku_detail is None or cell is None:
            return
        disagreement, update = self._disagreement(cell), self._update(cell)
        if disagreement is None and update is None:
            yield CopyChoice("SKU", clean(self.sku))
            return
        cause = self.sku_detail.causes.get(disagreement.id) if disagreement is not None else None
        yield from row_choices(
            disagreement, cause, update, configuration=self.context.source.configuration
        )

    def step(self, by: int) -> bool:
        """Move the cursor by a row; False where it can't be moved, or is not in sight."""
        if self.sku_detail is None or self._out_of_sight():
            return False
        ids = [cell.listing_id for cell in self.sku_detail.summary.cells]
        at = ids.index(self.chosen) + by if self.chosen in ids else 0
        if not 0 <= at < len(ids):
            return False
        self.choose(ids[at])
        return True

    def choose(self, listing_id: int) -> None:
        """Put the cursor on a listing; the plot and the reasons follow."""
        before, self.chosen = self._cell(), listing_id
        after = self._cell()
        if before is not None and after is not None and before.location != after.location:
            self._read_course_soon()
        self.repaint()
        self.query_one("#sku-left", CursorScroll).mover.scroll_relative(
            y=self._out_of_sight(), animate=False
        )

    def action_choose(self, listing_id: int) -> None:
        """Put the cursor on the row that was clicked."""
        if self.sku_detail is not None and listing_id in self._lines:
            self.choose(listing_id)

    def _zoom(self, by: int) -> None:
        now = self._span if self._span is not None else plot.DAY
        span = max(0, min(len(plot.SPANS) - 1, now + by))
        if span == now:
            which = "shortest" if by < 0 else "longest"
            name = plot.SPANS[span].name
            self.session.say(f"{name} is the {which} span of the plot", Tone.DIM)
        self._span = span
        self._read_course_soon()
        self.repaint()

    def _settle(self, sku_detail: SkuDetail) -> None:
        """Put the cursor where it was: on its listing, else on the channel asked for."""
        cells = sku_detail.summary.cells
        if any(cell.listing_id == self.chosen for cell in cells):
            return
        if self._span is None:
            self._span = plot.span_of(sku_detail.at - (sku_detail.summary.first_read_at or 0))
        channel, location = self._wanted
        cell = min(
            cells,
            key=lambda cell: (cell.channel != channel, cell.location != location, not cell.differs),
            default=None,
        )
        self.chosen = cell.listing_id if cell is not None else None
        if cell is not None and self._is_open(cell):
            self._differed = cell.listing_id

    def _is_open(self, cell: ShownCell) -> bool:
        update = self._update(cell)
        return self._disagreement(cell) is not None or (
            update is not None and update.status in LIVE_CORRECTIONS
        )

    def _cell(self) -> ShownCell | None:
        cells = self.sku_detail.summary.cells if self.sku_detail is not None else ()
        return next((cell for cell in cells if cell.listing_id == self.chosen), None)

    def _disagreement(self, cell: ShownCell) -> Disagreement | None:
        of = self.sku_detail
        return None if of is None else sku_table.disagreement_of(of, cell.listing_id)

    def _update(self, cell: ShownCell) -> Correction | None:
        of = self.sku_detail
        return None if of is None else sku_table.update_of(of, cell.listing_id)

    def _plotted(self) -> list[int]:
        """The listings at the cursor's place: as many as can be told apart, that one included."""
        cell = self._cell()
        if self.sku_detail is None or cell is None:
            return []
        here = [
            shown.listing_id
            for shown in self.sku_detail.summary.cells
            if shown.location == cell.location and shown.observed_at is not None
        ]
        others = [listing_id for listing_id in here if listing_id != cell.listing_id]
        kept = {cell.listing_id, *others[: CURVES_MAX - 1]}
        return [listing_id for listing_id in here if listing_id in kept]

    async def _read_course(self) -> None:
        """Read what the plot shows, a column of it at a time. Raises StoreError."""
        width = self.query_one("#sku-plot").size.width or plot.WIDTH_MIN
        now = self.session.clock.now()
        within = series.window(now, plot.SPANS[self._span or 0].ms, plot.inner_width(width))
        self._course = await self._reader.course(tuple(self._plotted()), within)

    @work(group="course", exclusive=True)
    async def _read_course_soon(self) -> None:
        await self.session.guarded(self._read_course)
        self.rewrite("sku-plot")

    async def _read_newest(self, sku_detail: SkuDetail) -> None:
        """Read the newest of the timeline; older pages that were read stay. Raises StoreError."""
        if self._timeline.take_newest(await self._reader.newest(sku_detail.summary)):
            self._show_timeline()

    @on(ScrollBody.Reached)
    @work(group="older", exclusive=True)
    async def _read_older(self) -> None:
        """Read the next older page of the timeline: its end has come in sight."""
        await self.session.guarded(partial(self._add_older, self.sku))

    async def _add_older(self, sku: str) -> None:
        timeline, rest = self._timeline, self._timeline.rest
        if rest is None or len(timeline.items) >= ENTRIES_MAX:
            return
        page = await self._reader.older(sku, rest)
        # While it was read the operator may have turned to another SKU, or the head been replaced.
        if timeline is self._timeline and rest is timeline.rest:
            timeline.add_older(page)
            self._show_timeline()
            self._write_titles()

    def _out_of_sight(self) -> int:
        """How far the cursor's row is off the screen: it is not moved where no one sees it."""
        line = self._lines.get(self.chosen or 0, 0)
        return self.query_one("#sku-left", CursorScroll).beyond(self.query_one("#sku-cells"), line)

    def _health(self) -> dict[str, ChannelHealth]:
        snapshot = self.session.snapshot
        channels = snapshot.status.channels if snapshot is not None else ()
        return {channel.name: channel for channel in channels}

    def _head(self, width: int) -> Content:
        return sku_table.head(self.sku_detail, self.sku, self._ended(), width)

    def _ended(self) -> str:
        """What is shown where what it was opened on is over."""
        cells = self.sku_detail.summary.cells if self.sku_detail is not None else ()
        cell = next((cell for cell in cells if cell.listing_id == self._differed), None)
        return (
            f"● {cell.channel} agrees now" if cell is not None and not self._is_open(cell) else ""
        )

    def _cells(self, width: int) -> Content:
        if self.sku_detail is None:
            return write("")
        now, health = self.session.clock.now(), self._health()
        content, self._lines = sku_table.table(
            *(self.sku_detail, health), chosen=self.chosen, now=now, width=width,
            linked=self.session.hyperlinks,
        )  # fmt: skip
        return content

    def _reasons(self, width: int) -> Content:
        if self.sku_detail is None:
            return write("")
        return sku_detail.reasons(
            self.sku_detail,
            self.sku_detail.why(self.chosen, self.session.snapshot),
            chosen=self.chosen,
            now=self.session.clock.now(),
            width=width,
        )

    def _account(self, width: int) -> Content:
        balances = self.sku_detail.summary.balances if self.sku_detail is not None else ()
        return sku_detail.account(balances, width)

    def _plot(self, width: int) -> Content:
        height = max(_PLOT_MIN, min(_PLOT_MAX, (self.app.size.height - 6) * 2 // 5))
        if self._course is None:
            return write("")
        # Drawing costs some milliseconds, and the page is written again each second for its ages.
        drawn = (self._course, self.chosen, width, height)
        if self._drawn is None or self._drawn[0] != drawn:
            figure = sku_detail.figure(self._course, self.chosen)
            rows = plot.draw(figure, width, height)
            self._drawn = drawn, lines(*(write(*row) for row in rows))
        _, content = self._drawn
        return content

    def _happened(self, number: int, width: int) -> Content:
        """A line of the timeline; after its entries, what lies beyond them."""
        if number < len(self._timeline.items):
            now = self.session.clock.now()
            return sku_detail.entry(self._timeline.items[number], now=now, width=width)
        words = "… more with ↓"
        if not self._timeline.items:
            words = "Nothing has happened to it yet." if self.sku else "No SKU is open."
        elif len(self._timeline.items) >= ENTRIES_MAX:
            words = "… only the newest are shown here"
        return write(Cell(cut(words, width), Tone.ACCENT if self._timeline.items else Tone.DIM))

    def _show_timeline(self) -> None:
        """Show the timeline as it was read."""
        more = self._timeline.rest is not None or not self._timeline.items
        self.query_one("#sku-history", LazyLines).show(len(self._timeline.items) + more)

    def _write_titles(self) -> None:
        cell = self._cell()
        where = f" at {cell.location}" if cell is not None and cell.location else ""
        count = len(self.sku_detail.summary.cells) if self.sku_detail is not None else 0
        span = plot.SPANS[self._span or 0].name
        shown = f"{len(self._timeline.items):,}{'+' if self._timeline.rest is not None else ''}"
        for panel, name, more in (
            ("sku-now", "Now", f" · {plural(count, 'listing')}" if count else ""),
            ("sku-why", "Why, and what is done", f" · {cell.channel}{where}" if cell else ""),
            ("sku-sum", "Account", " · units since the first reading"),
            ("sku-sum-below", "Account", " · units since the first reading"),
            ("sku-stock", f"Stock{where}", f" · last {span} · + − zoom"),
            ("sku-timeline", "Timeline", f" · {shown}, newest first"),
        ):
            self.set_title(panel, write(Cell(name, Tone.STRONG), Cell(more, Tone.DIM)))

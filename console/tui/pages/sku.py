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
    DecisionTarget,
    not_now,
    why_no_retry,
    why_not_decidable,
    why_update_not_decidable,
)
from console.text.format import clean, cut
from console.tui.data.sku import Opened
from console.tui.drawing import plot
from console.tui.drawing.tones import Cell, Tone, lines, write
from console.tui.pages.context import PageContext, Subject
from console.tui.pages.listing import DecisionPage
from console.tui.views import sku_detail, sku_table
from console.tui.widgets.scroll import ScrollBody, Steps
from console.tui.widgets.text import Roll, TextBlock, entitle
from store.history import series
from store.history.series import StockSeries
from store.history.timeline import Rest, TimelineItem, TimelinePage
from store.model import LIVE_CORRECTIONS, Correction, Disagreement
from store.queries.values import ChannelHealth, ShownCell

ENTRIES_MAX = 4_000
"""Of the timeline: `skew history` has the rest."""

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
        self.sku = ""
        self.opened: Opened | None = None
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
        self._told: list[TimelineItem] = []
        self._newest: TimelinePage | None = None
        """Of the timeline: the page that stands at its head."""
        self._rest: Rest | None = None
        self._lines: dict[int, int] = {}
        self._reader = context.source.skus

    @property
    def sku_shown(self) -> str | None:
        return self.sku or None

    def body(self) -> ComposeResult:
        yield TextBlock(self._head, id="sku-head")
        with ScrollBody(id="sku-body"):
            with Steps(self.step, id="sku-left"):
                with Vertical(id="sku-now", classes="panel"):
                    yield TextBlock(self._cells, id="sku-cells")
                with Vertical(id="sku-why", classes="panel"):
                    yield TextBlock(self._reasons, id="sku-reasons")
                with Vertical(id="sku-sum", classes="panel"):
                    yield TextBlock(self._account, id="sku-account")
            with Steps(id="sku-right"):
                with Vertical(id="sku-stock", classes="panel"):
                    yield TextBlock(self._plot, id="sku-plot")
                # Where all is one column, the plot comes before the account.
                with Vertical(id="sku-sum-below", classes="panel"):
                    yield TextBlock(self._account, id="sku-account-below")
                with Vertical(id="sku-timeline", classes="panel"):
                    yield Roll(self._happened, id="sku-history")

    def on_mount(self) -> None:
        self._entitle()

    def look_at(self, subject: Subject) -> None:
        """Turn to a SKU, with the cursor on that channel; `reload` reads the whole of it."""
        if subject.sku != self.sku:
            self.opened, self._course, self._told, self._rest = None, None, [], None
            self._newest = self._span = None
        self.sku = subject.sku
        self.chosen = self._differed = None
        self._wanted = (subject.channel, subject.location)

    async def reload(self, *, at_once: bool = False) -> None:
        del at_once
        sku = self.sku
        if not sku:
            return
        opened = await self._reader.open(sku)
        if sku != self.sku:
            return
        self.opened = opened
        if opened is not None:
            self._settle(opened)
            await self._read_course()
            await self._read_newest(opened)

    def repaint(self) -> None:
        super().repaint()
        self._entitle()

    def tick(self) -> None:
        self.rewrite("#header, #said, #sku-head, #sku-cells, #sku-reasons")

    def picked(self) -> DecisionTarget:
        """The update of the row under the cursor, else why it has none."""
        cell = self._cell()
        if self.opened is None or cell is None:
            return DecisionTarget(why_not="no SKU is open")
        it, update = self._disagreement(cell), self._update(cell)
        if update is not None and update.status in LIVE_CORRECTIONS:
            about = f"#{update.id} {update.sku} {update.channel}"
            seen = ((update.id, update.version),)
            return DecisionTarget(seen, about, why_update_not_decidable(update), not_now(it))
        if it is None:
            return DecisionTarget(why_not=f"{cell.channel} shows what it should")
        channel = self.context.source.settings.channels.get(cell.channel)
        reason = why_not_decidable(it, channel.direction if channel is not None else None)
        return DecisionTarget(why_not=reason or "no update is proposed")

    def able(self) -> tuple[str, ...]:
        return (*super().able(), *(("retry",) if self._to_retry().seen else ()))

    def do_retry(self) -> Coroutine[None, None, None]:
        return self.context.updates.retry(self._to_retry())

    def _to_retry(self) -> DecisionTarget:
        """The newest update of the row under the cursor, where that ended badly."""
        cell = self._cell()
        update = self._update(cell) if cell is not None else None
        if update is None:
            return DecisionTarget(why_not="no update is under the cursor")
        why = why_no_retry(update)
        about = f"#{update.id} {update.sku} {update.channel}"
        return DecisionTarget(() if why else ((update.id, update.version),), about, why)

    def copies(self) -> Iterator[CopyChoice]:
        """The row under the cursor: its disagreement, its update, else the SKU alone."""
        cell = self._cell()
        if self.opened is None or cell is None:
            return
        it, update = self._disagreement(cell), self._update(cell)
        if it is None and update is None:
            yield CopyChoice("SKU", clean(self.sku))
            return
        cause = self.opened.causes.get(it.id) if it is not None else None
        yield from row_choices(it, cause, update, configuration=self.context.source.configuration)

    def step(self, by: int) -> bool:
        """Move the cursor by a row; False where it can't be moved, or is not in sight."""
        if self.opened is None or self._out_of_sight():
            return False
        ids = [cell.listing_id for cell in self.opened.dossier.cells]
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
        self.query_one("#sku-left", Steps).mover.scroll_relative(
            y=self._out_of_sight(), animate=False
        )

    def action_choose(self, listing_id: int) -> None:
        """Put the cursor on the row that was clicked."""
        if self.opened is not None and listing_id in self._lines:
            self.choose(listing_id)

    def do_zoom_in(self) -> None:
        self._zoom(-1)

    def do_zoom_out(self) -> None:
        self._zoom(1)

    def _zoom(self, by: int) -> None:
        now = self._span if self._span is not None else plot.DAY
        span = max(0, min(len(plot.SPANS) - 1, now + by))
        if span == now:
            which = f"the {'shortest' if by < 0 else 'longest'} time that the plot shows"
            self.session.say(f"{plot.SPANS[span].name} is {which}", Tone.DIM)
        self._span = span
        self._read_course_soon()
        self.repaint()

    def _settle(self, opened: Opened) -> None:
        """Put the cursor where it was: on its listing, else on the channel asked for."""
        cells = opened.dossier.cells
        if any(cell.listing_id == self.chosen for cell in cells):
            return
        if self._span is None:
            self._span = plot.span_of(opened.at - (opened.dossier.first_read_at or 0))
        channel, location = self._wanted
        order = sorted(
            cells,
            key=lambda cell: (
                cell.channel != channel,
                cell.location != location,
                not cell.differs,
            ),
        )
        self.chosen = order[0].listing_id if order else None
        cell = self._cell()
        if cell is not None and self._is_open(cell):
            self._differed = cell.listing_id

    def _is_open(self, cell: ShownCell) -> bool:
        update = self._update(cell)
        return self._disagreement(cell) is not None or (
            update is not None and update.status in LIVE_CORRECTIONS
        )

    def _cell(self) -> ShownCell | None:
        cells = self.opened.dossier.cells if self.opened is not None else ()
        return next((cell for cell in cells if cell.listing_id == self.chosen), None)

    def _disagreement(self, cell: ShownCell) -> Disagreement | None:
        """The one that has an update, else any."""
        found = self.opened.dossier.open if self.opened is not None else ()
        mine = [one for one in found if one.listing_id == cell.listing_id]
        return min(mine, key=lambda one: one.correction_id is None, default=None)

    def _update(self, cell: ShownCell) -> Correction | None:
        found = self.opened.dossier.updates if self.opened is not None else ()
        return next((one for one in found if one.listing_id == cell.listing_id), None)

    def _plotted(self) -> list[int]:
        """The listings at the cursor's place: as many as can be told apart, that one included."""
        cell = self._cell()
        if self.opened is None or cell is None:
            return []
        here = [
            one.listing_id
            for one in self.opened.dossier.cells
            if one.location == cell.location and one.observed_at is not None
        ]
        first = [one for one in here if one != cell.listing_id][: CURVES_MAX - 1]
        return [one for one in here if one in first or one == cell.listing_id]

    async def _read_course(self) -> None:
        """Read what the plot shows, a column of it at a time. Raises StoreError."""
        width = next(iter(self.query("#sku-plot"))).size.width or plot.WIDTH_MIN
        now = self.session.clock.now()
        within = series.window(now, plot.SPANS[self._span or 0].ms, plot.inner_width(width))
        self._course = await self._reader.course(tuple(self._plotted()), within)

    @work(group="course", exclusive=True)
    async def _read_course_soon(self) -> None:
        await self.session.guarded(self._read_course)
        self.rewrite("#sku-plot")

    async def _read_newest(self, opened: Opened) -> None:
        """Read the newest of the timeline; older pages that were read stay. Raises StoreError."""
        page = await self._reader.newest(opened.dossier)
        if page is self._newest:
            return
        self._newest = page
        oldest = page.told[-1].key if page.told else None
        older = [one for one in self._told if oldest is not None and one.key < oldest]
        if not older or not self._told or oldest is None or oldest > self._told[0].key:
            # Nothing older was read, or so much has come that there would be a gap.
            self._told, self._rest = list(page.told), page.rest
        else:
            self._told = [*page.told, *older]
        self._roll()

    @on(ScrollBody.Reached)
    @work(group="older", exclusive=True)
    async def _read_older(self) -> None:
        """Read the next older page of the timeline: its end has come in sight."""
        await self.session.guarded(partial(self._add_older, self.sku))

    async def _add_older(self, sku: str) -> None:
        rest = self._rest
        if rest is None or len(self._told) >= ENTRIES_MAX:
            return
        page = await self._reader.older(sku, rest)
        if sku == self.sku and rest is self._rest:
            self._told, self._rest = [*self._told, *page.told], page.rest
            self._roll()
            self._entitle()

    def _out_of_sight(self) -> int:
        """How far the cursor's row is off the screen: it is not moved where no one sees it."""
        line = self._lines.get(self.chosen or 0, 0)
        return self.query_one("#sku-left", Steps).beyond(self.query_one("#sku-cells"), line)

    def _health(self) -> dict[str, ChannelHealth]:
        glance = self.session.glance
        return {one.name: one for one in glance.status.channels} if glance is not None else {}

    def _head(self, width: int) -> Content:
        return sku_table.head(self.opened, self.sku, self._ended(), width)

    def _ended(self) -> str:
        """What is told where what it was opened on is over."""
        cells = self.opened.dossier.cells if self.opened is not None else ()
        cell = next((one for one in cells if one.listing_id == self._differed), None)
        return (
            f"● {cell.channel} agrees now" if cell is not None and not self._is_open(cell) else ""
        )

    def _cells(self, width: int) -> Content:
        if self.opened is None:
            return write("")
        told, self._lines = sku_table.table(
            self.opened,
            self._health(),
            chosen=self.chosen,
            now=self.session.clock.now(),
            width=width,
        )
        return told

    def _reasons(self, width: int) -> Content:
        if self.opened is None:
            return write("")
        return sku_detail.reasons(
            self.opened, chosen=self.chosen, now=self.session.clock.now(), width=width
        )

    def _account(self, width: int) -> Content:
        balances = self.opened.dossier.balances if self.opened is not None else ()
        return sku_detail.account(balances, width)

    def _plot(self, width: int) -> Content:
        height = max(_PLOT_MIN, min(_PLOT_MAX, (self.app.size.height - 6) * 2 // 5))
        if self._course is None:
            return write("")
        drawn = (self._course, self.chosen, width, height)
        if self._drawn is None or self._drawn[0] != drawn:
            figure = sku_detail.figure(self._course, self.chosen)
            rows = plot.draw(figure, width, height)
            self._drawn = drawn, lines(*(write(*row) for row in rows))
        _, content = self._drawn
        return content

    def _happened(self, number: int, width: int) -> Content:
        """A line of the timeline; after its entries, what lies beyond them."""
        if number < len(self._told):
            now = self.session.clock.now()
            return sku_detail.entry(self._told[number], now=now, width=width)
        words = "… more with ↓"
        if not self._told:
            words = "Nothing has happened to it yet." if self.sku else "No SKU is open."
        elif len(self._told) >= ENTRIES_MAX:
            words = "… the rest is told by `skew history`"
        return write(Cell(cut(words, width), Tone.ACCENT if self._told else Tone.DIM))

    def _roll(self) -> None:
        """Show the timeline as it was read."""
        more = self._rest is not None or not self._told
        self.query_one("#sku-history", Roll).show(len(self._told) + more)

    def _entitle(self) -> None:
        cell = self._cell()
        where = f" at {cell.location}" if cell is not None and cell.location else ""
        count = len(self.opened.dossier.cells) if self.opened is not None else 0
        span = plot.SPANS[self._span or 0].name
        shown = f"{len(self._told):,}{'+' if self._rest is not None else ''}"
        for panel, name, more in (
            ("sku-now", "Now", f" · {count} listings" if count else ""),
            ("sku-why", "Why, and what is done", f" · {cell.channel}{where}" if cell else ""),
            ("sku-sum", "Account", " · units since the first reading"),
            ("sku-sum-below", "Account", " · units since the first reading"),
            ("sku-stock", f"Stock{where}", f" · last {span} · + − zoom"),
            ("sku-timeline", "Timeline", f" · {shown}, newest first"),
        ):
            for widget in self.query(f"#{panel}"):
                entitle(widget, write(Cell(name, Tone.STRONG), Cell(more, Tone.DIM)))

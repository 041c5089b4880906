"""The first page: what disagrees, the channels, the row under the cursor, what waits for a yes.

It decides nothing itself: it says what stands under the cursor and what is marked. What is on it
stays where it is while the data moves.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widget import Widget

from console.keys.action import PageName
from console.text.confirmation import (
    UNDOABLE,
    DecisionTarget,
    not_now,
    why_not_decidable,
    why_update_not_decidable,
)
from console.text.format import plural
from console.text.update_words import decided_text
from console.tui.data.values import DisagreementRow, RowDetail
from console.tui.drawing.tones import Cell, Tone, lines, write
from console.tui.pages.context import PageContext, Subject
from console.tui.pages.disagreements import DisagreementsPage
from console.tui.pages.page import Acts
from console.tui.views import preview as previews
from console.tui.views.disagreements import GroupRow, group_label, group_preview
from console.tui.views.updates import UpdateSheet
from console.tui.widgets.decision_table import DecisionTable
from console.tui.widgets.table import VirtualTable
from console.tui.widgets.text import TextBlock
from store.model import Correction, Disagreement


class Dashboard(DisagreementsPage):
    """See the module."""

    place = PageName.DISAGREEMENTS
    AUTO_FOCUS = "#disagreements"

    def __init__(self, context: PageContext) -> None:
        super().__init__(context)
        self.detail: RowDetail | None = None
        self.updates: DecisionTable[Correction] = DecisionTable(
            UpdateSheet(), empty="Nothing waits for a decision.", id="updates"
        )

    def body(self) -> ComposeResult:
        with Horizontal(id="top"):
            with Vertical(id="rows-panel", classes="panel"):
                yield self.rows
            with Vertical(id="side"):
                with VerticalScroll(id="channels-panel", classes="panel"):
                    yield TextBlock(self._channels, id="channels")
                with VerticalScroll(id="preview-panel", classes="panel"):
                    yield TextBlock(self._preview, id="preview")
        with Vertical(id="updates-panel", classes="panel"):
            yield self.updates
        yield TextBlock(self._brief, id="brief")

    def on_mount(self) -> None:
        self.repaint()

    @property
    def focus_chain(self) -> list[Widget]:
        """Tab leads from list to list, and then to what stands beside them."""
        return sorted(super().focus_chain, key=lambda of: not isinstance(of, VirtualTable))

    @property
    def table(self) -> "VirtualTable[Any]":
        """The list that the keys act on: the one with the focus."""
        is_other = self.updates.has_focus or self.panes.is_folded("rows-panel")
        return self.updates if is_other else self.rows

    async def reload(self, *, at_once: bool = False) -> None:
        """Read everything again. Raises StoreError, and leaves the screen as it was."""
        now = self.session.clock.now()
        await self.read_list(at_once=at_once)
        update_ids = await self.context.source.update_ids()
        self.updates.offer(update_ids, now=now, at_once=at_once)
        await self.fetch(self.updates, self.updates.window())
        await self.look()

    async def fetch(self, table: "VirtualTable[Any]", ids: Sequence[int]) -> None:
        if not ids:
            return
        rows: dict[int, Any]
        if table is self.rows:
            rows = dict(await self.rows_of(ids))
        else:
            rows = dict(await self.context.source.updates(ids))
        table.fill(rows, ids)

    async def look(self) -> None:
        table, row_id = self.table, self.table.cursor_id
        # A negative id is a group's own row: it stands for many, and has no detail.
        if row_id is None or (table is self.rows and row_id < 0):
            self.detail = None
        elif table is self.rows:
            self.detail = await self.context.source.detail_of_disagreement(row_id)
        else:
            self.detail = await self.context.source.detail_of_update(row_id)
        self._paint_preview()

    def tick(self) -> None:
        now = self.session.clock.now()
        self.rows.tick(now)
        self.updates.tick(now)
        self.rewrite("header", "channels", "log")
        self._paint_preview()

    def picked(self) -> DecisionTarget:
        if self.panes.zoomed == "channels-panel":
            key = self.session.key("zoom_pane")
            return DecisionTarget(why_not=f"the channels fill the page; {key} shows the lists")
        value = self.table.current
        if isinstance(value, DisagreementRow):
            disagreement = value.disagreement
            reason = why_not_decidable(disagreement)
            number, version = disagreement.correction_id, disagreement.correction_version
            if number is None:
                number, version = disagreement.rejected_id, None
            if number is None:
                return DecisionTarget(why_not=reason or "no update")
            about = f"#{number} {disagreement.sku} {disagreement.channel}"
            decided = bool(decided_text(disagreement, self.session.clock.now()))
            waits = "" if disagreement.correction_id is None else not_now(disagreement)
            return DecisionTarget(((number, version),), about, reason, waits, decided)
        if isinstance(value, Correction):
            about = f"#{value.id} {value.sku} {value.channel}"
            why_not = why_update_not_decidable(value)
            return DecisionTarget(
                ((value.id, value.version),), about, why_not, decided=value.status in UNDOABLE
            )
        if isinstance(value, GroupRow):
            return DecisionTarget(
                why_not="a group is under the cursor: enter opens it, space marks it"
            )
        return DecisionTarget(why_not="nothing is under the cursor")

    async def marked(self, *, approving: bool) -> DecisionTarget:
        marks = sorted(self.table.marks)
        if not marks:
            return DecisionTarget(why_not="nothing is marked: space marks a row, * all of them")
        if self.table is self.updates:
            found = (await self.context.source.updates(marks)).values()
            reasons: list[tuple[int, int | None, str]] = [
                (correction.id, correction.version, why_update_not_decidable(correction))
                for correction in found
            ]
        else:
            rows = await self.context.source.disagreements(marks)
            reasons = [
                (
                    disagreement.correction_id or 0,
                    disagreement.correction_version,
                    self._why_not_marked(disagreement, approving=approving),
                )
                for disagreement in rows
            ]
        seen = {number: version for number, version, reason in reasons if not reason}
        left = Counter(reason for _, _, reason in reasons if reason)
        text = ", ".join(f"{count} {reason}" for reason, count in left.most_common(3))
        return DecisionTarget(tuple(seen.items()), plural(len(seen), "update"), text)

    def able(self) -> tuple[str, ...]:
        can = self.rows.current is not None or bool(self.rows.marks)
        return (*super().able(), *(("acknowledge",) if can else ()))

    def subject(self) -> Subject | None:
        return self.detail

    def actions(self) -> Acts:
        return {**super().actions(), "detail": self.do_detail}

    async def do_detail(self) -> None:
        head = self.head()
        if head is not None:
            self.turn(head, opened=not head.opened)
            return
        # In a burst of keys the detail is still that of the row before.
        row = self.rows.current
        subject = row.disagreement if isinstance(row, DisagreementRow) else self.detail
        if subject is None:
            self.session.say("nothing under the cursor to open", Tone.WARN)
            self.repaint()
            return
        await self.context.navigator.open_sku(subject)

    def _why_not_marked(self, disagreement: Disagreement, *, approving: bool) -> str:
        reason = why_not_decidable(disagreement)
        return reason or (not_now(disagreement) if approving else "")

    def _channels(self, width: int) -> Content:
        snapshot = self.session.snapshot
        status = snapshot.status if snapshot is not None else None
        return previews.channels(
            status.channels if status is not None else (),
            status.incidents if status is not None else (),
            self.session.usable_key,
            now=self.session.clock.now(),
            width=width,
        )

    def _preview(self, width: int) -> Content:
        head = self.head()
        if head is not None:
            parts = group_preview(head.total, str(self.by), self.session.clock.now(), width)
            return lines(*(write(line) for line in parts))
        return previews.preview(self.detail, now=self.session.clock.now(), width=width)

    def _brief(self, width: int) -> Content:
        head = self.head()
        if head is not None:
            lines = group_preview(head.total, str(self.by), self.session.clock.now(), width)
            return write(Cell(f" {' · '.join(lines[:4])}", Tone.DIM))
        return previews.brief(self.detail, now=self.session.clock.now(), width=width)

    def _paint_preview(self) -> None:
        self.rewrite("preview", "brief")
        title = previews.preview_title(self.detail, self.session.clock.now())
        brief = previews.brief_title(self.detail)
        head = self.head()
        if head is not None:
            title = brief = write(Cell(f" {group_label(head.total)} ", Tone.STRONG))
        self.set_title("preview-panel", title)
        self.set_title("brief", brief)

    def write_titles(self) -> None:
        self.say_why_empty()
        snapshot = self.session.snapshot
        overview = snapshot.status.overview if snapshot is not None else None
        shown = len(self.listed.ranked.ids) if self.listed is not None else 0
        marks = len(self.rows.marks)
        of = f" of {plural(overview.skus, 'SKU')}" if overview is not None else ""
        text = f"{self.grouping()}{of} · sort {self.order}{self.chosen()}"
        text += f" · {marks:,} marked" if marks else ""
        waiting = Cell(f" · ↻ {self.rows.waiting} new" if self.rows.waiting else "", Tone.WARN)
        self.entitle("rows-panel", f"Disagreements {shown:,}", text, waiting)
        self.show_ages("rows-panel")
        stale = overview.channels_stale if overview is not None else 0
        self.entitle("channels-panel", "Channels", f" · {stale} not fresh" if stale else "")
        marks = len(self.updates.marks)
        snoozed = overview.snoozed if overview is not None else 0
        text = f" · {snoozed:,} snoozed" if snoozed else ""
        text += f" · {marks:,} marked" if marks else ""
        self.entitle("updates-panel", f"Pending updates {len(self.updates.ids):,}", text)

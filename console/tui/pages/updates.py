"""The updates' page: what waits, what failed, what is over; the chosen one with all its steps.

The list is a snapshot of ids over the whole history; only the rows in sight are read.
"""

from collections import Counter
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any, ClassVar

import msgspec
from textual.app import ComposeResult
from textual.containers import Container, Vertical, VerticalScroll
from textual.content import Content

from console.keys.action import PageName
from console.text.confirmation import (
    UNDOABLE,
    DecisionTarget,
    why_no_retry,
    why_update_not_decidable,
)
from console.text.format import plural
from console.tui.data.filters import update_filter
from console.tui.data.values import RowDetail
from console.tui.drawing.tones import Cell, Tone, write
from console.tui.pages.context import PageContext, Subject
from console.tui.pages.listing import ListPage
from console.tui.pages.page import Acts
from console.tui.session.memory import PageMemory
from console.tui.views import updates
from console.tui.widgets.decision_table import DecisionTable
from console.tui.widgets.table import VirtualTable
from console.tui.widgets.text import TextBlock
from store.corrections.audit import AuditRow
from store.corrections.update_list import (
    LOOKED_AT_MAX,
    STATUSES,
    UpdateFilter,
    UpdateGroup,
    UpdateSort,
)
from store.model import Correction

GROUPS = tuple(UpdateGroup)

EMPTY = {
    UpdateGroup.OPEN: "● Nothing waits for a decision.",
    UpdateGroup.FAILED: "● Nothing failed.",
    UpdateGroup.DONE: "Nothing has been decided yet.",
    UpdateGroup.ALL: "Nothing has been proposed yet.",
}


class UpdatesPage(ListPage):
    """See the module."""

    place: ClassVar[PageName] = PageName.UPDATES
    filter_hint = "status:failed channel:shop sku:SKU-1 by:ana #17, or words"
    AUTO_FOCUS = "#updates"
    SORTS: ClassVar[Mapping[str, str]] = {
        UpdateSort.MONEY: "stake",
        UpdateSort.NEWEST: "id",
        UpdateSort.ENDED: "when",
        UpdateSort.CHANNEL: "channel",
    }
    sort: str = UpdateSort.MONEY

    def __init__(self, context: PageContext) -> None:
        super().__init__(context)
        self.group = UpdateGroup.OPEN
        self.detail: RowDetail | None = None
        self.steps: Sequence[AuditRow] = ()
        self._wanted = UpdateFilter(statuses=STATUSES[self.group])
        self._older = False
        self._sought: int | None = None
        """The update that the cursor goes to at the next reading."""
        self.rows: DecisionTable[Correction] = DecisionTable(
            updates.HistorySheet(), empty=EMPTY[self.group], id="updates"
        )

    @property
    def table(self) -> "VirtualTable[Any]":
        return self.rows

    def body(self) -> ComposeResult:
        with Container(id="updates-body"):
            with Vertical(id="updates-panel", classes="panel whole"):
                yield TextBlock(self._heading, id="updates-heading")
                yield self.rows
            with VerticalScroll(id="update-panel", classes="panel"):
                yield TextBlock(self._chosen, id="update")

    def look_for(self, update: Correction) -> None:
        """Have the next reading list an update, whatever became of it, and go to it."""
        self.group, self._sought = UpdateGroup.ALL, update.id
        # The filter splits at blanks and commas: a SKU with one in it can't be filtered by.
        plain = not any(sign.isspace() or sign == "," for sign in update.sku)
        self.filter_by(f"channel:{update.channel}" + (f" sku:{update.sku}" if plain else ""))

    async def reload(self, *, at_once: bool = False) -> None:
        sort = UpdateSort(self.sort)
        found = await self.context.source.history_ids(self._wanted, sort, backwards=self.backwards)
        self._older, ids = found.older, found.ids
        self.rows.offer(ids, now=self.session.clock.now(), at_once=at_once)
        sought, self._sought = self._sought, None
        if sought is not None and sought in ids:
            self.rows.go_to(ids.index(sought))
        await self.fetch(self.rows, self.rows.window())
        await self.look()

    async def fetch(self, table: "VirtualTable[Any]", ids: Sequence[int]) -> None:
        if ids:
            table.fill(dict(await self.context.source.updates(ids)), ids)

    async def look(self) -> None:
        row_id, source = self.rows.cursor_id, self.context.source
        if row_id is None:
            self.detail, self.steps = None, ()
        else:
            self.detail = await source.detail_of_update(row_id)
            self.steps = await source.steps(row_id)
        self.rewrite("update")
        self._entitle_chosen()

    def tick(self) -> None:
        self.rows.tick(self.session.clock.now())
        self.rewrite("header", "log", "update")

    def note(self) -> str:
        older = f"newest {LOOKED_AT_MAX:,} only, sku: finds older" if self._older else ""
        return "  ".join(text for text in (older, super().note()) if text)

    def able(self) -> tuple[str, ...]:
        names = list(super().able())
        if self._to_retry().seen:
            names.append("retry")
        if self.session.busy:
            names.append("cancel")
        return tuple(names)

    def picked(self) -> DecisionTarget:
        value = self.rows.current
        if value is None:
            return DecisionTarget(why_not="nothing is under the cursor")
        why_not, decided = why_update_not_decidable(value), value.status in UNDOABLE
        return DecisionTarget(((value.id, value.version),), _about(value), why_not, decided=decided)

    async def marked(self, *, approving: bool) -> DecisionTarget:
        del approving
        marks = sorted(self.rows.marks)
        if not marks:
            return DecisionTarget(why_not="nothing is marked: space marks a row, * all of them")
        found = (await self.context.source.updates(marks)).values()
        seen = tuple(
            (correction.id, correction.version)
            for correction in found
            if not why_update_not_decidable(correction)
        )
        left = Counter(reason for correction in found if (reason := _why_left_out(correction)))
        text = ", ".join(f"{count} {reason}" for reason, count in left.most_common(3))
        return DecisionTarget(seen, plural(len(seen), "update"), text)

    def subject(self) -> Subject | None:
        return self.detail

    def filter_by(self, text: str) -> None:
        channels = self.context.settings.channels
        self._wanted = update_filter.parse(text, channels, STATUSES[self.group])
        super().filter_by(text)
        empty = "No update fits the filter; esc clears it." if text else EMPTY[self.group]
        self.rows.empty = empty

    def page_memory(self) -> PageMemory:
        return msgspec.structs.replace(super().page_memory(), group=self.group)

    def restore(self, before: PageMemory) -> None:
        # What the filter leaves open is of the state that is shown: so that comes first.
        self.group = next((group for group in GROUPS if group == before.group), self.group)
        self.rows.empty = EMPTY[self.group]
        super().restore(before)

    def actions(self) -> Acts:
        return {
            **super().actions(),
            "next_state": self.do_next_state,
            "cancel": self.do_cancel,
            "detail": self.do_detail,
        }

    def do_next_state(self) -> None:
        """Turn to the next of: open, failed, done, all."""
        self.group = GROUPS[(GROUPS.index(self.group) + 1) % len(GROUPS)]
        self.filter_by(self.filter_text)
        self.session.request_refresh()

    def do_retry(self) -> Coroutine[None, None, None]:
        return self._retry()

    async def _retry(self) -> None:
        marks = sorted(self.rows.marks)
        picked = self._to_retry()
        if marks:
            found = (await self.context.source.updates(marks)).values()
            seen = tuple(
                (correction.id, correction.version)
                for correction in found
                if not why_no_retry(correction)
            )
            picked = DecisionTarget(
                seen, plural(len(seen), "update"), "none of the marked updates ended badly"
            )
        await self.context.updates.retry(picked)

    def do_cancel(self) -> Coroutine[None, None, None]:
        return self.context.updates.batches.cancel_of(self.of_picked())

    async def do_detail(self) -> None:
        # In a burst of keys the detail is still that of the row before.
        subject = self.rows.current or self.detail
        if subject is None:
            self.session.say("nothing under the cursor to open", Tone.WARN)
            self.repaint()
            return
        await self.context.navigator.open_sku(subject)

    def _to_retry(self) -> DecisionTarget:
        """The update under the cursor, if it ended in a way that can be tried again."""
        value = self.rows.current
        if value is None:
            return DecisionTarget(why_not="nothing is under the cursor")
        why = why_no_retry(value)
        return DecisionTarget((), _about(value), why) if why else self.picked()._replace(why_not="")

    def _chosen(self, width: int) -> Content:
        now = self.session.clock.now()
        return updates.chosen(self.detail, self.steps, now=now, width=width)

    def write_titles(self) -> None:
        title = write(Cell("Updates ", Tone.STRONG), *self._list_title())
        self.set_title("updates-panel", title)
        self._entitle_chosen()

    def _heading(self, width: int) -> Content:
        """What the panel's title says, for a terminal that has no room for a frame."""
        del width
        return write(" ", *self._list_title())

    def _list_title(self) -> list[Cell]:
        """Which state is listed of how many, and in what order."""
        snapshot = self.session.snapshot
        counts = snapshot.status.updates if snapshot is not None else {}
        cells: list[Cell] = []
        for group in GROUPS:
            count = sum(counts.get(name, 0) for name in STATUSES[group])
            chosen = group is self.group
            cells.append(
                Cell(f"▸{group} {count:,}" if chosen else f"{group} {count:,}",
                     Tone.STRONG if chosen else Tone.DIM)
            )  # fmt: skip
            cells.append(Cell(" · ", Tone.FAINT))
        cells.append(Cell(self.order, Tone.DIM))
        if self.filter_text:
            cells.append(Cell(f" · {len(self.rows.ids):,} found", Tone.DIM))
        if self.rows.marks:
            cells.append(Cell(f" · {len(self.rows.marks):,} marked", Tone.DIM))
        return cells

    def _entitle_chosen(self) -> None:
        self.set_title("update-panel", updates.chosen_title(self.detail))


def _about(correction: Correction) -> str:
    return f"#{correction.id} {correction.sku} {correction.channel}"


def _why_left_out(correction: Correction) -> str:
    """Why a marked update is not decided on, without its number: they are counted by it."""
    return why_update_not_decidable(correction).removeprefix(f"#{correction.id} is ")

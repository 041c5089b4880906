"""The updates' page: what waits for a decision, and what an approval is waiting for."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content

from console import panels
from console.actions import Place
from console.caution import Picked, why_not_update
from console.desk import Desk, Subject
from console.ink import Tone
from console.rows import UpdateSheet
from console.screens.page import Listing
from console.source import Detail
from console.text import plural
from console.widgets.table import VirtualTable
from console.widgets.written import Written
from store.model import Correction


class UpdatesPage(Listing):
    """See the module."""

    place: ClassVar[Place] = Place.UPDATES
    AUTO_FOCUS = "#updates"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.detail: Detail | None = None
        self.rows: VirtualTable[Correction] = VirtualTable(
            UpdateSheet(), empty="Nothing waits for a decision.", id="updates"
        )

    @property
    def table(self) -> "VirtualTable[Any]":
        return self.rows

    def body(self) -> ComposeResult:
        with Vertical(id="updates-panel", classes="panel whole"):
            yield self.rows
        yield Written(self._brief, id="brief")

    async def reload(self, *, at_once: bool = False) -> None:
        ids = await self.desk.source.update_ids()
        self.rows.offer(ids, now=self.footing.clock.now(), at_once=at_once)
        await self.fetch(self.rows, self.rows.window())
        await self.look()
        self.repaint()

    async def fetch(self, table: "VirtualTable[Any]", ids: Sequence[int]) -> None:
        if ids:
            table.fill(dict(await self.desk.source.updates(ids)), ids)

    async def look(self) -> None:
        row_id = self.rows.cursor_id
        self.detail = (
            await self.desk.source.detail_of_update(row_id, whole=False)
            if row_id is not None
            else None
        )
        self.rewrite("#brief")

    def tick(self) -> None:
        self.rows.tick(self.footing.clock.now())
        self.rewrite("#header, #said, #brief")

    def picked(self) -> Picked:
        value = self.rows.current
        if value is None:
            return Picked(why_not="there is nothing under the cursor")
        about = f"#{value.id} {value.sku} {value.channel}"
        return Picked(((value.id, value.version),), about, why_not_update(value))

    async def marked(self, *, approving: bool) -> Picked:
        del approving
        marks = sorted(self.rows.marks)
        if not marks:
            return Picked(why_not="nothing is marked: space marks a row, * all of them")
        found = (await self.desk.source.updates(marks)).values()
        seen = tuple((one.id, one.version) for one in found if not why_not_update(one))
        left = Counter(reason for one in found if (reason := why_not_update(one)))
        told = ", ".join(f"{count} × {reason}" for reason, count in left.most_common(3))
        return Picked(seen, plural(len(seen), "update"), told)

    def subject(self) -> Subject | None:
        return self.detail

    async def do_detail(self) -> None:
        if self.detail is None:
            self.footing.say("there is nothing under the cursor to open", Tone.WARN)
            self.repaint()
            return
        await self.desk.way.open_sku(self.detail)

    def _brief(self, width: int) -> Content:
        return panels.brief(self.detail, now=self.footing.clock.now(), width=width)

    def entitle_all(self) -> None:
        marks = len(self.rows.marks)
        told = f" · {marks:,} marked" if marks else ""
        self.entitle("updates-panel", f"Pending updates {len(self.rows.ids):,}", told)
        for widget in self.query("#brief"):
            widget.border_title = panels.brief_title(self.detail)

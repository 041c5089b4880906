"""The page of several stores: the disagreements of all of them, and how each store stands."""

import re
from typing import Any

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content

from console.text.format import cut, plural
from console.tui.data.filters.disagreement_filter import FilterError
from console.tui.data.several.stores import StoreRow, StoresSource
from console.tui.drawing.columns import TableColumns
from console.tui.drawing.tones import Cell, Tone, lines, write
from console.tui.pages.context import PageContext
from console.tui.pages.dashboard import Dashboard
from console.tui.views.stores import StoresSheet, store_line
from console.tui.widgets.table import VirtualTable
from console.tui.widgets.text import TextBlock

_STORE = re.compile(r"(?:^|\s)store:(?P<names>\S*)")


class StoresPage(Dashboard):
    """See the module."""

    filter_hint = "store:acme channel:shop state:open sku:DS-* side:oversell risk>100 age>1h -lamp"

    def __init__(self, context: PageContext) -> None:
        super().__init__(context)
        assert isinstance(context.source, StoresSource)
        self.stores = context.source
        sheet = StoresSheet([store.name for store in self.stores.stores])
        self.rows.sheet, self.rows.columns = sheet, TableColumns(sheet)
        self.begins_on: int | None = None
        """The row that was left for its store: the cursor goes back there."""

    @property
    def table(self) -> "VirtualTable[Any]":
        return self.rows

    def body(self) -> ComposeResult:
        with Horizontal(id="top"):
            with Vertical(id="rows-panel", classes="panel"):
                yield self.rows
            with Vertical(id="side"), VerticalScroll(id="preview-panel", classes="panel"):
                yield TextBlock(self._preview, id="preview")
        yield TextBlock(self._brief, id="brief")
        yield TextBlock(self._stores, id="stores")

    async def reload(self, *, at_once: bool = False) -> None:
        await self.read_list(at_once=at_once)
        if self.begins_on is not None and self.begins_on in self.rows.ids:
            self.rows.go_to(self.rows.ids.index(self.begins_on))
        self.begins_on = None
        await self.look()

    def filter_by(self, text: str) -> None:
        names = [name for found in _STORE.finditer(text) for name in found["names"].split(",")]
        known = [store.name for store in self.stores.stores]
        for name in names:
            if name not in known:
                raise FilterError(f"“{cut(name, 24)}” is not a store; known: {', '.join(known)}")
        before = self.wanted
        super().filter_by(_STORE.sub(" ", text))
        if self.wanted.asks_for_causes:
            self.wanted = before
            raise FilterError(
                "cause: filters in a store's own list only; enter opens a row's store"
            )
        self.filter_text, self.stores.wanted = text.strip(), frozenset(names)

    def say_why_empty(self) -> None:
        super().say_why_empty()
        lost = [store.name for store in self.stores.stores if store.trouble]
        if lost and not self.filter_text:
            self.rows.empty = f"○ No disagreements known. Not read: {', '.join(lost)}"

    async def do_detail(self) -> None:
        row = self.rows.current
        if isinstance(row, StoreRow):
            self.begins_on = self.rows.cursor_id
            await self.context.navigator.open_sku(row.disagreement)

    def tick(self) -> None:
        super().tick()
        self.rewrite("stores")

    def write_titles(self) -> None:
        self.say_why_empty()
        shown = len(self.listed.ranked.ids) if self.listed is not None else 0
        waiting = Cell(f" · ↻ {self.rows.waiting} new" if self.rows.waiting else "", Tone.WARN)
        of = plural(len(self.stores.stores), "store")
        self.entitle(
            "rows-panel", f"Disagreements {shown:,}", f" in {of} · sort {self.sort}", waiting
        )
        self.show_ages("rows-panel")

    def _tabs(self, width: int) -> Content:
        lost = sum(bool(store.trouble) for store in self.stores.stores)
        left = [
            Cell(f" {plural(len(self.stores.stores), 'store')}", Tone.STRONG),
            Cell(f" · {lost} not read" if lost else "", Tone.BAD),
        ]
        room = width - sum(len(cell.text) for cell in left) - 1
        note = cut(self.note(), max(0, room))
        return write(*left, Cell(" " * max(0, room - len(note))), Cell(note, Tone.WARN))

    def _stores(self, width: int) -> Content:
        now = self.session.clock.now()
        found = (store_line(store, now, width) for store in self.stores.stores)
        return lines(*(write(Cell(" "), *line) for line in found))

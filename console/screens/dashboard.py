"""The one screen: disagreements, channels, the row under the cursor, pending updates.

Reads through `Source`, off this thread, and decides nothing itself: it tells the app what stands
under the cursor and what is marked. What is on it stays where it is while the data moves.
"""

import asyncio
from array import array
from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import Any

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Input

from console import edges, panels
from console.caution import Picked, why_not, why_not_update
from console.filter import FilterError, parse
from console.footing import Footing
from console.ink import Cell, Tone, write
from console.rows import DisagreementSheet, Row, UpdateSheet
from console.source import Detail, Glance, Source
from console.text import plural
from console.widgets.table import VirtualTable
from console.widgets.written import Written
from store.model import Correction, Disagreement
from store.panels import DisagreementFilter, Sort

SORTS = tuple(Sort)
ROOMY = 110
"""From this width on the lines at the edges are told in full words."""
BREAKPOINTS: list[tuple[int, str]] | None = [(0, "-narrow"), (132, "-wide")]
FIRST_PAGE = 100
"""Rows fetched before the first paint."""


class Dashboard(Screen[None]):
    """See the module."""

    HORIZONTAL_BREAKPOINTS = BREAKPOINTS
    AUTO_FOCUS = "#disagreements"

    def __init__(self, source: Source, footing: Footing) -> None:
        super().__init__()
        self.footing = footing
        self.glance: Glance | None = None
        self.detail: Detail | None = None
        self.view = "disagreements"
        self.wanted = DisagreementFilter()
        self.filter_text = ""
        self.sort = Sort.RISK
        self._source = source
        directions = {name: one.direction for name, one in source.settings.channels.items()}
        self._directions = directions
        self.rows: VirtualTable[Row] = VirtualTable(
            DisagreementSheet(source.compared, directions),
            empty="● No disagreements: every channel shows what it should.",
            id="disagreements",
        )
        self.updates: VirtualTable[Correction] = VirtualTable(
            UpdateSheet(), empty="Nothing waits for a decision.", id="updates"
        )

    def compose(self) -> ComposeResult:
        yield Written(self._header, id="header")
        yield Written(self._tabs, id="tabs")
        with Horizontal(id="top"):
            with Vertical(id="rows-panel", classes="panel"):
                yield self.rows
            with VerticalScroll(id="incidents-panel", classes="panel"):
                yield Written(self._incidents, id="incidents")
            with Vertical(id="side"):
                with VerticalScroll(id="channels-panel", classes="panel"):
                    yield Written(self._channels, id="channels")
                with VerticalScroll(id="preview-panel", classes="panel"):
                    yield Written(self._preview, id="preview")
        with Vertical(id="updates-panel", classes="panel"):
            yield self.updates
        yield Written(self._brief, id="brief")
        yield Written(self._said, id="said")
        yield Input(placeholder="channel:shop kind:state risk>100 age>1h, or words", id="filter")
        yield Written(self._legend, id="legend")

    def on_mount(self) -> None:
        self.add_class(f"-view-{self.view}")
        for panel in self.query("#channels-panel, #preview-panel, #incidents-panel"):
            panel.can_focus = False
        self.repaint()

    @property
    def table(self) -> "VirtualTable[Any]":
        """The list that the keys act on: the one with the focus, else the view's."""
        if self.updates.has_focus:
            return self.updates
        return self.updates if self.view == "updates" else self.rows

    async def reload(self, *, at_once: bool = False) -> None:
        """Read everything anew. Raises StoreError, and leaves the screen as it was."""
        glance = await self._source.glance()
        ids = await self._source.disagreement_ids(self.wanted, self.sort)
        update_ids = await self._source.update_ids()
        if not self.rows.loaded:
            first = list(ids[:FIRST_PAGE])
            self.rows.fill(await self._source.disagreement_rows(first), first)
        fresh = await asyncio.to_thread(_count_new, ids, self.rows.ids)
        self.glance = glance
        self.rows.offer(ids, now=glance.at, fresh=fresh, at_once=at_once)
        self.updates.offer(update_ids, now=glance.at, at_once=at_once)
        await self.fetch(self.rows, self.rows.window())
        await self.fetch(self.updates, self.updates.window())
        await self.look()
        self.repaint()

    async def fetch(self, table: "VirtualTable[Any]", ids: Sequence[int]) -> None:
        """Give a table the rows of these ids."""
        if not ids:
            return
        rows: dict[int, Any]
        if table is self.rows:
            rows = dict(await self._source.disagreement_rows(ids))
        else:
            rows = dict(await self._source.updates(ids))
        table.fill(rows, ids)

    @work(group="fetch")
    async def _fetch_lacking(self, table: "VirtualTable[Any]") -> None:
        await self.footing.guarded(partial(self.fetch, table, table.lacking()))

    @work(group="look", exclusive=True)
    async def _look_again(self) -> None:
        await self.footing.guarded(self.look)

    async def look(self) -> None:
        """Read what stands under the cursor, for the preview."""
        table, row_id = self.table, self.table.cursor_id
        if row_id is None:
            self.detail = None
        elif table is self.rows:
            self.detail = await self._source.detail_of_disagreement(row_id, whole=False)
        else:
            self.detail = await self._source.detail_of_update(row_id, whole=False)
        self._paint_preview()

    def tick(self) -> None:
        """Let time be seen: ages, the clock, countdowns."""
        now = self.footing.clock.now()
        self.rows.tick(now)
        self.updates.tick(now)
        self.rewrite("#header, #channels, #incidents, #said")
        self._paint_preview()

    def repaint(self) -> None:
        """Write everything anew that is not a list."""
        self.rewrite("Written")
        self._title_panels()

    def rewrite(self, selector: str) -> None:
        """Write some of it anew; what is being taken down as the app closes is passed over."""
        for written in self.query(selector).results(Written):
            written.rewrite()

    def show(self, view: str) -> None:
        """Turn to one of the four views."""
        self.remove_class(f"-view-{self.view}")
        self.view = view
        self.add_class(f"-view-{view}")
        (self.updates if view == "updates" else self.rows).focus()
        self.repaint()
        self.post_message(VirtualTable.Moved(self.table))

    def picked(self) -> Picked:
        """What the cursor is on."""
        value = self.table.current
        if isinstance(value, Row):
            it = value.it
            reason = why_not(it, self._directions.get(it.channel))
            if it.correction_id is None:
                return Picked(why_not=reason or "no update")
            about = f"#{it.correction_id} {it.sku} {it.channel}"
            return Picked(((it.correction_id, it.correction_version),), about, reason, it.reason)
        if isinstance(value, Correction):
            about = f"#{value.id} {value.sku} {value.channel}"
            return Picked(((value.id, value.version),), about, why_not_update(value))
        return Picked(why_not="there is nothing under the cursor")

    async def marked(self, *, approving: bool) -> Picked:
        """All that is marked in the list; what can't be decided is left out and told."""
        marks = sorted(self.table.marks)
        if not marks:
            return Picked(why_not="nothing is marked: space marks a row, * all of them")
        if self.table is self.updates:
            found = (await self._source.updates(marks)).values()
            reasons: list[tuple[int, int | None, str]] = [
                (one.id, one.version, why_not_update(one)) for one in found
            ]
        else:
            rows = await self._source.disagreements(marks)
            reasons = [
                (
                    it.correction_id or 0,
                    it.correction_version,
                    self._why_not_marked(it, approving=approving),
                )
                for it in rows
            ]
        seen = {number: version for number, version, reason in reasons if not reason}
        left = Counter(reason for _, _, reason in reasons if reason)
        told = ", ".join(f"{count} × {reason}" for reason, count in left.most_common(3))
        return Picked(tuple(seen.items()), plural(len(seen), "update"), told)

    def open_filter(self) -> None:
        box = self.query_one("#filter", Input)
        box.value = self.filter_text
        self.add_class("-filtering")
        box.focus()

    def close_filter(self) -> bool:
        """Put the filter's line away; whether it was open."""
        was_open = self.has_class("-filtering")
        self.remove_class("-filtering")
        if was_open:
            self.table.focus()
        return was_open

    def filter_by(self, text: str) -> None:
        """Take a new filter. Raises FilterError with the remedy."""
        self.wanted = parse(text, self._source.settings.channels)
        self.filter_text = text.strip()

    def next_sort(self) -> None:
        self.sort = SORTS[(SORTS.index(self.sort) + 1) % len(SORTS)]

    @on(Input.Submitted, "#filter")
    def _filter_typed(self, event: Input.Submitted) -> None:
        event.stop()
        try:
            self.filter_by(event.value)
        except FilterError as error:
            self.footing.say(str(error), Tone.WARN)
            self.repaint()
            return
        self.close_filter()
        self.footing.stir()

    @on(VirtualTable.Wanted)
    def _rows_wanted(self, event: "VirtualTable.Wanted") -> None:
        self._fetch_lacking(event.table)

    @on(VirtualTable.Moved)
    def _cursor_moved(self, event: "VirtualTable.Moved") -> None:
        if event.table is self.table:
            self._look_again()
            self.rewrite("#legend")

    @on(VirtualTable.Restocked)
    def _list_changed(self) -> None:
        self._title_panels()
        self.rewrite("#tabs, #said, #legend")

    @on(VirtualTable.Chosen)
    async def _row_chosen(self) -> None:
        await self.app.run_action("detail")

    def on_descendant_focus(self) -> None:
        self.post_message(VirtualTable.Moved(self.table))

    def _why_not_marked(self, it: Disagreement, *, approving: bool) -> str:
        reason = why_not(it, self._directions.get(it.channel))
        return reason or (it.reason if approving else "")

    @property
    def _narrow(self) -> bool:
        return self.has_class("-narrow")

    def _header(self, width: int) -> Content:
        overview = self.glance.status.overview if self.glance is not None else None
        return edges.header(
            self.footing.standing(self.glance),
            overview,
            now=self.footing.clock.now(),
            width=width,
            brief=width < ROOMY,
        )

    def _tabs(self, width: int) -> Content:
        overview = self.glance.status.overview if self.glance is not None else None
        waiting = self.table.waiting
        note = f"↻ {waiting} new " if waiting else ""
        if self.filter_text:
            note += f"filter: {self.filter_text}  (esc clears)"
        return edges.tabs(overview, len(self.updates.ids), self.view, note=note, width=width)

    def _channels(self, width: int) -> Content:
        health = self.glance.status.channels if self.glance is not None else ()
        return panels.channels(health, now=self.footing.clock.now(), width=width)

    def _incidents(self, width: int) -> Content:
        found = self.glance.status.incidents if self.glance is not None else ()
        return panels.incidents(found, now=self.footing.clock.now(), width=width)

    def _preview(self, width: int) -> Content:
        return panels.preview(self.detail, now=self.footing.clock.now(), width=width)

    def _brief(self, width: int) -> Content:
        return panels.brief(self.detail, now=self.footing.clock.now(), width=width)

    def _said(self, width: int) -> Content:
        marks = len(self.table.marks)
        lead = f" {marks:,} marked" if marks and self._narrow else ""
        return self.footing.line(width, lead)

    def _legend(self, width: int) -> Content:
        return edges.legend(
            width,
            narrow=width < ROOMY,
            read_only=self.footing.read_only,
            able=self.footing.able(self.picked(), marks=bool(self.table.marks)),
        )

    def _paint_preview(self) -> None:
        self.rewrite("#preview, #brief")
        title = panels.preview_title(self.detail, self.footing.clock.now())
        _entitle(self, "preview-panel", title)
        _entitle(self, "brief", panels.brief_title(self.detail))

    def _title_panels(self) -> None:
        overview = self.glance.status.overview if self.glance is not None else None
        shown, marks = len(self.rows.ids), len(self.rows.marks)
        of = f" of {overview.skus:,} SKUs" if overview is not None else ""
        parts = [f"{of} · sort {self.sort}", f" · {marks:,} marked" if marks else ""]
        waiting = Cell(f" · ↻ {self.rows.waiting} new" if self.rows.waiting else "", Tone.WARN)
        _title(self, "rows-panel", f"Disagreements {shown:,}", "".join(parts), waiting)
        stale = (
            f" · {overview.channels_stale} not fresh"
            if overview and overview.channels_stale
            else ""
        )
        _title(self, "channels-panel", "Channels", stale)
        marks = len(self.updates.marks)
        tail = f" · {marks:,} marked" if marks else ""
        _title(self, "updates-panel", f"Pending updates {len(self.updates.ids):,}", tail)
        _title(self, "incidents-panel", f"Incidents {overview.incidents if overview else 0}", "")


def _title(screen: Dashboard, panel: str, name: str, more: str, *cells: Cell) -> None:
    title = write(Cell(name, Tone.STRONG), Cell(more, Tone.DIM), *cells)
    _entitle(screen, panel, title)


def _entitle(screen: Dashboard, name: str, title: Content) -> None:
    for widget in screen.query(f"#{name}"):
        widget.border_title = title


def _count_new(ids: "array[int]", known: "array[int]") -> int:
    return len(set(ids).difference(known))

"""One SKU's page: every channel, the cause, the sum, the update with its audit, the timeline."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content

from console import panels
from console.actions import Place
from console.caution import Picked, why_not, why_not_update
from console.desk import Desk
from console.ink import Cell, Tone, lines, write
from console.screens.page import Deciding
from console.source import Detail
from console.text import NONE, age, cut, day_and_time, fit, money, units
from console.timeline import what_happened
from console.widgets.written import Written
from store.panels import HistoryEntry, ShownCell


class SkuPage(Deciding):
    """Opened on a disagreement or an update; stays on its SKU when that one is over."""

    place: ClassVar[Place] = Place.SKU
    BINDINGS: ClassVar[list[BindingType]] = [("backspace,left", "app.do('clear')", "Back")]

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.detail: Detail | None = None
        self.over = False
        """The disagreement or update that it was opened on has ended."""
        self._source = desk.source

    def body(self) -> ComposeResult:
        yield Written(self._head, id="sku-head")
        with VerticalScroll(id="sku-body"):
            with Vertical(id="sku-facts", classes="panel"):
                yield Written(self._cells, id="sku-cells")
                yield Written(self._reasons, id="sku-reasons")
            with Vertical(id="sku-timeline", classes="panel"):
                yield Written(self._timeline, id="sku-history")

    def look_at(self, detail: Detail) -> None:
        """Turn to a SKU; `reload` reads the whole of it."""
        self.detail, self.over = detail, False

    def on_mount(self) -> None:
        self.query_one("#sku-facts").border_title = write(Cell("Now", Tone.STRONG))
        self.query_one("#sku-timeline").border_title = write(
            Cell("Timeline", Tone.STRONG), Cell(", newest first", Tone.DIM)
        )
        self.query_one("#sku-body").focus()

    async def reload(self, *, at_once: bool = False) -> None:
        del at_once
        detail = self.detail
        if detail is None:
            return
        if detail.it is not None:
            found = await self._source.detail_of_disagreement(detail.it.id, whole=True)
        elif detail.correction is not None:
            found = await self._source.detail_of_update(detail.correction.id, whole=True)
        else:
            found = None
        self.over = found is None
        self.detail = found or await self._source.refreshed(detail)
        self.repaint()

    def picked(self) -> Picked:
        detail = self.detail
        if detail is None:
            return Picked(why_not="no SKU is open")
        correction = detail.correction
        if self.over:
            return Picked(why_not="it has ended")
        if correction is not None:
            about = f"#{correction.id} {correction.sku} {correction.channel}"
            not_now = detail.it.reason if detail.it is not None else ""
            seen = ((correction.id, correction.version),)
            return Picked(seen, about, why_not_update(correction), not_now)
        direction = self._source.settings.channels.get(detail.channel)
        if detail.it is None:
            return Picked(why_not="no update")
        reason = why_not(detail.it, direction.direction if direction else None)
        return Picked(why_not=reason or "no update")

    def _head(self, width: int) -> Content:
        detail = self.detail
        if detail is None:
            return write(Cell(" No SKU is open: enter opens the one under the cursor.", Tone.DIM))
        price = next((cell.price_minor for cell in detail.cells if cell.price_minor), None)
        told = f"  {money(price / 100)}" if price is not None else ""
        over = "  ● it agrees now" if self.over else ""
        left = write(
            Cell(f" {detail.sku}", Tone.STRONG),
            Cell(f"  {cut(detail.title, max(8, width - len(detail.sku) - 40))}"),
            Cell(told, Tone.DIM),
            Cell(over, Tone.OK),
        )
        right = write(Cell("esc back ", Tone.DIM))
        gap = max(1, width - left.cell_length - right.cell_length)
        return Content.assemble(left, " " * gap, right)

    def _cells(self, width: int) -> Content:
        now = self.footing.clock.now()
        wide = width >= _WIDE
        head = f"{fit('CHANNEL', 12)}{'TARGET':>8}{'SHOWS':>8}  {'Δ':>6}  {fit('STATE', 10)}"
        head += f"{'READ':>8}"
        if wide:
            head += f"{'ON HAND':>10}{'COMMITTED':>11}{'INCOMING':>10}  TRUST"
        rows = [write(Cell(head, Tone.DIM))]
        found = self.detail.cells if self.detail is not None else ()
        rows += [self._cell(cell, now, wide=wide) for cell in found]
        return lines(*rows)

    def _cell(self, cell: ShownCell, now: int, *, wide: bool) -> Content:
        known = cell.differs and cell.available is not None and cell.target is not None
        delta = (cell.target or 0) - (cell.available or 0) if known else None
        tone = panels.trust_tone(cell, delta)
        sign = panels.trust_sign(cell)
        read = age(now - cell.observed_at) if cell.observed_at is not None else NONE
        parts = [
            Cell(fit(cell.channel, 12), Tone.STRONG),
            Cell(fit(units(cell.target), 8, right=True)),
            Cell(fit(units(cell.available) if cell.present else "none", 8, right=True), tone),
            Cell(f"{sign} ", tone),
            Cell(fit(panels.delta_text(delta), 6, right=True), tone),
            Cell(f"  {fit(cell.state or NONE, 10)}"),
            Cell(fit(read, 8, right=True), Tone.DIM),
        ]
        if wide:
            trust = cell.problem or ("" if cell.trusted else "not to be trusted now")
            parts += [
                Cell(fit(units(cell.on_hand), 10, right=True), Tone.DIM),
                Cell(fit(units(cell.committed), 11, right=True), Tone.DIM),
                Cell(fit(units(cell.incoming), 10, right=True), Tone.DIM),
                Cell(f"  {trust}", Tone.WARN),
            ]
        return write(*parts)

    def _reasons(self, width: int) -> Content:
        if self.detail is None:
            return write("")
        rows = [write(""), *panels.reasons(self.detail, now=self.footing.clock.now(), width=width)]
        for step in self.detail.audit:
            note = f": {step.note}" if step.note else ""
            text = f"      {day_and_time(step.at)}  {step.step} by {step.who}{note}"
            rows.append(write(Cell(cut(text, width), Tone.DIM)))
        return lines(*rows)

    def _timeline(self, width: int) -> Content:
        entries = list(reversed(self.detail.history)) if self.detail is not None else []
        if not entries:
            return write(Cell("Nothing has happened yet.", Tone.DIM))
        return lines(*(self._entry(entry, width) for entry in entries))

    def _entry(self, entry: HistoryEntry, width: int) -> Content:
        tone = _KINDS.get(entry.kind, Tone.DIM)
        return write(
            Cell(f"{day_and_time(entry.at)}  ", Tone.DIM),
            Cell(fit(entry.channel, 11), Tone.PLAIN),
            Cell(fit(entry.kind, 13), tone),
            Cell(cut(what_happened(entry), max(8, width - 47))),
        )


_WIDE = 100
_KINDS = {
    "correction": Tone.ACCENT,
    "disagreement": Tone.OVER,
    "target": Tone.UNDER,
    "event": Tone.OK,
}

"""How an update is written: as what waits, as a row of the history, whole with its audit. Pure."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec
from textual.content import Content

from console.text.format import (
    NONE,
    age,
    cells,
    cut,
    fit,
    money,
    signed,
    time_of_day,
    units,
    wrap,
)
from console.text.update_words import STEPS, change_text, change_type, waits_for
from console.tui.data.values import RowDetail
from console.tui.drawing.columns import Column, RowNames, squeeze
from console.tui.drawing.tones import Cell, Tone, lines, step_tone, write
from console.tui.views import preview
from console.tui.views.disagreements import tone_of
from store.model import (
    LIVE_CORRECTIONS,
    Correction,
    CorrectionStatus,
    Millis,
)

if TYPE_CHECKING:
    from store.corrections.audit import AuditRow

_TITLE_MIN = 12
_TITLE_MAX = 36
_PENDING_TITLE_MIN = 10
_PENDING_TITLE_MAX = 44
_KEPT_MIN = 5
_RESULT_MIN = 24

_SIGNS = {
    CorrectionStatus.APPLYING: "… writing",
    CorrectionStatus.APPLIED: "… reading back",
}
_SHORT = {
    CorrectionStatus.APPLIED: "… reading",
    CorrectionStatus.NOT_APPLIED: "✖ no effect",
}


_HISTORY = (
    Column("id", "#", 7),
    Column("sku", "SKU", 12),
    Column("title", "TITLE", 20),
    Column("channel", "CHANNEL", 9),
    Column("change", "CHANGE", 13),
    Column("delta", "Δ", 5, True),
    Column("stake", "AT STAKE", 8, True),
    Column("status", "STATUS", 13),
    Column("when", "AGE", 6, True),
    Column("by", " BY", 10),
    Column("result", "  RESULT", _RESULT_MIN),
)
_ROOMY = 200
"""Cells in which all columns of the pending updates have room."""


class HistorySheet:
    """Live and ended updates alike: what they change, how they stand, who decided, what came."""

    def known(self) -> Sequence[Column]:
        return _HISTORY

    def names(self, value: Correction) -> RowNames:
        return RowNames(_place(value), value.title, f"#{value.id}")

    def columns(self, width: int) -> Sequence[Column]:
        columns = [
            Column("id", "#", 7),
            Column("sku", "SKU", 12),
            Column("channel", "CHANNEL", 9),
            Column("change", "CHANGE", 13),
            Column("status", "STATUS", 13),
            Column("when", "AGE", 6, True),
            Column("by", " BY", 10),
            Column("delta", "Δ", 5, True),
            Column("stake", "AT STAKE", 8, True),
        ]
        room = squeeze(columns, width, least=_KEPT_MIN)
        columns = [column._replace(width=_narrowed(column, room)) for column in columns]
        room = width - sum(column.width + 1 for column in columns)
        if room > _RESULT_MIN:
            title = min(_TITLE_MAX, (room - _RESULT_MIN) // 2)
            if title >= _TITLE_MIN:
                columns.insert(2, Column("title", "TITLE", title))
                room -= title + 1
            columns.append(Column("result", "  RESULT", room - 1))
        order = ("id", "sku", "title", "channel", "change", "delta", "stake", "status", "when",
                 "by", "result")  # fmt: skip
        return sorted(columns, key=lambda column: order.index(column.key))

    def cells(self, value: Correction, columns: Sequence[Column], now: Millis) -> Sequence[Cell]:
        return [self._cell(value, column, now) for column in columns]

    def flash_key(self, value: Correction) -> object:
        return (value.status, value.version, value.result)

    def _cell(self, value: Correction, column: Column, now: Millis) -> Cell:
        if column.key == "status":
            return Cell(_status(value.status, column.width), step_tone(value.status))
        return _CELLS[column.key](value, now)


def _narrowed(column: Column, room: int) -> int:
    """What is left of a column where not even the least of them fit."""
    return column.width if room >= 0 else column.width - _LESS.get(column.key, 0)


_LESS = {"id": 3, "channel": 2, "status": 2, "change": 1}


def _status(status: CorrectionStatus, width: int) -> str:
    text = _SIGNS.get(status, STEPS[status])
    return text if cells(text) <= width else _SHORT.get(status, text)


def _place(correction: Correction) -> str:
    return f"{correction.sku}@{correction.location}" if correction.location else correction.sku


def _stake(correction: Correction) -> str:
    if correction.price_minor is None or not correction.units:
        return NONE
    return money(abs(correction.units) * correction.price_minor / 100)


def _people(correction: Correction) -> str:
    return " + ".join(name for name in (correction.decided_by, correction.second_by) if name)


_CELLS: Mapping[str, Callable[[Correction, Millis], Cell]] = {
    "id": lambda correction, _now: Cell(f"#{correction.id}", Tone.DIM),
    "sku": lambda correction, _now: Cell(_place(correction), Tone.STRONG),
    "title": lambda correction, _now: Cell(correction.title, Tone.DIM),
    "channel": lambda correction, _now: Cell(correction.channel),
    "change": lambda correction, _now: Cell(change_text(correction), tone_of(correction.units)),
    "delta": lambda correction, _now: Cell(
        signed(correction.units) if correction.units else NONE, tone_of(correction.units)
    ),
    "stake": lambda correction, _now: Cell(_stake(correction), Tone.DIM),
    "when": lambda correction, now: Cell(age(now - _moved_at(correction)), Tone.DIM),
    "by": lambda correction, _now: Cell(f" {_people(correction)}"),
    "result": lambda correction, now: Cell(f"  {waits_for(correction, now)}", Tone.DIM),
}


def _moved_at(correction: Correction) -> Millis:
    """When it last moved: an age is of that."""
    return correction.ended_at or correction.decided_at or correction.proposed_at


def chosen(
    detail: RowDetail | None, steps: "Sequence[AuditRow]", *, now: Millis, width: int
) -> Content:
    """The update under the cursor: before → after, how it stands, and all its steps."""
    correction = detail.correction if detail is not None else None
    if detail is None or correction is None:
        return write(Cell("Nothing under the cursor.", Tone.DIM))
    what = [
        Cell(f"{correction.channel}  ", Tone.STRONG),
        Cell(change_text(correction), tone_of(correction.units)),
        Cell(
            f"  {signed(correction.units)}" if correction.units else "", tone_of(correction.units)
        ),
        Cell(f"  {_stake(correction)} at stake" if correction.units else "", Tone.DIM),
        Cell(f"  {change_type(correction)}", Tone.DIM),
    ]
    rows = [write(*what), _stands(correction, now, width)]
    if correction.status in LIVE_CORRECTIONS and detail.disagreement is not None:
        rows += preview.reasons(detail, now=now, width=width)[:-1]
    rows.append(write(Cell("audit", Tone.ACCENT), Cell(", newest first", Tone.FAINT)))
    rows += [line for step in reversed(steps) for line in _step(step, now, width)]
    return lines(*rows)


def chosen_title(detail: RowDetail | None) -> Content:
    correction = detail.correction if detail is not None else None
    if correction is None:
        return write("Update")
    return write(
        Cell(f"#{correction.id} {cut(correction.sku, 24)}", Tone.STRONG),
        Cell(f" {cut(correction.title, 28)}" if correction.title else "", Tone.DIM),
    )


def _stands(correction: Correction, now: Millis, width: int) -> Content:
    status = STEPS[correction.status]
    text = waits_for(correction, now)
    since = f" {age(now - _moved_at(correction))} ago"
    room = width - cells(status) - cells(since) - 2
    return write(
        Cell(status, step_tone(correction.status)),
        Cell(since, Tone.DIM),
        Cell(f": {cut(text, max(8, room))}" if text else ""),
    )


def _step(step: "AuditRow", now: Millis, width: int) -> list[Content]:
    """One step in a line: when, what, who, what was seen; its note below."""
    text = f"{fit(step.step.replace('_', ' '), 12)} {fit(step.who, 8)} "
    rows = [
        write(
            Cell(f"{_when(step.at, now)} ", Tone.FAINT),
            Cell(text, Tone.STRONG if step.who != "skew" else Tone.PLAIN),
            Cell(cut(_seen(step), max(8, width - 31)), Tone.DIM),
        )
    ]
    if step.note:
        rows += [
            write(Cell(f"         {line}", Tone.DIM))
            for line in wrap(step.note, max(10, width - 9))
        ]
    return rows


def _when(at: Millis, now: Millis) -> str:
    """The time of day; what is older than a day tells its age instead."""
    old = now - at >= 24 * 3_600_000
    return fit(f"{age(now - at)} ago" if old else time_of_day(at)[:8], 8)


def _seen(step: "AuditRow") -> str:
    """What the step rested on: the reading and the target at that moment."""
    facts = msgspec.json.decode(step.seen)
    shows, target = units(facts.get("available")), units(facts.get("target_quantity"))
    if facts.get("state") != facts.get("target_state") and facts.get("target_state") is not None:
        shows += f" {facts.get('state') or NONE}"
        target += f" {facts['target_state']}"
    return f"saw {shows}, target {target}"


class UpdateSheet:
    """The pending updates."""

    def known(self) -> Sequence[Column]:
        return self.columns(_ROOMY)

    def names(self, value: Correction) -> RowNames:
        return RowNames(value.sku, value.title, f"#{value.id}")

    def columns(self, width: int) -> Sequence[Column]:
        columns = [
            Column("id", "#", 6),
            Column("sku", "SKU", 12),
            Column("channel", "CHANNEL", 9),
            Column("change", "CHANGE", 15),
            Column("type", "TYPE", 7),
            Column("status", "STATUS", 13),
            Column("when", "AGE", 6, True),
            Column("result", " ", 10),
        ]
        room = squeeze(columns, width, least=4)  # Number, SKU, channel and change stay.
        if columns[-1].key == "result" and room > 0:
            title = min(max(0, room - 30), _PENDING_TITLE_MAX)
            columns[-1] = columns[-1]._replace(width=10 + room - title)
            if title > _PENDING_TITLE_MIN:
                columns.insert(2, Column("title", "TITLE", title - 1))
        return columns

    def cells(self, value: Correction, columns: Sequence[Column], now: Millis) -> Sequence[Cell]:
        return [_UPDATE_CELLS[column.key](value, now) for column in columns]

    def flash_key(self, value: Correction) -> object:
        return (value.status, value.version, value.result)


_UPDATE_CELLS: Mapping[str, Callable[[Correction, Millis], Cell]] = {
    "id": lambda correction, _now: Cell(f"#{correction.id}", Tone.DIM),
    "sku": lambda correction, _now: Cell(correction.sku, Tone.STRONG),
    "title": lambda correction, _now: Cell(correction.title, Tone.DIM),
    "channel": lambda correction, _now: Cell(correction.channel),
    "change": lambda correction, _now: Cell(change_text(correction), tone_of(correction.units)),
    "type": lambda correction, _now: Cell(change_type(correction), Tone.DIM),
    "status": lambda correction, _now: Cell(STEPS[correction.status], step_tone(correction.status)),
    "when": lambda correction, now: Cell(
        age(now - (correction.decided_at or correction.proposed_at)), Tone.DIM
    ),
    "result": lambda correction, now: Cell(f" {waits_for(correction, now)}", Tone.DIM),
}

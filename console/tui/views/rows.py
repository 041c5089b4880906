"""How a disagreement and an update are written as a row: which columns fit, and what they say.

Pure: a value and the time in, cells out. The virtual table paints them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from console.text.format import (
    NONE,
    age,
    clean,
    cut,
    money,
    plain_times,
    signed,
    time_of_day,
    units,
)
from console.tui.data.values import Row
from console.tui.drawing.columns import Column, squeeze
from console.tui.drawing.tones import Cell, Tone
from console.tui.views.heads import head
from store.model import (
    CORRECTABLE,
    Correction,
    CorrectionStatus,
    Direction,
    Disagreement,
    Kind,
    Millis,
    Status,
)
from store.queries.ranking_values import GroupTotal

_TITLE_MIN = 10
_TITLE_MAX = 44
_CHANNEL_MIN = 7
_TITLE_ENOUGH = 24
_EVIDENCE_MIN = 24

STEPS = {
    CorrectionStatus.PROPOSED: "proposed",
    CorrectionStatus.SNOOZED: "snoozed",
    CorrectionStatus.APPROVED: "approved",
    CorrectionStatus.APPLYING: "writing…",
    CorrectionStatus.APPLIED: "reading back…",
    CorrectionStatus.VERIFIED: "● verified",
    CorrectionStatus.REJECTED: "rejected",
    CorrectionStatus.SUPERSEDED: "superseded",
    CorrectionStatus.FAILED: "✖ failed",
    CorrectionStatus.NOT_APPLIED: "✖ not applied",
    CorrectionStatus.UNKNOWN: "? unknown",
    CorrectionStatus.EXPIRED: "expired",
}
"""A correction's status in a word, with the glyph of a bad end."""

_STEP_TONES = {
    CorrectionStatus.PROPOSED: Tone.PLAIN,
    CorrectionStatus.APPROVED: Tone.ACCENT,
    CorrectionStatus.APPLYING: Tone.ACCENT,
    CorrectionStatus.APPLIED: Tone.ACCENT,
    CorrectionStatus.VERIFIED: Tone.OK,
    CorrectionStatus.FAILED: Tone.BAD,
    CorrectionStatus.NOT_APPLIED: Tone.BAD,
    CorrectionStatus.UNKNOWN: Tone.WARN,
}


@dataclass(frozen=True, slots=True)
class Head:
    """A group's own row."""

    total: GroupTotal
    opened: bool


def tone_of(delta: int | None) -> Tone:
    """Too much shown, too little, or something that no number tells."""
    if not delta:
        return Tone.WARN
    return Tone.OVER if delta < 0 else Tone.UNDER


def step_tone(status: CorrectionStatus) -> Tone:
    return _STEP_TONES.get(status, Tone.DIM)


def change_text(correction: Correction) -> str:
    """What an update would do: `31 → 14`, `active → disabled`, or both."""
    parts = []
    if correction.to_quantity is not None and correction.units != 0:
        parts.append(f"{units(correction.from_quantity)} → {units(correction.to_quantity)}")
    if correction.to_state is not None and correction.to_state != correction.from_state:
        parts.append(f"{correction.from_state or NONE} → {correction.to_state}")
    return ", ".join(parts) or f"stays {units(correction.to_quantity)}"


def sort_text(correction: Correction) -> str:
    """What sort of change: reduce, raise, or state."""
    if correction.units == 0:
        return "state" if correction.to_state is not None else "confirm"
    return "reduce" if correction.units < 0 else "raise"


class DisagreementSheet:
    """The main list: with a column for each channel where they all fit, else with one CHANNEL."""

    def __init__(self, channels: Sequence[str], directions: Mapping[str, Direction]) -> None:
        self.channels = tuple(channels)
        self.directions = directions

    def columns(self, width: int) -> Sequence[Column]:
        wide = self._wide(width)
        return wide if wide is not None else self._narrow(width)

    def cells(
        self, value: Row | Head, columns: Sequence[Column], now: Millis
    ) -> Sequence[Cell | None]:
        if isinstance(value, Head):
            return head(value.total, columns, now, opened=value.opened)
        made = [self._cell(value, column, now) for column in columns]
        if value.it.acknowledged_at is None:
            return made
        return [cell._replace(tone=Tone.DIM) for cell in made]

    def pulse(self, value: Row | Head) -> object:
        if isinstance(value, Head):
            total = value.total
            return (total.count, total.open, total.oversell_units, total.undersell_units)
        it = value.it
        return (
            (it.available, it.state, it.target, it.target_state, it.status),
            (it.correction_id, it.correction_status, it.acknowledged_at),
            {name: (cell.available, cell.state) for name, cell in value.shown.items()},
        )

    def _wide(self, width: int) -> Sequence[Column] | None:
        """All columns, or None where the channels don't fit."""
        per_channel = [
            Column(f"@{name}", name.upper() + " ", max(_CHANNEL_MIN, min(11, len(name) + 1)), True)
            for name in self.channels
        ]
        tail = [
            Column("delta", "Δ", 5, True),
            Column("risk", "RISK ", 7, True),
            Column("age", "AGE", 6, True),
            Column("why", " WHY", 14),
            Column("update", "UPDATE", 15),
        ]
        fixed = [Column("sku", "SKU", 12), Column("target", "TARGET", 8, True)]
        room = width - sum(c.width + 1 for c in (*fixed, *per_channel, *tail)) - 1
        if room < _TITLE_MIN:
            return None
        if room >= _TITLE_ENOUGH + _EVIDENCE_MIN:
            title = min(_TITLE_MAX, max(_TITLE_ENOUGH, room // 3))
            tail[3] = tail[3]._replace(width=17)
            tail.append(Column("evidence", "EVIDENCE", room - title - 4))
        else:
            title = min(room, _TITLE_MAX)
            tail[3] = tail[3]._replace(width=14 + min(24, room - title))
        return [fixed[0], Column("title", "TITLE", title), fixed[1], *per_channel, *tail]

    def _narrow(self, width: int) -> Sequence[Column]:
        """One row per SKU and channel; what there is room for beyond the least is added."""
        columns = [
            Column("sku", "SKU", 12),
            Column("channel", "CHANNEL", 7),
            Column("target", "TARGET", 8, True),
            Column("shows", "SHOWS ", 6, True),
            Column("delta", "Δ", 4, True),
            Column("age", "AGE", 6, True),
            Column("why", " WHY", 12),
            Column("update", "UPDATE", 12),
        ]
        room = squeeze(columns, width, least=5)  # The number itself always stays.
        if room > 7 and columns[-1].key == "update":  # noqa: PLR2004 (the risk and its space)
            columns.insert(5, Column("risk", "RISK ", 7, True))
            room -= 8
        if room > _TITLE_MIN:
            columns.insert(1, Column("title", "TITLE", min(room - 1, _TITLE_MAX)))
            room = 0
        columns[0] = columns[0]._replace(width=12 + max(0, min(8, room)))
        return columns

    def _cell(self, row: Row, column: Column, now: Millis) -> Cell:
        if column.key.startswith("@"):
            return _channel_cell(row, column.key[1:], column.width)
        if column.key == "shows":
            return _channel_cell(row, row.it.channel, column.width)
        if column.key == "update":
            return self._update(row, column.width)
        return _CELLS[column.key](row, now)

    def _update(self, row: Row, width: int) -> Cell:
        it = row.it
        if it.correction_id is not None and it.correction_status is not None:
            return _correction_cell(it, it.correction_id, it.correction_status)
        if it.status is Status.SETTLING and it.decidable_at is not None:
            word = "decidable" if width >= len("decidable 14:07") else "from"
            return Cell(f"{word} {time_of_day(it.decidable_at)[:5]}", Tone.DIM)
        if it.kind not in CORRECTABLE:
            return Cell("by hand", Tone.DIM)
        observed = self.directions.get(it.channel) is Direction.OBSERVE
        return Cell("observe only" if observed else NONE, Tone.FAINT)


class UpdateSheet:
    """The pending updates."""

    def columns(self, width: int) -> Sequence[Column]:
        columns = [
            Column("id", "#", 6),
            Column("sku", "SKU", 12),
            Column("channel", "CHANNEL", 9),
            Column("change", "CHANGE", 15),
            Column("sort", "SORT", 7),
            Column("status", "STATUS", 13),
            Column("when", "AGE", 6, True),
            Column("told", " ", 10),
        ]
        room = squeeze(columns, width, least=4)  # Number, SKU, channel and change stay.
        if columns[-1].key == "told" and room > 0:
            title = min(max(0, room - 30), _TITLE_MAX)
            columns[-1] = columns[-1]._replace(width=10 + room - title)
            if title > _TITLE_MIN:
                columns.insert(2, Column("title", "TITLE", title - 1))
        return columns

    def cells(self, value: Correction, columns: Sequence[Column], now: Millis) -> Sequence[Cell]:
        return [_UPDATE_CELLS[column.key](value, now) for column in columns]

    def pulse(self, value: Correction) -> object:
        return (value.status, value.version, value.result)


def waits_for(correction: Correction, now: Millis) -> str:
    """What happens next with an update, or what became of it, in a few words."""
    if correction.status is CorrectionStatus.APPROVED:
        if correction.hold_until is not None and correction.hold_until > now:
            return f"written in {_seconds(correction.hold_until - now)}"
        return f"by {correction.decided_by or NONE}, waits for the engine"
    if correction.status is CorrectionStatus.SNOOZED:
        return f"until {time_of_day(correction.snoozed_until)[:5]}"
    if correction.status is CorrectionStatus.PROPOSED and correction.decided_by:
        return f"{correction.decided_by} approves; it needs a second person"
    return correction.result or correction.note or ""


def _correction_cell(it: Disagreement, number: int, status: CorrectionStatus) -> Cell:
    if status is CorrectionStatus.PROPOSED:
        if it.kind is Kind.STATE:
            return Cell(f"#{number} → {it.target_state or NONE}")
        return Cell(f"#{number} {units(it.available)} → {units(it.target)}")
    return Cell(f"#{number} {STEPS[status]}", step_tone(status))


def _channel_cell(row: Row, channel: str, width: int) -> Cell:
    """What a channel shows: `31*` disagrees, `180~` is not to be trusted now."""
    it = row.it
    mine = it.channel == channel
    cell = row.shown.get(channel)
    text, tone = NONE, Tone.FAINT
    if cell is not None and cell.present:
        text = (cell.state or NONE) if mine and it.kind is Kind.STATE else units(cell.available)
        tone = Tone.PLAIN
    elif mine:
        text = "none"
    if cell is not None and (cell.present or mine) and not cell.trusted:
        sign, tone = "~", Tone.DIM
    else:
        sign, tone = ("*", tone_of(it.delta)) if mine else (" ", tone)
    # The sign outlives the text where there is no room for both.
    return Cell(cut(clean(text), width - 1) + sign, tone)


def _sku(row: Row, _now: Millis) -> Cell:
    place = f"@{row.it.location}" if row.it.location else ""
    return Cell(row.it.sku + place, Tone.STRONG if row.it.status is Status.OPEN else Tone.PLAIN)


def _title(row: Row, _now: Millis) -> Cell:
    return Cell(row.it.title, Tone.DIM)


def _target(row: Row, _now: Millis) -> Cell:
    it = row.it
    return Cell((it.target_state or NONE) if it.kind is Kind.STATE else units(it.target))


def _delta(row: Row, _now: Millis) -> Cell:
    it = row.it
    if it.status is Status.UNKNOWN:
        return Cell("?", Tone.DIM)
    return Cell(signed(it.delta), tone_of(it.delta) if it.delta else Tone.DIM)


def _risk(row: Row, _now: Millis) -> Cell:
    it = row.it
    if it.assumed_risk_minor is not None:
        return Cell(f"~{money(it.assumed_risk_minor / 100)} ", Tone.DIM)
    if it.money_at_risk is None:
        return Cell(f"{NONE} ", Tone.FAINT)
    if it.status is Status.UNKNOWN:
        return Cell(f"{money(it.money_at_risk)}~", Tone.DIM)
    return Cell(f"{money(it.money_at_risk)} ", Tone.OVER if it.oversell_units else Tone.DIM)


def _age(row: Row, now: Millis) -> Cell:
    return Cell(age(now - row.it.first_seen_at), Tone.DIM)


def _why(row: Row, _now: Millis) -> Cell:
    it = row.it
    if it.acknowledged_at is not None:
        return Cell(f" ✓ acked {it.acknowledged_by}: {it.acknowledged_why}", Tone.DIM)
    if row.it.status is Status.OPEN:
        return Cell(f" {row.why}", Tone.PLAIN)
    text = "settling" if row.it.status is Status.SETTLING else row.it.reason
    return Cell(f" {text}", Tone.DIM)


_CELLS: Mapping[str, Callable[[Row, Millis], Cell]] = {
    "sku": _sku,
    "title": _title,
    "channel": lambda row, _now: Cell(row.it.channel),
    "target": _target,
    "delta": _delta,
    "risk": _risk,
    "age": _age,
    "why": _why,
    "evidence": lambda row, now: Cell(plain_times(row.evidence, now), Tone.DIM),
}

_UPDATE_CELLS: Mapping[str, Callable[[Correction, Millis], Cell]] = {
    "id": lambda it, _now: Cell(f"#{it.id}", Tone.DIM),
    "sku": lambda it, _now: Cell(it.sku, Tone.STRONG),
    "title": lambda it, _now: Cell(it.title, Tone.DIM),
    "channel": lambda it, _now: Cell(it.channel),
    "change": lambda it, _now: Cell(change_text(it), tone_of(it.units)),
    "sort": lambda it, _now: Cell(sort_text(it), Tone.DIM),
    "status": lambda it, _now: Cell(STEPS[it.status], step_tone(it.status)),
    "when": lambda it, now: Cell(age(now - (it.decided_at or it.proposed_at)), Tone.DIM),
    "told": lambda it, now: Cell(f" {waits_for(it, now)}", Tone.DIM),
}


def _seconds(span_ms: int) -> str:
    return f"{-(-span_ms // 1000)} s"

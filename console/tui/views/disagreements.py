"""How a disagreement and an update are written as a row: which columns fit, and what they say.

Pure: a value and the time in, cells out. The virtual table paints them.
"""

from collections.abc import Callable, Mapping, Sequence

import msgspec

from console.text.format import (
    NONE,
    age,
    cells,
    clean,
    cut,
    money,
    plain_times,
    plural,
    show_blanks,
    shown,
    shows_text,
    signed,
    target_text,
    time_of_day,
    units,
    until_text,
)
from console.text.reasons import reason_text, standing_text
from console.text.update_words import STEPS, decided_text
from console.tui.data.values import DisagreementRow
from console.tui.drawing.columns import Column, RowNames, squeeze
from console.tui.drawing.tones import Cell, Tone, step_tone
from store.model import (
    CorrectionStatus,
    Disagreement,
    Kind,
    Millis,
    Status,
)
from store.queries.ranking_values import GroupTotal, Severity

_WHY_MORE = 2
_TITLE_MIN = 10
_WIDE_TITLE_MIN = 8
_WHY, _WHY_WIDE = 12, 17
_TITLE_MAX = 44
_CHANNEL_MIN = 7
_TITLE_ENOUGH = 24
_EVIDENCE_MIN = 24


class GroupRow(msgspec.Struct, frozen=True):
    """A group's own row."""

    total: GroupTotal
    opened: bool


def tone_of(delta: int | None) -> Tone:
    """Too much shown, too little, or something that no number tells."""
    if not delta:
        return Tone.WARN
    return Tone.OVER if delta < 0 else Tone.UNDER


_NAMES = (Column("sku", "SKU", 12), Column("title", "TITLE", 24))
_CHANNEL = Column("channel", "CHANNEL", 7)
_TARGET = Column("target", "TARGET", 8, True)
_SHOWS = Column("shows", "SHOWS ", 6, True)
_NUMBERS = (
    Column("delta", "Δ", 5, True),
    Column("risk", "RISK ", 7, True),
    Column("age", "AGE", 6, True),
)
_WORDS = (
    Column("why", " WHY", _WHY),
    Column("update", "UPDATE", 14),
    Column("evidence", "EVIDENCE", _EVIDENCE_MIN),
)


class DisagreementSheet:
    """The main list: with a column for each channel where they all fit, else with one CHANNEL."""

    def __init__(self, channels: Sequence[str]) -> None:
        self.channels = tuple(channels)

    def columns(self, width: int) -> Sequence[Column]:
        wide = self._wide(width)
        return wide if wide is not None else self._narrow(width)

    def known(self) -> Sequence[Column]:
        return (*_NAMES, _CHANNEL, _TARGET, *self._per_channel(), _SHOWS, *_NUMBERS, *_WORDS)

    def names(self, value: DisagreementRow | GroupRow) -> RowNames:
        if isinstance(value, GroupRow):
            return RowNames()
        return RowNames(_sku(value, 0).text, value.disagreement.title, self._update(value).text)

    def _per_channel(self) -> list[Column]:
        return [
            Column(f"@{name}", name.upper() + " ", max(_CHANNEL_MIN, min(11, len(name) + 1)), True)
            for name in self.channels
        ]

    def cells(
        self, value: DisagreementRow | GroupRow, columns: Sequence[Column], now: Millis
    ) -> Sequence[Cell | None]:
        if isinstance(value, GroupRow):
            return group_cells(value.total, columns, now, opened=value.opened)
        made = [self._cell(value, column, now) for column in columns]
        if value.disagreement.acknowledged_at is None and not decided_text(value.disagreement, now):
            return made
        return [cell._replace(tone=Tone.DIM) for cell in made]

    def flash_key(self, value: DisagreementRow | GroupRow) -> object:
        if isinstance(value, GroupRow):
            total = value.total
            return (total.count, total.open, total.oversell_units, total.undersell_units)
        disagreement = value.disagreement
        return (
            (
                disagreement.available,
                disagreement.at_least,
                disagreement.state,
                disagreement.target,
                disagreement.target_state,
                disagreement.status,
            ),
            (
                disagreement.correction_id,
                disagreement.correction_status,
                disagreement.acknowledged_at,
                disagreement.rejected_id,
            ),
            {
                name: (cell.available, cell.at_least, cell.state)
                for name, cell in value.shown.items()
            },
        )

    def _wide(self, width: int) -> Sequence[Column] | None:
        """All columns, or None where the channels don't fit."""
        per_channel, numbers = self._per_channel(), _NUMBERS
        (sku, _), target = _NAMES, _TARGET
        why, update, _ = _WORDS
        longest = max(map(len, self.channels), default=0)
        channel = _CHANNEL._replace(width=max(_CHANNEL_MIN, min(10, longest)))
        least = (sku, channel, target, *per_channel, *numbers, why, update)
        room = width - sum(column.width + 1 for column in least) - 1
        if room < _WIDE_TITLE_MIN:
            return None
        if room >= _TITLE_ENOUGH + _EVIDENCE_MIN:
            title = min(_TITLE_MAX, max(_TITLE_ENOUGH, room // 3))
            why = why._replace(width=_WHY_WIDE)
            evidence = room - title - 1 - (_WHY_WIDE - _WHY)
            last = [update, Column("evidence", "EVIDENCE", evidence)]
        else:
            # "channel stale" and "ana rejected" are whole before a title is.
            title = min(max(_WIDE_TITLE_MIN, room - _WHY_MORE), _TITLE_MAX)
            why = why._replace(width=_WHY + min(24, room - title))
            last = [update]
        titled = Column("title", "TITLE", title)
        return [sku, titled, channel, target, *per_channel, *numbers, why, *last]

    def _narrow(self, width: int) -> Sequence[Column]:
        """One row per SKU and channel; what there is room for beyond the least is added."""
        columns = [
            *(_NAMES[0], _CHANNEL, _TARGET, _SHOWS),
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
            more = max(0, min(_WHY_MORE, room - 2 * _TITLE_MIN))
            columns[-2], room = Column("why", " WHY", _WHY + more), room - more
            columns.insert(1, Column("title", "TITLE", min(room - 1, _TITLE_MAX)))
            room = 0
        columns[0] = columns[0]._replace(width=12 + max(0, min(8, room)))
        return columns

    def _cell(self, row: DisagreementRow, column: Column, now: Millis) -> Cell:
        if column.key.startswith("@"):
            return _channel_cell(row, column.key[1:], column.width)
        if column.key == "shows":
            return _channel_cell(row, row.disagreement.channel, column.width)
        if column.key == "update":
            return self._update(row)
        return _CELLS[column.key](row, now)

    def _update(self, row: DisagreementRow) -> Cell:
        disagreement = row.disagreement
        if disagreement.correction_id is not None and disagreement.correction_status is not None:
            return _correction_cell(
                disagreement, disagreement.correction_id, disagreement.correction_status
            )
        if disagreement.rejected_id is not None:
            return Cell(f"#{disagreement.rejected_id} rejected", Tone.DIM)
        if disagreement.status is Status.SETTLING and disagreement.decidable_at is not None:
            return Cell(f"wait {time_of_day(disagreement.decidable_at)[:5]}Z", Tone.DIM)
        if not disagreement.is_correctable:
            return Cell("manual", Tone.DIM)
        return Cell(standing_text(disagreement) or NONE, Tone.FAINT)


def _correction_cell(disagreement: Disagreement, number: int, status: CorrectionStatus) -> Cell:
    if status is CorrectionStatus.PROPOSED:
        if disagreement.kind is Kind.STATE:
            return Cell(f"#{number} → {disagreement.target_state or NONE}")
        before = units(disagreement.available, at_least=disagreement.at_least)
        return Cell(f"#{number} {before} → {units(disagreement.target)}")
    return Cell(f"#{number} {STEPS[status]}", step_tone(status))


def _channel_cell(row: DisagreementRow, channel: str, width: int) -> Cell:
    """What a channel shows: `31*` disagrees, `180~` is not to be trusted now."""
    disagreement = row.disagreement
    mine = disagreement.channel == channel
    cell = row.shown.get(channel)
    text, tone = NONE, Tone.FAINT
    if cell is not None and cell.present:
        text = (
            (cell.state or NONE)
            if mine and disagreement.kind is Kind.STATE
            else shows_text(disagreement)
            if mine and disagreement.twins
            else shown(cell.available, cell.state, at_least=cell.at_least)
        )
        tone = Tone.PLAIN
    elif mine:
        text = "none"
    if cell is not None and (cell.present or mine) and not cell.trusted:
        sign, tone = "~", Tone.DIM
    else:
        sign, tone = ("*", tone_of(disagreement.delta)) if mine else (" ", tone)
    # The sign outlives the text where there is no room for both.
    return Cell(cut(clean(text), width - 1) + sign, tone)


def _sku(row: DisagreementRow, _now: Millis) -> Cell:
    place = f"@{row.disagreement.location}" if row.disagreement.location else ""
    return Cell(
        row.disagreement.sku + place,
        Tone.STRONG if row.disagreement.status is Status.OPEN else Tone.PLAIN,
    )


def _title(row: DisagreementRow, _now: Millis) -> Cell:
    return Cell(row.disagreement.title, Tone.DIM)


def _target(row: DisagreementRow, _now: Millis) -> Cell:
    disagreement = row.disagreement
    return Cell(target_text(disagreement))


def _delta(row: DisagreementRow, _now: Millis) -> Cell:
    disagreement = row.disagreement
    if disagreement.status is Status.UNKNOWN:
        return Cell("?", Tone.DIM)
    return Cell(
        signed(disagreement.delta), tone_of(disagreement.delta) if disagreement.delta else Tone.DIM
    )


def _risk(row: DisagreementRow, _now: Millis) -> Cell:
    disagreement = row.disagreement
    if disagreement.assumed_risk_minor is not None:
        return Cell(f"~{money(disagreement.assumed_risk_minor / 100)} ", Tone.DIM)
    if disagreement.money_at_risk is None:
        return Cell(f"{NONE} ", Tone.FAINT)
    if disagreement.status is Status.UNKNOWN:
        return Cell(f"{money(disagreement.money_at_risk)}~", Tone.DIM)
    return Cell(
        f"{money(disagreement.money_at_risk)} ",
        Tone.OVER if disagreement.oversell_units else Tone.DIM,
    )


def _age(row: DisagreementRow, now: Millis) -> Cell:
    return Cell(age(now - row.disagreement.first_seen_at), Tone.DIM)


def _why(row: DisagreementRow, now: Millis) -> Cell:
    disagreement = row.disagreement
    if disagreement.ignored_rule is not None:
        text = f"rule {disagreement.ignored_rule}, {disagreement.ignored_by}"
        return Cell(f" {text}: {disagreement.ignored_why}", Tone.DIM)
    if disagreement.acknowledged_at is not None:
        return Cell(f" ✓ {disagreement.acknowledged_by}: {disagreement.acknowledged_why}", Tone.DIM)
    if decided_text(disagreement, now):
        # The number stands in the column of the updates, and all of it among the evidence.
        until, by = disagreement.snoozed_until, disagreement.rejected_by or NONE
        text = f"{by} rejected" if until is None else f"until {until_text(until, now)}"
        return Cell(f" {text}", Tone.DIM)
    if row.disagreement.status is Status.OPEN:
        return Cell(f" {row.why}", Tone.PLAIN)
    text = (
        "settling"
        if row.disagreement.status is Status.SETTLING
        else reason_text(row.disagreement.reason)
    )
    return Cell(f" {text}", Tone.DIM)


_CELLS: Mapping[str, Callable[[DisagreementRow, Millis], Cell]] = {
    "sku": _sku,
    "title": _title,
    "channel": lambda row, _now: Cell(row.disagreement.channel),
    "target": _target,
    "delta": _delta,
    "risk": _risk,
    "age": _age,
    "why": _why,
    "evidence": lambda row, now: Cell(
        decided_text(row.disagreement, now) or plain_times(row.evidence, now), Tone.DIM
    ),
}


OPENED, FOLDED = "▾", "▸"
_UNKNOWN = "cause not known yet"

SEVERITY_TONES = {
    Severity.OVERSELL: Tone.OVER,
    Severity.WRONGLY_ON_SALE: Tone.OVER,
    Severity.UNDERSELL: Tone.UNDER,
    Severity.LISTING: Tone.WARN,
}


def group_label(total: GroupTotal) -> str:
    return show_blanks(total.label) or _UNKNOWN


def group_worth(total: GroupTotal) -> str:
    """The money at risk; `~` where it is in part an estimate."""
    if total.risk_minor is None:
        return NONE
    return ("~" if total.assumed else "") + money(total.risk_minor / 100)


def group_cells(
    total: GroupTotal, columns: Sequence[Column], now: Millis, *, opened: bool
) -> list[Cell | None]:
    """The group's row: its name and counts run over the columns that only one listing fills."""
    own = {"risk": Cell(f"{group_worth(total)} ", Tone.STRONG), "age": _oldest(total, now)}
    # The name has the first column, whatever stands there.
    first = next((n for n, column in enumerate(columns) if n and column.key in own), len(columns))
    room = sum(column.width + 1 for column in columns[:first]) - 1
    tone = SEVERITY_TONES.get(total.severity, Tone.DIM)
    own["why"] = Cell(f" {_of(total)}", Tone.DIM)
    name = Cell(_group_label(total, room, opened=opened), tone)
    rest = [own.get(column.key, Cell("")) for column in columns[first:]]
    return [name, *[None] * (first - 1), *rest]


def group_preview(total: GroupTotal | None, by: str, now: Millis, width: int) -> list[str]:
    """What the side panel says of a group."""
    if total is None:
        return []
    facts = [
        f"{plural(total.count, 'disagreement')}, {total.open:,} open",
        f"▲ {units(total.oversell_units)} too many",
        f"▼ {units(total.undersell_units)} too few",
        f"{group_worth(total)} at risk",
        f"oldest {age(now - total.oldest_at)}",
        f"worst: {total.severity.word}",
    ]
    if total.acknowledged:
        facts.append(f"{total.acknowledged:,} acknowledged")
    facts += ["", f"one {by}: enter opens, space marks"]
    return [cut(fact, width) for fact in facts]


def _group_label(total: GroupTotal, room: int, *, opened: bool) -> str:
    """`▸ shop  37 · ▲142 ▼3`, as much of it as there is room for."""
    over = f" ▲{units(total.oversell_units)}" if total.oversell_units else ""
    under = f" ▼{units(total.undersell_units)}" if total.undersell_units else ""
    tail = f"  {total.count:,} ·{over}{under}" if over or under else f"  {total.count:,}"
    name = f"{OPENED if opened else FOLDED} {group_label(total)}"
    if total.title and cells(name) + cells(total.title) + cells(tail) + 2 <= room:
        name += f"  {total.title}"
    return cut(name, max(8, room - cells(tail))) + tail


def _oldest(total: GroupTotal, now: Millis) -> Cell:
    return Cell(age(now - total.oldest_at), Tone.DIM)


def _of(total: GroupTotal) -> str:
    """The worst in it, and how many a person has acknowledged."""
    text = f", {total.acknowledged:,} acked" if total.acknowledged else ""
    return f"{total.severity.word}{text}"

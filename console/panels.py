"""What stands in the header, the side panels and the lines at the foot. Pure: values in, text out.

The widgets only place what is written here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from textual.content import Content

from console.actions import ACTIONS
from console.ink import Cell, Tone, key, lines, write
from console.rows import STEPS, change_text, tone_of, waits_for
from console.source import Detail
from console.text import NONE, age, cells, cut, fit, money, signed, time_of_day, units
from store.model import (
    ChannelHealth,
    Freshness,
    Incident,
    Millis,
    Overview,
    ShownCell,
    Status,
)

_BARS = "▁▂▃▄▅▆▇█"


class Mode(StrEnum):
    """Whether what is on the screen is true now."""

    LIVE = "LIVE"
    PAUSED = "PAUSED"
    DISCONNECTED = "DISCONNECTED"


@dataclass(frozen=True, slots=True)
class Standing:
    """How the console itself stands: for the header."""

    name: str
    mode: Mode
    engine: str
    """Who collects: `engine here`, `attached to …`, `no engine`."""
    engine_ok: bool
    operator: str
    read_only: bool


_MODES = {
    Mode.LIVE: Cell("● LIVE", Tone.OK),
    Mode.PAUSED: Cell("‖ PAUSED", Tone.WARN),
    Mode.DISCONNECTED: Cell("✖ DISCONNECTED", Tone.BAD),
}
_FRESHNESS = {
    Freshness.FRESH: Cell("●", Tone.OK),
    Freshness.FAILING: Cell("▲", Tone.WARN),
    Freshness.STALE: Cell("✖", Tone.BAD),
    Freshness.QUARANTINED: Cell("■", Tone.WARN),
    Freshness.NEVER: Cell("○", Tone.DIM),
}
_WORDS = {
    Freshness.FAILING: "FAILING",
    Freshness.STALE: "STALE",
    Freshness.QUARANTINED: "QUARANT.",
    Freshness.NEVER: "never read",
}


def header(
    standing: Standing, overview: Overview | None, *, now: Millis, width: int, brief: bool
) -> Content:
    """One line of health; what matters least is left out where it does not fit."""
    left = [Cell(f" skew {standing.name} ", Tone.STRONG), _MODES[standing.mode]]
    right = _identity(standing, now, brief=brief)
    facts = [] if overview is None else _facts(overview, now, brief=brief)
    if not standing.engine_ok or not brief:
        tone = Tone.DIM if standing.engine_ok else Tone.BAD
        facts.append((5, [Cell(standing.engine, tone)]))
    gap = "  "
    used = _width(left) + _width(right)
    chosen: list[tuple[int, list[Cell]]] = []
    for rank, fact in sorted(facts, key=lambda ranked: ranked[0]):
        if used + len(gap) + _width(fact) <= width:
            used += len(gap) + _width(fact)
            chosen.append((rank, fact))
    kept = [fact for rank, fact in facts if (rank, fact) in chosen]
    middle = [cell for fact in kept for cell in (Cell(gap), *fact)]
    return write(*left, *middle, Cell(" " * max(1, width - used)), *right)


def _identity(standing: Standing, now: Millis, *, brief: bool) -> list[Cell]:
    right = Cell("RO", Tone.WARN) if standing.read_only else Cell("RW", Tone.DIM)
    if brief:
        return [right, Cell(f"  {time_of_day(now)[:5]}Z ", Tone.DIM)]
    return [
        Cell(f"{cut(standing.operator, 16)}   ", Tone.PLAIN),
        right,
        Cell(f"   {time_of_day(now)} ", Tone.DIM),
    ]


def _facts(overview: Overview, now: Millis, *, brief: bool) -> list[tuple[int, list[Cell]]]:
    """Each with its rank: the lowest is the last to be left out."""
    newest = overview.newest_reading_at
    old = age(now - newest) if newest is not None else "never"
    over = Tone.OVER if overview.oversell else Tone.DIM
    under = Tone.UNDER if overview.undersell else Tone.DIM
    stale = Tone.BAD if overview.channels_stale else Tone.DIM
    pending = Tone.STRONG if overview.pending else Tone.DIM
    errors = Tone.BAD if overview.errors_5m else Tone.DIM
    stale_cell = Cell(f"stale {overview.channels_stale}/{overview.channels}", stale)
    if brief:
        return [
            (6, [Cell(old, Tone.DIM)]),
            (1, [Cell(f"▲{overview.oversell:,}", over), Cell(f" ▼{overview.undersell:,}", under)]),
            (2, [stale_cell]),
            (3, [Cell(f"pending {overview.pending:,}", pending)]),
            (7, [Cell(f"errors {overview.errors_5m}", errors)]),
        ]
    worth = [
        Cell(f" {units(overview.oversell_units)}u", over),
        Cell(f" {money(overview.oversell_money)}", over),
    ]
    return [
        (6, [Cell(f"read {old} ago" if newest else "never read", Tone.DIM)]),
        (9, [Cell(f"{overview.skus:,} SKUs")]),
        (0, [Cell("oversell ", Tone.DIM), Cell(f"▲{overview.oversell:,}", over)]),
        (4, worth if overview.oversell else []),
        (1, [Cell("undersell ", Tone.DIM), Cell(f"▼{overview.undersell:,}", under)]),
        (7, [Cell("unknown ", Tone.DIM), Cell(f"{overview.unknown:,}")]),
        (2, [stale_cell]),
        (3, [Cell("pending ", Tone.DIM), Cell(f"{overview.pending:,}", pending)]),
        (8, [Cell("errors/5m ", Tone.DIM), Cell(f"{overview.errors_5m}", errors)]),
    ]


def channels(health: Sequence[ChannelHealth], *, now: Millis, width: int) -> Content:
    """The channels, one line each, and under one in trouble its last error in its own words."""
    name = max(7, min(14, width - 28))
    wide = width >= _ROOMY
    head = f"{fit('CHANNEL', name)}   LAST OK   TOOK  {fit('POLLS', 8)}"
    extra = f"  {fit('EVERY', 6)} {fit('NEXT', 6)} {fit('LISTINGS', 9)} ROLE" if wide else ""
    rows = [write(Cell(cut(head + extra, width), Tone.DIM))]
    for channel in health:
        rows.append(_channel(channel, now, name, width))
        trouble = _trouble(channel)
        if trouble:
            rows.append(write(Cell(cut(f"  {trouble}", width), Tone.DIM)))
    return lines(*rows)


_ROOMY = 76
"""From this width on the channels panel has all its columns."""


def _channel(channel: ChannelHealth, now: Millis, name: int, width: int) -> Content:
    glyph = _FRESHNESS[channel.freshness]
    told = age(now - channel.last_success_at) if channel.last_success_at is not None else NONE
    took = f"{channel.recent_ms[-1] / 1000:.1f}s" if channel.recent_ms else NONE
    word = _WORDS.get(channel.freshness)
    last = Cell(fit(word, 8), glyph.tone) if word else Cell(sparkline(channel.recent_ms, 8))
    parts = [
        Cell(fit(channel.name, name), Tone.STRONG),
        Cell(f" {glyph.text} ", glyph.tone),
        Cell(fit(told, 7, right=True)),
        Cell(f" {fit(took, 6, right=True)}  ", Tone.DIM),
        Cell(last.text, last.tone if word else Tone.ACCENT),
    ]
    role = "auth" if channel.roles else str(channel.direction)
    if width < _ROOMY:
        parts.append(Cell(cut(f" {role}", width - _width(parts)), Tone.DIM))
        return write(*parts)
    following = (
        age(channel.next_poll_at - now)
        if channel.next_poll_at and channel.next_poll_at > now
        else NONE
    )
    tail = f"  {fit(age(channel.every_ms), 6)} {fit(following, 6)} {channel.listings:>8,}  {role}"
    parts.append(Cell(cut(tail, width - _width(parts)), Tone.DIM))
    return write(*parts)


def _trouble(channel: ChannelHealth) -> str:
    if channel.quarantined_poll is not None:
        why = channel.last_error or "implausible"
        return f"{why}; `skew accept {channel.name}` takes it"
    if channel.freshness is Freshness.FRESH:
        return ""
    return channel.last_error or ""


def sparkline(values: Sequence[int], width: int) -> str:
    """The newest `width` values as bars, flush left."""
    newest = values[-width:]
    top = max(newest, default=0) or 1
    bars = (_BARS[min(len(_BARS) - 1, value * (len(_BARS) - 1) // top)] for value in newest)
    return "".join(bars).ljust(width)


def incidents(found: Sequence[Incident], *, now: Millis, width: int) -> Content:
    """Trouble with channels, the newest last; each in one line and its message below."""
    if not found:
        return write(Cell("\n  No incidents: every channel answers and is believed.", Tone.DIM))
    rows = []
    for one in found:
        known = f"  seen by {one.acknowledged_by}" if one.acknowledged_by else ""
        times = f"  ×{one.count}" if one.count > 1 else ""
        rows.append(
            write(
                Cell(" ✖ ", Tone.BAD),
                Cell(fit(one.channel or "skew", 12), Tone.STRONG),
                Cell(f" {one.kind}", Tone.WARN),
                Cell(f"  since {time_of_day(one.since)[:5]}, {age(now - one.since)}", Tone.DIM),
                Cell(f"{times}{known}", Tone.DIM),
            )
        )
        rows.append(write(Cell(cut(f"   {one.message}", width), Tone.PLAIN)))
    return lines(*rows)


def preview(detail: Detail | None, *, now: Millis, width: int) -> Content:
    """What the row under the cursor would come to: numbers, cause, sum."""
    if detail is None:
        return write(Cell("Nothing under the cursor.", Tone.DIM))
    rows = [write(Cell(cut(detail.title or NONE, width), Tone.PLAIN)), cells_table(detail, width)]
    return lines(*rows, write(""), *reasons(detail, now=now, width=width))


def reasons(detail: Detail, *, now: Millis, width: int) -> list[Content]:
    """Why it differs, how its target is reckoned, and what is being done."""
    rows = [_told("why", detail.cause.evidence, width)] if detail.cause is not None else []
    rows += [_told("sum", detail.arithmetic, width)] if detail.arithmetic else []
    correction = detail.correction
    if correction is not None:
        told = f"#{correction.id} {change_text(correction)}, {STEPS[correction.status]}"
        waits = waits_for(correction, now)
        rows.append(_told("does", f"{told}; {waits}" if waits else told, width))
    elif detail.it is not None:
        rows.append(_told("does", why_no_update(detail), width))
    return rows


def trust_sign(cell: ShownCell) -> str:
    """`~` where it is not to be trusted, `*` where it disagrees."""
    return "~" if not cell.trusted else "*" if cell.differs else " "


def trust_tone(cell: ShownCell, delta: int | None) -> Tone:
    if not cell.trusted:
        return Tone.DIM
    return tone_of(delta) if cell.differs else Tone.PLAIN


def delta_text(delta: int | None) -> str:
    return signed(delta) if delta else ""


def brief(detail: Detail | None, *, width: int) -> Content:
    """The same in two lines, for a narrow terminal."""
    if detail is None:
        return write(Cell(" Nothing under the cursor.", Tone.DIM))
    why = detail.cause.evidence if detail.cause is not None else NONE
    return lines(
        write(Cell(" why: ", Tone.DIM), Cell(cut(why, width - 7))),
        write(Cell(" sum: ", Tone.DIM), Cell(cut(detail.arithmetic or NONE, width - 7))),
    )


def preview_title(detail: Detail | None, now: Millis) -> Content:
    if detail is None:
        return write("Row")
    correction = detail.correction
    number = f" · update #{correction.id}" if correction is not None else ""
    left = None if correction is None else correction.expires_at
    expires = f", expires {age(left - now)}" if left is not None and left > now else ""
    return write(Cell(f"{cut(detail.sku, 24)}", Tone.STRONG), Cell(number + expires, Tone.DIM))


def why_no_update(detail: Detail) -> str:
    """Why nothing can be approved for a disagreement."""
    it = detail.it
    if it is None:
        return ""
    if it.status is Status.SETTLING:
        until = f", decidable {time_of_day(it.decidable_at)[:5]}" if it.decidable_at else ""
        return f"{it.reason}{until}"
    if it.status is Status.UNKNOWN:
        return f"unknown: {it.reason}"
    return "no update is proposed"


def cells_table(detail: Detail, width: int) -> Content:
    """What every channel should show, shows, and would show after the update."""
    name = max(8, width - 28)
    head = f"{fit('', name)}{'target':>7}{'shows':>8} {'after':>6}{'Δ':>6}"
    rows = [write(Cell(head, Tone.DIM))]
    rows += [_cell_row(cell, detail, name) for cell in detail.cells]
    return lines(*rows)


def _cell_row(cell: ShownCell, detail: Detail, name: int) -> Content:
    mine = cell.channel == detail.channel
    differs = cell.differs and cell.available is not None and cell.target is not None
    delta = (cell.target or 0) - (cell.available or 0) if differs else None
    sign, tone = trust_sign(cell), trust_tone(cell, delta)
    shows = units(cell.available) if cell.present else "none"
    correction = detail.correction if mine else None
    after = "" if correction is None else units(correction.to_quantity)
    return write(
        Cell(fit(cell.channel, name), Tone.STRONG if mine else Tone.PLAIN),
        Cell(fit(units(cell.target), 7, right=True)),
        Cell(fit(shows, 8, right=True) + sign, tone),
        Cell(fit(after, 6, right=True), Tone.ACCENT),
        Cell(fit(delta_text(delta), 6, right=True), tone),
    )


def _told(word: str, text: str, width: int) -> Content:
    """A labelled paragraph with a hanging indent."""
    label = f"{word:<5}"
    rows = [
        write(Cell(label if n == 0 else " " * len(label), Tone.DIM), Cell(line))
        for n, line in enumerate(wrap(text, max(10, width - len(label))))
    ]
    return lines(*rows)


def wrap(text: str, width: int) -> list[str]:
    """Break a text at its spaces; a longer word is cut."""
    rows = [""]
    for word in text.split():
        fitted = cut(word, width)
        if cells(rows[-1]) + 1 + cells(fitted) <= width:
            rows[-1] = f"{rows[-1]} {fitted}".lstrip()
        else:
            rows.append(fitted)
    return rows if rows[0] else rows[1:] or [""]


def tabs(overview: Overview | None, updates: int, view: str, *, note: str, width: int) -> Content:
    """The tabs with their counts, and the filter, which stays in sight while it holds."""
    narrow = width < _NARROW_TABS
    stale = overview.channels_stale if overview is not None else 0
    counts = (
        (overview.open + overview.settling + overview.unknown if overview is not None else 0, ""),
        (overview.channels if overview is not None else 0, "!" if stale else ""),
        (updates, ""),
        (overview.incidents if overview is not None else 0, ""),
    )
    parts: list[Content] = [write(" ")]
    for number, (name, short, long) in enumerate(TABS, 1):
        count, alarm = counts[number - 1]
        chosen = name == view
        word = f"{short if narrow else long} {count:,}"
        tab = Content.assemble(
            (f"{number} " if narrow else f"[{number}]", f"${Tone.ACCENT if chosen else Tone.DIM}"),
            (word, f"bold underline ${Tone.STRONG}" if chosen else f"${Tone.DIM}"),
            (alarm, f"bold ${Tone.BAD}"),
        )
        parts += [tab.stylize(f"@click=app.show_{name}"), write("  ")]
    left = Content.assemble(*parts)
    room = width - left.cell_length - 1
    right = write(Cell(cut(note, max(0, room)), Tone.WARN))
    return Content.assemble(left, " " * max(0, room - right.cell_length), right)


_NARROW_TABS = 100

TABS = (
    ("disagreements", "Disagree", "Disagreements"),
    ("channels", "Chan", "Channels"),
    ("updates", "Upd", "Updates"),
    ("incidents", "Inc", "Incidents"),
)
"""The views: name, short title, title; their keys are 1 to 4."""


def legend(width: int, *, narrow: bool, read_only: bool, able: Sequence[str]) -> Content:
    """The keys, from the table of actions; those that can't act on this row are faint."""
    parts: list[Content | str] = [" "]
    used = 1
    for action in ACTIONS:
        word = action.brief if narrow else action.legend
        if not word or (read_only and action.writes):
            continue
        shown = "spc" if action.keys[0] == "space" else action.keys[0]
        part = key(
            "enter" if shown == "enter" else shown,
            word,
            f"app.{action.name}",
            able=not action.writes or action.name in able,
        )
        if used + part.cell_length + 2 > width:
            break
        used += part.cell_length + 2
        parts += [part, "  " if not narrow else " "]
    return Content.assemble(*parts)


def _width(parts: Sequence[Cell]) -> int:
    return sum(cells(part.text) for part in parts)

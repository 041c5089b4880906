"""What stands in the side panels: channels, incidents, the row under the cursor. Pure.

The widgets only place what is written here.
"""

from collections.abc import Callable, Sequence

from textual.content import Content

from console.reports.timeline import what_happened
from console.text.confirmation import why_not_decidable
from console.text.format import (
    NONE,
    age,
    cells,
    cut,
    fit,
    plain_times,
    shown,
    signed,
    time_of_day,
    units,
    wrap,
)
from console.text.reasons import ignored_text
from console.text.update_words import STEPS, change_text, change_type, waits_for
from console.tui.data.values import RowDetail
from console.tui.drawing.tones import Cell, Tone, lines, write
from console.tui.views import channels as standing
from console.tui.views.disagreements import tone_of
from store.model import Freshness, Incident, IncidentKind, Millis
from store.queries.values import ChannelHealth, HistoryEntry, ShownCell


def channels(
    health: Sequence[ChannelHealth],
    incidents: Sequence[Incident],
    key: Callable[[str], str],
    *,
    now: Millis,
    width: int,
) -> Content:
    """The channels, one line each, and under one in trouble its last error in its own words.

    `key`: by which key an action is done; empty where by none. Of a quarantined poll it says why
    that waits, also where later polls failed of something else.
    """
    waits = {of.channel: of.message for of in incidents if of.kind == IncidentKind.QUARANTINED}
    name = max(7, min(14, width - 28))
    head = f"{fit('CHANNEL', name)} LAST OK  TOOK {fit('POLLS', _BARS_WIDE)}"
    rows = [write(Cell(cut(head, width), Tone.DIM))]
    for channel in health:
        rows.append(_channel(channel, now, name, width))
        is_quarantined = channel.quarantined_poll is not None
        trouble = (waits.get(channel.name) if is_quarantined else None) or _trouble(channel)
        parts = wrap(trouble, width - 2)[:_TROUBLE_LINES] if trouble else []
        page, accepts, discards = map(key, ("show_incidents", "accept", "discard"))
        if is_quarantined and page and accepts and discards:
            text = f"press {page}, then {accepts} accepts, {discards} discards"
            parts.append(cut(text, width - 2))
        rows += [write(Cell(f"  {line}", Tone.DIM)) for line in parts]
    return lines(*rows)


_TROUBLE_LINES = 2
_BARS_WIDE = 7


def _channel(channel: ChannelHealth, now: Millis, name: int, width: int) -> Content:
    """Its newest polls as bars, where nothing else is to be said of it."""
    glyph, state = standing.GLYPHS[channel.freshness], standing.state(channel, now)
    if state.tone is Tone.OK:
        state = Cell(standing.latencies(channel, _BARS_WIDE))
    parts = [
        Cell(fit(channel.name, name), Tone.STRONG),
        Cell(f" {glyph.text} ", glyph.tone),
        Cell(fit(standing.last_good(channel, now), 6, right=True)),
        Cell(f"{fit(standing.took(channel), 6, right=True)} ", Tone.DIM),
        standing.fitted(state, _BARS_WIDE),
    ]
    role = "auth" if "quantity authority" in channel.roles else str(channel.direction)
    parts.append(Cell(cut(f" {role}", width - _width(parts)), Tone.DIM))
    return write(*parts)


def _trouble(channel: ChannelHealth) -> str:
    if channel.paused_by is not None:
        return f"paused by {channel.paused_by}: {channel.paused_reason}"
    if channel.freshness is Freshness.FRESH:
        return ""
    return channel.last_error or ""


def preview(detail: RowDetail | None, *, now: Millis, width: int) -> Content:
    """What the row under the cursor would come to: numbers, cause, sum."""
    if detail is None:
        return write(Cell("Nothing under the cursor.", Tone.DIM))
    rows = [write(Cell(cut(detail.title or NONE, width), Tone.PLAIN)), cells_table(detail, width)]
    rows += [write(""), *reasons(detail, now=now, width=width)]
    if detail.history:
        rows += [write(""), *(_happened(entry, now, width) for entry in reversed(detail.history))]
    return lines(*rows)


def _happened(entry: HistoryEntry, now: Millis, width: int) -> Content:
    when = age(now - entry.at)
    who = "" if entry.kind == "correction" else f"{entry.channel}: "
    text = cut(f"{who}{what_happened(entry)}", width - 7)
    return write(Cell(f"{fit(when, 6, right=True)} ", Tone.FAINT), Cell(text, Tone.DIM))


def reasons(detail: RowDetail, *, now: Millis, width: int) -> list[Content]:
    """Why it differs, how its target is computed, and what is being done."""
    rows = (
        [_labelled("why", plain_times(detail.cause.evidence, now), width)]
        if detail.cause is not None
        else []
    )
    disagreement = detail.disagreement
    if disagreement is not None and (ignored := ignored_text(disagreement)):
        rows.insert(0, _labelled("ign", ignored, width))
    if disagreement is not None and disagreement.acknowledged_at is not None:
        at = time_of_day(disagreement.acknowledged_at)
        text = f"acknowledged by {disagreement.acknowledged_by} {at}: "
        rows.insert(0, _labelled("✓", text + (disagreement.acknowledged_why or ""), width))
    rows += [_labelled("sum", detail.target_sum, width)] if detail.target_sum else []
    correction = detail.correction
    if correction is not None:
        text = f"#{correction.id} {change_text(correction)}, {STEPS[correction.status]}"
        waits = waits_for(correction, now)
        rows.append(_labelled("act", f"{text}; {waits}" if waits else text, width))
    elif detail.disagreement is not None:
        why_not = why_not_decidable(detail.disagreement)
        rows.append(_labelled("act", why_not, width))
    return rows


def trust_sign(cell: ShownCell) -> str:
    """`~` where it is not to be trusted, `*` where it disagrees."""
    return "~" if not cell.trusted else "*" if cell.differs else " "


def cell_text(cell: ShownCell) -> str:
    """What a channel shows, or `none` where it does not list it."""
    if not cell.present:
        return "none"
    return shown(cell.available, cell.state, at_least=cell.at_least)


def trust_tone(cell: ShownCell, delta: int | None) -> Tone:
    if not cell.trusted:
        return Tone.DIM
    return tone_of(delta) if cell.differs else Tone.PLAIN


def delta_text(delta: int | None) -> str:
    return signed(delta) if delta else ""


def brief(detail: RowDetail | None, *, now: Millis, width: int) -> Content:
    """The same in two lines, for a narrow terminal."""
    if detail is None:
        return write(Cell(" Nothing under the cursor.", Tone.DIM))
    why = plain_times(detail.cause.evidence, now) if detail.cause is not None else NONE
    return lines(
        write(Cell(" why: ", Tone.DIM), Cell(cut(why, width - 7))),
        write(Cell(" sum: ", Tone.DIM), Cell(cut(detail.target_sum or NONE, width - 7))),
    )


def preview_title(detail: RowDetail | None, now: Millis) -> Content:
    if detail is None:
        return write("Row")
    correction = detail.correction
    number = f" · update #{correction.id}" if correction is not None else ""
    left = None if correction is None else correction.expires_at
    expires = f", expires {age(left - now)}" if left is not None and left > now else ""
    return write(Cell(f"{cut(detail.sku, 24)}", Tone.STRONG), Cell(number + expires, Tone.DIM))


def brief_title(detail: RowDetail | None) -> Content:
    """The row in one line, for the rule above the narrow preview."""
    if detail is None:
        return write(" – ")
    correction = detail.correction
    if correction is None:
        return write(Cell(f" {cut(detail.sku, 24)} ", Tone.STRONG), Cell(f"{detail.channel} "))
    text = f"{detail.channel} {change_text(correction)}, {change_type(correction)} "
    return write(Cell(f" #{correction.id} {cut(detail.sku, 24)} ", Tone.STRONG), Cell(text))


def cells_table(detail: RowDetail, width: int) -> Content:
    """What every channel should show, shows, and would show after the update."""
    name = max(8, width - 28)
    head = f"{fit('', name)}{'target':>7}{'shows':>8} {'after':>6}{'Δ':>6}"
    rows = [write(Cell(head, Tone.DIM))]
    rows += [_cell_row(cell, detail, name) for cell in detail.cells]
    return lines(*rows)


def _cell_row(cell: ShownCell, detail: RowDetail, name: int) -> Content:
    mine = cell.channel == detail.channel
    differs = cell.differs and cell.available is not None and cell.target is not None
    delta = (cell.target or 0) - (cell.available or 0) if differs else None
    sign, tone = trust_sign(cell), trust_tone(cell, delta)
    shows = cell_text(cell)
    correction = detail.correction if mine else None
    after = "" if correction is None else units(correction.to_quantity)
    return write(
        Cell(fit(cell.channel, name), Tone.STRONG if mine else Tone.PLAIN),
        Cell(fit("" if cell.target is None else units(cell.target), 7, right=True)),
        Cell(fit(shows, 8, right=True) + sign, tone),
        Cell(fit(after, 6, right=True), Tone.ACCENT),
        Cell(fit(delta_text(delta), 6, right=True), tone),
    )


def _labelled(word: str, text: str, width: int) -> Content:
    """A labelled paragraph with a hanging indent."""
    label = f"{word:<5}"
    rows = [
        write(Cell(label if n == 0 else " " * len(label), Tone.DIM), Cell(line))
        for n, line in enumerate(wrap(text, max(10, width - len(label))))
    ]
    return lines(*rows)


def _width(parts: Sequence[Cell]) -> int:
    return sum(cells(part.text) for part in parts)

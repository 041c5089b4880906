"""What stands on a SKU's page under its table: why, what is done, the account, the past. Pure.

Each function writes for a width; the page only places what is written.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby

from textual.content import Content

from console.reports.timeline import what_happened
from console.text.format import (
    NONE,
    age,
    clean,
    cut,
    day_and_time,
    fit,
    money,
    plain_times,
    show_blanks,
    signed,
    units,
    wrap,
)
from console.text.reasons import reason_text
from console.tui.data.sku import Opened
from console.tui.drawing.plot import Curve, PlotData, signs
from console.tui.drawing.tones import Cell, Tone, lines, write
from console.tui.views.disagreements import tone_of
from console.tui.views.sku_table import CHANNEL_MAX, CHANNEL_MIN, SIGNS, rows_of, since, update_of
from console.tui.views.update_words import STEPS, change_text, step_tone, waits_for
from store.history.series import StockSeries
from store.history.timeline import TimelineItem
from store.model import (
    Cause,
    Disagreement,
    Freshness,
    Millis,
    Status,
)
from store.queries.sku_summary import ComponentSummary
from store.targets.balance import Balance


def reasons(opened: Opened, *, chosen: int | None, now: Millis, width: int) -> Content:
    """Why its listings differ, what is done about the chosen one, and how targets are reckoned."""
    parts = [
        _why(opened, chosen, now, width),
        _acts(opened, chosen, now, width),
        _sums(opened, chosen, width),
        _rests_on(opened, now, width),
        _holders(opened, width),
    ]
    written: list[Content] = []
    for part in parts:
        rows = list(part)
        if rows and written:
            written.append(write(""))
        written += rows
    return lines(*written)


def _why(opened: Opened, chosen: int | None, now: Millis, width: int) -> Iterator[Content]:
    """Every disagreement, that under the cursor first, with its cause and the evidence."""
    found = sorted(opened.dossier.open, key=lambda one: one.listing_id != chosen)
    if not found:
        yield write(Cell("● ", Tone.OK), Cell("Every channel shows what it should."))
    for one in found:
        yield _disagreement(one, now, width)
        cause = opened.causes.get(one.id)
        if cause is not None:
            yield from _cause(cause, now, width)


def _disagreement(one: Disagreement, now: Millis, width: int) -> Content:
    sign = "▲" if one.oversell_units else "▼" if one.undersell_units else "◆"
    where = clean(f"{one.channel}/{one.location}" if one.location else one.channel)
    by = f" {signed(one.delta)}" if one.delta is not None else ""
    risk = f", {money(one.money_at_risk)} at risk" if one.money_at_risk else ""
    until = f", decidable {day_and_time(one.decidable_at)[11:16]}Z" if one.decidable_at else ""
    # An open one has no reason; that of the others is why it can't be decided.
    why = f": {reason_text(one.reason)}{until}" if one.status is not Status.OPEN else ""
    told = f"  {one.kind}{by}{risk}, since {age(now - one.first_seen_at)}, {one.status}{why}"
    start = f"{sign} {cut(where, 24)}"
    return write(
        Cell(start, tone_of(one.delta)), Cell(cut(told, max(4, width - len(start))), Tone.PLAIN)
    )


def _cause(cause: Cause, now: Millis, width: int) -> Iterator[Content]:
    sure = "" if not cause.confidence else f", {cause.confidence:.0%} sure"
    text = clean(f"{cause.kind}{sure}: {plain_times(cause.evidence, now)}")
    for line in wrap(text, max(10, width - 4)):
        yield write(Cell(f"    {line}"))


def _acts(opened: Opened, chosen: int | None, now: Millis, width: int) -> Iterator[Content]:
    """The chosen listing's newest update, and every step that was taken with it."""
    update = update_of(opened, chosen or 0)
    if update is None:
        return
    waits = waits_for(update, now)
    told = f"update #{update.id} {change_text(update)}, {STEPS[update.status]}"
    told += f"; {waits}" if waits else ""
    for line in wrap(clean(told), width):
        yield write(Cell(line, step_tone(update.status)))
    for step in opened.dossier.audits.get(update.id, ()):
        note = f": {step.note}" if step.note else ""
        words = f"  {day_and_time(step.at)}  {step.step.replace('_', ' ')} by {step.who}{note}"
        yield write(Cell(cut(clean(words), width), Tone.DIM))


def _sums(opened: Opened, chosen: int | None, width: int) -> Iterator[Content]:
    """The policy's arithmetic of each channel at the chosen place."""
    cells = rows_of(opened)
    here = next((cell.location for cell in cells if cell.listing_id == chosen), "")
    for cell in cells:
        words = opened.sums.get(cell.listing_id, "")
        if not words or cell.location != here:
            continue
        mine = cell.listing_id == chosen
        name = fit(cell.channel, min(CHANNEL_MAX, max(CHANNEL_MIN, width // 5)))
        for number, line in enumerate(wrap(clean(words), max(10, width - len(name) - 1))):
            lead = name if not number else " " * len(name)
            yield write(
                Cell(f"{lead} ", Tone.STRONG if mine else Tone.DIM),
                Cell(line, Tone.PLAIN if mine else Tone.DIM),
            )


def _rests_on(opened: Opened, now: Millis, width: int) -> Iterator[Content]:
    """What a bundle or a pool is made of, whose word that is, and what limits it."""
    for (location, how), group in groupby(
        opened.dossier.parts, key=lambda one: (one.location, one.how)
    ):
        parts = list(group)
        place = clean(location)
        at = f" at {place}" if place else ""
        what = f"a bundle{at}, made of" if how == "bundle" else f"{place} is a pool of"
        yield write(Cell(cut(what, width), Tone.DIM))
        least = min((one.makes for one in parts if one.makes is not None), default=None)
        unknown = any(one.makes is None for one in parts)
        for one in parts:
            limits = how == "bundle" and (one.makes is None or (not unknown and one.makes == least))
            yield _part(one, limits=limits, now=now, width=width)


def _part(one: ComponentSummary, *, limits: bool, now: Millis, width: int) -> Content:
    name = clean(one.part_location) or "no place"
    gives = units(one.available)
    if one.how == "bundle":
        name = f"{one.quantity} × {show_blanks(clean(one.sku))}"
        gives = f"{units(one.available)} → {units(one.makes)}"
    state = f" {clean(one.state)}" if one.state not in (None, "active") else ""
    stale = one.freshness not in (None, Freshness.FRESH)
    whose = f"  {one.channel or 'nobody'} tells, moved {since(one.observed_at, now)} ago"
    return write(
        Cell(f"  {fit(name, min(28, max(10, width // 3)))} "),
        Cell(fit(gives, 14, right=True) + state),
        Cell("  ◂ limits it" if limits else "", Tone.WARN),
        Cell(
            f"  {SIGNS[one.freshness]} {one.freshness}" if one.freshness and stale else "",
            Tone.BAD,
        ),
        Cell(cut(whose, max(0, width - 62)), Tone.DIM),
    )


def _holders(opened: Opened, width: int) -> Iterator[Content]:
    found = opened.dossier.holders
    if found:
        told = ", ".join(f"{show_blanks(clean(one.sku))} ({one.quantity})" for one in found)
        for line in wrap(f"in the bundles {told}", width):
            yield write(Cell(line, Tone.DIM))


def account(balances: Sequence[Balance], width: int) -> Content:
    """Each listing's account: opening + events + updates + unexplained = closing."""
    if not balances:
        return write(Cell("No reading of it yet.", Tone.DIM))
    places = max(len(_where(one)) for one in balances)
    name = max(CHANNEL_MIN, min(places + 1, width - sum(_FIGURES.values())))
    titles = (fit(title, figure, right=True) for title, figure in _FIGURES.items())
    head_line = " " * name + "".join(titles)
    written = [write(Cell(cut(head_line, width), Tone.DIM))]
    for one in balances:
        left = one.unexplained
        figures = (
            Cell(units(one.opening)),
            Cell(signed(one.events) if one.events else NONE),
            Cell(signed(one.corrections) if one.corrections else NONE),
            Cell(signed(left) if left else NONE, Tone.WARN if left else Tone.DIM),
            Cell(units(one.closing), Tone.STRONG),
        )
        cells = (
            Cell(fit(figure.text, wide, right=True), figure.tone)
            for figure, wide in zip(figures, _FIGURES.values(), strict=True)
        )
        written.append(write(Cell(fit(_where(one), name)), *cells))
    return lines(*written)


_FIGURES = {"OPENING": 9, "EVENTS": 8, "UPDATES": 8, "UNEXPLAINED": 12, "CLOSING": 9}


def _where(one: Balance) -> str:
    return clean(f"{one.channel}/{one.location}" if one.location else one.channel)


def figure(found: StockSeries, chosen: int | None) -> PlotData:
    """What is plotted, with the curve of the listing under the cursor above the others."""
    order = sorted(found.lines, key=lambda line: line.listing_id == chosen)
    letters = dict(
        zip(
            (line.listing_id for line in found.lines),
            signs([line.channel for line in found.lines]),
            strict=True,
        )
    )
    mine = order[-1] if order and order[-1].listing_id == chosen else None
    return PlotData(
        found.window.since,
        found.window.until,
        [Curve(line.channel, letters[line.listing_id], line.shown) for line in order],
        target=mine.target if mine is not None else (),
        differs=mine.differs if mine is not None else (),
        written=mine.written if mine is not None else (),
        events=found.events,
    )


def entry(told: TimelineItem, *, now: Millis, width: int) -> Content:
    """One line of the timeline."""
    one = told.entry
    day = day_and_time(one.at)
    # Today's day is known; before that the day matters more than the second.
    when = day[11:] if day[:10] == day_and_time(now)[:10] else f"{day[5:16]}"
    return write(
        Cell(fit(when, 12), Tone.DIM),
        Cell(fit(clean(one.channel), 11)),
        Cell(fit(one.kind, 13), _KINDS.get(one.kind, Tone.DIM)),
        Cell(cut(clean(what_happened(one)), max(8, width - 36))),
    )


_KINDS = {
    "correction": Tone.ACCENT,
    "disagreement": Tone.OVER,
    "target": Tone.UNDER,
    "event": Tone.OK,
}

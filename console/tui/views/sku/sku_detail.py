"""What stands on a SKU's page under its table: why, what is done, the account, the past. Pure.

Each function writes for a width; the page only places what is written.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby

from textual.content import Content

from console.reports.timeline import what_happened
from console.text.confirmation import settling_text
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
from console.text.update_words import STEPS, change_text, waits_for
from console.text.why.facts import ListingVerdict, ListingWhy
from console.tui.data.sku import SkuDetail
from console.tui.drawing.plot import Curve, PlotData, signs
from console.tui.drawing.tones import Cell, Tone, lines, step_tone, write
from console.tui.views.disagreements import tone_of
from console.tui.views.sku.sku_table import (
    CHANNEL_MAX,
    CHANNEL_MIN,
    SIGNS,
    rows_of,
    since,
    update_of,
)
from store.accounts.balance import Balance
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


def reasons(
    detail: SkuDetail, why: ListingWhy | None, *, chosen: int | None, now: Millis, width: int
) -> Content:
    """Why its listings are as they are, what is done about the chosen one, and each target's sum.

    `why` explains the chosen one.
    """
    parts = [
        _why(detail, why, chosen, now, width),
        _rules(why, width),
        _acts(detail, chosen, now, width),
        _sums(detail, chosen, width),
        _rests_on(detail, now, width),
        _holders(detail, width),
    ]
    written: list[Content] = []
    for part in parts:
        rows = list(part)
        if rows and written:
            written.append(write(""))
        written += rows
    return lines(*written)


def _why(
    detail: SkuDetail, why: ListingWhy | None, chosen: int | None, now: Millis, width: int
) -> Iterator[Content]:
    """Every disagreement, that under the cursor first, with its cause and the evidence.

    A chosen listing that does not differ says first how it stands: agreement is never taken for
    granted where nothing can be seen.
    """
    found = sorted(detail.summary.open, key=lambda disagreement: disagreement.listing_id != chosen)
    if why is not None and not any(row.listing_id == chosen for row in found):
        sign, tone = _STANDS.get(why.verdict, ("◇", Tone.DIM))
        first, *rest = wrap(f"{clean(why.channel)} {why.summary}", max(10, width - 2))
        yield write(Cell(f"{sign} ", tone), Cell(first))
        yield from (write(Cell(f"  {line}")) for line in rest)
    for disagreement in found:
        yield _disagreement(disagreement, now, width)
        cause = detail.causes.get(disagreement.id)
        if cause is not None:
            yield from _cause(cause, now, width)


_STANDS = {
    ListingVerdict.AGREES: ("●", Tone.OK),
    ListingVerdict.AUTHORITY: ("●", Tone.OK),
    ListingVerdict.UNKNOWN: ("?", Tone.WARN),
}


def _rules(why: ListingWhy | None, width: int) -> Iterator[Content]:
    """Who decides, by which policy, and what stands in the way, of the chosen listing.

    The rest of why it is so stands elsewhere on the page.
    """
    for about, text in why.lines if why is not None else ():
        if about not in _SAID_HERE:
            continue
        for number, line in enumerate(wrap(text, max(10, width - _ABOUT))):
            lead = "" if number else about
            yield write(Cell(fit(lead, _ABOUT), Tone.DIM), Cell(line))


_SAID_HERE = ("authority", "policy", "state", "guard")
_ABOUT = 11


def _disagreement(disagreement: Disagreement, now: Millis, width: int) -> Content:
    sign = "▲" if disagreement.oversell_units else "▼" if disagreement.undersell_units else "◆"
    where = clean(
        f"{disagreement.channel}/{disagreement.location}"
        if disagreement.location
        else disagreement.channel
    )
    by = f" {signed(disagreement.delta)}" if disagreement.delta is not None else ""
    risk = f", {money(disagreement.money_at_risk)} at risk" if disagreement.money_at_risk else ""
    # An open one has no reason; that of the others is why it can't be decided.
    stands = str(disagreement.status)
    if disagreement.status is not Status.OPEN:
        why = settling_text(disagreement)
        stands = why if why.startswith(stands) else f"{stands}: {why}"
    since_when = age(now - disagreement.first_seen_at)
    text = f"  {disagreement.kind}{by}{risk}, since {since_when}, {stands}"
    start = f"{sign} {cut(where, 24)}"
    return write(
        Cell(start, tone_of(disagreement.delta)),
        Cell(cut(text, max(4, width - len(start))), Tone.PLAIN),
    )


def _cause(cause: Cause, now: Millis, width: int) -> Iterator[Content]:
    sure = "" if not cause.confidence else f", {cause.confidence:.0%} sure"
    text = clean(f"{cause.kind}{sure}: {plain_times(cause.evidence, now)}")
    for line in wrap(text, max(10, width - 4)):
        yield write(Cell(f"    {line}"))


def _acts(detail: SkuDetail, chosen: int | None, now: Millis, width: int) -> Iterator[Content]:
    """The chosen listing's newest update, and every step that was taken with it."""
    update = update_of(detail, chosen or 0)
    if update is None:
        return
    waits = waits_for(update, now)
    text = f"update #{update.id} {change_text(update)}, {STEPS[update.status]}"
    text += f"; {waits}" if waits else ""
    for line in wrap(clean(text), width):
        yield write(Cell(line, step_tone(update.status)))
    for step in detail.summary.audits.get(update.id, ()):
        note = f": {step.note}" if step.note else ""
        words = f"  {day_and_time(step.at)}  {step.step.replace('_', ' ')} by {step.who}{note}"
        yield write(Cell(cut(clean(words), width), Tone.DIM))


def _sums(detail: SkuDetail, chosen: int | None, width: int) -> Iterator[Content]:
    """The policy's arithmetic of each channel at the chosen place."""
    cells = rows_of(detail)
    here = next((cell.location for cell in cells if cell.listing_id == chosen), "")
    for cell in cells:
        words = detail.sums.get(cell.listing_id, "")
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


def _rests_on(detail: SkuDetail, now: Millis, width: int) -> Iterator[Content]:
    """What a bundle or a pool is made of, which channel each part was read from, and the limit."""
    for (location, how), group in groupby(
        detail.summary.parts, key=lambda part: (part.location, part.how)
    ):
        parts = list(group)
        place = clean(location)
        at = f" at {place}" if place else ""
        what = f"a bundle{at}, made of" if how == "bundle" else f"{place} is a pool of"
        yield write(Cell(cut(what, width), Tone.DIM))
        least = min((part.makes for part in parts if part.makes is not None), default=None)
        unknown = any(part.makes is None for part in parts)
        for part in parts:
            limits = how == "bundle" and (
                part.makes is None or (not unknown and part.makes == least)
            )
            yield _part(part, limits=limits, now=now, width=width)


def _part(part: ComponentSummary, *, limits: bool, now: Millis, width: int) -> Content:
    name = clean(part.part_location) or "no place"
    gives = units(part.available)
    if part.how == "bundle":
        name = f"{part.quantity} × {show_blanks(clean(part.sku))}"
        gives = f"{units(part.available)} → {units(part.makes)}"
    state = f" {clean(part.state)}" if part.state not in (None, "active") else ""
    stale = part.freshness not in (None, Freshness.FRESH)
    whose = f"  read from {part.channel or 'nowhere'}, changed {since(part.observed_at, now)} ago"
    return write(
        Cell(f"  {fit(name, min(28, max(10, width // 3)))} "),
        Cell(fit(gives, 14, right=True) + state),
        Cell("  ◂ limits it" if limits else "", Tone.WARN),
        Cell(
            f"  {SIGNS[part.freshness]} {part.freshness}" if part.freshness and stale else "",
            Tone.BAD,
        ),
        Cell(cut(whose, max(0, width - 62)), Tone.DIM),
    )


def _holders(detail: SkuDetail, width: int) -> Iterator[Content]:
    found = detail.summary.bundles
    if found:
        text = ", ".join(
            f"{show_blanks(clean(holder.sku))} ({holder.quantity})" for holder in found
        )
        for line in wrap(f"in the bundles {text}", width):
            yield write(Cell(line, Tone.DIM))


def account(balances: Sequence[Balance], width: int) -> Content:
    """Each listing's account: opening + events + updates + unexplained = closing."""
    if not balances:
        return write(Cell("No reading of it yet.", Tone.DIM))
    places = max(len(_where(balance)) for balance in balances)
    name = max(CHANNEL_MIN, min(places + 1, width - sum(_FIGURES.values())))
    titles = (fit(title, figure, right=True) for title, figure in _FIGURES.items())
    head_line = " " * name + "".join(titles)
    written = [write(Cell(cut(head_line, width), Tone.DIM))]
    for balance in balances:
        left = balance.unexplained
        figures = (
            Cell(units(balance.opening)),
            Cell(signed(balance.events) if balance.events else NONE),
            Cell(signed(balance.corrections) if balance.corrections else NONE),
            Cell(signed(left) if left else NONE, Tone.WARN if left else Tone.DIM),
            Cell(units(balance.closing), Tone.STRONG),
        )
        cells = (
            Cell(fit(figure.text, wide, right=True), figure.tone)
            for figure, wide in zip(figures, _FIGURES.values(), strict=True)
        )
        written.append(write(Cell(fit(_where(balance), name)), *cells))
    return lines(*written)


_FIGURES = {"OPENING": 9, "EVENTS": 8, "UPDATES": 8, "UNEXPLAINED": 12, "CLOSING": 9}


def _where(balance: Balance) -> str:
    return clean(f"{balance.channel}/{balance.location}" if balance.location else balance.channel)


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


def entry(item: TimelineItem, *, now: Millis, width: int) -> Content:
    """One line of the timeline."""
    entry = item.entry
    day = day_and_time(entry.at)
    # Today's day is known; before that the day matters more than the second.
    when = day[11:] if day[:10] == day_and_time(now)[:10] else f"{day[5:16]}"
    return write(
        Cell(fit(when, 12), Tone.DIM),
        Cell(fit(clean(entry.channel), 11)),
        Cell(fit(entry.kind, 13), _KINDS.get(entry.kind, Tone.DIM)),
        Cell(cut(clean(what_happened(entry)), max(8, width - 36))),
    )


_KINDS = {
    "correction": Tone.ACCENT,
    "disagreement": Tone.OVER,
    "target": Tone.UNDER,
    "event": Tone.OK,
}

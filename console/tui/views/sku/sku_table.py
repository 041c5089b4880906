"""A SKU's listings as a table: what each should show and shows, and how far to trust it. Pure.

And the SKU in one line. `console.tui.views.sku.sku_detail` writes what stands under it.
"""

from collections.abc import Mapping, Sequence
from itertools import groupby

from textual.content import Content
from textual.style import Style

from console.text.format import NONE, age, clean, cut, fit, money, show_blanks, units
from console.text.update_words import STEPS
from console.tui.data.sku import SkuDetail
from console.tui.drawing.tones import Cell, Tone, lines, step_tone, write
from console.tui.views import preview
from store.model import (
    LIVE_CORRECTIONS,
    Correction,
    CorrectionStatus,
    Disagreement,
    Freshness,
    Millis,
)
from store.queries.values import ChannelHealth, ShownCell

Health = Mapping[str, ChannelHealth]

CHANNEL_MIN = 8
CHANNEL_MAX = 20


def head(detail: SkuDetail | None, sku: str, note: str, width: int) -> Content:
    """The SKU in one line: what it is called and costs, and how many of its listings differ."""
    if detail is None:
        text = f" {show_blanks(clean(sku))}" if sku else ""
        words = (
            " is not known here any more"
            if sku
            else " No SKU is open: enter on a disagreement opens one"
        )
        return write(Cell(text, Tone.STRONG), Cell(cut(words, width - len(text)), Tone.DIM))
    found = detail.summary
    price = next((cell.price_minor for cell in found.cells if cell.price_minor is not None), None)
    count = len({disagreement.listing_id for disagreement in found.open})
    state = (
        Cell(f"  ▲ {count} of {len(found.cells)} differ", Tone.WARN)
        if count
        else Cell("  ● nothing differs", Tone.OK)
    )
    right = [Cell(f"  {note}", Tone.OK)] if note else []
    name = Cell(f" {cut(show_blanks(clean(found.sku)), max(8, width // 3))}", Tone.STRONG)
    worth = Cell(f"  {money(price / 100)}" if price is not None else "", Tone.DIM)
    used = write(name, worth, state, *right).cell_length
    title = cut(clean(found.title), max(0, width - used - 3))
    return write(name, Cell(f"  {title}"), worth, state, *right)


def rows_of(detail: SkuDetail) -> list[ShownCell]:
    """The listings in the order in which the table shows them."""
    return list(detail.summary.cells)


def table(
    detail: SkuDetail,
    health: Health,
    *,
    chosen: int | None,
    now: Millis,
    width: int,
    linked: bool = False,
) -> tuple[Content, dict[int, int]]:
    """What every channel should show and shows at every place; and each listing's line.

    `chosen` is the listing under the cursor. Where there is room, the other quantities stand
    beside, and how old each of them is. `linked`: a channel's name leads to its page of the SKU.
    """
    columns = _columns(detail, health, width)
    written = [write(Cell("  " + "".join(_titled(*column) for column in columns), Tone.DIM))]
    places: dict[int, int] = {}
    several = len({cell.location for cell in detail.summary.cells}) > 1
    for location, cells in groupby(rows_of(detail), key=lambda cell: cell.location):
        if several or location:
            written.append(write(Cell(f"at {clean(location) or 'no place'}", Tone.DIM)))
        for cell in cells:
            places[cell.listing_id] = len(written)
            update = update_of(detail, cell.listing_id)
            row = _row(cell, update, health.get(cell.channel), columns, now)
            mark = Cell("▌ ", Tone.ACCENT) if cell.listing_id == chosen else Cell("  ")
            if linked and (address := detail.links.get(cell.listing_id)):
                name = cut(clean(cell.channel), CHANNEL_MAX)
                row = row.stylize(Style(link=address), 0, len(name))
            line = Content.assemble(write(mark), row)
            written.append(line.stylize(f"@click=screen.choose({cell.listing_id})"))
    return lines(*written), places


_Column = tuple[str, str, int, bool]
"""Its key, its title, its width, and whether its numbers are flush right."""

_ALWAYS: tuple[_Column, ...] = (
    ("target", "TARGET", 8, True),
    ("shows", "SHOWS ", 9, True),
    ("delta", "Δ", 6, True),
    ("read", "READ", 7, True),
)
_ROOM: tuple[_Column, ...] = (
    ("update", "  UPDATE", 19, False),
    ("trust", "  TRUST", 9, False),
    ("state", "  STATE", 9, False),
    ("moved", "MOVED", 8, True),
    ("on_hand", "ON HAND", 9, True),
    ("committed", "COMMITTED", 11, True),
    ("incoming", "INCOMING", 10, True),
    ("unavailable", "UNAVAIL", 9, True),
)
"""What is added where there is room, the most useful first."""


def _columns(detail: SkuDetail, health: Health, width: int) -> list[_Column]:
    """Those that fit; what no channel reports has no column."""
    longest = max((len(cell.channel) for cell in detail.summary.cells), default=0)
    name = min(CHANNEL_MAX, max(CHANNEL_MIN, longest + 1))
    room = width - 2 - name - sum(least for _, _, least, _ in _ALWAYS)
    chosen = [("channel", "CHANNEL", name, False), *_ALWAYS]
    cells = detail.summary.cells
    words = {
        "state": [f"  {_state(cell)}" for cell in cells],
        "trust": [_trust(cell, health.get(cell.channel)).text for cell in cells],
    }
    for key, title, least, right in _ROOM:
        wide = min(_WORDS_MAX, max([least, *(len(clean(word)) for word in words.get(key, ()))]))
        is_reported = any(getattr(cell, key, 0) is not None for cell in cells)
        if is_reported and room >= wide:
            chosen.append((key, title, wide, right))
            room -= wide
    return chosen


_WORDS_MAX = 26


def _titled(_: str, title: str, width: int, right: bool) -> str:  # noqa: FBT001 - one of a table.
    return fit(title, width, right=right)


def _row(
    cell: ShownCell,
    update: Correction | None,
    health: ChannelHealth | None,
    columns: Sequence[_Column],
    now: Millis,
) -> Content:
    by_column = _cells(cell, update, health, now)
    return write(
        *(
            Cell(fit(clean(by_column[key].text), width, right=right), by_column[key].tone)
            for key, _, width, right in columns
        )
    )


def _cells(
    cell: ShownCell, update: Correction | None, health: ChannelHealth | None, now: Millis
) -> dict[str, Cell]:
    known = cell.available is not None and cell.target is not None
    delta = cell.target - cell.available if known and cell.differs else None  # type: ignore[operator]
    tone, sign = preview.trust_tone(cell, delta), preview.trust_sign(cell)
    # A state is a word, and words are cut: with the sign, one cell stays free before it.
    number = cell.available is not None or not cell.present
    text = preview.cell_text(cell)
    shows = f"{text if number else cut(text, 7)}{sign}"
    read_at = health.last_success_at if health is not None else None
    by_column = {
        "channel": Cell(cell.channel, Tone.STRONG),
        "target": Cell(units(cell.target)),
        "shows": Cell(shows, tone),
        "delta": Cell(preview.delta_text(delta), tone),
        "read": Cell(age(now - read_at) if read_at is not None else NONE, _age_tone(cell)),
        "state": Cell(f"  {_state(cell)}", Tone.WARN if _is_other(cell) else Tone.PLAIN),
        "moved": Cell(since(cell.observed_at, now), Tone.DIM),
        "trust": _trust(cell, health),
        "update": Cell("  "),
    }
    for name in ("on_hand", "committed", "incoming", "unavailable"):
        by_column[name] = Cell(units(getattr(cell, name)), Tone.DIM)
    if update is not None and _is_worth_showing(cell, update):
        words = f"  #{update.id} {STEPS[update.status]}"
        by_column["update"] = Cell(words, step_tone(update.status))
    return by_column


def _state(cell: ShownCell) -> str:
    """What it shows, and what it should where that is something else."""
    shown = cell.state or NONE
    return f"{shown} → {cell.target_state}" if _is_other(cell) else shown


def _is_other(cell: ShownCell) -> bool:
    return cell.present and cell.target_state is not None and cell.target_state != cell.state


def _is_worth_showing(cell: ShownCell, update: Correction) -> bool:
    """Whether it is live, or has ended and still says something of what is shown."""
    if update.status in LIVE_CORRECTIONS:
        return True
    return cell.differs and update.status is not CorrectionStatus.SUPERSEDED


def since(at: Millis | None, now: Millis) -> str:
    """How long ago an instant was, if it ever was."""
    return NONE if at is None else age(now - at)


def _age_tone(cell: ShownCell) -> Tone:
    return Tone.DIM if cell.trusted else Tone.WARN


def _trust(cell: ShownCell, health: ChannelHealth | None) -> Cell:
    """A word for each reason not to trust it."""
    if cell.problem is not None:
        return Cell("  ✖ unreadable", Tone.BAD)
    if cell.copies > 1:
        return Cell(f"  ▲ listed {cell.copies} ×", Tone.WARN)
    if health is None:
        return Cell("  ○ unknown", Tone.DIM)
    if health.freshness is Freshness.FRESH:
        return Cell("  ● fresh", Tone.OK)
    tone = Tone.BAD if health.freshness is Freshness.STALE else Tone.WARN
    return Cell(f"  {SIGNS[health.freshness]} {health.freshness}", tone)


SIGNS = {
    Freshness.FRESH: "●",
    Freshness.FAILING: "▲",
    Freshness.STALE: "✖",
    Freshness.QUARANTINED: "■",
    Freshness.NEVER: "○",
}


def disagreement_of(detail: SkuDetail, listing_id: int) -> Disagreement | None:
    """The open disagreement of a listing: the one that has an update, else any."""
    mine = (found for found in detail.summary.open if found.listing_id == listing_id)
    return min(mine, key=lambda found: found.correction_id is None, default=None)


def update_of(detail: SkuDetail, listing_id: int) -> Correction | None:
    """The newest update of a listing."""
    return next(
        (
            correction
            for correction in detail.summary.updates
            if correction.listing_id == listing_id
        ),
        None,
    )

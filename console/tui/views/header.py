"""What stands at the screen's edges: header, tabs and legend. Pure: values in, text out."""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

import msgspec
from textual.content import Content

from console.keys import ACTIONS, shown_key
from console.keys.action import Action, PageName
from console.text.format import (
    age,
    cells,
    clean,
    cut,
    day_and_time,
    money,
    plural,
    time_of_day,
    units,
    until_text,
)
from console.text.looks.sparkline import count_bars
from console.tui.drawing.tones import Cell, Tone, key, write
from store.model import Millis
from store.queries.values import Overview, StatusCounts
from sync.settings import ConsoleSettings, WindowStanding


class Mode(StrEnum):
    """Whether what is on the screen is true now."""

    LIVE = "LIVE"
    PAUSED = "PAUSED"
    DISCONNECTED = "DISCONNECTED"
    REPLAY = "REPLAY"
    """It was true once: the past."""


class WritesPaused(NamedTuple):
    """Who paused all writes and why, and how they are resumed, where that can be done here."""

    by: str
    reason: str
    remedy: str


class Banner(NamedTuple):
    """What the configuration has stand at the left of the header, so that nobody mistakes it."""

    text: str
    tone: Tone

    @classmethod
    def of(cls, settings: ConsoleSettings) -> "Banner | None":
        if settings.banner is None:
            return None
        return cls(settings.banner, _BANNER_TONES[settings.banner_tone])


_BANNER_TONES: Mapping[str, Tone] = {
    "red": Tone.BAD,
    "yellow": Tone.WARN,
    "green": Tone.OK,
    "blue": Tone.ACCENT,
    "grey": Tone.DIM,
}


class ConsoleStatus(msgspec.Struct, frozen=True):
    """How the console itself stands: for the header."""

    name: str
    mode: Mode
    engine: str
    """Who collects: `engine here`, `attached`, `no engine …`."""
    engine_ok: bool
    operator: str
    read_only: bool
    stopped: WritesPaused | None = None
    """None where writes are let through."""
    window: WindowStanding | None = None
    """What the approval windows say; None where there are none that do."""
    banner: Banner | None = None


NOTHING = Cell("")
_MINUTES = 5
"""Of the errors' trend: the same as they are counted in."""
_LAST = 11

_MODES = {
    Mode.LIVE: Cell("● LIVE", Tone.OK),
    Mode.PAUSED: Cell("‖ PAUSED", Tone.WARN),
    Mode.DISCONNECTED: Cell("✖ DISCONNECTED", Tone.BAD),
    Mode.REPLAY: Cell("◀◀ REPLAY", Tone.WARN),
}


_NOT_LIVE = "NOT LIVE"

_WHY_LEAST = 24

_FIRST = -1
_STOPPED = Cell("‖ WRITES PAUSED", Tone.BAD)
_STOPPED_ROOM = 45
"""What the rest of the line needs beside the name while all writes are paused."""
_NAME_LEAST = 4
_BANNER_LEAST = 8


def header(
    standing: ConsoleStatus,
    overview: Overview | None,
    *,
    now: Millis,
    width: int,
    brief: bool,
    reading: Cell = NOTHING,
) -> Content:
    """One line of health; what matters least is left out where it does not fit.

    `reading`: the first poll of a channel, while it runs. The banner is never left out: where the
    terminal is narrow it is cut.
    """
    banner = standing.banner
    facts = [] if overview is None else _facts(overview, now, brief=brief)
    facts.append((2, [reading] if reading.text else []))
    if banner is None:
        return _line(standing, facts, now=now, width=width, brief=brief)
    text = cut(clean(banner.text), max(_BANNER_LEAST, width // 3 - 4))
    badge = write(Cell(f" {text} ", banner.tone)).stylize("bold reverse")
    rest = width - badge.cell_length
    return Content.assemble(badge, _line(standing, facts, now=now, width=rest, brief=brief))


def _line(
    standing: ConsoleStatus,
    facts: list[tuple[int, list[Cell]]],
    *,
    now: Millis,
    width: int,
    brief: bool,
) -> Content:
    program = "skew " if standing.banner is None else ""
    replay = standing.mode is Mode.REPLAY
    left = [Cell(f" {program}{standing.name} ", Tone.STRONG), _MODES[standing.mode]]
    stopped = standing.stopped
    if stopped is not None:
        # Never left out, on a terminal of 40 columns neither: the name of the place gives way.
        name = cut(standing.name, max(_NAME_LEAST, width - _STOPPED_ROOM))
        left = [
            Cell(f" {program}{name} ", Tone.STRONG),
            _MODES[standing.mode],
            Cell("  "),
            _STOPPED,
        ]
    right = [Cell("  "), *_identity(standing, now, brief=brief)]
    if replay:
        mode = f"{_MODES[standing.mode].text} {day_and_time(now)}"
        left = [Cell(f" {_NOT_LIVE} "), Cell(f" {program}{cut(standing.name, 16)} "), Cell(mode)]
        left += [Cell("  "), _STOPPED] if stopped is not None else []
        right = [Cell(f"  RO  {_NOT_LIVE} ")]
    if standing.window is not None:
        facts.insert(0, (_FIRST, [_window(standing.window, now)]))
    if stopped is not None:
        room = width - _width(left) - _width(right) - 2
        why = f"by {cut(stopped.by, 16)}: {stopped.reason}"
        why = f"{cut(why, max(_WHY_LEAST, room // 3))}{stopped.remedy}"
        facts.insert(0, (_FIRST, [Cell(why, Tone.BAD)]))
    usual = standing.engine_ok and standing.engine != "attached"
    if standing.engine and not (usual and brief):
        tone, text = Tone.DIM, standing.engine
        if not standing.engine_ok:
            # Why nothing is read outlives the numbers, which are old by then.
            room = width - _width(left) - _width(right) - 2
            tone, text = Tone.BAD, cut(text, max(room // 2, min(room, _WHY_LEAST)))
        # That it collects by itself says LIVE already: it is told where there is room for it.
        facts.append((_LAST if usual else 2, [Cell(text, tone)]))
    gap = "  "
    used = _width(left) + _width(right)
    chosen: list[tuple[int, list[Cell]]] = []
    for rank, fact in sorted(facts, key=lambda ranked: ranked[0]):
        if fact and used + len(gap) + _width(fact) <= width:
            used += len(gap) + _width(fact)
            chosen.append((rank, fact))
    kept = [fact for rank, fact in facts if (rank, fact) in chosen]
    middle = [cell for fact in kept for cell in (Cell(gap), *fact)]
    if replay:
        # One colour from edge to edge, and reversed, so that nobody takes it for the live line.
        text = "".join(cell.text for cell in (*left, *middle))
        line = f"{text}{' ' * max(0, width - used)}{right[0].text}"
        return write(Cell(cut(line, width), Tone.WARN)).stylize("bold reverse")
    return write(*left, *middle, Cell(" " * max(0, width - used)), *right)


def _window(window: WindowStanding, now: Millis) -> Cell:
    """`raises wait until 07:00Z: stocktake`, or until when they may be approved."""
    until = "" if window.until is None else f" until {until_text(window.until, now)}"
    reason = cut(window.reason, _WHY_LEAST)
    if window.held:
        return Cell(f"‖ raises wait{until}: {reason}", Tone.WARN)
    return Cell(f"raises allowed{until}: {reason}", Tone.DIM)


def _identity(standing: ConsoleStatus, now: Millis, *, brief: bool) -> list[Cell]:
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
    snoozed = [Cell(f"{overview.snoozed:,} snoozed", Tone.DIM)] if overview.snoozed else []
    ignored = [Cell(f"{overview.ignored:,} ignored", Tone.DIM)] if overview.ignored else []
    errors = Tone.BAD if overview.errors_5m else Tone.DIM
    stale_cell = Cell(f"stale {overview.channels_stale}/{overview.channels}", stale)
    if brief:
        return [
            (6, [Cell(f"{old} old" if newest else old, Tone.DIM)]),
            (1, [Cell(f"▲{overview.oversell:,}", over), Cell(f" ▼{overview.undersell:,}", under)]),
            (2, [stale_cell]),
            (3, [Cell(f"pending {overview.pending:,}", pending)]),
            (8, snoozed),
            (5, ignored),
            (7, [Cell(f"errors {overview.errors_5m}", errors)]),
        ]
    trend = count_bars(overview.errors_by_minute, _MINUTES)
    worth = [
        Cell(f"{units(overview.oversell_units)}u", over),
        Cell(f" {money(overview.oversell_money)}" if overview.oversell_money else "", over),
    ]
    return [
        (6, [Cell(f"{old} old" if newest else "never read", Tone.DIM)]),
        (9, [Cell(plural(overview.skus, "SKU"))]),
        (0, [Cell("oversell ", Tone.DIM), Cell(f"▲{overview.oversell:,}", over)]),
        (4, worth if overview.oversell else []),
        (1, [Cell("undersell ", Tone.DIM), Cell(f"▼{overview.undersell:,}", under)]),
        (7, [Cell("unknown ", Tone.DIM), Cell(f"{overview.unknown:,}")]),
        (2, [stale_cell]),
        (3, [Cell("pending ", Tone.DIM), Cell(f"{overview.pending:,}", pending)]),
        (5, snoozed),
        (5, ignored),
        (8, [Cell("errors/5m ", Tone.DIM), Cell(f"{overview.errors_5m}", errors)]),
        (10, [Cell(trend, Tone.DIM)] if trend else []),
    ]


class Tab(NamedTuple):
    """A page's tab: in full, and short where the terminal is narrow."""

    long: str
    short: str


TABS: Mapping[PageName, Tab] = {
    PageName.DISAGREEMENTS: Tab("Disagreements", "Disagree"),
    PageName.CHANNELS: Tab("Channels", "Chan"),
    PageName.UPDATES: Tab("Updates", "Upd"),
    PageName.INCIDENTS: Tab("Incidents", "Inc"),
    PageName.SKU: Tab("SKU", "SKU"),
    PageName.CHECKLIST: Tab("Checklist", "Check"),
}
_NARROW_TABS = 100


def tabs(
    status: StatusCounts | None,
    place: PageName,
    *,
    note: str,
    width: int,
    actions: Sequence[Action] = ACTIONS,
) -> Content:
    """The tabs with their counts, and the filter, which stays in sight while it holds."""
    narrow = width < _NARROW_TABS
    counts = {} if status is None else _counts(status)
    made: dict[PageName, Content] = {}
    keys = {action.name: shown_key(action) for action in actions}
    for page, tab in TABS.items():
        number = keys.get(f"show_{page}") or "·"
        word = tab.short if narrow else tab.long
        content = Content.assemble(
            (f"{number} " if narrow else f"[{number}]", f"${_tab_tone(page, place)}"),
            (f"{word}{counts.get(page, '')}", _tab_style(page, place)),
            ("!" if _alarming(page, status) else "", f"bold ${Tone.BAD}"),
        )
        made[page] = content.stylize(f"@click=app.do('show_{page}')")
    if narrow and _beside(made.values(), width) < cells(note):
        # Their keys are in the legend's help; what the list leaves out is nowhere else.
        gives_way = {PageName.SKU, PageName.CHECKLIST} - {place}
        made = {page: tab for page, tab in made.items() if page not in gives_way}
    left = Content.assemble(" ", *(part for tab in made.values() for part in (tab, "  ")))
    room = _beside(made.values(), width)
    right = write(Cell(cut(note, max(0, room)), Tone.WARN))
    return Content.assemble(left, " " * max(0, room - right.cell_length), right)


def _beside(made: Iterable[Content], width: int) -> int:
    """How many cells are left beside the tabs."""
    return width - 2 - sum(tab.cell_length + 2 for tab in made)


def _counts(status: StatusCounts) -> dict[PageName, str]:
    overview = status.overview
    counts = {
        PageName.DISAGREEMENTS: overview.disagreements,
        PageName.CHANNELS: overview.channels,
        PageName.UPDATES: overview.pending,
        PageName.INCIDENTS: overview.incidents,
    }
    return {place: f" {count:,}" for place, count in counts.items()}


def _alarming(place: PageName, status: StatusCounts | None) -> bool:
    return (
        place is PageName.CHANNELS and status is not None and bool(status.overview.channels_stale)
    )


def _tab_tone(page: PageName, chosen: PageName) -> Tone:
    return Tone.ACCENT if page is chosen else Tone.DIM


def _tab_style(page: PageName, chosen: PageName) -> str:
    return f"bold underline ${Tone.STRONG}" if page is chosen else f"${Tone.DIM}"


_ALWAYS_TOLD = ("detail", "palette", "help", "quit")


def legend(
    width: int,
    *,
    narrow: bool,
    read_only: bool,
    able: Sequence[str],
    actions: Sequence[Action] = ACTIONS,
) -> Content:
    """The keys, from the table of actions; those that can't act on this row are faint.

    `narrow`: in brief words, of which the first are whole as far as there is room.
    """
    gap = " " if narrow else "  "
    words = []
    listed = [
        (action, word)
        for action in actions
        if (word := action.brief if narrow else action.legend)
        and action.keys
        and not (read_only and action.writes)
    ]
    spare = width - 1 - sum(cells(shown_key(a)) + 1 + cells(word) + len(gap) for a, word in listed)
    for action, brief in listed:
        shown, word = shown_key(action), brief
        longer = cells(action.legend) - cells(brief)
        if 0 < longer <= spare:
            spare, word = spare - longer, action.legend
        can = not action.writes or action.name in able
        words.append((action.name, key(shown, word, f"app.do('{action.name}')", able=can)))
    # The way on, to all the other keys, and out is told whatever else there is no room for.
    kept = sum(part.cell_length + len(gap) for name, part in words if name in _ALWAYS_TOLD)
    room = width - 1 - kept
    parts: list[Content | str] = [" "]
    for name, part in words:
        if name not in _ALWAYS_TOLD:
            # Once one has no room the shorter ones after it have none either.
            room = room - part.cell_length - len(gap) if room >= 0 else room
            if room < 0:
                continue
        parts += [part, gap]
    return Content.assemble(*parts)


def _width(parts: Sequence[Cell]) -> int:
    return sum(cells(part.text) for part in parts)

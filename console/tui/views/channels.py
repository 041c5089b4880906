"""How a channel's standing is written: its glyph and word, its polls, its progress. Pure.

One vocabulary for the dashboard's panel, the channels' page and the header.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum

from console.text.format import NONE, age, fit, units
from console.text.looks.sparkline import progress_bar, sparkline
from console.tui.drawing.columns import Column, RowNames
from console.tui.drawing.tones import Cell, Tone
from store.model import Freshness, Millis, PollOutcome
from store.queries.values import ChannelHealth, Progress, RecentPoll

GLYPHS: Mapping[Freshness, Cell] = {
    Freshness.FRESH: Cell("●", Tone.OK),
    Freshness.FAILING: Cell("▲", Tone.WARN),
    Freshness.STALE: Cell("✖", Tone.BAD),
    Freshness.QUARANTINED: Cell("■", Tone.WARN),
    Freshness.NEVER: Cell("○", Tone.DIM),
}
WORDS: Mapping[Freshness, str] = {
    Freshness.FRESH: "fresh",
    Freshness.FAILING: "FAILING",
    Freshness.STALE: "STALE",
    Freshness.QUARANTINED: "QUARANT",
    Freshness.NEVER: "UNREAD",
}
OUTCOMES: Mapping[PollOutcome, Cell] = {
    PollOutcome.RUNNING: Cell("↻ running", Tone.ACCENT),
    PollOutcome.GOOD: Cell("● good", Tone.OK),
    PollOutcome.FAILED: Cell("✖ failed", Tone.BAD),
    PollOutcome.QUARANTINED: Cell("■ quarantined", Tone.WARN),
    PollOutcome.ACCEPTED: Cell("● accepted", Tone.OK),
    PollOutcome.REPLACED: Cell("■ replaced", Tone.DIM),
    PollOutcome.DISCARDED: Cell("□ discarded", Tone.DIM),
    PollOutcome.CANCELLED: Cell("‖ cancelled", Tone.DIM),
}
_IN_A_LINE = {
    PollOutcome.FAILED: "✖",
    PollOutcome.QUARANTINED: "■",
    PollOutcome.REPLACED: "■",
    PollOutcome.DISCARDED: "□",
    PollOutcome.CANCELLED: "‖",
}
"""What stands in a sparkline where a poll brought no readings."""


_TIGHT = 4
"""Of the headroom, a quarter or less is worth a second look."""


def role(channel: ChannelHealth) -> str:
    """What it is to the others: `authority, observe`, `push`."""
    roles = ("authority",) if len(channel.roles) > 1 else channel.roles
    return ", ".join((*roles, str(channel.direction)))


def is_paused(channel: ChannelHealth, now: Millis) -> bool:
    """Whether somebody, or the engine, has it left alone now."""
    until = channel.paused_until
    return (channel.paused_by is not None or until is not None) and (until is None or until > now)


def state(channel: ChannelHealth, now: Millis) -> Cell:
    """What there is to say of it in seven cells: its progress, its pause, else its freshness."""
    if channel.running is not None and now - channel.running.since >= _SHORT_MS:
        return Cell(f"↻ {portion(channel.running)}", Tone.ACCENT)
    if channel.paused_by is not None and is_paused(channel, now):
        return Cell("‖PAUSED", Tone.WARN)
    return Cell(WORDS[channel.freshness], GLYPHS[channel.freshness].tone)


_SHORT_MS = 1_000
"""A poll that takes less has no progress worth telling."""


def portion(progress: Progress) -> str:
    """How far a poll is, as a part of what is expected, else as a number of records."""
    if progress.expected:
        # What is expected is an estimate: it is not done before it is done.
        return f"{min(99, 100 * progress.seen // progress.expected)} %"
    return _short(progress.seen)


def reading(health: Sequence[ChannelHealth], now: Millis) -> Cell:
    """For the header: the first poll of a channel that runs, until when nothing is known of it."""
    for channel in health:
        first = channel.running is not None and channel.freshness is Freshness.NEVER
        if channel.running is not None and first and now - channel.running.since >= _SHORT_MS:
            return Cell(f"↻ reading {channel.name} {portion(channel.running)}", Tone.ACCENT)
    return Cell("")


def took(channel: ChannelHealth) -> str:
    """How long its newest poll took."""
    return span(channel.recent_ms[-1]) if channel.recent_ms else NONE


def span(span_ms: int) -> str:
    """A poll's time in six cells at most: `40ms`, `1.2s`, `312s`."""
    return f"{span_ms}ms" if span_ms < 100 else f"{span_ms / 1000:.1f}s"  # noqa: PLR2004


def latencies(channel: ChannelHealth, width: int) -> str:
    """The newest polls' times as bars; one that brought nothing stands as a sign."""
    return _with_signs(channel.recent, [poll.took_ms or 0 for poll in channel.recent], width)


def sizes(channel: ChannelHealth, width: int) -> str:
    """How many records the newest polls read, as bars."""
    return _with_signs(channel.recent, [poll.seen for poll in channel.recent], width)


def _with_signs(polls: Sequence[RecentPoll], values: Sequence[int], width: int) -> str:
    """Bars, scaled by the polls that went well alone: a timeout would make all others flat."""
    newest, shown = polls[-width:], values[-width:]
    well = [v for poll, v in zip(newest, shown, strict=True) if poll.outcome not in _IN_A_LINE]
    bars = iter(sparkline(well, len(well)))
    signs = (
        _IN_A_LINE[poll.outcome] if poll.outcome in _IN_A_LINE else next(bars) for poll in newest
    )
    return "".join(signs).ljust(width)


def headroom(channel: ChannelHealth, width: int) -> Cell:
    """What is left of its rate limit, by its own word, else what we hold ourselves to."""
    left, of = channel.allowance_left, channel.allowance_of
    if left is None:
        own = f"own {channel.rate_per_s:g}/s" if channel.rate_per_s else NONE
        return Cell(own, Tone.DIM)
    tight = left == 0 or (of is not None and left * _TIGHT <= of)
    sign = "▲" if tight else " "
    tone = Tone.WARN if tight else Tone.PLAIN
    if of is None:
        return Cell(f"{_short(left)} left{sign}", tone)
    text = f"{_short(left)}/{_short(of)}{sign}"
    room = width - len(text) - 1
    bar = f"{progress_bar(left, of, min(room, _GAUGE))} " if room >= _GAUGE_MIN else ""
    return Cell(f"{bar}{text}", tone)


_GAUGE, _GAUGE_MIN = 10, 3


def following(channel: ChannelHealth, now: Millis) -> Cell:
    """How long until it is polled next."""
    if channel.running is not None:
        return Cell("now", Tone.ACCENT)
    if is_paused(channel, now):
        until = channel.paused_until
        return Cell(f"‖{age(until - now)}" if until is not None else "‖", Tone.WARN)
    at = channel.next_poll_at
    if at is None:
        return Cell(NONE, Tone.DIM)
    return Cell(age(at - now) if at > now else "due", Tone.DIM)


def last_good(channel: ChannelHealth, now: Millis) -> str:
    """How long ago it was read."""
    return age(now - channel.last_success_at) if channel.last_success_at is not None else NONE


def _short(number: int) -> str:
    """A count in five cells at most: `950`, `12.4k`, `3.1M`."""
    for size, sign in ((1_000_000, "M"), (1_000, "k")):
        if number >= size:
            whole = number / size
            return f"{whole:.1f}{sign}" if whole < 100 else f"{whole:.0f}{sign}"  # noqa: PLR2004
    return str(number)


class ChannelSheet:
    """How the channels stand in the page's list."""

    _ALL = (
        Column("name", "CHANNEL", 12),
        Column("glyph", "", 1),
        Column("state", "STATE", 8),
        Column("last", "LAST OK", 7, right=True),
        Column("took", "TOOK", 6, right=True),
        Column("latency", "TIMES", 12),
        Column("size", "RECORDS", 12),
        Column("failed", "FAILED", 6, right=True),
        Column("headroom", "HEADROOM", 19),
        Column("every", "EVERY", 6, right=True),
        Column("next", "NEXT", 7, right=True),
        Column("listings", "LISTINGS", 9, right=True),
        Column("unexplained", "UNEXPL.", 7, right=True),
        Column("role", "ROLE", 18),
    )
    _LEFT_OUT = (
        *("size", "role", "unexplained", "every", "headroom", "failed", "listings", "latency"),
        *("took", "next"),
    )
    """Where there is no room, in this order."""

    def known(self) -> Sequence[Column]:
        return self._ALL

    def names(self, value: ChannelHealth) -> RowNames:  # noqa: ARG002 (a sheet's)
        return RowNames()

    def columns(self, width: int) -> Sequence[Column]:
        chosen = list(self._ALL)
        for key in self._LEFT_OUT:
            if _width(chosen) <= width:
                break
            chosen = [column for column in chosen if column.key != key]
        room = width - _width(chosen)
        # What is left over goes to what tells most of a wide channel's name, and of its past.
        for key, most in (("name", 8), ("latency", 12), ("size", 12)):
            place = next((n for n, column in enumerate(chosen) if column.key == key), None)
            if place is not None and room > 0:
                more = min(room, most)
                chosen[place] = chosen[place]._replace(width=chosen[place].width + more)
                room -= more
        return chosen

    def cells(self, value: ChannelHealth, columns: Sequence[Column], now: Millis) -> Sequence[Cell]:
        return [_CELLS[column.key](value, column.width, now) for column in columns]

    def flash_key(self, value: ChannelHealth) -> object:
        return (value.freshness, value.paused_by)


def _width(columns: Sequence[Column]) -> int:
    return sum(column.width + 1 for column in columns)


def _failed(value: ChannelHealth, _width: int, _now: Millis) -> Cell:
    if not value.recent:
        return Cell(NONE, Tone.FAINT)
    text = f"{value.failed}/{len(value.recent)}"
    return Cell(text, Tone.WARN if value.failed else Tone.DIM)


_CELLS: Mapping[str, Callable[[ChannelHealth, int, Millis], Cell]] = {
    "name": lambda channel, _w, _now: Cell(channel.name, Tone.STRONG),
    "glyph": lambda channel, _w, _now: GLYPHS[channel.freshness],
    "state": lambda channel, _w, now: state(channel, now),
    "last": lambda channel, _w, now: Cell(last_good(channel, now)),
    "took": lambda channel, _w, _now: Cell(took(channel), Tone.DIM),
    "latency": lambda channel, width, _now: Cell(latencies(channel, width)),
    "size": lambda channel, width, _now: Cell(sizes(channel, width), Tone.DIM),
    "failed": _failed,
    "headroom": lambda channel, width, _now: headroom(channel, width),
    "every": lambda channel, _w, _now: Cell(age(channel.every_ms), Tone.DIM),
    "next": lambda channel, _w, now: following(channel, now),
    "listings": lambda channel, _w, _now: Cell(units(channel.listings)),
    "unexplained": lambda channel, _w, _now: Cell(
        units(channel.unexplained), Tone.WARN if channel.unexplained else Tone.DIM
    ),
    "role": lambda channel, _w, _now: Cell(role(channel).replace(" authority", " auth"), Tone.DIM),
}


class ChannelSort(StrEnum):
    """Orders of the channels' page; the first is what the operator sees unless they choose."""

    CONFIGURED = "as configured"
    NAME = "name"
    STATE = "worst state"
    LAST = "oldest reading"
    TOOK = "longest poll"
    FAILED = "most failed"
    LISTINGS = "most listings"
    UNEXPLAINED = "most unexplained"


SORTED_BY: Mapping[str, str] = {
    ChannelSort.CONFIGURED: "",
    ChannelSort.NAME: "name",
    ChannelSort.STATE: "state",
    ChannelSort.LAST: "last",
    ChannelSort.TOOK: "took",
    ChannelSort.FAILED: "failed",
    ChannelSort.LISTINGS: "listings",
    ChannelSort.UNEXPLAINED: "unexplained",
}
"""The orders, each with its column."""

_WORST_FIRST = (
    *(Freshness.QUARANTINED, Freshness.STALE, Freshness.NEVER, Freshness.FAILING),
    Freshness.FRESH,
)
_RANKS: Mapping[str, Callable[[ChannelHealth], tuple[float | str, ...]]] = {
    ChannelSort.NAME: lambda channel: (channel.name.casefold(),),
    ChannelSort.STATE: lambda channel: (_WORST_FIRST.index(channel.freshness),),
    ChannelSort.LAST: lambda channel: (channel.last_success_at or 0,),
    ChannelSort.TOOK: lambda channel: (-(channel.recent_ms[-1] if channel.recent_ms else 0),),
    ChannelSort.FAILED: lambda channel: (-channel.failed,),
    ChannelSort.LISTINGS: lambda channel: (-channel.listings,),
    ChannelSort.UNEXPLAINED: lambda channel: (-(channel.unexplained or 0),),
}


def ordered(
    health: Iterable[ChannelHealth], sort: str, *, backwards: bool
) -> Sequence[ChannelHealth]:
    """The channels in an order; those that are alike in it as configured."""
    found = list(health)
    if sort == ChannelSort.CONFIGURED:
        return found[::-1] if backwards else found
    return sorted(found, key=_RANKS[sort], reverse=backwards)


def fitted(cell: Cell, width: int) -> Cell:
    """The same in exactly so many cells."""
    return cell._replace(text=fit(cell.text, width))

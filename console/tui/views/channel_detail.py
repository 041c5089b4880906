"""One channel in full: what is the matter and the remedy, its limits, its polls. Pure."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from textual.content import Content

from console.text.format import NONE, age, cells, clean, cut, fit, plural, time_of_day, units
from console.text.sparkline import progress_bar
from console.tui.data.values import ChannelDetail
from console.tui.drawing.tones import Cell, Tone, lines, write
from console.tui.views import channels
from store.model import Freshness, Incident, IncidentKind, Millis, PollOutcome
from store.queries.values import ChannelHealth, RecentPoll
from sync.settings import ChannelSettings
from sync.units import duration_text

_LABEL = 9
_BAR = 20


Key = Callable[[str], str]
"""By which key an action is done; empty where by none."""


def title(whole: ChannelDetail | None, gap: str = "") -> Content:
    """The channel in a line; `gap` stands on either side of it."""
    if whole is None:
        return write(f"{gap}Channel{gap}")
    one = whole.channel
    told = Cell(f" · {one.kind} · {channels.role(one)}{gap}")
    return write(Cell(f"{gap}{one.name}", Tone.STRONG), told)


def facts(whole: ChannelDetail | None, key: Key, *, now: Millis, width: int) -> Content:
    """What stands in the way first; then its limits and its times."""
    if whole is None:
        return write(Cell("No channel is under the cursor.", Tone.DIM))
    rows = [row for told in _facts(whole, key, now) for row in _told(*told, width)]
    return lines(*rows)


def polls(whole: ChannelDetail | None, *, now: Millis, width: int) -> Content:
    """The recent polls, newest first, each with what the channel said where it went wrong."""
    if whole is None or not whole.polls:
        return write(Cell("It has not been polled yet.", Tone.DIM))
    head = f"{fit('BEGAN', 9)} {fit('OUTCOME', 11)} {'TOOK':>7} {'RECORDS':>9} {'CHANGED':>8}"
    rows = [write(Cell(cut(head, width), Tone.DIM))]
    rows += [_poll(one, now, width) for one in whole.polls]
    return lines(*rows)


class _Fact(NamedTuple):
    word: str
    text: str
    tone: Tone = Tone.PLAIN


def _facts(whole: ChannelDetail, key: Key, now: Millis) -> Iterator[_Fact]:
    one, settings = whole.channel, whole.settings
    yield _standing(whole, now)
    if one.running is not None:
        yield _progress(one, key, now)
    if channels.is_paused(one, now):
        yield from _pause(one, key, now)
    told = [incident.message for incident in whole.incidents]
    if one.last_error and not any(one.last_error in message for message in told):
        yield _Fact("said", one.last_error, Tone.WARN)
    for incident in whole.incidents:
        yield _Fact(incident.kind, incident.message, Tone.BAD)
        remedy = _remedy(incident, one, key, now)
        if remedy:
            yield _Fact("", remedy, Tone.ACCENT)
    yield _Fact("headroom", _headroom(whole, now))
    lately = f"{one.failed} of the last {len(one.recent)} polls went wrong"
    yield _Fact("polls", f"every {duration_text(one.every_ms)}, next {_next(one, now)}; {lately}")
    yield _Fact("times", _times(settings))
    unexplained = ""
    if one.unexplained is not None:
        unexplained = f"; {plural(one.unexplained, 'unit')} moved that nothing explains"
    yield _Fact("holds", f"{plural(one.listings, 'listing')}{unexplained}")
    if whole.cursor is not None:
        yield _Fact("events", f"read up to {whole.cursor}")


def _standing(whole: ChannelDetail, now: Millis) -> _Fact:
    one = whole.channel
    glyph = channels.GLYPHS[one.freshness]
    if one.last_success_at is None:
        return _Fact("state", f"{glyph.text} never read", glyph.tone)
    told = f"{glyph.text} {one.freshness}, read {age(now - one.last_success_at)} ago"
    left = one.last_success_at + whole.settings.stale_after_ms - now
    if one.freshness in (Freshness.FRESH, Freshness.FAILING):
        told += f"; stale in {age(left)} unless it is read"
    return _Fact("state", told, glyph.tone)


def _progress(one: ChannelHealth, key: Key, now: Millis) -> _Fact:
    progress = one.running
    if progress is None:
        raise ValueError("it has no poll that runs")
    told = f"↻ for {age(now - progress.since)}: {units(progress.seen)} records"
    if progress.expected:
        bar = progress_bar(progress.seen, progress.expected, _BAR)
        told += f" of about {units(progress.expected)}  {bar} {channels.portion(progress)}"
    return _Fact("reading", told + _by(key("cancel"), "   {} cancels it"), Tone.ACCENT)


def _pause(one: ChannelHealth, key: Key, now: Millis) -> Iterator[_Fact]:
    until = one.paused_until
    ends = "" if until is None else f" until {time_of_day(until)}, in {age(until - now)}"
    if one.paused_by is None:
        tries = _by(key("pause_channel"), "; {} tries it at once")
        yield _Fact("rests", f"the engine leaves it alone{ends}{tries}", Tone.WARN)
        return
    yield _Fact("paused", f"‖ by {one.paused_by}{ends}: {one.paused_reason}", Tone.WARN)
    told = "not polled, not written to; approved updates for it wait"
    yield _Fact("", told + _by(key("pause_channel"), "; {} resumes it"), Tone.DIM)


def _by(key: str, told: str) -> str:
    """What a key does, where there is one that does it."""
    return told.format(key) if key else ""


def _remedy(incident: Incident, one: ChannelHealth, key: Key, now: Millis) -> str:
    if incident.kind == IncidentKind.CREDENTIALS:
        until = one.paused_until
        again = f", or by itself at {time_of_day(until)}" if until and until > now else ""
        mended = "mend the credential that it names and start skew anew"
        return mended + _by(key("pause_channel"), f"; {{}} tries what it has{again}")
    if incident.kind == IncidentKind.QUARANTINED:
        judged = _by(key("accept"), "; {} accepts it") + _by(key("discard"), ", {} discards it")
        return f"the last good readings stay in force{judged}"
    return ""


def _headroom(whole: ChannelDetail, now: Millis) -> str:
    one = whole.channel
    own = f"{one.rate_per_s:g} requests a second, by `rate`" if one.rate_per_s else "no `rate` set"
    if one.allowance_left is None:
        return f"the channel tells none; our own limit: {own}"
    told = f"{units(one.allowance_left)} requests left"
    if one.allowance_of is not None:
        bar = progress_bar(one.allowance_left, one.allowance_of, _BAR)
        told = f"{bar} {units(one.allowance_left)} of {units(one.allowance_of)} requests left"
    since = f", {age(now - one.allowance_at)} ago" if one.allowance_at is not None else ""
    return f"{told}{since}; our own limit: {own}"


def _next(one: ChannelHealth, now: Millis) -> str:
    told = channels.following(one, now).text.removeprefix("‖")
    return told if told in ("now", "due", NONE) else f"in {told}"


def _times(settings: ChannelSettings) -> str:
    told = [
        f"stale after {duration_text(settings.stale_after_ms)}",
        f"timeout {duration_text(settings.timeout_ms)}",
    ]
    if settings.lag_ms:
        told.append(f"its word may be {duration_text(settings.lag_ms)} late")
    if settings.max_source_age_ms is not None:
        told.append(f"its own time may be {duration_text(settings.max_source_age_ms)} old")
    return ", ".join(told)


def _poll(one: RecentPoll, now: Millis, width: int) -> Content:
    outcome = channels.OUTCOMES[one.outcome]
    took = NONE if one.took_ms is None else channels.span(one.took_ms)
    if one.outcome is PollOutcome.RUNNING:
        took = age(now - one.started_at)
    parts = [
        Cell(f"{time_of_day(one.started_at)} ", Tone.DIM),
        channels.fitted(outcome, 11),
        Cell(f" {took:>7} {units(one.seen):>9} "),
        Cell(f"{units(one.changed):>8}", Tone.DIM),
    ]
    room = width - sum(cells(part.text) for part in parts) - 2
    if one.error and room > 0:
        parts.append(Cell(f"  {cut(clean(one.error), room)}", outcome.tone))
    return write(*parts)


def _told(word: str, text: str, tone: Tone, width: int) -> list[Content]:
    """A labelled paragraph with a hanging indent, in full."""
    label = fit(word, _LABEL)
    if cells(word) >= _LABEL:
        label = f"{word} "
    room = max(10, width - _LABEL)
    first, *rest = folded(text, max(10, width - cells(label)), room)
    rows = [write(Cell(label, Tone.DIM), Cell(first, tone))]
    return rows + [write(Cell(" " * _LABEL), Cell(line, tone)) for line in rest]


def folded(text: str, first: int, room: int) -> list[str]:
    """Break a text at its spaces, and a word that is too long for a line inside: nothing is lost.

    The first line has another width than the others.
    """
    rows, width = [""], first
    for word in clean(text).split(" "):
        left = word
        gap = " " if rows[-1] else ""
        if cells(rows[-1]) + len(gap) + cells(left) <= width:
            rows[-1] += gap + left
            continue
        if rows[-1]:
            rows.append("")
            width = room
        while cells(left) > width:
            piece = _head(left, width)
            rows[-1], left = piece, left[len(piece) :]
            rows.append("")
            width = room
        rows[-1] = left
    return rows


def _head(text: str, width: int) -> str:
    """As much of a text as fits, and at least one character."""
    end = 1
    while end < len(text) and cells(text[: end + 1]) <= width:
        end += 1
    return text[:end]

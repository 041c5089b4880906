"""One channel in full: what is the matter and the remedy, its limits, its polls. Pure."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from textual.content import Content

from console.text.format import NONE, age, cells, clean, cut, fit, plural, time_of_day, units
from console.text.looks.sparkline import progress_bar
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


def title(detail: ChannelDetail | None, gap: str = "") -> Content:
    """The channel in a line; `gap` stands on either side of it."""
    if detail is None:
        return write(f"{gap}Channel{gap}")
    channel = detail.channel
    cell = Cell(f" · {channel.kind} · {channels.role(channel)}{gap}")
    return write(Cell(f"{gap}{channel.name}", Tone.STRONG), cell)


def facts(detail: ChannelDetail | None, key: Key, *, now: Millis, width: int) -> Content:
    """What stands in the way first; then its limits and its times."""
    if detail is None:
        return write(Cell("No channel is under the cursor.", Tone.DIM))
    rows = [row for fact in _facts(detail, key, now) for row in _labelled(*fact, width)]
    return lines(*rows)


def polls(detail: ChannelDetail | None, *, now: Millis, width: int) -> Content:
    """The recent polls, newest first, each with what the channel said where it went wrong."""
    if detail is None or not detail.polls:
        return write(Cell("It has not been polled yet.", Tone.DIM))
    head = f"{fit('BEGAN', 9)} {fit('OUTCOME', 13)} {'TOOK':>7} {'RECORDS':>9} {'CHANGED':>8}"
    rows = [write(Cell(cut(head, width), Tone.DIM))]
    rows += [_poll(poll, now, width) for poll in detail.polls]
    return lines(*rows)


class _Fact(NamedTuple):
    word: str
    text: str
    tone: Tone = Tone.PLAIN


def _facts(detail: ChannelDetail, key: Key, now: Millis) -> Iterator[_Fact]:
    channel, settings = detail.channel, detail.settings
    yield _freshness(detail, now)
    if channel.running is not None:
        yield _progress(channel, key, now)
    if channels.is_paused(channel, now):
        yield from _pause(channel, key, now)
    messages = [incident.message for incident in detail.incidents]
    if channel.last_error and not any(channel.last_error in message for message in messages):
        yield _Fact("error", channel.last_error, Tone.WARN)
    for incident in detail.incidents:
        yield _Fact(incident.kind, incident.message, Tone.BAD)
        remedy = _remedy(incident, channel, key, now)
        if remedy:
            yield _Fact("", remedy, Tone.ACCENT)
    for warning in channel.warnings:
        yield _Fact("warning", warning, Tone.WARN)
    yield _Fact("headroom", _headroom(detail, now))
    lately = f"{channel.failed} of the last {len(channel.recent)} polls failed"
    yield _Fact(
        "polls", f"every {duration_text(channel.every_ms)}, next {_next(channel, now)}; {lately}"
    )
    yield _Fact("times", _times(settings))
    unexplained = ""
    if channel.unexplained is not None:
        unexplained = f"; {plural(channel.unexplained, 'unit')} moved without a known cause"
    yield _Fact("holds", f"{plural(channel.listings, 'listing')}{unexplained}")
    if detail.cursor is not None:
        yield _Fact("events", f"read up to {detail.cursor}")


def _freshness(detail: ChannelDetail, now: Millis) -> _Fact:
    channel = detail.channel
    glyph = channels.GLYPHS[channel.freshness]
    if channel.last_success_at is None:
        return _Fact("state", f"{glyph.text} never read", glyph.tone)
    text = f"{glyph.text} {channel.freshness}, read {age(now - channel.last_success_at)} ago"
    if channel.swept_at is not None:
        text += f" (what changed; a full sweep {age(now - channel.swept_at)} ago)"
    left = channel.last_success_at + detail.settings.stale_after_ms - now
    if channel.freshness in (Freshness.FRESH, Freshness.FAILING):
        text += f"; stale in {age(left)} unless it is read"
    return _Fact("state", text, glyph.tone)


def _progress(channel: ChannelHealth, key: Key, now: Millis) -> _Fact:
    progress = channel.running
    if progress is None:
        raise ValueError("it has no poll that runs")
    text = f"↻ for {age(now - progress.since)}: {units(progress.seen)} records"
    if progress.expected:
        bar = progress_bar(progress.seen, progress.expected, _BAR)
        text += f" of about {units(progress.expected)}  {bar} {channels.portion(progress)}"
    return _Fact("reading", text + _by(key("cancel"), "   {} cancels it"), Tone.ACCENT)


def _pause(channel: ChannelHealth, key: Key, now: Millis) -> Iterator[_Fact]:
    until = channel.paused_until
    ends = "" if until is None else f" until {time_of_day(until)}, in {age(until - now)}"
    if channel.paused_by is None:
        tries = _by(key("pause_channel"), "; {} tries it at once")
        yield _Fact("rests", f"the engine does not poll it{ends}{tries}", Tone.WARN)
        return
    yield _Fact("paused", f"‖ by {channel.paused_by}{ends}: {channel.paused_reason}", Tone.WARN)
    text = "not polled, not written to; approved updates wait"
    yield _Fact("", text + _by(key("pause_channel"), "; {} resumes it"), Tone.DIM)


def _by(key: str, text: str) -> str:
    """What a key does, where there is one that does it."""
    return text.format(key) if key else ""


def _remedy(incident: Incident, channel: ChannelHealth, key: Key, now: Millis) -> str:
    if incident.kind == IncidentKind.CREDENTIALS:
        until = channel.paused_until
        again = f", or by itself at {time_of_day(until)}" if until and until > now else ""
        mended = "correct the credential that it names: a file is tried at once, a variable "
        mended += "needs a restart"
        return mended + _by(key("pause_channel"), f"; {{}} tries it now{again}")
    if incident.kind == IncidentKind.QUARANTINED:
        judged = _by(key("accept"), "; {} accepts it") + _by(key("discard"), ", {} discards it")
        return f"the last good readings still count{judged}"
    return ""


def _headroom(detail: ChannelDetail, now: Millis) -> str:
    channel = detail.channel
    own = f"{channel.rate_per_s:g} requests a second" if channel.rate_per_s else "none set"
    if channel.allowance_left is None:
        return f"API limit not reported; own limit: {own}"
    unit = channel.allowance_unit or "requests"
    text = f"{units(channel.allowance_left)} {unit} left"
    if channel.allowance_of is not None:
        bar = progress_bar(channel.allowance_left, channel.allowance_of, _BAR)
        text = f"{bar} {units(channel.allowance_left)} of {units(channel.allowance_of)} {unit} left"
    since = f", {age(now - channel.allowance_at)} ago" if channel.allowance_at is not None else ""
    return f"{text}{since}; own limit: {own}"


def _next(channel: ChannelHealth, now: Millis) -> str:
    text = channels.following(channel, now).text.removeprefix("‖")
    return text if text in ("now", "due", NONE) else f"in {text}"


def _times(settings: ChannelSettings) -> str:
    parts = [
        f"stale after {duration_text(settings.stale_after_ms)}",
        f"timeout {duration_text(settings.timeout_ms)}",
    ]
    if settings.lag_ms:
        parts.append(f"may lag by {duration_text(settings.lag_ms)}")
    if settings.max_source_age_ms is not None:
        parts.append(f"its own timestamp may be {duration_text(settings.max_source_age_ms)} old")
    return ", ".join(parts)


def _poll(poll: RecentPoll, now: Millis, width: int) -> Content:
    outcome = channels.OUTCOMES[poll.outcome]
    took = NONE if poll.took_ms is None else channels.span(poll.took_ms)
    if poll.outcome is PollOutcome.RUNNING:
        took = age(now - poll.started_at)
    parts = [
        Cell(f"{time_of_day(poll.started_at)} ", Tone.DIM),
        channels.fitted(outcome, 13),
        Cell(f" {took:>7} {units(poll.seen):>9} "),
        Cell(f"{units(poll.changed):>8}", Tone.DIM),
    ]
    room = width - sum(cells(part.text) for part in parts) - 2
    if poll.error and room > 0:
        parts.append(Cell(f"  {cut(clean(poll.error), room)}", outcome.tone))
    elif poll.is_delta and room > 0:
        parts.append(Cell(f"  {cut('what changed', room)}", Tone.DIM))
    return write(*parts)


def _labelled(word: str, text: str, tone: Tone, width: int) -> list[Content]:
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

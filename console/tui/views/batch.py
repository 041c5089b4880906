"""How far a batch has come, written for people: channel by channel, and one by one. Pure."""

from collections.abc import Mapping
from heapq import nsmallest
from types import MappingProxyType

from textual.content import Content

from console.text.format import fit, plural, wrap
from console.text.reasons import held_back_text
from console.text.update_words import change_text
from console.tui.drawing.tones import Cell, Tone, lines, within, write
from store.model import Millis
from sync.corrections.batch_progress import (
    STOPPED,
    UNDER_WAY,
    WRITTEN,
    BatchProgress,
    ChannelProgress,
    Stage,
    UpdateProgress,
)

BAR_WIDE = 20
BAR_NARROW = 8
ROOMY = 64
"""From this width on all the columns fit."""

LISTED_MAX = 300
"""More items than a person would read are counted, not listed; what went wrong comes first."""

SIGNS: Mapping[Stage, Cell] = MappingProxyType(
    {
        Stage.HELD: Cell("·", Tone.DIM),
        Stage.WAITING: Cell("·", Tone.DIM),
        Stage.WRITING: Cell("→", Tone.ACCENT),
        Stage.READING_BACK: Cell("←", Tone.ACCENT),
        Stage.VERIFIED: Cell("●", Tone.OK),
        Stage.NOT_APPLIED: Cell("✖", Tone.BAD),
        Stage.FAILED: Cell("✖", Tone.BAD),
        Stage.UNKNOWN: Cell("?", Tone.WARN),
        Stage.HANDED_BACK: Cell("↺", Tone.WARN),
        Stage.TAKEN_BACK: Cell("↺", Tone.WARN),
        Stage.REJECTED: Cell("–", Tone.DIM),
        Stage.SUPERSEDED: Cell("–", Tone.DIM),
        Stage.EXPIRED: Cell("–", Tone.DIM),
    }
)
"""Each stage's glyph; its word always stands beside it."""

_BAD_FIRST = (
    Stage.FAILED,
    Stage.NOT_APPLIED,
    Stage.UNKNOWN,
    Stage.WRITING,
    Stage.READING_BACK,
    Stage.HANDED_BACK,
    Stage.TAKEN_BACK,
)


def channels(progress: BatchProgress, *, now: Millis, width: int, cancel: str) -> Content:
    """The batch in a few lines for each channel; `cancel`: the key that cancels it."""
    rows: list[Content] = []
    if progress.held_until is not None:
        left = max(0, -(-(progress.held_until - now) // 1000))
        rows.append(write(Cell(f"in hold: {left} s left; {cancel} cancels it all", Tone.ACCENT)))
    for channel in progress.channels:
        rows += _channel(channel, width)
    return lines(*rows)


def items(progress: BatchProgress, *, width: int) -> Content:
    """Each update: where it stands and what was said; what went wrong stands first."""
    first = nsmallest(LISTED_MAX, progress.updates, key=lambda update: _rank(update.stage))
    rows = [_item(update, width) for update in first]
    if left := len(progress.updates) - len(first):
        rows.append(write(Cell(f"… and {left:,} more", Tone.DIM)))
    return lines(*rows)


def title(progress: BatchProgress | None, at: str) -> Content:
    if progress is None:
        return write("Batch")
    text = plural(len(progress.updates), "update")
    return write(
        Cell(f"Batch of {text}", Tone.STRONG), Cell(f" approved by {progress.who} {at}", Tone.DIM)
    )


def verdict(progress: BatchProgress, width: int) -> Content:
    """The batch in a sentence, in the tone that it deserves."""
    good = progress.counts.get(Stage.VERIFIED, 0) == len(progress.updates)
    glyph = "●" if good else "→" if not progress.over else "✖"
    tone = Tone.OK if good else Tone.ACCENT if not progress.over else Tone.WARN
    parts = wrap(f"{glyph} {summary(progress)}", width)
    return lines(*(write(Cell(line, tone)) for line in parts))


def summary(progress: BatchProgress) -> str:
    """What was and wasn't applied, in words: `2 of 8 applied and verified, 5 handed back`."""
    counts = progress.counts
    total = len(progress.updates)
    parts = [f"{counts.get(Stage.VERIFIED, 0):,} of {total:,} applied and verified"]
    parts += [
        f"{counts[stage]:,} {stage}"
        for stage in Stage
        if stage is not Stage.VERIFIED and counts.get(stage)
    ]
    back = counts.get(Stage.HANDED_BACK, 0) + counts.get(Stage.TAKEN_BACK, 0)
    undecided = "; what was handed back waits for a new decision" if progress.over and back else ""
    return ", ".join(parts) + undecided


def brief(progress: BatchProgress) -> str:
    """How far it is, for a line that has little room: `batch 3 of 8`."""
    tried = sum(progress.counts.get(stage, 0) for stage in WRITTEN)
    return f"batch {tried:,} of {len(progress.updates):,}"


def stops(progress: BatchProgress) -> list[str]:
    """By channel, the surprise that stopped it."""
    return [
        f"{channel.channel}: {channel.stopped}" for channel in progress.channels if channel.stopped
    ]


def _channel(channel: ChannelProgress, width: int) -> list[Content]:
    counts, total = channel.counts, len(channel.updates)
    tried = sum(counts.get(stage, 0) for stage in WRITTEN)
    wide = BAR_WIDE if width >= ROOMY else BAR_NARROW
    full = wide * tried // total
    state, tone = _state(channel)
    rows = [
        within(
            width,
            Cell(fit(channel.channel, 10), Tone.STRONG),
            Cell(f" {'█' * full}{'░' * (wide - full)} ", tone),
            Cell(f"{tried:,} of {total:,}  "),
            Cell(state, tone),
        )
    ]
    parts = [f"{counts[stage]:,} {stage}" for stage in Stage if counts.get(stage)]
    rows.append(within(width, Cell(f"  {' · '.join(parts)}", Tone.DIM)))
    why = channel.stopped or channel.waiting_because or held_back_text(channel.held_back)
    if why:
        rows += [
            write(Cell(f"  {line}", Tone.WARN)) for line in wrap(why, max(10, width - 2))[:_LINES]
        ]
    return rows


_LINES = 3


def _state(channel: ChannelProgress) -> tuple[str, Tone]:
    """What the channel is at, in a word or two."""
    if channel.stopped:
        return "✖ stopped", Tone.BAD
    if channel.over:
        good = all(update.stage is Stage.VERIFIED for update in channel.updates)
        return ("● done", Tone.OK) if good else ("▲ over", Tone.WARN)
    stages = {update.stage for update in channel.updates}
    doing = next((stage for stage in reversed(UNDER_WAY) if stage in stages), Stage.WAITING)
    phase = f"{channel.phase}: " if channel.phase else ""
    if (channel.waiting_because or channel.held_back) and doing is Stage.WAITING:
        return "▲ waits", Tone.WARN
    return f"{phase}{doing}", Tone.ACCENT


def _rank(stage: Stage) -> int:
    return _BAD_FIRST.index(stage) if stage in _BAD_FIRST else len(_BAD_FIRST)


def _item(update: UpdateProgress, width: int) -> Content:
    correction, sign = update.correction, SIGNS[update.stage]
    roomy = width >= ROOMY
    return within(
        width,
        Cell(f"{sign.text} ", sign.tone),
        Cell(fit(update.stage, 13), sign.tone),
        Cell(fit(f"#{correction.id}", 7), Tone.DIM),
        Cell(fit(correction.sku, 14 if roomy else 12), Tone.STRONG),
        Cell(fit(correction.channel, 9) if roomy else ""),
        Cell(fit(change_text(correction), 13 if roomy else 11, right=True)),
        Cell(f"  {_note(update)}", Tone.DIM),
    )


def _note(update: UpdateProgress) -> str:
    """What there is to say of one; why a batch stopped stands with its channel."""
    return "not written" if update.note.startswith(STOPPED) else update.note

"""What happens to updates that arrive late, twice or out of order? Pure.

A measured lag above a configured one is red only for the authority: its `lag` is what keeps a
raise from reselling what has just been sold. A `settle` that is shorter than a channel takes to
follow by itself is told and not red: it makes proposals that end by themselves, and each write is
rechecked first.
"""

from collections.abc import Iterator

from store.checklist.values import ChannelBehaviour
from store.event_kinds import EventFate, Oddity
from sync.checklist.case import DAYS, NOT_YET, Answer, ChecklistCase, count, delay_text, span
from sync.settings import ChannelSettings
from sync.units import duration_text

QUESTION = "What happens to updates that arrive late, twice or out of order?"

SAMPLES_MIN = 20
"""Of fewer events, the 95th percentile is the worst one: a chance, told and not red."""

_ODD = {
    Oddity.LATE: "came late, after the authority's reading had included it: no effect",
    Oddity.DISORDERED: "came out of order: the same end",
    Oddity.CONFLICT: "came again with another body: the first stands",
    Oddity.REFUSED: "refused",
}
_FATES = {
    EventFate.PROJECTED: "moved targets before the authority's reading did",
    EventFate.INCLUDED: "in the authority's reading already",
    EventFate.EXPLAINS: "only to explain",
    EventFate.COPY: "told by another channel too and counted once",
}


def answer(case: ChecklistCase) -> Answer:
    """Say what became of each; red for conflicts and for an authority later than its `lag`."""
    text = "each event counts once, whenever and in whatever order it comes"
    odd = dict.fromkeys(Oddity, 0)
    for channel in case.measured.channels if case.measured else ():
        for name, number in channel.odd.items():
            odd[Oddity(name)] += number
    if case.measured:
        text += (
            f"; {DAYS} {count(odd[Oddity.REPEAT], 'repeat')}, {odd[Oddity.LATE]:,} late, "
            f"{odd[Oddity.DISORDERED]:,} out of order, {odd[Oddity.CONFLICT]:,} conflicting, "
            f"{odd[Oddity.REFUSED]:,} refused"
        )
    evidence = tuple(line for pair in case.channels() for line in _channel(case, *pair))
    return Answer(
        QUESTION, text, (*evidence, *(() if case.measured else (NOT_YET,))), tuple(_wrong(case))
    )


def _channel(
    case: ChecklistCase, channel: ChannelSettings, known: ChannelBehaviour | None
) -> Iterator[str]:
    name = channel.name
    if name in case.authorities("quantity"):
        yield f"channels.{name}.lag = {duration_text(channel.lag_ms)}: how late its word may be"
    if known is not None:
        yield from (f"{name}: {line}" for line in (*_what_became(known), *_lags(known)))
    if known is not None and known.followed:
        yield from _settling(channel, known.followed.p95_ms)


def _what_became(known: ChannelBehaviour) -> Iterator[str]:
    if repeats := known.odd.get(Oddity.REPEAT, 0):
        yield f"{count(repeats, 'repeat')}; each event counted once"
    for what, words in _ODD.items():
        if number := known.odd.get(what, 0):
            why = f", the newest because {known.refused_words}" if what is Oddity.REFUSED else ""
            yield f"{count(number, 'event')} {words}{why}"
    if known.fates:
        became = ", ".join(
            f"{known.fates[fate]:,} {words}"
            for fate, words in _FATES.items()
            if fate in known.fates
        )
        yield f"of {count(sum(known.fates.values()), 'event')}, {became}"


def _lags(known: ChannelBehaviour) -> Iterator[str]:
    for spans, words in (
        (known.heard, "heard of an event after"),
        (known.shown, "showed a moved target after"),
        (known.followed, "without a write of ours, after"),
        (known.included, "its readings included other channels' events after"),
        (known.overlooked, "its readings went without them for"),
    ):
        if spans:
            yield f"{words} {delay_text(spans)}"


def _settling(channel: ChannelSettings, follows_ms: int) -> Iterator[str]:
    for way, settle_ms in (
        ("reduce", channel.settle_reduce_ms),
        ("raise", channel.settle_raise_ms),
    ):
        if settle_ms < follows_ms:
            yield (
                f"channels.{channel.name}.settle.{way} = {duration_text(settle_ms)} is shorter: "
                "what would end by itself is proposed too, and void before it is written"
            )


def _wrong(case: ChecklistCase) -> Iterator[str]:
    authorities = case.authorities("quantity")
    for channel, known in case.channels():
        if known is None:
            continue
        if conflicts := known.odd.get(Oddity.CONFLICT, 0):
            yield (
                f"{channel.name} sent {count(conflicts, 'event')} again with another body "
                f"{DAYS}: the first stands, and one of the two is wrong"
            )
        late = known.overlooked
        enough = late is not None and late.count >= SAMPLES_MIN
        # Rule 7 takes what is just as old as `lag` for seen: it must be longer than this.
        if channel.name in authorities and late and enough and 0 < late.p95_ms >= channel.lag_ms:
            yield (
                f"{channel.name} took events in later than channels.{channel.name}.lag = "
                f"{duration_text(channel.lag_ms)} says: p95 {span(late.p95_ms)}; a raise may "
                f'resell what has just been sold: set lag = "{_seconds(late.p95_ms)}"'
            )


def _seconds(span_ms: int) -> str:
    """Write the next longer duration of whole seconds, for the file."""
    return duration_text((span_ms // 1000 + 1) * 1000)

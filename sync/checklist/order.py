"""What happens to updates that arrive late, twice or out of order? Pure."""

from collections.abc import Iterator

from store.checklist.values import ChannelBehaviour
from store.event_kinds import EventFate, EventFault
from sync.checklist.case import DAYS, NOT_YET, Answer, ChecklistCase, count, delay_text, span
from sync.settings import ChannelSettings
from sync.units import duration_text

QUESTION = "What happens to updates that arrive late, twice or out of order?"

SAMPLES_MIN = 20
"""Of fewer events, the 95th percentile is just the worst one: reported, and not red."""

_ODD = {
    EventFault.LATE: "came late, after the authority's reading included it: no effect",
    EventFault.DISORDERED: "came out of order: the same result",
    EventFault.CONFLICT: "came again with other content: the first counts",
    EventFault.EXCESS: "gave back more than its order took: what is above moved nothing",
    EventFault.REFUSED: "refused",
}
_FATES = {
    EventFate.PROJECTED: "moved targets before the authority's reading did",
    EventFate.INCLUDED: "in the authority's reading already",
    EventFate.EXPLAINS: "only to explain",
    EventFate.EXCESS: "more than its order took, and without effect",
    EventFate.COPY: "reported by another channel too and counted once",
}


def answer(case: ChecklistCase) -> Answer:
    """Say what became of each; red for conflicts and for an authority later than its `lag`."""
    text = "each event counts once: late, repeated or in any order"
    odd = dict.fromkeys(EventFault, 0)
    for channel in case.measured.channels if case.measured else ():
        for name, number in channel.odd.items():
            odd[EventFault(name)] += number
    if case.measured:
        text += (
            f"; {DAYS} {count(odd[EventFault.REPEAT], 'repeat')}, {odd[EventFault.LATE]:,} late, "
            f"{odd[EventFault.DISORDERED]:,} out of order, "
            f"{odd[EventFault.CONFLICT]:,} conflicting, {odd[EventFault.REFUSED]:,} refused"
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
        yield f"channels.{name}.lag = {duration_text(channel.lag_ms)}: how far it may lag"
    if known is not None:
        yield from (f"{name}: {line}" for line in (*_what_became(known), *_lags(known)))
    if known is not None and known.followed:
        yield from _settling(channel, known.followed.p95_ms)


def _what_became(known: ChannelBehaviour) -> Iterator[str]:
    if repeats := known.odd.get(EventFault.REPEAT, 0):
        yield f"{count(repeats, 'repeat')}; each event counted once"
    for what, words in _ODD.items():
        if number := known.odd.get(what, 0):
            why = (
                f", the newest because {known.refused_words}" if what is EventFault.REFUSED else ""
            )
            yield f"{count(number, 'event')} {words}{why}"
    if known.fates:
        became = ", ".join(
            f"{known.fates[fate]:,} {words}"
            for fate, words in _FATES.items()
            if fate in known.fates
        )
        yield f"of {count(sum(known.fates.values()), 'event')}, {became}"


def _lags(known: ChannelBehaviour) -> Iterator[str]:
    for spans, words, noun in (
        (known.arrival, "events arrive", "event"),
        (known.shown, "shows a new target", "target"),
        (known.followed, "follows without a write of ours", "target"),
        (known.included, "its readings include other channels' events", "event"),
        (known.overlooked, "its readings are still without them", "event"),
    ):
        if spans:
            yield f"{words}: {delay_text(spans, noun)}"


def _settling(channel: ChannelSettings, follows_ms: int) -> Iterator[str]:
    # A `settle` that is shorter than a channel takes to follow by itself is reported, and not red:
    # it makes proposals that end by themselves, and each write is rechecked before it is sent.
    for way, settle_ms in (
        ("reduce", channel.settle_reduce_ms),
        ("raise", channel.settle_raise_ms),
    ):
        if settle_ms < follows_ms:
            yield (
                f"channels.{channel.name}.settle.{way} = {duration_text(settle_ms)} is shorter: "
                "updates are proposed that end by themselves before they are written"
            )


def _wrong(case: ChecklistCase) -> Iterator[str]:
    authorities = case.authorities("quantity")
    for channel, known in case.channels():
        if known is None:
            continue
        if conflicts := known.odd.get(EventFault.CONFLICT, 0):
            yield (
                f"{channel.name} sent {count(conflicts, 'event')} again with other content "
                f"{DAYS}: the first counts, but one of the two is wrong"
            )
        late = known.overlooked
        enough = late is not None and late.count >= SAMPLES_MIN
        # Red only for the authority, whose `lag` keeps a raise from selling again what was just
        # sold. An event just as old as `lag` counts as seen (rule 7, docs/architecture.md), so
        # `lag` must be longer than the delay that was measured.
        if channel.name in authorities and late and enough and 0 < late.p95_ms >= channel.lag_ms:
            yield (
                f"{channel.name} includes events later than channels.{channel.name}.lag = "
                f"{duration_text(channel.lag_ms)}: 5 % take over {span(late.p95_ms)}. A raise may "
                f'sell again what was just sold: set lag = "{_seconds(late.p95_ms)}"'
            )


def _seconds(span_ms: int) -> str:
    """Write the next longer duration of whole seconds, for the file."""
    return duration_text((span_ms // 1000 + 1) * 1000)

"""Which events change stock or availability? What is reported, and what each kind moves. Pure."""

from collections.abc import Iterator

from store.checklist.values import ChannelBehaviour
from store.event_kinds import EFFECTS, EventEffect, EventKind
from sync.checklist.case import DAYS, NOT_YET, Answer, ChecklistCase, count, listed, span
from sync.settings import ChannelSettings
from sync.units import duration_text

QUESTION = "Which events change stock or availability?"

_SIGNS = {-1: "−", 0: "", 1: "+"}


SILENT_FROM = 20
"""From this many readings that moved without an event on, the events are missing: fewer may be
edits, or a new feed."""


def answer(case: ChecklistCase) -> Answer:
    """Say who reports events; red where a source is silent, or the authority lacks them."""
    telling = [name for name, can in case.abilities.items() if can.events]
    text = f"{len(EFFECTS)} kinds, below; {_enumerated(telling)} "
    text += "reports its own" if len(telling) == 1 else "report their own"
    if not telling:
        text = f"{len(EFFECTS)} kinds, below; no channel reports its own: what sells is known from "
        text += "readings, or from a file"
    elif len(telling) < len(case.abilities):
        text += "; of the others only readings are known"
    evidence = (
        *(_channel(case, *pair) for pair in case.channels()),
        *(() if case.measured else (NOT_YET,)),
        *_effects(),
    )
    return Answer(QUESTION, text, evidence, tuple(_wrong(case)))


def _enumerated(names: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1] if names else "")))


def _channel(case: ChecklistCase, channel: ChannelSettings, known: ChannelBehaviour | None) -> str:
    name = channel.name
    seen = "" if known is None else f"; {DAYS} {_seen(known)}"
    if case.abilities[name].events:
        return f"{name} reports its events{seen}"
    if known is not None and known.reports_events:
        return f"{name} reports none itself; they are imported{seen}"
    if name in case.authorities("quantity"):
        return f"{name} reports no events: what moves there is known only from its readings"
    return f"{name} reports no events: its sales are known only from its readings"


def _seen(known: ChannelBehaviour) -> str:
    total = sum(known.kinds.values())
    return f"{total:,}: {listed(known.kinds)}" if total else "none"


def _effects() -> Iterator[str]:
    """Write what each kind of event moves, a kind a line."""
    for kind, effect in EFFECTS.items():
        signed = kind is EventKind.ADJUSTED
        parts = (
            f"{figure.replace('_', ' ')} {'±' if signed else _SIGNS[sign]}"
            for figure, sign in zip(EventEffect._fields, effect, strict=True)
            if sign
        )
        yield f"{kind.replace('_', ' ')}: {', '.join(parts)}"


def _wrong(case: ChecklistCase) -> Iterator[str]:
    after_ms = case.settings.events.unseen_after_ms
    for channel, known in case.channels():
        if known is None:
            continue
        # An authority that includes the other channels' events moves by them, and may have no
        # events of its own to report. So its silence proves nothing.
        silent = not known.reports_events and known.included is None and known.moved >= SILENT_FROM
        if case.abilities[channel.name].events and silent:
            yield (
                f"{channel.name} is set up to report its events but reported none, while "
                f"{count(known.moved, 'reading')} of it changed {DAYS}: check its events settings"
            )
        if known.overdue:
            yield (
                f"{count(known.overdue, 'event')} of {channel.name} "
                f"{'is' if known.overdue == 1 else 'are'} still missing from the authority's "
                f"readings after [events] unseen_after = {duration_text(after_ms)}; the oldest is "
                f"{span(known.overdue_ms)} old"
            )

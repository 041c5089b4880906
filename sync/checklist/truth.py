"""Which system is the source of truth? Who was named, and whether its word can be had. Pure."""

from collections.abc import Iterator

from store.checklist.values import ChannelBehaviour
from store.model import Freshness, Kind
from sync.checklist.case import DAYS, NOT_YET, Answer, ChecklistCase, count, span
from sync.units import duration_text

QUESTION = "Which system is the source of truth?"


def answer(case: ChecklistCase) -> Answer:
    """Name the authorities; red where one of them is not there to be believed."""
    settings = case.settings
    text = f"{settings.authority_quantity} for quantities, {settings.authority_state} for states"
    if settings.authority_quantity == settings.authority_state:
        text = f"{settings.authority_quantity}, for quantities and states"
    if settings.authority_rules:
        text += f"; {count(len(settings.authority_rules), 'narrower rule')} by SKU"
    evidence = (*_rules(case), *_without_states(case), *_measured(case))
    return Answer(QUESTION, text, evidence, tuple(_wrong(case)))


def _rules(case: ChecklistCase) -> Iterator[str]:
    settings = case.settings
    yield (
        f'[authority] quantity = "{settings.authority_quantity}", '
        f'state = "{settings.authority_state}"'
    )
    for rule in settings.authority_rules:
        words = (("quantity", rule.quantity), ("state", rule.state))
        yield f"SKUs {rule.skus}: " + ", ".join(f"{name} {word}" for name, word in words if word)


def _without_states(case: ChecklistCase) -> Iterator[str]:
    for name in case.authorities("state"):
        if not case.abilities[name].states:
            yield f"{name} tells no states: where it is the authority, states are not compared"


def _measured(case: ChecklistCase) -> Iterator[str]:
    if case.measured is None:
        yield NOT_YET
        return
    for name in _everyone(case):
        known = case.behaviour(name)
        if known is not None:
            yield _health(known)
    unlisted = sum(
        group.count
        for channel in case.measured.channels
        for group in channel.open
        if group.kind is Kind.UNLISTED
    )
    cells = count(unlisted, "listing")
    yield f"{cells} of SKUs that no authority has (`skew diff --kind unlisted`)"


def _health(known: ChannelBehaviour) -> str:
    when = "never read" if known.age_ms is None else f"last read {span(max(0, known.age_ms))} ago"
    polls = known.good + known.failed + known.quarantined
    return (
        f"{known.name} is {known.freshness}, {when}; {DAYS} {count(polls, 'poll')}, "
        f"{known.failed:,} failed, {known.quarantined:,} set aside as implausible"
    )


def _wrong(case: ChecklistCase) -> Iterator[str]:
    for name in _everyone(case):
        known = case.behaviour(name)
        if known is None:
            if case.measured is not None:
                yield f"{name} has never been polled: there is no truth to compare with"
        elif known.freshness is Freshness.NEVER:
            yield f"{name} has never delivered: there is no truth to compare with"
        elif known.freshness is Freshness.QUARANTINED:
            yield (
                f"the newest poll of {name} is set aside as implausible: nothing that rests on it "
                f"is corrected until `skew accept {name}` or a plausible poll"
            )
        elif known.freshness is Freshness.STALE:
            after = duration_text(case.settings.channels[name].stale_after_ms)
            yield (
                f"{name} is stale: last read {span(max(0, known.age_ms or 0))} ago, and "
                f"channels.{name}.stale_after is {after}; nothing that rests on it is corrected"
            )


def _everyone(case: ChecklistCase) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*case.authorities("quantity"), *case.authorities("state"))))

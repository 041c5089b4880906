"""Which system is the source of truth? Who is the authority, and is it read well? Pure."""

from collections.abc import Iterator

from store.checklist.values import ChannelBehaviour
from store.model import Freshness, Kind
from sync.checklist.case import DAYS, NOT_YET, Answer, ChecklistCase, count, span
from sync.units import duration_text

QUESTION = "Which system is the source of truth?"


def answer(case: ChecklistCase) -> Answer:
    """Name the authorities; red where one of them is not read well."""
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
            yield f"{name} reports no states: where it is the authority, states are not compared"


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
    yield f"{cells} of SKUs that no authority has (kind unlisted)"


def _health(known: ChannelBehaviour) -> str:
    polls = known.good + known.failed + known.quarantined
    ended = f"{known.failed:,} failed, {known.quarantined:,} quarantined"
    if known.age_ms is None:
        health = f"{known.name}: never read"
    else:
        health = f"{known.name} is {known.freshness}, last read {span(max(0, known.age_ms))} ago"
    return f"{health}; {DAYS} {count(polls, 'poll')}, {ended}"


def _wrong(case: ChecklistCase) -> Iterator[str]:
    for name in _everyone(case):
        known = case.behaviour(name)
        if known is None:
            if case.measured is not None:
                yield f"{name} was never polled: there is nothing to compare with"
        elif known.freshness is Freshness.NEVER:
            yield f"{name} was never read: there is nothing to compare with"
        elif known.freshness is Freshness.QUARANTINED:
            yield (
                f"the newest poll of {name} is quarantined: nothing that depends on it is "
                "corrected until a person accepts it, or a plausible poll comes"
            )
        elif known.freshness is Freshness.STALE:
            after = duration_text(case.settings.channels[name].stale_after_ms)
            yield (
                f"{name} is stale: last read {span(max(0, known.age_ms or 0))} ago, and "
                f"channels.{name}.stale_after is {after}; nothing that depends on it is corrected"
            )


def _everyone(case: ChecklistCase) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*case.authorities("quantity"), *case.authorities("state"))))

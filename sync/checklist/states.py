"""Are real availability states modelled, not only quantities? What each channel can say. Pure."""

from collections.abc import Iterator

from store.model import Direction, State
from sync.checklist.case import Answer, ChecklistCase, listed
from sync.settings import ChannelSettings
from sync.targets.policy import COLLAPSES

QUESTION = (
    "Are real availability states modelled (preorder, backorder, hold, reserved, disabled, "
    "archived), not only quantities?"
)

_RESERVED = ("committed", "unavailable")


def answer(case: ChecklistCase) -> Answer:
    """Say which states are compared and what the others become; red where `when_out` is idle."""
    authority = case.settings.authority_state
    expressed = case.abilities[authority].states
    if expressed:
        text = f"yes: {authority} reports {_words(expressed)}; reserved is a quantity, not a state"
    else:
        text = f"no: {authority} reports no states, so only quantities are compared"
    evidence = (
        *(line for channel in case.settings.channels.values() for line in _channel(case, channel)),
        *_reserved(case),
        *_uncompared(case),
    )
    return Answer(QUESTION, text, evidence, tuple(_wrong(case)))


def collapse(state: State, states: frozenset[State]) -> str:
    """What a state becomes on a channel that expresses only `states`, in words.

    Rule 6, docs/architecture.md.
    """
    return "itself" if state in states else COLLAPSES[state]


def _channel(case: ChecklistCase, channel: ChannelSettings) -> Iterator[str]:
    name, states = channel.name, case.abilities[channel.name].states
    if name == case.settings.authority_state:
        return
    becomes: dict[str, list[State]] = {}
    for state in State:
        if state not in states and state is not State.ACTIVE:
            becomes.setdefault(collapse(state, states), []).append(state)
    lost = "; ".join(
        f"{_words(lost_states)} {'becomes' if len(lost_states) == 1 else 'become'} {what}"
        for what, lost_states in becomes.items()
    )
    yield f"{name} expresses {_words(states) or 'no states'}{'; ' + lost if lost else ''}"
    if channel.direction is not Direction.OBSERVE or channel.when_out != "sold-out":
        yield f'channels.{name}.when_out = "{channel.when_out}": what it shows with nothing left'


def _reserved(case: ChecklistCase) -> Iterator[str]:
    """Reserved stock is what is committed to orders or unavailable for another reason."""
    parts = []
    for name, can in case.abilities.items():
        figures = [figure for figure in _RESERVED if figure in can.reads]
        parts.append(f"{name} reports {' and '.join(figures) or 'neither'}")
    yield f"reserved is modelled as committed and unavailable: {', '.join(parts)}"


def _uncompared(case: ChecklistCase) -> Iterator[str]:
    """Report states that channels show and nobody compares, because the authority has none."""
    if case.abilities[case.settings.authority_state].states:
        return
    for channel, known in case.channels():
        others = (
            {state: n for state, n in known.states.items() if state != State.ACTIVE}
            if known
            else {}
        )
        if others:
            yield (
                f"{channel.name} shows states that are never compared, because "
                f"{case.settings.authority_state} reports none: {listed(others)}"
            )


def _wrong(case: ChecklistCase) -> Iterator[str]:
    for channel in case.settings.channels.values():
        pushed = channel.direction is not Direction.OBSERVE
        if pushed and channel.when_out != "sold-out" and "state" not in case.writes(channel):
            yield (
                f'channels.{channel.name}.when_out = "{channel.when_out}", but no state is ever '
                "written there: give it a way to write states, or remove when_out"
            )


def _words(states: "frozenset[State] | list[State]") -> str:
    """Write states in the order of the vocabulary."""
    return ", ".join(state for state in State if state in states)

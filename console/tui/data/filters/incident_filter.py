"""The incidents' filter: what is typed after `/` on their page → an `IncidentFilter`. Pure.

Words look in the message, the channel's name and the kind; `channel:shop`, `kind:stale`,
`severity:severe` and `state:snoozed` narrow, several values with commas.
"""

import re
from collections.abc import Collection, Iterable
from typing import NamedTuple

from console.tui.data.filters.disagreement_filter import FilterError, typed
from store.channels.incident_list import OPEN, IncidentFilter, IncidentSeverity, IncidentState
from store.model import IncidentKind

HINT = "channel:shop kind:stale severity:severe state:snoozed, or words"

_KEYED = re.compile(r"(?P<key>[a-z]+):(?P<values>.*)", re.ASCII)


class ShownStates(NamedTuple):
    """Which incidents the list shows, and the word for it."""

    word: str
    states: tuple[IncidentState, ...]


STATES = (
    ShownStates("open", OPEN),
    ShownStates("snoozed", (IncidentState.SNOOZED,)),
    ShownStates("closed", (IncidentState.CLOSED,)),
    ShownStates("all", tuple(IncidentState)),
)
"""What the key for the next state goes through, by the word that stands in the title."""

_STATE_WORDS = {word: states for word, states in STATES if word != "all"} | {
    str(state): (state,) for state in IncidentState
}


def parse(text: str, channels: Iterable[str]) -> IncidentFilter:
    """Read a filter; `channels` are the known names, to catch a misspelt one.

    Raises FilterError with the remedy.
    """
    known = {
        "channel": tuple(channels),
        # A kind of two words is written with a dash.
        "kind": tuple(str(kind).replace(" ", "-") for kind in IncidentKind),
        "severity": tuple(IncidentSeverity),
        "state": tuple(_STATE_WORDS),
    }
    chosen: dict[str, list[str]] = {key: [] for key in known}
    words = []
    for token in typed(text).split():
        match = _KEYED.fullmatch(token)
        key = match["key"] if match is not None else ""
        if match is None or key not in known:
            words.append(token)
            continue
        chosen[key] += _values(key, match["values"], known[key])
    states = dict.fromkeys(state for word in chosen["state"] for state in _STATE_WORDS[word])
    return IncidentFilter(
        text=" ".join(words),
        channels=tuple(chosen["channel"]),
        kinds=tuple(kind.replace("-", " ") for kind in chosen["kind"]),
        severities=tuple(IncidentSeverity(severity) for severity in chosen["severity"]),
        states=tuple(states),
    )


def _values(key: str, text: str, known: Collection[str]) -> list[str]:
    values = [value for value in text.split(",") if value]
    if not values:
        raise FilterError(f"{key}: needs a value: {', '.join(known)}")
    for value in values:
        if value not in known:
            raise FilterError(f"“{value[:24]}” is not a {key}; known: {', '.join(known)}")
    return values

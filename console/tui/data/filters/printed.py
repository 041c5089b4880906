"""The states and ages that the screen prints, as values of the filter. Pure.

A word for a state is of the disagreement's status, of how bad it is, of its update, or of why it
can't be acted on.
"""

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

from console.text.reasons import reason_text
from console.text.update_words import STEPS
from store.model import CorrectionStatus, Status
from store.queries.ranking_values import Severity
from store.queries.values import DisagreementFilter
from store.reasons import Reason
from sync.units import duration

_ENDED = (CorrectionStatus.VERIFIED, CorrectionStatus.SUPERSEDED, CorrectionStatus.EXPIRED)
"""An update that stands like this says nothing of what is open now."""

_OF_UPDATES = (Reason.PAUSED, Reason.WRITES_PAUSED, Reason.WINDOW)

TWO_UNITS = r"\d{1,2}h \d\dm"
_AGE = re.compile(r"(\d{1,2}):(\d\d)|(\d{1,2})h (\d\d)m|(\d{1,6})([smhd])", re.ASCII)

_MARKS = re.compile(r"[^\w\s:']+")


class StateWord(NamedTuple):
    """Which field of a `DisagreementFilter` a word narrows, and to what."""

    field: str
    value: Status | Reason | Severity | CorrectionStatus


def read(word: str) -> StateWord | None:
    """What a word means, however it is spaced and marked; None: the screen prints no such state."""
    return _WORDS.get(_plain(word))


def written(wanted: DisagreementFilter) -> tuple[str, ...]:
    """The words of a filter's states: `read` of each gives the same again."""
    narrowed = (
        StateWord(field, value)
        for field in ("statuses", "reasons", "severities", "updates")
        for value in getattr(wanted, field)
    )
    return tuple(_NAMES[word] for word in narrowed)


def age_ends(text: str) -> tuple[int, int] | None:
    """From when until before when an age is printed so: `0:42`, `41:03`, `3h 12m`, `3h`, `5d`."""
    match = _AGE.fullmatch(text)
    if match is None:
        return None
    minutes, seconds, hours, more, alone, unit = match.groups()
    if minutes is not None:
        low, step = int(minutes) * 60_000 + int(seconds) * 1_000, 1_000
    elif hours is not None:
        low, step = int(hours) * 3_600_000 + int(more) * 60_000, 60_000
    else:
        step = int(duration(f"1{unit}"))
        low = int(alone) * step
    return low, low + step


def _plain(word: str) -> str:
    return " ".join(_MARKS.sub(" ", word.replace("_", " ")).casefold().split())


def _all() -> Iterator[tuple[str, StateWord]]:
    """Each state's words; of two that are equal the first holds."""
    for status in Status:
        yield status, StateWord("statuses", status)
    for severity in Severity:
        yield severity.word, StateWord("severities", severity)
    for update in CorrectionStatus:
        if update not in _ENDED:
            meant = StateWord("updates", update)
            yield from ((str(update), meant), (STEPS[update], meant))
    for reason in Reason:
        if reason not in _OF_UPDATES:
            meant = StateWord("reasons", reason)
            yield from ((str(reason), meant), (reason_text(reason), meant))


_WORDS: Mapping[str, StateWord] = MappingProxyType(
    {_plain(word): meant for word, meant in reversed(list(_all()))}
)
_NAMES = {
    meant: word.replace(" ", "_")
    for word, meant in reversed(list(_all()))
    if _WORDS[_plain(word)] == meant
}
NAMES = tuple(dict.fromkeys(_NAMES[meant] for _, meant in _all() if meant in _NAMES))
"""The word of each, as it is typed without quotes."""

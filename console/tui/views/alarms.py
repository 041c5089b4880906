"""What of the incidents is told when: trouble speaks once, then the header carries it. Pure.

The app asks `hear` after every read with what it answered before. What was open when the console
began is told in the log alone; what comes later is told by a toast too, several at once by one.
A snoozed incident is silent until its snooze ends, and then it is told as if it were new. One that
somebody has seen already needs no toast here.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from console.text.format import clean, plural
from console.tui.drawing.tones import Tone
from store.channels.incident_list import IncidentState, Severity, severity, state
from store.model import Incident, Millis

TOAST_LINES = 4
"""More incidents than these are counted in the toast, and stand in the log."""

Known = Mapping[int, Incident]
"""The incidents that this console has told of, by id, as they were told."""


class Toast(NamedTuple):
    """Clean: its line ends are ours, and no message's."""

    title: str
    text: str
    severe: bool


class Heard(NamedTuple):
    """What is to be told now, and what counts as told from now on."""

    known: Known
    lines: tuple[tuple[str, Tone], ...] = ()
    """For the log, the oldest first."""
    toast: Toast | None = None
    bell: bool = False


def hear(
    known: Known | None, found: Sequence[Incident], now: Millis, *, bell: bool = False
) -> Heard:
    """Say what of the open incidents `found` is to be told.

    `known` is what the last answer called so, None at the start; `bell`: the operator wants the
    terminal's bell with a toast.
    """
    audible = {one.id: one for one in found if state(one, now) is not IncidentState.SNOOZED}
    if known is None:
        return Heard(audible, _at_start(list(audible.values())))
    still_open = {one.id for one in found}
    fresh = [one for one in audible.values() if one.id not in known]
    # Both are told where one trouble ends as another begins: the end first.
    over = [(f"{_name(one)}: over", Tone.OK) for one in known.values() if one.id not in still_open]
    told = [(f"{_name(one)}: {one.message}", tone_of(severity(one))) for one in fresh]
    unseen = [one for one in fresh if state(one, now) is IncidentState.NEW]
    return Heard(audible, (*over, *told), _toast(unseen), bell and bool(unseen))


def tone_of(one: Severity) -> Tone:
    return Tone.BAD if one is Severity.SEVERE else Tone.WARN


def _at_start(found: Sequence[Incident]) -> tuple[tuple[str, Tone], ...]:
    if not found:
        return ()
    names = ", ".join(_name(one) for one in found[:TOAST_LINES])
    more = f" and {len(found) - TOAST_LINES} more" if len(found) > TOAST_LINES else ""
    stand = "stands" if len(found) == 1 else "stand"
    return ((f"{plural(len(found), 'incident')} {stand} open: {names}{more}", Tone.WARN),)


def _toast(fresh: Sequence[Incident]) -> Toast | None:
    if not fresh:
        return None
    worst = any(severity(one) is Severity.SEVERE for one in fresh)
    if len(fresh) == 1:
        return Toast(clean(_name(fresh[0])), clean(fresh[0].message), worst)
    lines = [clean(f"{_name(one)}: {one.message}") for one in fresh[:TOAST_LINES]]
    if len(fresh) > TOAST_LINES:
        lines.append(f"and {len(fresh) - TOAST_LINES} more: key 4 lists them")
    return Toast(f"{len(fresh)} new incidents", "\n".join(lines), worst)


def _name(one: Incident) -> str:
    return f"{one.channel or 'skew'} {one.kind}"

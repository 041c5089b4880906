"""How an incident is written: as a row of the list, and whole beside it. Pure.

The virtual table paints the rows; what is whole has the effect of a quarantined poll in it.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from textual.content import Content

from console.reports import quarantine_effect
from console.text import incidents
from console.text.format import (
    age,
    clean,
    cut,
    fit,
    plain_times,
    plural,
    signed,
    time_of_day,
    units,
    wrap,
)
from console.text.remedies import incident_remedy
from console.tui.drawing.columns import Column, RowNames, squeeze
from console.tui.drawing.tones import Cell, Tone, lines, write
from console.tui.views.channels import OUTCOMES
from store.channels.incident_list import IncidentSeverity, IncidentState, severity, state
from store.model import Incident, Millis
from store.polling.preview.quarantine_effect import EffectRow, QuarantineEffect
from store.queries.values import RecentPoll

LISTED = 12
"""Listings of a poll's effect beside its incident; the dialog that asks has more."""

_SEVERITY_WIDE = 9
_STATE_WIDE = 21
_MESSAGE_MIN = 12

_STATE_TONES = {
    IncidentState.NEW: Tone.STRONG,
    IncidentState.SEEN: Tone.PLAIN,
    IncidentState.SNOOZED: Tone.DIM,
    IncidentState.CLOSED: Tone.DIM,
}


_ROOMY = 200
"""Cells in which all columns have room."""


class IncidentSheet:
    """The list: how bad, where, what, since when, who knows."""

    def known(self) -> Sequence[Column]:
        return self.columns(_ROOMY)

    def names(self, value: Incident) -> RowNames:  # noqa: ARG002 (a sheet's)
        return RowNames()

    def columns(self, width: int) -> Sequence[Column]:
        columns = [
            Column("severity", "SEVERITY", _SEVERITY_WIDE),
            Column("channel", "CHANNEL", 10),
            Column("kind", "KIND", 13),
            Column("lasts", "LASTS", 7, True),
            Column("state", " STATE", _STATE_WIDE),
            Column("since", "SINCE", 6, True),
            Column("count", "× ", 5, True),
            Column("message", " MESSAGE", _MESSAGE_MIN),
        ]
        # How bad, where, what, how long, and who knows: these stay.
        room = squeeze(columns, width, least=5)
        if room < 0:
            columns = [
                column._replace(width=max(4, column.width + room))
                if column.key == "state"
                else column
                for column in columns
            ]
        elif columns[-1].key == "message":
            columns[-1] = columns[-1]._replace(width=_MESSAGE_MIN + room)
        return columns

    def cells(self, value: Incident, columns: Sequence[Column], now: Millis) -> Sequence[Cell]:
        return [
            _state(value, now, column.width)
            if column.key == "state"
            else _CELLS[column.key](value, now)
            for column in columns
        ]

    def flash_key(self, value: Incident) -> object:
        return (value.message, value.acknowledged_at, value.snoozed_until, value.closed_at)


def whole(
    trouble: incidents.IncidentDetail | None, *, now: Millis, width: int, unfreeze: str = "F"
) -> Content:
    """The incident's message, its story, what to do, the polls, and a poll's effect.

    `unfreeze` is the key that does that.
    """
    if trouble is None:
        return write(Cell("Nothing under the cursor.", Tone.DIM))
    rows = [
        write(Cell(line)) for line in wrap(incidents.message_text(trouble.incident, now), width)
    ]
    rows += _paragraph(incidents.history_text(trouble.incident, now), width, Tone.DIM)
    if incidents.awaits_decision(trouble.incident):
        rows += [write(""), *_effect(trouble, width)]
    is_open = trouble.incident.closed_at is None
    if is_open and (remedy := incident_remedy(trouble.incident, unfreeze)):
        rows += [write(""), *_paragraph(remedy, width, Tone.ACCENT)]
    if trouble.polls:
        rows += [write(""), write(Cell("Its newest polls", Tone.STRONG))]
        rows += [_poll(poll, now, width) for poll in trouble.polls[: incidents.POLLS_SHOWN]]
    return lines(*rows)


def title(trouble: incidents.IncidentDetail | None) -> Content:
    if trouble is None:
        return write("Incident")
    text = f" {trouble.incident.channel or 'skew'} · {trouble.incident.kind}"
    return write(Cell(f"#{trouble.incident.id}", Tone.STRONG), Cell(text, Tone.DIM))


def totals(effect: QuarantineEffect, width: int) -> list[Content]:
    """What accepting a poll comes to, above its listings."""
    tone = Tone.BAD if effect.to_zero or effect.targets_to_zero else Tone.PLAIN
    rows = _paragraph(quarantine_effect.counts(effect), width, Tone.DIM)
    rows += _paragraph(quarantine_effect.moves(effect), width, tone)
    for line in quarantine_effect.consequences(effect):
        rows += _paragraph(line, width, Tone.WARN)
    return rows


def listings(effect: QuarantineEffect, width: int, most: int) -> list[Content]:
    """The listings that would move most: before → after, target, what would come of it."""
    shown = effect.rows[:most]
    if not shown:
        return []
    sku = max(12, min(20, width - 54))
    head = f"{fit('SKU', sku)} {fit('CHANGE', 17, right=True)} {'Δ':>7} {'TARGET':>7}  WOULD BE"
    rows = [write(Cell(cut(head, width), Tone.DIM))]
    rows += [_listing(row, sku, width) for row in shown]
    more = quarantine_effect.left_over(effect, shown)
    return [*rows, write(Cell(more, Tone.DIM))] if more else rows


def _effect(trouble: incidents.IncidentDetail, width: int) -> list[Content]:
    heading = "What accepting it would change"
    if trouble.quarantined is None:
        return [write(Cell("The poll has been replaced meanwhile.", Tone.DIM))]
    if trouble.effect is None:
        return [write(Cell(heading, Tone.STRONG), Cell("  computing…", Tone.DIM))]
    poll = cut(f"  poll {trouble.quarantined}, nothing is changed yet", width - len(heading))
    rows = [write(Cell(heading, Tone.STRONG), Cell(poll, Tone.DIM))]
    return [*rows, *totals(trouble.effect, width), *listings(trouble.effect, width, LISTED)]


def _listing(row: EffectRow, sku: int, width: int) -> Content:
    moved = quarantine_effect.row_units(row)
    tone = Tone.UNDER if moved > 0 else Tone.OVER if moved < 0 else Tone.PLAIN
    place = f"@{row.location}" if row.location else ""
    room = max(0, width - sku - 36)
    return write(
        Cell(fit(row.sku + place, sku), Tone.STRONG),
        Cell(f" {fit(quarantine_effect.change(row), 17, right=True)}"),
        Cell(f" {fit(signed(moved), 7, right=True)}", tone),
        Cell(f" {fit(units(row.target), 7, right=True)}", Tone.DIM),
        Cell(
            f"  {cut(quarantine_effect.becomes(row), room)}",
            Tone.WARN if row.disagrees else Tone.DIM,
        ),
    )


def _poll(poll: RecentPoll, now: Millis, width: int) -> Content:
    outcome = OUTCOMES[poll.outcome]
    error = plain_times(poll.error, now) if poll.error else ""
    lead = f"{time_of_day(poll.started_at)[:8]} {age(now - poll.started_at):>6} "
    listed = f" {units(poll.seen):>7} listings "
    room = width - len(lead) - 14 - len(listed)
    return write(
        Cell(lead, Tone.DIM),
        Cell(fit(outcome.text, 14), outcome.tone),
        Cell(listed, Tone.DIM),
        Cell(cut(error, max(0, room)), Tone.DIM),
    )


def _paragraph(text: str, width: int, tone: Tone) -> list[Content]:
    return [write(Cell(line, tone)) for line in wrap(text, width)]


def _severity(incident: Incident, now: Millis) -> Cell:
    how = severity(incident)
    quiet = state(incident, now) in (IncidentState.SNOOZED, IncidentState.CLOSED)
    return Cell(f"{incidents.GLYPHS[how]} {how}", Tone.DIM if quiet else severity_tone(how))


def _state(incident: Incident, now: Millis, width: int) -> Cell:
    brief = width < _STATE_WIDE
    return Cell(
        f" {incidents.state_text(incident, now, brief=brief)}", _STATE_TONES[state(incident, now)]
    )


_CELLS: Mapping[str, Callable[[Incident, Millis], Cell]] = {
    "severity": _severity,
    "channel": lambda incident, _now: Cell(incident.channel or "skew", Tone.STRONG),
    "kind": lambda incident, _now: Cell(incident.kind),
    "lasts": lambda incident, now: Cell(incidents.time_span(incident).long(now), Tone.DIM),
    "count": lambda incident, _now: Cell(
        f"×{incident.count:,}" if incident.count > 1 else "", Tone.DIM
    ),
    "since": lambda incident, now: Cell(
        time_of_day(incident.since)[:5] + "Z"
        if now - incident.since < _DAY_MS
        else age(now - incident.since),
        Tone.DIM,
    ),
    "message": lambda incident, now: Cell(f" {incidents.message_text(incident, now)}", Tone.DIM),
}

_DAY_MS = 86_400_000


TOAST_LINES = 4
"""More incidents than these are counted in the toast, and stand in the log."""

Known = Mapping[int, Incident]
"""The incidents that this console has announced, by id, as they were then."""


class Toast(NamedTuple):
    """Clean: its line ends are ours, and no message's."""

    title: str
    text: str
    severe: bool


class ToastState(NamedTuple):
    """What is to be announced now, and what counts as announced from now on."""

    known: Known
    lines: tuple[tuple[str, Tone], ...] = ()
    """For the log, the oldest first."""
    toast: Toast | None = None
    bell: bool = False


def announce(
    known: Known | None, found: Sequence[Incident], now: Millis, *, bell: bool = False
) -> ToastState:
    """Say what of the open incidents `found` is new to the operator.

    `known` is what the last answer called so, None at the start; `bell`: the operator wants the
    terminal's bell with a toast.
    """
    audible = {
        incident.id: incident
        for incident in found
        if state(incident, now) is not IncidentState.SNOOZED
    }
    if known is None:
        return ToastState(audible, _at_start(list(audible.values())))
    still_open = {incident.id for incident in found}
    fresh = [incident for incident in audible.values() if incident.id not in known]
    # Both are told where one trouble ends as another begins: the end first.
    over = [
        (f"{_name(incident)}: over", Tone.OK)
        for incident in known.values()
        if incident.id not in still_open
    ]
    begun = [
        (f"{_name(incident)}: {incident.message}", severity_tone(severity(incident)))
        for incident in fresh
    ]
    unseen = [incident for incident in fresh if state(incident, now) is IncidentState.NEW]
    return ToastState(audible, (*over, *begun), _toast(unseen), bell and bool(unseen))


def severity_tone(severity: IncidentSeverity) -> Tone:
    return Tone.BAD if severity is IncidentSeverity.SEVERE else Tone.WARN


def _at_start(found: Sequence[Incident]) -> tuple[tuple[str, Tone], ...]:
    if not found:
        return ()
    names = ", ".join(_name(incident) for incident in found[:TOAST_LINES])
    more = f" and {len(found) - TOAST_LINES} more" if len(found) > TOAST_LINES else ""
    verb = "is" if len(found) == 1 else "are"
    return ((f"{plural(len(found), 'incident')} {verb} open: {names}{more}", Tone.WARN),)


def _toast(fresh: Sequence[Incident]) -> Toast | None:
    if not fresh:
        return None
    worst = any(severity(incident) is IncidentSeverity.SEVERE for incident in fresh)
    if len(fresh) == 1:
        return Toast(clean(_name(fresh[0])), clean(fresh[0].message), worst)
    lines = [clean(f"{_name(incident)}: {incident.message}") for incident in fresh[:TOAST_LINES]]
    if len(fresh) > TOAST_LINES:
        lines.append(f"and {len(fresh) - TOAST_LINES} more: 4 lists them")
    return Toast(f"{len(fresh)} new incidents", "\n".join(lines), worst)


def _name(incident: Incident) -> str:
    return f"{incident.channel or 'skew'} {incident.kind}"

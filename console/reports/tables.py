"""Health, updates, decisions, polls, kinds of channel and keys, as lines of text."""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

# What to do next (`console.text.remedies`) is imported where there is something to be done:
# `skew status`, which a monitor calls every few seconds, mostly says that all is well.
from console.reports.table import Paper, TableCell, TableColumn, TableInParts
from console.text.format import (
    NONE,
    age,
    clean,
    day_and_time,
    money,
    plural,
    show_blanks,
    units,
    value,
)
from store.decision import Decision
from store.model import Correction, CorrectionStatus, Freshness, Incident, Millis, PollOutcome
from store.queries.values import ChannelHealth, StatusCounts

if TYPE_CHECKING:
    from pathlib import Path

    from console.keys.action import Action
    from sync.corrections.decide import BlastRadius
    from sync.polling.reporting.poll_report import PollReport
    from sync.settings import WindowStanding

Lines = list[str]

_FRESHNESS = {
    Freshness.FRESH: TableCell("● fresh", "green"),
    Freshness.STALE: TableCell("✖ stale", "red"),
    Freshness.FAILING: TableCell("▲ failing", "yellow"),
    Freshness.QUARANTINED: TableCell("■ quarantined", "red"),
    Freshness.NEVER: TableCell("○ never read", "yellow"),
}
_UPDATE_COLUMNS = (
    TableColumn("ID", right=True),
    TableColumn("SKU", flexible=True),
    TableColumn("CHANNEL", flexible=True),
    TableColumn("SHOWS", right=True),
    TableColumn(""),
    TableColumn("TO", right=True),
    TableColumn("TYPE"),
    TableColumn("STATUS"),
    TableColumn("AGE", right=True),
    TableColumn("BY"),
    TableColumn("WHAT", flexible=True),
)
_NAMED_MAX = 3
"""So many decisions are named for one reason."""
_ENDED_WELL = (CorrectionStatus.VERIFIED,)
_ENDED_BADLY = (CorrectionStatus.FAILED, CorrectionStatus.NOT_APPLIED, CorrectionStatus.UNKNOWN)


def status(counts: StatusCounts, paper: Paper, window: "WindowStanding | None" = None) -> Lines:
    """All of `skew status`."""
    lines = []
    if counts.write_pause is not None:
        from console.text import remedies

        # First, for it is what keeps all the rest from being put right.
        sign, words = TableCell("‖ ", "red"), remedies.write_pause_with_remedy(counts.write_pause)
        lines += [paper.line(sign, words), ""]
    if window is not None:
        until = "" if window.until is None else f" until {day_and_time(window.until)}"
        words = f"raises and rules wait{until}" if window.held else f"raises may be approved{until}"
        sign = TableCell("‖ ", "yellow") if window.held else TableCell("")
        lines += [paper.line(sign, f"{words}: {window.reason}"), ""]
    lines += [*_channels(counts.channels, paper), ""]
    lines += [paper.line(*parts) for parts in _counts(counts)]
    if counts.incidents:
        lines += ["", *_incidents(counts.incidents, paper)]
    return lines


class UpdateTable:
    """Corrections in their order, part by part."""

    def __init__(self, paper: Paper, *, now: Millis) -> None:
        self._now = now
        self._table = TableInParts(paper, _UPDATE_COLUMNS)

    def lines(self, part: Iterable[Correction]) -> Lines:
        """The next rows; the first part has the columns' titles before them."""
        return self._table.lines(_update(correction, self._now) for correction in part)


def updates(
    corrections: Sequence[Correction],
    paper: Paper,
    *,
    now: Millis,
    nothing: str = "No pending updates.",
) -> Lines:
    """Corrections in their order; where there is none, `nothing`."""
    if not corrections:
        return [paper.line(nothing)]
    return UpdateTable(paper, now=now).lines(corrections)


def effect(radius: "BlastRadius", count: int, paper: Paper) -> Lines:
    """What approving would change, for whoever is about to approve."""
    if not count:
        return [paper.line("Nothing to approve.")]
    worth = f"worth ▲ {money(radius.money_up)} ▼ {money(radius.money_down)}"
    if radius.unpriced:
        worth += f", {radius.unpriced:,} without a price"
    if radius.unpriced and radius.unpriced == count:
        worth = "no prices"
    where = f"{plural(radius.skus, 'SKU')} on {plural(radius.channels, 'channel')}"
    moved = f"▲ {plural(radius.units_up, 'unit')} up, ▼ {radius.units_down:,} down"
    total = f"{plural(count, 'update')} of {where}"
    return [paper.line(f"{total}: {moved}, {radius.to_zero:,} to zero; {worth}")]


def decisions(
    decisions: Sequence[Decision], done: str, paper: Paper, noun: str = "update"
) -> Lines:
    """How many decisions were done, and each that was not, or has a note, with why.

    Of many with the same reason the first are named, and the others counted.
    """
    from console.text import remedies

    moved = sum(decision.ok and not decision.why for decision in decisions)
    lines = [paper.line(f"{plural(moved, noun)} {done}.")] if moved or not decisions else []
    alike: dict[str, list[Decision]] = {}
    for decision in decisions:
        if decision.why:
            alike.setdefault(remedies.decision_text(decision, "#"), []).append(decision)
    for found in alike.values():
        first = found[0]
        sign = TableCell("noted ", "yellow") if first.ok else TableCell("✖ ", "red")
        named = [f"#{decision.id}" for decision in found[:_NAMED_MAX]]
        left = len(found) - len(named)
        texts = named if not left else [f"{', '.join(named)} and {left:,} more"]
        lines += [paper.line(sign, remedies.decision_text(first, ids)) for ids in texts]
    return lines


def polls(
    reports: Sequence["PollReport"],
    paper: Paper,
    unreadable: Mapping[str, str] = MappingProxyType({}),
) -> Lines:
    """What each channel's poll came to; `unread`: by channel, what of a good one can't be read."""
    from console.text import remedies

    columns = (
        TableColumn("CHANNEL", flexible=True),
        TableColumn("POLL"),
        TableColumn("LISTINGS", right=True),
        TableColumn("CHANGED", right=True),
        TableColumn("TOOK", right=True),
    )
    rows = [
        (
            report.channel,
            TableCell(
                str(report.outcome) if report.since is None else f"{report.outcome}, delta",
                "green" if report.outcome is PollOutcome.GOOD else "red",
            ),
            units(report.listings),
            units(report.changed),
            f"{report.took_ms / 1000:.1f}s",
        )
        for report in reports
    ]
    notes = [
        (
            remedies.quarantine_with_remedy(report.error, report.channel)
            if report.error and report.outcome is PollOutcome.QUARANTINED
            else report.error or unreadable.get(report.channel),
            *map(_warning, report.warnings),
        )
        for report in reports
    ]
    return _with_notes(paper.table(columns, rows), notes, paper)


def keys(actions: Iterable["Action"], path: "Path", paper: Paper) -> Lines:
    """The console's actions with their keys, and where users set their own."""
    columns = (
        TableColumn("KEY"),
        TableColumn("ACTION"),
        TableColumn("DOES", flexible=True),
        TableColumn("ON"),
    )
    rows = (
        (
            " ".join(action.keys) or TableCell("none", "dim"),
            action.name,
            action.title,
            where(action),
        )
        for action in actions
    )
    state = "" if path.is_file() else ", which does not exist yet"
    heading = f"Set your own keys, theme, ascii, bell and operator in {path}{state}:"
    example = ('  theme = "light"', "  [keys]", '  approve = ["a", "f5"]')
    return [*paper.table(columns, rows), "", heading, *example]


def where(action: "Action") -> str:
    """The pages that have an action."""
    from console.keys.action import EVERYWHERE, PageName

    if set(action.on) == EVERYWHERE:
        return "every page"
    return ", ".join(place for place in PageName if place in action.on)


def role(roles: Sequence[str], direction: str) -> str:
    """What a channel is to the others, short: `authority, observe`, `push`."""
    whole = {"quantity authority", "state authority"} <= set(roles)
    return ", ".join((*(("authority",) if whole else roles), str(direction)))


def _channels(channels: Sequence[ChannelHealth], paper: Paper) -> Lines:
    columns = (
        TableColumn("CHANNEL", flexible=True),
        TableColumn("KIND"),
        TableColumn("ROLE", flexible=True),
        TableColumn("HEALTH"),
        TableColumn("LAST OK", right=True),
        TableColumn("LISTINGS", right=True),
        TableColumn("UNEXPLAINED", right=True),
    )
    rows = [
        (
            channel.name,
            channel.kind,
            role(channel.roles, channel.direction),
            _FRESHNESS[channel.freshness],
            age(channel.age_ms),
            units(channel.listings),
            units(channel.unexplained),
        )
        for channel in channels
    ]
    return _with_notes(
        paper.table(columns, rows),
        [(_health(channel), *map(_warning, channel.warnings)) for channel in channels],
        paper,
    )


def _warning(text: str) -> str:
    return f"warning: {text}"


def _health(channel: ChannelHealth) -> str | None:
    """The channel's last error, and who paused it; None where there is neither."""
    error = channel.last_error
    if error and channel.freshness is Freshness.QUARANTINED:
        from console.text import remedies

        error = remedies.quarantine_with_remedy(error, channel.name)
    paused = None
    if channel.paused_by is not None:
        until = day_and_time(channel.paused_until) if channel.paused_until is not None else NONE
        paused = (
            f"paused by {channel.paused_by} until {until}: {channel.paused_reason}; "
            f"`skew resume {channel.name}` ends the pause"
        )
    return "; ".join(filter(None, (paused, error))) or None


def _with_notes(table: Lines, notes: Sequence[Sequence[str | None]], paper: Paper) -> Lines:
    """Put each row's notes below it, whole: an error that is cut off helps nobody."""
    heading, *rows = table
    lines = [heading]
    for row, its_notes in zip(rows, notes, strict=True):
        lines.append(row)
        for note in filter(None, its_notes):
            lines += paper.paragraph(note)
    return lines


def _counts(counts: StatusCounts) -> list[tuple[TableCell | str, ...]]:
    overview = counts.overview
    disagreements = (
        TableCell("Disagreements  ", "bold"),
        f"{overview.open:,} open · {overview.settling:,} settling · {overview.unknown:,} unknown",
    )
    decided = [f"{overview.snoozed_or_rejected:,} snoozed or rejected"]
    decided = decided if overview.snoozed_or_rejected else []
    decided += [f"{overview.acknowledged:,} acknowledged"] if overview.acknowledged else []
    apart = [f"{overview.unreadable:,} can't be read"] if overview.unreadable else []
    hidden = overview.ignored
    apart_by_rule = f"{'':15}{hidden:,} more ignored by a rule" if hidden else ""
    apart += [f"{overview.uncounted:,} not counted"] if overview.uncounted else []
    over = _units_and_money(overview.oversell_units, overview.oversell_money)
    under = _units_and_money(overview.undersell_units, overview.undersell_money)
    standing = " · ".join(f"{n:,} {_status_text(name)}" for name, n in counts.updates.items() if n)
    engine = f"running, {counts.lease.holder}" if counts.lease else "not running"
    lines: list[tuple[TableCell | str, ...]] = [disagreements]
    if decided:
        lines.append((f"{'':15}of {overview.disagreements:,} in all {' · '.join(decided)}",))
    if apart_by_rule:
        lines.append((apart_by_rule,))
    if apart:
        lines.append((TableCell("Not compared   ", "bold"), " · ".join(apart)))
    if overview.open:
        lines.append((f"{'':15}▲ oversell {over} · ▼ undersell {under}",))
    pending = f"{overview.pending:,} pending: " if overview.pending else ""
    lines.append((TableCell("Updates        ", "bold"), f"{pending}{standing or 'none'}"))
    lines.append((TableCell("Engine         ", "bold"), engine))
    return lines


def _units_and_money(count: int, amount: float) -> str:
    """`66 units, 1,240`; without a price nothing is worth nothing, so no amount is shown."""
    if not count:
        return plural(0, "unit")
    return f"{plural(count, 'unit')}, {money(amount) if amount else 'no prices'}"


def _incidents(incidents: Sequence[Incident], paper: Paper) -> Lines:
    columns = (
        TableColumn("INCIDENT"),
        TableColumn("CHANNEL", flexible=True),
        TableColumn("SINCE"),
    )
    rows = [
        (
            TableCell(str(incident.kind), "red"),
            incident.channel or NONE,
            day_and_time(incident.since),
        )
        for incident in incidents
    ]
    return _with_notes(
        paper.table(columns, rows), [(incident.message,) for incident in incidents], paper
    )


def _update(correction: Correction, now: Millis) -> tuple[TableCell | str, ...]:
    from sync.corrections.decide import raise_or_reduce

    style = "green" if correction.status in _ENDED_WELL else ""
    style = "red" if correction.status in _ENDED_BADLY else style
    channel = (
        f"{correction.channel}/{correction.location}" if correction.location else correction.channel
    )
    by = " and ".join(clean(name) for name in (correction.decided_by, correction.second_by) if name)
    return (
        f"#{correction.id}",
        show_blanks(correction.sku),
        channel,
        *_change(correction),
        raise_or_reduce(correction),
        TableCell(_status_text(correction.status), style),
        age(now - (correction.decided_at or correction.proposed_at)),
        by or NONE,
        correction.result or correction.note or "",
    )


def _change(correction: Correction) -> tuple[str, str, str]:
    """What is written, from and to: the quantity, the state, or both where both change."""
    of_state = correction.to_state is not None and correction.to_state != correction.from_state
    of_quantity = (
        correction.to_quantity is not None and correction.to_quantity != correction.from_quantity
    )
    if of_state and of_quantity:
        was = units(correction.from_quantity, at_least=correction.from_at_least)
        before = f"{was} {correction.from_state or NONE}"
        return before, "→", f"{units(correction.to_quantity)} {correction.to_state}"
    return (
        value(
            correction.from_quantity,
            correction.from_state or NONE,
            of_state=of_state,
            at_least=correction.from_at_least,
        ),
        "→",
        value(correction.to_quantity, correction.to_state, of_state=of_state),
    )


def _status_text(status: str) -> str:
    return status.replace("_", " ")

"""The reports for people: values in, lines of text out. What they say is in `documents` too."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from console.keys.action import EVERYWHERE, Action, PageName
from console.reports.table import Paper, TableCell, TableColumn
from console.text import remedies
from console.text.format import NONE, age, clean, day_and_time, exact, money, plural, units, value
from store.model import (
    Correction,
    CorrectionStatus,
    Decision,
    Freshness,
    Incident,
    Millis,
    PollOutcome,
)
from store.queries.values import ChannelHealth, StatusCounts
from sync.channels.base import Abilities
from sync.corrections.decide import BlastRadius, raise_or_reduce

if TYPE_CHECKING:
    from sync.polling.poll import PollReport

Lines = list[str]

_FRESHNESS = {
    Freshness.FRESH: TableCell("● fresh", "green"),
    Freshness.STALE: TableCell("✖ stale", "red"),
    Freshness.FAILING: TableCell("▲ failing", "yellow"),
    Freshness.QUARANTINED: TableCell("■ quarantined", "red"),
    Freshness.NEVER: TableCell("○ never", "yellow"),
}
_ENDED_WELL = (CorrectionStatus.VERIFIED,)
_ENDED_BADLY = (CorrectionStatus.FAILED, CorrectionStatus.NOT_APPLIED, CorrectionStatus.UNKNOWN)


def status(counts: StatusCounts, paper: Paper) -> Lines:
    """All of `skew status`."""
    lines = [*_channels(counts.channels, paper), ""]
    lines += [paper.line(*parts) for parts in _counts(counts)]
    if counts.incidents:
        lines += ["", *_incidents(counts.incidents, paper)]
    return lines


def updates(found: Sequence[Correction], paper: Paper, *, now: Millis) -> Lines:
    """Corrections, live ones first."""
    if not found:
        return [paper.line("No pending updates.")]
    columns = (
        TableColumn("ID", right=True),
        TableColumn("SKU", flexible=True),
        TableColumn("CHANNEL", flexible=True),
        TableColumn("SHOWS", right=True),
        TableColumn(""),
        TableColumn("TO", right=True),
        TableColumn("WAY"),
        TableColumn("STATUS"),
        TableColumn("AGE", right=True),
        TableColumn("BY"),
        TableColumn("WHAT", flexible=True),
    )
    return paper.table(columns, (_update(one, now) for one in found))


def effect(radius: BlastRadius, count: int, paper: Paper) -> Lines:
    """What approving would do, told before it is done."""
    worth = f"; worth ▲ {money(radius.money_up)} ▼ {money(radius.money_down)}"
    where = f"{plural(radius.skus, 'SKU')} over {plural(radius.channels, 'channel')}"
    moved = f"▲ {radius.units_up:,} units up, ▼ {radius.units_down:,} down"
    lines = [f"{plural(count, 'update')} on {where}: {moved}, {radius.to_zero:,} to zero{worth}"]
    if radius.unpriced:
        lines.append(f"  ({radius.unpriced:,} without a known price are not in the money)")
    return [paper.line(line) for line in lines]


def decisions(made: Sequence[Decision], done: str, paper: Paper, noun: str = "update") -> Lines:
    """What became of an act: how many it moved, and each that it did not move, with why."""
    moved = sum(one.ok and not one.why for one in made)
    lines = [paper.line(f"{plural(moved, noun)} {done}.")] if moved or not made else []
    for one in made:
        if one.why:
            sign = TableCell("noted", "yellow") if one.ok else TableCell("void", "red")
            why = remedies.of_decision(one).removeprefix("noted: ")
            lines.append(paper.line(sign, f" #{one.id}: {why}"))
    return lines


def polls(
    made: Sequence["PollReport"], paper: Paper, unread: Mapping[str, str] = MappingProxyType({})
) -> Lines:
    """What each channel's poll came to; `unread`: by channel, what of a good one can't be read."""
    columns = (
        TableColumn("CHANNEL", flexible=True),
        TableColumn("POLL"),
        TableColumn("LISTINGS", right=True),
        TableColumn("CHANGED", right=True),
        TableColumn("TOOK", right=True),
    )
    rows = [
        (
            one.channel,
            TableCell(str(one.outcome), "green" if one.outcome is PollOutcome.GOOD else "red"),
            units(one.listings),
            units(one.changed),
            f"{one.took_ms / 1000:.1f}s",
        )
        for one in made
    ]
    notes = [
        remedies.of_quarantine(one.error, one.channel)
        if one.error and one.outcome is PollOutcome.QUARANTINED
        else one.error or unread.get(one.channel)
        for one in made
    ]
    return _with_notes(paper.table(columns, rows), notes, paper)


def channels(kinds: Iterable[Abilities], paper: Paper) -> Lines:
    """The kinds of channel and what each can do, a paragraph each."""
    lines: Lines = []
    for one in kinds:
        promises = (
            (one.compare_and_set, "compare-and-set"),
            (one.idempotency, "idempotency keys"),
            (one.reads_one, "one listing by itself"),
            (one.batch_max > 1, f"{one.batch_max:,} writes at once"),
            (one.events, "events"),
        )
        lines.append(paper.line(TableCell(f"{one.kind:11}", "bold"), one.notes))
        for title, words in (
            ("reads", one.reads),
            ("writes", one.writes or ("nothing",)),
            ("states", sorted(one.states) or ("none",)),
            ("has", tuple(name for there, name in promises if there)),
        ):
            if words:
                lines.append(
                    paper.line(f"{'':11}", TableCell(f"{title:8}", "dim"), ", ".join(words))
                )
        lines.append("")
    return lines[:-1]


def keys(actions: Iterable[Action], path: Path, paper: Paper) -> Lines:
    """The console's actions with their keys, and where a user sets their own."""
    columns = (
        TableColumn("KEY"),
        TableColumn("ACTION"),
        TableColumn("DOES", flexible=True),
        TableColumn("ON"),
    )
    rows = (
        (" ".join(one.keys) or TableCell("none", "dim"), one.name, one.title, where(one))
        for one in actions
    )
    state = "" if path.is_file() else ", which is not there yet"
    told = f"Your own keys, and theme, ascii, bell and operator, go into {path}{state}:"
    example = ('  theme = "light"', "  [keys]", '  approve = ["a", "f5"]')
    return [*paper.table(columns, rows), "", told, *example]


def where(action: Action) -> str:
    """The pages that have an action."""
    if set(action.on) == EVERYWHERE:
        return "every page"
    return ", ".join(place for place in PageName if place in action.on)


def role(roles: Sequence[str], direction: str) -> str:
    """What a channel is to the others, short: `authority, observe`, `push`."""
    whole = {"quantity authority", "state authority"} <= set(roles)
    return ", ".join((*(("authority",) if whole else roles), str(direction)))


def _channels(found: Sequence[ChannelHealth], paper: Paper) -> Lines:
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
            one.name,
            one.kind,
            role(one.roles, one.direction),
            _FRESHNESS[one.freshness],
            age(one.age_ms),
            units(one.listings),
            units(one.unexplained),
        )
        for one in found
    ]
    return _with_notes(paper.table(columns, rows), [_health(one) for one in found], paper)


def _health(one: ChannelHealth) -> str | None:
    """What is the matter with a channel, and who paused it."""
    error = one.last_error
    if error and one.freshness is Freshness.QUARANTINED:
        error = remedies.of_quarantine(error, one.name)
    paused = None
    if one.paused_by is not None:
        until = day_and_time(one.paused_until) if one.paused_until is not None else NONE
        paused = f"paused by {one.paused_by} until {until}: {one.paused_reason}"
    return "; ".join(filter(None, (paused, error))) or None


def _with_notes(table: Lines, notes: Sequence[str | None], paper: Paper) -> Lines:
    """Put each row's note below it, whole: an error that is cut off helps nobody."""
    heading, *rows = table
    lines = [heading]
    for row, note in zip(rows, notes, strict=True):
        lines.append(row)
        lines += paper.paragraph(note) if note else []
    return lines


def _counts(counts: StatusCounts) -> list[tuple[TableCell | str, ...]]:
    overview = counts.overview
    disagreements = (
        TableCell("Disagreements  ", "bold"),
        f"{overview.open:,} open · {overview.settling:,} settling · {overview.unknown:,} unknown"
        + (f" · {overview.acknowledged:,} acknowledged" if overview.acknowledged else ""),
    )
    over = f"▲ oversell {overview.oversell_units:,} units, {money(overview.oversell_money)}"
    under = f"▼ undersell {overview.undersell_units:,} units, {money(overview.undersell_money)}"
    standing = " · ".join(f"{n:,} {_said(name)}" for name, n in counts.updates.items() if n)
    engine = f"running, {counts.lease.holder}" if counts.lease else "not running"
    lines: list[tuple[TableCell | str, ...]] = [disagreements]
    if overview.open:
        lines.append((f"{'':15}{over} · {under}",))
    lines.append((TableCell("Updates        ", "bold"), standing or "none"))
    lines.append((TableCell("Engine         ", "bold"), engine))
    return lines


def _incidents(found: Sequence[Incident], paper: Paper) -> Lines:
    columns = (
        TableColumn("INCIDENT"),
        TableColumn("CHANNEL", flexible=True),
        TableColumn("SINCE"),
    )
    rows = [
        (TableCell(str(one.kind), "red"), one.channel or NONE, day_and_time(one.since))
        for one in found
    ]
    return _with_notes(paper.table(columns, rows), [one.message for one in found], paper)


def _update(one: Correction, now: Millis) -> tuple[TableCell | str, ...]:
    style = "green" if one.status in _ENDED_WELL else ""
    style = "red" if one.status in _ENDED_BADLY else style
    channel = f"{one.channel}/{one.location}" if one.location else one.channel
    by = " and ".join(clean(name) for name in (one.decided_by, one.second_by) if name)
    return (
        f"#{one.id}",
        exact(one.sku),
        channel,
        *_change(one),
        raise_or_reduce(one),
        TableCell(_said(one.status), style),
        age(now - (one.decided_at or one.proposed_at)),
        by or NONE,
        one.result or one.note or "",
    )


def _change(one: Correction) -> tuple[str, str, str]:
    """What is written, from and to: the quantity, the state, or both where both change."""
    of_state = one.to_state is not None and one.to_state != one.from_state
    of_quantity = one.to_quantity is not None and one.to_quantity != one.from_quantity
    if of_state and of_quantity:
        before = f"{units(one.from_quantity)} {one.from_state or NONE}"
        return before, "→", f"{units(one.to_quantity)} {one.to_state}"
    return (
        value(one.from_quantity, one.from_state or NONE, of_state=of_state),
        "→",
        value(one.to_quantity, one.to_state, of_state=of_state),
    )


def _said(status: str) -> str:
    return status.replace("_", " ")

"""`skew diff` for people and for spreadsheets: disagreements in, lines of text out, grouped or not.

What they say is in `documents` too.
"""

import csv
import io
from collections.abc import Iterable, Sequence

from console.reports.table import Paper, TableCell, TableColumn
from console.text.format import (
    NONE,
    age,
    clean,
    exact,
    money,
    plain_times,
    plural,
    signed,
    time_of_day,
    value,
)
from console.text.groups import DisagreementGroup, Explained, in_order
from console.text.reasons import reason_text
from store.model import Cause, Disagreement, Millis, Status
from sync.clock import rfc3339

Lines = list[str]

_COLUMNS = (
    TableColumn("SKU", flexible=True),
    TableColumn("CHANNEL", flexible=True),
    TableColumn("KIND"),
    TableColumn("SHOWS", right=True),
    TableColumn("TARGET", right=True),
    TableColumn("Δ", right=True),
    TableColumn("RISK", right=True),
    TableColumn("AGE", right=True),
    TableColumn("WHY", flexible=True),
    TableColumn("UPDATE"),
    TableColumn("ID", right=True),
)
_EXECUTED_BY_SPREADSHEETS = ("=", "+", "-", "@", "\t", "\r", "\n")
CSV_COLUMNS = (
    "id",
    "sku",
    "title",
    "channel",
    "location",
    "kind",
    "status",
    "reason",
    "reads",
    "reads_state",
    "target",
    "target_state",
    "delta",
    "money_at_risk",
    "first_seen_at",
    "cause",
    "evidence",
    "update",
    "acknowledged_by",
    "acknowledged_at",
    "acknowledged_why",
)


def diff(
    found: Sequence[Explained],
    paper: Paper,
    *,
    now: Millis,
    all_compared: bool = True,
) -> Lines:
    """Disagreements, worst first, and what they add up to."""
    if not found:
        return [paper.line("No disagreements." if all_compared else "No disagreements known.")]
    return [*_table(found, paper, now), "", _total(found, paper)]


def by_group(groups: Sequence[DisagreementGroup], paper: Paper, *, now: Millis) -> Lines:
    """Disagreements below a heading for each group, and what all add up to; at least one."""
    found = in_order(groups)
    titles, *rows = _table(found, paper, now)
    lines = [titles]
    for group in groups:
        lines += ["", _heading(group, paper), *rows[: len(group.members)]]
        rows = rows[len(group.members) :]
    return [*lines, "", _total(found, paper)]


def diff_csv(found: Iterable[Explained]) -> str:
    """Disagreements for a spreadsheet; no cell of it can be a formula."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(CSV_COLUMNS)
    writer.writerows([defused(each) for each in csv_row(*one)] for one in found)
    return file.getvalue()


def csv_row(one: Disagreement, cause: Cause | None) -> tuple[object, ...]:
    """One disagreement in the order of `CSV_COLUMNS`; its texts are not cleaned yet."""
    return (
        one.id,
        one.sku,
        one.title,
        one.channel,
        one.location,
        one.kind,
        one.status,
        reason_text(one.reason),
        one.available,
        one.state,
        one.target,
        one.target_state,
        one.delta,
        one.money_at_risk,
        rfc3339(one.first_seen_at),
        cause and cause.kind,
        cause and cause.evidence,
        one.correction_id,
        one.acknowledged_by,
        rfc3339(one.acknowledged_at),
        one.acknowledged_why,
    )


def defused(text: object) -> object:
    """Make a text that a spreadsheet would execute into plain text; numbers stay numbers."""
    if not isinstance(text, str):
        return text
    danger = text.startswith(_EXECUTED_BY_SPREADSHEETS)
    return ("'" if danger else "") + clean(text)


def why(one: Disagreement, cause: Cause | None) -> str:
    """Say in a few words why a disagreement stands, or why it can't be acted on."""
    if one.acknowledged_at is not None:
        since = time_of_day(one.acknowledged_at)
        return f"acknowledged by {one.acknowledged_by} {since}: {one.acknowledged_why}"
    if one.decidable_at is not None:
        return f"{reason_text(one.reason)}, decidable {time_of_day(one.decidable_at)}"
    if one.reason is not None or cause is None:
        return reason_text(one.reason)
    if cause.kind == "unexplained":
        return cause.kind  # Its evidence only repeats the figures beside it.
    return f"{cause.kind}: {cause.evidence}"


def _table(found: Sequence[Explained], paper: Paper, now: Millis) -> Lines:
    return paper.table(_COLUMNS, (_difference(one, cause, now) for one, cause in found))


def _heading(group: DisagreementGroup, paper: Paper) -> str:
    """Tell what the members have in common, how many they are, and what they come to."""
    told = f"  {plural(len(group.members), 'disagreement')}"
    if group.oversell_units or group.undersell_units:
        told += f": ▲ {group.oversell_units:,} too many, ▼ {group.undersell_units:,} too few"
    if group.money_at_risk is not None:
        told += f", {money(group.money_at_risk)} at risk"
    return paper.line(TableCell(exact(group.value) or NONE, "bold"), told)


def _risk(one: Disagreement) -> str:
    """The money at risk; `~` before an estimate, where no price is known."""
    if one.assumed_risk_minor is not None:
        return f"~{money(one.assumed_risk_minor / 100)}"
    return money(one.money_at_risk)


def _total(found: Sequence[Explained], paper: Paper) -> str:
    opened = [one for one, _ in found if one.status is Status.OPEN]
    over = sum(one.oversell_units for one in opened)
    under = sum(one.undersell_units for one in opened)
    said = sum(one.acknowledged_at is not None for one, _ in found)
    total = f"{plural(len(found), 'disagreement')}, {len(opened):,} open"
    total += f", {said:,} acknowledged" if said else ""
    return paper.line(f"{total}: ▲ {over:,} units too many, ▼ {under:,} too few")


def _difference(one: Disagreement, cause: Cause | None, now: Millis) -> tuple[TableCell | str, ...]:
    channel = f"{one.channel}/{one.location}" if one.location else one.channel
    dim = "" if one.status is Status.OPEN else "dim"
    update = f"#{one.correction_id} {one.correction_status}" if one.correction_id else NONE
    return (
        TableCell(exact(one.sku), dim),
        channel,
        str(one.kind),
        value(one.available, one.state, of_state=one.kind == "state"),
        value(one.target, one.target_state, of_state=one.kind == "state"),
        TableCell(signed(one.delta), "red" if one.oversell_units and not dim else dim),
        _risk(one),
        age(now - one.first_seen_at),
        TableCell(plain_times(why(one, cause), now), dim),
        update,
        TableCell(str(one.id), "dim"),
    )

"""Disagreements as a table and as CSV: values in, lines of text out, grouped or not."""

import csv
import io
from collections.abc import Iterable, Sequence

from console.reports.table import Paper, TableCell, TableColumn
from console.text.disagreement_groups import DisagreementGroup, Explained, in_order
from console.text.format import (
    NONE,
    age,
    clean,
    money,
    plain_times,
    plural,
    show_blanks,
    shown,
    shows_text,
    signed,
    target_text,
    time_of_day,
)
from console.text.reasons import reason_in_documents, reason_text, standing_text
from store.model import Cause, Disagreement, Millis, Status
from store.queries.uncounted import UncountedListing
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
_APART_MAX = 20
_APART_COLUMNS = (
    TableColumn("SKU", flexible=True),
    TableColumn("CHANNEL", flexible=True),
    TableColumn("SHOWS", right=True),
    TableColumn("TARGET", right=True),
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
    disagreements: Sequence[Explained],
    paper: Paper,
    *,
    now: Millis,
    all_compared: bool = True,
) -> Lines:
    """Disagreements, worst first, and what they add up to."""
    if not disagreements:
        return [paper.line("No disagreements." if all_compared else "No disagreements known.")]
    return [*_table(disagreements, paper, now), "", _total(disagreements, paper)]


def by_group(groups: Sequence[DisagreementGroup], paper: Paper, *, now: Millis) -> Lines:
    """Disagreements below a heading for each group, and what all add up to; at least one."""
    disagreements = in_order(groups)
    titles, *rows = _table(disagreements, paper, now)
    lines = [titles]
    for group in groups:
        lines += ["", _heading(group, paper), *rows[: len(group.members)]]
        rows = rows[len(group.members) :]
    return [*lines, "", _total(disagreements, paper)]


def uncounted(apart: Sequence[UncountedListing], paper: Paper) -> Lines:
    """What can't be compared, because one side has no number; nothing where there is none of it."""
    if not apart:
        return []
    rows = [_apart(listing) for listing in apart[:_APART_MAX]]
    left = len(apart) - len(rows)
    more = [paper.line(f"and {left:,} more: `skew diff --json` lists all")] if left else []
    heading = f"{plural(len(apart), 'listing')} not counted, so that nothing can be compared:"
    return ["", paper.line(TableCell(heading, "bold")), *paper.table(_APART_COLUMNS, rows), *more]


def _apart(listing: UncountedListing) -> tuple[TableCell | str, ...]:
    where = f"{listing.channel}/{listing.location}" if listing.location else listing.channel
    target = shown(listing.target, listing.target_state)
    return show_blanks(listing.sku), where, shown(listing.available, listing.state), target


def diff_csv(disagreements: Iterable[Explained]) -> str:
    """Disagreements for a spreadsheet; no cell of it can be a formula."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(CSV_COLUMNS)
    writer.writerows([defused(cell) for cell in csv_row(*explained)] for explained in disagreements)
    return file.getvalue()


def csv_row(disagreement: Disagreement, cause: Cause | None) -> tuple[object, ...]:
    """One disagreement in the order of `CSV_COLUMNS`; its texts are not cleaned yet."""
    return (
        disagreement.id,
        disagreement.sku,
        disagreement.title,
        disagreement.channel,
        disagreement.location,
        disagreement.kind,
        disagreement.status,
        reason_in_documents(disagreement.reason),
        disagreement.available,
        disagreement.state,
        disagreement.target,
        disagreement.target_state,
        disagreement.delta,
        disagreement.money_at_risk,
        rfc3339(disagreement.first_seen_at),
        cause and cause.kind,
        cause and cause.evidence,
        disagreement.correction_id,
        disagreement.acknowledged_by,
        rfc3339(disagreement.acknowledged_at),
        disagreement.acknowledged_why,
    )


def defused(text: object) -> object:
    """Make a text that a spreadsheet would execute into plain text; numbers stay numbers."""
    if not isinstance(text, str):
        return text
    # A leading apostrophe is how spreadsheets themselves mark a cell as text, not a formula.
    danger = text.startswith(_EXECUTED_BY_SPREADSHEETS)
    return ("'" if danger else "") + clean(text)


def why(disagreement: Disagreement, cause: Cause | None) -> str:
    """Say in a few words why a disagreement stands, or why no decision on it is possible yet."""
    if disagreement.acknowledged_at is not None:
        since = time_of_day(disagreement.acknowledged_at)
        by = disagreement.acknowledged_by
        return f"acknowledged by {by} at {since}: {disagreement.acknowledged_why}"
    if disagreement.decidable_at is not None:
        until = time_of_day(disagreement.decidable_at)
        return f"{reason_text(disagreement.reason)}, wait until {until}"
    if disagreement.status is not Status.OPEN or cause is None:
        return reason_text(disagreement.reason)
    if cause.kind == "unexplained":
        return cause.kind  # Its evidence only repeats the figures beside it.
    return f"{cause.kind}: {cause.evidence}"


def _table(disagreements: Sequence[Explained], paper: Paper, now: Millis) -> Lines:
    return paper.table(
        _COLUMNS, (_difference(disagreement, cause, now) for disagreement, cause in disagreements)
    )


def _heading(group: DisagreementGroup, paper: Paper) -> str:
    """What the members have in common, how many they are, and what they come to."""
    total = f"  {plural(len(group.members), 'disagreement')}"
    if group.oversell_units or group.undersell_units:
        total += f": ▲ {group.oversell_units:,} too many, ▼ {group.undersell_units:,} too few"
    if group.money_at_risk is not None:
        total += f", {money(group.money_at_risk)} at risk"
    return paper.line(TableCell(show_blanks(group.value) or NONE, "bold"), total)


def _risk(disagreement: Disagreement) -> str:
    """The money at risk; `~` before an estimate, where no price is known."""
    if disagreement.assumed_risk_minor is not None:
        return f"~{money(disagreement.assumed_risk_minor / 100)}"
    return money(disagreement.money_at_risk)


def _total(disagreements: Sequence[Explained], paper: Paper) -> str:
    opened = [
        disagreement for disagreement, _ in disagreements if disagreement.status is Status.OPEN
    ]
    over = sum(disagreement.oversell_units for disagreement in opened)
    under = sum(disagreement.undersell_units for disagreement in opened)
    acknowledged = sum(
        disagreement.acknowledged_at is not None for disagreement, _ in disagreements
    )
    total = f"{plural(len(disagreements), 'disagreement')}, {len(opened):,} open"
    total += f", {acknowledged:,} acknowledged" if acknowledged else ""
    return paper.line(f"{total}: ▲ {plural(over, 'unit')} too many, ▼ {under:,} too few")


def _difference(
    disagreement: Disagreement, cause: Cause | None, now: Millis
) -> tuple[TableCell | str, ...]:
    channel = (
        f"{disagreement.channel}/{disagreement.location}"
        if disagreement.location
        else disagreement.channel
    )
    dim = "" if disagreement.status is Status.OPEN else "dim"
    update = (
        f"#{disagreement.correction_id} {disagreement.correction_status}"
        if disagreement.correction_id
        else standing_text(disagreement) or NONE
    )
    return (
        TableCell(show_blanks(disagreement.sku), dim),
        channel,
        str(disagreement.kind),
        shows_text(disagreement),
        target_text(disagreement),
        TableCell(
            signed(disagreement.delta), "red" if disagreement.oversell_units and not dim else dim
        ),
        _risk(disagreement),
        age(now - disagreement.first_seen_at),
        TableCell(plain_times(why(disagreement, cause), now), dim),
        update,
        TableCell(str(disagreement.id), "dim"),
    )

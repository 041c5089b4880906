"""Disagreements as a table and as rows of CSV, grouped or not: values in, lines of text out."""

from collections.abc import Iterable, Sequence

from console.reports.table import Paper, TableCell, TableColumn, TableInParts
from console.text.disagreement_groups import DisagreementGrouping, Explained, GroupSum
from console.text.format import (
    NONE,
    age,
    clean,
    day_and_time,
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
from console.text.reasons import ignored_text, reason_in_documents, reason_text, standing_text
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
    "ignored_by_rule",
    "ignored_by",
    "ignored_until",
    "ignored_why",
)


class DisagreementTable:
    """Disagreements page by page, worst first, and at the end what they add up to."""

    def __init__(
        self, paper: Paper, *, now: Millis, grouping: DisagreementGrouping | None = None
    ) -> None:
        """With a grouping, the rows come group by group, and each group has a heading."""
        self.count = 0
        self._paper = paper
        self._now = now
        self._grouping = grouping
        self._group: str | None = None
        self._table = TableInParts(paper, _COLUMNS)
        self._open = 0
        self._over = 0
        self._under = 0
        self._acknowledged = 0

    def lines(self, page: Sequence[Explained]) -> Lines:
        """The next rows; the first page has the columns' titles before them."""
        self.count += len(page)
        for disagreement, _ in page:
            self._acknowledged += disagreement.acknowledged_at is not None
            if disagreement.status is Status.OPEN:
                self._open += 1
                self._over += disagreement.oversell_units
                self._under += disagreement.undersell_units
        rows = (_difference(disagreement, cause, self._now) for disagreement, cause in page)
        lines = self._table.lines(rows)
        return lines if self._grouping is None else self._headed(page, lines)

    def total(self, *, all_compared: bool = True, ignored: int = 0) -> Lines:
        """What stands below the last page, or instead of any; `ignored`: how many beside them."""
        apart = ""
        if ignored:
            apart = f"{ignored:,} ignored by a rule: `skew diff --ignored` lists them"
        if not self.count:
            none = "No disagreements." if all_compared else "No disagreements known."
            return [self._paper.line(text) for text in (none, apart) if text]
        total = f"{plural(self.count, 'disagreement')}, {self._open:,} open"
        total += f", {self._acknowledged:,} acknowledged" if self._acknowledged else ""
        over, under = plural(self._over, "unit"), f"{self._under:,}"
        summed = self._paper.line(f"{total}: ▲ {over} too many, ▼ {under} too few")
        return ["", summed, *([self._paper.line(apart)] if apart else [])]

    def _headed(self, page: Sequence[Explained], lines: Lines) -> Lines:
        """Put a group's heading above the first of its rows."""
        assert self._grouping is not None
        rows = lines[-len(page) :]
        headed = lines[: -len(page)]
        for explained, row in zip(page, rows, strict=True):
            value = self._grouping.value_of(*explained)
            if value != self._group:
                self._group = value
                headed += ["", _heading(self._grouping.sum_of(value), self._paper)]
            headed.append(row)
        return headed


def uncounted(apart: Iterable[UncountedListing], paper: Paper) -> Lines:
    """What can't be compared, because one side has no number; nothing where there is none of it.

    The first `_APART_MAX` of them, and how many there are.
    """
    rows, count = [], 0
    for listing in apart:
        count += 1
        if count <= _APART_MAX:
            rows.append(_apart(listing))
    if not rows:
        return []
    left = count - len(rows)
    more = [paper.line(f"and {left:,} more: `skew diff --json` lists all")] if left else []
    heading = f"{plural(count, 'listing')} not counted, so that nothing can be compared:"
    return ["", paper.line(TableCell(heading, "bold")), *paper.table(_APART_COLUMNS, rows), *more]


def _apart(listing: UncountedListing) -> tuple[TableCell | str, ...]:
    where = f"{listing.channel}/{listing.location}" if listing.location else listing.channel
    target = shown(listing.target, listing.target_state)
    return show_blanks(listing.sku), where, shown(listing.available, listing.state), target


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
        disagreement.ignored_rule,
        disagreement.ignored_by,
        rfc3339(disagreement.ignored_until),
        disagreement.ignored_why,
    )


def defused(text: object) -> object:
    """Make a text that a spreadsheet would execute into plain text; numbers stay numbers."""
    if not isinstance(text, str):
        return text
    # A leading apostrophe is how spreadsheets themselves mark a cell as text, not a formula.
    danger = text.startswith(_EXECUTED_BY_SPREADSHEETS)
    return ("'" if danger else "") + clean(text)


def _said(disagreement: Disagreement) -> str:
    """What a person has said of it; empty where nobody has."""
    if disagreement.ignored_rule is not None:
        return ignored_text(disagreement)
    if disagreement.acknowledged_at is not None:
        since = time_of_day(disagreement.acknowledged_at)
        by = disagreement.acknowledged_by
        return f"acknowledged by {by} at {since}: {disagreement.acknowledged_why}"
    if disagreement.snoozed_until is not None:
        return f"snoozed until {day_and_time(disagreement.snoozed_until)}"
    if disagreement.correction_id is None and disagreement.rejected_id is not None:
        return f"rejected #{disagreement.rejected_id} by {disagreement.rejected_by or NONE}"
    return ""


def why(disagreement: Disagreement, cause: Cause | None) -> str:
    """Say in a few words why a disagreement stands, or why no decision on it is possible yet."""
    said = _said(disagreement)
    if said:
        return said
    if disagreement.decidable_at is not None:
        until = time_of_day(disagreement.decidable_at)
        return f"{reason_text(disagreement.reason)}, wait until {until}"
    if disagreement.status is not Status.OPEN or cause is None:
        return reason_text(disagreement.reason)
    if cause.kind == "unexplained":
        return cause.kind  # Its evidence only repeats the figures beside it.
    return f"{cause.kind}: {cause.evidence}"


def _heading(group: GroupSum, paper: Paper) -> str:
    """What the members have in common, how many they are, and what they come to."""
    total = f"  {plural(group.count, 'disagreement')}"
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

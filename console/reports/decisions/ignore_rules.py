"""Rules that ignore disagreements, and what one would ignore, as lines of text and as JSON."""

from collections.abc import Sequence

from console.reports.json_documents import Json
from console.reports.table import Paper, TableCell, TableColumn
from console.text import ignoring
from console.text.format import NONE, age, clean, day_and_time, plural, show_blanks, units
from store.corrections.ignore_rules import IgnoredExample, IgnorePreview, IgnoreRule, IgnoreWhere
from store.model import Millis
from sync.clock import rfc3339

Lines = list[str]

_COLUMNS = (
    TableColumn("RULE", right=True),
    TableColumn("SKUS", flexible=True),
    TableColumn("CHANNEL", flexible=True),
    TableColumn("KIND"),
    TableColumn("UP TO", right=True),
    TableColumn("UNTIL"),
    TableColumn("IGNORES", right=True),
    TableColumn("BY"),
    TableColumn("SINCE", right=True),
)
_EXAMPLES = (
    TableColumn("SKU", flexible=True),
    TableColumn("CHANNEL", flexible=True),
    TableColumn("KIND"),
    TableColumn("SHOWS", right=True),
    TableColumn("TARGET", right=True),
)


def table(rules: Sequence[IgnoreRule], paper: Paper, *, now: Millis) -> Lines:
    """One rule a row, with its reason below, and of an ended one who ended it."""
    if not rules:
        return [paper.line("No rules: nothing is ignored.")]
    heading, *rows = paper.table(_COLUMNS, [_row(rule, now) for rule in rules])
    lines = [heading]
    for row, rule in zip(rows, rules, strict=True):
        lines += [row, *paper.paragraph(clean(rule.why))]
        ended = ignoring.end_text(rule)
        lines += paper.paragraph(ended) if ended else []
    return lines


def preview(found: IgnorePreview, where: IgnoreWhere, paper: Paper, *, now: Millis) -> Lines:
    """How many a rule would ignore at this moment, and the first of them."""
    lines = [
        paper.line(TableCell(ignoring.where_text(where, now), "bold")),
        *paper.paragraph(ignoring.preview_text(found)),
    ]
    if found.examples:
        lines += paper.table(_EXAMPLES, [_example(shown) for shown in found.examples])
    left = found.count - len(found.examples)
    return [*lines, *([paper.line(f"and {left:,} more")] if found.examples and left else [])]


def made(rule: IgnoreRule) -> str:
    return f"Rule {rule.id} ignores {plural(rule.hides, 'disagreement')} now."


def rule_json(rule: IgnoreRule) -> Json:
    return {
        "id": rule.id,
        **where_json(rule.where),
        "why": rule.why,
        "by": rule.made_by,
        "at": rfc3339(rule.made_at),
        "ignores": rule.hides,
        "ended_at": rfc3339(rule.ended_at),
        "ended_by": rule.ended_by,
        "ended_why": rule.ended_why,
    }


def where_json(where: IgnoreWhere) -> Json:
    return {
        "skus": where.skus,
        "channel": where.channel,
        "kind": None if where.kind is None else str(where.kind),
        "units_max": where.units_max,
        "until": rfc3339(where.until),
    }


def preview_json(found: IgnorePreview) -> Json:
    return {
        "count": found.count,
        "already": found.already,
        "updates": found.updates,
        "examples": [
            {
                "id": shown.id,
                "sku": shown.sku,
                "channel": shown.channel,
                "location": shown.location,
                "kind": str(shown.kind),
                "available": shown.available,
                "target": shown.target,
                "units": shown.units,
            }
            for shown in found.examples
        ],
    }


def _row(rule: IgnoreRule, now: Millis) -> tuple[TableCell | str, ...]:
    where, dim = rule.where, "dim" if rule.ended_at is not None else ""
    cells = (
        str(rule.id),
        show_blanks(where.skus),
        where.channel or NONE,
        str(where.kind or NONE),
        units(where.units_max),
        NONE if where.until is None else f"{day_and_time(where.until)[:16]}Z",
        f"{rule.hides:,}" if rule.ended_at is None else "ended",
        clean(rule.made_by),
        age(now - rule.made_at),
    )
    return tuple(TableCell(cell, dim) for cell in cells)


def _example(shown: IgnoredExample) -> tuple[str, ...]:
    where = f"{shown.channel}/{shown.location}" if shown.location else shown.channel
    return (
        show_blanks(shown.sku), where, str(shown.kind), units(shown.available), units(shown.target),
    )  # fmt: skip

"""Rows as CSV for a spreadsheet, in parts; no cell of them can be a formula."""

import csv
import io
from collections.abc import Iterable, Sequence
from functools import lru_cache

from console.reports.disagreements import CSV_COLUMNS, defused
from console.text.disagreement_groups import Explained
from console.text.reasons import reason_in_documents
from store.model import Cause, Disagreement
from sync.clock import rfc3339

UNFINISHED = '\n"unfinished: an error ended this list, and rows are missing'
"""What stands last in a list that broke off: a quote that nothing closes, an error for a reader.

Cut off after a whole row, it would pass for all that there is."""


def disagreements_heading() -> str:
    return text([CSV_COLUMNS])


def disagreements(page: Iterable[Explained]) -> str:
    return text(disagreement(*explained) for explained in page)


def disagreement(row: Disagreement, cause: Cause | None) -> tuple[object, ...]:
    """`console.reports.disagreements.csv_row` with its texts defused: a test holds them equal."""
    return (
        row.id,
        _defused(row.sku),
        _defused(row.title),
        _name(row.channel),
        _name(row.location),
        row.kind,
        row.status,
        reason_in_documents(row.reason),
        row.available,
        _name(row.state),
        row.target,
        _name(row.target_state),
        row.delta,
        row.money_at_risk,
        _time(row.first_seen_at),
        None if cause is None else cause.kind,
        None if cause is None else _defused(cause.evidence),
        row.correction_id,
        _name(row.acknowledged_by),
        _time(row.acknowledged_at),
        _name(row.acknowledged_why),
        row.ignored_rule,
        _name(row.ignored_by),
        _time(row.ignored_until),
        _name(row.ignored_why),
    )


def text(rows: Iterable[Sequence[object]]) -> str:
    """Rows whose texts are defused already."""
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows(rows)
    return file.getvalue()


def _defused(cell: str) -> object:
    # Nearly all begin like this one.
    if cell.isascii() and cell.isprintable() and cell[:1].isalnum():
        return cell
    return defused(cell)


_name = lru_cache(1024)(defused)
_time = lru_cache(4096)(rfc3339)
"""Of what comes again in row after row."""

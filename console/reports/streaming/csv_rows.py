"""Rows as CSV for a spreadsheet, in parts; no cell of them can be a formula."""

import csv
import io
from collections.abc import Iterable, Sequence

from console.reports.disagreements import CSV_COLUMNS, csv_row, defused
from console.text.disagreement_groups import Explained

UNFINISHED = '\n"unfinished: an error ended this list, and rows are missing'
"""What stands last in a list that broke off: a quote that nothing closes, an error for a reader.

Cut off after a whole row, it would pass for all that there is."""


def disagreements_heading() -> str:
    return text([CSV_COLUMNS])


def disagreements(page: Iterable[Explained]) -> str:
    return text([defused(cell) for cell in csv_row(*explained)] for explained in page)


def text(rows: Iterable[Sequence[object]]) -> str:
    """Rows whose texts are defused already."""
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows(rows)
    return file.getvalue()

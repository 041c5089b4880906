"""Proposes a description of a CSV file or a spreadsheet from its first rows. Blocks."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sync.channels.csv.files import FileStatus, FileTimes, candidates, channel_errors, newest
from sync.channels.csv.layout import DELIMITERS, encoding_of
from sync.channels.csv.numbers import decimal_signs, readings
from sync.channels.csv.totals import is_totals_word
from sync.channels.csv.unpacking.content import content
from sync.clock import Clock
from sync.describing import families
from sync.describing.databases import rate
from sync.describing.families import FileFamilies
from sync.describing.fields import FieldChoice, choose
from sync.describing.proposal import Proposal, of_columns
from sync.describing.record_lists import expression
from sync.describing.seen import SAMPLE_MAX, counted, scan
from sync.errors import ContractBroken
from sync.values import quoted

_HEADING_ROWS = 20
_SHOWN = 8
_LINE_LENGTH_MAX = 64 * 1024


@dataclass(frozen=True, slots=True)
class _Grid:
    """One way of reading a text: its heading and the rows below it."""

    name: str
    heading: Sequence[str]
    rows: Sequence[Sequence[str]]

    @property
    def points(self) -> tuple[float, int]:
        full = [row for row in self.rows if len(row) == len(self.heading)]
        return rate(self.heading) + min(1.0, len(full) / max(1, len(self.rows))), len(self.heading)


def describe_file(name: str, path: Path, written: str, clock: Clock) -> Proposal:
    """Look at the first rows of a file, or of a folder's newest, and propose its columns.

    `written` is the path as it shall stand in the configuration. Raises ChannelError.
    """
    found, folder = candidates(path), None
    if path.is_dir():
        folder = families.of([file.path.name for file in found])
    if folder is not None:
        found = [file for file in found if file.path.name in folder.full_names]
    status = newest(found, FileTimes(), clock.now())
    grids, sheets = _look(status)
    best = max(grids, key=lambda grid: grid.points)
    records = [_record(best.heading, row) for row in best.rows]
    choice = choose(scan(records), expression, is_file=True)
    listed = _without_totals(records, choice)
    if len(listed) < len(records):
        choice = choose(scan(listed), expression, is_file=True)
    # A file has no ids of its own for what it lists.
    choice.fields.pop("ref", None)
    own: dict[str, object] = {"kind": "csv", "path": written}
    if folder is not None:
        own |= {"full": folder.full, "changes": folder.changes}
    if ", sheet " in best.name and sheets > 1:
        own["sheet"] = best.name.partition(", sheet ")[2]
    if (sign := _decimal(best, anyway=folder is not None)) is not None:
        own["decimal"] = sign
    proposed = of_columns(name, own, choice)
    if sign is not None:
        others = "a column whose numbers can be read in one way only has it"
        proposed.table.remarks["decimal"] = f"guess: {others}"
    besides = " and a totals row" if len(listed) < len(records) else ""
    proposed.seen.insert(
        0, f"{best.name}: {counted(len(listed), 'row')}{besides}, looked at by `skew describe`"
    )
    _introduce(proposed, folder, status.path.name)
    return proposed


def _look(status: FileStatus) -> tuple[list[_Grid], int]:
    """Read the first rows of each of its sheets, in each way; and say how many sheets there are."""
    grids: list[_Grid] = []
    with content(status, sheet=None, decimal=None) as held:
        for title, opens in held.opens.items():
            with channel_errors(status), opens() as file:
                encoding = encoding_of(file)
                file.seek(0)
                text = io.TextIOWrapper(file, encoding=encoding, newline="")
                wanted = range(SAMPLE_MAX + _HEADING_ROWS)
                lines = [line for _ in wanted if (line := text.readline(_LINE_LENGTH_MAX))]
                text.detach()
            grids += _grids(title, lines)
        if not grids:
            raise ContractBroken("no rows of columns are in it", path="", subject=status.path.name)
        return grids, len(held.opens)


def _introduce(proposed: Proposal, folder: FileFamilies | None, name: str) -> None:
    """Say which files of a folder are which."""
    if folder is None:
        if families.says_changes(name):
            proposed.notes.append(
                f"by its name, {quoted(name)} holds only what changed: files of changes need full "
                'lists beside them, full = "full*.csv" and changes = "changes-*.csv"'
            )
        return
    full, changes = len(folder.full_names), len(folder.change_names)
    proposed.table.remarks["full"] = f"guess by the names: {counted(full, 'full list')}"
    proposed.table.remarks["changes"] = (
        f"guess by the names: {counted(changes, 'file')} of only what changed"
    )
    proposed.seen.insert(
        1, f"the folder has full lists and files of changes: {quoted(name)} is its newest full list"
    )
    if folder.others:
        some = ", ".join(map(quoted, folder.others[:_SHOWN]))
        proposed.notes.append(
            f"{counted(len(folder.others), 'file')} of the folder would not be read: {some}"
        )


def _without_totals(
    records: Sequence[Mapping[str, object]], choice: FieldChoice
) -> Sequence[Mapping[str, object]]:
    """Leave out a totals row at the end: it has a word for it, or numbers without a SKU."""
    if "sku" not in choice.fields or len(records) < 2:  # noqa: PLR2004 - a row and its total.
        return records
    last = records[-1]
    sku = last.get(choice.fields["sku"].place.path[-1])
    cells = [cell for cell in last.values() if isinstance(cell, str)]
    if sku is None:
        is_total = any(is_totals_word(cell) or readings(cell) for cell in cells)
    else:
        is_total = is_totals_word(str(sku), with_amount=len(cells) == 1)
    return records[:-1] if is_total else records


def _grids(title: str, lines: Sequence[str]) -> Iterator[_Grid]:
    """Read a text with each delimiter; the heading is the row that looks most like one."""
    for delimiter in DELIMITERS:
        try:
            rows = [row for row in csv.reader(lines, delimiter=delimiter) if any(row)]
        except csv.Error:
            continue
        if not rows or max(map(len, rows)) < 2:  # noqa: PLR2004 - a SKU and a quantity.
            continue
        at = max(range(min(len(rows), _HEADING_ROWS)), key=lambda n: (rate(rows[n]), len(rows[n])))
        heading = [cell.removeprefix("\ufeff").strip() for cell in rows[at]]
        yield _Grid(title, heading, rows[at + 1 : at + 1 + SAMPLE_MAX])


def _decimal(grid: _Grid, *, anyway: bool) -> str | None:
    """Say which decimal sign the file has, where a column leaves it open and another proves it.

    `anyway`: also where none of its columns does, as other files will be read by the same keys.
    """
    columns = {str(place): place for place in range(len(grid.heading))}
    rows = [list(row) for row in grid.rows]
    proven = decimal_signs(columns, rows)
    open_too = anyway or any(
        len(set(readings(row[place]).values())) > 1
        for name, place in columns.items()
        if name not in proven
        for row in rows
        if place < len(row)
    )
    return next(iter(proven.values())) if open_too and len(set(proven.values())) == 1 else None


def _record(heading: Sequence[str], row: Sequence[str]) -> Mapping[str, object]:
    cells = zip(heading, row, strict=False)
    return {title: cell.strip() or None for title, cell in cells if title}

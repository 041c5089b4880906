"""Proposes a description of a CSV file or a spreadsheet from its first rows. Blocks."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sync.channels.csv.files import FileTimes, candidates, channel_errors, newest
from sync.channels.csv.layout import DELIMITERS, encoding_of
from sync.channels.csv.numbers import decimal_signs, readings
from sync.channels.csv.unpacking.content import content
from sync.clock import Clock
from sync.describing.databases import rate
from sync.describing.fields import choose
from sync.describing.proposal import Proposal, of_columns
from sync.describing.record_lists import expression
from sync.describing.seen import SAMPLE_MAX, counted, scan
from sync.errors import ContractBroken

_HEADING_ROWS = 20
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
    status = newest(candidates(path), FileTimes(), clock.now())
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
    best = max(grids, key=lambda grid: grid.points)
    records = [_record(best.heading, row) for row in best.rows]
    choice = choose(scan(records), expression, is_file=True)
    # A file has no ids of its own for what it lists.
    choice.fields.pop("ref", None)
    own: dict[str, object] = {"kind": "csv", "path": written}
    if ", sheet " in best.name and len(held.opens) > 1:
        own["sheet"] = best.name.partition(", sheet ")[2]
    if (sign := _decimal(best)) is not None:
        own["decimal"] = sign
    proposed = of_columns(name, own, choice)
    if sign is not None:
        others = "a column whose numbers can be read in one way only has it"
        proposed.table.remarks["decimal"] = f"guess: {others}"
    proposed.seen.insert(
        0, f"{best.name}: {counted(len(records), 'row')}, looked at by `skew describe`"
    )
    return proposed


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


def _decimal(grid: _Grid) -> str | None:
    """Say which decimal sign the file has, where a column leaves it open and another proves it."""
    columns = {str(place): place for place in range(len(grid.heading))}
    rows = [list(row) for row in grid.rows]
    proven = decimal_signs(columns, rows)
    open_too = any(
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

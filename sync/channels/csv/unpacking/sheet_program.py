"""A program of its own: writes each sheet of a workbook as a CSV file. `sheets` runs it.

A small file can describe a sheet of billions of cells. The library that reads it takes all the
memory that it wants, and ends the process when there is no more: so it is not our process, and its
memory is bounded. It imports nothing of ours, for it is run by its path.
"""

import csv
import importlib
import json
import sys
from datetime import datetime
from decimal import Decimal
from pathlib import Path

MEMORY_BYTES_MAX = 4 * 2**30
FILE_BYTES_MAX = 2**30
CPU_S_MAX = 300
_EXACT_MAX = 10**15
"""A spreadsheet keeps 15 digits of a number."""


def main(workbook: str, folder: str, decimal: str) -> None:
    """Write the visible sheets to `folder` as 0.csv, 1.csv …, and their names to stdout."""
    _bound()
    calamine = importlib.import_module("python_calamine")
    names: list[str] = []
    # By its path the library would go by the file's name, and not by what it holds.
    with Path(workbook).open("rb") as file:
        opened = calamine.CalamineWorkbook.from_filelike(file)
        for sheet in opened.sheets_metadata:
            if str(sheet.visible).endswith(".Visible") and str(sheet.typ).endswith(".WorkSheet"):
                path = Path(folder, f"{len(names)}.csv")
                names.append(sheet.name)
                _write(opened.get_sheet_by_name(sheet.name), path, decimal)
    json.dump(names, sys.stdout)


def _bound() -> None:
    try:
        import resource
    except ImportError:  # Windows has no such bounds.
        return
    for bound, most in (
        (resource.RLIMIT_AS, MEMORY_BYTES_MAX),
        (resource.RLIMIT_FSIZE, FILE_BYTES_MAX),
        (resource.RLIMIT_CPU, CPU_S_MAX),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(bound)
        unlimited = hard == resource.RLIM_INFINITY
        resource.setrlimit(bound, (most if unlimited else min(most, hard), hard))


def _write(sheet: "object", path: Path, decimal: str) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        # So that a row's line in the file is its number in the sheet.
        first, _ = getattr(sheet, "start", None) or (0, 0)
        file.write("\n" * first)
        for row in sheet.iter_rows():  # type: ignore[attr-defined]  # Of an untyped library.
            writer.writerow([_text(cell, decimal) for cell in row])


def _text(cell: object, decimal: str) -> str:
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, float):
        if cell.is_integer() and abs(cell) < _EXACT_MAX:
            return str(int(cell))
        number = format(Decimal(repr(cell)), "f")
        # With three digits behind it, a sign may be taken for that of thousands.
        if len(number.partition(".")[2]) == 3:  # noqa: PLR2004
            number += "0"
        return number.replace(".", decimal)
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ")
    return cell if isinstance(cell, str) else str(cell)


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Spreadsheets (`.xlsx`, `.ods`, `.xls`): each sheet becomes a CSV file, read like any other."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from sync import extras, values
from sync.channels.csv.unpacking import sheet_program
from sync.errors import ContractBroken, NeedsOperator, Temporary

_WAIT_S = 2 * sheet_program.CPU_S_MAX


def write_sheets(workbook: Path, name: str, into: Path, decimal: str | None) -> dict[str, Path]:
    """Write each visible sheet to a CSV file in the folder `into`; answers them by their names.

    `name` is the workbook's, for messages. Raises NeedsOperator where the library is not installed,
    Temporary, ContractBroken.
    """
    if lacking := extras.lack("sheets"):
        raise NeedsOperator(f"{name} is a spreadsheet and {lacking}; or have it sent as CSV")
    program = [sys.executable, "-P", sheet_program.__file__, str(workbook), str(into)]
    try:
        ended = subprocess.run(  # noqa: S603 - our own program, without a shell.
            [*program, decimal or "."], capture_output=True, timeout=_WAIT_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise Temporary(f"{name} was not read within {_WAIT_S} s") from error
    if ended.returncode:
        raise ContractBroken(f"{name}: {_reason(ended.stderr)}", path="")
    return {sheet: into / f"{n}.csv" for n, sheet in enumerate(json.loads(ended.stdout))}


def choose(sheets: Mapping[str, Path], name: str, wanted: str | None) -> dict[str, Path]:
    """Take the sheet that is wanted, or all that are there. Raises ContractBroken."""
    if wanted is None or wanted in sheets:
        return {found: path for found, path in sheets.items() if wanted in (None, found)}
    known = ", ".join(map(values.quoted, sheets)) or "none"
    raise ContractBroken(
        f"no sheet {values.quoted(wanted)}; sheets: {known}", path="", subject=name
    )


def _reason(stderr: bytes) -> str:
    """Say why the program failed, in the words of the library's error."""
    last = stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
    kind, _, words = last.partition(": ")
    if "PasswordError" in kind:
        return "is protected by a password: have it sent without one"
    if "Error" not in kind or "MemoryError" in kind:
        return "can't be read: it is damaged, or its sheets are too large"
    return f"can't be read: {values.quoted(words or kind)}"

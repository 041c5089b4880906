"""`[channels.NAME]` of the kind `csv`: its keys, and what of them does not belong together."""

import io
import re
from fnmatch import fnmatchcase
from pathlib import PurePath

import msgspec

from sync import values
from sync.channels.csv.layout import FIELDS, QUANTITIES, is_delimiter
from sync.channels.words import NumberWords, WordTable
from sync.time_zones import TimeZone

SKIP_MAX = 1000
BATCH = "{batch}"
"""What stands in `export` for a name that no other batch of updates has."""


class CsvOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The keys of a channel table that only this kind has."""

    path: str
    """A file, or a folder whose newest file is meant; relative to the configuration."""
    columns: dict[str, str] = {}
    """Our field → the header's name. Given, nothing else is read; by default the names agree."""
    encoding: str | None = None
    """By default: what the byte order mark says, else UTF-8, else Windows-1252."""
    delimiter: str | None = None
    """By default: a `sep=` line's, else whichever of comma, semicolon, tab and bar makes sense of
    the header."""
    skip: int | None = None
    """How many lines stand above the header; by default the header is looked for."""
    final_newline: bool = True
    """False: the last line of a finished file has no line end. Half a line then looks whole."""
    decimal: str | None = None
    """The decimal sign of its numbers, "." or ","; by default what a column's numbers prove."""
    timezone: TimeZone | None = None
    """Of its times that name none; by default UTC."""
    full: str | None = None
    """Of a folder, the names of the files that count, such as "full*.csv": the newest is read."""
    changes: str | None = None
    """The names of files that hold only what changed since, such as "changes-*.csv"."""
    export: str | None = None
    """Where updates become files that something else imports, such as
    "out/corrections-{batch}.csv"; relative to the configuration."""
    sheet: str | None = None
    """Of a spreadsheet; by default the only one that has the columns."""
    words: WordTable = {}
    """What stands where a number belongs, and what it means."""

    def __post_init__(self) -> None:
        _check_columns(self.columns)
        NumberWords(self.words)
        if self.delimiter is not None and not is_delimiter(self.delimiter):
            raise ValueError(
                f'delimiter must be one character such as ";", not {values.quoted(self.delimiter)}'
            )
        if self.skip is not None and not 0 <= self.skip <= SKIP_MAX:
            raise ValueError(f"skip must be 0 to {SKIP_MAX:,} lines, not {self.skip}")
        _check_names(self.full, self.changes)
        _check_export(self)
        if self.decimal not in (None, ".", ","):
            raise ValueError(f'decimal must be "." or ",", not {values.quoted(self.decimal)}')
        try:
            # Some of Python's codecs are from bytes to bytes: this refuses them, too.
            io.TextIOWrapper(io.BytesIO(), encoding=self.encoding or "utf-8")
        except (LookupError, ValueError):
            raise ValueError(
                f"encoding {values.quoted(self.encoding)} is not known; use utf-8, cp1252 or utf-16"
            ) from None


def _check_names(full: str | None, changes: str | None) -> None:
    for key, pattern in (("full", full), ("changes", changes)):
        if pattern is not None and (not pattern.strip() or "/" in pattern or "\\" in pattern):
            raise ValueError(
                f"{key} {values.quoted(pattern)} is not a file's name: write one without its "
                f'folder, such as "{key}*.csv"'
            )
    if changes is not None and full is None:
        raise ValueError('changes needs the names of full lists too: full = "full*.csv"')
    if changes is not None and changes == full:
        raise ValueError('changes must be other names than full, such as "changes-*.csv"')


def _check_export(options: CsvOptions) -> None:
    if options.export is None:
        return
    path = PurePath(options.export)
    if BATCH not in path.name or set(re.findall(r"\{.*?\}", str(path))) != {BATCH}:
        raise ValueError(
            f"export {values.quoted(options.export)} must have {BATCH} in the file's name, and no "
            f'other braces, so that no file is overwritten: export = "out/corrections-{BATCH}.csv"'
        )
    made = path.name.replace(BATCH, "1")
    patterns = [name for name in (options.full, options.changes) if name is not None]
    is_read = any(fnmatchcase(made, name) for name in patterns) or not patterns
    if path.parent == PurePath(options.path) and is_read:
        raise ValueError(
            "export must be in another folder than the files that are read: they would be read too"
        )


def _check_columns(columns: dict[str, str]) -> None:
    unknown = [name for name in columns if name not in FIELDS]
    if unknown:
        raise ValueError(
            f"columns {values.quoted(unknown[0])} is not a field; known: {', '.join(FIELDS)}"
        )
    if columns and not ("sku" in columns and any(name in columns for name in QUANTITIES)):
        raise ValueError("columns needs sku, and available or on_hand")

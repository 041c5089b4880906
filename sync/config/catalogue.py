"""The files that the configuration names: bundles, and what a channel calls our SKUs.

A line that can't be used is skipped with a warning, and the rest is used. A file that can't be read
at all is a ConfigError.
"""

import csv
import io
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from store.model import Component
from sync import values
from sync.channels.csv.layout import DELIMITERS, encoding_of
from sync.channels.csv.numbers import readings
from sync.channels.csv.unpacking.packing import is_workbook
from sync.config.bundles import flatten
from sync.errors import ConfigError

FILE_BYTES_MAX = 2**26
LINES_MAX = 500_000
REPORTED_MAX = 20
"""Skipped lines that are reported one by one; of the others only how many there are."""

BUNDLE_COLUMNS = ("bundle_sku", "component_sku", "quantity")
_COLUMNS_SHOWN = 20

ColumnIndexes = Sequence[int]
"""Where in a row the wanted columns are."""


@dataclass(slots=True)
class SkippedLines:
    """Which lines of one file were skipped, and why: bounded, for the settings' warnings."""

    key: str
    file: str
    lines: list[str] = field(default_factory=list)
    count: int = 0

    def add(self, number: int, reason: str) -> None:
        self.count += 1
        if self.count <= REPORTED_MAX:
            self.lines.append(f"{self.key}: {self.file}, line {number}: {reason}")

    def warnings(self) -> tuple[str, ...]:
        more = self.count - REPORTED_MAX
        if more <= 0:
            return tuple(self.lines)
        return (*self.lines, f"{self.key}: {self.file}: {more:,} more lines were skipped")


def bundles(path: Path, key: str) -> tuple[tuple[Component, ...], tuple[str, ...]]:
    """Read what is sold as a bundle of what, nested ones flattened; and warnings of skipped lines.

    Raises ConfigError, naming `key`, where the file as a whole can't be used.
    """
    skipped = SkippedLines(key, path.name)
    components_of: dict[str, dict[str, int]] = {}
    first: dict[str, int] = {}
    incomplete: set[str] = set()
    for number, cells, problem in _rows(path, key, _bundle_columns, skipped):
        try:
            bundle = values.sku(cells[0])
        except ValueError as error:
            skipped.add(number, f"bundle_sku: {error}")
            continue
        first.setdefault(bundle, number)
        try:
            if problem:
                raise ValueError(problem)  # noqa: TRY301 - reported like what is wrong in a cell.
            _add_component(components_of.setdefault(bundle, {}), bundle, cells[1], cells[2])
        except _Duplicate as error:
            skipped.add(number, str(error))
        except ValueError as error:
            # A bundle without one of its components would be counted by the others alone, and
            # promise more than there is. So the whole bundle goes, not just this line.
            skipped.add(number, f"{error}; bundle {values.quoted(bundle)} is not used")
            incomplete.add(bundle)
    try:
        found, left = flatten(
            {
                bundle_sku: components_of[bundle_sku]
                for bundle_sku in components_of
                if bundle_sku not in incomplete
            },
            incomplete,
        )
    except ValueError as error:
        raise ConfigError(key, f"{path.name} has {error}") from None
    for bundle, reason in left.items():
        skipped.add(first[bundle], f"bundle {values.quoted(bundle)} is not used: {reason}")
    components = tuple(
        Component(bundle, component, quantity)
        for bundle, parts in found.items()
        for component, quantity in parts.items()
    )
    return components, skipped.warnings()


def aliases(path: Path, key: str) -> tuple[Mapping[str, str], tuple[str, ...]]:
    """Read what a channel calls our SKUs: its own → ours; and warnings of skipped lines.

    An alias of two SKUs is not used at all. Raises ConfigError, naming `key`, where the file as a
    whole can't be used.
    """
    skipped = SkippedLines(key, path.name)
    found: dict[str, str] = {}
    first_line: dict[str, int] = {}
    ambiguous: set[str] = set()
    for number, cells, problem in _rows(path, key, _alias_columns, skipped):
        if problem:
            skipped.add(number, problem)
            continue
        try:
            own, ours = values.sku(cells[0]), values.sku(cells[1])
        except ValueError as error:
            skipped.add(number, str(error))
            continue
        before = found.setdefault(own, ours)
        first_line.setdefault(own, number)
        if before != ours:
            ambiguous.add(own)
            skipped.add(
                number,
                f"{values.quoted(own)} is an alias of {values.quoted(ours)} here and of "
                f"{values.quoted(before)} in line {first_line[own]}: not used",
            )
    used = {own: ours for own, ours in found.items() if own not in ambiguous and own != ours}
    return used, skipped.warnings()


class _Duplicate(ValueError):
    """A line that repeats an earlier one word for word: skipping it loses nothing."""


def _add_component(components: dict[str, int], bundle: str, component: str, quantity: str) -> None:
    """Add one line to a bundle. Raises ValueError where it can't be right."""
    try:
        sku = values.sku(component)
    except ValueError as error:
        raise ValueError(f"component_sku: {error}") from None
    if not quantity.isdigit() and len(set(readings(quantity).values())) > 1:
        words = "can be read in two ways: write it without a dot or comma"
        raise ValueError(f"{values.quoted(quantity)} {words}")
    pieces = values.quantity(quantity)
    if pieces < 1:
        raise ValueError(f"the quantity is {pieces}, and must be at least 1")
    if sku == bundle:
        raise ValueError("the bundle names itself as its component")
    before = components.get(sku)
    if before == pieces:
        raise _Duplicate(f"{values.quoted(sku)} is listed already")
    if before is not None:
        raise ValueError(f"{values.quoted(sku)} is listed already, with {before} and not {pieces}")
    components[sku] = pieces


def _bundle_columns(header: Sequence[str]) -> ColumnIndexes:
    """Find the three columns. Raises ValueError naming what is missing."""
    return [_column(header, name) for name in BUNDLE_COLUMNS]


def _alias_columns(header: Sequence[str]) -> ColumnIndexes:
    """Find `channel_sku`, or the only other column, and `sku`. Raises ValueError."""
    ours = _column(header, "sku")
    if "channel_sku" in header:
        return [_column(header, "channel_sku"), ours]
    others = [at for at in range(len(header)) if at != ours]
    if len(others) != 1:
        raise ValueError('no column "channel_sku"')
    return [others[0], ours]


def _column(header: Sequence[str], name: str) -> int:
    if header.count(name) != 1:
        raise ValueError(f'{"no" if name not in header else "more than one"} column "{name}"')
    return header.index(name)


def _rows(
    path: Path, key: str, columns: Callable[[Sequence[str]], ColumnIndexes], skipped: SkippedLines
) -> Iterator[tuple[int, list[str], str]]:
    """Yield each line's number, its wanted cells as far as they are there, and what is wrong."""
    text = _text(path, key)
    header = io.StringIO(text, newline="").readline().rstrip("\r\n")
    delimiter, width, wanted = _layout(path, key, header, columns)
    for number, row, problem in _numbered(text, delimiter, key, path):
        if number > LINES_MAX:
            raise ConfigError(key, f"{path.name} has more than {LINES_MAX:,} lines")
        if problem:
            skipped.add(number, problem)
        elif len(row) != width:
            cells = [row[at] if at < len(row) else "" for at in wanted]
            yield number, cells, f"{len(row)} fields, but the header has {width}"
        elif number > 1:
            yield number, [row[at] for at in wanted], ""


def _numbered(
    text: str, delimiter: str, key: str, path: Path
) -> Iterator[tuple[int, list[str], str]]:
    """Split lines into fields; a broken line costs that line only."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    before = 0
    while True:
        problem = ""
        try:
            row = next(reader, None)
        except csv.Error as error:
            row, problem = [], str(error)
            if reader.line_num > before + 1:
                # An open quote swallows line after line until the next quote, and nobody can say
                # which of them were meant. A broken line that is only one costs only itself.
                words = f"{path.name}, line {before + 1}: a quote is never closed"
                raise ConfigError(key, words) from None
        if row is None:
            return
        before = reader.line_num
        if row or problem:
            yield before, row, problem


def _layout(
    path: Path, key: str, header: str, columns: Callable[[Sequence[str]], ColumnIndexes]
) -> tuple[str, int, ColumnIndexes]:
    """Find the delimiter that makes sense of the header, how many fields it has, which are ours."""
    problem = ""
    found: Sequence[str] = ()
    for delimiter in DELIMITERS:
        try:
            names = [name.strip() for name in next(csv.reader([header], delimiter=delimiter), [])]
            return delimiter, len(names), columns([name.lower() for name in names])
        except ValueError as error:
            if not problem or len(names) > len(found):
                problem, found = str(error), names
        except csv.Error as error:
            problem = problem or str(error)
    shown = ", ".join(values.quoted(column).strip('"') for column in found[:_COLUMNS_SHOWN])
    raise ConfigError(key, f"{path.name}: {problem}; columns: {shown or 'none'}")


def _text(path: Path, key: str) -> str:
    """Read the file, as the `csv` kind finds its encoding."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise ConfigError(key, f"{path} is not a file")
        if status.st_size > FILE_BYTES_MAX:
            raise ConfigError(key, f"{path.name} has more than {FILE_BYTES_MAX:,} bytes")
        data = path.read_bytes()
    except FileNotFoundError:
        raise ConfigError(key, f"{path} not found") from None
    except OSError as error:
        raise ConfigError(key, f"{path} can't be read: {error.strerror}") from None
    except ValueError as error:
        raise ConfigError(key, f"can't be a file's name: {error}") from None
    file = io.BytesIO(data)
    if is_workbook(file):
        raise ConfigError(key, f"{path.name} is a spreadsheet, not CSV: save it as CSV")
    try:
        return data.decode(encoding_of(file))
    except UnicodeError:
        raise ConfigError(key, f"{path.name} mixes encodings: save it as UTF-8") from None

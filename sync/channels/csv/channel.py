"""The `csv` kind: a file that something else drops, or the newest file of a folder. Only read.

A file that may be half written is never read: it must have stayed the same for a moment, end with
a line end, and be unchanged when its last row has been read. Otherwise the poll fails as Temporary,
and the last good readings stay. What is cut at a line's end and left so is for the guard to see.
"""

import asyncio
import codecs
import contextlib
import csv
import io
import itertools
import os
import stat
import threading
from collections.abc import AsyncIterator, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import msgspec

from store.model import Millis, Record, Refused, State
from sync import values
from sync.channels.base import Abilities, Change, FreshReadings, ListingRef, Receipt, RecordPage
from sync.channels.csv.layout import (
    FIELDS,
    QUANTITIES,
    Layout,
    encoding_of,
    ends_with_newline,
    find_layout,
    is_workbook,
)
from sync.clock import Clock, rfc3339
from sync.errors import ContractBroken, NeedsOperator, Temporary, WriteRejected

if TYPE_CHECKING:
    from sync.transport.transport import Transport

PAGE_ROWS = 1000
FILE_BYTES_MAX = 2**30
SUFFIXES = frozenset({".csv", ".tsv", ".txt"})
"""What counts in a folder: a file being uploaded is usually named otherwise, or hidden."""

QUIET_MS = 2_000
"""A file that has not changed for so long is taken for finished at the first look."""
LOOK_AGAIN_MS = 250
LOOKS_MAX = 5
_HEADER_LENGTH_MAX = 64 * 1024
_LINE_LENGTH_MAX = 1024 * 1024


class CsvOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The keys of a channel table that only this kind has."""

    path: str
    """A file, or a folder whose newest .csv, .tsv or .txt file is meant; relative to the
    configuration."""
    columns: dict[str, str] = {}
    """Our field → the header's name. Given, nothing else is read; by default the names agree."""
    encoding: str | None = None
    """By default: what the byte order mark says, else UTF-8, else Windows-1252."""
    delimiter: str | None = None
    """By default: whichever of comma, semicolon, tab and bar makes sense of the header."""
    final_newline: bool = True
    """False: the last line of a finished file has no line end. Half a line then looks whole."""

    def __post_init__(self) -> None:
        unknown = [name for name in self.columns if name not in FIELDS]
        if unknown:
            raise ValueError(f"columns has no field {unknown[0]}: known are {', '.join(FIELDS)}")
        if self.columns and not (
            "sku" in self.columns and any(name in self.columns for name in QUANTITIES)
        ):
            raise ValueError("columns needs sku, and available or on_hand")
        if self.delimiter is not None and len(self.delimiter) != 1:
            raise ValueError("delimiter must be one character")
        try:
            codecs.lookup(self.encoding or "utf-8")
        except LookupError:
            raise ValueError("encoding is not one that Python knows, such as utf-8") from None


_FIGURES = tuple(name for name in FIELDS[2:] if name not in {"threshold", "title", "updated_at"})
OPTIONS = CsvOptions
ABILITIES = Abilities(
    kind="csv",
    reads=_FIGURES,
    states=frozenset(State),
    notes="a file or the newest of a folder; read only",
)


def abilities(options: CsvOptions) -> Abilities:
    """Say what the channel can do: read, and compare states where `columns` names them."""
    return replace(
        ABILITIES,
        reads=tuple(name for name in _FIGURES if name in (options.columns or FIELDS)),
        states=ABILITIES.states if "state" in options.columns else frozenset(),
    )


def open_channel(
    name: str, options: CsvOptions, transport: "Transport", clock: Clock, base: Path
) -> "CsvFile":
    """Make the channel ready; no file is touched."""
    return CsvFile(name, options, transport, clock, base / Path(options.path).expanduser())


class CsvFile:
    """Reads in a thread, a thousand rows at a time; the file is open only during a poll."""

    def __init__(
        self, name: str, options: CsvOptions, transport: "Transport", clock: Clock, path: Path
    ) -> None:
        self.abilities = abilities(options)
        self._name = name
        self._options = options
        self._transport = transport
        self._clock = clock
        self._path = path

    async def pages(self) -> AsyncIterator[RecordPage]:
        steps = _InThread(_pages(self._name, self._options, await self._wait_until_written()))
        try:
            while (page := await asyncio.to_thread(steps.next)) is not None:
                yield page
        finally:
            await asyncio.to_thread(steps.close)

    async def read(self, wanted: Sequence[ListingRef]) -> FreshReadings:
        """Never called: a file cannot be asked for one row."""
        raise Temporary(f"{self._name} is read as a whole, not for {len(wanted)} listings")

    async def write(self, changes: Sequence[Change]) -> Sequence[Receipt]:
        """Never called: the configuration refuses to push to a file."""
        raise WriteRejected(f"{self._name} is a file: {len(changes)} changes were not written")

    async def sign_in(self) -> str:
        status = await self._wait_until_written()
        layout = await asyncio.to_thread(_layout, self._name, self._options, status)
        found = ", ".join(f"{field} in {layout.header[at]!r}" for field, at in layout.at.items())
        written = rfc3339(status.modified_ns // 1_000_000)
        return f"{status.path.name}, {status.size:,} bytes, written {written}, has {found}"

    async def close(self) -> None:
        await self._transport.aclose()

    async def _wait_until_written(self) -> "_FileStatus":
        """Find the file, and wait for a moment in which nobody writes it."""
        status = await asyncio.to_thread(_file_status, self._name, self._path)
        for _ in range(LOOKS_MAX):
            if self._clock.now() - status.modified_ns // 1_000_000 >= QUIET_MS:
                return status
            await self._clock.sleep(LOOK_AGAIN_MS)
            again = await asyncio.to_thread(_file_status, self._name, self._path)
            if again == status:
                return status
            status = again
        raise Temporary(f"{self._name}: {status.path.name} is still being written")


class _InThread:
    """A generator that one thread after another may advance; `close` waits for `next` to end."""

    def __init__(self, pages: Generator[RecordPage]) -> None:
        self._pages = pages
        self._lock = threading.Lock()

    def next(self) -> RecordPage | None:
        with self._lock:
            return next(self._pages, None)

    def close(self) -> None:
        with self._lock:
            self._pages.close()


@dataclass(frozen=True, slots=True)
class _FileStatus:
    """What a file was when we looked: the same again means that nobody wrote in between."""

    path: Path
    inode: int
    size: int
    modified_ns: int

    def is_still(self, status: os.stat_result) -> bool:
        now = (status.st_ino, status.st_size, status.st_mtime_ns)
        return now == (self.inode, self.size, self.modified_ns)


@dataclass(frozen=True, slots=True)
class _Row:
    line: int
    fields: list[str]
    problem: str = ""


def _file_status(name: str, path: Path) -> _FileStatus:
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            found = [(file.stat(), file) for file in path.iterdir() if _is_candidate(file)]
            if not found:
                raise Temporary(f"{name}: no .csv, .tsv or .txt file is in {path}")
            status, path = max(found, key=lambda pair: (pair[0].st_mtime_ns, pair[1].name))
    except PermissionError as error:
        raise NeedsOperator(f"{name}: {path} may not be read: grant Skew the right to") from error
    except OSError as error:
        raise Temporary(f"{name}: {path} cannot be read: {error.strerror}") from error
    if not stat.S_ISREG(status.st_mode):
        raise NeedsOperator(f"{name}: {path} is neither a file nor a folder")
    return _FileStatus(path, status.st_ino, status.st_size, status.st_mtime_ns)


def _is_candidate(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file()


def _pages(name: str, options: CsvOptions, status: _FileStatus) -> Generator[RecordPage]:
    """Read a file, a thousand rows at a time, and make sure at its end that it was whole."""
    layout = _layout(name, options, status)
    with _opened(name, status) as file, _channel_errors(name, status):
        text = io.TextIOWrapper(file, encoding=layout.encoding, newline="")
        rows = _rows(name, layout, text)
        next(rows)
        last = _Row(1, list(layout.header))
        while some := list(itertools.islice(rows, PAGE_ROWS)):
            last = some[-1]
            yield _page(some, layout, as_of=status.modified_ns // 1_000_000)
        if not options.final_newline and len(last.fields) < len(layout.header):
            raise Temporary(f"{name}: {status.path.name} is half written: its last line is cut")
        if not status.is_still(os.fstat(file.fileno())):
            raise Temporary(f"{name}: {status.path.name} changed while it was read")


def _rows(name: str, layout: Layout, text: io.TextIOWrapper) -> Iterator[_Row]:
    """Split lines into fields, the header included. A broken line costs that line only."""
    reader = csv.reader(_lines(name, text), delimiter=layout.delimiter, strict=True)
    before = 0
    while True:
        try:
            row = next(reader, None)
        except csv.Error as error:
            if reader.line_num > before + 1:
                # A quote that was never closed has swallowed lines, and nobody knows which.
                words = f"{name}: a quote is opened and never closed ({error})"
                raise ContractBroken(words, path=f"line {before + 1}") from error
            yield _Row(reader.line_num, [], problem=str(error))
        else:
            if row is None:
                return
            if row:
                yield _Row(reader.line_num, row)
        before = reader.line_num


def _lines(name: str, text: io.TextIOWrapper) -> Iterator[str]:
    """Give the file's lines; one that never ends would fill the memory."""
    number = 0
    while line := text.readline(_LINE_LENGTH_MAX + 1):
        number += 1
        if len(line) > _LINE_LENGTH_MAX:
            words = f"{name}: a line of more than {_LINE_LENGTH_MAX:,} characters"
            raise ContractBroken(words, path=f"line {number}")
        yield line


def _page(rows: Iterable[_Row], layout: Layout, *, as_of: Millis) -> RecordPage:
    records: list[Record] = []
    refused: list[Refused] = []
    for row in rows:
        try:
            records.append(_record(row, layout))
        except ValueError as error:
            sku, location = _listing_of(row, layout)
            refused.append(Refused(f"line {row.line}", str(error), sku, location))
    return RecordPage(records=records, refused=refused, as_of=as_of)


def _listing_of(row: _Row, layout: Layout) -> tuple[str | None, str]:
    """Say whose row was refused, as far as can be read: nobody's where the location cannot."""
    found = {
        name: row.fields[layout.at[name]]
        for name in ("sku", "location")
        if name in layout.at and layout.at[name] < len(row.fields)
    }
    try:
        return values.sku_or_none(found.get("sku")), values.location(
            found["location"] if "location" in layout.at else None
        )
    except (KeyError, ValueError):
        return None, ""


def _record(row: _Row, layout: Layout) -> Record:
    if row.problem:
        raise ValueError(row.problem)
    if len(row.fields) != len(layout.header):
        raise ValueError(f"{len(row.fields)} fields, but the header has {len(layout.header)}")
    found = {name: row.fields[at] for name, at in layout.at.items()}
    amounts = values.amounts(found)
    return Record(
        sku=values.sku(found["sku"]),
        available=values.quantity(found["available"])
        if "available" in found
        else amounts.available(),
        location=values.location(found.get("location")),
        state=_state(found.get("state")),
        price_minor=values.price_minor(found.get("price")),
        title=values.title(found.get("title")),
        source_at=values.instant(found.get("updated_at")),
        on_hand=amounts.on_hand,
        committed=amounts.committed,
        unavailable=amounts.unavailable,
        incoming=amounts.incoming,
        threshold=amounts.threshold,
    )


def _state(word: str | None) -> str | None:
    if not word:
        return None
    try:
        return State(word.strip().lower())
    except ValueError:
        raise ValueError(
            f"{values.quoted(word)} is no state: known are {', '.join(State)}"
        ) from None


def _open_nonblocking(path: str, flags: int) -> int:
    """Open even what is a pipe by now at once: without a writer it would hold us for ever."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


@contextlib.contextmanager
def _opened(name: str, status: _FileStatus) -> Iterator[BinaryIO]:
    with _channel_errors(name, status), open(status.path, "rb", opener=_open_nonblocking) as file:
        if not status.is_still(os.fstat(file.fileno())):
            raise Temporary(f"{name}: {status.path.name} is being replaced")
        yield file


@contextlib.contextmanager
def _channel_errors(name: str, status: _FileStatus) -> Iterator[None]:
    """Name what the operating system or the decoder says, without quoting the file."""
    try:
        yield
    except PermissionError as error:
        raise NeedsOperator(
            f"{name}: {status.path} may not be read: grant Skew the right to"
        ) from error
    except OSError as error:
        raise Temporary(f"{name}: {status.path}: {error.strerror}") from error
    except UnicodeError as error:
        text = f"{name}: {status.path.name} is not in the encoding that it began with"
        raise ContractBroken(text, path=type(error).__name__) from error


def _layout(name: str, options: CsvOptions, status: _FileStatus) -> Layout:
    """Find out how the file is written. Raises Temporary where it looks half written."""
    with _opened(name, status) as file:
        if status.size > FILE_BYTES_MAX:
            raise ContractBroken(
                f"{name}: more than {FILE_BYTES_MAX:,} bytes", path=str(status.path)
            )
        if not status.size:
            raise Temporary(f"{name}: {status.path.name} is empty: nothing of it is written yet")
        if is_workbook(file):
            words = (
                f"{name}: {status.path.name} is a spreadsheet program's own file: save it as CSV"
            )
            raise ContractBroken(words, path="its first bytes")
        if options.final_newline and not ends_with_newline(file):
            raise Temporary(
                f"{name}: {status.path.name} looks half written: its last line has no line end; "
                "if it is always so, set final_newline = false"
            )
        encoding = options.encoding or encoding_of(file)
        file.seek(0)
        text = io.TextIOWrapper(file, encoding=encoding, newline="")
        first = text.readline(_HEADER_LENGTH_MAX)
        text.detach()
    try:
        return find_layout(
            first, encoding=encoding, delimiter=options.delimiter, columns=options.columns
        )
    except (ValueError, csv.Error) as error:
        raise ContractBroken(f"{name}: {status.path.name} {error}", path="line 1") from error

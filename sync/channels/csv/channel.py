"""The `csv` kind: a file that something else drops, or the newest file of a folder. Only read.

A file that may be half written is never read: the poll fails as Temporary, and the last good
readings stay.
"""

import asyncio
import codecs
import contextlib
import csv
import io
import itertools
import os
import threading
from collections.abc import AsyncIterator, Generator, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import msgspec

from store.model import Millis, State
from store.polling.file_sights import FileStamp
from sync import values
from sync.channels.base import Abilities, Change, FreshReadings, ListingRef, Receipt, RecordPage
from sync.channels.csv.files import (
    FileStatus,
    FileTimes,
    candidates,
    channel_errors,
    newest,
    opened,
)
from sync.channels.csv.layout import (
    FIELDS,
    QUANTITIES,
    Layout,
    compression_of,
    encoding_of,
    ends_with_newline,
    find_layout,
    is_workbook,
)
from sync.channels.csv.numbers import FIGURES, ColumnNumbers, decimal_signs
from sync.channels.csv.rows import Row, RowDecoder, read_rows
from sync.clock import Clock, rfc3339
from sync.errors import ChannelError, ContractBroken, Temporary, WriteRejected
from sync.time_zones import TimeZone, zone_of

if TYPE_CHECKING:
    from sync.transport.transport import Transport

PAGE_ROWS = 1000
FILE_BYTES_MAX = 2**30
QUIET_MS = 2_000
"""A file that has not changed for this long counts as finished at the first look."""
LOOK_AGAIN_MS = 250
LOOKS_MAX = 5
_HEADER_LENGTH_MAX = 64 * 1024


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
    decimal: str | None = None
    """The decimal sign of its numbers, "." or ","; by default what a column's numbers prove."""
    timezone: TimeZone | None = None
    """Of its times that name none; by default UTC."""

    def __post_init__(self) -> None:
        unknown = [name for name in self.columns if name not in FIELDS]
        if unknown:
            raise ValueError(
                f"columns {values.quoted(unknown[0])} is not a field; known: {', '.join(FIELDS)}"
            )
        if self.columns and not (
            "sku" in self.columns and any(name in self.columns for name in QUANTITIES)
        ):
            raise ValueError("columns needs sku, and available or on_hand")
        if self.delimiter is not None and len(self.delimiter) != 1:
            raise ValueError(
                f"delimiter must be one character, not {values.quoted(self.delimiter)}"
            )
        if self.decimal not in (None, ".", ","):
            raise ValueError(f'decimal must be "." or ",", not {values.quoted(self.decimal)}')
        try:
            codecs.lookup(self.encoding or "utf-8")
        except LookupError:
            raise ValueError(
                f"encoding {values.quoted(self.encoding)} is not known; use utf-8, cp1252 or utf-16"
            ) from None


_FIGURES = tuple(name for name in FIELDS[2:] if name not in {"threshold", "title", "updated_at"})
OPTIONS = CsvOptions
ABILITIES = Abilities(
    kind="csv",
    reads=_FIGURES,
    states=frozenset(State),
    is_local=True,
    files=True,
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
        self._times = FileTimes()

    async def look(
        self, known: Mapping[FileStamp, Millis], now: Millis
    ) -> Mapping[FileStamp, Millis]:
        with _naming(self._name):
            return self._times.note(await asyncio.to_thread(candidates, self._path), known, now)

    async def pages(self) -> AsyncIterator[RecordPage]:
        with _naming(self._name):
            status = await self._wait_until_written()
            as_of = self._times.of(status, self._clock.now())
            steps = _InThread(_pages(self._options, status, as_of))
            try:
                while (found := await asyncio.to_thread(steps.next)) is not None:
                    yield found
            finally:
                await asyncio.to_thread(steps.close)

    async def read(self, wanted: Sequence[ListingRef]) -> FreshReadings:
        """Never called: a file cannot be asked for one row."""
        raise Temporary(f"{self._name} is read as a whole, not for {len(wanted)} listings")

    async def write(self, changes: Sequence[Change]) -> Sequence[Receipt]:
        """Never called: the configuration refuses to push to a file."""
        raise WriteRejected(f"{self._name} is a file: {len(changes)} changes were not written")

    async def sign_in(self) -> str:
        with _naming(self._name):
            # Only the header is read: whoever still writes the file has written that.
            status = await self._newest()
            layout = await asyncio.to_thread(_layout, self._options, status)
        found = ", ".join(f"{field} in {layout.header[at]!r}" for field, at in layout.at.items())
        written = rfc3339(status.modified_at)
        if (ahead_ms := status.modified_at - self._clock.now()) > 0:
            written = f"{written}, {ahead_ms // 1000:,} s ahead of this machine's clock"
        return f"{status.path.name}, {status.size:,} bytes, written {written}, has {found}"

    async def close(self) -> None:
        await self._transport.aclose()

    async def _wait_until_written(self) -> "FileStatus":
        """Find the file, and wait until nobody writes it. Raises Temporary where it goes on."""
        # A file that is being written has a fresh modification time. Only a young file needs the
        # second look: the same inode, size and time mean that no byte was added in between.
        status = await self._newest()
        for _ in range(LOOKS_MAX):
            if self._clock.now() - status.modified_at >= QUIET_MS:
                return status
            await self._clock.sleep(LOOK_AGAIN_MS)
            again = await self._newest()
            if again == status:
                return status
            status = again
        raise Temporary(f"{status.path.name} is still being written")

    async def _newest(self) -> FileStatus:
        return await asyncio.to_thread(newest, self._path, self._times, self._clock.now())


@contextlib.contextmanager
def _naming(channel: str) -> Iterator[None]:
    """Begin the text of every error with the channel's name."""
    try:
        yield
    except ChannelError as error:
        error.args = (f"{channel}: {error}",)
        raise


class _InThread:
    """A generator that one thread after another may advance; `close` waits for `next` to end.

    The lock is for a poll that is cancelled: its thread may still be inside `next`, and a generator
    that is closed while it runs raises ValueError and keeps its file open.
    """

    def __init__(self, pages: Generator[RecordPage]) -> None:
        self._pages = pages
        self._lock = threading.Lock()

    def next(self) -> RecordPage | None:
        with self._lock:
            return next(self._pages, None)

    def close(self) -> None:
        with self._lock:
            self._pages.close()


def _pages(options: CsvOptions, status: FileStatus, as_of: Millis) -> Generator[RecordPage]:
    """Read a file, a thousand rows at a time, and make sure at its end that it was whole."""
    layout = _layout(options, status)
    numbers = ColumnNumbers(options.decimal, lambda: _decimal_signs(layout, status))
    decoder = RowDecoder(layout, numbers, zone_of(options.timezone))
    with _rows(layout, status) as (rows, file):
        last = Row(1, list(layout.header))
        while some := list(itertools.islice(rows, PAGE_ROWS)):
            last = some[-1]
            yield replace(decoder.page(some, as_of=as_of), file=status.stamp)
        if not options.final_newline and len(last.fields) < len(layout.header):
            raise Temporary(f"{status.path.name} is half written: its last line is cut")
        # The descriptor is asked, not the path: a file that was replaced by another is still the
        # one that we read, whole. What was cut exactly at a line's end is left to the guard.
        if not status.is_still(os.fstat(file.fileno())):
            raise Temporary(f"{status.path.name} changed while it was read")


def _decimal_signs(layout: Layout, status: FileStatus) -> Mapping[str, str]:
    """Read the file a second time, to find out which decimal sign each of its columns proves."""
    columns = {name: at for name, at in layout.at.items() if name in FIGURES}
    with _rows(layout, status) as (rows, _):
        return decimal_signs(columns, (row.fields for row in rows))


@contextlib.contextmanager
def _rows(layout: Layout, status: FileStatus) -> Iterator[tuple[Iterator[Row], BinaryIO]]:
    """Open the file for its rows, the header left out."""
    with opened(status) as file, channel_errors(status):
        text = io.TextIOWrapper(file, encoding=layout.encoding, newline="")
        rows = read_rows(layout, text, status.path.name)
        next(rows)
        yield rows, file


def _layout(options: CsvOptions, status: FileStatus) -> Layout:
    """Find out how the file is written. Raises Temporary where it looks half written."""
    with opened(status) as file:
        if status.size > FILE_BYTES_MAX:
            words = f"{status.path.name} has more than {FILE_BYTES_MAX:,} bytes"
            raise ContractBroken(words, path="")
        if not status.size:
            raise Temporary(f"{status.path.name} is empty: nothing is written yet")
        if is_workbook(file):
            words = f"{status.path.name} is a spreadsheet or a zip file: save it as CSV"
            raise ContractBroken(words, path="")
        if kind := compression_of(file):
            words = f"{status.path.name} is compressed ({kind}): unpack it, or have it sent as CSV"
            raise ContractBroken(words, path="")
        if options.final_newline and not ends_with_newline(file):
            raise Temporary(
                f"{status.path.name} looks half written: its last line has no line end. "
                "If that is always so, set final_newline = false"
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
        raise ContractBroken(str(error), path="line 1", subject=status.path.name) from error

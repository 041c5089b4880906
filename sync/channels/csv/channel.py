"""A channel of the kind `csv`: a file that something else drops, or the newest file of a folder.

A file that may be half written is never read: the poll fails as Temporary, and the last good
readings stay.
"""

import contextlib
import threading
from collections.abc import AsyncIterator, Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from store.model import Millis
from store.polling.changes.sequence import FileSequence
from store.polling.file_sights import FileStamp
from store.polling.recognition.pages import PageMarks
from store.polling.recognition.recogniser import Recogniser
from sync.channels import sightings
from sync.channels.base import (
    Change,
    FreshReadings,
    KeySighting,
    ListingRef,
    Receipt,
    RecordPage,
    Sighting,
)
from sync.channels.csv.changes import ChangesReader
from sync.channels.csv.export import Exporter
from sync.channels.csv.files import FileStatus, FileTimes, candidates, has_suffix, in_thread, newest
from sync.channels.csv.kind import abilities
from sync.channels.csv.layout import Layout
from sync.channels.csv.options import CsvOptions
from sync.channels.csv.reading import FileReader
from sync.channels.csv.recognition import whole
from sync.channels.csv.recognition.recalled import Recall
from sync.clock import Clock, rfc3339
from sync.errors import ChannelError, Temporary
from sync.values import quoted

if TYPE_CHECKING:
    from sync.channels.csv.remote_files.remote import RemotePlace
    from sync.transport.transport import Transport

QUIET_MS = 2_000
"""A file that has not changed for this long counts as finished at the first look."""
LOOK_AGAIN_MS = 250
LOOKS_MAX = 5


def open_channel(
    name: str, options: CsvOptions, transport: "Transport", clock: Clock, base: Path
) -> "CsvFile":
    """Make the channel ready; no file is touched."""
    return CsvFile(name, options, transport, clock, base)


class CsvFile:
    """Reads in a thread, a thousand rows at a time; the file is open only during a poll."""

    def __init__(
        self, name: str, options: CsvOptions, transport: "Transport", clock: Clock, base: Path
    ) -> None:
        self.abilities = abilities(options)
        self._name = name
        self._reader = FileReader(options)
        self._transport = transport
        self._clock = clock
        self._path = base / Path(options.path).expanduser()
        self._remote: RemotePlace | None = None
        if options.is_remote:
            from sync.channels.csv.remote_files import remote, servers

            server = servers.server_of(name, options, base, transport.redactor, transport.timeout_s)
            self._remote = remote.RemotePlace(server, clock)
        self._exporter = Exporter(options, base, clock)
        self._times = FileTimes()
        self._changes = (
            None if options.full is None else ChangesReader(options, self._times, self._reader)
        )
        self._has_changes = options.changes is not None
        self._known: FileSequence | None = None
        self._recogniser: Recogniser | None = None

    async def look(
        self, known: Mapping[FileStamp, Millis], now: Millis
    ) -> Mapping[FileStamp, Millis]:
        with _naming(self._name):
            return self._times.note(await self._found(), known, now)

    def resume(self, known: FileSequence | None) -> None:
        self._known = known

    def recall(self, recogniser: Recogniser) -> None:
        self._recogniser = recogniser

    async def pages(self) -> AsyncIterator[RecordPage]:
        recogniser, self._recogniser = self._recogniser, None
        with _naming(self._name):
            files, now = await self._wait_until_written(), self._clock.now()
            recall = None
            if recogniser is not None and not self._has_changes:
                status = self._newest(files, now)
                seen = await in_thread(whole.look, status, recogniser.source, now)
                if seen.stands and recogniser.everything():
                    if self.abilities.writes and self._reader.last_layout is None:
                        # What is exported is written like the file that was read last.
                        await in_thread(self._reader.learn_layout, status)
                    marks = PageMarks(everything=True, source=seen.note.encoded())
                    as_of = self._times.of(status, now)
                    yield RecordPage([], as_of=as_of, file=status.stamp, marks=marks)
                    return
                await recogniser.load()
                recall = Recall(recogniser, seen)
            steps = _InThread(self._pages(files, now, recall))
            try:
                while (found := await in_thread(steps.next)) is not None:
                    yield found
            finally:
                await in_thread(steps.close)

    def _pages(
        self, found: Sequence[FileStatus], now: Millis, recall: Recall | None
    ) -> Generator[RecordPage]:
        if self._changes is not None and self._has_changes:
            return self._changes.pages(found, self._known, now)
        status = self._newest(found, now)
        return self._reader.pages(status, self._times.of(status, now), recall=recall)

    async def read(self, wanted: Sequence[ListingRef]) -> FreshReadings:
        """Never called: a file cannot be asked for one row."""
        raise Temporary(f"{self._name} is read as a whole, not for {len(wanted)} listings")

    async def write(self, changes: Sequence[Change]) -> Sequence[Receipt]:
        """Make a file of them that something else imports. Only with `export`."""
        with _naming(self._name):
            return await self._exporter.write(changes, self._reader.last_layout)

    async def sign_in(self) -> str:
        with _naming(self._name):
            # Only the header is read: whoever still writes the file has written that.
            status = self._newest(await self._found(), self._clock.now())
            layout = await in_thread(self._reader.layout, status)
        found = ", ".join(f"{field} in {layout.header[at]!r}" for field, at in layout.at.items())
        written = rfc3339(status.modified_at)
        if (ahead_ms := status.modified_at - self._clock.now()) > 0:
            written = f"{written}, {ahead_ms // 1000:,} s ahead of this machine's clock"
        return f"{status.path.name}, {status.size:,} bytes, written {written}, has {found}"

    async def try_out(self) -> Sighting:
        seen = await self.sign_in()
        with _naming(self._name):
            status = self._newest(await self._found(), self._clock.now())
            layout = await in_thread(self._reader.layout, status)
            steps = _InThread(self._reader.pages(status, status.modified_at))
            try:
                page = await in_thread(steps.next) or RecordPage([])
            finally:
                await in_thread(steps.close)
        keys = [
            KeySighting("path", f"{status.path.name}, {layout.encoding}, {_titles(layout)}"),
            *sightings.of_fields(
                page.records,
                {field: layout.header[at] for field, at in layout.at.items()},
                "columns",
            ),
        ]
        wrong: list[str] = []
        if page.refused:
            first = page.refused[0]
            words = f"{first.place}: {first.reason}"
            rows = len(page.records) + len(page.refused)
            found = f"{len(page.refused):,} of {rows:,} rows can't be read; the first: {words}"
            keys.append(KeySighting("columns", found, ok=False))
            if not page.records:
                wrong.append(f"no row can be read; the first: {words}")
        return Sighting(seen, wrong, list(page.warnings), keys)

    async def close(self) -> None:
        if self._remote is not None:
            await in_thread(self._remote.close)
        await self._transport.aclose()

    async def _wait_until_written(self) -> Sequence[FileStatus]:
        """Find what is to be read, and wait until nobody writes it. Raises Temporary if it goes on.

        It is one file; where some hold only changes, it is all that count.
        """
        # A file that is being written has a fresh modification time. Only a young file needs the
        # second look: the same inode, size and time mean that no byte was added in between.
        before: set[FileStatus] = set()
        for _ in range(LOOKS_MAX + 1):
            found, now = await self._found(), self._clock.now()
            read = found if self._has_changes else [self._newest(found, now)]
            young = {file for file in read if now - file.modified_at < QUIET_MS}
            if young <= before:
                return read
            before = young
            await self._clock.sleep(LOOK_AGAIN_MS)
        raise Temporary(f"{next(iter(young)).path.name} is still being written")

    async def _found(self) -> list[FileStatus]:
        fits = has_suffix if self._changes is None else self._changes.fits
        if self._remote is not None:
            await self._transport.turn()
            return await in_thread(self._remote.candidates, fits)
        return await in_thread(candidates, self._path, fits)

    def _newest(self, found: Sequence[FileStatus], now: Millis) -> FileStatus:
        if self._changes is not None:
            return self._changes.newest_full(found, now)
        return newest(found, self._times, now)


@contextlib.contextmanager
def _naming(channel: str) -> Iterator[None]:
    """Begin the text of every error with the channel's name."""
    try:
        yield
    except ChannelError as error:
        error.args = (f"{channel}: {error}",)
        raise


def _titles(layout: Layout) -> str:
    """How a file's rows are told apart, and where its heading stands."""
    return f"delimiter {quoted(layout.delimiter)}, heading in line {layout.lines}"


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

"""Corrections as a file that something else imports: one row each, in the channel's own columns.

A file is there whole or not at all, and never takes another's place. What imports it, and when, we
don't see: a later reading of the channel proves it.
"""

import contextlib
import csv
import errno
import io
import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from sync import values
from sync.channels.base import Change, Receipt
from sync.channels.csv.files import in_thread
from sync.channels.csv.layout import Layout
from sync.channels.csv.options import BATCH, CsvOptions
from sync.clock import Clock
from sync.errors import NeedsOperator, Temporary, WriteOutcomeUnknown
from sync.transport.before_write import LastMoment

_TMPFILE = getattr(os, "O_TMPFILE", None)


class _Form(msgspec.Struct, frozen=True):
    """How the rows are written: as the channel's own file is."""

    titles: dict[str, str]
    """Our field → its heading, in the file's order."""
    delimiter: str
    encoding: str


class Exporter:
    """Writes the files of one channel."""

    def __init__(self, options: CsvOptions, base: Path, clock: Clock) -> None:
        self._options = options
        self._path = base / Path(options.export or "").expanduser()
        self._clock = clock

    async def write(self, changes: Sequence[Change], layout: Layout | None) -> Sequence[Receipt]:
        """Make a file of these changes; `layout` is that of the file that was read last.

        Raises Temporary and NeedsOperator where there is none, WriteOutcomeUnknown where there may
        be.
        """
        form = self._form(layout)
        receipts, rows = [], []
        for change in changes:
            row = _row(change, form)
            wrong = _wrong(row, form)
            receipts.append(Receipt(change, refused=wrong, later=not wrong))
            if not wrong:
                rows.append(row)
        if rows:
            await self._make(self._name(changes[0]), _text(rows, form))
        return receipts

    async def _make(self, path: Path, content: bytes) -> None:
        with contextlib.ExitStack() as stack:
            # All that takes time is done before the last look: what is left is one call of the
            # operating system, before which nobody can see the file.
            waiting = await in_thread(_prepare, path, content, stack)
            moment = LastMoment(self._clock)
            await moment.take()
            moment.check()
            await in_thread(_appear, waiting, path)

    def _name(self, first: Change) -> Path:
        """Make a name that no other batch has: by the time, and by the first of its updates."""
        now = datetime.fromtimestamp(self._clock.now() / 1000, UTC)
        number = first.key.split("-")[1] if first.key.count("-") > 1 else first.key
        digits = "".join(filter(str.isalnum, number))[:40]
        batch = f"{now:%Y%m%dT%H%M%S}{now.microsecond // 1000:03}Z-{digits}"
        return self._path.with_name(self._path.name.replace(BATCH, batch))

    def _form(self, layout: Layout | None) -> _Form:
        columns = self._options.columns
        if layout is not None:
            places = sorted(layout.at.items(), key=lambda pair: pair[1])
            columns = {field: layout.header[place] for field, place in places}
        given = columns or {"sku": "sku", "available": "available"}
        counted = "available" if "available" in given else "on_hand"
        wanted = ("sku", "location", counted, *(("state",) if "state" in given else ()))
        delimiter = self._options.delimiter or (layout.delimiter if layout else ",")
        encoding = self._options.encoding or (layout.encoding if layout else "utf-8")
        return _Form(
            {field: title for field, title in given.items() if field in wanted},
            delimiter,
            "utf-8" if encoding == "utf-8-sig" else encoding,
        )


def _row(change: Change, form: _Form) -> list[str]:
    before = change.previous
    kept = (before.committed or 0) + (before.unavailable or 0) + (before.threshold or 0)
    found = {
        "sku": change.sku,
        "location": change.location,
        "available": str(change.quantity),
        # Rule 11, docs/architecture.md: what is on hand holds more than what can be sold.
        "on_hand": str(change.quantity + kept),
        "state": change.state or before.state or "",
    }
    return [found[field] for field in form.titles]


def _wrong(row: Sequence[str], form: _Form) -> str | None:
    for cell in row:
        try:
            cell.encode(form.encoding)
        except UnicodeError:
            return f"{values.quoted(cell)} can't be written as {form.encoding}"
    return None


def _text(rows: Sequence[Sequence[str]], form: _Form) -> bytes:
    file = io.StringIO(newline="")
    writer = csv.writer(file, delimiter=form.delimiter, lineterminator="\n")
    writer.writerows([list(form.titles.values()), *rows])
    return file.getvalue().encode(form.encoding)


def _prepare(path: Path, content: bytes, stack: contextlib.ExitStack) -> str:
    """Write a file that has no name yet, onto the disk; answers what it can be named from."""
    with _unsent(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, waiting = _nameless(path)
        stack.callback(os.close, descriptor)
        if waiting.startswith(str(path.parent)):
            stack.callback(Path(waiting).unlink, missing_ok=True)
        view = memoryview(content)
        while view:
            view = view[os.write(descriptor, view) :]
        os.fsync(descriptor)
        return waiting


def _nameless(path: Path) -> tuple[int, str]:
    """Open a new file: one that is gone with this process, where the system has such."""
    mode = 0o644
    if _TMPFILE is not None:
        try:
            descriptor = os.open(path.parent, _TMPFILE | os.O_WRONLY, mode)
        except OSError as error:
            if error.errno not in (errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL, errno.ENOENT):
                raise
        else:
            return descriptor, f"/proc/self/fd/{descriptor}"
    hidden = path.with_name(f".{path.name}.part")
    return os.open(hidden, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, mode), str(hidden)


def _appear(waiting: str, path: Path) -> None:
    """Give the file its name, if no other has it: all of it is there from then on."""
    with _unsent(path):
        folder = os.open(path.parent, os.O_RDONLY)
    try:
        with _unsent(path):
            # With a folder given, the link is followed to the file that has no name.
            os.link(waiting, path.name, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=True)
        try:
            os.fsync(folder)
        except OSError as error:
            raise WriteOutcomeUnknown(f"{path.name} may be lost: {error.strerror}") from error
    finally:
        os.close(folder)


@contextlib.contextmanager
def _unsent(path: Path) -> Iterator[None]:
    """Say of an error that there is no file."""
    try:
        yield
    except PermissionError as error:
        raise NeedsOperator(
            f"{path.parent} can't be written: give Skew the right to make files there"
        ) from error
    except FileExistsError as error:
        raise Temporary(f"{path.name} exists already, and is not overwritten") from error
    except OSError as error:
        raise Temporary(f"{path.name} can't be written: {error.strerror}") from error

"""A page's rows into a file: all that its filter lets through, in its order, as CSV or JSON.

Read in parts through `DataSource` and written by another thread, so that no list is too long for
it. The file is there when it is whole: one that is cancelled or fails leaves nothing behind.
"""

import asyncio
import contextlib
import csv
import io
import json
import os
import secrets
import stat
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from console.reports import json_documents
from console.reports.disagreements import CSV_COLUMNS, csv_row, defused
from console.reports.incidents import json_incidents
from console.reports.streaming import json_rows
from console.text.disagreement_groups import Explained
from console.text.format import day_and_time
from console.tui.data.source import DataSource
from store.errors import StoreError
from store.model import Correction, Incident, Millis
from store.queries.values import ChannelHealth

CHUNK = 2_000
"""Rows read and written at a time: what a cancel waits for."""

FORMATS = (".csv", ".json")


class ExportError(Exception):
    """It can't be written there. Its message says why, and what would help."""


@dataclass(frozen=True, slots=True)
class ExportView:
    """What a page shows, read in parts. As it was when it was asked for: ids, not rows."""

    name: str
    """Begins the file's name, and is the JSON's key."""
    count: int
    columns: Sequence[str]
    read: Callable[[int, int], Awaitable[Sequence[Any]]]
    """The rows from one number to before another; what has gone meanwhile is left out."""
    cells: Callable[[Any], Sequence[object]]
    """One of them as cells of a CSV, not defused yet. Called on another thread, as is `text`."""
    text: Callable[[Any], str]
    """One of them as JSON."""


def disagreements(source: DataSource, ids: Sequence[int]) -> ExportView:
    async def read(start: int, end: int) -> list[Explained]:
        return await source.explained(ids[start:end])

    def cells(explained: Explained) -> Sequence[object]:
        return csv_row(*explained)

    def text(explained: Explained) -> str:
        return json_rows.disagreement(*explained)

    return ExportView("disagreements", len(ids), CSV_COLUMNS, read, cells, text)


def updates(source: DataSource, ids: Sequence[int]) -> ExportView:
    async def read(start: int, end: int) -> list[Correction]:
        wanted = ids[start:end]
        found = await source.updates(wanted)
        return [found[row_id] for row_id in wanted if row_id in found]

    def cells(correction: Correction) -> Sequence[object]:
        return _cells(json_documents.update(correction))

    columns = json_documents.UPDATE_COLUMNS
    return ExportView("updates", len(ids), columns, read, cells, json_rows.update)


def channels(found: Sequence[ChannelHealth]) -> ExportView:
    return _known("channels", [json_documents.channel(channel) for channel in found])


def incidents(source: DataSource, ids: Sequence[int], now: Millis) -> ExportView:
    """As they stand at an instant with the people."""

    async def read(start: int, end: int) -> list[Incident]:
        wanted = ids[start:end]
        found = await source.incidents(wanted)
        return [found[row_id] for row_id in wanted if row_id in found]

    def cells(incident: Incident) -> Sequence[object]:
        return _cells(json_incidents.incident(incident, now))

    def text(incident: Incident) -> str:
        return json.dumps(json_incidents.incident(incident, now))

    return ExportView("incidents", len(ids), json_incidents.COLUMNS, read, cells, text)


def default_name(view: ExportView, now: Millis) -> str:
    """The suggested file, in this folder: `skew-disagreements-20261124-140211.csv`."""
    stamp = day_and_time(now).rstrip("Z").replace("-", "").replace(":", "").replace(" ", "-")
    return f"skew-{view.name}-{stamp}.csv"


def target(name: str) -> Path:
    """Read a file's name as an operator writes it. Raises ExportError with the remedy."""
    text = name.strip()
    if not text or text.endswith(("/", os.sep)):
        raise ExportError("write a file's name")
    if "\0" in text:
        raise ExportError("a file's name can't have that in it")
    try:
        path = Path(text).expanduser()
    except RuntimeError as error:
        raise ExportError(f"{text}: no user of that name") from error
    if path.suffix.lower() not in FORMATS:
        raise ExportError(f"end it in {' or '.join(FORMATS)}: that is the format")
    return path


def exists(path: Path) -> bool:
    """Whether a file would be overwritten. Raises ExportError where nothing can be put there."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return False
    except OSError as error:
        raise ExportError(f"{path}: {error.strerror}") from error
    if not stat.S_ISREG(mode):
        raise ExportError(f"{path} is not a file: choose another name")
    return True


async def export(
    view: ExportView, path: Path, *, overwrite: bool, progress: Callable[[int], None]
) -> int:
    """Write all of a view to a file, and answer how many rows were there.

    `progress` is called with how many are done.

    Raises ExportError, with nothing left behind; a cancel leaves nothing either.
    """
    try:
        draft = await asyncio.to_thread(PartialFile.begin, path, view)
    except OSError as error:
        raise ExportError(f"{path}: {error.strerror}") from error
    try:
        for start in range(0, view.count, CHUNK):
            rows = await view.read(start, min(view.count, start + CHUNK))
            await _whole(asyncio.to_thread(draft.write, rows))
            progress(min(view.count, start + CHUNK))
        await _whole(asyncio.to_thread(draft.finish, overwrite=overwrite))
    except FileExistsError as error:
        raise ExportError(f"{path} exists already: choose another name") from error
    except OSError as error:
        raise ExportError(f"{path}: {error.strerror}") from error
    except StoreError as error:
        raise ExportError(f"the cache can't be read: {error}") from error
    finally:
        draft.abandon()
    return draft.written


async def _whole(step: Awaitable[None]) -> None:
    """Let a step on another thread end before a cancel goes on: it holds the file."""
    # A thread can't be cancelled. Without the shield the file would be closed and removed while the
    # thread still writes to it.
    running = asyncio.ensure_future(step)
    try:
        await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait([running])
        raise


class PartialFile:
    """A file in the making, beside the place where it will be."""

    def __init__(self, path: Path, place: Path, file: IO[str], view: ExportView) -> None:
        self.written = 0
        self._path = path
        self._place: Path | None = place
        self._file = file
        self._view = view
        self._as_json = path.suffix.lower() == ".json"

    @classmethod
    def begin(cls, path: Path, view: ExportView) -> "PartialFile":
        """Open it, for its owner alone, as the cache is. Raises OSError."""
        path = path.resolve()
        place = path.with_name(f".{path.name[:100]}.{secrets.token_hex(4)}.part")
        # Beside its place, and so on the same file system: only there can it be put in place at
        # once.
        handle = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        draft = cls(path, place, os.fdopen(handle, "w", encoding="utf-8", newline=""), view)
        draft._put(draft._head())
        return draft

    def write(self, rows: Sequence[Any]) -> None:
        if self._as_json:
            for row in rows:
                comma = ",\n" if self.written else ""
                self._put(f"{comma}  {self._view.text(row)}")
                self.written += 1
        else:
            self._put(_csv([defused(cell) for cell in self._view.cells(row)] for row in rows))
            self.written += len(rows)

    def finish(self, *, overwrite: bool) -> None:
        """Put it in its place. Raises FileExistsError unless it may overwrite."""
        if self._as_json:
            self._put("\n]}\n")
        self._file.flush()
        # Renamed without this, a crash of the machine could leave a whole name on an empty file.
        os.fsync(self._file.fileno())
        self._file.close()
        assert self._place is not None
        if not overwrite:
            _claim(self._place, self._path)
        else:
            self._place.replace(self._path)
            self._place = None

    def abandon(self) -> None:
        """Leave nothing behind but what was finished."""
        with contextlib.suppress(OSError):
            self._file.close()
        if self._place is not None:
            with contextlib.suppress(OSError):
                self._place.unlink(missing_ok=True)

    def _head(self) -> str:
        if self._as_json:
            return f"{{{json.dumps(self._view.name)}: [\n"
        return _csv([self._view.columns])

    def _put(self, text: str) -> None:
        self._file.write(text)


def _claim(draft: Path, path: Path) -> None:
    """Give a file a name that nobody has taken meanwhile. Raises FileExistsError."""
    try:
        os.link(draft, path)
    except FileExistsError:
        raise
    except OSError:
        # A file system without links: the name is claimed first, then overwritten.
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        draft.replace(path)


def _csv(rows: Iterable[Sequence[object]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _cells(document: json_documents.Json) -> Sequence[object]:
    return tuple(json_documents.flat(document).values())


def _known(name: str, found: Sequence[json_documents.Json]) -> ExportView:
    columns = tuple(json_documents.flat(found[0])) if found else ()

    async def read(start: int, end: int) -> Sequence[json_documents.Json]:
        return found[start:end]

    return ExportView(name, len(found), columns, read, _cells, json.dumps)

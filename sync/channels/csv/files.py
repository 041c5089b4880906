"""The file itself: which of a folder it is, from when it is, whether it is still the same."""

import contextlib
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, ParamSpec, TypeVar

from store.model import Millis
from store.polling.file_sights import FileStamp
from sync.errors import ContractBroken, NeedsOperator, Temporary

P = ParamSpec("P")
T = TypeVar("T")

SUFFIXES = frozenset({".csv", ".tsv", ".txt", ".gz", ".zip", ".xlsx", ".ods", ".xls"})
"""What counts in a folder: a file being uploaded is usually named otherwise, or hidden."""


_NS_MAX = 2**63 - 1


def countable_ns(at_ns: int) -> int:
    """A file's time as the cache can keep it: anybody can set it to the year 1 or 9999."""
    return max(-_NS_MAX, min(_NS_MAX, at_ns))


async def in_thread(work: Callable[P, T], *args: P.args, **more: P.kwargs) -> T:
    """Do what touches files in a thread, and answer what comes of it."""
    # Whoever waits has a loop; a command that only reads the configuration is spared its import.
    from asyncio import to_thread

    return await to_thread(work, *args, **more)


@dataclass(frozen=True, slots=True)
class FileStatus:
    """What a file was when we looked: the same again means that nobody wrote in between."""

    path: Path
    inode: int
    """0 of a file that is brought here from elsewhere."""
    size: int
    modified_ns: int
    changed_ns: int = field(default=0, compare=False)
    """When the system itself last saw a change of it; 0 where it does not say."""
    bring: Callable[[], None] | None = field(default=None, compare=False)
    """Brings it to `path` first. Raises ChannelError's subclasses."""

    @property
    def modified_at(self) -> Millis:
        return self.modified_ns // 1_000_000

    @property
    def stamp(self) -> FileStamp:
        # A name that is not text on this machine is kept all the same.
        name = self.path.name.encode("utf-8", "backslashreplace").decode()
        return FileStamp(name, self.size, self.modified_ns)

    def is_still(self, status: os.stat_result) -> bool:
        is_same = self.inode in (0, status.st_ino)
        return is_same and (status.st_size, countable_ns(status.st_mtime_ns)) == (
            self.size,
            self.modified_ns,
        )


Fits = Callable[[str], object]
"""Whether a file of a folder counts, by its name."""


def newest(found: Iterable[FileStatus], times: "FileTimes", now: Millis) -> FileStatus:
    """Take the newest of some files."""
    return max(found, key=lambda file: (times.of(file, now), file.modified_ns, file.path.name))


def has_suffix(name: str) -> bool:
    """Whether a file of a folder counts where nothing says which do."""
    return Path(name).suffix.lower() in SUFFIXES


def candidates(path: Path, fits: Fits = has_suffix) -> list[FileStatus]:
    """Find the file, or those of a folder that count. Raises Temporary or NeedsOperator."""
    try:
        status = path.stat()
        found = [(status, path)]
        if fits is not has_suffix and not stat.S_ISDIR(status.st_mode):
            raise NeedsOperator(f"{path} is not a folder: `full` says which files of one count")
        if stat.S_ISDIR(status.st_mode):
            inside = path.resolve()
            found = [
                (file.stat(), file) for file in path.iterdir() if _is_candidate(file, inside, fits)
            ]
            if not found and fits is has_suffix:
                raise Temporary(
                    f"no .csv, .tsv, .txt, .gz or .zip file, and no spreadsheet, is in {path}"
                )
    except PermissionError as error:
        raise NeedsOperator(f"{path} can't be read: give Skew the right to read it") from error
    except FileNotFoundError as error:
        raise Temporary(f"{path.name} not found in {path.parent.absolute()}") from error
    except OSError as error:
        raise Temporary(f"{path} can't be read: {error.strerror}") from error
    if not all(stat.S_ISREG(status.st_mode) for status, _ in found):
        raise NeedsOperator(f"{path} is neither a file nor a folder")
    return [
        FileStatus(
            file,
            status.st_ino,
            status.st_size,
            countable_ns(status.st_mtime_ns),
            status.st_ctime_ns,
        )
        for status, file in found
    ]


class FileTimes:
    """From when each file is: the earlier of its own time and our first sight of it.

    A file server's clock, or its time zone, may be ahead. A file with a time to come would be new
    at every poll, and again when the clock has caught up.
    """

    def __init__(self) -> None:
        self._first_seen: Mapping[FileStamp, Millis] = {}

    def of(self, file: FileStatus, now: Millis) -> Millis:
        """From when a file is that is seen now."""
        if self._first_seen or file.modified_at > now:
            return min(file.modified_at, self._first_seen.get(file.stamp, now))
        return file.modified_at

    def note(
        self, files: Iterable[FileStatus], known: Mapping[FileStamp, Millis], now: Millis
    ) -> Mapping[FileStamp, Millis]:
        """Keep the first sight of those from the future: as `known`, or now. Answers them all."""
        self._first_seen = {
            file.stamp: known.get(file.stamp, now)
            for file in files
            if file.modified_at > now or file.stamp in known
        }
        return self._first_seen


def _is_candidate(path: Path, folder: Path, fits: Fits) -> bool:
    """Whether a file of the folder is one to read: never one that only a link leads to elsewhere.

    Whoever may put files there must not be able to show us any file that we may read.
    """
    if path.name.startswith((".", "~$")) or not fits(path.name):
        return False
    return path.is_file() and (not path.is_symlink() or path.resolve().parent == folder)


def _open_nonblocking(path: str, flags: int) -> int:
    """Open a file for reading without waiting."""
    # The path may have become a named pipe since we looked. Opening one waits for a writer, which
    # may never come, and a thread that waits there can't be stopped.
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


@contextlib.contextmanager
def opened(status: FileStatus) -> Iterator[BinaryIO]:
    """Lend the file, if it is still the same. Raises OSError too, where it is read."""
    if status.bring is not None:
        status.bring()
    with channel_errors(status):
        file = open(status.path, "rb", opener=_open_nonblocking)  # noqa: SIM115 - closed below.
    with file:
        if not status.is_still(os.fstat(file.fileno())):
            raise Temporary(f"{status.path.name} is being replaced")
        yield file


@contextlib.contextmanager
def channel_errors(status: FileStatus, encoding: str | None = None) -> Iterator[None]:
    """Turn what the operating system or the decoder raises into the channel's errors.

    `encoding` is what it is read as.
    """
    try:
        yield
    except PermissionError as error:
        raise NeedsOperator(
            f"{status.path} can't be read: give Skew the right to read it"
        ) from error
    except OSError as error:
        raise Temporary(f"{status.path}: {error.strerror}") from error
    except UnicodeError as error:
        # The error's own text would quote bytes of the file, which are the shop's data.
        what = f"is not all {encoding}" if encoding else "mixes encodings"
        words = f"{status.path.name} {what}: save it as UTF-8, or correct `encoding`"
        raise ContractBroken(words, path="") from error

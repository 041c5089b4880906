"""The cache's file opened, and SQLite's trouble with it in our own words.

`skew status` needs no more of a cache than this, and answers in the time of some fifty imports:
neither threads nor `pathlib` are among them.
"""

import contextlib
import os
import sqlite3
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

from store.database import log_bound
from store.errors import CacheMigrating, DatabaseBusy, NotADatabase, StoreError

if TYPE_CHECKING:
    from pathlib import Path

P = ParamSpec("P")
T = TypeVar("T")
Work = Callable[Concatenate[sqlite3.Connection, P], T]

BUSY_TIMEOUT_S = 10.0

_ESCAPED = {ord(character): f"%{ord(character):02x}" for character in "%?#"}
"""What a URI would read as something else than a part of the path."""


opened: list[str] = []
"""The cache that was opened last, if any was: whoever reports a bug asks whether it is damaged."""


_DAMAGED = ("decode to UTF-8", "unsupported file format")


def read_once(path: "str | Path", work: Work[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Run `work` on one snapshot of a cache that is there, and close it. Raises StoreError.

    Its schema is not looked at: for whoever knows it. Nothing is created, migrated or written.
    """
    with (
        named_errors(path, lambda: True),
        contextlib.closing(connect(path, read_only=True)) as connection,
    ):
        connection.execute("BEGIN")
        return work(connection, *args, **kwargs)


def connect(path: "str | Path", *, read_only: bool) -> sqlite3.Connection:
    """Open the file, which must be there."""
    opened.append(os.fspath(path))
    del opened[:-1]
    mode = "ro" if read_only else "rw"
    escaped = os.path.realpath(path).translate(_ESCAPED)
    connection = sqlite3.connect(
        f"file://{escaped}?mode={mode}",
        uri=True,
        timeout=BUSY_TIMEOUT_S,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=512,
    )
    # With WAL, a commit survives the death of the process at any instant. A crash of the operating
    # system can lose the newest commits but never tear the file: they can be read again.
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA cache_size = -32768")
    connection.execute(f"PRAGMA journal_size_limit = {log_bound.BYTES_MAX}")
    return connection


@contextlib.contextmanager
def named_errors(path: "str | Path", emptied: Callable[[], bool]) -> Iterator[None]:
    """Turn SQLite's trouble with the file into ours; a bug in our SQL stays a bug."""
    try:
        yield
    except sqlite3.IntegrityError as error:
        from store.database.upgrade import migrating

        if migrating.REFUSAL in str(error):
            raise CacheMigrating(f"{path}: {error}; start this one again") from error
        raise
    except sqlite3.OperationalError as error:
        named = named_error(path, str(error), emptied)
        if named is None:
            raise
        raise named from error
    except UnicodeDecodeError as error:
        # Python can't read what SQLite says of the file.
        raise NotADatabase(f"{path} is not a cache of Skew, or is damaged") from error
    except sqlite3.DatabaseError as error:
        # Its subclasses (IntegrityError, ProgrammingError …) are faults of our SQL, not of the
        # file.
        if type(error) is sqlite3.DatabaseError:
            raise NotADatabase(f"{path} is not a cache of Skew, or is damaged: {error}") from error
        raise


def named_error(path: "str | Path", text: str, emptied: Callable[[], bool]) -> StoreError | None:
    """What SQLite says of the file, as ours; None where it says it of our SQL."""
    if "locked" in text or "busy" in text:
        return DatabaseBusy(f"{path}: another process holds the cache: {text}")
    if "no such table" in text and emptied():
        return NotADatabase(f"{path} is empty, or is damaged: {text}")
    if any(words in text for words in _DAMAGED):
        return NotADatabase(f"{path} is not a cache of Skew, or is damaged: {text}")
    if "unable to open" in text or "disk" in text or "readonly" in text or "full" in text:
        return StoreError(f"{path}: {text}")
    return None

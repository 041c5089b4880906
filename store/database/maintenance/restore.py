"""The way back from a backup: its pages are written over those of the cache, in one transaction.

The file at the cache's path stays the same one, so that a console that has it open shows what was
restored, and a process that is killed half way leaves the cache as it was.
"""

import contextlib
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

from store.database import lease, schema
from store.database.lease import Lease
from store.database.maintenance import backup
from store.errors import DatabaseBusy, NotADatabase, StoreError
from store.model import Millis

BUSY_S = 10.0
_BESIDE = ("", "-wal", "-shm")


def check_backup(path: Path) -> None:
    """Raise StoreError where `path` is no whole cache of ours; nothing is written."""
    if not path.is_file():
        raise StoreError(f"{path}: no such file")
    try:
        with contextlib.closing(_connect(path, "ro")) as connection:
            number = schema.version(connection)
            (found,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
            tables = connection.execute(
                "SELECT count(*) FROM sqlite_master WHERE name IN ('engine', 'corrections')"
            ).fetchone()[0]
            schema.check_version(connection)
            strange = schema.strange(connection)
    except (sqlite3.Error, UnicodeDecodeError) as error:
        # Python can't read all that SQLite says of a file.
        raise NotADatabase(f"{path} is not a backup of a cache, or is damaged: {error}") from error
    if found != "ok":
        raise NotADatabase(f"{path} is damaged: {found}")
    if not number or tables != 2:  # noqa: PLR2004 - those two.
        raise NotADatabase(f"{path} is not a backup of a cache of Skew")
    if strange is not None:
        raise NotADatabase(f"{path} has {strange}, which Skew does not make: it is not a backup")


def check_made_ready(path: Path) -> None:
    """Raise NotADatabase where a backup that was brought up to date has what Skew makes not."""
    with contextlib.closing(_connect(path, "ro")) as connection:
        strange = schema.strange(connection)
    if strange is not None:
        raise NotADatabase(f"the backup has {strange}, which Skew does not make")


@contextlib.contextmanager
def staged(path: Path, cache: Path) -> Iterator[Path]:
    """A copy of a backup beside the cache, to be made ready there; it is gone afterwards.

    Raises StoreError where it can't be made.
    """
    beside = cache.with_name(f"{cache.name}.restoring")
    try:
        cache.parent.mkdir(parents=True, exist_ok=True)
        _remove(beside)
        backup.copy(path, beside)
        yield beside
    except OSError as error:
        raise StoreError(f"{beside}: {error.strerror}") from error
    except sqlite3.Error as error:
        raise StoreError(f"{beside}: {error}") from error
    finally:
        with contextlib.suppress(OSError):
            _remove(beside)


def take_lease(cache: Path, *, holder: str, token: str, now: Millis, span_ms: int) -> Lease | None:
    """Take the engine's lease of a cache of any schema; answer who has it now.

    None where there is no cache, or one that is damaged. Raises DatabaseBusy.
    """
    if not cache.exists():
        return None
    try:
        with contextlib.closing(_connect(cache, "rw")) as connection:
            connection.execute("BEGIN IMMEDIATE")
            held = lease.acquire(connection, holder=holder, token=token, now=now, span_ms=span_ms)
            connection.execute("COMMIT")
            return held
    except sqlite3.OperationalError as error:
        if "locked" in str(error) or "busy" in str(error):
            raise DatabaseBusy(f"{cache}: another process holds the cache: {error}") from error
        return None
    except sqlite3.DatabaseError:
        return None


def give_lease_back(cache: Path, *, token: str) -> None:
    """Give it up, where it is still ours."""
    with (
        contextlib.suppress(sqlite3.Error),
        contextlib.closing(_connect(cache, "rw")) as connection,
    ):
        lease.release(connection, token=token)


def set_aside(cache: Path) -> Path:
    """Move a damaged cache out of the way, with its log; answer where it is. Raises OSError."""
    aside = _free_name(cache, "damaged")
    for ending in reversed(_BESIDE):
        part = cache.with_name(cache.name + ending)
        if part.exists():
            part.rename(aside.with_name(aside.name + ending))
    return aside


def keep_as_it_was(cache: Path) -> Path:
    """Copy the cache beside itself before something is restored; answer where it is."""
    kept = _free_name(cache, "before-restore")
    backup.back_up(cache, kept)
    return kept


def put_back(made_ready: Path, cache: Path) -> None:
    """Make the cache what `made_ready` is, in one transaction, or leave it as it is.

    Raises DatabaseBusy, StoreError.
    """
    if not cache.exists():
        # In one step: a process that dies meanwhile leaves no empty cache to be taken for the shop.
        made_ready.rename(cache)
        backup.flush(cache.parent)
        return
    began = time.monotonic()

    def waiting(_status: int, _remaining: int, total: int) -> None:
        # No page is counted until the write lock is had.
        if not total and time.monotonic() - began > BUSY_S:
            raise DatabaseBusy(f"{cache}: another process holds the cache; nothing was restored")

    try:
        with (
            contextlib.closing(_connect(made_ready, "ro")) as source,
            contextlib.closing(_connect(cache, "rw")) as written,
        ):
            source.backup(written, progress=waiting)
        backup.flush(cache)
    except sqlite3.Error as error:
        raise StoreError(f"{cache}: not restored: {error}; it is as it was") from error


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(
        f"{path.resolve().as_uri()}?mode={mode}", uri=True, timeout=BUSY_S, isolation_level=None
    )


def _free_name(cache: Path, what: str) -> Path:
    number = 1
    while (path := cache.with_name(f"{cache.name}.{what}-{number}")).exists():
        number += 1
    return path


def _remove(path: Path) -> None:
    for ending in _BESIDE:
        path.with_name(path.name + ending).unlink(missing_ok=True)

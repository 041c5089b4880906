"""A backup of the cache in another file, made while everything runs.

It is the cache as it was at one instant, for its owner alone. It has its name only once it is whole
and on disk, so that what is there can be restored.
"""

import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from store.errors import StoreError


def back_up(cache: Path, target: Path, *, replace: bool = False) -> int:
    """Copy the cache into `target`; answer its size in bytes.

    Raises StoreError, with nothing left behind: where `target` is there already and is not to be
    replaced, is the cache itself, or can't be written, and where `cache` is no database.
    """
    # It loads OpenSSL, which takes longer than most commands, and nearly every open asks no backup.
    import secrets

    if target.is_dir():
        raise StoreError(f"{target} is a folder: name a file in it")
    # A name of its own: another backup to the same file may be under way, or have been killed.
    part = target.with_name(f"{target.name}.{secrets.token_hex(4)}.part")
    try:
        if target.exists() and target.samefile(cache):
            raise StoreError(f"{target} is the cache itself: name another file")
        if target.exists() and not replace:
            raise StoreError(f"{target} exists already: name another file, or add --force")
        if not cache.exists():
            raise StoreError(f"{cache}: there is no cache yet, so there is nothing to back up")
        try:
            copy(cache, part)
            part.rename(target)
            flush(target.parent)
        except BaseException:
            with suppress(OSError):
                part.unlink(missing_ok=True)
            raise
        return target.stat().st_size
    except (OSError, sqlite3.Error) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise StoreError(f"{target}: no backup of {cache} could be made: {reason}") from error


def copy(source: Path, target: Path) -> None:
    """Copy a database, as it is at one instant, into a new file with mode 0600, on disk.

    Raises FileExistsError, OSError, sqlite3.Error.
    """
    # Made with its mode, not given it afterwards: the cache holds what only its owner may read.
    os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    # Read by a connection of its own: SQLite copies nothing from one that holds the write lock. All
    # pages in one step are one read, which waits for no writer and holds none up.
    with (
        closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True)) as original,
        closing(sqlite3.connect(target, isolation_level=None)) as made,
    ):
        # What is half written is never used, so it needs no journal beside it.
        made.execute("PRAGMA journal_mode = OFF")
        original.backup(made)
    flush(target)


def flush(path: Path) -> None:
    """Bring a file, or a folder's names, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

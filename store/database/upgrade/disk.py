"""Room on the disk for what a migration makes, and for the log beside the cache."""

import sqlite3
from pathlib import Path

from store.errors import NoRoom

LOG_BYTES = 64 * 1024 * 1024
"""How large the log beside the cache may become before it is worked off."""


def path_of(connection: sqlite3.Connection) -> Path | None:
    """The cache's file; None where it is in memory."""
    (name,) = connection.execute(
        "SELECT file FROM pragma_database_list WHERE name = 'main'"
    ).fetchone()
    return Path(name) if name else None


def check_room(connection: sqlite3.Connection) -> None:
    """Raise NoRoom where the disk can't take a copy of the cache, and its new tables beside."""
    cache = path_of(connection)
    if cache is None:
        return
    pages, free, size = (
        connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("page_count", "freelist_count", "page_size")
    )
    # A backup, as large as the cache. The new tables hold what the old ones do, and fill the pages
    # that are free first.
    needed = size * (pages + max(0, pages - 2 * free)) + LOG_BYTES
    # It brings three ways to pack files, and is asked for once in a cache's life.
    import shutil

    there = shutil.disk_usage(cache.parent).free
    if there < needed:
        raise NoRoom(
            f"{cache} must be brought up to date, which needs {_megabytes(needed)} MB of free "
            f"space beside it, and {_megabytes(there)} MB are free: make room, and start again; "
            "the cache was not touched"
        )


def bound_log(connection: sqlite3.Connection) -> None:
    """Work the log off once it is large. A reader of an old state can keep it for ten seconds."""
    cache = path_of(connection)
    if cache is None:
        return
    log = cache.with_name(f"{cache.name}-wal")
    if log.exists() and log.stat().st_size > LOG_BYTES:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()


def _megabytes(size: int) -> str:
    return f"{-(-size // 1_000_000):,}"

"""The backup of the cache that is made before each migration, beside it.

It is the way back to the version that made it: an older Skew refuses a migrated cache. The newest
of each schema is kept. docs/operations.md says how to go back.
"""

import math
import re
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from store.database.maintenance import backup
from store.errors import NoBackup

KEPT = 3
"""Of how many schemas a backup of one cache is kept."""

_PART = ".part"


def make(connection: sqlite3.Connection, schema: int) -> Path | None:
    """Copy the cache, whose schema has this number, beside itself; return where the copy is.

    The caller holds the write lock, so that nothing is written that the copy lacks and nobody else
    makes one. The copy has its name only once it is whole and on disk. None where the cache is in
    memory. Raises NoBackup, with nothing left behind.
    """
    cache = _path(connection)
    if cache is None:
        return None
    try:
        for part in _beside(cache, _part_pattern(cache)):
            # Of a process that died while it made one: whoever makes one holds the write lock.
            part.unlink()
        _prune(cache)
        number = max(map(_number(cache), made(cache)), default=0) + 1
        target = cache.with_name(f"{cache.name}.backup-{number}-of-schema-{schema}")
        part = target.with_name(target.name + _PART)
        try:
            backup.copy(cache, part)
            part.rename(target)
            backup.flush(cache.parent)
        except BaseException:
            with suppress(OSError):
                part.unlink(missing_ok=True)
            raise
    except (OSError, sqlite3.Error) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        size = math.ceil(cache.stat().st_size / 1_000_000)
        raise NoBackup(
            f"{cache} must be migrated, and no backup of it could be made first: {reason}; make "
            f"{cache.parent} writable, with {size:,} MB free or more, and start again; the "
            "cache was not touched"
        ) from error
    return target


def prune(connection: sqlite3.Connection) -> None:
    """Remove the cache's oldest backups beyond those that are kept, as far as that is allowed.

    Once the migration has ended: one that fails again and again must not push the others out.
    """
    cache = _path(connection)
    if cache is not None:
        _prune(cache)


def _prune(cache: Path) -> None:
    # One that was killed in the migration makes another when it is started again: of the same
    # schema, and that must not push out the others.
    kept: set[int] = set()
    for path in reversed(made(cache)):
        schema = _schema(path, cache)
        if schema in kept or len(kept) == KEPT:
            with suppress(OSError):
                path.unlink()
        else:
            kept.add(schema)


def made(cache: Path) -> list[Path]:
    """The whole backups beside a cache, the oldest first."""
    return sorted(_beside(cache, _pattern(cache)), key=_number(cache))


def _path(connection: sqlite3.Connection) -> Path | None:
    (name,) = connection.execute(
        "SELECT file FROM pragma_database_list WHERE name = 'main'"
    ).fetchone()
    return Path(name) if name else None


def _beside(cache: Path, pattern: re.Pattern[str]) -> list[Path]:
    return [path for path in cache.parent.iterdir() if pattern.fullmatch(path.name)]


def _pattern(cache: Path) -> re.Pattern[str]:
    return re.compile(
        re.escape(cache.name) + r"\.backup-(?P<number>\d+)-of-schema-(?P<schema>\d+)", re.ASCII
    )


def _part_pattern(cache: Path) -> re.Pattern[str]:
    return re.compile(_pattern(cache).pattern + re.escape(_PART), re.ASCII)


def _number(cache: Path) -> Callable[[Path], int]:
    pattern = _pattern(cache)

    def number(path: Path) -> int:
        found = pattern.fullmatch(path.name)
        return int(found["number"]) if found else 0

    return number


def _schema(path: Path, cache: Path) -> int:
    found = _pattern(cache).fullmatch(path.name)
    return int(found["schema"]) if found else 0

"""In what condition the cache's file is: whole or damaged, how large, how much of it is free."""

import contextlib
import itertools
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import msgspec

from store.database import lease, schema
from store.database.maintenance import strange_content
from store.database.opening import named_error
from store.errors import NotADatabase, StoreError
from store.model import Millis

PROBLEMS_MAX = 20


class FileCondition(msgspec.Struct, frozen=True):
    """What `skew db check` found."""

    path: str
    schema: int
    bytes: int
    free_bytes: int
    """Of pages that are used again for what comes."""
    log_bytes: int
    """Of SQLite's log beside it (`-wal`)."""
    listings: int
    problems: list[str]
    """Empty where it is whole; at most twenty."""


class Vacuumed(msgspec.Struct, frozen=True):
    """What `VACUUM` made of the file."""

    bytes_before: int
    bytes_after: int


def check(path: Path) -> FileCondition:
    """Read the whole file and look for damage. Writes nothing. Raises StoreError."""
    log = path.with_name(f"{path.name}-wal")
    with _opened(path, "ro") as connection:
        schema.check_version(connection)
        connection.execute("BEGIN")
        problems = list(itertools.islice(_problems(connection), PROBLEMS_MAX))
        pages, free, size = (
            connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("page_count", "freelist_count", "page_size")
        )
        (listings,) = connection.execute("SELECT count(*) FROM listings").fetchone()
        return FileCondition(
            path=str(path),
            schema=schema.version(connection),
            bytes=pages * size,
            free_bytes=free * size,
            log_bytes=log.stat().st_size if log.exists() else 0,
            listings=listings,
            problems=problems,
        )


def first_problem(path: Path) -> str | None:
    """What is wrong with a cache of this version; None: nothing. Raises StoreError."""
    try:
        with _opened(path, "ro") as connection:
            schema.check_version(connection)
            connection.execute("BEGIN")
            return next(_problems(connection), None)
    except UnicodeDecodeError as error:
        return str(error)


def _problems(connection: sqlite3.Connection) -> Iterator[str]:
    for (found,) in connection.execute(f"PRAGMA integrity_check({PROBLEMS_MAX})"):
        if found != "ok":
            yield found
    for table, row, parent, _ in connection.execute("PRAGMA foreign_key_check"):
        yield f"row {row} of {table} refers to a row of {parent} that is not there"
    yield from strange_content.find(connection)


def vacuum(path: Path, *, now: Millis) -> Vacuumed:
    """Write the file anew without its free pages; it needs as much room again meanwhile.

    Raises StoreError, also where an engine runs: it could not write for so long.
    """
    with _opened(path, "rw") as connection:
        schema.check_is_whole(connection)
        if (held := lease.current(connection, now=now)) is not None:
            raise StoreError(
                f"{held.holder} runs on this cache, and could not write meanwhile: stop it first"
            )
        before = _bytes(connection)
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return Vacuumed(before, _bytes(connection))


def _bytes(connection: sqlite3.Connection) -> int:
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    (size,) = connection.execute("PRAGMA page_size").fetchone()
    return int(pages * size)


@contextlib.contextmanager
def _opened(path: Path, mode: str) -> Iterator[sqlite3.Connection]:
    if not path.exists():
        raise StoreError(f"{path}: there is no cache yet")
    try:
        with contextlib.closing(
            sqlite3.connect(f"{path.resolve().as_uri()}?mode={mode}", uri=True, timeout=10,
                            isolation_level=None)
        ) as connection:  # fmt: skip
            yield connection
    except sqlite3.OperationalError as error:
        text = str(error)
        raise (named_error(path, text, lambda: False) or StoreError(f"{path}: {text}")) from error
    except sqlite3.DatabaseError as error:
        raise NotADatabase(f"{path} is not a cache of Skew, or is damaged: {error}") from error

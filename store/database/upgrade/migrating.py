"""Runs a migration in slices on a cache, each in a transaction, with what they have come to.

While it is at it the cache has a schema number that every Skew refuses, and one row in `migrating`
says where it stands: whoever opens the cache next goes on there. Nothing can be written to its old
tables, not even by a process of an older Skew that still has it open.
"""

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from store.database.upgrade import disk
from store.database.upgrade.slices import MigrationProgress, SlicedMigration
from store.errors import DatabaseBusy

HALFWAY = 1_000_000
"""Added to the number of the schema while a migration in slices is under way."""

Told = Callable[[MigrationProgress], None]
"""Is told how far it has come, after each slice. What it raises breaks it off there."""

WATCH_EVERY_S = 0.2
STANDS_STILL_S = 5.0
"""Where another process moves nothing for so long, it is thought to be dead."""

REFUSAL = "the cache is being brought up to date by a newer Skew"
"""What a process hears that still has it open and writes to it."""

_GUARD = "skew_is_migrating"
_TABLE = """CREATE TABLE migrating (id INTEGER PRIMARY KEY CHECK (id = 1), step INTEGER NOT NULL,
  after INTEGER, done INTEGER NOT NULL, total INTEGER NOT NULL, what TEXT NOT NULL,
  host TEXT NOT NULL, process INTEGER NOT NULL, backup TEXT)"""


class _Position(NamedTuple):
    """Where a migration stands: which of its copies, after which key, and for a person."""

    step: int
    after: int | None
    done: int
    total: int
    what: str
    host: str
    process: int
    """Who copied the last slice."""
    backup: str | None


class SchemaNumber(NamedTuple):
    """What the number of a cache's schema says."""

    had: int
    """How many migrations it has had."""
    half: bool
    """Whether the next one is under way."""


def schema_number(connection: sqlite3.Connection) -> SchemaNumber:
    """How far the cache's schema has come."""
    number = _version(connection)
    return (
        SchemaNumber(number - HALFWAY, True) if number >= HALFWAY else SchemaNumber(number, False)
    )


def begin(
    connection: sqlite3.Connection, migration: SlicedMigration, *, done: int, backup: Path | None
) -> None:
    """Start a migration, the one after `done` of them, in the caller's transaction."""
    tables = connection.execute(
        """SELECT name FROM sqlite_master
        WHERE type = 'table' AND substr(name, 1, 7) != 'sqlite_'"""
    ).fetchall()
    if any(name == "engine" for (name,) in tables):
        # An engine of an older Skew that lives on finds that it has lost its lease, and stops.
        connection.execute("DELETE FROM engine")
    for number, (table,) in enumerate(tables):
        for act in ("INSERT", "UPDATE", "DELETE"):
            connection.execute(
                f"""CREATE TRIGGER "{_GUARD}_{number}_{act}" BEFORE {act} ON "{table}" BEGIN
                SELECT RAISE(ABORT, '{REFUSAL}');
                END"""
            )
    connection.execute(_TABLE)
    migration.begin(connection)
    first = migration.copies[0]
    connection.execute(
        "INSERT INTO migrating VALUES (1, 0, NULL, 0, ?, ?, ?, ?, ?)",
        (first.size(connection), first.what, *_us(), None if backup is None else str(backup)),
    )
    connection.execute(f"PRAGMA user_version = {HALFWAY + done}")


def go_on(
    connection: sqlite3.Connection, migration: SlicedMigration, done: int, told: Told
) -> Path | None:
    """Bring the migration after `done` to its end; answer the backup that was made before it.

    Another process may be at it too: its slices and ours take turns, each goes on where the other
    one stopped.
    """
    backup: str | None = None
    while True:
        with _slice(connection):
            if _version(connection) != HALFWAY + done:
                break
            position = _position(connection)
            backup = position.backup
            at_end = position.step == len(migration.copies)
            if at_end:
                _end(connection, migration, done)
            else:
                position = _next(connection, migration, position)
        if at_end:
            break
        told(MigrationProgress(position.what, position.done, position.total))
        disk.bound_log(connection)
    return None if backup is None else Path(backup)


def _next(
    connection: sqlite3.Connection, migration: SlicedMigration, position: _Position
) -> _Position:
    """Copy a slice, and note where it stands then."""
    copied = migration.copies[position.step].slice(connection, position.after)
    if copied is not None:
        moved = position._replace(after=copied.upto, done=position.done + copied.rows)
    else:
        step = position.step + 1
        moved = position._replace(step=step, after=None)
        if step < len(migration.copies):
            copy = migration.copies[step]
            moved = moved._replace(done=0, total=copy.size(connection), what=copy.what)
    host, process = _us()
    connection.execute(
        """UPDATE migrating SET step = :step, after = :after, done = :done, total = :total,
          what = :what, host = :host, process = :process""",
        moved._replace(host=host, process=process)._asdict(),
    )
    return moved


def _end(connection: sqlite3.Connection, migration: SlicedMigration, done: int) -> None:
    guards = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE ? || '%'", (_GUARD,)
    ).fetchall()
    for (name,) in guards:
        connection.execute(f'DROP TRIGGER "{name}"')
    connection.execute("DROP TABLE migrating")
    migration.end(connection)
    connection.execute(f"PRAGMA user_version = {done + 1}")


def wait_for_other(connection: sqlite3.Connection, told: Told) -> None:
    """Return once no other process is at the migration that is under way: dead, or done with it."""
    seen, since = None, time.monotonic()
    while schema_number(connection).half:
        try:
            position = _position(connection)
        except sqlite3.OperationalError:
            # It has come to its end between the two.
            return
        if _is_dead(position):
            return
        if position != seen:
            if seen is not None:
                told(MigrationProgress(position.what, position.done, position.total))
            seen, since = position, time.monotonic()
        elif time.monotonic() - since >= STANDS_STILL_S and _is_free(connection):
            return
        time.sleep(WATCH_EVERY_S)


def _us() -> tuple[str, int]:
    import socket  # Only whoever migrates has to say where it runs.

    return socket.gethostname(), os.getpid()


def _is_dead(position: _Position) -> bool:
    """Whether whoever copied the last slice is known to be gone, or is this process itself."""
    host, process = _us()
    if position.host != host:
        return False
    if position.process == process:
        return True
    try:
        os.kill(position.process, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def _is_free(connection: sqlite3.Connection) -> bool:
    """Whether nobody holds the write lock, as the last step of a migration does for long."""
    (timeout,) = connection.execute("PRAGMA busy_timeout").fetchone()
    connection.execute("PRAGMA busy_timeout = 0")
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError:
        return False
    finally:
        connection.execute(f"PRAGMA busy_timeout = {timeout}")
    connection.execute("ROLLBACK")
    return True


def words(connection: sqlite3.Connection) -> str:
    """How far the migration that is under way has come, for the operator."""
    position = _position(connection)
    return f"{position.done:,} of {position.total:,} {position.what}"


def check_unused(connection: sqlite3.Connection) -> None:
    """Raise DatabaseBusy where an engine runs on the cache, by the machine's own clock."""
    row = connection.execute(
        "SELECT holder, expires_at FROM engine WHERE expires_at > ?", (time.time_ns() // 1_000_000,)
    ).fetchone()
    if row is not None:
        raise DatabaseBusy(
            f"{row[0]} runs on the cache, which has to be brought up to date: stop that one first, "
            "and start again; nothing was touched"
        )


@contextmanager
def _slice(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _position(connection: sqlite3.Connection) -> _Position:
    row = connection.execute(
        "SELECT step, after, done, total, what, host, process, backup FROM migrating"
    ).fetchone()
    return _Position._make(row)

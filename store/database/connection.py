"""The cache's file: one writer thread, many readers, short transactions.

Work is a plain function of a connection: `Database.write` and `Database.read` run it and return
its result. So SQL stays in `store/`, and every act is a transaction.
"""

import contextlib
import copy
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Self

from store.database.log_bound import LogBound
from store.database.opening import P, T, Work, connect, named_errors
from store.database.threads import DatabaseThreads, StoreThreads
from store.errors import CacheGone, StoreError
from store.model import Millis

if TYPE_CHECKING:
    # A command that only reads has neither threads nor a loop, nor the time to import them.
    from concurrent.futures import Future

    from store.database.upgrade.slices import MigrationProgress

Check = Callable[[sqlite3.Connection], None]

READERS = 3


class Past(Protocol):
    """How a connection is made to show the cache as it stood at an instant."""

    at: Millis

    def prepare(self, connection: sqlite3.Connection) -> None:
        """Put what shows the past in the tables' place, once for a connection."""

    def show(self, connection: sqlite3.Connection) -> None:
        """Bring it to `at`, in the transaction of the read that follows."""


class Database:
    """A cache that is open. Close it, or use it as a context manager."""

    def __init__(
        self,
        path: Path,
        *,
        read_only: bool,
        past: Past | None = None,
        threads: StoreThreads | None = None,
    ) -> None:
        self.path = path
        self.read_only = read_only
        self.backup: Path | None = None
        """The cache as it was before this program migrated it just now; None: it did not."""
        self._past = past
        self._is_given_up = False
        self._log = LogBound(path)
        self._check: Check | None = None
        self._file: tuple[int, int] | None = None
        self._opened: list[sqlite3.Connection] = []
        self._lock = threading.Lock()
        # A connection is rewound by itself: one is enough for a past that stands still.
        usual = READERS if past is None else 1
        self._threads: StoreThreads = threads or DatabaseThreads(usual)

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        read_only: bool = False,
        past: Past | None = None,
        told: "Callable[[MigrationProgress], None] | None" = None,
        threads: StoreThreads | None = None,
    ) -> Self:
        """Open the cache at `path`, made with mode 0600 and migrated where needed.

        `past`: as it stood at an instant, read-only. `told` hears, on another thread, how far a
        long migration has come; what it raises breaks that off, and the next open goes on with it.
        `threads`: where its transactions run; None: on threads of its own.
        Raises NewerDatabase, NoBackup, NoRoom, NotADatabase, DatabaseBusy. A read-only open creates
        and changes nothing, and raises CacheMigrating too, and OlderDatabase with `past`.
        """
        read_only = read_only or past is not None
        from store.database import schema

        if not read_only:
            _create_private(path)
        database = cls(path, read_only=read_only, past=past, threads=threads)
        try:
            with named_errors(path, database._is_emptied):
                if past is not None:
                    schema.check_is_newest(database._connection())
                elif read_only:
                    schema.check_is_whole(database._connection())
                else:
                    database._threads.writer.submit(database._migrate, told).result()
                database._file = _identity(path)
        except BaseException:
            # Whoever waits for a migration may be interrupted, and closing waits for the writer.
            database._is_given_up = True
            database.close()
            raise
        return database

    def _migrate(self, told: "Callable[[MigrationProgress], None] | None") -> None:
        from store.database import schema

        def tell(progress: "MigrationProgress") -> None:
            if self._is_given_up:
                raise StoreError(f"{self.path}: the migration was interrupted")
            if told is not None:
                told(progress)

        connection = self._connection()
        schema.check_version(connection)
        connection.execute("PRAGMA journal_mode = WAL")
        self.backup = schema.migrate(connection, tell)

    @property
    def at(self) -> Millis | None:
        """The instant that is shown; None: now."""
        return None if self._past is None else self._past.at

    def rewind(self, at: Millis) -> None:
        """Show the cache as it stood at another instant, from the next read on."""
        if self._past is None:
            raise ValueError("this cache was opened as it is now")
        self._past.at = at

    def write(self, work: Work[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work` in one transaction on the writer thread; wait for its result.

        Commits when it returns, rolls back when it raises. Raises DatabaseBusy where another
        process holds the lock for longer than ten seconds; nothing is written then.
        """
        return self._submit(work, *args, **kwargs).result()

    def fenced(self, check: Check) -> Self:
        """The same cache, of which each write begins with `check`, in its own transaction.

        What the check raises undoes the write and reaches the caller.
        """
        fenced = copy.copy(self)
        fenced._check = check  # noqa: SLF001 (one of its own kind)
        return fenced

    async def awrite(self, work: Work[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Like `write`, without blocking the event loop.

        A cancelled caller leaves the transaction to finish: it commits whole or not at all.
        """
        from asyncio import wrap_future

        return await wrap_future(_uncancelled(self._submit(work, *args, **kwargs)))

    def read(self, work: Work[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work` on one snapshot, on the calling thread; of the past, on the only reader."""
        if self._past is not None:
            return self._threads.readers.submit(lambda: self._read(work, *args, **kwargs)).result()
        return self._read(work, *args, **kwargs)

    def _read(self, work: Work[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        with named_errors(self.path, self._is_emptied):
            connection = self._connection()
            connection.execute("BEGIN")
            end = "ROLLBACK"
            try:
                if self._past is not None:
                    self._past.show(connection)
                    # What is held of the past is temporary, and serves the next read too.
                    end = "COMMIT"
                return work(connection, *args, **kwargs)
            finally:
                if connection.in_transaction:
                    connection.execute(end)

    @contextlib.contextmanager
    def snapshot(self) -> "Iterator[Snapshot]":
        """One instant of the cache for many reads, on the calling thread, until it is closed.

        Meanwhile the WAL keeps all that others write: read on without waiting for anybody, and
        close it. Raises ValueError where the cache was opened at a past instant.
        """
        if self._past is not None:
            raise ValueError("a cache of the past has one reader, which is not held")
        with named_errors(self.path, self._is_emptied):
            connection = self._connection()
            connection.execute("BEGIN")
            try:
                yield Snapshot(connection)
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")

    async def aread(self, work: Work[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Like `read`, on a reader thread."""
        from asyncio import wrap_future

        future = self._threads.readers.submit(lambda: self._read(work, *args, **kwargs))
        return await wrap_future(_uncancelled(future))

    def data_version(self) -> int:
        """A number that changes when any other connection has committed, 3 µs.

        Compare it with an earlier answer on the same thread; other threads see other numbers.
        """
        with named_errors(self.path, self._is_emptied):
            return int(self._connection().execute("PRAGMA data_version").fetchone()[0])

    def log_bytes(self) -> int:
        """How large SQLite's log beside the cache is; a read that does not end makes it grow."""
        return self._log.bytes()

    def check_file(self) -> None:
        """Raise CacheGone where the path leads to another file by now, or to none.

        SQLite goes on with the file that it has open, while the next process makes a new one:
        then two engines run, each with a lease of its own.
        """
        if self._file != _identity(self.path):
            raise CacheGone(f"{self.path} has been removed or replaced while it was in use")

    def _is_emptied(self) -> bool:
        """Whether the file that this thread has open holds no schema, or none any more."""
        from store.database import schema

        try:
            return schema.version(self._connection()) == 0
        except sqlite3.DatabaseError:
            return True

    def close(self) -> None:
        """Finish what was submitted and close every connection. May be called twice."""
        self._threads.close()
        with self._lock:
            for connection in self._opened:
                connection.close()
            self._opened.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _submit(self, work: Work[P, T], /, *args: P.args, **kwargs: P.kwargs) -> "Future[T]":
        return self._threads.writer.submit(lambda: self._transact(work, *args, **kwargs))

    def _transact(self, work: Work[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        with named_errors(self.path, self._is_emptied):
            connection = self._connection()
            # Taking the write lock at once, and not at the first statement that writes, is what
            # lets SQLite wait for another process instead of failing half way with "locked".
            connection.execute("BEGIN IMMEDIATE")
            try:
                if self._file is not None:
                    # SQLite goes on writing to a file that was removed, and nobody would ever read
                    # it.
                    self.check_file()
                if self._check is not None:
                    self._check(connection)
                result = work(connection, *args, **kwargs)
                connection.execute("COMMIT")
            except BaseException:
                # A full disk has ended the transaction already; a commit that failed has not.
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
            self._log.keep(connection)
            return result

    def _connection(self) -> sqlite3.Connection:
        held: sqlite3.Connection | None = getattr(self._threads.local, "connection", None)
        if held is None:
            if self._file is not None:
                # A thread may read for the first time long after the cache was opened, and must
                # not open another file that has taken the path meanwhile.
                self.check_file()
            held = self._threads.local.connection = connect(self.path, read_only=self.read_only)
            if self._past is not None:
                self._past.prepare(held)
            with self._lock:
                self._opened.append(held)
        return held


class Snapshot:
    """A read transaction that is open: every read sees the cache as the first one did."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def read(self, work: Work[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work` at the snapshot's instant."""
        return work(self._connection, *args, **kwargs)


def _identity(path: Path) -> tuple[int, int] | None:
    """Which file the path leads to: its device and its inode there."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _create_private(path: Path) -> None:
    """Make the file with mode 0600 where there is none; its WAL inherits the mode."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


def _uncancelled(future: "Future[T]") -> "Future[T]":
    """A view of `future` whose cancellation does not reach the work behind it."""
    # asyncio cancels the future that it wraps. A transaction that has begun must end by itself, so
    # what it wraps is a copy, already marked as running, which no cancellation stops.
    from concurrent.futures import Future

    shown: Future[T] = Future()
    shown.set_running_or_notify_cancel()

    def pass_on(done: "Future[T]") -> None:
        error = done.exception()
        if error is None:
            shown.set_result(done.result())
        else:
            shown.set_exception(error)

    future.add_done_callback(pass_on)
    return shown

"""The deliveries that were received, each once.

They lie in a SQLite file beside the cache. A poll may hold the cache's write lock for seconds, and
a webhook is answered in milliseconds.
"""

import os
import sqlite3
import threading
from contextlib import closing, suppress
from pathlib import Path

from store.errors import StoreError
from store.model import Millis

KEPT_MS = 7 * 86_400_000
"""No system delivers one again after so long."""

DELIVERIES_MAX = 200_000
_PRUNE_EVERY = 10
_PRUNE_MAX = 2 * _PRUNE_EVERY
"""So many at once: pruning keeps no delivery waiting either."""

_CHECKPOINT_EVERY = 200
_PAGES_MAX = 10_000
"""Of the log (WAL). In a storm of deliveries, which a checkpoint beside never catches up with, this
many are written back by the next delivery itself, which keeps it waiting for the disk."""

_TABLE = """CREATE TABLE IF NOT EXISTS deliveries (
  channel TEXT NOT NULL,
  delivery TEXT NOT NULL,
  received_at INTEGER NOT NULL,
  PRIMARY KEY (channel, delivery)
) WITHOUT ROWID"""
_INDEX = "CREATE INDEX IF NOT EXISTS deliveries_by_age ON deliveries (received_at)"


class WebhookInbox:
    """The file, open. Used by one thread, the one that opens it; it is written back on another."""

    def __init__(self, cache: Path) -> None:
        """Open or make it beside the cache, for its owner alone. Raises StoreError."""
        self.path = cache.with_name(f"{cache.name}.webhooks")
        self._taken = 0
        self._checkpoint = threading.Thread()
        try:
            with suppress(FileExistsError):
                os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
            self._connection = sqlite3.connect(self.path, isolation_level=None, timeout=1.0)
            self._connection.execute("PRAGMA journal_mode = WAL")
            # A commit survives the death of the process. What a crash of the machine loses is
            # polled at the start anyway.
            self._connection.execute("PRAGMA synchronous = NORMAL")
            self._connection.execute(f"PRAGMA wal_autocheckpoint = {_PAGES_MAX}")
            self._connection.execute(_TABLE)
            self._connection.execute(_INDEX)
            (self._kept,) = self._connection.execute("SELECT count(*) FROM deliveries").fetchone()
        except (OSError, sqlite3.Error) as error:
            raise StoreError(f"{self.path}: {error}") from error

    def take(self, channel: str, delivery: str, *, now: Millis) -> bool:
        """Keep a delivery; False where it was kept before. Raises StoreError."""
        try:
            cursor = self._connection.execute(
                "INSERT INTO deliveries VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                (channel, delivery, now),
            )
            self._taken += 1
            self._kept += cursor.rowcount
            if self._taken % _PRUNE_EVERY == 1:
                self._prune(now)
        except sqlite3.Error as error:
            raise StoreError(f"{self.path}: {error}") from error
        if self._taken % _CHECKPOINT_EVERY == 0 and not self._checkpoint.is_alive():
            self._checkpoint = threading.Thread(target=_write_back, args=(self.path,))
            self._checkpoint.start()
        return cursor.rowcount == 1

    def _prune(self, now: Millis) -> None:
        """Delete some of the oldest: those that are too old, and those that are too many."""
        oldest = self._connection.execute(
            "SELECT channel, delivery, received_at FROM deliveries ORDER BY received_at LIMIT ?",
            (_PRUNE_MAX,),
        ).fetchall()
        superfluous = self._kept - DELIVERIES_MAX
        gone = [
            (channel, delivery)
            for place, (channel, delivery, received_at) in enumerate(oldest)
            if place < superfluous or received_at < now - KEPT_MS
        ]
        if not gone:
            return
        self._connection.execute("BEGIN IMMEDIATE")
        with self._connection:
            self._connection.executemany(
                "DELETE FROM deliveries WHERE channel = ? AND delivery = ?", gone
            )
        self._kept -= len(gone)

    def close(self) -> None:
        if self._checkpoint.is_alive():
            self._checkpoint.join()
        self._connection.close()


def _write_back(path: Path) -> None:
    """Write the log back to the file: the disk keeps no delivery waiting."""
    with suppress(sqlite3.Error), closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)")

"""The deliveries that were received, each once.

They lie in a SQLite file beside the cache. A poll may hold the cache's write lock for seconds, and
a webhook is answered in milliseconds.
"""

import os
import sqlite3
from contextlib import suppress
from pathlib import Path

from store.errors import StoreError
from store.model import Millis

KEPT_MS = 7 * 86_400_000
"""No system delivers one again after so long."""

DELIVERIES_MAX = 200_000
_PRUNE_EVERY = 100
_PRUNE_MAX = 2 * _PRUNE_EVERY
"""So many at once: pruning keeps no delivery waiting either."""

_TABLE = """CREATE TABLE IF NOT EXISTS deliveries (
  channel TEXT NOT NULL,
  delivery TEXT NOT NULL,
  received_at INTEGER NOT NULL,
  PRIMARY KEY (channel, delivery)
) WITHOUT ROWID"""
_INDEX = "CREATE INDEX IF NOT EXISTS deliveries_by_age ON deliveries (received_at)"


class WebhookInbox:
    """The file, open. Used by one thread, the one that opens it."""

    def __init__(self, cache: Path) -> None:
        """Open or make it beside the cache, for its owner alone. Raises StoreError."""
        self.path = cache.with_name(f"{cache.name}.webhooks")
        self._taken = 0
        try:
            with suppress(FileExistsError):
                os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
            self._connection = sqlite3.connect(self.path, isolation_level=None, timeout=1.0)
            self._connection.execute("PRAGMA journal_mode = WAL")
            # A commit survives the death of the process. What a crash of the machine loses is
            # polled at the start anyway.
            self._connection.execute("PRAGMA synchronous = NORMAL")
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
        return cursor.rowcount == 1

    def _prune(self, now: Millis) -> None:
        """Delete some of the oldest: those that are too old, and those that are too many."""
        cursor = self._connection.execute(
            """DELETE FROM deliveries WHERE (channel, delivery) IN (
              SELECT channel, delivery FROM (
                SELECT channel, delivery, received_at FROM deliveries
                ORDER BY received_at LIMIT ?)
              WHERE received_at < ?
              UNION ALL SELECT * FROM (
                SELECT channel, delivery FROM deliveries ORDER BY received_at LIMIT ?))""",
            (_PRUNE_MAX, now - KEPT_MS, min(_PRUNE_MAX, max(0, self._kept - DELIVERIES_MAX))),
        )
        self._kept -= cursor.rowcount

    def close(self) -> None:
        self._connection.close()

"""The log beside the cache, kept short although somebody reads all the time.

SQLite begins the log anew only at a moment at which nobody reads it. Readers whose reads are short
but overlap, as a console's do, leave no such moment: so once the log is large, the writer waits for
one, while new reads do without the log. A read that goes on for longer keeps the log until it ends;
whoever runs an engine is told of that (`sync.engine.retention`).
"""

import sqlite3
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

BYTES_MAX = 64 * 1024 * 1024
"""From here on it is worked off."""
PATIENCE_MS = 100
"""So long the writer waits for those who read; longer than a read of ours takes."""
_STEP = 16 * 1024 * 1024
"""By so much it must have grown before the writer waits again for a read that did not end."""


class LogBound:
    """Keeps one cache's log short; belongs to the thread that writes."""

    def __init__(self, cache: "Path") -> None:
        self._log = cache.with_name(f"{cache.name}-wal")
        self._next = 0

    def bytes(self) -> int:
        """How large the log is."""
        try:
            return self._log.stat().st_size
        except OSError:
            return 0

    def keep(self, connection: sqlite3.Connection) -> None:
        """Work the log off where it is large; not within a transaction."""
        size = self.bytes()
        if size <= max(BYTES_MAX, self._next):
            return
        (usual_ms,) = connection.execute("PRAGMA busy_timeout").fetchone()
        connection.execute(f"PRAGMA busy_timeout = {PATIENCE_MS}")
        try:
            (is_held, _, _) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        finally:
            connection.execute(f"PRAGMA busy_timeout = {usual_ms}")
        self._next = size + _STEP if is_held else 0

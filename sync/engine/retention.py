"""What keeps the cache small: every hour the engine thins out the past (`[history] keep`).

One task of its own, in short transactions with a rest after each: no poll, and no other process
that wants the cache, waits for more than one of them.
"""

import asyncio

from store.database import log_bound
from store.errors import StoreError
from store.history import retention
from store.history.retention import ThinningProgress
from store.model import Millis
from sync.polling.recovery import EngineContext

EVERY_MS = 3_600_000
REST_S = 0.02
"""Between two transactions: long enough for another process to take the cache's lock."""


LOG_BYTES_TOLD = 4 * log_bound.BYTES_MAX
"""A log beside the cache that is so large is held by a read that does not end."""


class RetentionJob:
    """Thins out the history when it is due, and tells of what keeps the cache from being small."""

    def __init__(self, context: EngineContext, keep_ms: int) -> None:
        self._context = context
        self.keep_ms = keep_ms
        self._began_at: Millis | None = None
        self._task: asyncio.Task[None] | None = None
        self._has_told = False

    def begin_where_due(self) -> None:
        """Begin thinning if it was an hour ago, or never. Waits for nothing."""
        self._tell_of_log()
        now = self._context.clock.now()
        # The absolute difference: after a clock was set back by a week, a plain one would stay
        # negative, and nothing would be thinned for that week.
        if self._began_at is not None and abs(now - self._began_at) < EVERY_MS:
            return
        if self._task is None or self._task.done():
            self._began_at = now
            self._task = asyncio.create_task(self._thin(now - self.keep_ms))

    def _tell_of_log(self) -> None:
        size = self._context.database.log_bytes()
        if size > LOG_BYTES_TOLD and not self._has_told:
            self._context.log.warning(
                "a program reads the cache and does not end, so its log grows: close that program",
                megabytes=size // 1_000_000,
            )
        self._has_told = size > LOG_BYTES_TOLD

    async def end(self) -> None:
        """Stop at the next transaction's end; what is left goes another time."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _thin(self, before: Millis) -> None:
        place: ThinningProgress | None = ThinningProgress()
        try:
            while place is not None:
                place = await self._context.database.awrite(retention.thin, place, before=before)
                await asyncio.sleep(REST_S)
        except StoreError as error:
            self._context.log.warning("history not thinned", error=str(error))

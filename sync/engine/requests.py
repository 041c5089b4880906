"""Requests to the engine that has the lease, whichever process it is in: asking and answering.

A request is a row of the cache, so whoever asks need not wait, and an engine that takes over
meanwhile answers it too.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

from store.database import lease
from store.database.connection import Database
from store.database.lease import Answered, Request
from store.errors import StoreError
from sync.clock import Clock
from sync.polling.recovery import EngineContext

ASK_EVERY_S = 0.1
ASK_MS_MAX = 5 * 60_000


class NotAnswered(StoreError):
    """An engine has the lease and has not answered in time."""


async def ask(
    database: Database,
    clock: Clock,
    what: str,
    channels: Sequence[str | None],
    *,
    who: str,
    wait_ms_max: int | None = None,
) -> list[Answered] | None:
    """Ask for `what` on each channel, and wait for the answers, in order.

    None where no engine has the lease, or none any more: what it has not taken is withdrawn.
    Raises NotAnswered.
    """
    began = clock.now()
    longest_ms = ASK_MS_MAX if wait_ms_max is None else wait_ms_max
    # All requests are written before the first answer is awaited, so that the engine works on all
    # channels at the same time and a slow one costs only its own time.
    waiting = [
        await database.awrite(lease.ask, what, channel, who=who, now=began) for channel in channels
    ]
    answers: list[Answered] = []
    while waiting:
        answered = await database.aread(lease.answered, waiting[0])
        now = clock.now()
        if answered is not None:
            answers.append(answered)
            waiting.pop(0)
            if not answered.ok:
                return answers
        elif await database.aread(lease.current, now=now) is None:
            # Nobody is left to answer. The caller can take the lease and do the work itself, which
            # is better than to wait for the whole time and then report a failure. What is left of
            # the request would reach the next engine: a cancel would end a poll that nobody meant.
            await database.awrite(lease.withdraw, waiting)
            return None
        elif now - began > longest_ms:
            raise NotAnswered(f"the engine did not answer within {longest_ms / 1000:g} s")
        else:
            await asyncio.sleep(ASK_EVERY_S)
    return answers


Act = Callable[[Request], Awaitable[bytes]]
"""Does what is asked and answers the result as JSON. A StoreError's text becomes the answer."""


class RequestAnswerer:
    """Takes requests of some kinds and does each in a task of its own."""

    def __init__(self, context: EngineContext, acts: Mapping[str, Act]) -> None:
        self._context = context
        self._acts = acts
        self._tasks: set[asyncio.Task[None]] = set()

    async def look(self) -> None:
        """Begin what has been asked for since the last look. Waits for none of it."""
        taken = await self._context.database.awrite(
            lease.take_requests, now=self._context.clock.now(), sorts=tuple(self._acts)
        )
        for request in taken:
            task = asyncio.create_task(self._answer(request))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def finish(self) -> None:
        """Wait until all that was taken is answered."""
        await asyncio.gather(*self._tasks)

    def stop(self) -> None:
        """Leave what is not answered yet without an answer."""
        for task in self._tasks:
            task.cancel()

    async def _answer(self, request: Request) -> None:
        try:
            result = await self._acts[request.what](request)
        except StoreError as error:
            answer = (False, str(error))
        else:
            answer = (True, result.decode())
        await self._context.database.awrite(
            lease.answer, request.id, now=self._context.clock.now(), ok=answer[0], result=answer[1]
        )

"""Do what others ask of this engine: each request is taken once and answered."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from store.database import lease
from store.database.lease import Request
from store.errors import StoreError
from sync.polling.recovery import Gear

Act = Callable[[Request], Awaitable[bytes]]
"""Does it and answers the result as JSON. Raises StoreError, which is told to the asker."""


class Answering:
    """Takes requests of some sorts and does each in a task of its own."""

    def __init__(self, gear: Gear, acts: Mapping[str, Act]) -> None:
        self._gear = gear
        self._acts = acts
        self._tasks: set[asyncio.Task[None]] = set()

    async def look(self) -> None:
        """Begin what has been asked since the last look. Waits for none of it."""
        taken = await self._gear.database.awrite(
            lease.take_requests, now=self._gear.clock.now(), sorts=tuple(self._acts)
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
        await self._gear.database.awrite(
            lease.answer, request.id, now=self._gear.clock.now(), ok=answer[0], result=answer[1]
        )

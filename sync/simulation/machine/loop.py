"""An event loop whose time passes only when nothing is left to do, and whose processes can die.

Every callback belongs to the process in whose context it was scheduled. One of a dead process is
dropped, one of a stopped process waits until that is woken: so a process can be killed or stopped
at any await, which is where a callback ends and another begins.
"""

import asyncio
import heapq
from collections.abc import Callable
from contextvars import Context
from typing import Any, TypeVarTuple, Unpack

from sync.simulation.machine.process import PROCESS, Process

TURNS_MAX = 200_000
"""Callbacks without any time passing between them: then something runs in a circle."""


Ts = TypeVarTuple("Ts")


class StandsStill(Exception):
    """Nothing is scheduled any more, or time does not go on."""


class _OwnedFuture(asyncio.Future[Any]):
    """A future that knows whose it is."""

    owner: Process | None = None


class SimulatedLoop(asyncio.BaseEventLoop):
    """See the module. Seconds since the machine began are its `time()`."""

    def __init__(self) -> None:
        super().__init__()
        self._now = 0.0
        self._queue: list[tuple[float, int, asyncio.TimerHandle]] = []
        self._number = 0
        self._turns_at_now = 0
        self.troubles: list[str] = []
        """What asyncio itself complained about: an exception that nobody took."""
        self.set_task_factory(_in_its_process)

    def time(self) -> float:
        return self._now

    def call_at(
        self,
        when: float,
        callback: Callable[[Unpack[Ts]], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        timer = asyncio.TimerHandle(when, callback, args, self, context)
        self._number += 1
        # The running number breaks ties, so that no two handles are ever compared.
        heapq.heappush(self._queue, (when, self._number, timer))
        return timer

    def call_soon_threadsafe(
        self,
        callback: Callable[[Unpack[Ts]], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.Handle:
        return self.call_soon(callback, *args, context=context)

    def create_future(self) -> "asyncio.Future[Any]":
        future = _OwnedFuture(loop=self)
        future.owner = PROCESS.get()
        return future

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        future, error = context.get("future"), context.get("exception")
        owner = future.owner if isinstance(future, _OwnedFuture) else None
        if owner is not None and not owner.is_alive:
            # Whoever would have taken its exception is dead, too.
            return
        self.troubles.append(f"{context.get('message')}: {error!r}")

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """It is passed over when its time comes."""

    def _process_events(self, event_list: object) -> None:
        """There are none: nothing comes from outside."""

    def _write_to_self(self) -> None:
        """There is nobody to wake."""

    def _run_once(self) -> None:
        """Run one callback, and let time pass to the next timer where none is ready."""
        ready: Any = self._ready  # type: ignore[attr-defined]
        if not ready:
            self._pass_time(ready)
        if not ready:
            return
        self._turns_at_now += 1
        if self._turns_at_now > TURNS_MAX:
            raise StandsStill(f"{TURNS_MAX:,} callbacks at {self._now:.3f} s")
        handle = ready.popleft()
        if handle.cancelled():
            return
        process: Process | None = handle._context.get(PROCESS)  # noqa: SLF001
        if process is not None and not process.takes(handle):
            return
        handle._run()  # noqa: SLF001

    def _pass_time(self, ready: Any) -> None:  # noqa: ANN401
        queue = self._queue
        while queue and queue[0][2].cancelled():
            heapq.heappop(queue)
        if not queue:
            raise StandsStill(f"nothing is left to do at {self._now:.3f} s")
        if queue[0][0] > self._now:
            self._now, self._turns_at_now = queue[0][0], 0
        while queue and queue[0][0] <= self._now:
            ready.append(heapq.heappop(queue)[2])


def _in_its_process(loop: asyncio.AbstractEventLoop, coroutine: Any, **given: Any) -> Any:  # noqa: ANN401
    task = asyncio.Task(coroutine, loop=loop, **given)
    context = given.get("context")
    process = PROCESS.get() if context is None else context.get(PROCESS)
    if process is not None:
        process.adopt(task)
    return task

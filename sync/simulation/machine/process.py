"""A process of the simulated machine: it can be stopped, woken and killed at any await."""

import asyncio
import contextvars
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any

_KEPT_MAX = 256
_THROWN_MAX = 50


class Killed(BaseException):
    """Thrown into what a killed process was doing: it ends, and nothing that it tries is done."""


class Process:
    """One process. Whatever is scheduled in its context belongs to it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.is_alive = True
        self.callbacks = 0
        """How many it has run: what a crash is timed by."""
        self.dies_after: int | None = None
        """It is killed instead of running this callback."""
        self.ended: Callable[[], None] = lambda: None
        """Called when it is killed by `dies_after`."""
        self._is_stopped = False
        self._waiting: deque[asyncio.Handle] = deque()
        self._tasks: dict[asyncio.Task[Any], None] = {}
        self._context = contextvars.copy_context()
        self._context.run(PROCESS.set, self)

    @property
    def is_stopped(self) -> bool:
        return self._is_stopped

    def start(
        self, loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, Any]
    ) -> asyncio.Task[Any]:
        """Have it do this."""
        return loop.create_task(work, context=self._context.copy())

    def adopt(self, task: asyncio.Task[Any]) -> None:
        """Own a task: it ends with the process."""
        if len(self._tasks) > _KEPT_MAX:
            self._tasks = {task: None for task in self._tasks if not _is_over(task)}
        self._tasks[task] = None

    def takes(self, handle: asyncio.Handle) -> bool:
        """Whether a callback is run now: it is dropped or kept for later otherwise."""
        if self._is_stopped:
            self._waiting.append(handle)
            return False
        if not self.is_alive:
            return False
        self.callbacks += 1
        if self.dies_after is not None and self.callbacks >= self.dies_after:
            self.dies_after = None
            self.kill()
            self.ended()
            return False
        return True

    def stop(self) -> None:
        """Let nothing of it run until it is woken, as when a machine sleeps."""
        self._is_stopped = True

    def wake(self, loop: asyncio.AbstractEventLoop) -> None:
        """Run what waited, in its order."""
        self._is_stopped = False
        waiting, self._waiting = self._waiting, deque()
        ready: Any = loop._ready  # type: ignore[attr-defined]  # noqa: SLF001
        ready.extend(waiting)

    def kill(self) -> None:
        """End it at once, as kill -9 does: no transaction of it begins, and nothing is tidied up.

        Not from within one of its own callbacks.
        """
        self.is_alive, self._is_stopped = False, False
        self._waiting.clear()
        tasks, self._tasks = self._tasks, {}
        for task in tasks:
            if task.done():
                # Whoever would have taken its exception is dead, too.
                task._log_traceback = False  # noqa: SLF001
            else:
                self._context.copy().run(_bury, task)


PROCESS: contextvars.ContextVar[Process | None] = contextvars.ContextVar("process", default=None)
"""Whose the running callback is; None: the world's."""


def _is_over(task: asyncio.Task[Any]) -> bool:
    """Whether it has ended, and what it raised was taken."""
    return task.done() and not task._log_traceback  # noqa: SLF001


def _bury(task: asyncio.Task[Any]) -> None:
    """End a task's coroutine here and now, so that the garbage collector does not later."""
    task._log_destroy_pending = False  # type: ignore[attr-defined]  # noqa: SLF001
    coroutine: Any = task.get_coro()
    # Its `finally` blocks run; whatever they wait for raises in turn, for the process is dead.
    for _ in range(_THROWN_MAX):
        try:
            coroutine.throw(Killed)
        except BaseException:  # noqa: BLE001 - whatever it raises, it is over.
            return

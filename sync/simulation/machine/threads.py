"""A cache's threads without threads: each transaction is a callback of its process.

It runs a moment after it was asked for, in the order of its thread, and its result arrives a moment
later still: a process can die before it, and between its commit and whoever waits for it.
"""

import asyncio
import random
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any

from sync.simulation.machine.process import PROCESS, Killed, Process

LATENCY_S_MAX = 0.004


class SimulatedThreads:
    """Meets what `Database` asks of its threads."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        chance: random.Random,
        process: Process,
        *,
        strike: Callable[[], None] = lambda: None,
        committed: Callable[[], None] = lambda: None,
    ) -> None:
        """Each transaction begins with `strike`, which may raise what keeps it from being run.

        After each of the writer's `committed` is called, before its result arrives.
        """
        self.local = _ThreadLocal()
        self.writer = SimulatedThread("writer", self, committed)
        self.readers = SimulatedThread("reader", self, lambda: None)
        self.loop, self.chance, self.process, self.strike = loop, chance, process, strike

    def close(self) -> None:
        """Run what was submitted; of a dead process nothing runs any more."""
        self.writer.run_all()
        self.readers.run_all()


class _ThreadLocal:
    """What differs from thread to thread, as far as these are threads."""

    def __init__(self) -> None:
        object.__setattr__(self, "_values", {})
        object.__setattr__(self, "thread", "loop")

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        try:
            return self._values[self.thread, name]
        except KeyError:
            raise AttributeError(name) from None

    def __setattr__(self, name: str, value: object) -> None:
        self._values[self.thread, name] = value

    def enter(self, thread: str) -> str:
        before: str = self.thread
        object.__setattr__(self, "thread", thread)
        return before


class SimulatedThread(Executor):
    """One thread: what it is given runs in order."""

    def __init__(self, name: str, threads: SimulatedThreads, committed: Callable[[], None]) -> None:
        self._name, self._threads, self._committed = name, threads, committed
        self._waiting: deque[_Job] = deque()
        self._next_at = 0.0

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":  # noqa: ANN401
        threads = self._threads
        if not threads.process.is_alive:
            raise Killed
        job = _Job(self, lambda: fn(*args, **kwargs))
        self._waiting.append(job)
        at = threads.loop.time() + threads.chance.random() * LATENCY_S_MAX
        self._next_at = max(at, self._next_at)
        threads.loop.call_at(self._next_at, self.run_until, job)
        return job

    def run_until(self, job: "_Job") -> None:
        """Run it and all before it, unless they have run."""
        while not job.done() and self._waiting:
            self._run(self._waiting.popleft())

    def run_all(self) -> None:
        while self._waiting and self._threads.process.is_alive:
            self._run(self._waiting.popleft())

    def _run(self, job: "_Job") -> None:
        local = self._threads.local
        before = local.enter(self._name)
        try:
            if PROCESS.get() is not None:
                self._threads.strike()
            result = job.work()
            self._committed()
        except Exception as error:  # noqa: BLE001 - whoever asked for it takes it.
            job.set_exception(error)
        else:
            job.set_result(result)
        finally:
            local.enter(before)


class _Job(Future[Any]):
    """Work that a thread was given. Whoever waits for it by `result` has it done at once."""

    def __init__(self, thread: SimulatedThread, work: Callable[[], Any]) -> None:
        super().__init__()
        self._thread, self.work = thread, work

    def result(self, timeout: float | None = None) -> Any:  # noqa: ANN401
        del timeout
        self._thread.run_until(self)
        return super().result(0)

"""The threads of an open cache, each begun when it is first wanted: most commands want none."""

import sys
import threading
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from concurrent.futures import Executor, ThreadPoolExecutor

_M_ARENA_MAX = -8


class StoreThreads(Protocol):
    """Where a cache's transactions run."""

    @property
    def local(self) -> Any:  # noqa: ANN401
        """What is kept for each thread."""
        ...

    @property
    def writer(self) -> "Executor":
        """Does one thing after the other."""
        ...

    @property
    def readers(self) -> "Executor": ...

    def close(self) -> None:
        """Wait for what was submitted; nothing more can be."""
        ...


class DatabaseThreads:
    """The writer's thread and the readers', each begun when it is first wanted."""

    def __init__(self, readers_max: int) -> None:
        self._readers_max = readers_max
        self._lock = threading.Lock()
        self._begun: dict[str, ThreadPoolExecutor] = {}
        self._closed = False
        self.local = threading.local()
        """What is kept for each thread, this program's others included."""

    @property
    def writer(self) -> "ThreadPoolExecutor":
        return self._named("store-writer", 1)

    @property
    def readers(self) -> "ThreadPoolExecutor":
        return self._named("store-reader", self._readers_max)

    def close(self) -> None:
        """Wait for what was submitted; nothing more can be. May be called twice."""
        with self._lock:
            self._closed = True
            begun = list(self._begun.values())
        for threads in begun:
            threads.shutdown(wait=True)

    def _named(self, name: str, count: int) -> "ThreadPoolExecutor":
        with self._lock:
            if self._closed:
                raise RuntimeError("the cache is closed")
            if name not in self._begun:
                from concurrent.futures import ThreadPoolExecutor

                share_heap()
                self._begun[name] = ThreadPoolExecutor(count, thread_name_prefix=name)
            return self._begun[name]


def share_heap() -> None:
    """Have all threads take their memory from one heap, where glibc would give each its own.

    What one thread has freed no other one gets then: a first poll of a million listings on five
    channels has its peak at 302 MB with a heap for each, and at 271 MB with one.
    """
    # Source: mallopt(3), M_ARENA_MAX in glibc's malloc.h. musl and others have no such thing.
    if sys.platform == "linux":
        import ctypes

        tune = getattr(ctypes.CDLL(None), "mallopt", None)
        if tune is not None:
            tune(_M_ARENA_MAX, 1)

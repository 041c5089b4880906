"""The threads of an open cache, each begun when it is first wanted: most commands want none."""

import sys
import threading
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from concurrent.futures import Executor, ThreadPoolExecutor

_M_ARENA_MAX = -8
_M_MMAP_THRESHOLD = -3
_LARGE_BYTES = 128 * 1024


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
    """Have all threads take their memory from one heap, and return large blocks to the system.

    glibc would give each thread a heap of its own, and keep large blocks once some were freed; what
    one thread has freed no other one gets then. With a million SKUs on five channels a first poll
    has its peak at 302 MB so, at 271 MB with one heap, and at 243 MB with large blocks returned.
    """
    # Source: mallopt(3) and glibc's malloc.h. musl and others have no such thing.
    if sys.platform == "linux":
        import ctypes

        tune = getattr(ctypes.CDLL(None), "mallopt", None)
        if tune is not None:
            tune(_M_ARENA_MAX, 1)
            tune(_M_MMAP_THRESHOLD, _LARGE_BYTES)

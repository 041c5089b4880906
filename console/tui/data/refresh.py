"""When the screen reads the cache again: at a commit of anyone's, when asked, and after a silence.

A long list is read in proportion to how long that takes;
what is in view of it follows at once meanwhile.
"""

import asyncio
import contextlib
import gc
import sys
import threading
from collections.abc import AsyncIterator, Callable
from time import monotonic
from typing import NamedTuple

from store.errors import StoreError

WATCH_S = 0.2
"""How often the watcher looks whether anyone has committed: 4 µs each time."""

REPAINT_S = 0.3
"""Data is read again at most so often; what the operator asks for, at once."""

SILENCE_S = 5.0
"""And at least so often: verdicts hang on the clock too."""

COLLECT_AFTER = 4_000
"""So many new objects before Python looks for cycles among them."""

LOCK_KEPT_S = 0.001
"""So long a thread may keep the interpreter's lock from the one that paints."""


class Refresh(NamedTuple):
    """A moment to read."""

    asked: bool
    """The operator asked or acted."""
    everything: bool
    """Time to read everything; else only what is in view."""


class RefreshLoop:
    """Gives the moments to read, one after the other."""

    def __init__(self, version: Callable[[], int], *, is_past: bool = False) -> None:
        """`version` changes with every commit; it is always asked from one thread.

        `is_past`: nobody commits to what is shown, and its clock stands.
        """
        self._version = version
        self._silence_s = None if is_past else SILENCE_S
        self._stopped = threading.Event()
        self._wanted = asyncio.Event()
        self._asked = asyncio.Event()

    def start(self) -> None:
        """Begin to watch for commits. Call it on the event loop that the moments are for."""
        if self._silence_s is None:
            return
        threading.Thread(
            target=self._watch, args=(asyncio.get_running_loop(),), name="skew-watcher", daemon=True
        ).start()

    def stop(self) -> None:
        self._stopped.set()

    def request(self) -> None:
        """Have everything read at once."""
        self._asked.set()
        self._wanted.set()

    async def refreshes(self) -> AsyncIterator[Refresh]:
        """The moments, for ever: the next comes when what was begun at the last has ended."""
        # Two events, because they wake differently: a commit may wait until the last reading has
        # had its rest, while what the operator asked for must not.
        everything_at = 0.0
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wanted.wait(), self._silence_s)
            # The flags are taken down before the reading begins. A commit in the middle of it
            # raises them again and so gets a reading of its own.
            asked, began = self._asked.is_set(), monotonic()
            self._wanted.clear()
            self._asked.clear()
            everything = asked or began >= everything_at
            yield Refresh(asked, everything)
            if everything:
                # What takes long to read is read less often, so that it never takes a core.
                ended = monotonic()
                everything_at = ended + max(REPAINT_S, min(SILENCE_S, 2 * (ended - began)))
            else:
                # Only what is in view was read. The commit that woke us is not done with: it is
                # kept, so that the next turn reads everything once the rest is over.
                self._wanted.set()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._asked.wait(), REPAINT_S)

    def _watch(self, loop: asyncio.AbstractEventLoop) -> None:
        """The watcher's thread: notices commits of anyone, on a connection of its own."""
        seen: int | None = None
        while not self._stopped.wait(WATCH_S):
            try:
                version = self._version()
            except StoreError:
                # A cache that can't be read is a change too: the screen must turn to DISCONNECTED.
                # It is reported once, for -1 stays -1 until the cache can be read again.
                version = -1
            if version != seen:
                seen = version
                with contextlib.suppress(RuntimeError):  # The loop has closed: so do we.
                    loop.call_soon_threadsafe(self._wanted.set)


def put_the_screen_first() -> None:
    """Keep Python's search for cycles and its other threads from stopping the screen.

    The search took 60 to 90 ms at a time. What is loaded by now stays for good and is looked at no
    more; the rest is looked at later. The few hundred cycles among it stay too. To look for them
    while all is loaded took 25 ms before the first paint, so `skew watch` begins without.
    """
    # Between two messages a loop lets go of the lock, and waits for as long as another thread that
    # reads or polls may keep it: by default 5 ms, several times between a key and its frame.
    sys.setswitchinterval(LOCK_KEPT_S)
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER, *gc.get_threshold()[1:])
    gc.enable()

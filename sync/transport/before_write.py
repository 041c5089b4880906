"""What is asked at the last moment before a write leaves, when its turn has come.

A write may wait for its turn, because a channel has a `rate`. What it rests on can move meanwhile,
so the last look and the mark that it is being written come after the wait and not before it.
"""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

LastLook = Callable[[], Awaitable[None]]

_last_look: ContextVar[LastLook | None] = ContextVar("last_look", default=None)


@contextmanager
def before_write(look: LastLook) -> Iterator[None]:
    """Have `look` run before each write that is sent within; what it raises keeps the write."""
    token = _last_look.set(look)
    try:
        yield
    finally:
        _last_look.reset(token)


async def look() -> None:
    """Take the last look; whoever sends a write calls it right before."""
    wanted = _last_look.get()
    if wanted is not None:
        await wanted()

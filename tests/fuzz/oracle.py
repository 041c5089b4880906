"""What holds for every input: how long it may take, how much memory, and what may be raised."""

import resource
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

CPU_S_MAX = 5.0
"""Of the processor: another's work beside it counts for nothing."""
GROWTH_BYTES_MAX = 512 * 1024 * 1024
"""By so much may one input let the process grow beyond all that it ever was."""
_PER_UNIT = 1 if sys.platform == "darwin" else 1024


class TooSlow(BaseException):
    """One input took more of the processor than any may."""


class TooLarge(BaseException):
    """One input took more memory than any may."""


@dataclass(frozen=True)
class FuzzTarget:
    """Something that takes input from outside."""

    seeds: Callable[[], Iterable[bytes]]
    """Inputs to begin with: what the contract's fixtures and the sample data have."""
    attempt: Callable[[bytes], object]
    """Takes one input. What is documented to be raised is caught in it; nothing else may come."""
    words: Sequence[str] = ()
    """What this language knows, to be put into inputs as it stands."""


def largest() -> int:
    """As large as this process ever was, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _PER_UNIT


@contextmanager
def bounded() -> Iterator[None]:
    """Raise TooSlow or TooLarge where what is done within takes too much."""

    def stop(_number: int, _frame: Any) -> None:
        raise TooSlow(f"more than {CPU_S_MAX:g} s")

    before, peak = signal.signal(signal.SIGVTALRM, stop), largest()
    signal.setitimer(signal.ITIMER_VIRTUAL, CPU_S_MAX)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
    grown = largest() - peak
    if grown > GROWTH_BYTES_MAX:
        raise TooLarge(f"{grown:,} bytes")


def whole_text(text: str) -> None:
    """Fail where a text can't be written anywhere: it has half of a surrogate pair."""
    text.encode("utf-8")

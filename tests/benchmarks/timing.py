"""How the cost of a channel's sweep is taken."""

import time
from collections.abc import Callable


def once(work: Callable[[], object]) -> float:
    """Seconds that it takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start

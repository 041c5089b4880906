"""How the benchmarks take times and tell them: as ratios, for they hold on any machine."""

import time
from collections.abc import Callable


def once(work: Callable[[], object]) -> float:
    """Seconds that it takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def best(work: Callable[[], object]) -> float:
    """The fewest seconds of three times."""
    return min(once(work) for _ in range(3))


def show(what: str, took_s: float, bare_s: float, limit: str = "–") -> None:
    """Print what was done, how long it and its bare counterpart took, and the design's limit."""
    print(
        f"  {what:46} {took_s * 1000:9.1f} ms  bare {bare_s * 1000:9.1f} ms  "
        f"ratio {took_s / bare_s:6.2f}  at most {limit}"
    )


def show_span(what: str, took_s: float, limit: str = "") -> None:
    """Print how long something took that has no bare counterpart."""
    print(f"  {what:46} {took_s * 1000:9.2f} ms{limit}")

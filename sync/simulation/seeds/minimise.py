"""A failing seed cut down: steps are left out for as long as the same promise is still broken."""

from collections.abc import Callable, Sequence

TRIES_MAX = 80


def minimised(
    steps: int, fails: Callable[[Sequence[int]], bool], *, tries_max: int = TRIES_MAX
) -> list[int]:
    """The places of steps with which it still fails, after so many tries at most.

    By halves, then by quarters and so on (Zeller's delta debugging): what comes after the breach
    goes first.
    """
    kept = list(range(steps))
    size, tries = max(1, steps // 2), 0
    while kept and tries < tries_max:
        start, has_cut = len(kept) - size, False
        while start > -size and tries < tries_max:
            without = kept[: max(0, start)] + kept[start + size :]
            tries += 1
            if without != kept and fails(without):
                kept, has_cut = without, True
            start -= size
        if size == 1 and not has_cut:
            break
        size = max(1, size // 2)
    return kept

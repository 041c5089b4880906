"""Numbers over time as one line of bars, and progress as one bar. Pure."""

from collections.abc import Sequence

BARS = "▁▂▃▄▅▆▇█"
_COUNTED = len(BARS) - 1
"""At least so many fill a bar: a single error must not look like a peak."""

_FULL, _EMPTY = "▓", "░"


def sparkline(values: Sequence[int], width: int) -> str:
    """The newest `width` values as bars, flush left: the lowest bar is the least of them.

    A bar is full at twice the least value, or at the greatest if that is more: what hardly
    changes stays flat.
    """
    newest = values[-width:]
    low = min(newest, default=0)
    return _bars(newest, low, max(max(newest, default=0) - low, low, 1)).ljust(width)


def count_bars(values: Sequence[int], width: int) -> str:
    """The newest `width` counts as bars from zero; a count of 1 is a low bar, always."""
    newest = values[-width:]
    return _bars(newest, 0, max(max(newest, default=0), _COUNTED))


def progress_bar(part: int, whole: int, width: int) -> str:
    """How much of a whole there is, as a bar of `width` cells; not empty unless it is nothing."""
    share = min(1.0, max(0.0, part / whole)) if whole > 0 else 0.0
    full = round(share * width)
    if share > 0:
        full = max(1, full)
    return _FULL * full + _EMPTY * (width - full)


def _bars(values: Sequence[int], low: int, span: int) -> str:
    return "".join(BARS[(value - low) * _COUNTED // span] for value in values)

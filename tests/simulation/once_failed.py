"""Seeds that once broke a promise, each with how many steps it took: they are run for ever."""

from collections.abc import Mapping
from types import MappingProxyType

from sync.simulation.promises.judge import Promise

ONCE_FAILED: Mapping[int, tuple[int, str]] = MappingProxyType(
    {
        37: (400, "a sale dated ahead of our clock held the other channels down until its time"),
        38: (1000, "a sale at a number that a connector had set was blamed on Skew"),
        88: (1000, "a sale that was deducted twice and a delivery together found no cause"),
        101: (1000, "an engine that found its cache busy when it began never began again"),
        122: (1000, "what somebody else wrote was taken for a list that shows our write late"),
        154: (1000, "an engine that was killed while it ended kept its successor from its cache"),
        168: (
            1000,
            "a bundle of which one part was read before its sale was booked found no cause",
        ),
        221: (1000, "a poll that nobody accepted at the end hid an update that was applied later"),
    }
)

_CAUSE = dict.fromkeys((326, 374, 375, 918), Promise.CAUSE)
_LOST = dict.fromkeys((377, 458), Promise.LOST)

NOT_TRACED: Mapping[int, Mapping[int, Promise]] = MappingProxyType(
    {
        250: {83: Promise.OVERSOLD},
        1000: {**_CAUSE, **_LOST, 837: Promise.OVERSOLD, 929: Promise.AUDIT},
    }
)
"""By how many steps, the seeds that break a promise, that promise, and no cause is found yet.

They are named in every run, and do not end it with an exit code of 1, unless they break another
promise; each leaves this list when it is traced.
"""

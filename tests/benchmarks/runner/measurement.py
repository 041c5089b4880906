"""What was measured of a row, and how: in turns with its bare counterpart.

A machine that gets slower or faster meanwhile changes both alike, so that their ratio holds.
"""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

Work = Callable[[], float]
"""Does something once, and answers what it cost: seconds, milliseconds, bytes."""


@dataclass(frozen=True)
class Measurement:
    """What the turns of one row came to."""

    samples: tuple[float, ...]
    """In the row's unit, a sample a turn."""
    own: tuple[float, ...] = ()
    """Where the row is a ratio: the seconds that Skew took, a turn each."""
    bare: tuple[float, ...] = ()
    """And those of its counterpart in the same turns."""
    machine: tuple[float, ...] = ()
    """Of a wait: what the machine itself, or a peer, makes one wait in the same turns. On a busy
    machine that is beyond any bound, and says nothing of Skew."""
    note: str = ""
    """What a reader of the figure must know."""

    @property
    def value(self) -> float:
        return statistics.median(self.samples)

    @property
    def spread(self) -> float:
        """Half of what lies between the lowest sample and the highest: the value is ± this."""
        return (max(self.samples) - min(self.samples)) / 2


@dataclass(frozen=True)
class Unavailable:
    """Why there is no figure here."""

    reason: str


def cpu_s(work: Callable[[], object]) -> float:
    """The processor's seconds that this process spends on it, in all of its threads."""
    began = time.process_time()
    work()
    return time.process_time() - began


def wall_s(work: Callable[[], object]) -> float:
    """The seconds until it is done."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def in_turns(times: int, *works: Work) -> tuple[tuple[float, ...], ...]:
    """Do all of these so many times, by turns: what each cost, a sample a turn."""
    found: list[list[float]] = [[] for _ in works]
    for _ in range(times):
        for samples, work in zip(found, works, strict=True):
            samples.append(work())
    return tuple(tuple(samples) for samples in found)


def ratio(own: tuple[float, ...], bare: tuple[float, ...], note: str = "") -> Measurement:
    """How many times its counterpart Skew takes, each turn for itself."""
    return Measurement(_divided(own, bare), own, bare, note=note)


def rate(own: tuple[float, ...], bare: tuple[float, ...], note: str = "") -> Measurement:
    """Which part of its counterpart's speed Skew has, each turn for itself: more is better."""
    return Measurement(_divided(bare, own), own, bare, note=note)


def percentile(samples: list[float], percent: int) -> float:
    """The value that so many percent of the samples do not exceed."""
    if len(samples) == 1:
        return samples[0]
    return statistics.quantiles(samples, n=100, method="inclusive")[percent - 1]


def _divided(above: tuple[float, ...], below: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(a / max(b, 1e-9) for a, b in zip(above, below, strict=True))

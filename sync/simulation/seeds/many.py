"""Many seeds on all processors, and what they come to together."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from os import cpu_count

import msgspec

from sync.simulation.promises.judge import Breach
from sync.simulation.seeds.trial import SeedResult


class ManyResults(msgspec.Struct):
    """What many seeds come to."""

    results: dict[int, SeedResult] = msgspec.field(default_factory=dict)

    def add(self, seed: int, result: SeedResult) -> None:
        self.results[seed] = result

    @property
    def steps(self) -> int:
        return sum(result.with_skew.steps for result in self.results.values())

    @property
    def faults(self) -> Counter[str]:
        """How often each fault struck."""
        found: Counter[str] = Counter()
        for result in self.results.values():
            found.update(result.with_skew.faults)
        return found

    @property
    def checked(self) -> Counter[str]:
        """How often each promise was checked."""
        found: Counter[str] = Counter()
        for result in self.results.values():
            found.update(result.with_skew.checked)
        return found

    @property
    def failing(self) -> dict[int, Sequence[Breach]]:
        """The breaches of each seed that has any."""
        return {
            seed: result.with_skew.broken
            for seed, result in sorted(self.results.items())
            if result.with_skew.broken
        }

    def differences(self, regime: str) -> list[int]:
        """Oversold units with Skew, less those without, of each seed of a regime, sorted."""
        return sorted(
            result.with_skew.figures.oversold_units - result.without.oversold_units
            for result in self.results.values()
            if result.regime == regime
        )


RunSeed = Callable[[int], SeedResult]
"""Runs one seed, in another process: what `functools.partial` makes of a function of a module."""


def run_many(
    run: RunSeed, seeds: Sequence[int], *, told: Callable[[int], None], processes: int | None = None
) -> ManyResults:
    """Run each seed; `told` hears how many are done."""
    found = ManyResults()
    for number, (seed, result) in enumerate(_run_all(run, seeds, processes), 1):
        found.add(seed, result)
        told(number)
    return found


def _run_all(
    run: RunSeed, seeds: Sequence[int], processes: int | None
) -> Iterator[tuple[int, SeedResult]]:
    count = min(processes or cpu_count() or 1, len(seeds))
    if count == 1:
        for seed in seeds:
            yield seed, run(seed)
        return
    with ProcessPoolExecutor(count, mp_context=get_context("spawn")) as pool:
        running = {pool.submit(run, seed): seed for seed in seeds}
        for done in as_completed(running):
            yield running[done], done.result()

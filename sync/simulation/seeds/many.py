"""Many seeds on all processors, and what they come to together."""

import signal
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import partial
from multiprocessing import get_context
from os import cpu_count

import msgspec

from sync.simulation.promises.judge import Breach
from sync.simulation.seeds.results import SeedResult, TrialResult


class ManyResults(msgspec.Struct):
    """What many seeds come to."""

    results: dict[int, SeedResult] = msgspec.field(default_factory=dict)
    is_interrupted: bool = False
    """Whether a person ended it before all seeds were run."""

    def add(self, seed: int, result: SeedResult) -> None:
        self.results[seed] = result

    @property
    def steps(self) -> int:
        return sum(result.with_skew.steps for result in self.results.values())

    @property
    def faults(self) -> Counter[str]:
        """How often each fault struck."""
        return self._sum(lambda result: result.faults)

    @property
    def checked(self) -> Counter[str]:
        """How often each promise was checked."""
        return self._sum(lambda result: result.checked)

    @property
    def wrong(self) -> Counter[str]:
        """Writes that made a number worse, by why they did."""
        return self._sum(lambda result: result.wrong)

    @property
    def oversold(self) -> Counter[str]:
        """Units oversold with Skew, by why they were."""
        return self._sum(lambda result: result.oversold)

    def _sum(self, counts: Callable[[TrialResult], Mapping[str, int]]) -> Counter[str]:
        found: Counter[str] = Counter()
        for result in self.results.values():
            found.update(counts(result.with_skew))
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
        return sorted(result.excess for result in self.results.values() if result.regime == regime)


RunSeed = Callable[[int], SeedResult]
"""Runs one seed, in another process: what `functools.partial` makes of a function of a module."""


def run_many(
    run: RunSeed, seeds: Sequence[int], *, told: Callable[[int], None], processes: int | None = None
) -> ManyResults:
    """Run each seed; `told` hears how many are done. Ctrl-C ends it with what is done by then."""
    found = ManyResults()
    try:
        for number, (seed, result) in enumerate(_run_all(run, seeds, processes), 1):
            found.add(seed, result)
            told(number)
    except KeyboardInterrupt:
        found.is_interrupted = True
    return found


def _run_all(
    run: RunSeed, seeds: Sequence[int], processes: int | None
) -> Iterator[tuple[int, SeedResult]]:
    count = min(processes or cpu_count() or 1, len(seeds))
    if count == 1:
        for seed in seeds:
            yield seed, run(seed)
        return
    # Ctrl-C reaches all of a terminal's processes: only the one that was started heeds it.
    ignored = partial(signal.signal, signal.SIGINT, signal.SIG_IGN)
    with ProcessPoolExecutor(count, get_context("spawn"), initializer=ignored) as pool:
        running = {pool.submit(run, seed): seed for seed in seeds}
        try:
            for done in as_completed(running):
                yield running[done], done.result()
        except BaseException:
            # Nobody waits for the seeds that are running.
            for process in list(pool._processes.values()):  # noqa: SLF001
                process.kill()
            raise

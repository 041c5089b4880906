"""Two configurations on the same seeds: which is better, by how much, and how sure that is."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from console.reports.json_documents import Json
from sync.simulation.seeds.many import ManyResults
from sync.simulation.seeds.results import TrialFigures

SURE = 1.96
"""So many standard errors about a mean hold the true one in 95 of 100 cases."""


@dataclass(frozen=True, slots=True)
class SeedDifference:
    """By how much the second configuration is above the first, seed by seed."""

    mean: float
    spread: float
    """The true mean lies this far from `mean`, at most, in 95 of 100 cases."""
    less_in: int
    more_in: int
    seeds: int

    @property
    def is_sure(self) -> bool:
        """Whether it is more than chance."""
        return abs(self.mean) > self.spread


def difference(
    first: ManyResults, second: ManyResults, figure: Callable[[TrialFigures], float]
) -> SeedDifference:
    """Compare a figure over the seeds that both have run."""
    seeds = sorted(first.results.keys() & second.results.keys())
    found = [
        figure(second.results[seed].with_skew.figures)
        - figure(first.results[seed].with_skew.figures)
        for seed in seeds
    ]
    spread = statistics.stdev(found) / len(found) ** 0.5 * SURE if len(found) > 1 else float("inf")
    return SeedDifference(
        statistics.fmean(found) if found else 0.0,
        spread,
        sum(value < 0 for value in found),
        sum(value > 0 for value in found),
        len(found),
    )


def sentence(words: str, found: SeedDifference, names: Sequence[str]) -> str:
    """Say which is better: `oversold units: b.toml has 3.2 fewer a seed (± 1.1), fewer in 9`."""
    first, second = names
    if not found.less_in and not found.more_in:
        return f"{words}: the same in each of {found.seeds} seeds"
    better, fewer_in, more_in = second, found.less_in, found.more_in
    if found.mean > 0:
        better, fewer_in, more_in = first, found.more_in, found.less_in
    spread = "" if found.seeds < 2 else f" ± {found.spread:,.1f}"  # noqa: PLR2004
    told = (
        f"{words}: {better} has {abs(found.mean):,.1f}{spread} less a seed; less in {fewer_in} and "
        f"more in {more_in} of {found.seeds} seeds"
    )
    return told if found.is_sure else f"{told}: this can be chance, run more --seeds"


def as_json(found: SeedDifference) -> Json:
    """The same for programs; the spread is null where one seed was run."""
    return {
        "mean": round(found.mean, 3),
        "plus_minus": None if found.seeds < 2 else round(found.spread, 3),  # noqa: PLR2004
        "less_in": found.less_in,
        "more_in": found.more_in,
    }

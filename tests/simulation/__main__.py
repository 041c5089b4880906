"""Run many seeds: `python -m tests.simulation --seeds 200 --steps 400`.

Says how often each fault struck and each promise was checked, and how much was oversold with Skew
and without, and why. A seed that breaks a promise is named with the command that repeats it and the
fewest steps found that still break it; then the exit code is 1. `--mutation NAME` puts one of the
faults of tests/simulation/mutations.py into Skew first, to see what that looks like.
"""

import argparse
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from sync.simulation.promises.judge import Promise
from sync.simulation.seeds.drawn import drawn
from sync.simulation.seeds.many import ManyResults, run_many
from sync.simulation.seeds.minimise import minimised
from sync.simulation.seeds.results import SeedResult
from sync.simulation.seeds.run import TrialFolder, planned
from tests.simulation.mutated import run_mutated, steps_of
from tests.simulation.mutations import MUTATIONS
from tests.simulation.once_failed import ONCE_FAILED

SHOWN_MAX = 40
FAILURES_MAX = 2
SHOWN_BREACHES_MAX = 3
MANY = 100
"""From so many seeds on the mean says something."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation")
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--from", type=int, default=0, dest="first")
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--seed", type=int, help="only this one")
    parser.add_argument("--processes", type=int)
    parser.add_argument("--mutation", choices=MUTATIONS, help="put this fault into Skew first")
    parser.add_argument("--keep", help="of the steps of a seed only these: 3,77")
    given = parser.parse_args()
    seeds = list(range(given.first, given.first + given.seeds))
    if given.seed is not None:
        seeds = [given.seed]
    elif given.first == 0:
        seeds = sorted({*seeds, *ONCE_FAILED})
    began = time.monotonic()

    def told(done: int) -> None:
        sys.stderr.write(f"\r{done} of {len(seeds)} seeds")
        sys.stderr.flush()

    keep = None if given.keep is None else [int(place) for place in given.keep.split(",")]
    run = partial(run_mutated, steps=given.steps, keep=keep, mutation=given.mutation)
    found = run_many(run, seeds, told=told, processes=given.processes)
    sys.stderr.write("\n")
    report(found, time.monotonic() - began)
    again = "" if given.mutation is None else f' --mutation "{given.mutation}"'
    failing = found.failing
    for seed, breaches in list(failing.items())[:FAILURES_MAX]:
        steps = steps_of(seed, given.steps)
        command = f"python -m tests.simulation --seed {seed} --steps {steps}{again}"
        print(f"\n{command}")
        for breach in breaches[:SHOWN_BREACHES_MAX]:
            print(f"  {breach.at / 1000:.3f} s: {breach.promise}: {breach.words}")
        if given.keep is None:
            kept = cut_down(run, seed, steps, breaches[0].promise)
            print(f"{command} --keep {','.join(map(str, kept))}")
            show_steps(seed, steps, kept)
    left = list(failing)[FAILURES_MAX:]
    if left:
        print(f"\nbroken in these seeds, too: {left}")
    is_worse = len(seeds) >= MANY and mean_with_raises(found) > 0
    if is_worse:
        print("\nwith raises, more is oversold on average than without Skew")
    return 1 if failing or is_worse else 0


def report(found: ManyResults, took_s: float) -> None:
    print(f"{len(found.results)} seeds, {found.steps:,} steps, {took_s:.0f} s")
    report_counts("faults that struck", found.faults)
    report_counts("promises checked", found.checked)
    print("\noversold units with Skew less those without, by seed")
    for regime in ("reductions", "everything"):
        differences = found.differences(regime)
        if differences:
            report_differences(regime, differences)
    for seed, result in sorted(found.results.items()):
        if result.excess > 0:
            traced = ", ".join(
                f"{units} {words}" for words, units in result.with_skew.oversold.items()
            )
            here = result.sold_here_instead
            counter = f"; {here} more over the counter" if here else ""
            more = f"{result.excess} more{counter}; units sold: {traced}"
            print(f"  seed {seed} ({result.regime}): {more}")
    results = [result.with_skew for result in found.results.values()]
    races = sum(result.races for result in results)
    writes = sum(result.writes for result in results)
    print(f"\n{writes:,} writes; reductions that landed after a sale raised by {races} units")
    report_counts("writes that made a number worse, because", found.wrong)
    report_counts("units oversold with Skew, because", found.oversold)


def report_differences(regime: str, differences: list[int]) -> None:
    count = len(differences)
    mean, above = sum(differences) / count, sum(difference > 0 for difference in differences)
    tenths = [differences[(count - 1) * tenth // 10] for tenth in range(11)]
    print(
        f"  {regime}: mean {mean:.2f}, above 0 in {above} of {count}; "
        f"least, every tenth and most: {' '.join(map(str, tenths))}"
    )


def report_counts(title: str, counts: Mapping[str, int]) -> None:
    print(f"\n{title}")
    for words, count in sorted(counts.items()):
        print(f"  {count:8,}  {words}")


def mean_with_raises(found: ManyResults) -> float:
    """By how many units a seed oversold more with Skew than without, where it also raises."""
    differences = found.differences("everything")
    return sum(differences) / max(1, len(differences))


def cut_down(
    run: Callable[..., SeedResult], seed: int, steps: int, promise: Promise
) -> Sequence[int]:
    """The places of the fewest steps found with which the same promise is broken."""

    def fails(kept: Sequence[int]) -> bool:
        again = run(seed, keep=kept).with_skew
        return any(breach.promise == promise for breach in again.broken)

    kept = minimised(steps, fails)
    print(f"  still broken with {len(kept)} of {steps} steps:")
    return kept


def show_steps(seed: int, steps: int, kept: Sequence[int]) -> None:
    with TrialFolder() as folder:
        performed = planned(seed, drawn(seed, folder), steps)
    for place in kept[:SHOWN_MAX]:
        step = performed[place]
        words = " ".join(
            f"{name}={getattr(step, name)}"
            for name in ("channel", "sku", "units", "lasts_ms", "part", "fault")
            if getattr(step, name)
        )
        print(f"    {step.at / 1000:8.3f} s {step.does} {words}")


if __name__ == "__main__":
    sys.exit(main())

"""A seed run, with Skew and without."""

import shutil
import tempfile
from collections.abc import Collection, Sequence
from pathlib import Path

from sync.simulation.seeds.drawn import DrawnTrial, drawn
from sync.simulation.seeds.results import SeedResult, TrialFigures, check_oversold
from sync.simulation.seeds.trial import MEASURE_EVERY, TrialRun, undersold
from sync.simulation.trial.plan import DEMAND, PlannedStep, plan
from sync.simulation.trial.shop import bundles_of, end_of, made, sources_of


def without_skew(seed: int, given: DrawnTrial, steps: Sequence[PlannedStep]) -> TrialFigures:
    """The same day without Skew: the same demand, and nobody who corrects anything."""
    shop = made(given.settings, given.items, seed=seed, is_connected=given.is_connected)
    figures, last = TrialFigures(), 0
    for number, step in enumerate(steps):
        shop.world.advance(step.at)
        if number % MEASURE_EVERY == 0:
            figures.undersold_unit_hours += undersold(shop, step.at - last)
            last = step.at
        if step.does in DEMAND:
            shop.perform(step)
    shop.world.advance(end_of(steps) + 60_000)
    figures.oversold_units, figures.sold_here = shop.world.oversold_units, shop.sold_here
    return figures


def planned(seed: int, given: DrawnTrial, steps: int) -> list[PlannedStep]:
    """The steps of a seed."""
    settings, skus = given.settings, [item.sku for item in given.items]
    sources = sources_of(settings)
    return plan(
        seed,
        steps,
        outlets=[name for name in settings.channels if name not in sources],
        sources=[name for name in settings.channels if name in sources],
        skus=skus,
        bundles=list(bundles_of(settings, skus)),
        rates=given.rates,
    )


def run_seed(seed: int, steps: int, *, keep: Collection[int] | None = None) -> SeedResult:
    """Run a seed's own trial, with Skew and without; `keep`: of its steps only these."""
    with TrialFolder() as folder:
        given = drawn(seed, folder)
        performed = planned(seed, given, steps)
        if keep is not None:
            performed = [performed[place] for place in sorted(keep)]
        return run_given(seed, given, performed)


def run_given(seed: int, given: DrawnTrial, performed: Sequence[PlannedStep]) -> SeedResult:
    """Run a trial of a configuration, with Skew and without."""
    result = TrialRun(seed, given, performed).run()
    without = without_skew(seed, given, performed)
    found = SeedResult(given.regime, result, without)
    check_oversold(found)
    return found


class TrialFolder:
    """A folder for one trial's cache, in memory where the machine has such a place."""

    def __init__(self) -> None:
        memory = Path("/dev/shm")  # noqa: S108 - made private by mkdtemp.
        self.path = Path(
            tempfile.mkdtemp(prefix="skew-trial-", dir=memory if memory.is_dir() else None)
        )

    def __enter__(self) -> Path:
        return self.path

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self.path, ignore_errors=True)

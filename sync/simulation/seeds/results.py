"""What came of a trial: with Skew, and without."""

import msgspec

from sync.simulation.promises.error_origins import ErrorOrigin
from sync.simulation.promises.judge import Breach, Promise


class TrialFigures(msgspec.Struct):
    """What a shop's day came to."""

    oversold_units: int = 0
    sold_here: int = 0
    """Units sold over the warehouse's own counter, which sells what is truly there."""
    undersold_unit_hours: float = 0.0
    wrong_writes: int = 0
    converged_s: float | None = None
    """How long after the last trouble until every cell showed what it should; None: not at all."""
    alerts: int = 0


class TrialResult(msgspec.Struct):
    """What became of one trial."""

    seed: int
    steps: int
    calls: int
    faults: dict[str, int]
    checked: dict[str, int]
    broken: list[Breach]
    figures: TrialFigures
    trace: str
    """A digest of all that happened: the same for the same seed."""
    writes: int = 0
    races: int = 0
    """Units by which reductions raised that landed after a sale."""
    wrong: dict[str, int] = {}
    """Writes that made a number worse, by why they did."""
    oversold: dict[str, int] = {}
    """Units sold that were not there, by why they were sold."""


class SeedResult(msgspec.Struct, frozen=True):
    """One seed with Skew and without."""

    regime: str
    with_skew: TrialResult
    without: TrialFigures

    @property
    def excess(self) -> int:
        """How many units more are oversold with Skew than without."""
        return self.with_skew.figures.oversold_units - self.without.oversold_units

    @property
    def sold_here_instead(self) -> int:
        """How many units more are sold over the counter: outlets were kept from selling them."""
        return max(0, self.with_skew.figures.sold_here - self.without.sold_here)


def check_oversold(found: SeedResult) -> None:
    """Where more was oversold with Skew than without: whether all of it is traced to races.

    With raises it is sold what without them is not: there are more races. While only reductions are
    approved there is no more to sell, but for what a reduction raises that lands after a sale.
    Either way, what an outlet was kept from selling may be sold over the counter, and then it is
    missing elsewhere.
    """
    result, key = found.with_skew, Promise.OVERSOLD
    result.checked[key] = result.checked.get(key, 0) + 1
    traced = found.sold_here_instead
    if found.regime == "reductions":
        traced += result.races
    else:
        traced += result.oversold.get(ErrorOrigin.RACE, 0)
    if found.excess > traced:
        words = (
            f"{found.excess} units more than without Skew; {traced} of them by races or over "
            f"the counter instead: {result.oversold}"
        )
        result.broken.append(Breach(key, result.steps, words))

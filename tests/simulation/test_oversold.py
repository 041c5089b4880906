"""What is oversold with Skew beyond what is without: traced, or a broken promise."""

import pytest

from sync.simulation.promises.error_origins import ErrorOrigin
from sync.simulation.promises.judge import Promise
from sync.simulation.seeds.results import SeedResult, TrialFigures, TrialResult, check_oversold


def judged(
    regime: str, *, more: int, here: int = 0, races: int = 0, origins: dict[str, int] | None = None
) -> bool:
    """Whether the promise is kept where so many units more are oversold with Skew."""
    figures = TrialFigures(oversold_units=7 + more, sold_here=5 + here)
    with_skew = TrialResult(1, 10, 0, {}, {}, [], figures, "", races=races, oversold=origins or {})
    found = SeedResult(regime, with_skew, TrialFigures(oversold_units=7, sold_here=5))
    check_oversold(found)
    assert with_skew.checked == {Promise.OVERSOLD: 1}
    return with_skew.broken == []


@pytest.mark.parametrize("regime", ["reductions", "everything"])
def test_no_more_than_without_is_kept_and_one_more_is_broken(regime: str) -> None:
    assert judged(regime, more=0)
    assert not judged(regime, more=1)
    assert not judged(
        regime, more=1, origins=dict.fromkeys(set(ErrorOrigin) - {ErrorOrigin.RACE}, 9)
    )


@pytest.mark.parametrize("regime", ["reductions", "everything"])
def test_what_was_sold_over_the_counter_instead_is_traced_unit_by_unit(regime: str) -> None:
    assert judged(regime, more=2, here=2)
    assert not judged(regime, more=3, here=2)
    assert not judged(regime, more=1, here=-4)


def test_with_raises_a_race_traces_it_and_with_reductions_only_one_that_raised() -> None:
    races = {str(ErrorOrigin.RACE): 2}
    assert judged("everything", more=2, origins=races)
    assert not judged("everything", more=3, origins=races)
    assert not judged("reductions", more=1, origins=races)
    assert judged("reductions", more=1, races=1)

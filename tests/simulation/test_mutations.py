"""The simulation can fail: it catches a fault put into Skew for each of its promises."""

import pytest

from sync.simulation.promises.judge import Promise
from sync.simulation.seeds.run import run_seed
from tests.simulation.mutations import MUTATIONS

SEEDS = (1, 3, 7, 2, 6, 4)
STEPS = 250
RARE = {"nothing expires": 800, "nothing turns stale": 800}
"""What a short trial seldom comes to gets a longer one."""
QUICK = ("one less than the target",)
"""Caught soon: it stands for the others in the plain run."""


@pytest.mark.parametrize(
    "name",
    [name if name in QUICK else pytest.param(name, marks=pytest.mark.long) for name in MUTATIONS],
)
def test_a_fault_put_into_skew_is_caught(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    promise, mutate = MUTATIONS[name]
    mutate(monkeypatch)
    seen: set[Promise] = set()
    for seed in SEEDS:
        result = run_seed(seed, RARE.get(name, STEPS)).with_skew
        seen |= {breach.promise for breach in result.broken}
        if promise in seen:
            return
    pytest.fail(f"not caught: {name}; seen {sorted(seen)}")


def test_there_is_a_mutation_for_every_promise() -> None:
    assert {promise for promise, _ in MUTATIONS.values()} == set(Promise)

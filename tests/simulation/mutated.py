"""A seed with a fault put into Skew. Here, for other processes can't import from `__main__`."""

from collections.abc import Sequence

import pytest

from sync.simulation.seeds.results import SeedResult
from sync.simulation.seeds.run import run_seed
from tests.simulation.mutations import MUTATIONS
from tests.simulation.once_failed import ONCE_FAILED


def run_mutated(
    seed: int, *, steps: int, mutation: str | None = None, keep: Sequence[int] | None = None
) -> SeedResult:
    """Run a seed, perhaps with a fault put into Skew."""
    with pytest.MonkeyPatch.context() as patch:
        if mutation is not None:
            MUTATIONS[mutation][1](patch)
        return run_seed(seed, steps_of(seed, steps), keep=keep)


def steps_of(seed: int, steps: int) -> int:
    """A seed that once failed is run at least as long as it took then."""
    return max(steps, ONCE_FAILED.get(seed, (0, ""))[0])

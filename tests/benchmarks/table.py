"""The rows, in the order in which they are measured and printed."""

from tests.benchmarks.rows import (
    answers,
    http,
    ingest,
    lists,
    rounds,
    screen,
    starting,
    storage,
    targets,
    upkeep,
)
from tests.benchmarks.runner.row import Bench

BENCHES: tuple[Bench, ...] = (
    *ingest.BENCHES,
    *targets.BENCHES,
    *lists.BENCHES,
    *http.BENCHES,
    *rounds.BENCHES,
    *storage.BENCHES,
    *upkeep.BENCHES,
    *starting.BENCHES,
    *answers.BENCHES,
    *screen.BENCHES,
)

"""A process that polls one outlet without rest, a hundredth of it changed each time.

Run: python -m tests.benchmarks.writer FOLDER SKUS   (FOLDER by screen_shop.fill; until killed)
"""

import itertools
import sys
from pathlib import Path

from store.database.connection import Database
from store.polling import merge
from store.polling.recognition.memory import PollMemory
from sync.clock import SystemClock
from sync.targets import terms
from tests.benchmarks import screen_shop, world

OUTLET = "outlet"


def poll_without_rest(folder: Path, skus: int) -> None:
    settings = screen_shop.settings(folder)
    comparison = terms.comparison(settings)
    rows = world.records(skus)
    memories = {OUTLET: PollMemory()}
    with Database.open(settings.database) as database:
        for turn in itertools.count(1):
            shown = world.nudged(rows, every=100, by=turn)
            now = SystemClock().now()
            sweep = world.read(database, OUTLET, shown, memories, now=now)
            database.write(merge.merge, sweep, comparison, now=now, as_of=None)
            if turn == 1:
                print("polling", flush=True)


if __name__ == "__main__":
    poll_without_rest(Path(sys.argv[1]), int(sys.argv[2]))

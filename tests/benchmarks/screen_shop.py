"""The shop of the screen's benchmarks: its cache, and a process that changes it without rest.

Run by itself it is that process: python -m tests.benchmarks.screen_shop FOLDER SKUS A_SECOND EVERY
(and without these, one that only naps: how late it wakes is the machine's own).
"""

import contextlib
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from store.database.connection import Database
from store.model import Record
from store.open_counts import upkeep
from store.polling import merge
from sync.clock import SystemClock
from sync.config.load import load
from sync.settings import Settings
from sync.targets import terms
from tests.benchmarks import world

OUTLETS = ("shop", "market", "outlet", "till")
DIFFERS = "market"
"""The outlet that shows three more of everything."""

NAP_S = 0.002

BATCH = 10
"""So many changes come in one transaction."""


def settings(folder: Path) -> Settings:
    """What `skew.toml` there says, which `fill` has written."""
    return load(folder / "skew.toml", environ=None)


def _toml() -> str:
    outlets = "".join(_OUTLET.format(name=name) for name in OUTLETS)
    return f"{_WAREHOUSE}{outlets}"


_WAREHOUSE = """[skew]
database = "skew.db"

[authority]
quantity = "warehouse"

[channels.warehouse]
kind = "csv"
path = "warehouse.csv"
every = "24h"
stale_after = "240h"
"""
_OUTLET = """
[channels.{name}]
kind = "simulated"
url = "http://127.0.0.1:9/{name}"
token = {{ env = "NO_SUCH_TOKEN" }}
states = []
direction = "push"
every = "24h"
stale_after = "240h"
"""


def fill(folder: Path, skus: int, open_count: int | None = None) -> Settings:
    """Make a cache in which so many SKUs disagree on one outlet and have an update proposed.

    None: all of them.
    """
    (folder / "skew.toml").write_text(_toml(), encoding="utf-8")
    made = settings(folder)
    comparison = terms.comparison(made)
    rows = world.records(skus)
    differing = world.nudged(rows, every=apart(skus, open_count), by=3)
    with Database.open(made.database) as database:
        database.write(comparison.configure, now=SystemClock().now())
        for name in ("warehouse", *OUTLETS):
            shown = differing if name == DIFFERS else rows
            now = SystemClock().now()
            sweep = world.read(database, name, shown, {}, now=now)
            database.write(merge.merge, sweep, comparison, now=now, as_of=None)
            while database.write(upkeep.count_more, now=now):
                """As the engine does it after each poll."""
    return made


def apart(skus: int, open_count: int | None) -> int:
    """Every how many SKUs one disagrees."""
    return max(1, skus // (open_count or skus))


@contextlib.contextmanager
def changing(
    folder: Path, skus: int, a_second: int, open_count: int | None = None
) -> Iterator[None]:
    """Have another process bring so many changed readings a second, of SKUs that disagree."""
    words = [str(skus), str(a_second), str(apart(skus, open_count))]
    command = [sys.executable, "-m", "tests.benchmarks.screen_shop", str(folder), *words]
    process = subprocess.Popen(command)
    try:
        yield
    finally:
        process.kill()
        process.wait()


@contextlib.contextmanager
def idle() -> Iterator[Callable[[], list[float]]]:
    """Have another process do nothing but nap; called, answer how late it woke, in ms."""
    command = [sys.executable, "-m", "tests.benchmarks.screen_shop"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.readline()  # It has begun.
    try:

        def lateness() -> list[float]:
            process.terminate()
            out, _ = process.communicate()
            return [float(word) for word in out.split()]

        yield lateness
    finally:
        process.kill()
        process.wait()


def nap() -> None:
    """Tell how late each nap ended, until SIGTERM."""
    late: list[float] = []
    told = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: told.set())
    print("napping", flush=True)
    while not (late and told.is_set()):
        began = time.perf_counter()
        time.sleep(NAP_S)
        late.append((time.perf_counter() - began - NAP_S) * 1000)
    print(*(f"{stall_ms:.3f}" for stall_ms in late))


def change(folder: Path, skus: int, a_second: int, every: int) -> None:
    """Move readings of the outlet that differs, so many a second, for ever."""
    made = settings(folder)
    comparison = terms.comparison(made)
    differing = skus // every
    batch = min(BATCH, differing)
    with Database.open(made.database) as database:
        due, turn = time.monotonic(), int(time.time())
        while True:
            turn += 1
            numbers = [(turn * batch + place) * 7919 % differing * every for place in range(batch)]
            records = [
                Record(f"SKU-{number:07}", world.quantity(number) + 3 + turn % 5, state="active")
                for number in numbers
            ]
            world.touch(database, comparison, DIFFERS, records, now=SystemClock().now())
            due += batch / a_second
            time.sleep(max(0.0, due - time.monotonic()))


if __name__ == "__main__":
    if len(sys.argv) == 1:
        nap()
    else:
        change(Path(sys.argv[1]), *map(int, sys.argv[2:]))

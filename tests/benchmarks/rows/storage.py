"""What is kept: the bytes of a change, a day of changes, the memory of a daemon and of a report."""

import json
import time
from datetime import datetime

from tests.benchmarks import world
from tests.benchmarks.csv_shop import CsvShop
from tests.benchmarks.place import Catalogue, Place
from tests.benchmarks.runner import processes
from tests.benchmarks.runner.measurement import Measurement, cpu_s, in_turns
from tests.benchmarks.runner.processes import SKEW, Program
from tests.benchmarks.runner.row import Bench, Found, Row

DISK = Row("cache on disk per listing", "B", at_most=60, judged_from=100_000)
CHANGE = Row("history per changed number", "B", at_most=100, judged_from=100_000)
DAEMON = Row("peak memory, daemon", "MB", at_most=300)
DIFF = Row("peak memory, diff --json, 100,000 open", "MB", at_most=150)
DIFF_CPU = Row("diff --json, 100,000 open, processor", "s")
DAY_CPU = Row("a day at 2 % changes an hour: processor for an hour", "s")
DAY_LAST = Row("a day at 2 % changes an hour: last hour / first hour")
DAY_BYTES = Row("a day at 2 % changes an hour: bytes per change", "B", at_most=100)
DAY_WAL = Row("a day at 2 % changes an hour: largest WAL", "MB")
HOUR_MS = 3_600_000
HOURS = 24
APART = 50
"""Every fiftieth number changes in an hour: 2 %."""


def disk(place: Place) -> Found:
    """What five first polls leave: titles, prices, references, and what knows them again."""
    with place.catalogue() as shop:
        for name in world.NAMES:
            world.save(shop.database, name, shop.memories)
        used = _used_bytes(shop)
    return {DISK: Measurement((used / (place.skus * place.CHANNELS),))}


def history(place: Place) -> Found:
    """A fiftieth of the SKUs moves everywhere: at the authority, then on the other four."""
    with place.catalogue() as shop:
        shop.now = 100 * HOUR_MS
        change_for_an_hour(shop, 0)  # The pages that any change needs are there afterwards.

        def bytes_per_change() -> float:
            before = _used_bytes(shop)
            change_for_an_hour(shop, 1)
            return (_used_bytes(shop) - before) / _changes(place)

        (samples,) = in_turns(place.times, bytes_per_change)
    return {CHANGE: Measurement(samples)}


def day(place: Place) -> Found:
    """24 hours in each of which a fiftieth of the SKUs moves everywhere; other SKUs each hour."""
    with place.catalogue() as shop:
        shop.now = 100 * HOUR_MS
        wal = shop.database.path.with_name(f"{shop.database.path.name}-wal")
        before, spans, logs = _used_bytes(shop), [], []
        for hour in range(HOURS):
            spans.append(cpu_s(lambda hour=hour: change_for_an_hour(shop, hour)))  # type: ignore[misc]
            logs.append(wal.stat().st_size / 1e6)
        grown = _used_bytes(shop) - before
    return {
        DAY_CPU: Measurement(tuple(spans)),
        DAY_LAST: Measurement((sum(spans[-4:]) / sum(spans[:4]),), note="4 hours each"),
        DAY_BYTES: Measurement((grown / HOURS / _changes(place),)),
        DAY_WAL: Measurement((max(logs),)),
    }


def _changes(place: Place) -> int:
    return -(-place.skus // APART) * place.CHANNELS


def change_for_an_hour(shop: Catalogue, hour: int) -> None:
    """Move every fiftieth number from the hour's own on, on every channel, and read all."""
    first = hour % APART
    shop.rows = shop.rows[:first] + world.nudged(
        shop.rows[first:], every=APART, by=1 if hour % 2 else -1
    )
    for name in world.NAMES:
        shop.now += HOUR_MS // len(world.NAMES)
        shop.poll(name, shop.rows)


def _used_bytes(shop: Catalogue) -> int:
    """The bytes of the cache that hold something."""
    return shop.database.read(world.used_bytes)


def daemon(place: Place) -> Found:
    """Its whole life: the first round of five files, a round after they have changed, its end."""
    shop = CsvShop(place, every="5s")

    def peak_mb() -> float:
        shop.forget()
        program = Program((*SKEW, "daemon"), folder=shop.folder)
        try:
            processes.wait_until(lambda: _read_since(shop, 0.0), program)
            changed_at = time.time()
            shop.switch()
            processes.wait_until(lambda: _read_since(shop, changed_at), program)
        finally:
            program.interrupt()
        return program.end().peak_mb

    (samples,) = in_turns(place.times, peak_mb)
    shop.remove()
    return {DAEMON: Measurement(samples)}


def _read_since(shop: CsvShop, instant: float) -> bool:
    """Whether every channel has been read after an instant."""
    if not shop.database.exists():
        return False
    time.sleep(1.0)
    said = processes.run((*SKEW, "status", "--json"), folder=shop.folder, codes=(0, 1))
    channels = json.loads(said.out)["channels"]
    return all(
        channel["last_success_at"] is not None
        and datetime.fromisoformat(channel["last_success_at"]).timestamp() > instant
        for channel in channels
    )


def diff(place: Place) -> Found:
    """The whole list as one JSON document, by the real command."""
    peaks: list[float] = []
    with place.shop() as folder:

        def listed_s() -> float:
            spent = processes.run((*SKEW, "diff", "--json"), folder=folder, codes=(1,))
            peaks.append(spent.peak_mb)
            return spent.cpu_s

        (took,) = in_turns(place.times, listed_s)
    note = f"{place.open_count:,} open"
    return {DIFF: Measurement(tuple(peaks), note=note), DIFF_CPU: Measurement(took, note=note)}


BENCHES = (
    Bench((DAEMON,), daemon),
    Bench((DIFF, DIFF_CPU), diff),
    Bench((DISK,), disk),
    Bench((CHANGE,), history),
    Bench((DAY_CPU, DAY_LAST, DAY_BYTES, DAY_WAL), day, is_long=True),
)

"""What keeps the cache small: the log while others read, the thinning while others write."""

import contextlib
import sqlite3
import threading
import time
from collections.abc import Iterator

from store.database.connection import Database
from store.history import retention
from sync.engine.retention import REST_S
from tests.benchmarks import world
from tests.benchmarks.place import Catalogue, Place
from tests.benchmarks.rows.storage import HOUR_MS, change_for_an_hour
from tests.benchmarks.runner.measurement import Measurement, percentile, wall_s
from tests.benchmarks.runner.row import Bench, Found, Row

LOG = Row("largest WAL, readers that overlap, a day at 2 % an hour", "MB", at_most=150)
LOG_HELD = Row("WAL after a reader of that day has ended", "MB", at_most=150)
WRITE = Row("a write while the history is thinned, p99", "ms", at_most=50)
WEEK = Row("file after three weeks of which one is kept / after two", at_most=1.02)
HOURS = 24
READ_S = 0.01
WRITES = 300
WEEK_SKUS = 2_000
WEEK_MS = 7 * HOURS * HOUR_MS


def log(place: Place) -> Found:
    """A day of polls, beside three readers that overlap; then beside one that stays."""
    largest = []
    with place.catalogue() as shop, Database.open(shop.database.path, read_only=True) as reader:
        shop.now = 100 * HOUR_MS
        with _overlapping(reader):
            for hour in range(HOURS):
                change_for_an_hour(shop, hour)
                largest.append(shop.database.log_bytes() / 1e6)
        with reader.snapshot() as held:
            held.read(world.used_bytes)
            for hour in range(HOURS):
                change_for_an_hour(shop, hour)
        change_for_an_hour(shop, 0)
        after = shop.database.log_bytes() / 1e6
    return {LOG: Measurement((max(largest),)), LOG_HELD: Measurement((after,))}


@contextlib.contextmanager
def _overlapping(database: Database) -> Iterator[None]:
    ended = threading.Event()

    def read() -> None:
        while not ended.is_set():
            database.read(_look)

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
        time.sleep(READ_S / len(threads))
    yield
    ended.set()
    for thread in threads:
        thread.join()


def _look(connection: sqlite3.Connection) -> None:
    world.used_bytes(connection)
    time.sleep(READ_S)


def write(place: Place) -> Found:
    """Three hours of changes are thinned out as the engine does it; another connection writes."""
    with place.catalogue() as shop, Database.open(shop.database.path) as other:
        shop.now = 100 * HOUR_MS
        for hour in range(3):
            change_for_an_hour(shop, hour)
        thinning = threading.Thread(target=_thin, args=(shop, shop.now + 1, REST_S))
        waits: list[float] = []
        thinning.start()
        while thinning.is_alive() and len(waits) < WRITES:
            waits.append(1000 * wall_s(lambda: other.write(_touch)))
            time.sleep(REST_S / 4)
        thinning.join()
    return {WRITE: Measurement((percentile(waits, 99),), note=f"{len(waits)} writes")}


def _touch(connection: sqlite3.Connection) -> None:
    connection.execute("UPDATE channels SET last_error = NULL WHERE id = 1")


def _thin(shop: Catalogue, before: int, rest_s: float) -> None:
    progress: retention.ThinningProgress | None = retention.ThinningProgress()
    while progress is not None:
        progress = shop.database.write(retention.thin, progress, before=before)
        time.sleep(rest_s)


def weeks(place: Place) -> Found:
    """Three weeks at 2 % an hour, of a small catalogue: freed pages are used again."""
    small = Place(min(WEEK_SKUS, place.skus), place.folder, times=1)
    sizes = []
    with small.catalogue() as shop:
        shop.now = WEEK_MS
        for _ in range(3):
            for hour in range(7 * HOURS):
                change_for_an_hour(shop, hour)
                _thin(shop, shop.now - WEEK_MS, 0)
            sizes.append(shop.database.read(_pages))
    return {WEEK: Measurement((sizes[2] / sizes[1],), note=f"{small.skus:,} SKUs")}


def _pages(connection: sqlite3.Connection) -> float:
    """All of the file, free pages included."""
    return float(connection.execute("PRAGMA page_count").fetchone()[0])


BENCHES = (
    Bench((WRITE,), write),
    Bench((LOG, LOG_HELD), log, is_long=True),
    Bench((WEEK,), weeks, is_long=True),
)

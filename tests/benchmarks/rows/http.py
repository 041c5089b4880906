"""A whole poll over HTTP by the real engine, and how late another loop's timer comes meanwhile."""

import asyncio
import gc
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from store.database.connection import Database
from sync.clock import SystemClock
from sync.config.load import decode
from sync.engine.engine import Engine
from sync.settings import Settings
from tests.benchmarks import http_server, screen_shop
from tests.benchmarks.place import Place
from tests.benchmarks.runner.measurement import Measurement, cpu_s, percentile, rate
from tests.benchmarks.runner.row import Bench, Found, Row

PAGES = "bare httpx fetching the same pages"
NAP_S = 0.002

FIRST = Row("whole poll over HTTP, first", beside=PAGES, at_least=0.15)
UNCHANGED = Row("whole poll over HTTP, unchanged", beside=PAGES, at_least=0.8)
CHANGED = Row("whole poll over HTTP, 0.1 % changed", beside=PAGES, at_least=0.35)
STALL_P99 = Row("stall of the screen's loop during a poll, p99", "ms", at_most=5)
STALL_WORST = Row("stall of the screen's loop during a poll, worst", "ms", at_most=50)


def polls(place: Place) -> Found:
    """The authority has been read; then the market's list comes, again, and again with changes."""
    folder = place.fresh("")
    folder.mkdir()
    own: dict[Row, list[float]] = {row: [] for row in (FIRST, UNCHANGED, CHANGED)}
    bare: dict[Row, list[float]] = {row: [] for row in own}
    stalls: list[list[float]] = []
    idle: list[list[float]] = []
    with (
        http_server.Server(place.skus) as url,
        http_server.BareClient(url, place.skus) as fetch_s,
    ):
        settings = _settings(folder, url)
        _read_authority(settings, place)
        fetch_s()  # Warm.
        for turn in range(place.times):
            with _copy(settings, folder / f"turn-{turn}") as engine:
                for row, spans in own.items():
                    if row is CHANGED:
                        http_server.move(url, turn + 1)
                    spans.append(cpu_s(lambda: asyncio.run(_poll(engine))))
                    bare[row].append(fetch_s())
        # The catalogue of all benches is a million objects, in which Python would look for cycles
        # meanwhile. The console freezes what it has loaded, too (`put_the_screen_first`).
        gc.freeze()
        for turn in range(place.times):
            copied = _copy(settings, folder / f"watched-{turn}")
            with copied as engine, screen_shop.idle() as machine:
                stalls.append(asyncio.run(_watching(engine)))
                idle.append(machine())
        gc.unfreeze()
    shutil.rmtree(folder)
    found: dict[Row, Measurement] = {row: rate(tuple(own[row]), tuple(bare[row])) for row in own}
    found[STALL_P99] = _late(stalls, idle, lambda late: percentile(late, 99))
    found[STALL_WORST] = _late(stalls, idle, max)
    return found


def _late(
    stalls: list[list[float]], idle: list[list[float]], of: Callable[[list[float]], float]
) -> Measurement:
    return Measurement(tuple(map(of, stalls)), machine=tuple(map(of, idle)))


def _settings(folder: Path, url: str) -> Settings:
    return decode(
        {
            "skew": {"database": "skew.db"},
            "authority": {"quantity": "warehouse"},
            "channels": {
                "warehouse": {"kind": "csv", "path": "w.csv"},
                "market": {
                    "kind": "http",
                    "url": f"{url}/0",
                    "items": "items",
                    "next": "next",
                    "rate": 100_000,
                    "fields": {"sku": "sku", "available": "available", "price": "price"},
                },
            },
        },
        source="benchmark",
        base=folder,
        environ={},
    )


def _read_authority(settings: Settings, place: Place) -> None:
    path = settings.database.with_name("w.csv")
    with path.open("w", encoding="utf-8") as file:
        file.write("sku,available\n")
        file.writelines(f"{row.sku},{row.available}\n" for row in place.rows)
    with _engine(settings) as engine:
        (report,) = asyncio.run(engine.poll(["warehouse"]))
        assert report.outcome == "good", report


@contextmanager
def _copy(settings: Settings, folder: Path) -> Iterator[Engine]:
    """An engine on a copy of the cache."""
    folder.mkdir()
    copied = msgspec.structs.replace(settings, database=folder / settings.database.name)
    shutil.copyfile(settings.database, copied.database)
    with _engine(copied) as engine:
        yield engine
    shutil.rmtree(folder)


@contextmanager
def _engine(settings: Settings) -> Iterator[Engine]:
    with Database.open(settings.database) as database:
        yield Engine(settings, database, clock=SystemClock(), holder="benchmark")


async def _poll(engine: Engine) -> None:
    (report,) = await engine.poll(["market"])
    assert report.outcome == "good", report


async def _watching(engine: Engine) -> list[float]:
    """Poll in a thread with its own loop, and note in ms how late this loop's timer comes."""
    late: list[float] = []
    task = asyncio.create_task(asyncio.to_thread(lambda: asyncio.run(_poll(engine))))
    while not task.done():
        began = time.perf_counter()
        await asyncio.sleep(NAP_S)
        late.append((time.perf_counter() - began - NAP_S) * 1000)
    await task
    return late


BENCHES = (Bench((FIRST, UNCHANGED, CHANGED, STALL_P99, STALL_WORST), polls),)

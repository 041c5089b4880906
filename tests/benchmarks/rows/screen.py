"""From a key to the frame that shows what it did: in the real console, and in a plain DataTable."""

import asyncio
import statistics

from tests.benchmarks import screen
from tests.benchmarks.peers import table
from tests.benchmarks.place import Place
from tests.benchmarks.runner.measurement import Measurement, percentile
from tests.benchmarks.runner.row import Bench, Found, Row

PAGE = Row("page turned, 100,000 open, key to frame, p95", "ms", at_most=50)
TAB = Row("another page shown, 100,000 open, key to frame, p95", "ms", at_most=50)
SORT = Row("whole list sorted, 100,000 open, key to frame", "s", at_most=0.3)
STALL_P99 = Row("stall of the screen's loop while keys come, p99", "ms")
STALL_WORST = Row("stall of the screen's loop while keys come, worst", "ms")
STALL_IDLE = Row("stall of an idle process meanwhile, p99", "ms")
PEER_PAGE = Row("peer: page turned in Textual's DataTable, p95", "ms")
PEER_SORT = Row("peer: whole table sorted by Textual's DataTable", "s")
SERIES = {PAGE: "cursor by a page", TAB: "another page", SORT: "sort, list painted"}


def keys(place: Place) -> Found:
    """Another process brings 100 changes a second; DataTable stands still, which is easier."""
    found: dict[Row, list[float]] = {row: [] for row in ROWS}
    for _ in range(place.times):
        with place.shop() as folder:
            names = list(SERIES.values())
            times = asyncio.run(screen.press(folder, place.skus, place.open_count, names))
        found[PAGE].append(percentile(times.series[SERIES[PAGE]], 95))
        found[TAB].append(percentile(times.series[SERIES[TAB]], 95))
        found[SORT].append(statistics.median(times.series[SERIES[SORT]]) / 1000)
        found[STALL_P99].append(percentile(times.stalls, 99))
        found[STALL_WORST].append(max(times.stalls))
        found[STALL_IDLE].append(percentile(times.idle, 99))
        pages, sorts = asyncio.run(table.turns(place.rows[: place.open_count]))
        found[PEER_PAGE].append(percentile(pages, 95))
        found[PEER_SORT].append(statistics.median(sorts) / 1000)
    note = f"{place.open_count:,} open"
    peers = {PAGE: found[PEER_PAGE], TAB: found[PEER_PAGE], SORT: found[PEER_SORT]}
    return {
        row: Measurement(tuple(samples), note=note, machine=tuple(peers.get(row, ())))
        for row, samples in found.items()
    }


ROWS = (PAGE, TAB, SORT, PEER_PAGE, PEER_SORT, STALL_P99, STALL_WORST, STALL_IDLE)
BENCHES = (Bench(ROWS, keys),)

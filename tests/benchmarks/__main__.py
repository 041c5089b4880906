"""Benchmarks of the store, each beside its bare counterpart in the same run; then of the screen.

Run: python -m tests.benchmarks [SKUS…]   (default 10000 100000; 1000000 on request)

Prints ratios, for they hold when the machine's speed does not. The limits are the design's.
"""

import statistics
import sys
import tempfile
import threading
from functools import partial
from pathlib import Path

from store.database.connection import Database
from store.model import Record
from store.polling import merge, staging
from store.polling.comparison import Comparison
from store.polling.recognition.memory import PollMemory
from store.queries import views
from store.queries.values import DisagreementFilter, Sort
from tests.benchmarks import availability, bare, description, screen, screen_wire, whole, world
from tests.benchmarks.timing import best, once, show, show_span

CHANNELS = 5


def main() -> None:
    sizes = [int(word) for word in sys.argv[1:]] or [10_000, 100_000]
    incremental = {}
    for skus in sizes:
        with tempfile.TemporaryDirectory() as folder:
            incremental[skus] = _run(skus, Path(folder))
    help_s, pass_s = whole.start_up()
    show("skew --help, against python -c pass", help_s, pass_s, "4")
    if len(incremental) > 1:
        low, high = incremental[min(sizes)], incremental[max(sizes)]
        show("1,000 changed SKUs, largest against smallest", high, low, "0.5–1.5")


def _run(skus: int, folder: Path) -> float:
    print(f"\n{skus:,} SKUs x {CHANNELS} channels")
    plain = bare.Bare(folder / "bare.db")
    rows = world.records(skus)
    bare_s = once(lambda: plain.upsert("market", rows))
    with Database.open(folder / "skew.db") as database:
        comparison = Comparison(world.terms(CHANNELS))
        database.write(comparison.configure, now=1)
        memories = {name: PollMemory() for name in world.NAMES}
        polls = {
            name: once(partial(world.poll, database, comparison, name, rows, memories))
            for name in world.NAMES[:CHANNELS]
        }
        show("first ingest, the authority", polls["warehouse"], bare_s, "2")
        others = statistics.median(polls[name] for name in world.NAMES[1:CHANNELS])
        show("first ingest, another channel", others, bare_s, "2")
        _repolls(database, comparison, rows, memories, bare_s)
        incremental = _reconcile(database, plain, rows, memories)
        _panel(database, comparison, rows, memories)
    availability.run(rows, folder)
    _whole(skus)
    description.run(skus)
    return incremental


def _whole(skus: int) -> None:
    bare_s, poll_s, p99_ms, worst_ms = whole.poll_over_http(skus)
    rate, bare_rate = skus / poll_s, skus / bare_s
    print(
        f"  {'whole poll over HTTP':46} {rate:9,.0f} rows/s  bare {bare_rate:9,.0f} rows/s  "
        f"ratio {rate / bare_rate:6.2f}  at least 0.6"
    )
    print(
        f"  {'stall of the screen meanwhile':46} p99 {p99_ms:5.1f} ms  worst {worst_ms:5.1f} ms"
        "  at most 5 and 50"
    )


def _repolls(
    database: Database,
    comparison: Comparison,
    rows: list[Record],
    memories: dict[str, PollMemory],
    bare_s: float,
) -> None:
    world.poll(database, comparison, "shop", rows, memories)
    moved = world.nudged(rows, every=1000)
    took = once(lambda: world.poll(database, comparison, "shop", moved, memories))
    show("re-poll, 0.1 % changed", took, bare_s, "0.4")
    took = once(lambda: world.poll(database, comparison, "shop", moved, {}))
    show("re-poll by a new process", took, bare_s, "–")


def _reconcile(
    database: Database,
    plain: bare.Bare,
    rows: list[Record],
    memories: dict[str, PollMemory],
) -> float:
    plain.copy_from(database.path)
    join_s = best(plain.count_mismatches)
    narrower = Comparison(world.terms(CHANNELS, narrow_glob="SKU-*777"))
    took = once(lambda: database.write(narrower.configure, now=10**9))
    show("full reconcile, 0.1 % of targets moved", took, join_s, "1.5")
    scan_s = best(plain.scan)
    everything = DisagreementFilter()
    took = best(lambda: database.read(views.disagreement_ids, everything, now=10**9))
    show("listing all disagreements, nothing moved", took, scan_s, "0.3")
    other = Comparison(world.terms(CHANNELS, narrow_glob="SKU-*777", buffer=3))
    took = once(lambda: database.write(other.configure, now=10**9 + 1))
    show("policy change, every target of a channel", took, best(plain.update_targets), "1.5")
    world.poll(database, other, "warehouse", rows, memories)
    moved = world.nudged(rows, every=max(1, len(rows) // 1000))
    sweep = database.write(staging.begin, "warehouse", memories["warehouse"], now=10**9)
    for start in range(0, len(moved), 1000):
        database.write(staging.stage, sweep, moved[start : start + 1000])
    took = once(lambda: database.write(merge.merge, sweep, other, now=10**9, as_of=None))
    show_span("merge and reconcile of 1,000 changed SKUs", took)
    return took


def _panel(
    database: Database,
    comparison: Comparison,
    rows: list[Record],
    memories: dict[str, PollMemory],
) -> None:
    """A screenful by id, while another thread ingests."""
    stop = threading.Event()

    def ingest() -> None:
        turn = 0
        while not stop.is_set():
            turn += 1
            batch = world.nudged(rows, every=100, by=turn)
            world.poll(database, comparison, "outlet", batch, memories)

    writer = threading.Thread(target=ingest)
    writer.start()
    try:
        ids = database.read(views.disagreement_ids, DisagreementFilter(), now=10**9, sort=Sort.RISK)
        spans = [
            once(lambda: database.read(views.disagreements_by_id, ids[:50], now=10**9))
            for _ in range(200)
        ]
    finally:
        stop.set()
        writer.join()
    p95 = statistics.quantiles(spans, n=20)[-1]
    show_span("50 rows of the panel, a writer running, p95", p95, "   at most 3 ms")


if __name__ == "__main__":
    main()
    screen.run()
    screen_wire.run()

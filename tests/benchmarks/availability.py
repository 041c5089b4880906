"""Benchmarks of events, causes, histories, measuring, thinning and bundles.

Run: python -m tests.benchmarks.availability [SKUS]

On a cache of their own, in which nothing disagrees at first. Each leaves what the next one needs.
"""

import itertools
import json
import sqlite3
import statistics
import sys
import tempfile
import time
from collections import Counter
from functools import partial
from pathlib import Path

from store.causes import find_facts
from store.checklist import measure
from store.database.connection import Database
from store.event_kinds import Event, EventKind
from store.history import retention, timeline
from store.model import Component, Millis, Record
from store.polling import merge as merge_module
from store.polling.comparison import Comparison
from store.polling.events import EventOrigin
from store.polling.recognition.memory import PollMemory
from store.queries import views
from store.queries.values import DisagreementFilter, Sort
from store.targets import balance
from sync.causes import explain
from tests.benchmarks import world
from tests.benchmarks.bare import Bare
from tests.benchmarks.timing import best, once, show, show_span
from tests.store.recorded_events import record_events

EVENTS = 10_000
MANY_EVENTS = 50_000
CHANGED = 1_000
OF_ONE_SKU = 1_000
OPEN = 100_000
SCREENFUL = 40
EXPIRED = 100_000
BUNDLES = 10_000
DAY_MS = 86_400_000
START: Millis = 100 * DAY_MS


def run(rows: list[Record], folder: Path) -> None:
    bare = Bare(folder / "bare-events.db")
    bare.make_events()
    bare.upsert("warehouse", rows)
    bare.upsert("market", rows)
    with Database.open(folder / "skew-events.db") as database:
        shop = _Shop(database, rows)
        _events(shop, bare)
        _beside_many_events(shop, bare)
        _history(shop, bare)
        _check(shop, bare)
        _causes(shop, bare)
        _thinning(shop, bare)
        _bundles(shop, bare)


class _Shop:
    """A cache of which every channel has been read, and what the engine remembers of it."""

    def __init__(self, database: Database, rows: list[Record]) -> None:
        self.database = database
        self.terms = world.terms(len(world.NAMES))
        self.comparison = Comparison(self.terms)
        self.rows = rows
        self.memories = {name: PollMemory() for name in world.NAMES}
        self.now = START
        self._numbers = itertools.count()
        database.write(self.comparison.configure, now=self.now)
        for name in world.NAMES:
            self.merge(name, rows)

    def sales(self, count: int, *, of: Record | None = None) -> list[Event]:
        """So many new orders of one unit each, one a millisecond: of one SKU, or of evenly many."""
        apart = max(1, len(self.rows) // count)
        sold = []
        for place in range(count):
            self.now += 1
            sku = of.sku if of is not None else self.rows[place * apart % len(self.rows)].sku
            id_ = str(next(self._numbers))
            sold.append(Event(id_, EventKind.ORDERED, sku, 1, self.now, order=f"order-{id_}"))
        return sold

    def take(self, batch: list[Event]) -> None:
        source = EventOrigin("shop", self.now)
        self.database.write(record_events, source, batch, self.comparison)

    def merge(self, name: str, rows: list[Record], *, as_of: Millis | None = None) -> float:
        """Poll a channel; answer how many seconds the merge of it took."""
        self.now += 1000
        sweep = world.read(self.database, name, rows, self.memories, now=self.now)
        self.now += 1000
        return once(
            lambda: self.database.write(
                merge_module.merge, sweep, self.comparison, now=self.now, as_of=as_of
            )
        )

    def one_event(self) -> float:
        """Seconds that a single event takes: the median of fifty."""
        batches = [self.sales(1) for _ in range(50)]
        return statistics.median(once(partial(self.take, batch)) for batch in batches)


def _events(shop: _Shop, bare: Bare) -> None:
    show_span("one event", shop.one_event(), "   flat in the catalogue")
    shop.merge("warehouse", shop.rows)
    batch = shop.sales(EVENTS)
    took = once(lambda: shop.take(batch))
    show(f"{EVENTS:,} events and what they move", took, once(lambda: bare.take("shop", batch)))
    took = once(lambda: shop.take(batch))
    show("the same events again", took, once(lambda: bare.take("shop", batch)))
    show_span(f"one event while {EVENTS:,} are unseen", shop.one_event())
    seen = batch[: EVENTS // 2]
    sold = Counter(event.sku for event in seen)
    moved = [row for row in world.less(shop.rows, sold) if row.sku in sold]
    bare_s = once(lambda: bare.see(seen[-1].at, moved))
    took = shop.merge("warehouse", world.less(shop.rows, sold), as_of=seen[-1].at)
    show("the authority's poll sees half of them", took, bare_s)
    took = shop.merge("warehouse", world.less(shop.rows, sold), as_of=seen[-1].at)
    show_span("the authority's poll sees no more", took)
    shop.merge("warehouse", shop.rows)


def _beside_many_events(shop: _Shop, bare: Bare) -> None:
    """A channel that tells no events is polled; the authority has seen them all."""
    every = max(1, len(shop.rows) // CHANGED)
    moved = world.nudged(shop.rows, every=every)
    few = moved[::every]
    bare_s = once(lambda: bare.upsert("market", few))
    show(f"re-poll, {len(few):,} changed", shop.merge("market", moved), bare_s)
    shop.merge("market", shop.rows)
    batch = shop.sales(MANY_EVENTS)
    shop.take(batch)
    bare.take("shop", batch)
    shop.merge("warehouse", shop.rows)
    took = shop.merge("market", moved)
    show(f"the same beside {MANY_EVENTS:,} events", took, bare_s)
    shop.merge("market", shop.rows)


def _history(shop: _Shop, bare: Bare) -> None:
    batch = shop.sales(OF_ONE_SKU, of=shop.rows[1])
    shop.take(batch)
    bare.take("shop", batch)
    sku = shop.rows[1].sku

    def tell() -> None:
        shop.database.read(timeline.history, sku)
        shop.database.read(balance.balances, sku)

    bare_s = best(lambda: bare.of_sku(sku))
    show(f"history of a SKU with {OF_ONE_SKU:,} events", best(tell), bare_s)
    shop.merge("warehouse", shop.rows)


def _check(shop: _Shop, bare: Bare) -> None:
    unseen_after_ms = shop.terms.unseen_after_ms
    took = best(
        lambda: shop.database.read(measure.measure, now=shop.now, unseen_after_ms=unseen_after_ms)
    )
    show("skew check's measuring", took, best(bare.count_events))


def _causes(shop: _Shop, bare: Bare) -> None:
    """Every disagreement is of one channel, which is the worst for what a crowd can tell."""
    every = max(1, len(shop.rows) // OPEN)
    shop.merge("market", world.nudged(shop.rows, every=every, by=2))
    count = -(-len(shop.rows) // every)
    ids = shop.database.read(
        views.disagreement_ids, DisagreementFilter(), now=shop.now, sort=Sort.RISK
    )
    asked = list(ids[:SCREENFUL])
    bare.copy_disagreements(shop.database.path)

    def explained() -> None:
        found = shop.database.read(views.disagreements_by_id, asked, now=shop.now)
        known = shop.database.read(find_facts.find, asked)
        explain.causes(found, known, shop.terms, now=shop.now)

    bare_s = best(lambda: bare.look_up(asked))
    show(f"causes of {SCREENFUL}, {count:,} open", best(explained), bare_s)
    took = best(lambda: shop.database.read(views.status, now=shop.now))
    show("the header's numbers beside them", took, best(bare.sum_open))


def _thinning(shop: _Shop, bare: Bare) -> None:
    """Of all that is over: events that moved accounts, past readings, closed disagreements."""
    shop.database.write(_expire, EXPIRED)
    (kept,) = bare.connection.execute("SELECT count(*) FROM events").fetchone()
    bare_s = once(lambda: bare.remove(retention.STEP))
    spans = []
    place: retention.ThinningProgress | None = retention.ThinningProgress()
    while place is not None:
        start = time.perf_counter()
        place = shop.database.write(retention.thin, place, before=shop.now + 1)
        spans.append(time.perf_counter() - start)
    removed = shop.database.read(_removed)
    show(
        f"thinning out of {removed:,} rows, per 1,000",
        sum(spans) / removed * 1000,
        bare_s / kept * 1000,
    )
    show_span("its longest transaction", max(spans))


def _expire(connection: sqlite3.Connection, count: int) -> None:
    """Give the first listings readings that ended long ago."""
    connection.execute(
        """INSERT INTO past_readings (listing_id, present, available, observed_at, until_at)
        SELECT l.id, 1, n.value, 1, 2 FROM json_each(?) n
        JOIN listings l ON l.id = 1 + n.value % (SELECT max(id) FROM listings)""",
        (json.dumps(list(range(count))),),
    )


def _removed(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT sum(rows_removed) FROM thinned").fetchone()[0])


def _bundles(shop: _Shop, bare: Bare) -> None:
    """Bundles of two SKUs each, in the shape of a catalogue that changes."""
    count = min(BUNDLES, len(shop.rows) // 2)
    parts = tuple(
        Component(f"BUNDLE-{place // 2:07}", shop.rows[place].sku, 1 + place % 2)
        for place in range(2 * count)
    )
    comparison = Comparison(world.terms(len(world.NAMES), bundles=parts))
    bare_s = once(lambda: bare.keep_bundles(parts))
    took = once(lambda: shop.database.write(comparison.configure, now=shop.now))
    show(f"configure with {count:,} bundles", took, bare_s)
    took = best(lambda: shop.database.write(comparison.configure, now=shop.now))
    show("configure again, nothing changed", took, bare_s)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        run(world.records(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000), Path(name))

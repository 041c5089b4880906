"""What a person asks of a large cache: a SKU's history, causes, the checklist; and its upkeep."""

import itertools
import sqlite3
import statistics
import time

from store.accounts import balance
from store.causes import find_facts
from store.checklist import measure
from store.event_kinds import Event, EventKind
from store.history import retention, timeline
from store.polling.events import EventOrigin
from store.queries import views
from store.queries.values import DisagreementFilter, Sort
from sync.causes import explain
from tests.benchmarks import world
from tests.benchmarks.place import Catalogue, Place
from tests.benchmarks.runner.measurement import Measurement, cpu_s, in_turns, ratio
from tests.benchmarks.runner.row import Bench, Found, Row
from tests.store.recorded_events import record_events

OF_ONE_SKU = 1_000
SCREENFUL = 40
SINGLE_EVENTS = 20
DAY_MS = 86_400_000

ONE_EVENT = Row("one event", "ms")
HISTORY = Row("history of a SKU with 1,000 events", beside="a bare look-up of its events")
CHECK = Row("skew check's measuring", beside="a bare count of events by kind")
CAUSES = Row("causes of 40, 100,000 open", beside="a bare look-up of their rows")
THINNING = Row("thinning out, per 1,000 rows", "ms")
THINNING_LONGEST = Row("thinning out, its longest transaction", "ms")


def events(place: Place) -> Found:
    """Single orders; then a SKU with many: its timeline, its balances, what the checklist asks."""
    with place.catalogue() as shop, place.bare() as plain:
        shop.now = 100 * DAY_MS
        numbers = itertools.count()
        plain.make_events()

        def take(sku: str, count: int) -> None:
            shop.now += count
            batch = [
                Event(str(number), EventKind.ORDERED, sku, 1, shop.now, order=f"o-{number}")
                for number in itertools.islice(numbers, count)
            ]
            plain.take("shop", batch)
            origin = EventOrigin("shop", shop.now)
            shop.database.write(record_events, origin, batch, shop.comparison)

        def one_event_ms() -> float:
            skus = [shop.rows[next(numbers) % place.skus].sku for _ in range(SINGLE_EVENTS)]
            return statistics.median(cpu_s(lambda sku=sku: take(sku, 1)) for sku in skus) * 1000  # type: ignore[misc]

        (single,) = in_turns(place.times, one_event_ms)
        sku = shop.rows[1].sku
        take(sku, OF_ONE_SKU)

        def tell() -> None:
            shop.database.read(timeline.history, sku)
            shop.database.read(balance.balances, sku)

        unseen_after_ms = shop.comparison.terms.unseen_after_ms
        told, looked_up, measured, counted = in_turns(
            place.times,
            lambda: cpu_s(tell),
            lambda: cpu_s(lambda: plain.of_sku(sku)),
            lambda: cpu_s(
                lambda: shop.database.read(
                    measure.measure, now=shop.now, unseen_after_ms=unseen_after_ms
                )
            ),
            lambda: cpu_s(plain.count_events),
        )
    return {
        ONE_EVENT: Measurement(single),
        HISTORY: ratio(told, looked_up),
        CHECK: ratio(measured, counted),
    }


def causes(place: Place) -> Found:
    """Of a screenful, where all that is open is of one channel: the worst for what peers tell."""
    every = max(1, place.skus // place.open_count)
    with place.catalogue() as shop, place.bare() as plain:
        shop.poll("market", world.nudged(place.rows, every=every, by=2))
        ids = shop.database.read(
            views.disagreement_ids, DisagreementFilter(), now=shop.now, sort=Sort.RISK
        )
        asked = list(ids[:SCREENFUL])

        def explained() -> None:
            found = shop.database.read(views.disagreements_by_id, asked, now=shop.now)
            known = shop.database.read(find_facts.find, asked)
            explain.causes(found, known, shop.comparison.terms, now=shop.now)

        rows = [(3 << 40) | item for item in range(1, SCREENFUL + 1)]
        own, bare = in_turns(
            place.times, lambda: cpu_s(explained), lambda: cpu_s(lambda: plain.rows(rows))
        )
        note = f"{len(ids):,} open"
    return {CAUSES: ratio(own, bare, note)}


def thinning(place: Place) -> Found:
    """A channel's readings move twice, so that what they were is over; then all of that goes."""
    longest: list[float] = []
    with place.catalogue() as shop:
        turns = itertools.count(1)

        def per_thousand_ms() -> float:
            for _ in range(2):
                every = max(1, place.skus // place.open_count)
                moved = world.nudged(place.rows, every=every, by=next(turns))
                shop.poll("market", moved)
            shop.poll("market", place.rows)
            before = shop.database.read(_removed)
            spans = _thin(shop)
            longest.append(max(spans) * 1000)
            removed = shop.database.read(_removed) - before
            return sum(spans) / max(1, removed) * 1000 * 1000

        (samples,) = in_turns(place.times, per_thousand_ms)
    return {THINNING: Measurement(samples), THINNING_LONGEST: Measurement(tuple(longest))}


def _thin(shop: Catalogue) -> list[float]:
    """Remove all that is over; the processor's seconds of each transaction."""
    spans = []
    place: retention.ThinningProgress | None = retention.ThinningProgress()
    while place is not None:
        began = time.process_time()
        place = shop.database.write(retention.thin, place, before=shop.now + 1)
        spans.append(time.process_time() - began)
    return spans


def _removed(connection: sqlite3.Connection) -> int:
    (rows,) = connection.execute("SELECT coalesce(sum(rows_removed), 0) FROM thinned").fetchone()
    return int(rows)


BENCHES = (
    Bench((ONE_EVENT, HISTORY, CHECK), events),
    Bench((CAUSES,), causes),
    Bench((THINNING, THINNING_LONGEST), thinning),
)

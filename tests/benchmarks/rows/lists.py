"""What a screen reads: the list of disagreements, the header's numbers, a panel's rows."""

import itertools
from array import array

from store.database.connection import Database
from store.queries import status_counts, views
from store.queries.values import DisagreementFilter, Sort
from sync.clock import SystemClock
from sync.targets import terms
from tests.benchmarks import screen_shop, world
from tests.benchmarks.place import Place
from tests.benchmarks.runner import processes
from tests.benchmarks.runner.measurement import (
    Measurement,
    cpu_s,
    in_turns,
    percentile,
    ratio,
    wall_s,
)
from tests.benchmarks.runner.row import Bench, Found, Row

LIST = Row("list all disagreements, nothing moved", beside="a bare scan", at_most=0.1)
HEADER = Row("header's numbers, 100,000 open", "ms", at_most=20)
PANEL = Row("panel's 50 rows, a writer in another process, p95", "ms", at_most=2)
PANEL_ALONE = Row("panel's 50 rows, nobody writes, p95", "ms")
ROWS_OF_A_PANEL = 50
BARE_IDS = [(3 << 40) | item for item in range(1, ROWS_OF_A_PANEL + 1)]
READINGS = 200
"""So many times the panel is read in a turn: enough for a p95."""


def listing(place: Place) -> Found:
    """The list of four thousandths of a million, as in any shop: an authority's few changes."""
    with place.catalogue() as shop, place.bare() as plain:
        shop.poll("warehouse", world.nudged(place.rows, every=1000))
        everything = DisagreementFilter()

        def ids() -> "array[int]":
            return shop.database.read(views.disagreement_ids, everything, now=10**9)

        ids()
        own, bare = in_turns(place.times, lambda: cpu_s(ids), lambda: cpu_s(plain.scan))
        note = f"{len(ids()):,} open"
    return {LIST: ratio(own, bare, note)}


def header(place: Place) -> Found:
    """What `skew status` and the header count, each time after a few readings have moved."""
    with place.shop() as folder:
        settings = screen_shop.settings(folder)
        comparison = terms.comparison(settings)
        apart = screen_shop.apart(place.skus, place.open_count)
        turns = itertools.count(4)
        with Database.open(settings.database) as database:

            def counted_ms() -> float:
                moved = world.nudged(place.rows[: 10 * apart], every=apart, by=next(turns))
                now = SystemClock().now()
                world.touch(database, comparison, screen_shop.DIFFERS, moved[::apart], now=now)
                return cpu_s(lambda: database.read(status_counts.status, now=now)) * 1000

            counted_ms()
            (samples,) = in_turns(place.times, counted_ms)
            open_now = database.read(status_counts.status, now=SystemClock().now()).overview.open
    return {HEADER: Measurement(samples, note=f"{open_now:,} open")}


def panel(place: Place) -> Found:
    """A screenful by id, in the order of risk, while another process polls without rest."""
    with place.shop() as folder, place.bare() as plain:
        settings = screen_shop.settings(folder)
        now = SystemClock().now()
        with Database.open(settings.database) as database:
            ids = database.read(
                views.disagreement_ids, DisagreementFilter(), now=now, sort=Sort.RISK
            )[:ROWS_OF_A_PANEL]

            def read() -> None:
                database.read(views.disagreements_by_id, ids, now=now)

            def p95_ms() -> float:
                return percentile([wall_s(read) * 1000 for _ in range(READINGS)], 95)

            def bare_p95_ms() -> float:
                return percentile(
                    [wall_s(lambda: plain.rows(BARE_IDS)) * 1000 for _ in range(READINGS)], 95
                )

            p95_ms()
            (alone,) = in_turns(place.times, p95_ms)
            with processes.helper("tests.benchmarks.writer", folder, place.skus) as writer:
                assert writer.stdout is not None
                writer.stdout.readline()  # It has begun.
                beside, bare = in_turns(place.times, p95_ms, bare_p95_ms)
    return {PANEL: Measurement(beside, machine=bare), PANEL_ALONE: Measurement(alone)}


BENCHES = (
    Bench((LIST,), listing),
    Bench((HEADER,), header),
    Bench((PANEL, PANEL_ALONE), panel),
)

"""What it costs to compare: everything, a policy's listings, what moved, what events move."""

import itertools

from store.event_kinds import Event, EventKind
from store.model import Component, Terms
from store.polling import merge
from store.polling.events import EventOrigin
from tests.benchmarks import world
from tests.benchmarks.bare import Bare
from tests.benchmarks.place import Catalogue, Place
from tests.benchmarks.runner.measurement import Measurement, cpu_s, in_turns, ratio
from tests.benchmarks.runner.row import Bench, Found, Row
from tests.store.recorded_events import record_events

GLOB = "SKU-*777"
"""Names a thousandth of the SKUs."""
CHANGED = 1_000
EVENTS = 10_000
BUNDLES = 10_000
DAY_MS = 86_400_000

RECONCILE = Row("full reconcile, 0.1 % of targets moved", beside="a bare counting join", at_most=2)
AGAIN = Row("the same, every listing compared again", beside="a bare counting join")
PATTERN = Row(
    "policy change of one pattern",
    beside="a bare UPDATE of all rows of a channel",
    at_most=0.3,
    judged_from=100_000,
)
PATTERN_ROWS = Row(
    "the same, against its own rows",
    beside="a bare UPDATE of just the rows that move",
)
CHANNEL = Row(
    "policy change, every target of a channel",
    beside="a bare UPDATE of the rows that move",
    at_most=2.5,
)
THOUSAND = Row("1,000 changed SKUs", "ms")
THOUSAND_FLAT = Row("1,000 changed SKUs, by size", beside="the same among 10,000 SKUs", at_most=1.5)
EVENTS_ROW = Row(
    "10,000 events and what they move",
    beside="writing those targets with their history, bare",
    at_most=1.5,
    judged_from=10_000,
)
BUNDLES_ROW = Row("configure with 10,000 bundles", "s", at_most=1)
BUNDLES_AGAIN = Row("configure again, nothing changed", "s")


def reconcile(place: Place) -> Found:
    """A policy of every SKU of every channel changes, and moves a thousandth of the targets.

    Then everything is compared again, as after a change of which nobody can tell what it moves.
    """
    terms = [world.terms(cap=world.TALL + by) for by in (1, 2)]
    with place.catalogue() as shop, place.bare() as plain:
        shop.configure(terms[0])
        turns = itertools.cycle(reversed(terms))
        own, bare, again = in_turns(
            place.times,
            lambda: cpu_s(lambda: shop.configure(next(turns))),
            lambda: cpu_s(plain.count_mismatches),
            lambda: cpu_s(lambda: shop.database.write(shop.comparison.recompute, now=shop.now)),
        )
    return {RECONCILE: ratio(own, bare), AGAIN: ratio(again, bare)}


def policy(place: Place) -> Found:
    """A pattern's policy comes and goes; a channel's policy for all SKUs changes to and fro."""
    with place.catalogue() as shop, place.bare() as plain:
        patterns = itertools.cycle([world.terms(narrow_glob=GLOB), world.terms()])
        one, all_rows, few_rows = in_turns(
            place.times,
            lambda: cpu_s(lambda: shop.configure(next(patterns))),
            lambda: cpu_s(plain.update_targets),
            lambda: cpu_s(lambda: plain.update_some_targets(GLOB)),
        )
        shop.configure(world.terms())
        buffers = itertools.cycle([world.terms(buffer=3), world.terms()])
        every, all_again = in_turns(
            place.times,
            lambda: cpu_s(lambda: shop.configure(next(buffers))),
            lambda: cpu_s(plain.update_targets),
        )
    return {
        PATTERN: ratio(one, all_rows),
        PATTERN_ROWS: ratio(one, few_rows),
        CHANNEL: ratio(every, all_again),
    }


def thousand(place: Place) -> Found:
    """The authority's poll finds 1,000 SKUs moved; the merge of it, comparison included."""
    with place.catalogue() as many, place.baseline.catalogue() as few:
        turns = itertools.count(1)
        own, base = in_turns(
            place.times,
            lambda: _merge_s(many, next(turns)),
            lambda: _merge_s(few, next(turns)),
        )
    in_ms = tuple(took_s * 1000 for took_s in own)
    return {THOUSAND: Measurement(in_ms), THOUSAND_FLAT: ratio(own, base)}


def _merge_s(shop: Catalogue, by: int) -> float:
    moved = world.nudged(shop.rows, every=max(1, len(shop.rows) // CHANGED), by=by)
    shop.now += 1000
    sweep = world.read(shop.database, "warehouse", moved, shop.memories, now=shop.now)
    shop.now += 1000
    return cpu_s(
        lambda: shop.database.write(merge.merge, sweep, shop.comparison, now=shop.now, as_of=None)
    )


def events(place: Place) -> Found:
    """Orders of 10,000 SKUs come at once, and lower the targets of the other four channels."""
    with place.catalogue() as shop, place.bare() as plain:
        shop.now = 100 * DAY_MS
        numbers = itertools.count()
        apart = max(1, len(shop.rows) // EVENTS)
        skus = [shop.rows[turn * apart % len(shop.rows)].sku for turn in range(EVENTS)]

        def own_s() -> float:
            _see_all(shop)
            shop.now += 1000
            batch = [
                Event(f"event-{number}", EventKind.ORDERED, sku, 1, shop.now, order=f"o-{number}")
                for sku, number in zip(skus, numbers, strict=False)
            ]
            origin = EventOrigin("shop", shop.now)
            return cpu_s(lambda: shop.database.write(record_events, origin, batch, shop.comparison))

        own, bare = in_turns(place.times, own_s, lambda: _lower_s(plain, skus, shop.now))
    return {EVENTS_ROW: ratio(own, bare)}


def _see_all(shop: Catalogue) -> None:
    """The authority reports what it had: nothing is unseen."""
    shop.now += DAY_MS
    sweep = world.read(shop.database, "warehouse", shop.rows, shop.memories, now=shop.now)
    shop.now += DAY_MS
    shop.database.write(merge.merge, sweep, shop.comparison, now=shop.now, as_of=None)


def _lower_s(plain: Bare, skus: list[str], now: int) -> float:
    return cpu_s(lambda: plain.lower_targets(skus, now))


def bundles(place: Place) -> Found:
    """Bundles of two SKUs each are configured where there were none; then nothing changes."""
    count = min(BUNDLES, place.skus // 2)
    parts = tuple(
        Component(f"BUNDLE-{number // 2:07}", place.rows[number].sku, 1 + number % 2)
        for number in range(2 * count)
    )
    with_them, without = world.terms(bundles=parts), world.terms()
    note = "" if count == BUNDLES else f"{count:,} bundles: there are no more SKUs"
    with place.catalogue() as shop:
        on, _, again = in_turns(
            place.times,
            lambda: cpu_s(lambda: shop.configure(with_them)),
            lambda: 0.0,
            lambda: _again_s(shop, with_them, without),
        )
    return {BUNDLES_ROW: Measurement(on, note=note), BUNDLES_AGAIN: Measurement(again, note=note)}


def _again_s(shop: Catalogue, same: Terms, after: Terms) -> float:
    took_s = cpu_s(lambda: shop.configure(same))
    shop.configure(after)
    return took_s


BENCHES = (
    Bench((RECONCILE, AGAIN), reconcile),
    Bench((PATTERN, PATTERN_ROWS, CHANNEL), policy),
    Bench((THOUSAND, THOUSAND_FLAT), thousand),
    Bench((EVENTS_ROW,), events),
    Bench((BUNDLES_ROW, BUNDLES_AGAIN), bundles),
)

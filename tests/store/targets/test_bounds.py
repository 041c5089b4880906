"""Figures that are plausible one by one, and multiply beyond what an integer holds."""

import sqlite3
from pathlib import Path

import msgspec

from store.event_kinds import Event, EventKind, EventsTaken
from store.model import QUANTITY_MAX, Component, Policy, Pool, Record, Terms
from store.polling import events
from store.polling.events import EventOrigin
from tests.store.recorded_events import record_events
from tests.store.world import World, channel, record, stock, terms, warehouse, world

BOXES = (Policy("*", units=100_000),)
THIRD = (Policy("*", share_ppm=333_333),)


def bundled(*components: Component) -> Terms:
    made = terms(warehouse(), channel("shop", policies=BOXES))
    return msgspec.structs.replace(made, bundles=components)


def report(w: World, *batch: Event) -> EventsTaken:
    return w.database.write(record_events, EventOrigin("shop", w.now), batch, w.comparison)


def sold(event_id: str, sku: str, quantity: int, at: int) -> Event:
    return Event(event_id, EventKind.ORDERED, sku, quantity, at)


def kinds_of_numbers(w: World) -> set[str]:
    """How SQLite keeps the figures that a target is made of."""
    found = w.rows(
        """SELECT typeof(truth_quantity) FROM items UNION SELECT typeof(available) FROM unseen_sums
        UNION SELECT typeof(truth_incoming) FROM items
        UNION SELECT typeof(target_quantity) FROM listings"""
    )
    return {row[0] for row in found}


def test_an_event_that_moves_more_pieces_than_any_shop_holds_is_refused_alone(
    tmp_path: Path,
) -> None:
    with world(tmp_path, channel("shop")) as w:
        w.reconfigure(bundled(Component("KIT", "A", QUANTITY_MAX)))
        w.poll("warehouse", stock(A=10))
        w.poll("shop", stock(A=0, KIT=0))

        taken = report(w, sold("1", "KIT", 2, w.now), sold("2", "A", QUANTITY_MAX, w.now),
                     sold("3", "A", 7, w.now))  # fmt: skip

        assert taken.new == 1
        assert [(refusal.place, refusal.reason) for refusal in taken.refused] == [
            ("event 1", "it moves more pieces than any shop holds"),
            ("event 2", "it moves more pieces than any shop holds"),
        ]


def test_events_that_add_up_beyond_all_bounds_leave_whole_targets(tmp_path: Path) -> None:
    with world(tmp_path, channel("shop"), channel("market", policies=THIRD)) as w:
        w.poll("warehouse", stock(A=10))
        w.poll("market", stock(A=3))
        w.poll("shop", stock(A=10))
        back = [Event(str(n), EventKind.RECEIVED, "A", QUANTITY_MAX, w.now + n) for n in range(40)]

        assert report(w, *back).new == 40
        assert kinds_of_numbers(w) <= {"integer", "null"}
        assert w.targets("market") == {"A": (10 + QUANTITY_MAX) * 333_333 // 1_000_000}


def test_pools_and_units_beyond_all_bounds_leave_whole_targets(tmp_path: Path) -> None:
    places = tuple(f"P{n}" for n in range(40))
    pooled = msgspec.structs.replace(
        terms(warehouse(policies=BOXES), channel("shop", policies=THIRD, places=("ALL",))),
        pools=(Pool("ALL", places),),
    )
    with world(tmp_path, channel("shop")) as w:
        w.reconfigure(pooled)
        w.poll("warehouse", [Record("A", QUANTITY_MAX, place, incoming=QUANTITY_MAX)
                             for place in places])  # fmt: skip
        w.poll("shop", [Record("A", 1, "ALL")])

        assert kinds_of_numbers(w) <= {"integer", "null"}
        assert w.targets("shop") == {"A": QUANTITY_MAX * 333_333 // 1_000_000}


def test_prices_beyond_all_bounds_still_add_up(tmp_path: Path) -> None:
    with world(tmp_path, channel("shop")) as w:
        skus = [f"A{n}" for n in range(20)]
        w.poll("warehouse", [record(sku, 0) for sku in skus])
        w.poll("shop", [record(sku, 100_000, price_minor=10**13) for sku in skus])

        overview = w.overview()

        assert overview.oversell == 20
        assert overview.oversell_money == 20 * 10.0**16


def test_many_refused_lines_of_a_file_go_through_what_was_odd_today_once(tmp_path: Path) -> None:
    asked: list[str] = []

    def record_each(connection: sqlite3.Connection, w: World) -> list[EventsTaken]:
        batch = [("shop", sold(str(n), f"UNKNOWN-{n}", 1, w.now)) for n in range(50)]
        connection.set_trace_callback(asked.append)
        try:
            return events.record_each(connection, batch, w.comparison, now=w.now)
        finally:
            connection.set_trace_callback(None)

    with world(tmp_path, channel("shop")) as w:
        w.poll("shop", stock(A=1))
        taken = w.database.write(record_each, w)

    assert [len(result.refused) for result in taken] == [1] * 50
    assert sum("SELECT words FROM odd_events" in statement for statement in asked) == 1
    assert sum("INSERT INTO odd_events" in statement for statement in asked) == 50

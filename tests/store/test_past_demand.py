"""What a cache knows of sales, returns and deliveries: what `skew simulate --history` repeats."""

from pathlib import Path

from store.event_kinds import Event, EventKind
from store.monitoring import past_demand
from store.monitoring.past_demand import PastDemand
from store.polling.events import EventOrigin
from tests.store.recorded_events import record_events
from tests.store.world import MINUTE, World, channel, stock, world


def report(w: World, name: str, *batch: Event) -> None:
    w.database.write(record_events, EventOrigin(name, w.now), batch, w.comparison)


def known(w: World) -> PastDemand:
    return w.database.read(past_demand.read, 10)


def told(past: PastDemand) -> list[tuple[str, str, int]]:
    return [(movement.what, movement.channel, movement.units) for movement in past.movements]


def test_sales_and_returns_are_what_an_outlet_reported_and_the_rest_is_the_warehouses(
    tmp_path: Path,
) -> None:
    with world(tmp_path, channel("shop")) as w:
        w.poll("warehouse", stock(A=10))
        w.poll("shop", stock(A=10))
        report(w, "shop", Event("1", EventKind.ORDERED, "A", 3, w.now, order="o1"))
        w.poll("warehouse", stock(A=7))
        report(w, "shop", Event("2", EventKind.CANCELLED, "A", 1, w.now, order="o1"))
        w.poll("warehouse", stock(A=8))
        w.poll("warehouse", stock(A=28))
        w.poll("warehouse", stock(A=26))
        past = known(w)
    assert told(past) == [
        ("sold", "shop", 3),
        ("given back", "shop", 1),
        ("received", "warehouse", 20),
        ("sold at the counter", "warehouse", 2),
    ]
    (sku,) = past.skus
    assert [available for _, available in sku.stock] == [10, 7, 8, 28, 26]


def test_an_outlet_without_events_has_sold_what_it_fell_by_without_a_write_of_ours(
    tmp_path: Path,
) -> None:
    with world(tmp_path, channel("shop")) as w:
        w.poll("warehouse", stock(A=10))
        w.poll("shop", stock(A=10))
        w.poll("shop", stock(A=8))
        w.poll("warehouse", stock(A=8))
        w.poll("warehouse", stock(A=5))
        w.poll("shop", stock(A=8))
        (proposed,) = w.updates()
        w.database.write(
            lambda connection: connection.execute(
                "UPDATE corrections SET applying_at = ? WHERE id = ?", (w.now, proposed.id)
            )
        )
        w.poll("shop", stock(A=5))
        past = known(w)
    assert told(past) == [
        ("sold", "shop", 2),
        ("sold at the counter", "warehouse", 3),
    ]


def test_a_booking_that_comes_late_is_no_sale_at_the_counter(tmp_path: Path) -> None:
    with world(tmp_path, channel("shop")) as w:
        w.poll("warehouse", stock(A=10))
        w.poll("shop", stock(A=10))
        report(w, "shop", Event("1", EventKind.ORDERED, "A", 2, w.now - 1, order="o1"))
        report(w, "shop", Event("2", EventKind.ORDERED, "A", 1, w.now, order="o2"))
        w.poll("warehouse", stock(A=8))
        w.now += 30 * MINUTE
        w.poll("warehouse", stock(A=7))
        past = known(w)
    assert told(past) == [("sold", "shop", 2), ("sold", "shop", 1)]


def test_what_moved_most_comes_first_and_only_so_many(tmp_path: Path) -> None:
    with world(tmp_path, channel("shop")) as w:
        w.poll("warehouse", stock(A=10, B=10, C=10))
        w.poll("shop", stock(A=10, B=10, C=10))
        report(w, "shop", Event("1", EventKind.ORDERED, "B", 2, w.now, order="o1"))
        w.poll("warehouse", stock(A=10, B=8, C=9))
        found = w.database.read(past_demand.read, 2)
    assert [sku.sku for sku in found.skus] == ["B", "C"]

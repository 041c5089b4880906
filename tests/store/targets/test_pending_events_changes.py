"""Rule 7 where the ground moves under an event: a lag, a unit, a bundle, an echo, a pool."""

from pathlib import Path

import msgspec

from store.event_kinds import Event, EventKind
from store.model import Component, Figure, Policy, Pool, Record
from tests.store.correction_steps import correct
from tests.store.targets.test_pending_events import SECOND, pending, report, sold
from tests.store.world import MINUTE, channel, record, stock, terms, warehouse, world


def at_places(sku: str, available: int) -> list[Record]:
    return [record(sku, available, state="active", location=place) for place in ("n", "s")]


def test_an_order_that_the_authority_reports_may_lag_in_its_readings(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.reconfigure(terms(warehouse(lag_ms=5 * MINUTE), channel("shop")))
        w.poll("warehouse", stock(A=10))
        w.poll("shop", stock(A=9))
        sale = w.now
        report(w, "shop", sold("1", sale, order="7"))
        report(w, "warehouse", sold("w", sale + SECOND, order="7"))
        w.poll("warehouse", stock(A=10))
        assert pending(w) == -1
        w.now += 5 * MINUTE
        w.poll("warehouse", stock(A=9))
        assert pending(w) == 0


def test_what_leaves_the_shelf_within_the_lag_is_unseen_too(tmp_path: Path) -> None:
    on_hand = channel("shop", policies=(Policy("*", made_of=Figure.ON_HAND),))
    with world(tmp_path, on_hand) as w:
        w.reconfigure(terms(warehouse(lag_ms=5 * MINUTE), on_hand))
        w.poll("warehouse", [record("A", 10, on_hand=10, state="active")])
        w.poll("shop", stock(A=10))
        report(w, "shop", Event("1", EventKind.SHIPPED, "A", 2, w.now - 2 * MINUTE))
        assert w.targets("shop") == {"A": 8}


def test_only_the_same_quantity_is_the_echo_of_our_own_write(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=4))
        w.twice("shop", stock(A=9))
        correct(w)
        report(w, "shop", Event("echo", EventKind.ADJUSTED, "A", -5, w.now))
        assert pending(w) == 0
        report(w, "shop", Event("broken", EventKind.ADJUSTED, "A", -3, w.now + 20 * SECOND))
        assert pending(w) == -3


def test_a_unit_that_is_set_right_sets_right_what_is_unseen(tmp_path: Path) -> None:
    with world(tmp_path, channel("shop"), channel("market")) as w:
        w.poll("warehouse", stock(A=60))
        w.poll("shop", stock(A=9))
        w.poll("market", stock(A=60))
        report(w, "shop", sold("1", w.now))
        boxes = channel("shop", policies=(Policy("*", units=6),))
        w.reconfigure(terms(warehouse(), boxes, channel("market")))
        assert w.targets("market") == {"A": 54}
        w.poll("warehouse", stock(A=54))
        assert w.targets("market") == {"A": 54}


def test_a_bundle_that_is_configured_later_takes_what_it_had_sold_from_its_components(
    tmp_path: Path,
) -> None:
    with world(tmp_path, channel("shop"), channel("market")) as w:
        w.poll("warehouse", stock(A=60, B=60))
        w.poll("shop", stock(KIT=9))
        w.poll("market", stock(A=60, B=60))
        report(w, "shop", sold("1", w.now, sku="KIT"))
        made = terms(warehouse(), channel("shop"), channel("market"))
        w.reconfigure(msgspec.structs.replace(made, bundles=(Component("KIT", "A", 2),)))
        assert [w.targets("market")[sku] for sku in ("A", "B")] == [58, 60]
        kit = (Component("KIT", "A", 3), Component("KIT", "B", 1))
        w.reconfigure(msgspec.structs.replace(made, bundles=kit))
        assert [w.targets("market")[sku] for sku in ("A", "B")] == [57, 59]
        w.reconfigure(made)
        assert [w.targets("market")[sku] for sku in ("A", "B")] == [60, 60]


def test_a_pools_sale_before_its_first_truth_lowers_the_bundles_of_its_places(
    tmp_path: Path,
) -> None:
    shop, market = channel("shop", places=("all",)), channel("market", places=("n", "s"))
    made = msgspec.structs.replace(
        terms(warehouse(), shop, market),
        bundles=(Component("KIT", "A", 1),),
        pools=(Pool("all", ("n", "s")),),
    )
    with world(tmp_path, shop, market) as w:
        w.reconfigure(made)
        w.poll("shop", [record("A", 10, state="active", location="all")])
        w.poll("market", [*at_places("A", 5), *at_places("KIT", 5)])
        night = w.now
        w.now += 1
        report(w, "shop", Event("1", EventKind.ORDERED, "A", 2, w.now, location="all"))
        w.poll("warehouse", at_places("A", 5), as_of=night)
        assert w.targets("market") == {"A": 3, "KIT": 3}


def test_a_pool_that_is_no_more_takes_nothing_from_its_places(tmp_path: Path) -> None:
    shop, market = channel("shop", places=("all",)), channel("market", places=("n", "s"))
    made = terms(warehouse(), shop, market)
    with world(tmp_path, shop, market) as w:
        w.reconfigure(msgspec.structs.replace(made, pools=(Pool("all", ("n", "s")),)))
        w.poll("warehouse", at_places("A", 5))
        w.poll("market", at_places("A", 5))
        w.poll("shop", [record("A", 10, state="active", location="all")])
        report(w, "shop", Event("1", EventKind.ORDERED, "A", 2, w.now, location="all"))
        assert w.targets("market") == {"A": 3}
        w.reconfigure(made)
        assert w.targets("market") == {"A": 5}

"""A pool's sale: the authority takes it in at one place, and any channel may report it."""

from pathlib import Path

import msgspec

from store.event_kinds import Event, EventKind
from store.model import Component, Pool, Record, Terms
from store.polling.events import EventOrigin
from tests.store.recorded_events import record_events
from tests.store.targets.test_bundles import at, target
from tests.store.world import World, channel, terms, warehouse, world

KIT = (Component("KIT", "A", 2), Component("KIT", "B", 1))
MARKET = channel("market", places=("both",))
SHOP = channel("shop", places=("north", "south"))


def two_places(**more: object) -> Terms:
    """A marketplace that sells from north and south together, a shop that lists them apart."""
    pools = (Pool("both", ("north", "south")),)
    return msgspec.structs.replace(terms(warehouse(), SHOP, MARKET), pools=pools, **more)


def moved_at(w: World, location: str, quantity: int, *, source_at: int) -> Record:
    """A row whose own time is that of its last movement."""
    return Record("A", quantity, location, state="active", source_at=source_at)


def report(w: World, name: str, *batch: Event) -> None:
    w.database.write(record_events, EventOrigin(name, w.now), batch, w.comparison)


def sold(
    w: World, quantity: int, location: str, sku: str = "A", *, order: str | None = None
) -> Event:
    return Event("1", EventKind.ORDERED, sku, quantity, w.now, location=location, order=order)


def targets(w: World, sku: str = "A") -> tuple[object, object, object]:
    """What the marketplace should show, and the shop at north and at south."""
    places = (("market", "both"), ("shop", "north"), ("shop", "south"))
    return tuple(target(w, name, sku, place) for name, place in places)  # type: ignore[return-value]


def test_the_authority_takes_in_a_pools_sale_at_any_one_of_its_places(tmp_path: Path) -> None:
    with world(tmp_path, SHOP, MARKET) as w:
        w.reconfigure(two_places())
        before = w.now
        south = moved_at(w, "south", 3, source_at=before)
        w.poll("warehouse", [moved_at(w, "north", 4, source_at=before), south])
        w.poll("shop", at("north", A=4) + at("south", A=3))
        w.poll("market", at("both", A=5))
        report(w, "market", sold(w, 2, "both"))
        assert targets(w) == (5, 2, 1)

        booked = moved_at(w, "north", 2, source_at=w.now + 1_000)
        w.poll("warehouse", [booked, south])
        assert targets(w) == (5, 2, 3)


def test_a_pools_sale_waits_while_none_of_its_places_has_moved(tmp_path: Path) -> None:
    with world(tmp_path, SHOP, MARKET) as w:
        w.reconfigure(two_places())
        rows = [moved_at(w, place, 4, source_at=w.now) for place in ("north", "south")]
        w.poll("warehouse", rows)
        w.poll("shop", at("north", A=4) + at("south", A=4))
        w.poll("market", at("both", A=6))
        report(w, "market", sold(w, 2, "both"))
        w.poll("warehouse", rows)
        assert targets(w) == (6, 2, 2)


def test_one_order_counts_once_though_one_channel_names_the_place_and_another_the_pool(
    tmp_path: Path,
) -> None:
    for first, second in (("both", "north"), ("north", "both")):
        folder = tmp_path / first
        folder.mkdir()
        with world(folder, SHOP, MARKET) as w:
            w.reconfigure(two_places())
            w.poll("warehouse", at("north", A=4) + at("south", A=3))
            w.poll("shop", at("north", A=4) + at("south", A=3))
            w.poll("market", at("both", A=7))
            order = sold(w, 2, first, order="M-1")
            later = msgspec.structs.replace(order, location=second, at=order.at + 1)
            names = {"both": "market", "north": "shop"}
            report(w, names[first], order)
            report(w, names[second], later)
            assert target(w, "market", "A", "both") == 5


def test_an_order_that_the_authority_has_seen_is_not_unseen_because_another_channel_reports_it(
    tmp_path: Path,
) -> None:
    with world(tmp_path, SHOP, MARKET) as w:
        w.reconfigure(two_places())
        w.poll("warehouse", at("north", A=4) + at("south", A=3))
        w.poll("shop", at("north", A=4) + at("south", A=3))
        w.poll("market", at("both", A=7))
        order = sold(w, 2, "north", order="M-1")
        report(w, "shop", order)
        w.poll("warehouse", at("north", A=2) + at("south", A=3))
        assert targets(w) == (5, 2, 3)

        report(w, "market", msgspec.structs.replace(order, location="both", at=order.at + 1))
        assert targets(w) == (5, 2, 3)
        w.poll("warehouse", at("north", A=2) + at("south", A=2))
        assert targets(w) == (4, 2, 2)


def test_lines_of_one_order_at_two_places_count_each(tmp_path: Path) -> None:
    other = channel("other", places=("north", "south"))
    with world(tmp_path, SHOP, MARKET, other) as w:
        pools = (Pool("both", ("north", "south")),)
        made = terms(warehouse(), SHOP, MARKET, other)
        w.reconfigure(msgspec.structs.replace(made, pools=pools))
        w.poll("warehouse", at("north", A=4) + at("south", A=3))
        for name in ("shop", "other"):
            w.poll(name, at("north", A=4) + at("south", A=3))
        w.poll("market", at("both", A=7))
        report(w, "shop", sold(w, 2, "north", order="M-1"))
        report(w, "other", sold(w, 1, "south", order="M-1"))
        assert targets(w) == (4, 2, 2)


def test_a_pool_of_bundles_loses_what_it_sold_once(tmp_path: Path) -> None:
    with world(tmp_path, SHOP, MARKET) as w:
        w.reconfigure(two_places(bundles=KIT))
        stock = at("north", A=8, B=9) + at("south", A=6, B=9)
        w.poll("warehouse", stock)
        w.poll("shop", stock + at("north", KIT=4) + at("south", KIT=3))
        w.poll("market", at("both", A=10, B=16, KIT=5))
        assert targets(w, "KIT") == (7, 4, 3)
        report(w, "market", sold(w, 2, "both", "KIT"))
        assert targets(w, "A") == (10, 4, 2)
        assert targets(w, "KIT") == (5, 2, 1)


def test_a_pool_of_bundles_loses_what_other_pools_sold_of_a_component(tmp_path: Path) -> None:
    other = channel("other", places=("more",))
    pools = (Pool("both", ("north", "south")), Pool("more", ("south", "west")))
    with world(tmp_path, SHOP, MARKET, other) as w:
        made = terms(warehouse(), SHOP, MARKET, other)
        w.reconfigure(msgspec.structs.replace(made, pools=pools, bundles=KIT))
        stock = at("north", A=8, B=9) + at("south", A=6, B=9)
        w.poll("warehouse", stock + at("west", A=6, B=9))
        w.poll("shop", stock + at("north", KIT=4) + at("south", KIT=3))
        w.poll("market", at("both", A=14, B=18, KIT=7))
        w.poll("other", at("more", A=9, B=18, KIT=6))
        report(w, "other", sold(w, 3, "more", "A"))
        assert targets(w, "KIT") == (5, 4, 1)
        assert target(w, "other", "KIT", "more") == 4


def test_a_bundle_that_is_on_hold_at_a_place_gives_a_pool_nothing_there(tmp_path: Path) -> None:
    with world(tmp_path, SHOP, MARKET) as w:
        w.reconfigure(two_places(bundles=KIT))
        kits = [Record("KIT", 0, "north", state="hold"), *at("south", KIT=0)]
        w.poll("warehouse", [*at("north", A=8, B=9), *at("south", A=6, B=9), *kits])
        w.poll("market", at("both", A=14, B=18, KIT=3))
        assert target(w, "market", "KIT", "both") == 3


def test_an_event_without_a_place_where_places_are_apart_is_refused_with_what_it_lacks(
    tmp_path: Path,
) -> None:
    with world(tmp_path, SHOP, MARKET) as w:
        w.reconfigure(two_places())
        w.poll("warehouse", at("north", A=4) + at("south", A=3))
        taken = w.database.write(
            record_events, EventOrigin("shop", w.now), [sold(w, 2, "")], w.comparison
        )
        assert [refusal.reason for refusal in taken.refused] == [
            "SKU A is known at locations only: the event must name one"
        ]

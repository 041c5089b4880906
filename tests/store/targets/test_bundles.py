"""Bundles and pools: what is made of others follows its parts, at the same place."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store.event_kinds import Event, EventKind
from store.model import ChannelTerms, Component, Policy, Pool, Record, State, Terms
from store.polling.events import EventOrigin
from store.reasons import Reason
from tests.long_run import examples
from tests.store.recorded_events import record_events
from tests.store.world import MINUTE, World, channel, stock, terms, warehouse, world

KIT = (Component("KIT", "A", 2), Component("KIT", "B", 1))


def made(*channels: ChannelTerms, **more: object) -> Terms:
    return msgspec.structs.replace(terms(warehouse(), *channels), **more)


def at(location: str, **quantities: int) -> list[Record]:
    return [Record(sku, n, location, state="active") for sku, n in quantities.items()]


def target(w: World, name: str, sku: str, location: str = "") -> object:
    found = w.rows(
        """SELECT l.target_quantity FROM listings l JOIN items i ON i.id = l.item_id
        JOIN channels c ON c.id = l.channel_id
        WHERE c.name = ? AND i.sku = ? AND i.location = ?""",
        name, sku, location,
    )  # fmt: skip
    return found[0][0] if found else None


def test_a_bundle_has_what_the_least_of_its_components_allows(tmp_path: Path) -> None:
    with world(tmp_path, channel("shop")) as w:
        w.reconfigure(made(channel("shop"), bundles=KIT))
        w.poll("warehouse", stock(A=9, B=10, C=1))
        w.poll("shop", stock(A=9, B=10, C=1, KIT=4))
        assert w.diff() == []
        w.poll("warehouse", stock(A=5, B=10, C=1))
        assert target(w, "shop", "KIT") == 2
        assert {(disagreement.sku, disagreement.delta) for disagreement in w.diff()} == {
            ("A", -4),
            ("KIT", -2),
        }


def test_a_bundle_that_a_channel_lacks_is_missing_there(tmp_path: Path) -> None:
    with world(tmp_path, channel("shop")) as w:
        w.reconfigure(made(channel("shop"), bundles=KIT))
        w.poll("warehouse", stock(A=9, B=10))
        w.poll("shop", stock(A=9, B=10))
        assert (w.only().sku, w.only().kind) == ("KIT", "missing")


def test_a_component_that_the_authority_lacks_leaves_the_bundle_without_a_truth(
    tmp_path: Path,
) -> None:
    with world(tmp_path, channel("shop")) as w:
        w.reconfigure(made(channel("shop"), bundles=KIT))
        w.poll("warehouse", stock(A=9))
        w.poll("shop", stock(A=9, KIT=4))
        assert (w.only().sku, w.only().kind) == ("KIT", "unlisted")


def test_a_bundle_at_a_place_is_made_of_the_components_at_that_place(tmp_path: Path) -> None:
    with world(tmp_path, channel("shop")) as w:
        w.reconfigure(made(channel("shop"), bundles=KIT))
        w.poll("warehouse", at("north", A=10, B=0) + at("south", A=0, B=10))
        w.poll("shop", at("north", A=10, B=0, KIT=3) + at("south", A=0, B=10, KIT=0))
        assert [
            (disagreement.sku, disagreement.location, disagreement.delta)
            for disagreement in w.diff()
        ] == [("KIT", "north", -3)]


def test_a_component_that_is_on_hold_holds_the_bundle(tmp_path: Path) -> None:
    with world(tmp_path, channel("shop")) as w:
        w.reconfigure(made(channel("shop"), bundles=KIT))
        w.poll("warehouse", [Record("A", 8, state="hold"), Record("B", 8, state="active")])
        w.poll("shop", stock(A=0, B=8, KIT=0))
        assert w.diff(kinds=("quantity",)) == []


def test_a_bundle_sold_on_one_channel_moves_its_components_and_every_bundle_of_them(
    tmp_path: Path,
) -> None:
    other = Component("PAIR", "A", 1)
    with world(tmp_path, channel("shop"), channel("market")) as w:
        w.reconfigure(made(channel("shop"), channel("market"), bundles=(*KIT, other)))
        w.poll("warehouse", stock(A=8, B=8))
        for name in ("shop", "market"):
            w.poll(name, stock(A=8, B=8, KIT=4, PAIR=8))
        sale = Event("1", EventKind.ORDERED, "KIT", 1, w.now)
        w.database.write(record_events, EventOrigin("shop", w.now), [sale], w.comparison)
        assert w.targets("market") == {"A": 6, "B": 7, "KIT": 3, "PAIR": 6}


def test_a_bundle_rests_on_the_part_that_can_be_trusted_least(tmp_path: Path) -> None:
    with world(tmp_path, channel("shop")) as w:
        w.reconfigure(made(channel("shop"), bundles=KIT))
        twice = [*stock(A=8, B=8), *stock(B=8)]
        w.poll("warehouse", stock(A=8, B=8))
        w.poll("shop", stock(A=8, B=8, KIT=4))
        w.poll("warehouse", twice)
        w.poll("shop", stock(A=8, B=8, KIT=2))
        found = next(disagreement for disagreement in w.diff() if disagreement.sku == "KIT")
        assert (found.status, found.reason) == ("unknown", Reason.AUTHORITY_DUPLICATE)


def test_a_bundle_of_a_stale_authoritys_parts_is_unknown(tmp_path: Path) -> None:
    with world(tmp_path, channel("shop")) as w:
        w.reconfigure(made(channel("shop"), bundles=KIT))
        w.poll("warehouse", stock(A=8, B=8))
        w.poll("shop", stock(A=8, B=8, KIT=9))
        assert w.only().status == "open"
        w.now += 10 * MINUTE
        w.poll("shop", stock(A=8, B=8, KIT=9))
        assert (w.only().status, w.only().reason) == ("unknown", Reason.AUTHORITY_STALE)


def test_a_pool_sums_the_authoritys_locations(tmp_path: Path) -> None:
    shop = channel("shop", places=("north+south",))
    pool = Pool("north+south", ("north", "south"))
    with world(tmp_path, shop) as w:
        w.reconfigure(made(shop, pools=(pool,)))
        w.poll("warehouse", at("north", A=4, B=1) + at("south", A=3) + at("east", A=100))
        w.poll("shop", at("north+south", A=7))
        assert (w.only().sku, w.only().kind, w.only().location) == ("B", "missing", "north+south")
        w.poll("warehouse", at("north", A=4, B=1) + at("south", A=1) + at("east", A=100))
        assert {
            (disagreement.sku, disagreement.delta) for disagreement in w.diff(kinds=("quantity",))
        } == {("A", -2)}


def test_another_channel_without_a_map_is_not_asked_for_the_pool(tmp_path: Path) -> None:
    shop = channel("shop", places=("north+south",))
    pool = Pool("north+south", ("north", "south"))
    with world(tmp_path, shop, channel("market")) as w:
        w.reconfigure(made(shop, channel("market"), pools=(pool,)))
        w.poll("warehouse", at("north", A=4) + at("south", A=3))
        w.poll("market", at("north", A=4) + at("south", A=3))
        w.poll("shop", at("north+south", A=7))
        assert w.diff() == []


def test_a_pool_of_bundles_never_mixes_the_places_of_their_components(tmp_path: Path) -> None:
    shop = channel("shop", places=("north+south",))
    pool = Pool("north+south", ("north", "south"))
    with world(tmp_path, shop) as w:
        w.reconfigure(made(shop, bundles=KIT, pools=(pool,)))
        w.poll("warehouse", at("north", A=10, B=1) + at("south", A=2, B=10))
        w.poll("shop", at("north+south", A=12, B=11, KIT=2))
        assert w.diff() == []


def test_a_sale_from_the_pool_lowers_the_pool(tmp_path: Path) -> None:
    shop = channel("shop", places=("north+south",))
    market = channel("market", places=("north+south",))
    pool = Pool("north+south", ("north", "south"))
    with world(tmp_path, shop, market) as w:
        w.reconfigure(made(shop, market, pools=(pool,)))
        w.poll("warehouse", at("north", A=4) + at("south", A=3))
        for name in ("shop", "market"):
            w.poll(name, at("north+south", A=7))
        sale = Event("1", EventKind.ORDERED, "A", 2, w.now, location="north+south")
        w.database.write(record_events, EventOrigin("shop", w.now), [sale], w.comparison)
        assert target(w, "market", "A", "north+south") == 5


def test_a_bundle_that_is_no_bundle_any_more_has_its_own_word_again(tmp_path: Path) -> None:
    with world(tmp_path, channel("shop")) as w:
        w.reconfigure(made(channel("shop"), bundles=KIT))
        w.poll("warehouse", stock(A=8, B=8, KIT=1))
        w.poll("shop", stock(A=8, B=8, KIT=4))
        assert target(w, "shop", "KIT") == 4
        w.reconfigure(made(channel("shop")))
        assert target(w, "shop", "KIT") == 1


quantities = st.integers(-5, 40)


@settings(max_examples=examples(40),
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
@given(
    has=st.fixed_dictionaries({"A": quantities, "B": quantities, "C": quantities}),
    needs=st.dictionaries(st.sampled_from(("A", "B", "C")), st.integers(1, 5), min_size=1),
    sold=st.lists(
        st.tuples(st.sampled_from(("A", "B", "C", "KIT")), st.integers(1, 4)), max_size=4
    ),
    rule=st.builds(Policy, skus=st.just("*"), buffer=st.integers(0, 5),
                   share_ppm=st.integers(0, 1_000_000)),
)  # fmt: skip
def test_a_bundle_never_promises_more_than_its_components(
    tmp_path_factory: pytest.TempPathFactory,
    has: dict[str, int],
    needs: dict[str, int],
    sold: list[tuple[str, int]],
    rule: Policy,
) -> None:
    shop = channel("shop", policies=(rule,), states=(State.ACTIVE,))
    parts = tuple(Component("KIT", sku, quantity) for sku, quantity in sorted(needs.items()))
    with world(tmp_path_factory.mktemp("bundle"), shop) as w:
        w.reconfigure(made(shop, bundles=parts))
        w.poll("warehouse", stock(**has))
        w.poll("shop", stock(**dict.fromkeys(has, 0), KIT=0))
        batch = [
            Event(str(n), EventKind.ORDERED, sku, quantity, w.now)
            for n, (sku, quantity) in enumerate(sold)
        ]
        w.database.write(record_events, EventOrigin("shop", w.now), batch, w.comparison)
        left = dict(has)
        for sku, quantity in sold:
            for part, count in needs.items() if sku == "KIT" else [(sku, 1)]:
                left[part] -= quantity * count
        promised = target(w, "shop", "KIT")
        assert isinstance(promised, int)
        assert promised >= 0
        assert all(promised * count <= max(0, left[part]) for part, count in needs.items())


def two_places(w: World, *channels: ChannelTerms, **more: object) -> None:
    """A marketplace that sells from north and south together, a shop that lists them apart."""
    pool = Pool("north+south", ("north", "south"))
    w.reconfigure(made(*channels, pools=(pool,), **more))


MARKET = channel("market", places=("north+south",))


def test_what_a_pool_sold_may_have_lain_at_any_of_its_places(tmp_path: Path) -> None:
    shop = channel("shop", places=("north", "south"))
    with world(tmp_path, shop, MARKET) as w:
        two_places(w, shop, MARKET)
        w.poll("warehouse", at("north", A=4) + at("south", A=3))
        w.poll("shop", at("north", A=4) + at("south", A=3))
        w.poll("market", at("north+south", A=5))
        sale = Event("1", EventKind.ORDERED, "A", 2, w.now, location="north+south")
        w.database.write(record_events, EventOrigin("market", w.now), [sale], w.comparison)
        assert target(w, "market", "A", "north+south") == 5
        assert target(w, "shop", "A", "north") == 2
        assert target(w, "shop", "A", "south") == 1

        w.poll("warehouse", at("north", A=2) + at("south", A=3))
        assert target(w, "market", "A", "north+south") == 5
        assert target(w, "shop", "A", "north") == 2
        assert target(w, "shop", "A", "south") == 3


def test_a_return_to_a_pool_raises_no_single_place(tmp_path: Path) -> None:
    shop = channel("shop", places=("north", "south"))
    with world(tmp_path, shop, MARKET) as w:
        two_places(w, shop, MARKET)
        w.poll("warehouse", at("north", A=4) + at("south", A=3))
        w.poll("shop", at("north", A=4) + at("south", A=3))
        w.poll("market", at("north+south", A=9))
        # The warehouse has counted the order already, and not that it comes back.
        began = w.now - 10 * MINUTE
        sold = Event("0", EventKind.ORDERED, "A", 2, began, location="north+south")
        back = Event("1", EventKind.CANCELLED, "A", 2, w.now, location="north+south")
        w.database.write(record_events, EventOrigin("market", w.now), [sold, back], w.comparison)
        assert target(w, "market", "A", "north+south") == 9
        assert target(w, "shop", "A", "north") == 4


def test_a_bundle_sold_from_a_pool_lowers_its_components_everywhere(tmp_path: Path) -> None:
    shop = channel("shop", places=("north", "south"))
    with world(tmp_path, shop, MARKET) as w:
        two_places(w, shop, MARKET, bundles=KIT)
        w.poll("warehouse", at("north", A=4, B=4) + at("south", A=0, B=3))
        w.poll("shop", at("north", A=4, B=4, KIT=2) + at("south", A=0, B=3, KIT=0))
        w.poll("market", at("north+south", A=2, B=6, KIT=1))
        sale = Event("1", EventKind.ORDERED, "KIT", 1, w.now, location="north+south")
        w.database.write(record_events, EventOrigin("market", w.now), [sale], w.comparison)
        assert w.diff(channels=("market",)) == []
        assert target(w, "shop", "A", "north") == 2
        assert target(w, "shop", "KIT", "north") == 1


def test_pools_that_share_a_place_share_what_is_sold_from_it(tmp_path: Path) -> None:
    other = channel("outlet", places=("south+west",))
    pools = (Pool("north+south", ("north", "south")), Pool("south+west", ("south", "west")))
    with world(tmp_path, MARKET, other) as w:
        w.reconfigure(made(MARKET, other, pools=pools))
        w.poll("warehouse", at("north", A=4) + at("south", A=3) + at("west", A=1))
        w.poll("market", at("north+south", A=5))
        w.poll("outlet", at("south+west", A=4))
        sale = Event("1", EventKind.ORDERED, "A", 2, w.now, location="north+south")
        w.database.write(record_events, EventOrigin("market", w.now), [sale], w.comparison)
        assert target(w, "market", "A", "north+south") == 5
        assert target(w, "outlet", "A", "south+west") == 2

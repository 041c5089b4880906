"""What a shop has and sells: bundles, boxes, suppliers; and what was truly there, and when."""

from store.model import Policy
from sync.simulation.channel import Item, OutletTerms
from sync.simulation.trial.truths import TruthLog
from sync.simulation.world import World
from tests.simulation.small_world import WAREHOUSE, free

SKUS = (Item("CUP", "Cup", 500, available=10), Item("LID", "Lid", 100, available=7))


def shop_with_a_bundle() -> World:
    """A set is two cups and a lid; the market sells in boxes of six."""
    return World(
        SKUS,
        warehouse=WAREHOUSE,
        outlets={"shop": OutletTerms(), "market": OutletTerms(Policy("*", units=6))},
        states_from="shop",
        seed=1,
        bundles={"SET": (("CUP", 2), ("LID", 1))},
        suppliers={"press": (Item("POSTER", "Poster", 900, available=3),)},
    )


def test_as_many_bundles_are_shown_as_the_least_part_allows() -> None:
    world = shop_with_a_bundle()
    assert (free(world, "shop", "SET"), world.truly_free("SET")) == (5, 5)
    world.count("LID", 2)
    assert world.truly_free("SET") == 2
    world.advance(60_000)
    assert free(world, "shop", "SET") == 2


def test_a_bundle_that_is_sold_takes_its_parts_at_once_and_gives_them_back() -> None:
    world = shop_with_a_bundle()
    world.sell("shop", "SET", 3, warehouse_delay_ms=1_000, name="first")
    assert [world.truly_free(sku) for sku in ("CUP", "LID", "SET")] == [4, 4, 2]
    world.advance(5_000)
    assert [free(world, WAREHOUSE, sku) for sku in ("CUP", "LID")] == [4, 4]
    world.give_back("first", 1, warehouse_delay_ms=1_000)
    world.advance(10_000)
    assert [world.truly_free(sku) for sku in ("CUP", "LID", "SET")] == [6, 5, 3]


def test_bundles_that_lack_a_part_are_oversold() -> None:
    world = shop_with_a_bundle()
    short: list[tuple[str, int]] = []
    world.oversold = lambda order, units: short.append((order.sku, units))
    world.sell("shop", "SET", 5, warehouse_delay_ms=1_000)
    world.sell("shop", "CUP", 4, warehouse_delay_ms=500)
    world.advance(5_000)
    assert (world.oversold_units, short) == (2, [("SET", 2)])


def test_a_box_takes_all_its_pieces() -> None:
    world = shop_with_a_bundle()
    assert free(world, "market", "CUP") == 1
    world.sell("market", "CUP", 1, warehouse_delay_ms=1_000)
    assert world.truly_free("CUP") == 4
    world.advance(5_000)
    assert free(world, WAREHOUSE, "CUP") == 4
    assert free(world, "shop", "CUP") == 4


def test_a_supplier_has_what_the_warehouse_does_not() -> None:
    world = shop_with_a_bundle()
    world.sell("shop", "POSTER", 2, warehouse_delay_ms=1_000)
    world.advance(5_000)
    assert free(world, "press", "POSTER") == 1
    assert world.warehouse.held("POSTER") is None


def test_the_log_says_when_a_number_was_last_true() -> None:
    world = shop_with_a_bundle()
    truths = TruthLog(world)
    world.moved = truths.note
    world.advance(1_000)
    world.sell("shop", "CUP", 4, warehouse_delay_ms=500)
    world.advance(3_000)
    world.count("CUP", 20)
    world.advance(9_000)
    assert truths.last("CUP", lambda number: number >= 10) == 9_000
    assert truths.last("CUP", lambda number: number == 10) == 1_000
    assert truths.last("CUP", lambda number: number == 6) == 3_000
    assert truths.last("SET", lambda number: number == 5) == 1_000
    assert truths.last("CUP", lambda number: number == 99) is None

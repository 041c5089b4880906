from dataclasses import replace
from http import HTTPStatus

import pytest

from store.event_kinds import EventKind
from store.model import State
from sync.simulation.channel import Fault, OutletTerms, StockWrite
from sync.simulation.orders import OrderFlow
from sync.simulation.world import World
from tests.simulation.small_world import ITEMS, OUTLETS, WAREHOUSE, free, shown, small_world

KETTLE, MUG, RUG = "KET-12-CRM", "MUG-30-OAT", "RUG-080-RST"


def everything(world: World) -> dict[str, list[object]]:
    return {name: list(world.channel(name).items()) for name in (WAREHOUSE, *OUTLETS)}


def test_every_outlet_begins_at_what_its_terms_allow() -> None:
    world = small_world()

    assert free(world, "shop", KETTLE) == 8
    assert free(world, "market", KETTLE) == 5
    assert free(world, "market", MUG) == 8
    assert free(world, "till", MUG) == 40
    assert free(world, "till", RUG) == 0


def test_a_sale_lowers_the_outlet_at_once_and_the_others_after_the_warehouse_hears() -> None:
    world = small_world()

    sold = world.sell("shop", KETTLE, 3, warehouse_delay_ms=5_000)
    world.advance(4_999)
    before = [free(world, name, KETTLE) for name in ("shop", WAREHOUSE, "till")]
    world.advance(10_000)
    after = [free(world, name, KETTLE) for name in ("shop", WAREHOUSE, "till", "market")]

    assert sold == 3
    assert before == [5, 10, 10]
    assert after == [5, 7, 7, 3]
    assert world.warehouse.items()[0].committed == 4


def test_a_sale_is_reported_by_its_outlet_and_a_manual_edit_is_not() -> None:
    world = small_world()
    world.advance(1_000)

    world.sell("till", MUG, 5, warehouse_delay_ms=1_000)
    world.edit("till", MUG, 9)
    world.sell("shop", "NOTHING", 5, warehouse_delay_ms=1_000)
    world.advance(60_000)

    (sale,) = world.channel("till").events_after(0, 10, world.now)
    assert (sale.kind, sale.sku, sale.units, sale.at) == (EventKind.ORDERED, MUG, 5, 1_000)
    assert sale.order == "till-1"
    assert [
        list(world.channel(name).events_after(0, 10, world.now)) for name in (WAREHOUSE, "shop")
    ] == [
        [],
        [],
    ]


def test_events_are_reported_after_a_number_and_as_many_as_are_asked_for() -> None:
    world = small_world()
    for units in (1, 2, 3):
        world.sell("till", MUG, units, warehouse_delay_ms=1_000)

    till = world.channel("till")

    assert [happening.units for happening in till.events_after(1, 10, 0)] == [2, 3]
    assert [happening.units for happening in till.events_after(0, 2, 0)] == [1, 2]


def test_a_channel_that_lags_tells_no_event_before_it_shows_its_effect() -> None:
    world = small_world()
    world.fault("till", Fault.LAGS, 10_000)
    world.advance(1_000)
    world.sell("till", MUG, 5, warehouse_delay_ms=60_000)

    world.advance(9_999)
    assert shown(world, "till", MUG) == 40
    assert world.channel("till").events_after(0, 10, world.now) == []

    world.advance(10_000)
    assert shown(world, "till", MUG) == 35
    assert len(world.channel("till").events_after(0, 10, world.now)) == 1


def test_an_order_leaves_the_warehouse_without_changing_what_is_free() -> None:
    world = small_world()

    world.sell("till", MUG, 5, warehouse_delay_ms=0)
    world.advance(120_000)

    mug = world.warehouse.held(MUG)
    assert mug is not None
    assert (mug.available, mug.committed) == (35, 0)


def test_the_last_pieces_sold_twice_are_counted_as_oversold() -> None:
    world = small_world()

    world.sell("shop", KETTLE, 8, warehouse_delay_ms=10_000)
    world.sell("till", KETTLE, 10, warehouse_delay_ms=10_000)
    world.advance(20_000)

    assert world.oversold_units == 8
    assert free(world, WAREHOUSE, KETTLE) == 0


def test_nothing_is_sold_that_is_disabled_or_unknown_or_out() -> None:
    world = small_world()

    assert world.sell("shop", RUG, 1, warehouse_delay_ms=0) == 0
    assert world.sell("shop", "TEA-STR", 1, warehouse_delay_ms=0) == 0
    assert world.sell("shop", "NO-SUCH", 1, warehouse_delay_ms=0) == 0


def test_an_outlet_that_missed_the_connectors_word_stays_wrong_until_the_sku_moves_again() -> None:
    world = small_world()

    world.miss("till", KETTLE, 10_000)
    world.count(KETTLE, 4)
    world.advance(600_000)
    missed = free(world, "till", KETTLE)
    world.receive(KETTLE, 2)
    world.advance(610_000)

    assert missed == 10
    assert free(world, "till", KETTLE) == 6


def test_a_silent_outlet_misses_the_connectors_word() -> None:
    world = small_world()

    world.fault("till", Fault.SILENT, 10_000)
    world.count(KETTLE, 4)
    world.advance(60_000)

    assert free(world, "till", KETTLE) == 10
    assert free(world, "shop", KETTLE) == 2


def test_a_state_spreads_from_the_outlet_it_comes_from_and_zeroes_one_that_has_no_states() -> None:
    world = small_world()

    world.set_state("shop", MUG, State.DISABLED)
    world.advance(5_000)

    market = world.channel("market").held(MUG)
    assert market is not None
    assert market.state is State.DISABLED
    assert free(world, "till", MUG) == 0


def test_a_lagging_channel_shows_an_older_value_until_it_catches_up() -> None:
    world = small_world()

    world.fault("market", Fault.LAGS, 30_000)
    world.advance(1_000)
    world.edit("market", KETTLE, 2)
    behind = shown(world, "market", KETTLE)
    world.advance(30_000)

    assert behind == 5
    assert free(world, "market", KETTLE) == 2
    assert shown(world, "market", KETTLE) == 2


def test_a_channel_that_is_always_late_shows_each_move_after_its_lag() -> None:
    late = World(
        ITEMS,
        warehouse=WAREHOUSE,
        outlets={"shop": OutletTerms(lag_ms=2_000)},
        states_from="shop",
        seed=1,
    )

    late.advance(10_000)
    late.edit("shop", KETTLE, 1)
    late.advance(11_999)
    before = shown(late, "shop", KETTLE)
    late.advance(12_000)

    assert before == 10
    assert shown(late, "shop", KETTLE) == 1


def test_a_zeroed_feed_shows_nothing_in_stock_and_holds_everything() -> None:
    world = small_world()

    world.fault("shop", Fault.ZEROED, 10_000)
    items, _, total = world.channel("shop").page("", 10, 5_000)

    assert total == len(ITEMS)
    assert [item.available for item in items] == [0, 0, 0, 0]
    assert free(world, "shop", MUG) == 38


def test_an_empty_feed_is_a_whole_listing_of_nothing() -> None:
    world = small_world()

    world.fault("shop", Fault.EMPTY, 10_000)

    assert world.channel("shop").page("", 10, 5_000) == ((), None, 0)


def test_pages_neither_skip_nor_repeat_while_listings_come_and_go() -> None:
    world = small_world()
    world_channel = world.channel("till")

    first, after, _ = world_channel.page("", 2, 0)
    world.list_alone("till", replace(ITEMS[0], sku="AAA"))
    world.delist("till", KETTLE)
    second, end, _ = world_channel.page(after or "", 2, 0)

    assert [item.sku for item in (*first, *second)] == sorted(item.sku for item in ITEMS)
    assert end is None


def test_a_write_is_refused_where_the_channel_holds_something_else() -> None:
    world_channel = small_world().channel("shop")

    refused = world_channel.write(StockWrite(KETTLE, 4, previous=9), 0)
    done = world_channel.write(StockWrite(KETTLE, 4, previous=8), 0)

    assert (refused.status, refused.message) == (HTTPStatus.CONFLICT, "has 8, not 9")
    assert done.status is HTTPStatus.OK
    kettle = world_channel.held(KETTLE)
    assert kettle is not None
    assert kettle.available == 4


def test_the_same_key_is_applied_once_and_answered_the_same() -> None:
    world = small_world()
    world_channel = world.channel("shop")

    first = world_channel.write(StockWrite(KETTLE, 4, previous=8, key="c-1"), 0)
    world.edit("shop", KETTLE, 6)
    again = world_channel.write(StockWrite(KETTLE, 4, previous=8, key="c-1"), 0)

    assert again == first
    assert free(world, "shop", KETTLE) == 6


@pytest.mark.parametrize(
    ("write", "status"),
    [
        (StockWrite("NO-SUCH", 1), HTTPStatus.NOT_FOUND),
        (StockWrite(KETTLE, -1), HTTPStatus.UNPROCESSABLE_ENTITY),
        (StockWrite(KETTLE, 10**15), HTTPStatus.UNPROCESSABLE_ENTITY),
    ],
)
def test_a_mad_write_changes_nothing(write: StockWrite, status: HTTPStatus) -> None:
    world = small_world()
    before = everything(world)

    assert world.channel("shop").write(write, 0).status is status
    assert everything(world) == before


def test_an_accepted_write_can_be_ignored() -> None:
    world = small_world()

    world.fault("shop", Fault.IGNORES_WRITES, 1_000)
    written = world.channel("shop").write(StockWrite(KETTLE, 1), 500)

    assert written.status is HTTPStatus.OK
    assert free(world, "shop", KETTLE) == 8


def traded(*, seed: int, steps: int) -> World:
    world = small_world(seed=seed)
    OrderFlow(world, busy={"shop": 3, "market": 2, "till": 1}, seed=seed).begin()
    for step in range(1, steps + 1):
        world.advance(step * 600_000 // steps)
    return world


def test_the_same_seed_makes_the_same_day_however_often_it_is_looked_at() -> None:
    assert everything(traded(seed=7, steps=1)) == everything(traded(seed=7, steps=997))


def test_what_happens_to_one_sku_changes_nothing_of_when_another_is_updated() -> None:
    days = []
    for is_sold in (False, True):
        world = small_world()
        world.advance(1_000)
        if is_sold:
            world.sell("shop", "KET-12-CRM", 1, warehouse_delay_ms=100)
        world.advance(2_000)
        world.receive("MUG-30-OAT", 8)
        shown = []
        for at in range(2_000, 5_000, 50):
            world.advance(at)
            shown.append([outlet.held("MUG-30-OAT") for outlet in world.outlets.values()])
        days.append(shown)

    assert days[0] == days[1]
    assert days[0][0] != days[0][-1]


def test_another_seed_makes_another_day() -> None:
    assert everything(traded(seed=7, steps=1)) != everything(traded(seed=8, steps=1))


def test_trade_goes_on_because_what_runs_low_is_delivered_again() -> None:
    world = small_world()
    OrderFlow(world, busy={"shop": 1}, seed=3).begin()

    world.advance(3_600_000)
    an_hour = everything(world)
    world.advance(4_200_000)

    assert everything(world) != an_hour
    assert all(item.available >= 0 for item in world.warehouse.items())

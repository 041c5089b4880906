"""The shop that the demo shows must hold together, whoever edits it."""

import re
from collections import Counter

import pytest

from console.demo import AUTHORITY, DAY_MS, OUTLETS, _world
from store.model import State
from sync.simulation.channel import Fault
from sync.simulation.script import Act, Step, catalogue, day
from sync.simulation.world import World

ITEMS = {item.sku: item for item in catalogue()}
STEPS = day()


def test_the_catalogue_has_about_five_hundred_skus_and_each_once() -> None:
    skus = [item.sku for item in catalogue()]

    assert 450 <= len(skus) <= 550
    assert len(set(skus)) == len(skus)


def test_skus_follow_one_scheme_and_titles_and_prices_are_there() -> None:
    for item in ITEMS.values():
        assert re.fullmatch(r"[A-Z]{3}(-[A-Z0-9]+){1,3}", item.sku), item.sku
        assert item.title == item.title.strip(), item.sku
        assert 300 <= item.price_minor <= 50_000, item.sku


def test_no_two_skus_are_called_the_same() -> None:
    titles = Counter(item.title for item in ITEMS.values())

    assert [title for title, count in titles.items() if count > 1] == []


def test_stock_is_plausible() -> None:
    sold_out = [item for item in ITEMS.values() if item.available == 0]

    assert all(item.available >= 0 <= item.committed for item in ITEMS.values())
    assert 0.02 < len(sold_out) / len(ITEMS) < 0.15


def test_some_goods_are_on_preorder_and_some_are_disabled() -> None:
    states = Counter(item.state for item in ITEMS.values())

    assert set(states) == {State.ACTIVE, State.PREORDER, State.DISABLED}
    assert all(item.available == 0 for item in ITEMS.values() if item.state is State.PREORDER)


@pytest.mark.parametrize("step", STEPS, ids=lambda step: f"{step.at // 1000}s-{step.does}")
def test_every_line_of_the_day_names_a_channel_and_goods_that_exist(step: Step) -> None:
    outlet = step.channel in OUTLETS

    assert outlet or step.channel == AUTHORITY
    assert 0 <= step.at < DAY_MS
    if isinstance(step.does, Fault):
        assert step.sku == ""
        assert 0 < step.lasts_ms <= 30_000
        return
    known = {sku.casefold() for sku in ITEMS} if step.does is Act.LISTS else set(ITEMS)
    assert (step.sku.casefold() if step.does is Act.LISTS else step.sku) in known
    assert outlet != (step.does in (Act.RECEIVES, Act.COUNTS))
    assert step.lasts_ms > 0 or step.does is not Act.MISSES


def test_the_first_ten_seconds_show_all_that_the_demo_promises() -> None:
    soon = [step for step in STEPS if step.at < 10_000]
    does = {step.does for step in soon}

    assert {Fault.SILENT, Fault.ZEROED, Act.SELLS, Act.RECEIVES, Act.SHOWS} <= does


def test_the_day_can_be_lived_again_and_again() -> None:
    world, _ = _world()

    world.advance(4 * DAY_MS)

    shelves = [world.channel(name) for name in (AUTHORITY, *OUTLETS)]
    assert all(item.available >= 0 for world_channel in shelves for item in world_channel.items())
    assert sum(item.available for item in world.warehouse.items()) > 0
    for name in OUTLETS:
        assert _right(world, name) > 0.85 * len(ITEMS), f"{name} has gone astray"
    assert _right(world, "shop") < len(ITEMS), "there is nothing for Skew to find"


def _right(world: World, outlet: str) -> int:
    """How many listings show what their terms allow, though nobody ever mended one."""
    world_channel = world.channel(outlet)
    states = {item.sku: item.state for item in world.channel("shop").items()}
    return sum(
        item.available == world_channel.allowed(item.sku, stocked.available, states[item.sku])
        for item in world_channel.items()
        if (stocked := world.warehouse.held(item.sku)) is not None
    )

"""A world small enough to check by eye, and a clock that stands until a test moves it."""

from collections.abc import Sequence

from store.model import Millis, Policy, State
from sync.simulation.channel import Item, OutletTerms
from sync.simulation.world import World

WAREHOUSE = "warehouse"


OUTLETS = {
    "shop": OutletTerms(Policy(skus="*", buffer=2)),
    "market": OutletTerms(Policy(skus="*", share_ppm=500_000, cap=8)),
    "till": OutletTerms(has_states=False),
}
ITEMS = (
    Item("KET-12-CRM", "Enamel kettle, cream", 3_990, available=10, committed=1),
    Item("MUG-30-OAT", "Stoneware mug", 1_290, available=40),
    Item("RUG-080-RST", "Wool rug", 11_900, available=4, state=State.DISABLED),
    Item("TEA-STR", "Tea towel", 1_190, available=0, incoming=12),
)
NOON = 1_763_899_200_000


class HandClock:
    """Time that passes only by hand."""

    def __init__(self, at: Millis = NOON) -> None:
        self.at = at

    def now(self) -> Millis:
        return self.at

    async def sleep(self, span_ms: int) -> None:
        self.at += span_ms


def small_world(items: Sequence[Item] = ITEMS, *, seed: int = 1) -> World:
    return World(items, warehouse=WAREHOUSE, outlets=OUTLETS, states_from="shop", seed=seed)


def free(world: World, channel: str, sku: str) -> int:
    """What a channel truly has."""
    item = world.channel(channel).held(sku)
    assert item is not None
    return item.available


def shown(world: World, channel: str, sku: str) -> int:
    """What a channel lets be seen."""
    item = world.channel(channel).shown(sku, world.now)
    assert item is not None
    return item.available

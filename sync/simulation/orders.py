"""An ordinary day's trade: orders, deliveries, and now and then a message that goes astray.

Endless and seeded: the same seed makes the same day. It runs beneath the scripted day, so that
the demo never stands still.
"""

import random
from collections.abc import Mapping
from itertools import accumulate

from store.model import State
from sync.simulation.channel import Item
from sync.simulation.world import World

EVERY_MS = (900, 2_800)
"""From one event to the next, shortest and longest."""

WAREHOUSE_DELAY_MS = (2_000, 6_000)
"""How late an order reaches the warehouse, shortest and longest."""

BASKETS = (1, 1, 1, 1, 1, 2, 2, 3)
DELIVERIES = (6, 12, 12, 24)
DELIVERY_SHARE = 0.08
ASTRAY_SHARE = 0.03
"""The share of orders whose update never reaches one of the outlets."""
ASTRAY_MS = 12_000
LOW_UNITS = 3
"""The buyer orders again what has fallen to this."""


class OrderFlow:
    """Keeps a world trading, for as long as the world is advanced."""

    def __init__(self, world: World, *, busy: Mapping[str, int], seed: int) -> None:
        """`busy` weighs the outlets against each other: one with 5 sells five times one with 1."""
        self._world = world
        self._random = random.Random(seed)  # noqa: S311 - a play, not a secret
        self._outlets = tuple(busy)
        self._weights = tuple(busy.values())
        items = world.warehouse.items()
        self._skus = [item.sku for item in items]
        self._pull = list(accumulate(_popularity(item) for item in items))

    def begin(self) -> None:
        """Schedule the first event; each schedules the next."""
        self._world.schedule(self._random.randint(*EVERY_MS), self._happen)

    def _happen(self) -> None:
        if self._random.random() < DELIVERY_SHARE:
            self._deliver()
        else:
            self._order()
        self.begin()

    def _order(self) -> None:
        outlet = self._random.choices(self._outlets, self._weights)[0]
        sku = self._random.choices(self._skus, cum_weights=self._pull)[0]
        if self._random.random() < ASTRAY_SHARE:
            self._world.miss(self._random.choice(self._outlets), sku, ASTRAY_MS)
        units = self._random.choice(BASKETS)
        warehouse_delay_ms = self._random.randint(*WAREHOUSE_DELAY_MS)
        self._world.sell(outlet, sku, units, warehouse_delay_ms=warehouse_delay_ms)

    def _deliver(self) -> None:
        low = [item for item in self._world.warehouse.items() if _is_due(item)]
        if low:
            item = self._random.choice(low)
            self._world.receive(item.sku, self._random.choice(DELIVERIES))


def _popularity(item: Item) -> float:
    """How often it is bought: what a shop keeps most of, it sells most of."""
    return 1 + item.available


def _is_due(item: Item) -> bool:
    return item.available <= LOW_UNITS and item.state is State.ACTIVE

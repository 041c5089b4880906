"""A trial's demand from the past: a stretch of what was really sold, returned and delivered."""

import bisect
import random
from collections.abc import Sequence

import msgspec

from store.model import Millis
from store.monitoring.past_demand import PastDemand, PastMovement, PastSku
from sync.simulation.channel import Item
from sync.simulation.trial.plan import (
    FREED_DELAY_MS,
    WAREHOUSE_DELAY_MS,
    Does,
    PlannedStep,
)

_DOES = {
    "sold": Does.SELLS,
    "given back": Does.GIVES_BACK,
    "received": Does.RECEIVES,
    "sold at the counter": Does.SELLS_HERE,
}


def stretch_of(
    past: PastDemand, seed: int, count: int
) -> tuple[Sequence[PastMovement], tuple[Item, ...]]:
    """So many movements that followed each other, from a place drawn by the seed; the stock before.

    The same for every configuration with the same channels.
    """
    chance = random.Random(f"{seed} history")  # noqa: S311 - a play, not a secret
    start = chance.randint(0, max(0, len(past.movements) - count))
    movements = past.movements[start : start + count]
    since = movements[0].at if movements else 0
    items = tuple(
        Item(sku.sku, sku.title, sku.price_minor, _stock_at(sku, since)) for sku in past.skus
    )
    return movements, items


def _stock_at(sku: PastSku, at: Millis) -> int:
    """What the authority had right before an instant."""
    place = bisect.bisect_left(sku.stock, at, key=lambda entry: entry[0])
    return max(0, sku.stock[max(0, place - 1)][1]) if sku.stock else 0


def with_demand(
    seed: int, steps: Sequence[PlannedStep], movements: Sequence[PastMovement], *, gap_ms_max: int
) -> list[PlannedStep]:
    """Put a stretch of the past in the place of the drawn demand.

    Times between movements are as they were, but for nights and the like: nothing waits longer than
    `gap_ms_max`. What is not demand is spread over the whole.
    """
    chance = random.Random(f"{seed} delays")  # noqa: S311
    orders: dict[tuple[str, str, str], str] = {}
    demand: list[PlannedStep] = []
    at, before = 0, movements[0].at if movements else 0
    for number, movement in enumerate(movements):
        at += min(movement.at - before, gap_ms_max)
        before = movement.at
        booked, freed = chance.randint(*WAREHOUSE_DELAY_MS), chance.randint(*FREED_DELAY_MS)
        does, name = _DOES[movement.what], f"past {number}"
        key = movement.channel, movement.order, movement.sku
        if does is Does.SELLS:
            orders[key] = name
        elif does is Does.GIVES_BACK:
            if key not in orders:
                continue
            name, booked = orders[key], freed
        demand.append(
            PlannedStep(
                at, does, name, movement.channel, movement.sku, movement.units, booked, part=1.0
            )
        )
    others = [step for step in steps if step.does not in _DOES.values() and not _is_invented(step)]
    last = max((step.at for step in others), default=1)
    spread = [msgspec.structs.replace(step, at=step.at * at // max(1, last)) for step in others]
    return sorted((*demand, *spread), key=lambda step: step.at)


def _is_invented(step: PlannedStep) -> bool:
    return step.does in (Does.COUNTS, Does.DISABLES, Does.ENABLES)

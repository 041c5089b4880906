"""The shop of a trial: what its steps do to the world, with Skew as without it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import msgspec

from store.model import NOT_FOR_SALE, Millis, Policy, State
from sync.settings import Settings
from sync.simulation.channel import Item, OutletTerms
from sync.simulation.trial.plan import Does, PlannedStep
from sync.simulation.world import World
from sync.targets import terms as configured

EXCESS_SHARE = 0.15
"""Of the orders that give back something, so many report more than they had."""


class TrialShop(msgspec.Struct):
    """A world, and the figures by which it is judged."""

    world: World
    settings: Settings
    is_connected: bool
    outlets: tuple[str, ...]
    excess_events: int = 0
    _policies: dict[tuple[str, str], Policy] = msgspec.field(default_factory=dict)

    def perform(self, step: PlannedStep) -> None:
        """Make a step of the demand come true; any other changes nothing here."""
        perform = _PERFORMS.get(step.does)
        if perform is not None:
            perform(self, step)

    def _sell(self, step: PlannedStep) -> None:
        delay = step.lasts_ms
        self.world.sell(
            step.channel, step.sku, step.units, warehouse_delay_ms=delay, name=step.name
        )

    def _give_back(self, step: PlannedStep) -> None:
        excess = step.units if step.part < EXCESS_SHARE else 0
        delay = step.lasts_ms
        if self.world.give_back(step.name, step.units, warehouse_delay_ms=delay, excess=excess):
            self.excess_events += excess > 0

    def _sell_here(self, step: PlannedStep) -> None:
        """Sell over the warehouse's own counter, which knows what is there."""
        item = self.world.warehouse.held(step.sku)
        if item is not None:
            units = min(step.units, max(0, self.world.truly_free(step.sku)))
            self.world.count(step.sku, item.available - units)

    def right(self, outlet: str, sku: str, free: int) -> int:
        """What an outlet should show of a SKU of which so much is truly free."""
        item = self.world.warehouse.held(sku)
        is_for_sale = item is None or item.state not in NOT_FOR_SALE
        return allowed(free, self.policy(outlet, sku), is_for_sale=is_for_sale)

    def policy(self, outlet: str, sku: str) -> Policy:
        """What the configuration says of a SKU on an outlet."""
        found = self._policies.get((outlet, sku))
        if found is None:
            found = self._policies[outlet, sku] = policy_of(self.settings, outlet, sku)
        return found

    def _receive(self, step: PlannedStep) -> None:
        self.world.receive(step.sku, step.units)
        if self.is_connected:
            return
        # Without a connector each outlet is given its part of a delivery, whatever it sold.
        for outlet in self.outlets:
            item = self.world.outlets[outlet].held(step.sku)
            if item is not None:
                part = allowed(step.units, self.policy(outlet, step.sku))
                self.world.edit(outlet, step.sku, item.available + part)

    def _set_state(self, step: PlannedStep) -> None:
        state = State.DISABLED if step.does is Does.DISABLES else State.ACTIVE
        item = self.world.warehouse.held(step.sku)
        if item is not None:
            moved = replace(item, state=state, moved_at=self.world.now)
            self.world.warehouse.put(moved)


_PERFORMS: Mapping[Does, Callable[[TrialShop, PlannedStep], None]] = {
    Does.SELLS: TrialShop._sell,  # noqa: SLF001
    Does.GIVES_BACK: TrialShop._give_back,  # noqa: SLF001
    Does.SELLS_HERE: TrialShop._sell_here,  # noqa: SLF001
    Does.RECEIVES: TrialShop._receive,  # noqa: SLF001
    Does.COUNTS: lambda shop, step: shop.world.count(step.sku, step.units),
    Does.EDITS: lambda shop, step: shop.world.edit(step.channel, step.sku, step.units),
    Does.MISSES: lambda shop, step: shop.world.miss(step.channel, step.sku, step.lasts_ms),
    Does.DISABLES: TrialShop._set_state,  # noqa: SLF001
    Does.ENABLES: TrialShop._set_state,  # noqa: SLF001
}


def made(settings: Settings, items: Sequence[Item], *, seed: int, is_connected: bool) -> TrialShop:
    """A shop as its configuration says: its authority, and its outlets by their policies."""
    warehouse = settings.authority_quantity
    outlets = tuple(name for name in settings.channels if name != warehouse)
    world = World(
        items,
        warehouse=warehouse,
        outlets={name: _terms(settings, name) for name in outlets},
        states_from=outlets[0],
        seed=seed,
        is_connected=is_connected,
    )
    return TrialShop(world, settings, is_connected, outlets)


def _terms(settings: Settings, name: str) -> OutletTerms:
    return OutletTerms(policy_of(settings, name, ""), has_states=False)


def policy_of(settings: Settings, outlet: str, sku: str) -> Policy:
    """The configured policy that holds for a SKU on an outlet: the first that matches."""
    from fnmatch import fnmatchcase

    policies = configured.policies(settings.channels[outlet])
    return next(policy for policy in policies if fnmatchcase(sku, policy.skus))


def allowed(free: int, policy: Policy, *, is_for_sale: bool = True) -> int:
    """What the contract lets an outlet show of `free` pieces. Rule 6, docs/architecture.md.

    Worked out here once more, in its own words, because Skew is judged by it.
    """
    if not policy.sold or not is_for_sale:
        return 0
    pieces = max(0, free - policy.buffer)
    shown = pieces * policy.share_ppm // (1_000_000 * policy.units)
    return shown if policy.cap is None else min(shown, policy.cap)


def end_of(steps: Sequence[PlannedStep]) -> Millis:
    """When the last step comes."""
    return steps[-1].at if steps else 0

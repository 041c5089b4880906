"""The shop of a trial: what its steps do to the world, with Skew as without it."""

import functools
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

import msgspec

from store.model import NOT_FOR_SALE, Millis, Policy, State
from sync.settings import Settings
from sync.simulation.channel import Item, OutletTerms
from sync.simulation.trial.plan import Does, PlannedStep
from sync.simulation.trial.truths import TruthLog
from sync.simulation.world import World, WorldOrder, ignore
from sync.targets import terms as configured

EXCESS_SHARE = 0.15
"""Of the orders that give back something, so many report more than they had."""
HELD_SHARE = 0.1
"""So many sales begin as goods that are put aside for a customer."""
STOPPED = (State.DISABLED, State.HOLD, State.ARCHIVED)
"""What the warehouse says of what it does not sell."""


class TrialShop(msgspec.Struct):
    """A world, and the figures by which it is judged."""

    world: World
    settings: Settings
    is_connected: bool
    outlets: tuple[str, ...]
    truths: TruthLog
    excess_events: int = 0
    sold_here: int = 0
    """Units sold over the warehouse's own counter."""
    sold_beyond: Callable[[WorldOrder, int], None] = ignore
    """Called with an order of more than there truly was, and what its outlet had shown."""
    _stopped_at: dict[str, Millis] = msgspec.field(default_factory=dict)
    _policies: dict[tuple[str, str], Policy] = msgspec.field(default_factory=dict)

    def perform(self, step: PlannedStep) -> None:
        """Make a step of the demand come true; any other changes nothing here."""
        perform = _PERFORMS.get(step.does)
        if perform is not None:
            perform(self, step)

    def _sell(self, step: PlannedStep) -> None:
        outlet = self.world.outlets[step.channel]
        item, free = outlet.held(step.sku), self.world.truly_free(step.sku)
        sold = self.world.sell(
            step.channel, step.sku, step.units, warehouse_delay_ms=step.lasts_ms,
            name=step.name, is_held=step.part < HELD_SHARE,
        )  # fmt: skip
        pieces = sold * self.policy(step.channel, step.sku).units
        if item is not None and pieces > max(0, free):
            self.sold_beyond(self.world.order(step.name), item.available)

    def _count(self, step: PlannedStep) -> None:
        """A stocktake finds more or less than the books say."""
        # So much more or less whatever was sold before: what an outlet was kept from selling is
        # still there. A number of its own would take it away.
        item = self.world.stock_of(step.sku).held(step.sku)
        if item is not None:
            found = round((2 * step.part - 1) * step.units)
            self.world.count(step.sku, max(0, item.available + found))

    def _give_back(self, step: PlannedStep) -> None:
        excess = step.units if step.part < EXCESS_SHARE else 0
        delay = step.lasts_ms
        if self.world.give_back(step.name, step.units, warehouse_delay_ms=delay, excess=excess):
            self.excess_events += excess > 0

    def _sell_here(self, step: PlannedStep) -> None:
        """Sell over the warehouse's own counter, which knows what is there."""
        item = self.world.stock_of(step.sku).held(step.sku)
        if item is not None:
            units = min(step.units, max(0, self.world.truly_free(step.sku)))
            self.world.count(step.sku, item.available - units)
            self.sold_here += units

    def right(self, outlet: str, sku: str, free: int) -> int:
        """What an outlet should show of a SKU of which so much is truly free."""
        return allowed(free, self.policy(outlet, sku), is_for_sale=self.is_for_sale(sku))

    def is_for_sale(self, sku: str) -> bool:
        """Whether the warehouse sells it, or all that it is made of."""
        items = [self.world.stock_of(part).held(part) for part, _ in self.world.parts_of(sku)]
        return all(item is None or item.state not in NOT_FOR_SALE for item in items)

    def stopped_or_begun_at(self, sku: str) -> Millis | None:
        """When that was last otherwise; None: never."""
        times = [self._stopped_at.get(part) for part, _ in self.world.parts_of(sku)]
        return max((at for at in times if at is not None), default=None)

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
        state = State.ACTIVE
        if step.does is Does.DISABLES:
            state = STOPPED[int(step.part * len(STOPPED)) % len(STOPPED)]
        stock = self.world.stock_of(step.sku)
        item = stock.held(step.sku)
        if item is not None:
            if (item.state in NOT_FOR_SALE) != (state in NOT_FOR_SALE):
                self._stopped_at[step.sku] = self.world.now
            stock.put(replace(item, state=state, moved_at=self.world.now))


_PERFORMS: Mapping[Does, Callable[[TrialShop, PlannedStep], None]] = {
    Does.SELLS: TrialShop._sell,  # noqa: SLF001
    Does.GIVES_BACK: TrialShop._give_back,  # noqa: SLF001
    Does.SELLS_HERE: TrialShop._sell_here,  # noqa: SLF001
    Does.RECEIVES: TrialShop._receive,  # noqa: SLF001
    Does.COUNTS: TrialShop._count,  # noqa: SLF001
    Does.EDITS: lambda shop, step: shop.world.edit(step.channel, step.sku, step.units),
    Does.MISSES: lambda shop, step: shop.world.miss(step.channel, step.sku, step.lasts_ms),
    Does.DISABLES: TrialShop._set_state,  # noqa: SLF001
    Does.ENABLES: TrialShop._set_state,  # noqa: SLF001
}


def made(settings: Settings, items: Sequence[Item], *, seed: int, is_connected: bool) -> TrialShop:
    """A shop as its configuration says: its authorities, and its outlets by their policies."""
    sources = sources_of(settings)
    outlets = tuple(name for name in settings.channels if name not in sources)
    stocked: dict[str, list[Item]] = {name: [] for name in settings.channels if name in sources}
    for item in items:
        stocked[authority_of(settings, item.sku)].append(item)
    shop: TrialShop
    world = World(
        stocked.pop(settings.authority_quantity),
        warehouse=settings.authority_quantity,
        outlets={name: _terms(settings, name) for name in outlets},
        states_from=outlets[0],
        seed=seed,
        is_connected=is_connected,
        bundles=bundles_of(settings, [item.sku for item in items]),
        suppliers=stocked,
    )
    shop = TrialShop(world, settings, is_connected, outlets, TruthLog(world))
    world.moved = shop.truths.note
    return shop


def sources_of(settings: Settings) -> set[str]:
    """The channels that are right about the quantity of some SKUs."""
    names = (rule.quantity for rule in settings.authority_rules)
    return {settings.authority_quantity, *(name for name in names if name is not None)}


def bundles_of(settings: Settings, known: Collection[str]) -> dict[str, list[tuple[str, int]]]:
    """What each bundle is made of, as far as all of it is known."""
    found: dict[str, list[tuple[str, int]]] = {}
    for part in settings.bundles:
        found.setdefault(part.bundle, []).append((part.component, part.quantity))
    return {
        bundle: parts
        for bundle, parts in found.items()
        if bundle not in known and all(component in known for component, _ in parts)
    }


def authority_of(settings: Settings, sku: str) -> str:
    """Who is right about a SKU's quantity."""
    for rule in settings.authority_rules:
        if fnmatchcase(sku, rule.skus):
            return rule.quantity or settings.authority_quantity
    return settings.authority_quantity


def _terms(settings: Settings, name: str) -> OutletTerms:
    def policy(sku: str) -> Policy:
        return policy_of(settings, name, sku)

    return OutletTerms(narrower=functools.cache(policy), has_states=False)


def policy_of(settings: Settings, outlet: str, sku: str) -> Policy:
    """The configured policy that holds for a SKU on an outlet: the first that matches."""
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

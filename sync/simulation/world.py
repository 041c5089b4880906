"""A small world of stock: one warehouse, several outlets, and the connector that links them.

Pure: no clock, no network, and all randomness comes from one seed, so that a run can be repeated to
the unit. Times are milliseconds since the world began; things that happen later wait in a queue and
happen, in order, when `advance` passes their instant.

The connector is a usual one: after the warehouse changes it writes to every outlet what that may
show, once, and never checks. An outlet that missed it stays wrong until that SKU changes again.
"""

import functools
import heapq
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from store.event_kinds import EventKind
from store.model import Millis, State
from sync.simulation.channel import Fault, Item, OutletTerms, WorldChannel

CONNECTOR_DELAY_MS = (600, 1_800)
"""How long the connector takes to reach an outlet, shortest and longest."""

SHIPS_MS = (25_000, 70_000)
"""How long a booked order stays committed before it ships, shortest and longest."""


@dataclass(order=True, slots=True)
class _Due:
    at: Millis
    order: int
    happen: Callable[[], None]


Parts = Sequence[tuple[str, int]]
"""What is taken from stock for one: a SKU, and how many pieces of it."""


@dataclass(slots=True)
class WorldOrder:
    """One order, as far as it can still be given back."""

    outlet: str
    sku: str
    ref: str
    """The outlet's own number of it."""
    units: int
    parts: Parts = ()
    is_held: bool = False
    """Whether it was only put aside for a customer."""
    left: int = 0
    """Units that were not given back."""
    booked: int = 0
    """Units that the warehouse keeps for it."""

    def __post_init__(self) -> None:
        self.left = self.units


class World:
    """Everything that every channel of the simulation holds, at one instant."""

    def __init__(  # noqa: PLR0913 - all that a shop is made of.
        self,
        items: Sequence[Item],
        *,
        warehouse: str,
        outlets: Mapping[str, OutletTerms],
        states_from: str,
        seed: int,
        is_connected: bool = True,
        bundles: Mapping[str, Parts] = MappingProxyType({}),
        suppliers: Mapping[str, Sequence[Item]] = MappingProxyType({}),
    ) -> None:
        """Start with every outlet showing exactly what its terms allow of `items`.

        `states_from` names the outlet whose states the connector copies to the others. Not
        `is_connected`: there is no connector, and every outlet sells from its own number.
        `bundles` are sold, and made of what is in stock; `suppliers` have what the warehouse
        does not.
        """
        self.now: Millis = 0
        self.warehouse = WorldChannel(warehouse, None)
        self.suppliers = {name: WorldChannel(name, None) for name in suppliers}
        self.moved: Callable[[str], None] = ignore
        """Called with a SKU of which another number is truly free than before."""
        self.oversold: Callable[[WorldOrder, int], None] = ignore
        """Called with an order and how many units of it the warehouse does not have."""
        self._bundles = bundles
        self._bundles_of: dict[str, list[str]] = {}
        for bundle, parts in bundles.items():
            for part, _ in parts:
                self._bundles_of.setdefault(part, []).append(bundle)
        self.outlets = {name: WorldChannel(name, terms) for name, terms in outlets.items()}
        self.oversold_units = 0
        """Units that an outlet sold and the warehouse never had."""
        self._states_from = self.outlets[states_from]
        self._is_connected = is_connected
        self._orders: dict[str, WorldOrder] = {}
        self._seed = seed
        self._due: list[_Due] = []
        self._order = 0
        for item in items:
            self.warehouse.put(item)
        self._supplied: dict[str, WorldChannel] = {}
        for name, supplied in suppliers.items():
            for item in supplied:
                self.suppliers[name].put(item)
                self._supplied[item.sku] = self.suppliers[name]
        for item in (*items, *(item for supplied in suppliers.values() for item in supplied)):
            self._list(item)
        for bundle, parts in bundles.items():
            cheapest = self._stocked(parts[0][0])
            self._list(replace(cheapest, sku=bundle, title=bundle, available=self._whole(parts)))

    def _list(self, item: Item) -> None:
        for outlet in self.outlets.values():
            outlet.put(
                replace(
                    item,
                    available=outlet.allowed(item.sku, item.available, item.state),
                    committed=0,
                    incoming=0,
                )
            )

    def _whole(self, parts: Parts) -> int:
        """How many bundles the stock allows."""
        return min(self._stocked(part).available // count for part, count in parts)

    def channel(self, name: str) -> WorldChannel:
        """The warehouse's, a supplier's or an outlet's holding; KeyError where there is none."""
        if name == self.warehouse.name:
            return self.warehouse
        return self.suppliers[name] if name in self.suppliers else self.outlets[name]

    def stock_of(self, sku: str) -> WorldChannel:
        """Who has the pieces of a SKU that is no bundle."""
        return self._supplied.get(sku, self.warehouse)

    def parts_of(self, sku: str) -> Parts:
        """What one of it is made of: itself, where it is no bundle."""
        return self._bundles.get(sku) or ((sku, 1),)

    def _pieces(self, outlet: WorldChannel, sku: str) -> Parts:
        """What one unit of an outlet takes from the stock."""
        units = 1 if outlet.terms is None else outlet.terms.policy_of(sku).units
        return tuple((part, count * units) for part, count in self.parts_of(sku))

    def schedule(self, span_ms: int, happen: Callable[[], None]) -> None:
        """Let something happen `span_ms` from now."""
        # The running number breaks ties: things of one instant happen in the order in which they
        # were scheduled, and the heap never compares two functions.
        self._order += 1
        heapq.heappush(self._due, _Due(self.now + span_ms, self._order, happen))

    def advance(self, now: Millis) -> None:
        """Let all that is due by `now` happen. An instant in the past changes nothing."""
        while self._due and self._due[0].at <= now:
            due = heapq.heappop(self._due)
            self.now = max(self.now, due.at)
            due.happen()
        self.now = max(self.now, now)

    def sell(
        self,
        outlet: str,
        sku: str,
        units: int,
        *,
        warehouse_delay_ms: int,
        name: str = "",
        is_held: bool = False,
    ) -> int:
        """Sell on an outlet what it shows, at most `units`; answers how many it sold.

        `name` is what `give_back` finds the order by; `is_held`: it is put aside for a customer.

        The outlet's number falls at once, and it reports an event. The warehouse books the sale
        `warehouse_delay_ms` later, and until then shows what it no longer has.
        """
        world_channel = self.outlets[outlet]
        item = world_channel.held(sku)
        if item is None or item.state is not State.ACTIVE or item.available <= 0:
            return 0
        sold = min(units, item.available)
        world_channel.put(replace(item, available=item.available - sold, moved_at=self.now))
        kind = EventKind.HELD if is_held else EventKind.ORDERED
        event = world_channel.add_event(kind, sku, sold, self.now, is_order=True)
        parts = self._pieces(world_channel, sku)
        order = WorldOrder(outlet, sku, event.order or "", sold, parts, is_held)
        for part, count in parts:
            world_channel.unbooked[part] = world_channel.unbooked.get(part, 0) + sold * count
            self.moved(part)
        if name:
            self._orders[name] = order
        self.schedule(warehouse_delay_ms, lambda: self._book(world_channel, order))
        return sold

    def give_back(self, name: str, units: int, *, warehouse_delay_ms: int, excess: int = 0) -> int:
        """A customer cancels a part of an order; answers how many units were given back.

        The outlet shows them again at once. The warehouse frees them later, as far as it had booked
        them. `excess`: the outlet reports so many more than there were.
        """
        order = self._orders.get(name)
        if order is None or order.left <= 0:
            return 0
        back = min(units, order.left)
        order.left -= back
        world_channel = self.outlets[order.outlet]
        item = world_channel.held(order.sku)
        if item is not None:
            world_channel.put(replace(item, available=item.available + back, moved_at=self.now))
        kind = EventKind.RELEASED if order.is_held else EventKind.CANCELLED
        world_channel.add_event(kind, order.sku, back + excess, self.now, order=order.ref)
        self.schedule(warehouse_delay_ms, lambda: self._free(order, back))
        return back

    def order(self, name: str) -> WorldOrder:
        """An order by its name. Raises KeyError."""
        return self._orders[name]

    def truly_free(self, sku: str) -> int:
        """What there is of it beyond all orders, booked or not; negative where it is oversold."""
        parts = self._bundles.get(sku)
        if parts is not None:
            return min(self.truly_free(part) // count for part, count in parts)
        unbooked = sum(outlet.unbooked.get(sku, 0) for outlet in self.outlets.values())
        return self._stocked(sku).available - unbooked

    def receive(self, sku: str, units: int) -> None:
        """A delivery reaches the warehouse."""
        item = self._stocked(sku)
        self._move(
            replace(item, available=item.available + units, incoming=max(0, item.incoming - units))
        )

    def count(self, sku: str, units: int) -> None:
        """A stocktake, a breakage, a sale over the counter: the warehouse now has `units` free."""
        self._move(replace(self._stocked(sku), available=units))

    def edit(self, outlet: str, sku: str, units: int) -> None:
        """Someone sets an outlet's number in the outlet itself. The connector does not know."""
        world_channel = self.outlets[outlet]
        item = world_channel.held(sku)
        if item is not None:
            world_channel.put(replace(item, available=max(0, units), moved_at=self.now))
            world_channel.edited_at[sku] = self.now

    def set_state(self, outlet: str, sku: str, state: State) -> None:
        """An outlet's listing changes state; the connector copies it where it comes from."""
        world_channel = self.outlets[outlet]
        item = world_channel.held(sku)
        if item is None:
            return
        world_channel.put(replace(item, state=state, moved_at=self.now))
        if world_channel is self._states_from:
            self._notify_outlets(sku)

    def delist(self, outlet: str, sku: str) -> None:
        """A listing vanishes from an outlet."""
        self.outlets[outlet].drop(sku)

    def list_alone(self, outlet: str, item: Item) -> None:
        """An outlet begins to sell something that the warehouse does not have."""
        self.outlets[outlet].put(replace(item, moved_at=self.now))

    def miss(self, outlet: str, sku: str, lasts_ms: int) -> None:
        """For a while the connector's updates of this SKU (`*`: of any) are lost on their way."""
        self.outlets[outlet].missed_until[sku] = self.now + lasts_ms

    def fault(self, channel: str, fault: Fault, lasts_ms: int) -> None:
        """A channel misbehaves for a while."""
        self.channel(channel).faults[fault] = (self.now, self.now + lasts_ms)

    def _stocked(self, sku: str) -> Item:
        item = self.stock_of(sku).held(sku)
        if item is None:
            raise KeyError(sku)
        return item

    def _book(self, outlet: WorldChannel, order: "WorldOrder") -> None:
        units = order.units
        for part, count in order.parts:
            outlet.unbooked[part] -= units * count
        booked = order.booked = max(0, min(units, self._whole(order.parts)))
        if booked < units:
            self.oversold_units += units - booked
            self.oversold(order, units - booked)
        for part, count in order.parts:
            item, pieces = self._stocked(part), booked * count
            self._move(
                replace(item, available=item.available - pieces, committed=item.committed + pieces)
            )
            ships_ms = self._delay(SHIPS_MS, order.outlet, order.ref, part)
            self.schedule(ships_ms, functools.partial(self._ship, part, pieces))

    def _free(self, order: "WorldOrder", units: int) -> None:
        freed = min(units, order.booked)
        order.booked -= freed
        for part, count in order.parts:
            item, pieces = self._stocked(part), freed * count
            committed = max(0, item.committed - pieces)
            self._move(replace(item, available=item.available + pieces, committed=committed))

    def _ship(self, sku: str, pieces: int) -> None:
        item = self._stocked(sku)
        committed = max(0, item.committed - pieces)
        self.stock_of(sku).put(replace(item, committed=committed, moved_at=self.now))

    def _move(self, item: Item) -> None:
        self.stock_of(item.sku).put(replace(item, moved_at=self.now))
        self.moved(item.sku)
        for sku in (item.sku, *self._bundles_of.get(item.sku, ())):
            self._notify_outlets(sku)

    def _notify_outlets(self, sku: str) -> None:
        if not self._is_connected:
            return
        for outlet in self.outlets.values():
            self.schedule(
                self._delay(CONNECTOR_DELAY_MS, outlet.name, sku, self.now),
                functools.partial(self._update_outlet, outlet, sku),
            )

    def _delay(self, between: tuple[int, int], *of: object) -> int:
        """How long something takes: of this world the same, whatever else happens in it."""
        # Drawn one after the other, each would hang on what came before: two runs of one seed that
        # differ in one sale would be two other days from there on.
        shortest, longest = between
        drawn = zlib.crc32(repr((self._seed, *of)).encode())
        return shortest + drawn % (longest - shortest + 1)

    def _update_outlet(self, outlet: WorldChannel, sku: str) -> None:
        item = outlet.held(sku)
        if item is None or outlet.misses(sku, self.now):
            return
        source = self._states_from.held(sku)
        state = item.state if source is None or outlet is self._states_from else source.state
        # Of one unit's parts, what was sold here and is not booked: it is not to be sold again.
        pieces = self._pieces(outlet, sku)
        sold = max(-(-outlet.unbooked.get(part, 0) // count) for part, count in pieces)
        allowed = outlet.allowed(sku, self._whole(self.parts_of(sku)), state)
        updated = replace(item, available=max(0, allowed - sold), state=state)
        if updated != item:
            outlet.put(replace(updated, moved_at=self.now))
            outlet.edited_at[sku] = self.now


def ignore(*_: object) -> None:
    """Nobody watches."""

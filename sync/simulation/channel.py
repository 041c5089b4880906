"""One simulated channel: what it has, what it shows of it, and how it misbehaves.

Pure. `now` is always the world's time, in milliseconds since it began.
"""

from bisect import bisect_right, insort
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from http import HTTPStatus
from itertools import islice

from store.event_kinds import EventKind
from store.model import QUANTITY_MAX, Millis, Policy, State
from sync.targets.policy import Truth, hides, target_quantity

MOVES_KEPT = 16
"""How many past values of one SKU a lagging channel can fall back on."""

EVENTS_KEPT = 10_000
"""How many of its last events a channel can still report."""


_WHOLE = Policy(skus="*")


class Fault(StrEnum):
    """How a channel can misbehave; each has happened to real merchants."""

    SILENT = "silent"
    """No answer at all: the line is down, and the connector cannot get through either."""
    BUSY = "busy"
    """503 with Retry-After."""
    REFUSES = "refuses"
    """401: the token is no longer good."""
    EMPTY = "empty"
    """A well-formed listing of nothing."""
    ZEROED = "zeroed"
    """Every quantity reads 0, as from an export that lost a column."""
    LAGS = "lags"
    """Shows what it showed when the fault began."""
    IGNORES_WRITES = "ignores writes"
    """Answers 200 to a write and changes nothing."""
    LOSES_REPLIES = "loses replies"
    """Applies a write and closes the connection without an answer."""


@dataclass(frozen=True, slots=True)
class Item:
    """What a channel holds of one SKU. On hand is available + committed."""

    sku: str
    title: str
    price_minor: int
    available: int
    committed: int = 0
    incoming: int = 0
    state: State = State.ACTIVE
    moved_at: Millis = 0


@dataclass(frozen=True, slots=True)
class OutletTerms:
    """How much of the warehouse's stock an outlet may show, and whether it has states."""

    policy: Policy = _WHOLE
    narrower: Callable[[str], Policy] | None = None
    """The policy of a SKU, where not all have one."""
    has_states: bool = True
    lag_ms: int = 0
    """Always shows what it held this long ago."""

    def policy_of(self, sku: str) -> Policy:
        """What holds for a SKU."""
        return self.policy if self.narrower is None else self.narrower(sku)


@dataclass(frozen=True, slots=True)
class StockWrite:
    """What a caller asks of one listing. `previous`: only if it still holds this much."""

    sku: str
    available: int
    state: State | None = None
    previous: int | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class WriteReply:
    sku: str
    status: HTTPStatus
    message: str = ""


@dataclass(frozen=True, slots=True)
class WorldEvent:
    """One event as the channel reports it. Its number counts the channel's events from 1."""

    number: int
    kind: EventKind
    sku: str
    units: int
    at: Millis
    order: str | None = None


class WorldChannel:
    """What one channel has. `terms` is None for the warehouse, which nobody may write."""

    __slots__ = (
        "_answered",
        "_events",
        "_moves",
        "_skus",
        "edited_at",
        "faults",
        "missed_until",
        "name",
        "terms",
        "unbooked",
    )

    def __init__(self, name: str, terms: OutletTerms | None) -> None:
        self.name = name
        self.terms = terms
        self.faults: dict[Fault, tuple[Millis, Millis]] = {}
        """From when and until when each misbehaviour lasts."""
        self.missed_until: dict[str, Millis] = {}
        """Until when the connector's updates of a SKU (`*`: any) are lost on their way here."""
        self.unbooked: dict[str, int] = {}
        """Pieces sold here that are not booked in the warehouse yet."""
        self.edited_at: dict[str, Millis] = {}
        """When a SKU's number was last set by someone in the channel, or by the connector."""
        self._moves: dict[str, list[Item]] = {}
        self._skus: list[str] = []
        self._answered: dict[str, WriteReply] = {}
        self._events: deque[WorldEvent] = deque(maxlen=EVENTS_KEPT)

    def put(self, item: Item) -> None:
        """Hold this from now on."""
        moves = self._moves.get(item.sku)
        if moves is None:
            self._moves[item.sku] = [item]
            insort(self._skus, item.sku)
            return
        moves.append(item)
        del moves[:-MOVES_KEPT]

    def drop(self, sku: str) -> None:
        """Hold nothing of this SKU any more; one that is not there changes nothing."""
        if self._moves.pop(sku, None) is not None:
            self._skus.remove(sku)

    def held(self, sku: str) -> Item | None:
        """What the channel truly has, None where it has no such listing."""
        moves = self._moves.get(sku)
        return moves[-1] if moves else None

    def items(self) -> Sequence[Item]:
        """All that the channel truly has, by SKU."""
        return [self._moves[sku][-1] for sku in self._skus]

    def shown(self, sku: str, now: Millis) -> Item | None:
        """What a reader sees: behind by its lag, and changed by its faults."""
        moves = self._moves.get(sku)
        if not moves:
            return None
        as_of = self._as_of(now)
        item = next((move for move in reversed(moves) if move.moved_at <= as_of), moves[0])
        if self.has(Fault.ZEROED, now):
            return replace(item, available=0, committed=0)
        return item

    def add_event(
        self,
        kind: EventKind,
        sku: str,
        units: int,
        now: Millis,
        *,
        is_order: bool = False,
        order: str | None = None,
    ) -> WorldEvent:
        """Have something happen here that the channel will report as an event.

        It belongs to a new order, to the `order` named, or to none.
        """
        number = self._events[-1].number + 1 if self._events else 1
        order = f"{self.name}-{number}" if is_order else order
        happening = WorldEvent(number, kind, sku, units, now, order)
        self._events.append(happening)
        return happening

    def events_after(self, after: int, limit: int, now: Millis) -> Sequence[WorldEvent]:
        """The first events after that number, as far as the channel shows their effect."""
        as_of = self._as_of(now)
        found = (
            happening
            for happening in self._events
            if happening.number > after and happening.at <= as_of
        )
        return list(islice(found, limit))

    def _as_of(self, now: Millis) -> Millis:
        as_of = now - (self.terms.lag_ms if self.terms else 0)
        return min(as_of, self.faults[Fault.LAGS][0]) if self.has(Fault.LAGS, now) else as_of

    def page(self, after: str, limit: int, now: Millis) -> tuple[Sequence[Item], str | None, int]:
        """Up to `limit` listings that sort after `after`, where to go on, and how many in all."""
        # The cursor is a SKU and not an offset, so that a listing that comes or goes between two
        # pages neither repeats another nor hides one.
        if self.has(Fault.EMPTY, now):
            return (), None, 0
        start = bisect_right(self._skus, after)
        skus = self._skus[start : start + limit]
        items = [item for sku in skus if (item := self.shown(sku, now)) is not None]
        more = start + limit < len(self._skus)
        return items, skus[-1] if more else None, len(self._skus)

    def has(self, fault: Fault, now: Millis) -> bool:
        """Whether the channel misbehaves this way at this instant."""
        since, until = self.faults.get(fault, (0, 0))
        return since <= now < until

    def misses(self, sku: str, now: Millis) -> bool:
        """Whether the connector's update of this SKU would be lost at this instant."""
        until = max(self.missed_until.get(sku, 0), self.missed_until.get("*", 0))
        return now < until or self.has(Fault.SILENT, now)

    def allowed(self, sku: str, available: int, state: State) -> int:
        """What the terms let this outlet show of the warehouse's `available`."""
        if self.terms is None:
            return available
        states = tuple(State) if self.terms.has_states else ()
        truth = Truth(available, state)
        return target_quantity(truth, self.terms.policy_of(sku), hides(states)) or 0

    def write(self, write: StockWrite, now: Millis) -> WriteReply:
        """Set one listing, unless its key was used, its value is invalid or someone was first."""
        if write.key is not None and write.key in self._answered:
            return self._answered[write.key]
        written = self._written(write, now)
        if write.key is not None:
            self._answered[write.key] = written
        return written

    def _written(self, write: StockWrite, now: Millis) -> WriteReply:
        item = self.held(write.sku)
        if item is None:
            return WriteReply(write.sku, HTTPStatus.NOT_FOUND, "no such listing")
        if not 0 <= write.available <= QUANTITY_MAX:
            return WriteReply(write.sku, HTTPStatus.UNPROCESSABLE_ENTITY, "not a quantity")
        if write.previous is not None and write.previous != item.available:
            message = f"has {item.available}, not {write.previous}"
            return WriteReply(write.sku, HTTPStatus.CONFLICT, message)
        if not self.has(Fault.IGNORES_WRITES, now):
            state = item.state if write.state is None else write.state
            self.put(replace(item, available=write.available, state=state, moved_at=now))
        return WriteReply(write.sku, HTTPStatus.OK)

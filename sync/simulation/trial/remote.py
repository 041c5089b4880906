"""A channel of a trial: what an adapter does, over the world in memory, with all that fails.

A request that has left is the world's: whether its process lives on or not, it arrives.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Sequence
from contextvars import Context

import msgspec

from store.event_kinds import Event
from store.model import Millis, Record, Refused
from sync.channels.abilities import Abilities
from sync.channels.base import Change, EventPage, FreshReadings, ListingRef, Receipt, RecordPage
from sync.errors import (
    ContractBroken,
    NeedsOperator,
    Temporary,
    WriteOutcomeUnknown,
    WriteRejected,
)
from sync.settings import ChannelSettings
from sync.simulation.channel import Fault, Item, StockWrite, WorldChannel
from sync.simulation.machine.clock import BEGAN, SimulatedClock
from sync.simulation.machine.process import Process
from sync.simulation.trial.faults import FaultBoard, TrialFault
from sync.simulation.trial.shop import TrialShop
from sync.transport.before_write import LastMoment

PAGE_SIZE = 5
TRAVEL_S = (0.002, 0.06)
LATE_S = (1.0, 8.0)
"""How much later a write takes effect that is applied late."""
EVENTS_MAX = 200
SOME = 3
"""Every so manyeth record or change is hit where some are."""


class Departure(msgspec.Struct, frozen=True):
    """A write that leaves a process at this moment."""

    process: Process
    channel: str
    changes: Sequence[Change]
    at: Millis
    read_at: Sequence[Millis | None] | None
    """When its process last asked for each listing alone; None: the channel gives none alone."""


class Arrival(msgspec.Struct, frozen=True):
    """A change that has taken effect on its channel."""

    channel: str
    change: Change
    sent_at: Millis
    before: int
    after: int


class TrialWire(msgspec.Struct):
    """What all the channels of a trial go over."""

    loop: asyncio.AbstractEventLoop
    shop: TrialShop
    faults: FaultBoard
    chance: random.Random
    clock: SimulatedClock
    """The world's: never wrong."""
    departed: Callable[[Departure], None]
    arrived: Callable[[Arrival], None]
    refused_whole: Callable[[Departure], None]
    """Called where the channel refused a call as a whole, and applied nothing."""
    refused: set[str] = msgspec.field(default_factory=set)
    """Channels whose credentials have died, until a person mends them."""
    calls: int = 0
    skews_ms: dict[str, int] = msgspec.field(default_factory=dict)
    """How wrong a channel's own clock goes."""
    late_events: dict[str, list[tuple[int, int]]] = msgspec.field(default_factory=dict)
    """By channel, the numbers of its events that come late, each with when."""

    def world_now(self) -> int:
        """Let the world come to this moment; answer it, since it began."""
        now = self.clock.now() - BEGAN
        self.shop.world.advance(now)
        return now


class RemoteChannel:
    """One channel as one process reaches it."""

    def __init__(
        self,
        wire: TrialWire,
        settings: ChannelSettings,
        abilities: Abilities,
        process: Process,
        clock: SimulatedClock,
    ) -> None:
        self.abilities = abilities
        self._wire, self._name, self._process, self._clock = wire, settings.name, process, clock
        self._timeout_s = settings.timeout_ms / 1000
        self._read_at: dict[str, Millis] = {}
        self._ours = settings.aliases
        self._own = {sku: own for own, sku in settings.aliases.items()}

    @property
    def _channel(self) -> WorldChannel:
        return self._wire.shop.world.channel(self._name)

    def _strikes(self, fault: TrialFault) -> bool:
        return self._wire.faults.strikes(fault, self._name)

    async def _travel(self) -> None:
        """A request and its answer's way. Raises what meets every request."""
        wire = self._wire
        wire.calls += 1
        await asyncio.sleep(wire.chance.uniform(*TRAVEL_S))
        wire.world_now()
        if self._name in wire.refused:
            wire.faults.note(TrialFault.CREDENTIALS, self._name)
            raise NeedsOperator(f"{self._name} refused the key", status=401)
        if self._strikes(TrialFault.THROTTLED):
            raise Temporary("429", retry_after_s=wire.chance.choice((1.0, 5.0, 30.0)))
        if self._strikes(TrialFault.SERVER_ERROR):
            raise Temporary("503")

    async def _read(self) -> None:
        """Go for a reading. Raises what meets one."""
        await self._travel()
        if self._strikes(TrialFault.READ_TIMEOUT):
            await asyncio.sleep(self._timeout_s)
            raise Temporary("no answer in time")
        if self._strikes(TrialFault.CRASHED_CODE):
            raise KeyError(self._name)

    async def pages(self) -> AsyncIterator[RecordPage]:
        wire, cursor, number = self._wire, "", 0
        while True:
            await self._read()
            now, number = wire.world_now(), number + 1
            if self._strikes(TrialFault.SUCCESS_SHAPED):
                if wire.chance.random() < 0.5:  # noqa: PLR2004
                    raise ContractBroken("no list", path=f"page {number}")
                yield RecordPage([], announced=0)
                return
            if self._strikes(TrialFault.EMPTY_FEED):
                yield RecordPage([], announced=0 if wire.chance.random() < 0.5 else None)  # noqa: PLR2004
                return
            items, after, total = self._page(cursor, now)
            if self._strikes(TrialFault.TRUNCATED):
                says = wire.chance.random() < 0.5  # noqa: PLR2004
                yield self._records(items[: len(items) // 2], total if says else None, number)
                return
            if self._strikes(TrialFault.SHRUNK):
                items, total = items[:-2], total - 2
            yield self._records(items, total, number)
            if after is None:
                return
            cursor = after

    def _page(self, cursor: str, now: int) -> tuple[Sequence[Item], str | None, int]:
        self._set_stale(now)
        return self._channel.page(cursor, PAGE_SIZE, now)

    def _set_stale(self, now: int) -> None:
        """Have the world's channel show what it showed when it began to lag, or zeros."""
        wire, channel = self._wire, self._channel
        since = wire.faults.since(TrialFault.STALE_READ, self._name)
        channel.faults[Fault.LAGS] = (0, 0) if since is None else (since, now + 1)
        zeroed = self._strikes(TrialFault.ZERO_FEED)
        channel.faults[Fault.ZEROED] = (now, now + 1) if zeroed else (0, 0)

    def _records(self, items: Sequence[Item], total: int | None, number: int) -> RecordPage:
        refused: list[Refused] = []
        if items and self._strikes(TrialFault.BAD_RECORDS):
            place = self._wire.chance.randrange(len(items))
            bad = items[place]
            items = [item for item in items if item is not bad]
            refused = [
                Refused(
                    f"page {number}, record {place}",
                    '"n/a" is not a number',
                    self._name_of(bad.sku),
                )
            ]
        return RecordPage([self._record(item) for item in items], refused, announced=total)

    def _record(self, item: Item) -> Record:
        reads = self.abilities.reads
        return Record(
            self._name_of(item.sku),
            item.available,
            state=str(item.state) if self.abilities.states else None,
            on_hand=item.available + item.committed if "on_hand" in reads else None,
            committed=item.committed if "committed" in reads else None,
            incoming=item.incoming if "incoming" in reads else None,
            price_minor=item.price_minor if "price" in reads else None,
            title=item.title,
            source_at=self._own_time(item.moved_at) if "source time" in reads else None,
            ref=self._name_of(item.sku),
        )

    def _name_of(self, sku: str) -> str:
        """What the channel itself calls a SKU."""
        return self._own.get(sku, sku)

    def _sku(self, wanted: ListingRef | Change) -> str:
        """Our SKU of what the channel was asked for."""
        name = wanted.ref or wanted.sku
        return self._ours.get(name, name)

    def _own_time(self, at: int) -> int:
        return BEGAN + at + self._wire.skews_ms.get(self._name, 0)

    async def read(self, wanted: Sequence[ListingRef]) -> FreshReadings:
        await self._read()
        now = self._wire.world_now()
        self._set_stale(now)
        if self._strikes(TrialFault.SUCCESS_SHAPED):
            raise ContractBroken("no record", path="record")
        skus = [self._sku(listing) for listing in wanted]
        shown = [self._channel.shown(sku, now) for sku in skus]
        self._read_at |= dict.fromkeys(skus, now)
        return FreshReadings([self._record(item) for item in shown if item is not None])

    async def events(self, cursor: str | None) -> AsyncIterator[EventPage]:
        await self._read()
        wire, after = self._wire, int(cursor or 0)
        now = wire.world_now()
        chance = wire.chance
        found = list(self._channel.events_after(after, EVENTS_MAX, now))
        last = found[-1].number if found else after
        late = wire.late_events.setdefault(self._name, [])
        due = [number for number, at in late if at <= now]
        late[:] = [(number, at) for number, at in late if at > now]
        kept = []
        for event in found:
            if self._strikes(TrialFault.LATE_EVENT):
                late.append((event.number, now + chance.randint(3_000, 90_000)))
            elif not self._strikes(TrialFault.LOST_EVENT):
                kept.append(event)
        for number in due:
            kept += self._channel.events_after(number - 1, 1, now)
        if after and self._strikes(TrialFault.REPEATED_EVENT):
            kept += self._channel.events_after(max(0, after - 3), 3, now)
        if self._strikes(TrialFault.DISORDERED_EVENT):
            chance.shuffle(kept)
        events = [
            Event(
                f"{self._name}-e{event.number}", event.kind, self._name_of(event.sku),
                event.units, self._own_time(event.at), order=event.order,
            )
            for event in kept
        ]  # fmt: skip
        yield EventPage(events, cursor=str(last))

    async def write(self, changes: Sequence[Change]) -> Sequence[Receipt]:
        wire = self._wire
        moment = LastMoment(self._clock)
        await self._travel()
        if self._strikes(TrialFault.UNSENT_WRITE):
            raise Temporary("connection refused")
        await moment.take()
        # Its first byte leaves a moment after the last look: the process may sleep in between.
        await asyncio.sleep(wire.chance.uniform(0, 0.002))
        moment.check()
        changes = [msgspec.structs.replace(change, sku=self._sku(change)) for change in changes]
        read_at = [self._read_at.get(change.sku) for change in changes]
        departure = Departure(
            self._process, self._name, changes, wire.world_now(),
            read_at if self.abilities.reads_one else None,
        )  # fmt: skip
        wire.departed(departure)
        reply: asyncio.Future[Sequence[Receipt]] = wire.loop.create_future()
        # In the world's context, and not in the process's: nothing can call it back.
        wire.loop.call_later(
            wire.chance.uniform(*TRAVEL_S), self._arrive, departure, reply, context=_WORLD
        )
        try:
            async with asyncio.timeout(self._timeout_s):
                return await reply
        except TimeoutError:
            raise WriteOutcomeUnknown("no answer in time") from None

    def _arrive(self, departure: Departure, reply: "asyncio.Future[Sequence[Receipt]]") -> None:
        """What the channel makes of a request, once it is there."""
        wire, changes = self._wire, departure.changes
        wire.world_now()
        if self._strikes(TrialFault.TIMEOUT_BEFORE):
            return
        if self._strikes(TrialFault.REFUSED_WRITE):
            wire.refused_whole(departure)
            _answer(reply, WriteRejected("422: not accepted"))
            return
        has_no_reply = self._strikes(TrialFault.TIMEOUT_AFTER)
        ignored = self._strikes(TrialFault.NOT_APPLIED)
        partial = len(changes) > 1 and self._strikes(TrialFault.PARTIAL_BATCH)
        late = self._strikes(TrialFault.APPLIED_LATE) or self.abilities.later
        receipts: list[Receipt] = []
        for place, change in enumerate(changes):
            if ignored:
                receipts.append(Receipt(change, later=self.abilities.later))
            elif partial and place % SOME == SOME - 2:
                receipts.append(Receipt(change, refused="not this one"))
            elif late:
                wire.loop.call_later(
                    wire.chance.uniform(*LATE_S), self._take_effect, change, departure.at,
                    context=_WORLD,
                )  # fmt: skip
                receipts.append(Receipt(change, later=self.abilities.later))
            else:
                receipts.append(self._take_effect(change, departure.at))
        if partial and not self.abilities.per_item:
            _answer(reply, WriteOutcomeUnknown("500 half way"))
        elif not has_no_reply:
            wire.loop.call_later(
                wire.chance.uniform(*TRAVEL_S), _answer, reply, receipts, context=_WORLD
            )

    def _take_effect(self, change: Change, sent_at: Millis) -> Receipt:
        """Set one listing, as the channel does."""
        wire, sku = self._wire, change.sku
        now = wire.world_now()
        before = self._channel.held(sku)
        can = self.abilities
        write = StockWrite(
            sku,
            change.quantity,
            change.state,
            change.previous.available if can.compare_and_set else None,
            change.key if can.idempotency else None,
        )
        answer = self._channel.write(write, now)
        if answer.status >= 400:  # noqa: PLR2004
            conflict = answer.status == 409  # noqa: PLR2004
            return Receipt(change, refused=answer.message, conflict=conflict)
        after = self._channel.held(sku)
        if before is not None and after is not None:
            wire.arrived(Arrival(self._name, change, sent_at, before.available, after.available))
            if self._strikes(TrialFault.OTHER_TOOL):
                wire.loop.call_later(
                    wire.chance.uniform(*LATE_S), self._turn_back, sku,
                    before.available - after.available, context=_WORLD,
                )  # fmt: skip
        return Receipt(change)

    def _turn_back(self, sku: str, units: int) -> None:
        """Another tool takes back what was added, as if it had been there all the time."""
        self._wire.world_now()
        item = self._channel.held(sku)
        if item is not None:
            self._wire.shop.world.edit(self._name, sku, item.available + units)

    async def sign_in(self) -> str:
        await self._travel()
        return "signed in"

    async def close(self) -> None: ...


_WORLD = Context()


def _answer(
    reply: "asyncio.Future[Sequence[Receipt]]", answer: Sequence[Receipt] | Exception
) -> None:
    if reply.done():
        return
    if isinstance(answer, Exception):
        reply.set_exception(answer)
    else:
        reply.set_result(answer)

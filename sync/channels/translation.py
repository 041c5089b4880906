"""A channel's own SKUs and locations ↔ ours, at its edge: above it everything speaks our names.

What the channel itself calls a renamed listing goes into its `ref`, in front of the channel's own.
So a write finds its way back from any process, whatever else the channel calls that SKU.
"""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice, repeat
from typing import TYPE_CHECKING, cast

import msgspec

from store.event_kinds import Event
from store.model import UNCOUNTED, Millis, Record, Refused, State
from store.polling.changes.sequence import FileSequence
from store.polling.file_sights import FileStamp
from store.polling.recognition.recogniser import Recogniser
from sync import locations
from sync.channels.abilities import Abilities
from sync.channels.base import (
    AddressedChannel,
    Change,
    ChangesSource,
    Channel,
    DescribedChannel,
    EventPage,
    EventSource,
    FileSource,
    FreshReadings,
    ListingRef,
    Receipt,
    RecognisingSource,
    RecordPage,
    Sighting,
    SinceSource,
    closing,
)
from sync.errors import Temporary, WriteRejected

if TYPE_CHECKING:
    from sync.settings import ChannelSettings, Settings

MARK = "\x1f"
"""Between the parts of a renamed listing's ref. No channel's own ref has control characters."""

SELLABLE_FIRST = (
    *(State.ACTIVE, State.BACKORDER, State.PREORDER),
    *(State.HOLD, State.DISABLED, State.ARCHIVED),
)
"""Most sellable first: a pool can be bought from while any of its members can."""

PAGE_ROWS = 1000
"""Records of a page of sums: each page is staged in a transaction of its own."""

_SUMMED = ("available", "on_hand", "committed", "unavailable", "incoming", "threshold")


class Names(msgspec.Struct, frozen=True):
    """What one channel calls our SKUs and locations. What is in neither map has the same name."""

    skus: Mapping[str, str]
    places: Mapping[str, str]
    summed: frozenset[str]
    """Our locations that several of the channel's own make up together."""
    only: str = ""
    """Our location, where the channel has just one: an event that names none happened there."""

    def place_of(self, location: str) -> str:
        return self.places.get(location, location)

    def record(self, record: Record) -> Record:
        """Put a record in our names; its ref leads back."""
        sku = self.skus.get(record.sku, record.sku)
        location = self.place_of(record.location)
        if sku == record.sku and location == record.location:
            return record
        own_sku = record.sku if sku != record.sku else ""
        ref = MARK.join((own_sku, record.location, record.ref))
        return msgspec.structs.replace(record, sku=sku, location=location, ref=ref)

    def listing(self, sku: str, location: str) -> tuple[str, str]:
        return self.skus.get(sku, sku), self.place_of(location)

    def refused(self, refused: Refused) -> Refused:
        if refused.sku is None:
            return refused
        sku = self.skus.get(refused.sku, refused.sku)
        return msgspec.structs.replace(refused, sku=sku, location=self.place_of(refused.location))

    def event(self, event: Event) -> Event:
        """Put an event in our names."""
        sku = self.skus.get(event.sku, event.sku)
        location = self.place_of(event.location) or self.only
        return msgspec.structs.replace(event, sku=sku, location=location)

    def own(self, sku: str, location: str, ref: str) -> ListingRef:
        """Find what the channel calls a listing of ours, from what `record` put into `ref`."""
        parts = ref.split(MARK, 2)
        if len(parts) < 3:  # noqa: PLR2004 - SKU, location and the channel's own ref.
            return ListingRef(sku, location, ref)
        return ListingRef(parts[0] or sku, parts[1], parts[2])


def names_of(settings: "ChannelSettings") -> Names | None:
    """The channel's own names, or None where they are ours."""
    if not settings.aliases and not settings.locations:
        return None
    named = {own: locations.place_name(members) for own, members in settings.locations.items()}
    return Names(
        settings.aliases,
        named,
        frozenset(locations.summed(settings.locations)),
        only=next(iter(named.values())) if len(set(named.values())) == 1 else "",
    )


def event_in_our_names(settings: "Settings") -> Callable[[str, Event], Event]:
    """Make what puts an event of a channel, by the channel's name, in our names."""
    known = {
        name: names_of(channel_settings) for name, channel_settings in settings.channels.items()
    }

    def renamed_event(channel: str, event: Event) -> Event:
        names = known.get(channel)
        return event if names is None else names.event(event)

    return renamed_event


def translated(channel: Channel, settings: "ChannelSettings") -> Channel:
    """Put our names on a channel that has others; any other channel is answered as it is."""
    names = names_of(settings)
    return channel if names is None else TranslatedChannel(channel, names)


class TranslatedChannel:
    """A channel in our names. It is an `EventSource` where the channel itself is one."""

    def __init__(self, channel: Channel, names: Names) -> None:
        self._channel = channel
        self._names = names

    @property
    def abilities(self) -> Abilities:
        """The channel's own. A sum needs all of its members, not only the one that changed."""
        own = self._channel.abilities
        return replace(own, since=False, recognises=False) if self._names.summed else own

    async def pages(self) -> AsyncIterator[RecordPage]:
        """Read all listings; those of a pool come summed, on last pages of their own."""
        # A pool's locations can be on any of the pages, so its sums are held to the end: about
        # 400 bytes a SKU. A SKU that stands twice at one location is given twice, because nobody
        # knows which of the two counts, and the duplicate must be seen further on.
        held = PoolSums()
        async with closing(self._channel.pages()) as pages:
            async for page in pages:
                yield self._page(page, held)
        if self._names.summed:
            for page in held.pages():
                yield page

    async def changed(self, since: Millis) -> AsyncIterator[RecordPage]:
        """Read what may have changed since then. Only where `abilities.since`."""
        held = PoolSums()
        async with closing(cast("SinceSource", self._channel).changed(since)) as pages:
            async for page in pages:
                yield self._page(page, held)

    async def read(self, wanted: Sequence[ListingRef]) -> FreshReadings:
        """Read a few listings afresh. Never called for a pool of several: it is not written."""
        for listing in wanted:
            if listing.location in self._names.summed:
                raise Temporary(f"{listing.location} is a sum of locations: it is read as a whole")
        own = [self._names.own(listing.sku, listing.location, listing.ref) for listing in wanted]
        answer = await self._channel.read(own)
        return FreshReadings(
            [self._names.record(record) for record in answer.records],
            [self._names.refused(record) for record in answer.refused],
        )

    async def write(self, changes: Sequence[Change]) -> Sequence[Receipt]:
        """Set each listing under the channel's own name of it."""
        for change in changes:
            if change.location in self._names.summed:
                raise WriteRejected(
                    f"{change.location} is a sum of locations: there is no single one to write"
                )
        receipts = await self._channel.write([self._own(change) for change in changes])
        if len(receipts) != len(changes):
            return receipts
        return [
            msgspec.structs.replace(receipt, change=change)
            for receipt, change in zip(receipts, changes, strict=True)
        ]

    def address(self, listing: ListingRef) -> str:
        """What a listing is written at. Only where `abilities.by_address`."""
        own = self._names.own(listing.sku, listing.location, listing.ref)
        return cast("AddressedChannel", self._channel).address(own)

    async def sign_in(self) -> str:
        return await self._channel.sign_in()

    async def try_out(self) -> Sighting:
        """Try the channel's description, in its own names. Only where `abilities.described`."""
        return await cast("DescribedChannel", self._channel).try_out()

    async def close(self) -> None:
        await self._channel.close()

    async def look(
        self, known: Mapping[FileStamp, Millis], now: Millis
    ) -> Mapping[FileStamp, Millis]:
        """Look for files from the future. Only where `abilities.files`."""
        return await cast("FileSource", self._channel).look(known, now)

    def resume(self, known: FileSequence | None) -> None:
        """Say which files are in force. Only where `abilities.changes`."""
        cast("ChangesSource", self._channel).resume(known)

    def recall(self, recogniser: Recogniser) -> None:
        """Say what the last good poll had. Only where `abilities.recognises`."""
        cast("RecognisingSource", self._channel).recall(recogniser)

    async def events(self, cursor: str | None) -> AsyncIterator[EventPage]:
        """Read what moved after `cursor`, in our names. Only where `abilities.events`."""
        async with closing(cast("EventSource", self._channel).events(cursor)) as pages:
            async for page in pages:
                yield msgspec.structs.replace(
                    page,
                    events=[self._names.event(event) for event in page.events],
                    refused=[self._names.refused(event) for event in page.refused],
                )

    def _own(self, change: Change) -> Change:
        own = self._names.own(change.sku, change.location, change.ref)
        before = self._names.own(change.sku, change.location, change.previous.ref)
        previous = msgspec.structs.replace(
            change.previous, sku=before.sku, location=before.location, ref=before.ref
        )
        return msgspec.structs.replace(
            change, sku=own.sku, location=own.location, ref=own.ref, previous=previous
        )

    def _page(self, page: RecordPage, held: "PoolSums") -> RecordPage:
        """Put a page in our names, without what belongs to a pool."""
        refused = [self._names.refused(bad) for bad in page.refused]
        if not self._names.summed:
            return msgspec.structs.replace(
                page,
                records=list(map(self._names.record, page.records)),
                refused=refused,
                gone=[self._names.listing(sku, location) for sku, location in page.gone],
            )
        free: list[Record] = []
        for record in page.records:
            named = self._names.record(record)
            if named.location in self._names.summed:
                held.add(named, record.location)
            else:
                free.append(named)
        for bad in refused:
            if bad.sku is not None and bad.location in self._names.summed:
                held.mark_unreadable(bad.sku, bad.location)
        held.expect(page.announced)
        return msgspec.structs.replace(page, records=free, refused=refused, announced=None)


class _Sum(msgspec.Struct):
    """One SKU's records of one pool, so far."""

    record: Record
    seen: int
    """A bit for each of the channel's own locations that it has stood in."""


class PoolSums(msgspec.Struct):
    """The sums of one poll's pools: location of ours → SKU → the sum so far."""

    sums: dict[str, dict[str, _Sum]] = msgspec.field(default_factory=dict)
    bits: dict[str, int] = msgspec.field(default_factory=dict)
    """The channel's own location → its bit in `_Sum.seen`."""
    duplicates: Counter[tuple[str, str, str]] = msgspec.field(default_factory=Counter)
    """SKU, our location and the channel's own → how often a SKU stands there too often."""
    unreadable: set[tuple[str, str]] = msgspec.field(default_factory=set)
    """Listings of which one record could not be read: their sum is not known."""
    count: int = 0
    """Records that went into sums."""
    announced: int | None = None

    def add(self, record: Record, own_location: str) -> None:
        self.count += 1
        bit = self.bits.setdefault(own_location, 1 << len(self.bits))
        there = self.sums.setdefault(record.location, {})
        known = there.get(record.sku)
        if known is None:
            there[record.sku] = _Sum(msgspec.structs.replace(record, ref=""), bit)
        elif known.seen & bit:
            self.duplicates[record.sku, record.location, own_location] += 1
        else:
            known.seen |= bit
            known.record = added_up(known.record, record)

    def mark_unreadable(self, sku: str, place: str) -> None:
        self.unreadable.add((sku, place))

    def expect(self, announced: int | None) -> None:
        self.announced = announced if announced is not None else self.announced

    def pages(self) -> Iterator[RecordPage]:
        """The sums, in the order of the poll; as often as a SKU stands at one own location."""
        # The guard compares what came with what the channel announced. Records that went into a
        # sum come as one, so the announced number is lowered by as many as disappeared.
        given = sum(1 for _ in self._records())
        announced = None if self.announced is None else self.announced - self.count + given
        records = self._records()
        yield RecordPage(list(islice(records, PAGE_ROWS)), announced=announced)
        while some := list(islice(records, PAGE_ROWS)):
            yield RecordPage(some, announced=announced)

    def _records(self) -> Iterator[Record]:
        times: dict[tuple[str, str], int] = {}
        for (sku, place, _), more in self.duplicates.items():
            times[sku, place] = max(times.get((sku, place), 1), 1 + more)
        for place, there in self.sums.items():
            for sku, total in there.items():
                if (sku, place) not in self.unreadable:
                    yield from repeat(total.record, times.get((sku, place), 1))


def added_up(first: Record, other: Record) -> Record:
    """Sum two locations of one pool. A figure that one of them lacks is not known for both."""
    figures = {
        name: None if None in (a, b) else a + b
        for name in _SUMMED
        for a, b in ((getattr(first, name), getattr(other, name)),)
    }
    return msgspec.structs.replace(
        first,
        **figures,
        at_least=first.at_least or other.at_least,
        state=UNCOUNTED
        if UNCOUNTED in (first.state, other.state)
        else _most_sellable(first.state, other.state),
        price_minor=first.price_minor if first.price_minor is not None else other.price_minor,
        title=first.title or other.title,
        source_at=max(filter(None, (first.source_at, other.source_at)), default=None),
    )


def _most_sellable(*states: str | None) -> str | None:
    return next((state for state in SELLABLE_FIRST if state in states), None)

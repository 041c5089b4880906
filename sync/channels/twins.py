"""A channel that lists a SKU several times on purpose: above its edge, the listings are one.

`duplicates = "write-all"` says so. The one shows the highest number of them, and `twins` what each
shows; its `ref` is theirs, joined. A write goes to each of them that is off to its side, so that a
reduction never raises another. Where two of them have the same `ref`, or one has no exact number,
nobody could say which is which: then they stay what they are, a SKU that stands twice.
"""

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, cast

import msgspec

from store.model import Record
from sync.channels.abilities import Abilities
from sync.channels.base import (
    AddressedChannel,
    Change,
    Channel,
    EventPage,
    EventSource,
    FreshReadings,
    ListingRef,
    Receipt,
    RecordPage,
    closing,
)
from sync.channels.translation import SELLABLE_FIRST
from sync.errors import NeedsOperator, Temporary, WriteOutcomeUnknown, WriteRejected

if TYPE_CHECKING:
    from sync.settings import ChannelSettings

MARK = "\x1e"
"""Between the refs of several listings. No channel's own ref has control characters."""

PAGE_ROWS = 1000

_SHOWN = ("ref", "available", "state", "on_hand", "committed", "unavailable", "threshold")
"""What of each listing stands in `twins`, in this order."""

Place = tuple[str, str]
"""A SKU and its location."""


class WriteAllChannel:
    """A channel whose listings of one SKU are one. It is an `EventSource` where the channel is."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    @property
    def abilities(self) -> Abilities:
        """The channel's own. What is one of several needs all of them, not only what changed."""
        return replace(self._channel.abilities, since=False, recognises=False)

    async def pages(self) -> AsyncIterator[RecordPage]:
        """Read all listings, those of one SKU as one, in the order of their first."""
        # Two listings of a SKU can be on any two pages, so the records are held to the end: some
        # 400 bytes each. Each page but the last is given at once, without records, for what else it
        # says.
        held: dict[Place, list[Record]] = {}
        count, last = 0, RecordPage(())
        async with closing(self._channel.pages()) as pages:
            async for page in pages:
                if count:
                    yield msgspec.structs.replace(last, announced=None)
                for record in page.records:
                    held.setdefault((record.sku, record.location), []).append(record)
                count += len(page.records)
                last = msgspec.structs.replace(page, records=())
        joined = [record for records in held.values() for record in _joined(records)]
        announced = None if last.announced is None else last.announced - count + len(joined)
        for start in range(0, len(joined) or 1, PAGE_ROWS):
            refused = () if start else last.refused
            rows = joined[start : start + PAGE_ROWS]
            yield msgspec.structs.replace(last, records=rows, refused=refused, announced=announced)

    async def read(self, wanted: Sequence[ListingRef]) -> FreshReadings:
        """Read a few listings afresh, all of a SKU's together."""
        own = [
            msgspec.structs.replace(listing, ref=ref)
            for listing in wanted
            for ref in listing.ref.split(MARK)
        ]
        answer = await self._channel.read(own)
        # An answer for one of them may have the others of its SKU too: each counts once.
        found: dict[Place, dict[str, Record]] = {}
        for record in answer.records:
            found.setdefault((record.sku, record.location), {}).setdefault(record.ref, record)
        records = [record for known in found.values() for record in _joined([*known.values()])]
        return FreshReadings(records, answer.refused)

    async def write(self, changes: Sequence[Change]) -> Sequence[Receipt]:
        """Set each of a SKU's listings that is off; one receipt for all of them."""
        parts = [(number, part) for number, change in enumerate(changes) for part in _parts(change)]
        receipts: list[list[Receipt]] = [[] for _ in changes]
        for start in range(0, len(parts), self.abilities.batch_max):
            call = parts[start : start + self.abilities.batch_max]
            for (number, _), receipt in zip(call, await self._call(call, start), strict=True):
                receipts[number].append(receipt)
        return [_receipt(change, own) for change, own in zip(changes, receipts, strict=True)]

    async def _call(self, parts: Sequence[tuple[int, Change]], start: int) -> Sequence[Receipt]:
        """Write as many as a call takes. Raises what the first call of several raises."""
        own = [part for _, part in parts]
        try:
            receipts = await self._channel.write(own)
        except (Temporary, NeedsOperator, WriteRejected) as error:
            if not start:
                raise
            # Nothing of this call was applied, but a call before it was. So these are refused, and
            # it must not look as if the whole could be sent again.
            return [Receipt(part, refused=f"not written: {error}") for part in own]
        if len(receipts) != len(own):
            words = f"the channel answered {len(receipts)} of {len(own)} changes"
            raise WriteOutcomeUnknown(words)
        return receipts

    def address(self, listing: ListingRef) -> str:
        """What the first of a SKU's listings is written at. Only where `abilities.by_address`."""
        first, _, _ = listing.ref.partition(MARK)
        return cast("AddressedChannel", self._channel).address(
            msgspec.structs.replace(listing, ref=first)
        )

    async def sign_in(self) -> str:
        return await self._channel.sign_in()

    async def close(self) -> None:
        await self._channel.close()

    async def events(self, cursor: str | None) -> AsyncIterator[EventPage]:
        """Read what moved after `cursor`. Only where `abilities.events`."""
        async with closing(cast("EventSource", self._channel).events(cursor)) as pages:
            async for page in pages:
                yield page


def write_all(channel: Channel, settings: "ChannelSettings") -> Channel:
    """Make the listings of a SKU one where `duplicates` says so; else answer the channel."""
    return WriteAllChannel(channel) if settings.writes_all else channel


def lowest(record: Record) -> int | None:
    """The lowest number that any of a SKU's listings shows; of a single one, its number."""
    if record.twins is None:
        return record.available
    return min((number for _, number, *_ in json.loads(record.twins)), default=None)


def _joined(records: Sequence[Record]) -> Sequence[Record]:
    """One record for all, where each has a number and a `ref` of its own."""
    refs = {record.ref for record in records}
    numbers = [record.available for record in records if record.available is not None]
    if any(record.at_least for record in records):
        return records
    if len(records) == 1 or "" in refs or len(refs) < len(numbers) or len(numbers) < len(records):
        return records
    ordered = sorted(records, key=lambda record: record.ref)
    first = ordered[0]
    states = {record.state for record in ordered}
    twins = [[getattr(record, name) for name in _SHOWN] for record in ordered]
    one = Record(
        first.sku,
        max(numbers),
        first.location,
        state=next((state for state in SELLABLE_FIRST if state in states), first.state),
        price_minor=next((r.price_minor for r in ordered if r.price_minor is not None), None),
        title=next((record.title for record in ordered if record.title), None),
        source_at=max(filter(None, (record.source_at for record in ordered)), default=None),
        ref=MARK.join(record.ref for record in ordered),
        twins=json.dumps(twins, separators=(",", ":")),
    )
    return [one]


def _parts(change: Change) -> Sequence[Change]:
    """The writes to each of the listings that is off to the change's side."""
    if change.previous.twins is None:
        return [change]
    reduces = change.quantity < (change.previous.available or 0)
    only_state = change.state is not None and change.quantity == change.previous.available
    parts = []
    for number, (ref, shown, state, *rest) in enumerate(json.loads(change.previous.twins)):
        is_off = shown > change.quantity if reduces else shown < change.quantity
        moves = is_off and not only_state
        if not moves and change.state in (None, state):
            continue
        on_hand, committed, unavailable, threshold = rest
        previous = Record(
            change.sku, shown, change.location, state=state, on_hand=on_hand, committed=committed,
            unavailable=unavailable, threshold=threshold, ref=ref,
        )  # fmt: skip
        quantity = change.quantity if moves else shown
        parts.append(
            msgspec.structs.replace(
                change, ref=ref, quantity=quantity, previous=previous, key=f"{change.key}-{number}"
            )
        )
    return parts


def _receipt(change: Change, receipts: Sequence[Receipt]) -> Receipt:
    """What the channel answered for all of a SKU's listings."""
    refused = [receipt for receipt in receipts if receipt.refused is not None]
    unknown = [receipt.unknown or receipt.unsent for receipt in receipts]
    if any(unknown) and all(receipt.unsent is not None for receipt in receipts):
        return msgspec.structs.replace(receipts[0], change=change)
    if any(unknown):
        return Receipt(change, unknown=next(filter(None, unknown)))
    if not refused:
        return Receipt(change, later=any(receipt.later for receipt in receipts))
    if len(receipts) == 1:
        return msgspec.structs.replace(refused[0], change=change)
    words = "; ".join(f"{receipt.change.ref}: {receipt.refused}" for receipt in refused)
    if len(refused) < len(receipts):
        written = len(receipts) - len(refused)
        return Receipt(change, refused=f"{written} of {len(receipts)} listings written; {words}")
    return Receipt(change, refused=words, conflict=all(receipt.conflict for receipt in refused))

"""Several listings of one SKU, on purpose: above the edge they are one, and a write is for each."""

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace

import pytest

from store.model import Record, State
from sync.channels.abilities import Abilities
from sync.channels.base import Change, FreshReadings, ListingRef, Receipt, RecordPage
from sync.channels.twins import MARK, WriteAllChannel, lowest
from sync.corrections import verify
from sync.errors import ChannelError, Temporary, WriteOutcomeUnknown, WriteRejected


@dataclass
class Market:
    """A channel with listings by their ref."""

    listings: dict[str, Record]
    abilities: Abilities = field(
        default_factory=lambda: Abilities(kind="market", reads=(), reads_one=True, refs=True)
    )
    refuses: dict[str, str] = field(default_factory=dict)
    raises: dict[str, ChannelError] = field(default_factory=dict)
    written: list[tuple[str, int, int | None]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    per_page: int = 2

    async def pages(self) -> AsyncIterator[RecordPage]:
        records = list(self.listings.values())
        for start in range(0, len(records), self.per_page):
            yield RecordPage(records[start : start + self.per_page], announced=len(records))

    async def read(self, wanted: Sequence[ListingRef]) -> FreshReadings:
        skus = {listing.sku for listing in wanted}
        return FreshReadings([r for r in self.listings.values() if r.sku in skus])

    async def write(self, changes: Sequence[Change]) -> Sequence[Receipt]:
        assert len(changes) <= self.abilities.batch_max
        for change in changes:
            if change.ref in self.raises:
                raise self.raises[change.ref]
        self.written += [(c.ref, c.quantity, c.previous.available) for c in changes]
        self.keys += [change.key for change in changes]
        return [Receipt(change, refused=self.refuses.get(change.ref)) for change in changes]

    async def sign_in(self) -> str:
        return "market"

    async def close(self) -> None:
        return None


def market(*numbers: int | None, **more: Record) -> Market:
    refs = {str(11 + place): number for place, number in enumerate(numbers)}
    listings = {ref: Record("KET", number, ref=ref) for ref, number in refs.items()}
    return Market({**listings, **more})


async def records_of(channel: WriteAllChannel) -> list[Record]:
    return [record async for page in channel.pages() for record in page.records]


async def change(channel: WriteAllChannel, quantity: int, state: State | None = None) -> Change:
    (record,) = [r for r in await records_of(channel) if r.sku == "KET"]
    return Change("KET", "", record.ref, quantity, previous=record, key="skew-1-2", state=state)


async def test_they_are_one_that_shows_the_highest_and_what_each_shows() -> None:
    shop = market(9, 3, x=Record("CUP", 5, ref="x"))
    channel = WriteAllChannel(shop)

    pages = [page async for page in channel.pages()]
    ket, cup = [record for page in pages for record in page.records]

    assert (ket.available, lowest(ket), ket.ref) == (9, 3, f"11{MARK}12")
    assert [shown[:2] for shown in json.loads(ket.twins or "")] == [["11", 9], ["12", 3]]
    assert (cup.available, cup.twins, lowest(cup)) == (5, None, 5)
    assert (len(pages), pages[-1].announced) == (2, 2)


async def test_a_list_of_one_page_stays_one() -> None:
    pages = [page async for page in WriteAllChannel(market(9, 3)).pages()]
    assert [len(page.records) for page in pages] == [1]


@pytest.mark.parametrize(
    "listings",
    [
        [Record("KET", 9, ref="11"), Record("KET", 9, ref="11")],
        [Record("KET", 9, ref="11"), Record("KET", 9)],
        [Record("KET", 9, ref="11"), Record("KET", None, ref="12", state="uncounted")],
    ],
    ids=["same ref", "no ref", "uncounted"],
)
async def test_what_nobody_can_tell_apart_stays_twice(listings: list[Record]) -> None:
    shop = Market({str(number): record for number, record in enumerate(listings)})
    assert await records_of(WriteAllChannel(shop)) == listings


async def test_an_empty_list_is_still_a_page() -> None:
    assert [page async for page in WriteAllChannel(Market({})).pages()]


async def test_a_reduction_writes_those_that_are_too_high_and_raises_none() -> None:
    shop = market(9, 1, 7)
    channel = WriteAllChannel(shop)

    (receipt,) = await channel.write([await change(channel, 2)])

    assert shop.written == [("11", 2, 9), ("13", 2, 7)]
    assert len(set(shop.keys)) == 2
    assert receipt.refused is None


async def test_a_raise_writes_those_that_are_too_low() -> None:
    shop = market(2, 1)
    channel = WriteAllChannel(shop)
    await channel.write([await change(channel, 2)])
    assert shop.written == [("12", 2, 1)]


async def test_a_state_alone_leaves_every_number() -> None:
    shop = market(2, 1)
    channel = WriteAllChannel(shop)
    await channel.write([await change(channel, 2, State.DISABLED)])
    assert shop.written == [("11", 2, 2), ("12", 1, 1)]


async def test_a_part_that_is_refused_is_named() -> None:
    shop = market(9, 9)
    shop.refuses["12"] = "listing ended"
    channel = WriteAllChannel(shop)

    (receipt,) = await channel.write([await change(channel, 2)])

    assert receipt.refused == "1 of 2 listings written; 12: listing ended"
    assert not receipt.conflict


async def test_nothing_sent_is_told_as_such_and_half_of_it_is_not() -> None:
    shop = market(9, 9)
    channel = WriteAllChannel(shop)
    shop.raises["11"] = Temporary("busy")
    with pytest.raises(Temporary):
        await channel.write([await change(channel, 2)])

    shop.raises = {"12": Temporary("busy")}
    (receipt,) = await channel.write([await change(channel, 2)])
    assert receipt.refused == "1 of 2 listings written; 12: not written: busy"

    shop.raises = {"12": WriteOutcomeUnknown("no reply")}
    with pytest.raises(WriteOutcomeUnknown):
        await channel.write([await change(channel, 2)])

    shop.raises = {"11": WriteRejected("gone", conflict=True)}
    with pytest.raises(WriteRejected):
        await channel.write([await change(channel, 2)])


async def test_a_call_takes_no_more_than_the_channel_does() -> None:
    shop = market(9, 8, 7, 6, 5)
    shop.abilities = replace(shop.abilities, batch_max=2)
    channel = WriteAllChannel(shop)
    await channel.write([await change(channel, 2)])
    assert [ref for ref, *_ in shop.written] == ["11", "12", "13", "14", "15"]


async def test_a_reading_of_one_is_of_all_and_each_counts_once() -> None:
    shop = market(9, 3)
    channel = WriteAllChannel(shop)

    answer = await channel.read([ListingRef("KET", "", f"11{MARK}12")])

    (record,) = answer.records
    assert (record.available, lowest(record)) == (9, 3)


@pytest.mark.parametrize(
    ("before", "after", "quantity", "proven"),
    [
        ((9, 9), (2, 2), 2, True),
        ((9, 1), (2, 1), 2, True),
        ((9, 9), (2, 9), 2, False),
        ((2, 1), (2, 1), 2, False),
        ((2, 1), (2, 2), 2, True),
    ],
)
async def test_a_raise_is_proven_by_all_and_a_reduction_by_the_highest(
    before: tuple[int, int], after: tuple[int, int], quantity: int, *, proven: bool
) -> None:
    sent = await change(WriteAllChannel(market(*before)), quantity)
    (shown,) = await records_of(WriteAllChannel(market(*after)))
    assert verify._proves(sent, shown) is proven

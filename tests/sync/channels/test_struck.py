"""No credential stands in what any channel says, wherever it quotes it."""

from collections.abc import AsyncIterator, Sequence

import pytest

from store.model import Record, Refused
from sync.channels.abilities import Abilities
from sync.channels.base import (
    Change,
    EventPage,
    FreshReadings,
    KeySighting,
    ListingRef,
    Receipt,
    RecordPage,
    Sighting,
)
from sync.channels.struck import StruckChannel
from sync.errors import NeedsOperator

SAYS = "the key s3cret is wrong"
CLEAN = "the key ••• is wrong"
REFUSED = Refused(SAYS, SAYS)
CHANGE = Change("A", "", "", 1, Record("A", 2), "c-1")


class Blabbing:
    """A channel that quotes our credential in everything."""

    abilities = Abilities("blabbing", ())

    async def pages(self) -> AsyncIterator[RecordPage]:
        yield RecordPage((), [REFUSED], cut_short=SAYS, warnings=[SAYS])

    async def changed(self, since: int) -> AsyncIterator[RecordPage]:
        del since
        yield RecordPage((), [REFUSED])
        raise NeedsOperator(SAYS)

    async def read(self, wanted: Sequence[ListingRef]) -> FreshReadings:
        return FreshReadings((), [REFUSED][len(wanted) :])

    async def write(self, changes: Sequence[Change]) -> Sequence[Receipt]:
        assert not changes
        return [
            Receipt(CHANGE, refused=SAYS),
            Receipt(CHANGE, unknown=SAYS),
            Receipt(CHANGE, unsent=SAYS),
            Receipt(CHANGE),
        ]

    async def sign_in(self) -> str:
        return SAYS

    async def try_out(self) -> Sighting:
        return Sighting(SAYS, [SAYS], [SAYS], [KeySighting("url", SAYS)])

    async def events(self, cursor: str | None) -> AsyncIterator[EventPage]:
        yield EventPage((), [REFUSED], cursor)

    async def close(self) -> None: ...


@pytest.fixture
def channel() -> StruckChannel:
    return StruckChannel(Blabbing(), lambda text: text.replace("s3cret", "•••"))


async def test_pages_are_clean(channel: StruckChannel) -> None:
    (page,) = [page async for page in channel.pages()]

    assert page == RecordPage((), [Refused(CLEAN, CLEAN)], cut_short=CLEAN, warnings=[CLEAN])


async def test_so_are_lists_of_changes_and_the_error_that_ends_one(channel: StruckChannel) -> None:
    changes = channel.changed(0)

    assert (await anext(changes)).refused == [Refused(CLEAN, CLEAN)]
    with pytest.raises(NeedsOperator, match=CLEAN):
        await anext(changes)


async def test_so_are_single_readings_and_receipts(channel: StruckChannel) -> None:
    assert (await channel.read([])).refused == [Refused(CLEAN, CLEAN)]
    assert await channel.write([]) == [
        Receipt(CHANGE, refused=CLEAN),
        Receipt(CHANGE, unknown=CLEAN),
        Receipt(CHANGE, unsent=CLEAN),
        Receipt(CHANGE),
    ]


async def test_so_are_a_sign_in_a_trial_and_events(channel: StruckChannel) -> None:
    assert await channel.sign_in() == CLEAN
    assert await channel.try_out() == Sighting(CLEAN, [CLEAN], [CLEAN], [KeySighting("url", CLEAN)])
    assert [page async for page in channel.events(None)] == [EventPage((), [Refused(CLEAN, CLEAN)])]

"""The part of the contract suite that every kind passes which can be written."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from sync.channels.base import ListingRef, Receipt
from sync.errors import (
    WriteOutcomeUnknown,
    WriteRejected,
)
from tests.contract.harness import (
    SECRET,
    Harness,
    OverHttp,
    change,
    opened,
    poll,
)
from tests.contract.kinds import (
    STRANGE,
    WRITING,
    WRITING_OVER_HTTP,
    behind_doors,
    running,
)
from tests.loopback import Answer, ReceivedRequest


@pytest.fixture(params=behind_doors(WRITING))
def writing(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Harness]:
    with running(request.param, tmp_path) as found:
        yield found


@pytest.fixture(params=behind_doors(WRITING_OVER_HTTP))
def networked(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OverHttp]:
    with running(request.param, tmp_path) as found:
        assert isinstance(found, OverHttp)
        yield found


async def test_a_write_sets_what_the_channel_shows(writing: Harness) -> None:
    before = await poll(writing)
    async with opened(writing) as channel:
        changes = [change(before.of("A-1"), 3, "c-1"), change(before.of("B-2"), 9, "c-2")]
        receipts: list[Receipt] = []
        for start in range(0, len(changes), channel.abilities.batch_max):
            receipts += await channel.write(changes[start : start + channel.abilities.batch_max])

    assert [receipt.change for receipt in receipts] == changes
    assert [receipt.refused for receipt in receipts] == [None, None]
    assert (writing.shown("A-1"), writing.shown("B-2"), writing.shown("C-3")) == (3, 9, 12)
    assert (await poll(writing)).stock.items() >= {"A-1": 3, "B-2": 9}.items()


@pytest.mark.long
async def test_a_strange_sku_is_written_and_read_at_its_own_place(writing: Harness) -> None:
    for sku in STRANGE:
        writing.put(sku, 1)
    before = await poll(writing)
    async with opened(writing) as channel:
        for sku in STRANGE:
            record = before.of(sku)
            (receipt,) = await channel.write([change(record, 7, sku)])
            answer = await channel.read([ListingRef(sku, record.location, record.ref)])
            assert receipt.refused is None
            assert [(found.sku, found.available) for found in answer.records] == [(sku, 7)]

    assert all(writing.shown(sku) == 7 for sku in STRANGE)
    assert {"A-1": 5, "B-2": 0}.items() <= (await poll(writing)).stock.items()


async def test_a_listing_that_moved_meanwhile_is_a_conflict(writing: Harness) -> None:
    before = await poll(writing)
    writing.put("A-1", 4)
    async with opened(writing) as channel:
        (receipt,) = await channel.write([change(before.of("A-1"), 3)])

    assert receipt.conflict
    assert receipt.refused
    assert writing.shown("A-1") == 4


async def test_a_write_to_what_is_not_there_is_refused(writing: Harness) -> None:
    record = (await poll(writing)).of("A-1")
    nobody = change(record, 3)
    object.__setattr__(nobody, "sku", "NOBODY")
    object.__setattr__(nobody, "ref", "NOBODY")
    async with opened(writing) as channel:
        try:
            (receipt,) = await channel.write([nobody])
        except WriteRejected:
            return

    assert receipt.refused


async def test_a_lost_reply_to_a_write_is_an_unknown_outcome(networked: OverHttp) -> None:
    record = (await poll(networked)).of("A-1")
    writes: list[ReceivedRequest] = []

    def lose(asked: ReceivedRequest) -> Answer | None:
        if not networked.is_write(asked):
            return None
        writes.append(asked)
        networked.backend.answer(asked)
        return Answer(lose=True)

    async with opened(networked) as channel:
        await channel.sign_in()
        networked.front.spoil = lose
        with pytest.raises(WriteOutcomeUnknown):
            await channel.write([change(record, 3)])

    assert len(writes) == 1
    assert networked.shown("A-1") == 3


@pytest.mark.parametrize("status", [400, 422])
async def test_a_refused_write_gives_the_channels_words(networked: OverHttp, status: int) -> None:
    record = (await poll(networked)).of("A-1")
    async with opened(networked) as channel:
        await channel.sign_in()
        networked.front.spoil = lambda asked: (
            Answer({"message": f"no, says {SECRET}"}, status) if networked.is_write(asked) else None
        )
        with pytest.raises(WriteRejected, match="no, says •••"):
            await channel.write([change(record, 3)])

    assert networked.shown("A-1") == 5


async def test_a_few_listings_are_read_afresh(writing: Harness) -> None:
    before = await poll(writing)
    writing.put("A-1", 2)
    wanted = [
        ListingRef(sku, before.of(sku).location, before.of(sku).ref) for sku in ("A-1", "C-3")
    ] + [ListingRef("NOBODY", "", "NOBODY")]
    async with opened(writing) as channel:
        assert channel.abilities.reads_one
        answer = await channel.read(wanted)

    assert {record.sku: record.available for record in answer.records} == {"A-1": 2, "C-3": 12}
    assert list(answer.refused) == []


async def test_a_fresh_reading_that_is_no_good_is_refused_by_name(writing: Harness) -> None:
    record = (await poll(writing)).of("B-2")
    writing.corrupt("B-2", '"twelve"')
    async with opened(writing) as channel:
        answer = await channel.read([ListingRef("B-2", record.location, record.ref)])

    assert list(answer.records) == []
    assert [refused.sku for refused in answer.refused] == ["B-2"]


async def test_reading_and_writing_at_once_is_safe(writing: Harness) -> None:
    record = (await poll(writing)).of("A-1")
    async with opened(writing) as channel:

        async def sweep() -> int:
            return sum([len(page.records) async for page in channel.pages()])

        counts = await asyncio.gather(sweep(), channel.write([change(record, 3)]), sweep())

    assert counts[0] == counts[2] == 3
    assert writing.shown("A-1") == 3

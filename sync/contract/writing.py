"""What every kind of channel passes which can be written."""

import asyncio

import msgspec
import pytest

from sync.channels.base import ListingRef, Receipt
from sync.contract.harness import (
    SECRET,
    STRANGE,
    ContractSuite,
    Harness,
    OverHttp,
    change,
    opened,
    poll,
    settle,
)
from sync.contract.loopback import FakeAnswer, ReceivedRequest
from sync.errors import WriteOutcomeUnknown, WriteRejected


class WritingSuite(ContractSuite):
    """What holds for every kind that writes."""

    async def test_a_write_sets_what_the_channel_shows(self, harness: Harness) -> None:
        before = await poll(harness)
        async with opened(harness) as channel:
            changes = [change(before.of("A-1"), 3, "c-1"), change(before.of("B-2"), 9, "c-2")]
            receipts: list[Receipt] = []
            for start in range(0, len(changes), channel.abilities.batch_max):
                receipts += await channel.write(
                    changes[start : start + channel.abilities.batch_max]
                )

        assert [receipt.change for receipt in receipts] == changes
        assert [receipt.refused for receipt in receipts] == [None, None]
        assert {receipt.later for receipt in receipts} == {channel.abilities.later}
        settle(harness)
        assert (harness.shown("A-1"), harness.shown("B-2"), harness.shown("C-3")) == (3, 9, 12)
        assert (await poll(harness)).stock.items() >= {"A-1": 3, "B-2": 9}.items()

    async def test_a_write_that_is_sent_twice_is_as_one(self, harness: Harness) -> None:
        wanted = change((await poll(harness)).of("C-3"), 10, "c-1")
        async with opened(harness) as channel:
            await channel.write([wanted])
            settle(harness)
            try:
                (receipt,) = await channel.write([wanted])
            except (WriteRejected, WriteOutcomeUnknown):
                receipt = None
            settle(harness)

        assert receipt is None or receipt.change == wanted
        assert harness.shown("C-3") == 10
        assert harness.shown("A-1") == 5

    async def test_what_can_not_be_written_is_told_apart_from_what_can(
        self, harness: Harness
    ) -> None:
        before = await poll(harness)
        gone, written = change(before.of("A-1"), 3, "c-1"), change(before.of("C-3"), 10, "c-2")
        gone = msgspec.structs.replace(gone, sku="NOBODY", ref="NOBODY")
        async with opened(harness) as channel:
            calls = [[gone, written]] if channel.abilities.batch_max > 1 else [[gone], [written]]
            receipts: list[Receipt | None] = []
            for call in calls:
                try:
                    receipts += await channel.write(call)
                except WriteRejected:
                    receipts += [None] * len(call)
        settle(harness)

        applied = [receipt is not None and _is_accepted(receipt) for receipt in receipts]
        assert applied[0] is False
        assert [receipt.change for receipt in receipts if receipt] == (
            [gone, written] if receipts[0] else [written] if receipts[1] else []
        )
        assert harness.shown("C-3") == (10 if applied[1] else 12)
        assert harness.shown("A-1") == 5

    async def test_what_was_accepted_and_did_not_last_is_read_as_it_is(
        self, harness: Harness
    ) -> None:
        before = (await poll(harness)).of("C-3")
        async with opened(harness) as channel:
            await channel.write([change(before, 10)])
            settle(harness)
            harness.put("C-3", 12)
            answer = await channel.read([ListingRef("C-3", before.location, before.ref)])

        assert [record.available for record in answer.records] == [12]

    async def test_a_strange_sku_is_written_and_read_at_its_own_place(
        self, harness: Harness
    ) -> None:
        for sku in STRANGE:
            harness.put(sku, 1)
        before = await poll(harness)
        async with opened(harness) as channel:
            for sku in STRANGE:
                record = before.of(sku)
                (receipt,) = await channel.write([change(record, 7, sku)])
                settle(harness)
                answer = await channel.read([ListingRef(sku, record.location, record.ref)])
                assert receipt.refused is None
                assert [(found.sku, found.available) for found in answer.records] == [(sku, 7)]

        assert all(harness.shown(sku) == 7 for sku in STRANGE)
        assert {"A-1": 5, "B-2": 0}.items() <= (await poll(harness)).stock.items()

    async def test_a_listing_that_moved_meanwhile_is_a_conflict(self, harness: Harness) -> None:
        before = await poll(harness)
        harness.put("A-1", 4)
        async with opened(harness) as channel:
            (receipt,) = await channel.write([change(before.of("A-1"), 3)])

        assert receipt.conflict
        assert receipt.refused
        assert harness.shown("A-1") == 4

    async def test_a_write_to_what_is_not_there_is_refused(self, harness: Harness) -> None:
        record = (await poll(harness)).of("A-1")
        nobody = change(record, 3)
        nobody = msgspec.structs.replace(nobody, sku="NOBODY", ref="NOBODY")
        async with opened(harness) as channel:
            try:
                (receipt,) = await channel.write([nobody])
            except WriteRejected:
                return

        assert receipt.refused

    async def test_a_few_listings_are_read_afresh(self, harness: Harness) -> None:
        before = await poll(harness)
        harness.put("A-1", 2)
        wanted = [
            ListingRef(sku, before.of(sku).location, before.of(sku).ref) for sku in ("A-1", "C-3")
        ] + [ListingRef("NOBODY", "", "NOBODY")]
        async with opened(harness) as channel:
            assert channel.abilities.reads_one
            answer = await channel.read(wanted)

        assert {record.sku: record.available for record in answer.records} == {"A-1": 2, "C-3": 12}
        assert list(answer.refused) == []

    async def test_a_fresh_reading_that_is_no_good_is_refused_by_name(
        self, harness: Harness
    ) -> None:
        record = (await poll(harness)).of("B-2")
        harness.corrupt("B-2", '"twelve"')
        async with opened(harness) as channel:
            answer = await channel.read([ListingRef("B-2", record.location, record.ref)])

        assert list(answer.records) == []
        assert [refused.sku for refused in answer.refused] == ["B-2"]

    async def test_reading_and_writing_at_once_is_safe(self, harness: Harness) -> None:
        record = (await poll(harness)).of("A-1")
        async with opened(harness) as channel:

            async def sweep() -> int:
                return sum([len(page.records) async for page in channel.pages()])

            counts = await asyncio.gather(sweep(), channel.write([change(record, 3)]), sweep())

        assert counts[0] == counts[2] == 3
        settle(harness)
        assert harness.shown("A-1") == 3


class HttpWritingSuite(ContractSuite):
    """What holds for every kind that writes over HTTP, too."""

    async def test_a_lost_reply_to_a_write_is_an_unknown_outcome(self, harness: OverHttp) -> None:
        record = (await poll(harness)).of("A-1")
        writes: list[ReceivedRequest] = []

        def lose(asked: ReceivedRequest) -> FakeAnswer | None:
            if not harness.is_write(asked):
                return None
            writes.append(asked)
            harness.backend.answer(asked)
            return FakeAnswer(lose=True)

        async with opened(harness) as channel:
            await channel.sign_in()
            harness.front.spoil = lose
            with pytest.raises(WriteOutcomeUnknown):
                await channel.write([change(record, 3)])

        assert len(writes) == 1
        settle(harness)
        assert harness.shown("A-1") == 3

    @pytest.mark.parametrize("status", [400, 422])
    async def test_a_refused_write_gives_the_channels_words(
        self, harness: OverHttp, status: int
    ) -> None:
        record = (await poll(harness)).of("A-1")
        async with opened(harness) as channel:
            await channel.sign_in()
            harness.front.spoil = lambda asked: (
                FakeAnswer({"message": f"no, says {SECRET}"}, status)
                if harness.is_write(asked)
                else None
            )
            with pytest.raises(WriteRejected, match="no, says •••"):
                await channel.write([change(record, 3)])

        assert harness.shown("A-1") == 5


def _is_accepted(receipt: Receipt) -> bool:
    return receipt.refused is None and receipt.unknown is None and receipt.unsent is None

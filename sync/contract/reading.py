"""What every kind of channel passes which can be read, against a real server or file."""

import asyncio
import threading
from collections.abc import Callable
from typing import cast

import pytest

from sync import channels
from sync.channels.base import Channel, SinceSource
from sync.clock import SystemClock
from sync.contract.harness import (
    SECRET,
    SECRET_NAME,
    STRANGE,
    ContractSuite,
    Harness,
    OverHttp,
    opened,
    poll,
)
from sync.contract.loopback import FakeAnswer, ReceivedRequest, script, serving
from sync.errors import ChannelError, ContractBroken, NeedsOperator, Temporary

LONG_AGO = 946_684_800_000
"""The year 2000: all of a channel has changed since."""


async def failure(harness: Harness) -> ChannelError:
    """The error of a poll that fails; it names the channel and shows no secret."""
    with pytest.raises(ChannelError) as caught:
        await poll(harness)
    assert SECRET not in repr(caught.value)
    assert "shop" in str(caught.value)
    return caught.value


async def check_cancelled_poll(
    harness: OverHttp, is_held: Callable[[ReceivedRequest], bool]
) -> None:
    """Hold the answers that `is_held` picks, cancel the poll that waits, and find no task left."""
    held, asked = threading.Event(), threading.Event()

    def hold(request: ReceivedRequest) -> FakeAnswer | None:
        if not is_held(request):
            return None
        asked.set()
        return FakeAnswer(b"{}", wait=held)

    async def swept(channel: Channel) -> int:
        return len([page async for page in channel.pages()])

    harness.front.spoil = hold
    try:
        async with opened(harness) as channel:
            before = asyncio.all_tasks()
            sweep = asyncio.create_task(swept(channel))
            assert await asyncio.to_thread(asked.wait, 10)
            sweep.cancel()
            with pytest.raises(asyncio.CancelledError):
                await sweep
            assert asyncio.all_tasks() == before
    finally:
        held.set()


class ReadingSuite(ContractSuite):
    """What holds for every kind, however it is reached."""

    async def test_a_poll_gives_every_listing_once(self, harness: Harness) -> None:
        reading = await poll(harness)

        assert reading.refused == []
        assert len(reading.records) == len(reading.stock)
        assert reading.stock.items() >= {"A-1": 5, "B-2": 0, "C-3": 12}.items()
        now = SystemClock().now()
        for record in reading.records:
            # A time without its zone would be hours off.
            assert record.source_at is None or record.source_at <= now + 60_000

    async def test_a_large_catalogue_comes_page_by_page_in_a_stable_order(
        self, harness: Harness
    ) -> None:
        for number in range(harness.many):
            harness.put(f"N-{number:05}", number)

        first, second = await poll(harness), await poll(harness)

        assert len(first.pages) > 1
        assert first.records == second.records
        assert len({record.sku for record in first.records}) == len(first.records)
        assert first.stock[f"N-{harness.many - 1:05}"] == harness.many - 1
        announced = [page.announced for page in first.pages if page.announced is not None]
        assert not announced or announced[-1] == len(first.records)

    async def test_negative_stock_is_reported_as_it_is_read(self, harness: Harness) -> None:
        harness.put("A-1", -4)

        assert (await poll(harness)).of("A-1").available == -4

    async def test_a_sku_is_taken_exactly_as_it_is(self, harness: Harness) -> None:
        for number, sku in enumerate(STRANGE):
            harness.put(sku, number)

        stock = (await poll(harness)).stock

        assert {sku: stock[sku] for sku in STRANGE} == {sku: n for n, sku in enumerate(STRANGE)}

    @pytest.mark.parametrize("raw", ['"twelve"', "1e400", "3.5", "9999999999999999", "[]", "true"])
    async def test_a_bad_quantity_blinds_its_own_listing_only(
        self, harness: Harness, raw: str
    ) -> None:
        harness.corrupt("B-2", raw)

        reading = await poll(harness)

        (refused,) = reading.refused
        assert refused.sku == "B-2"
        assert refused.place
        assert refused.reason
        assert reading.stock.items() >= {"A-1": 5, "C-3": 12}.items()
        assert "B-2" not in reading.stock

    async def test_a_quantity_that_is_not_there_is_not_nothing(self, harness: Harness) -> None:
        harness.corrupt("A-1", "null")

        reading = await poll(harness)

        assert reading.stock.get("A-1") is None
        assert reading.stock.items() >= {"B-2": 0, "C-3": 12}.items()

    @pytest.mark.parametrize("raw", ['"4"', '"4.0"', "4.0", '"4.00000"'])
    async def test_a_whole_number_is_itself_however_it_is_written(
        self, harness: Harness, raw: str
    ) -> None:
        harness.corrupt("A-1", raw)

        reading = await poll(harness)

        read = [record.available for record in reading.records if record.sku == "A-1"]
        refused = [refused.sku for refused in reading.refused]
        assert (read, refused) in (([4], []), ([], ["A-1"]))

    @pytest.mark.parametrize("sku", ["K" * 10_000, "esc\x1b[2J", "bell\x07", "bidi\u202e"])
    async def test_a_sku_that_cannot_be_one_blinds_itself_only(
        self, harness: Harness, sku: str
    ) -> None:
        harness.put(sku, 1)

        reading = await poll(harness)

        assert [refused.sku for refused in reading.refused] == [None]
        assert sku not in reading.stock
        assert reading.stock.items() >= {"A-1": 5, "C-3": 12}.items()

    async def test_what_is_no_page_breaks_the_contract_at_a_place(self, harness: Harness) -> None:
        harness.garble()

        error = await failure(harness)

        assert isinstance(error, ContractBroken)
        assert error.path

    async def test_a_channel_that_is_gone_may_come_back(self, harness: Harness) -> None:
        harness.vanish()

        assert type(await failure(harness)) is Temporary

    async def test_signing_in_tells_what_was_seen(self, harness: Harness) -> None:
        async with opened(harness) as channel:
            assert await channel.sign_in()
            assert SECRET not in await channel.sign_in()
            assert SECRET not in repr(channel)

    async def test_what_changed_since_long_ago_is_what_a_poll_has(self, harness: Harness) -> None:
        harness.put("A-1", 4)
        whole = await poll(harness)
        async with opened(harness) as channel:
            if not channel.abilities.since:
                return
            source = cast("SinceSource", channel)
            pages = [page async for page in source.changed(LONG_AGO)]

        changed = {(r.sku, r.location, r.ref): r for page in pages for r in page.records}
        assert changed == {(r.sku, r.location, r.ref): r for r in whole.records}
        assert not any(page.refused for page in pages)

    async def test_closing_twice_is_harmless(self, harness: Harness) -> None:
        async with opened(harness) as channel:
            await channel.sign_in()
            await channel.close()

    async def test_what_a_channel_can_do_is_within_what_its_kind_can(
        self, harness: Harness
    ) -> None:
        most = channels.kind(harness.kind).ABILITIES
        async with opened(harness) as channel:
            can = channel.abilities

        assert can.kind == most.kind == harness.kind
        assert set(can.reads) <= set(most.reads)
        assert can.states <= most.states
        assert set(can.writes) <= set(most.writes) <= {"quantity", "state"}
        assert can.batch_max >= 1
        assert can.writes or not (can.compare_and_set or can.idempotency)


class EmptySuite(ContractSuite):
    """What holds for every kind; its `harness` has no listing at all."""

    async def test_an_empty_catalogue_is_one(self, harness: Harness) -> None:
        reading = await poll(harness)

        assert reading.records == []
        assert reading.refused == []
        assert all(not page.announced for page in reading.pages)


class HttpReadingSuite(ContractSuite):
    """What holds for every kind that asks over HTTP, too."""

    async def test_a_refused_credential_is_named_and_not_shown(
        self, harness: OverHttp, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(SECRET_NAME, "wr0ng-s3cret")

        error = await failure(harness)

        assert type(error) is NeedsOperator
        assert SECRET_NAME in str(error)
        assert "wr0ng-s3cret" not in repr(error)

    @pytest.mark.parametrize("status", [429, 500, 503])
    async def test_a_passing_trouble_is_waited_out(self, harness: OverHttp, status: int) -> None:
        troubles = [FakeAnswer(status=status)]
        harness.front.spoil = lambda _asked: troubles.pop() if troubles else None

        assert (await poll(harness)).stock["A-1"] == 5

    async def test_a_cancelled_poll_leaves_no_request_behind(self, harness: OverHttp) -> None:
        await check_cancelled_poll(harness, lambda _asked: True)

    async def test_a_redirect_to_another_host_is_not_followed(self, harness: OverHttp) -> None:
        with serving(script(FakeAnswer(b"thanks"))) as thief:
            harness.front.spoil = lambda _asked: FakeAnswer(
                status=302, headers={"Location": thief.url}
            )

            assert isinstance(await failure(harness), ContractBroken)
            assert thief.asked == []

    @pytest.mark.parametrize(
        "body", [b"null", b"<html>", b"[" * 100_000, b"[]", b"{}", b"\xff\xfe"]
    )
    async def test_any_other_answer_breaks_the_contract(
        self, harness: OverHttp, body: bytes
    ) -> None:
        harness.front.spoil = lambda _asked: FakeAnswer(body)

        assert isinstance(await failure(harness), ContractBroken | NeedsOperator)

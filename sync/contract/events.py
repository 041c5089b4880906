"""What every kind of channel passes which reports what moved, and when."""

from typing import cast

import pytest

from store.event_kinds import EventKind
from sync.clock import SystemClock
from sync.contract.harness import (
    ContractSuite,
    EventBackend,
    OverHttp,
    event_poll,
    opened,
    read_events,
)
from sync.contract.loopback import FakeAnswer
from sync.errors import ChannelError, ContractBroken


def backend(harness: OverHttp) -> EventBackend:
    return cast("EventBackend", harness.backend)


class EventSuite(ContractSuite):
    """What holds for every kind that reports what moved; its backend is an `EventBackend`."""

    async def test_a_channel_that_reports_events_says_so(self, harness: OverHttp) -> None:
        async with opened(harness) as channel:
            assert channel.abilities.events

    async def test_an_order_is_reported_with_its_name_its_time_and_the_same_id_each_time(
        self,
        harness: OverHttp,
    ) -> None:
        order = backend(harness).order("A-1", 2)

        first, second = await read_events(harness), await read_events(harness)

        (event,) = [event for event in first.events if event.sku == "A-1"]
        assert (event.kind, event.quantity, event.order) == (EventKind.ORDERED, 2, order)
        assert 0 <= SystemClock().now() - event.at <= 2 * 86_400_000
        assert first.events == second.events
        assert first.refused == []
        assert len({event.id for event in first.events}) == len(first.events)

    async def test_a_count_is_reported_as_a_signed_adjustment(self, harness: OverHttp) -> None:
        backend(harness).count("C-3", -4)

        moved = (await read_events(harness)).moved

        assert moved[-1] == (EventKind.ADJUSTED, "C-3", -4)

    async def test_many_events_come_page_by_page_each_once(self, harness: OverHttp) -> None:
        for number in range(1, 8):
            backend(harness).order("C-3", number)

        found = await read_events(harness)

        quantities = [quantity for kind, sku, quantity in found.moved if kind is EventKind.ORDERED]
        assert quantities == list(range(1, 8))

    async def test_reading_goes_on_from_the_cursor_and_loses_nothing(
        self, harness: OverHttp
    ) -> None:
        backend(harness).order("A-1", 1)
        async with opened(harness) as channel:
            before = await event_poll(channel)
            backend(harness).order("C-3", 3)
            after = await event_poll(channel, before.cursor)
            again = await event_poll(channel, after.cursor)

        assert before.cursor is not None
        new = [event for event in after.events if event not in before.events]
        assert [(event.sku, event.quantity) for event in new] == [("C-3", 3)]
        assert [event for event in again.events if event not in after.events] == []

    async def test_what_is_asked_again_on_purpose_is_marked(self, harness: OverHttp) -> None:
        backend(harness).order("A-1", 1)
        before = await read_events(harness)

        after = await read_events(harness, before.cursor)

        for page in after.pages:
            for event in page.events:
                assert page.again_until is not None
                assert event.at <= page.again_until

    async def test_where_nothing_moved_nothing_is_reported(self, harness: OverHttp) -> None:
        found = await read_events(harness)

        assert found.events == []
        assert found.refused == []

    async def test_a_bad_event_is_refused_alone_and_named(self, harness: OverHttp) -> None:
        backend(harness).order("A-1", 1)
        backend(harness).order("B-2", 2)
        backend(harness).order("C-3", 3)
        backend(harness).misreport("B-2")

        found = await read_events(harness)

        (refused,) = found.refused
        assert refused.sku == "B-2"
        assert refused.place
        assert refused.reason
        assert {"A-1", "C-3"} <= {event.sku for event in found.events}
        assert "B-2" not in {event.sku for event in found.events}

    @pytest.mark.parametrize("body", [b"null", b"[]", b"{}", b"<html>", b'{"items": ['])
    async def test_events_that_are_no_page_break_the_contract(
        self, harness: OverHttp, body: bytes
    ) -> None:
        async with opened(harness) as channel:
            await channel.sign_in()
            harness.front.spoil = lambda _asked: FakeAnswer(body)
            with pytest.raises(ChannelError) as caught:
                await event_poll(channel)

        assert isinstance(caught.value, ContractBroken)
        assert "shop" in str(caught.value)

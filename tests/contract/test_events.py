"""The part of the contract suite that every kind passes which tells what moved."""

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from store.event_kinds import EventKind
from sync import channels
from sync.clock import SystemClock
from sync.errors import ChannelError, ContractBroken
from tests.contract.harness import (
    EventBackend,
    OverHttp,
    event_poll,
    opened,
    read_events,
)
from tests.contract.kinds import running
from tests.loopback import Answer

TELLING = sorted(kind for kind in channels.KINDS if channels.kind(kind).ABILITIES.events)


@pytest.fixture(params=TELLING)
def telling(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OverHttp]:
    with running(request.param, tmp_path) as found:
        assert isinstance(found, OverHttp)
        yield found


def backend(telling: OverHttp) -> EventBackend:
    return cast("EventBackend", telling.backend)


async def test_a_channel_that_reports_events_says_so(telling: OverHttp) -> None:
    async with opened(telling) as channel:
        assert channel.abilities.events


async def test_an_order_is_reported_with_its_name_its_time_and_the_same_id_each_time(
    telling: OverHttp,
) -> None:
    order = backend(telling).order("A-1", 2)

    first, second = await read_events(telling), await read_events(telling)

    (event,) = [event for event in first.events if event.sku == "A-1"]
    assert (event.kind, event.quantity, event.order) == (EventKind.ORDERED, 2, order)
    assert 0 <= SystemClock().now() - event.at <= 2 * 86_400_000
    assert first.events == second.events
    assert first.refused == []
    assert len({event.id for event in first.events}) == len(first.events)


async def test_a_count_is_reported_as_a_signed_adjustment(telling: OverHttp) -> None:
    backend(telling).count("C-3", -4)

    moved = (await read_events(telling)).moved

    assert moved[-1] == (EventKind.ADJUSTED, "C-3", -4)


async def test_many_events_come_page_by_page_each_once(telling: OverHttp) -> None:
    for number in range(1, 8):
        backend(telling).order("C-3", number)

    found = await read_events(telling)

    quantities = [quantity for kind, sku, quantity in found.moved if kind is EventKind.ORDERED]
    assert quantities == list(range(1, 8))


async def test_reading_goes_on_from_the_cursor_and_loses_nothing(telling: OverHttp) -> None:
    backend(telling).order("A-1", 1)
    async with opened(telling) as channel:
        before = await event_poll(channel)
        backend(telling).order("C-3", 3)
        after = await event_poll(channel, before.cursor)
        again = await event_poll(channel, after.cursor)

    assert before.cursor is not None
    new = [event for event in after.events if event not in before.events]
    assert [(event.sku, event.quantity) for event in new] == [("C-3", 3)]
    assert [event for event in again.events if event not in after.events] == []


async def test_what_is_asked_again_on_purpose_is_marked(telling: OverHttp) -> None:
    backend(telling).order("A-1", 1)
    before = await read_events(telling)

    after = await read_events(telling, before.cursor)

    for page in after.pages:
        for event in page.events:
            assert page.again_until is not None
            assert event.at <= page.again_until


async def test_where_nothing_moved_nothing_is_reported(telling: OverHttp) -> None:
    found = await read_events(telling)

    assert found.events == []
    assert found.refused == []


async def test_a_bad_event_is_refused_alone_and_named(telling: OverHttp) -> None:
    backend(telling).order("A-1", 1)
    backend(telling).order("B-2", 2)
    backend(telling).order("C-3", 3)
    backend(telling).misreport("B-2")

    found = await read_events(telling)

    (refused,) = found.refused
    assert refused.sku == "B-2"
    assert refused.place
    assert refused.reason
    assert {"A-1", "C-3"} <= {event.sku for event in found.events}
    assert "B-2" not in {event.sku for event in found.events}


@pytest.mark.parametrize("body", [b"null", b"[]", b"{}", b"<html>", b'{"items": ['])
async def test_events_that_are_no_page_break_the_contract(telling: OverHttp, body: bytes) -> None:
    async with opened(telling) as channel:
        await channel.sign_in()
        telling.front.spoil = lambda _asked: Answer(body)
        with pytest.raises(ChannelError) as caught:
            await event_poll(channel)

    assert isinstance(caught.value, ContractBroken)
    assert "shop" in str(caught.value)

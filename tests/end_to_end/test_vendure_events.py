"""The vendure kind's events against a real shop: what they add up to is what the shop has."""

import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import cast

import msgspec
import pytest

from store.event_kinds import EFFECTS, Event
from sync import channels
from sync.channels.base import Channel, EventSource
from sync.channels.vendure.channel import VendureOptions
from sync.clock import SystemClock
from sync.settings import ChannelSettings
from tests.end_to_end.shop import PASSWORD, USER, Shop, missing, running_shop

SKU = "SKU-0040"

pytestmark = [
    pytest.mark.real_shop,
    pytest.mark.skipif(missing() is not None, reason=f"no real shop: {missing()}"),
]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with running_shop(tmp_path_factory.mktemp("vendure"), variants=60) as found:
        yield found


@pytest.fixture
async def channel(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Channel]:
    monkeypatch.setenv("SHOP_PASSWORD", PASSWORD)
    options = {
        "url": f"{shop.url}/admin-api",
        "username": USER,
        "password": {"env": "SHOP_PASSWORD"},
    }
    options = msgspec.convert(options, VendureOptions)
    settings = ChannelSettings(name="shop", kind="vendure", options=options)
    opened = channels.open_channel(settings, SystemClock(), tmp_path)
    try:
        yield opened
    finally:
        await opened.close()


async def hear(channel: Channel, cursor: str | None) -> tuple[list[Event], str | None]:
    """One poll as the engine does it: the events, then the listings."""
    pages = [page async for page in cast("EventSource", channel).events(cursor)]
    async for _ in channel.pages():
        pass
    assert [refused for page in pages for refused in page.refused] == []
    return [event for page in pages for event in page.events], pages[-1].cursor or cursor


async def test_the_events_add_up_to_what_the_shop_then_has(shop: Shop, channel: Channel) -> None:
    known: dict[str, Event] = {}
    opening = (shop.saleable()[SKU], shop.stock()[SKU])
    events, cursor = await hear(channel, None)
    before = {event.id for event in events}

    code = shop.buy(SKU, 6)
    acts: tuple[Callable[[], None], ...] = (
        lambda: shop.fulfil(code, 4),
        lambda: shop.cancel(code, 3),
        lambda: shop.put(SKU, 50),
        lambda: None,
        lambda: None,
    )
    for act in acts:
        act()
        events, cursor = await hear(channel, cursor)
        for event in events:
            assert known.setdefault(event.id, event) == event, "the same each time"

    mine = [event for event in known.values() if event.sku == SKU and event.id not in before]
    # Vendure lets go of the 2 that were not packed too, though 3 were cancelled.
    assert sorted((str(event.kind), event.quantity, event.order) for event in mine) == [
        ("adjusted", 50 - (40 - 4 + 3), None),
        ("cancelled", 2, None),
        ("ordered", 6, code),
        ("received", 3, None),
        ("shipped", 4, None),
    ]
    available = sum(EFFECTS[event.kind].available * event.quantity for event in mine)
    on_hand = sum(EFFECTS[event.kind].on_hand * event.quantity for event in mine)
    assert (opening[0] + available, opening[1] + on_hand) == (
        shop.saleable()[SKU],
        shop.stock()[SKU],
    )
    assert all(abs(event.at - time.time() * 1000) < 60_000 for event in mine)


async def test_a_sale_is_told_by_the_very_next_poll(shop: Shop, channel: Channel) -> None:
    _, cursor = await hear(channel, None)
    code = shop.buy("SKU-0021", 1)

    events, _ = await hear(channel, cursor)

    assert ("SKU-0021", 1, code) in [(event.sku, event.quantity, event.order) for event in events]

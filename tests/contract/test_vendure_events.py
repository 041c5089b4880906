"""Stock movements of the vendure kind: found by what moved, and reported with their orders."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from store.event_kinds import EventKind
from sync.channels.base import Channel
from sync.channels.vendure import events
from sync.channels.vendure.movements import KINDS
from sync.clock import SystemClock
from sync.errors import NeedsOperator
from tests.contract.harness import (
    SECRET,
    SECRET_NAME,
    OverHttp,
    event_poll,
    opened,
    over_http,
    read_events,
)
from tests.fakes.vendure import Vendure, in_seconds
from tests.loopback import Answer


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SECRET_NAME, SECRET)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[OverHttp]:
    backend = Vendure()
    for number in range(1, 4):
        backend.put(f"SKU-{number}", 10)
    with over_http(backend, tmp_path) as harness:
        yield harness


def api(shop: OverHttp) -> Vendure:
    assert isinstance(shop.backend, Vendure)
    return shop.backend


def asked(shop: OverHttp, name: str) -> int:
    """How often a question of this name was asked."""
    return sum(f"query {name}(".encode() in request.body for request in shop.server.asked)


async def poll(channel: Channel) -> None:
    async for _ in channel.pages():
        pass


async def test_where_nothing_moved_the_cost_is_two_questions(shop: OverHttp) -> None:
    for number in range(100, 600):
        api(shop).put(f"N-{number}", 1)

    assert (await read_events(shop)).events == []

    assert asked(shop, "SkewOrders") == asked(shop, "SkewEdited") == 1
    assert asked(shop, "SkewMovements") == 0


async def test_an_edit_that_left_the_stock_alone_is_not_looked_into(shop: OverHttp) -> None:
    api(shop).variants[0].edited_at = in_seconds(SystemClock().now())

    found = await read_events(shop)

    assert found.events == []
    assert asked(shop, "SkewMovements") == 0
    assert found.cursor is not None


async def test_a_fulfilment_is_reported_once_the_listings_were_seen_to_move(shop: OverHttp) -> None:
    """It changes neither its order's time nor its variant's, only the stock level's."""
    async with opened(shop) as channel:
        assert (await event_poll(channel)).events == []
        api(shop).move("SKU-1", "SALE", -3)
        assert (await event_poll(channel)).events == []
        await poll(channel)

        assert (await event_poll(channel)).moved == [(EventKind.SHIPPED, "SKU-1", 3)]


async def test_what_moved_long_ago_is_not_reported(shop: OverHttp) -> None:
    api(shop).move("SKU-1", "ADJUSTMENT", 10, "2026-01-01T00:00:00.000Z")
    api(shop).order("SKU-1", 1)

    assert (await read_events(shop)).moved == [(EventKind.ORDERED, "SKU-1", 1)]


async def test_a_long_history_is_read_back_from_its_end(shop: OverHttp) -> None:
    for number in range(1, 1_001):
        api(shop).move("SKU-1", "ADJUSTMENT", number, "2026-01-01T00:00:00.000Z")
    for number in range(1, 61):
        api(shop).order("SKU-1", number)

    moved = (await read_events(shop)).moved

    assert [units for _, _, units in moved] == list(range(1, 61))
    assert asked(shop, "SkewMovements") == 3


async def test_a_variant_whose_stock_is_not_tracked_is_left_out(shop: OverHttp) -> None:
    api(shop).variants[0].tracked = "FALSE"
    api(shop).order("SKU-1", 1)
    api(shop).order("SKU-2", 2)

    assert (await read_events(shop)).moved == [(EventKind.ORDERED, "SKU-2", 2)]


async def test_a_deleted_variant_is_left_out(shop: OverHttp) -> None:
    api(shop).order("SKU-1", 1)
    api(shop).order("SKU-2", 2)
    del api(shop).variants[0]

    assert (await read_events(shop)).moved == [(EventKind.ORDERED, "SKU-2", 2)]


async def test_alike_orders_keep_their_names_however_often_they_are_read(shop: OverHttp) -> None:
    orders = [api(shop).order("SKU-1", 2) for _ in range(3)]

    first = await read_events(shop)
    api(shop).order("SKU-1", 2)
    second = await read_events(shop, first.cursor)

    assert [event.order for event in first.events] == orders
    assert second.events[:3] == first.events
    assert second.events[3].order == "ORDER4"


async def test_an_order_that_comes_while_we_read_is_reported_with_its_name(shop: OverHttp) -> None:
    api(shop).order("SKU-1", 1)
    late: list[str] = []

    def buy(query: str) -> None:
        if "SkewMovements" in query and not late:
            late.append(api(shop).order("SKU-1", 5))

    api(shop).before_answer = buy

    found = await read_events(shop)

    assert [event.order for event in found.events] == ["ORDER1", *late]


async def test_an_allocation_without_an_order_is_reported_without_one(shop: OverHttp) -> None:
    """An order that was modified allocates more, and says so nowhere."""
    api(shop).order("SKU-1", 1)
    api(shop).move("SKU-1", "ALLOCATION", 7)

    found = await read_events(shop)

    assert [(event.quantity, event.order) for event in found.events] in (
        [(1, "ORDER1"), (7, None)],
        [(7, None), (1, "ORDER1")],
    )


async def test_more_variants_than_a_reading_asks_for_are_said(
    shop: OverHttp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "VARIANTS_MAX", 2)
    monkeypatch.setattr(events, "AT_ONCE", 1)
    for number in range(1, 4):
        api(shop).order(f"SKU-{number}", number)

    found = await read_events(shop)

    assert len(found.events) == 2
    assert [event.reason for event in found.refused] == [
        "3 variants moved at once; only 2 of them were read, the others come with the next polls"
    ]


async def test_a_movement_of_nothing_is_left_out(shop: OverHttp) -> None:
    api(shop).order("SKU-1", 1)
    api(shop).move("SKU-1", "RELEASE", 0)

    found = await read_events(shop)

    assert (len(found.events), found.refused) == (1, [])


async def test_a_missing_right_is_for_the_operator(shop: OverHttp) -> None:
    async with opened(shop) as channel:
        await channel.sign_in()
        error = {"message": "not allowed", "extensions": {"code": "FORBIDDEN"}}
        answer = Answer({"errors": [error], "data": None})
        shop.front.spoil = lambda asked: answer if b"SkewOrders" in asked.body else None

        with pytest.raises(NeedsOperator, match=r"does not allow orders"):
            await event_poll(channel)


def test_every_kind_of_movement_has_a_meaning() -> None:
    assert KINDS["CANCELLATION"] is EventKind.RECEIVED
    assert set(KINDS) == {"ADJUSTMENT", "ALLOCATION", "RELEASE", "SALE", "CANCELLATION", "RETURN"}

"""Skew as installed, against a real shop: the warehouse's file is right, the shop is corrected.

And the vendure kind's events by themselves: what they add up to is what the shop has. All in one
file, because a shop takes ten seconds of processor time to start.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from store.event_kinds import EFFECTS, Event
from sync import channels
from sync.channels.base import Channel
from sync.channels.vendure import event_cursor, read_memory
from sync.channels.vendure import events as movements_read
from sync.channels.vendure.options import VendureOptions
from sync.clock import SystemClock
from sync.settings import ChannelSettings
from tests.end_to_end.shop import PASSWORD, USER, Shop, missing, running_shop
from tests.end_to_end.vendure_desk import BUFFER, CONFIGURATION, VARIANTS, Desk, hear, relayed

SOLD = "SKU-0038"
"""Bought, packed, cancelled and counted by the test of the events alone; 38 on hand before."""

pytestmark = [
    pytest.mark.real_shop,
    pytest.mark.skipif(missing() is not None, reason=f"no real shop: {missing()}"),
]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with running_shop(tmp_path_factory.mktemp("vendure"), variants=VARIANTS) as found:
        yield found


@pytest.fixture
def desk(shop: Shop, tmp_path: Path) -> Desk:
    """A desk at which nothing disagrees: the warehouse has what the shop shows, and the buffer."""
    content = CONFIGURATION.format(url=shop.url, buffer=BUFFER)
    (tmp_path / "skew.toml").write_text(content)
    desk = Desk(tmp_path, {"SHOP_PASSWORD": PASSWORD}, {"SHOP_USERNAME": USER})
    desk.warehouse_drops(agreeing(shop))
    return desk


def agreeing(shop: Shop) -> dict[str, int]:
    return {sku: saleable + BUFFER for sku, saleable in shop.saleable().items()}


def test_what_an_operator_approves_is_what_the_shop_then_has(shop: Shop, desk: Desk) -> None:
    before = shop.stock()
    counted = agreeing(shop)
    counted["SKU-0007"] = 5  # The shop shows 7 and may show 3.
    counted["SKU-0031"] = 0  # The shop shows 31 and may show none.
    counted["SKU-0040"] += 6  # A raise, which waits for a second reading.
    desk.warehouse_drops(counted)

    assert desk.skew("check", "--online").code == 0
    assert desk.skew("poll").code == 0
    differing = desk.skew("diff", "--json")
    assert differing.code == 1
    found = {disagreement["sku"]: disagreement for disagreement in differing.json["disagreements"]}
    assert {sku: disagreement["delta"] for sku, disagreement in found.items()} == {
        "SKU-0007": -4,
        "SKU-0031": -31,
        "SKU-0040": 6,
    }
    assert found["SKU-0040"]["status"] == "settling"
    assert shop.stock() == before

    assert desk.skew("approve", "--all", "--by", "ana").code == 0
    assert shop.stock() == before
    applied = desk.skew("apply", "--json")
    assert applied.code == 0, applied
    assert {update["sku"]: update["status"] for update in applied.json["updates"]} == {
        "SKU-0007": "verified",
        "SKU-0031": "verified",
    }
    assert shop.stock() == {**before, "SKU-0007": 3, "SKU-0031": 0}

    desk.warehouse_drops(counted)
    assert desk.skew("poll").code == 0
    assert desk.skew("approve", "--all", "--by", "ana").code == 0
    assert desk.skew("apply").code == 0
    assert shop.stock() == {**before, "SKU-0007": 3, "SKU-0031": 0, "SKU-0040": 46}
    assert desk.skew("diff").code == 0
    assert desk.skew("status").code == 0


def test_an_order_lowers_what_is_saleable_and_a_write_leaves_the_order_alone(
    shop: Shop, desk: Desk
) -> None:
    counted = agreeing(shop)
    shop.buy("SKU-0045", 4)
    desk.skew("poll")
    # The warehouse does not include it yet, but the shop has reported it: nothing is to be raised.
    assert desk.skew("diff", "--json").json["disagreements"] == []

    counted["SKU-0045"] = 30 + BUFFER  # The warehouse knows of the order, and of a loss.
    desk.warehouse_drops(counted)
    desk.skew("poll")
    assert desk.skew("approve", "--all", "--by", "ana").code == 0
    assert desk.skew("apply").code == 0

    (level,) = shop.variant("SKU-0045")["stockLevels"]
    assert (level["stockOnHand"], level["stockAllocated"]) == (34, 4)
    assert desk.skew("diff").code == 0


def test_an_order_and_our_own_write_are_reported_as_events_once(shop: Shop, desk: Desk) -> None:
    counted = agreeing(shop)
    desk.skew("poll")
    code = shop.buy("SKU-0033", 2)
    counted["SKU-0033"] = 20 + BUFFER
    desk.warehouse_drops(counted)
    desk.skew("poll")
    assert desk.skew("approve", "--all", "--by", "ana").code == 0
    assert desk.skew("apply").code == 0
    desk.skew("poll")
    desk.skew("poll")

    mine = [event for event in desk.events() if event[1] == "SKU-0033"]
    assert mine == [
        ("adjusted", "SKU-0033", 33, None, 0),  # The shop was filled within the hour.
        ("ordered", "SKU-0033", 2, code, 0),
        ("adjusted", "SKU-0033", -11, None, 0),
    ]
    assert desk.skew("status", "--json").json["incidents"] == []


def test_a_listing_that_moved_after_the_approval_is_not_overwritten(shop: Shop, desk: Desk) -> None:
    counted = agreeing(shop)
    counted["SKU-0012"] = 9 + BUFFER
    desk.warehouse_drops(counted)
    desk.skew("poll")
    assert desk.skew("approve", "--all", "--by", "ana").code == 0
    shop.put("SKU-0012", 5)  # Somebody was quicker, and went below the target.

    applied = desk.skew("apply", "--json")

    assert applied.code == 1
    assert shop.variant("SKU-0012")["stockLevels"][0]["stockOnHand"] == 5
    shop.put("SKU-0012", 12)


@pytest.mark.parametrize("polls", [False, True], ids=["found by the recheck", "found by a poll"])
def test_a_sku_that_became_another_variant_is_not_written(
    shop: Shop, desk: Desk, *, polls: bool
) -> None:
    approved, other = "SKU-0047", "SKU-0048"
    shop.put(other, 47)  # Both show the same, so that only the variant's id gives it away.
    desk.warehouse_drops({**agreeing(shop), approved: 40 + BUFFER})
    desk.skew("poll")
    assert desk.skew("approve", "--all", "--by", "ana").code == 0
    ids = shop.variant(approved)["id"], shop.variant(other)["id"]
    shop.rename(approved, "SKU-OLD")
    shop.rename(other, approved)
    if polls:
        desk.skew("poll", "shop")

    applied = desk.skew("apply", "--json")

    (update,) = applied.json["updates"]
    assert applied.code == 1
    assert update["status"] == ("superseded" if polls else "failed")
    assert f'"{ids[1]}"' in update["result"]
    assert f'approved was {"ref " * polls}"{ids[0]}"' in update["result"]
    assert (shop.stock()[approved], shop.stock()["SKU-OLD"]) == (47, 47)
    shop.rename(approved, other)
    shop.rename("SKU-OLD", approved)
    shop.put(other, 48)


def test_a_disabled_article_is_taken_off_sale(shop: Shop, desk: Desk) -> None:
    desk.warehouse_drops(agreeing(shop), disabled=("SKU-0020",))
    desk.skew("poll")
    (found,) = desk.skew("diff", "--json").json["disagreements"]
    assert (found["sku"], found["kind"]) == ("SKU-0020", "state")

    assert desk.skew("approve", "--all", "--by", "ana").code == 0
    assert desk.skew("apply").code == 0

    variant = shop.variant("SKU-0020")
    assert variant["enabled"] is False
    assert variant["stockLevels"][0]["stockOnHand"] == 20


def test_a_half_written_file_changes_nothing(shop: Shop, desk: Desk) -> None:
    desk.skew("poll")
    (desk.folder / "warehouse.csv").write_text("Item;Qty;State\nSKU-0001;3;active\nSKU-00")

    polled = desk.skew("poll", "--json")

    assert polled.code == 1
    outcomes = {poll["channel"]: poll["ok"] for poll in polled.json["polls"]}
    assert outcomes == {"warehouse": False, "shop": True}
    assert "SKU-0001" not in [
        disagreement["sku"] for disagreement in desk.skew("diff", "--json").json["disagreements"]
    ]


def test_a_wrong_password_is_named_and_never_shown(desk: Desk) -> None:
    desk.secrets["SHOP_PASSWORD"] = "wr0ng-s3cret"

    ran = desk.skew("check", "--online")

    assert ran.code == 2
    assert "SHOP_PASSWORD" in ran.out + ran.err
    assert "wr0ng-s3cret" not in ran.out + ran.err


@pytest.mark.parametrize("watched", [True, False], ids=["polled in between", "polled after"])
def test_a_number_that_was_mistyped_and_put_right_is_proposed_for_nowhere(
    shop: Shop,
    desk: Desk,
    watched: bool,  # noqa: FBT001 - a way of watching.
) -> None:
    sku = "SKU-0044" if watched else "SKU-0045"
    right = shop.stock()[sku]
    assert desk.skew("poll").code == 0

    shop.put(sku, right - 14)
    if watched:
        assert desk.skew("poll").code == 0
    shop.put(sku, right)
    assert desk.skew("poll").code == 0
    desk.skew("poll")

    adjusted = [
        quantity for kind, of, quantity, _, _ in desk.events() if of == sku and kind == "adjusted"
    ]
    assert adjusted[-2:] == [-14, 14]
    found = desk.skew("diff", "--sku", sku, "--json")
    assert (found.code, found.json["disagreements"]) == (0, [])
    updates = desk.skew("updates", "--json").json["updates"]
    assert [update for update in updates if update["sku"] == sku] == []

    # A fall that nobody takes back still lowers: the warehouse may not know of it.
    shop.put(sku, right - 3)
    desk.skew("poll")
    (entry,) = [
        event
        for event in desk.skew("history", sku, "--json").json["entries"]
        if event["kind"] == "event" and event.get("quantity") == -3
    ]
    assert entry["fate"] == "projected"


@pytest.fixture
async def channel(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Channel]:
    monkeypatch.setenv("SHOP_PASSWORD", PASSWORD)
    keys = {"url": f"{shop.url}/admin-api", "username": USER, "password": {"env": "SHOP_PASSWORD"}}
    options = msgspec.convert(keys, VendureOptions)
    settings = ChannelSettings(name="shop", kind="vendure", options=options)
    opened = channels.open_channel(settings, SystemClock(), tmp_path)
    try:
        yield opened
    finally:
        await opened.close()


async def test_the_events_add_up_to_what_the_shop_then_has(shop: Shop, channel: Channel) -> None:
    known: dict[str, Event] = {}
    opening = (shop.saleable()[SOLD], shop.stock()[SOLD])
    events, cursor = await hear(channel, None)
    before = {event.id for event in events}

    code = shop.buy(SOLD, 6)
    acts: tuple[Callable[[], None], ...] = (
        lambda: shop.fulfil(code, 4),
        lambda: shop.cancel(code, 3),
        lambda: shop.put(SOLD, 50),
        lambda: None,
        lambda: None,
    )
    for act in acts:
        act()
        events, cursor = await hear(channel, cursor)
        for event in events:
            assert known.setdefault(event.id, event) == event, "the same each time"

    mine = [event for event in known.values() if event.sku == SOLD and event.id not in before]
    # Vendure lets go of the 2 that were not packed too, though 3 were cancelled.
    assert sorted((str(event.kind), event.quantity, event.order) for event in mine) == [
        ("adjusted", 50 - (38 - 4 + 3), None),
        ("cancelled", 2, None),
        ("ordered", 6, code),
        ("received", 3, None),
        ("shipped", 4, None),
    ]
    available = sum(EFFECTS[event.kind].available * event.quantity for event in mine)
    on_hand = sum(EFFECTS[event.kind].on_hand * event.quantity for event in mine)
    assert (opening[0] + available, opening[1] + on_hand) == (
        shop.saleable()[SOLD],
        shop.stock()[SOLD],
    )
    assert all(abs(event.at - time.time() * 1000) < 60_000 for event in mine)


async def test_what_a_bulk_change_moved_is_read_and_then_left_alone(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_PASSWORD", PASSWORD)
    # The shop's time can't be moved: so a reading looks back by seconds here, and not by minutes.
    monkeypatch.setattr(movements_read, "OVERLAP_MS", 4_000)
    monkeypatch.setattr(event_cursor, "OVERLAP_MS", 4_000)
    monkeypatch.setattr(read_memory, "SETTLED_MS", 1_500)
    with relayed(shop) as relay:
        keys = {"url": f"{relay.url}/admin-api", "username": USER}
        options = msgspec.convert(keys | {"password": {"env": "SHOP_PASSWORD"}}, VendureOptions)
        settings = ChannelSettings(name="shop", kind="vendure", options=options)
        channel = channels.open_channel(settings, SystemClock(), tmp_path)
        try:
            _, cursor = await hear(channel, None)
            shop.put_all(21)
            costs, moved = [], set()
            for _ in range(9):
                before = len(relay.asked)
                events, cursor = await hear(channel, cursor)
                costs.append(len(relay.asked) - before)
                moved |= {event.sku for event in events if event.quantity}
                await asyncio.sleep(1)
            code = shop.buy("SKU-0022", 1)
            events, _ = await hear(channel, cursor)
        finally:
            await channel.close()

    assert len(moved) >= VARIANTS - 1, "one had 21 already"
    assert costs[0] > 3
    assert costs[-2:] == [3, 3], "a page of listings, the orders, the edits"
    assert code in [event.order for event in events]


async def test_a_sale_is_reported_by_the_very_next_poll(shop: Shop, channel: Channel) -> None:
    _, cursor = await hear(channel, None)
    code = shop.buy("SKU-0021", 1)

    events, _ = await hear(channel, cursor)

    assert ("SKU-0021", 1, code) in [(event.sku, event.quantity, event.order) for event in events]

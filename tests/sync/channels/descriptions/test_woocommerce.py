"""The description of WooCommerce, against a shop that answers as a running 10.0 did."""

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from sync.channels.base import Change, Channel
from sync.errors import NeedsOperator
from tests.loopback import ReceivedRequest
from tests.sync.channels.descriptions.vendors.vendor import listed, read, shown, using, write
from tests.sync.channels.descriptions.vendors.woocommerce import KEY, SECRET, WooCommerce

ENVIRON = {"SHOP_CONSUMER_KEY": KEY, "SHOP_CONSUMER_SECRET": SECRET}


@pytest.fixture
def shop() -> WooCommerce:
    shop = WooCommerce()
    shop.add(1, "MUG", 12)
    shop.add(2, "GIFT")  # Its stock is not managed.
    shop.add(3, "SOLD", 0, stock_status="onbackorder")
    shop.add(4, "", 3)  # No SKU: nobody can compare it.
    shop.add(5, "OLD", 4, status="draft")
    shop.add(6, "GONE", stock_status="outofstock")
    shop.add(7, "SHIRT", type="variable")
    shop.add_variation(7, 71, "SHIRT-S", 9)
    shop.add_variation(7, 72, "SHIRT-L", 0, status="private")
    shop.add(8, "POOL", 30, type="variable")
    shop.add_variation(8, 81, "POOL-RED", 30, manage_stock="parent")
    shop.add_variation(8, 82, "POOL-OWN", 2)
    shop.add_variation(8, 83, "POOL", 30, manage_stock="parent")  # Its own SKU is none.
    return shop


@pytest.fixture
async def opened(
    shop: WooCommerce, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Channel, list[ReceivedRequest]]]:
    for name, value in ENVIRON.items():
        monkeypatch.setenv(name, value)
    async with using(shop, tmp_path, ENVIRON) as found:
        yield found


Opened = tuple[Channel, list[ReceivedRequest]]


async def test_products_and_variations_are_read_each_as_what_it_is(opened: Opened) -> None:
    assert shown(await listed(opened[0])) == {
        "MUG": (12, "active"),
        "GIFT": (None, "uncounted"),
        "SOLD": (0, "backorder"),
        "OLD": (4, "disabled"),
        "GONE": (None, "disabled"),
        "SHIRT-S": (9, "active"),
        "SHIRT-L": (0, "disabled"),
        "POOL": (30, "active"),
        "POOL-RED": (None, "uncounted"),
        "POOL-OWN": (2, "active"),
    }


async def test_a_catalogue_of_many_pages_is_whole(shop: WooCommerce, opened: Opened) -> None:
    for number in range(1000, 1200):
        shop.add(number, f"T-{number}", 1)
    shop.add(2000, "BIG", type="variable")
    for number in range(2001, 2131):
        shop.add_variation(2000, number, f"BIG-{number}", 1)
    assert len(await listed(opened[0])) == 10 + 200 + 130


async def test_single_records_are_those_of_the_list(opened: Opened) -> None:
    records = await listed(opened[0])
    for sku in ("MUG", "SHIRT-S", "POOL"):
        single = await read(opened[0], records[sku])
        assert (single.available, single.state, single.ref) == (
            records[sku].available, records[sku].state, records[sku].ref
        )  # fmt: skip


async def test_products_and_the_variations_of_each_are_written_in_batches(
    shop: WooCommerce, opened: Opened
) -> None:
    channel, asked = opened
    receipts = await write(channel, {"MUG": 5, "SHIRT-S": 1, "POOL": 20, "POOL-OWN": 0})
    assert {sku: receipt.refused for sku, receipt in receipts.items()} == dict.fromkeys(
        ("MUG", "SHIRT-S", "POOL", "POOL-OWN")
    )
    assert shop.products[1]["stock_quantity"] == 5
    assert shop.products[8]["stock_quantity"] == 20
    assert shop.variations[7][71]["stock_quantity"] == 1
    assert shop.variations[8][82]["stock_quantity"] == 0
    posted = sorted(urlsplit(request.path).path for request in asked if request.method == "POST")
    assert posted == [
        "/wp-json/wc/v3/products/7/variations/batch",
        "/wp-json/wc/v3/products/8/variations/batch",
        "/wp-json/wc/v3/products/batch",
    ]


async def test_one_that_is_refused_in_a_batch_is_refused_alone(
    shop: WooCommerce, opened: Opened
) -> None:
    channel, _ = opened
    records = await listed(channel)
    del shop.products[3]
    receipts = await channel.write(
        [
            Change(sku, "", records[sku].ref, 1, records[sku], f"k-{sku}")
            for sku in ("MUG", "SOLD", "OLD")
        ]
    )
    assert [(r.change.sku, r.refused is None) for r in receipts] == [
        ("MUG", True), ("SOLD", False), ("OLD", True)
    ]  # fmt: skip
    assert "Invalid ID" in str(receipts[1].refused)
    assert (shop.products[1]["stock_quantity"], shop.products[5]["stock_quantity"]) == (1, 1)


async def test_every_read_asks_past_the_cache(shop: WooCommerce, opened: Opened) -> None:
    records = await listed(opened[0])
    shop.products[1]["stock_quantity"] = 2
    assert (await read(opened[0], records["MUG"])).available == 2
    assert shop.cached == {}


async def test_a_wrong_key_is_named(
    shop: WooCommerce, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = {**ENVIRON, "SHOP_CONSUMER_SECRET": "cs_other"}
    for name, value in wrong.items():
        monkeypatch.setenv(name, value)
    async with using(shop, tmp_path, wrong) as (channel, _):
        with pytest.raises(NeedsOperator, match="SHOP_CONSUMER_SECRET"):
            await listed(channel)

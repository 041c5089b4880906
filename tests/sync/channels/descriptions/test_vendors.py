"""The cited descriptions: each against a shop that answers as the vendor's documents say."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from sync.channels.base import Change, Channel
from sync.errors import NeedsOperator, WriteRejected
from tests.sync.channels.descriptions.vendors import shopware
from tests.sync.channels.descriptions.vendors.bigcommerce import BigCommerce
from tests.sync.channels.descriptions.vendors.erpnext import ErpNext
from tests.sync.channels.descriptions.vendors.magento import Magento
from tests.sync.channels.descriptions.vendors.odoo import Odoo
from tests.sync.channels.descriptions.vendors.prestashop import PrestaShop
from tests.sync.channels.descriptions.vendors.saleor import Saleor
from tests.sync.channels.descriptions.vendors.shopware import Shopware
from tests.sync.channels.descriptions.vendors.vendor import (
    SECRET,
    Vendor,
    listed,
    read,
    shown,
    using,
    write,
)


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    ends = ("ACCESS_TOKEN", "API_KEY", "API_SECRET", "APP_TOKEN", "SECRET_ACCESS_KEY",
            "WEBSERVICE_KEY")  # fmt: skip
    environ = {f"SHOP_{end}": SECRET for end in ends} | {"SHOP_ACCESS_KEY_ID": shopware.CLIENT}
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    return environ


@asynccontextmanager
async def channel_of(vendor: Vendor, base: Path, keys: dict[str, str]) -> AsyncIterator[Channel]:
    async with using(vendor, base, keys) as (channel, _):
        yield channel


async def test_magentos_source_items_are_read_and_set(tmp_path: Path, keys: dict[str, str]) -> None:
    shop = Magento()
    for number in range(1, 1002):
        shop.add(f"M-{number}", number)
    shop.add("M/&A", 4)
    async with channel_of(shop, tmp_path, keys) as channel:
        records = await listed(channel)
        assert len(records) == 1002
        assert (records["M/&A"].on_hand, records["M/&A"].available) == (4, 4)
        assert (await read(channel, records["M/&A"])).available == 4
        receipts = await write(channel, {"M-7": 0, "M/&A": 9})
        assert [receipt.refused for receipt in receipts.values()] == [None, None]
        assert (await read(channel, records["M/&A"])).available == 9
    assert {row["sku"]: (row["quantity"], row["status"]) for row in shop.items[6::995]} == {
        "M-7": (0, 1),
        "M/&A": (9, 1),
    }


async def test_bigcommerce_takes_products_and_variants_and_shows_them_later(
    tmp_path: Path, keys: dict[str, str]
) -> None:
    shop = BigCommerce()
    shop.add("TEE-S", 1, 12, variant=True, safety=2)
    shop.add("MUG", 2, 7, variant=False)
    async with channel_of(shop, tmp_path, keys) as channel:
        assert {sku: r.available for sku, r in (await listed(channel)).items()} == {
            "TEE-S": 10,
            "MUG": 7,
        }
        receipts = await write(channel, {"TEE-S": 4, "MUG": 1})
        assert [receipt.refused for receipt in receipts.values()] == [None, None]
        assert all(receipt.later for receipt in receipts.values())
        shop.apply()
        records = await listed(channel)
        assert (records["TEE-S"].on_hand, records["TEE-S"].available) == (6, 4)
        assert (await read(channel, records["MUG"])).available == 1


async def test_shopwares_products_and_variants_are_read_and_set(
    tmp_path: Path, keys: dict[str, str]
) -> None:
    shop = Shopware()
    shop.add("SW-1", 20, reserved=3)
    shop.add("SW-2", 5, active=False)
    shop.add("TEE", 0, childCount=2)
    shop.add("TEE.1", 8, active=None, childCount=None)
    for number in range(240):
        shop.add(f"T-{number}", 1)
    async with channel_of(shop, tmp_path, keys) as channel:
        records = await listed(channel)
        assert len(records) == 243
        some = {sku: records[sku] for sku in ("SW-1", "SW-2", "TEE.1")}
        assert shown(some) == {
            "SW-1": (17, "active"),
            "SW-2": (5, "disabled"),
            "TEE.1": (8, "active"),
        }
        receipts = await write(channel, {"SW-1": 4, "TEE.1": 0})
        assert [receipt.refused for receipt in receipts.values()] == [None, None]
        assert shop.products[0]["stock"] == 7  # What open orders hold, besides.
        assert (await read(channel, records["SW-1"])).available == 4


async def test_odoos_quants_are_read_and_set(tmp_path: Path, keys: dict[str, str]) -> None:
    shop = Odoo()
    shop.add("E-COM07", 20.0, reserved=4.0)
    shop.add(False, 3.0)
    for number in range(1_500):
        shop.add(f"O-{number}", 1.0)
    async with channel_of(shop, tmp_path, keys) as channel:
        records = await listed(channel)
        assert len(records) == 1_501
        assert shown({"E-COM07": records["E-COM07"]}) == {"E-COM07": (16, "active")}
        receipts = await write(channel, {"E-COM07": 6, "O-7": 0})
        assert [receipt.refused for receipt in receipts.values()] == [None, None]
        assert (shop.quants[1]["quantity"], shop.quants[10]["quantity"]) == (10.0, 0.0)
        assert (await listed(channel))["E-COM07"].available == 6


async def test_erpnexts_bins_are_read_and_reconciled(tmp_path: Path, keys: dict[str, str]) -> None:
    shop = ErpNext()
    shop.add("BOLT/M6 50", 23.0, reserved=4.0, for_production=3.0)
    for number in range(1_000):
        shop.add(f"E-{number}", 1.0)
    async with channel_of(shop, tmp_path, keys) as channel:
        records = await listed(channel)
        assert len(records) == 1_001
        assert records["BOLT/M6 50"].available == 16
        receipts = await write(channel, {"BOLT/M6 50": 6, "E-7": 0})
        assert [receipt.refused for receipt in receipts.values()] == [None, None]
        assert (await read(channel, records["BOLT/M6 50"])).available == 6
        with pytest.raises(WriteRejected, match="any change in quantity"):
            await write(channel, {"BOLT/M6 50": 6})


async def test_prestashops_products_and_combinations_are_read_and_set(
    tmp_path: Path, keys: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = PrestaShop()
    shop.add("demo_1", 12)
    shop.add("", 3)
    shop.add("demo_2", 0, ("demo_2-S", 5), ("demo_2-L", 6), ("", 1))
    for number in range(40):
        shop.add(f"p-{number}", 1)
    async with channel_of(shop, tmp_path, keys) as channel:
        records = await listed(channel)
        assert len(records) == 41
        assert records["demo_1"].available == 12
        receipts = await write(channel, {"demo_1": 5})
        assert [receipt.refused for receipt in receipts.values()] == [None]
        assert (await read(channel, records["demo_1"])).available == 5
        assert shop.stock[1]["out_of_stock"] == "2"
    monkeypatch.setattr(PrestaShop, "use", "prestashop-combinations")
    async with channel_of(shop, tmp_path, keys) as channel:
        records = await listed(channel)
        assert {sku: record.available for sku, record in records.items()} == {
            "demo_2-S": 5,
            "demo_2-L": 6,
        }
        await write(channel, {"demo_2-L": 0})
        assert (await read(channel, records["demo_2-L"])).available == 0


async def test_saleors_stocks_are_read_and_set(tmp_path: Path, keys: dict[str, str]) -> None:
    shop = Saleor()
    shop.add("SAL-1", 20, taken=4)
    shop.add(None, 3)
    shop.add("EBOOK", 0, tracked=False)
    for number in range(250):
        shop.add(f"T-{number}", 1)
    async with channel_of(shop, tmp_path, keys) as channel:
        records = await listed(channel)
        assert len(records) == 252
        assert shown({sku: records[sku] for sku in ("SAL-1", "EBOOK")}) == {
            "SAL-1": (16, None),
            "EBOOK": (None, "uncounted"),
        }
        receipts = await write(channel, {"SAL-1": 6, "T-7": 0})
        assert [receipt.refused for receipt in receipts.values()] == [None, None]
        assert shop.variants[0]["stocks"][0]["quantity"] == 10
        lost = records["T-1"]
        shop.variants = [variant for variant in shop.variants if variant["sku"] != "T-1"]
        with pytest.raises(WriteRejected, match="Warehouse not found"):
            await channel.write([Change("T-1", "", lost.ref, 0, lost, "k")])


@pytest.mark.parametrize("vendor", [BigCommerce, ErpNext, Magento, Odoo, PrestaShop, Shopware])
async def test_a_refused_credential_is_named(
    vendor: type[Vendor], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keys: dict[str, str]
) -> None:
    wrong = dict.fromkeys(keys, "wr0ng")
    for name, value in wrong.items():
        monkeypatch.setenv(name, value)
    async with channel_of(vendor(), tmp_path, wrong) as channel:
        with pytest.raises(NeedsOperator, match="SHOP_"):
            await listed(channel)

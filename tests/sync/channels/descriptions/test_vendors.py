"""The cited descriptions: each against a shop that answers as the vendor's documents say."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from sync.channels.base import Channel
from sync.errors import NeedsOperator
from tests.sync.channels.descriptions.vendors.magento import Magento
from tests.sync.channels.descriptions.vendors.odoo import Odoo
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
    environ = dict.fromkeys(("SHOP_ACCESS_TOKEN", "SHOP_API_KEY"), SECRET)
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


@pytest.mark.parametrize("vendor", [Magento, Odoo])
async def test_a_refused_credential_is_named(
    vendor: type[Vendor], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keys: dict[str, str]
) -> None:
    wrong = dict.fromkeys(keys, "wr0ng")
    for name, value in wrong.items():
        monkeypatch.setenv(name, value)
    async with channel_of(vendor(), tmp_path, wrong) as channel:
        with pytest.raises(NeedsOperator, match="SHOP_"):
            await listed(channel)

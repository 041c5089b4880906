"""What leads no adapter astray: no addresses, halves of characters, cursors, cut lists."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sync import values
from sync.channels.api import addresses
from sync.channels.base import ListingRef
from sync.errors import ChannelError, ContractBroken, Temporary
from tests.contract.amazon.test_feeds import SKUS
from tests.contract.harness import OverHttp, change, opened, over_http, poll, stocked
from tests.contract.kinds import running
from tests.fakes.adobe_commerce import AdobeShop
from tests.fakes.amazon import Amazon
from tests.fakes.ebay import EbaySeller
from tests.fakes.medusa import MedusaShop
from tests.fakes.odoo import OdooShop
from tests.fakes.shopify import Shopify
from tests.fakes.square import SquareSeller
from tests.fakes.woocommerce import WooCommerceShop
from tests.loopback import Answer, ReceivedRequest

NO_ADDRESS = "https://[half"


def test_an_address_that_is_none_has_no_parts() -> None:
    assert addresses.named(NO_ADDRESS).hostname is None
    assert addresses.named("//[half", "https://shop.example/x").hostname is None
    assert addresses.named("/y", "https://shop.example/x").hostname == "shop.example"


async def test_a_redirect_to_no_address_is_said(tmp_path: Path) -> None:
    with over_http(Shopify(), tmp_path) as harness:
        harness.front.spoil = lambda _asked: Answer(status=302, headers={"Location": "//[half"})

        with pytest.raises(ContractBroken, match="not followed"):
            await poll(harness)


@pytest.mark.long
async def test_a_feed_that_has_no_address_is_not_sent(tmp_path: Path) -> None:
    with over_http(Amazon(), tmp_path) as harness:
        for sku in SKUS:
            harness.put(sku, 5)
        before = await poll(harness)
        document = {"feedDocumentId": "d-1", "url": NO_ADDRESS}
        harness.front.spoil = lambda asked: (
            Answer(document, 201) if asked.path.endswith("/documents") else None
        )
        async with opened(harness) as channel:
            with pytest.raises(Temporary, match="nothing was written"):
                await channel.write([change(before.of(sku), 2) for sku in SKUS])


async def test_a_shop_whose_api_has_no_address_is_explained(tmp_path: Path) -> None:
    link = f'<{NO_ADDRESS}/wp-json/>; rel="https://api.w.org/"'
    page = Answer(b"<html>Hello", 404, {"Content-Type": "text/html", "Link": link})
    with over_http(WooCommerceShop(), tmp_path) as harness:
        harness.front.spoil = lambda _asked: page

        with pytest.raises(ChannelError, match="web page"):
            await poll(harness)


def test_half_of_a_surrogate_pair_is_no_character() -> None:
    found = values.json_value(b'{"a": ["x\\ud800", "\\ud83d\\ude00", "\\\\ud800"]}')

    assert found == {"a": ["x\uffff", "\U0001f600", "\\ud800"]}
    assert values.sku_or_none("x\uffff") is None


@pytest.mark.parametrize("kind", ["odoo", "tryton", "medusa", "bigcommerce", "shopify"])
async def test_half_of_a_surrogate_pair_breaks_the_contract(kind: str, tmp_path: Path) -> None:
    with running(kind, tmp_path) as harness:
        assert isinstance(harness, OverHttp)
        harness.front.spoil = lambda _asked: Answer(b'{"result": "\\ud800", "data": "\\ud800"}')

        with pytest.raises(ChannelError):
            await poll(harness)


async def test_a_cursor_that_comes_again_ends_a_reading(tmp_path: Path) -> None:
    with square(tmp_path) as harness:
        before = (await poll(harness)).of("A-1")
        asked = len(harness.server.asked)
        harness.front.spoil = _same_cursor
        async with opened(harness) as channel:
            with pytest.raises(ContractBroken, match="the cursor is the same"):
                await channel.read([ListingRef("A-1", before.location, before.ref)])
        with pytest.raises(ContractBroken, match="the cursor is the same"):
            await poll(harness)
        assert len(harness.server.asked) - asked < 12


def _same_cursor(asked: ReceivedRequest) -> Answer | None:
    if not asked.path.endswith("/counts/batch-retrieve"):
        return None
    return Answer({"counts": [], "cursor": "again"})


@contextmanager
def square(base: Path) -> Iterator[OverHttp]:
    with over_http(SquareSeller(), base) as harness:
        yield stocked(harness)


async def test_a_page_with_fewer_items_than_asked_for_is_not_the_last(tmp_path: Path) -> None:
    with over_http(MedusaShop(), tmp_path) as harness:
        stocked(harness)
        harness.front.spoil = lambda asked: _at_most_two(harness, asked)

        reading = await poll(harness)

        assert reading.stock == {"A-1": 5, "B-2": 0, "C-3": 12}


async def test_a_list_that_ends_before_its_count_is_broken(tmp_path: Path) -> None:
    with over_http(MedusaShop(), tmp_path) as harness:
        stocked(harness)
        harness.front.spoil = lambda asked: (
            Answer({"inventory_items": [], "count": 3})
            if asked.path.startswith("/admin/inventory-items?")
            else None
        )

        with pytest.raises(ContractBroken, match="3 are still to come"):
            await poll(harness)


def _at_most_two(harness: OverHttp, asked: ReceivedRequest) -> Answer | None:
    if not asked.path.startswith("/admin/inventory-items?"):
        return None
    path = asked.path.replace("limit=1000", "limit=2")
    return harness.backend.answer(ReceivedRequest(asked.method, path, asked.headers, asked.body))


async def test_a_sku_that_ebay_leaves_out_is_not_missing(tmp_path: Path) -> None:
    with over_http(EbaySeller(), tmp_path) as harness:
        before = (await poll(stocked(harness))).of("A-1")
        harness.front.spoil = lambda asked: (
            Answer({"responses": []}) if "bulk_get" in asked.path else None
        )
        async with opened(harness) as channel:
            with pytest.raises(ContractBroken, match="0 answers for 1 SKUs"):
                await channel.read([ListingRef("A-1", "", before.ref)])
            with pytest.raises(Temporary, match="nothing was written"):
                await channel.write([change(before, 3)])


async def test_a_quant_at_a_place_that_was_not_asked_for_breaks_the_contract(
    tmp_path: Path,
) -> None:
    with over_http(OdooShop(), tmp_path) as harness:
        stocked(harness)
        quant = {"id": 1, "product_id": [1, "A-1"], "location_id": [999, "x"], "quantity": 1.0}
        harness.front.spoil = lambda asked: (
            Answer([quant]) if "stock.quant/search_read" in asked.path else None
        )

        with pytest.raises(ContractBroken, match="location 999"):
            await poll(harness)


async def test_a_sku_that_is_an_object_blinds_itself_only(tmp_path: Path) -> None:
    with over_http(AdobeShop(), tmp_path) as harness:
        before = (await poll(stocked(harness))).of("A-1")
        harness.front.spoil = lambda asked: (
            Answer({"items": [{"sku": {}}], "total_count": 1})
            if "export-stock-salable-qty" in asked.path
            else None
        )
        async with opened(harness) as channel:
            found = await channel.read([ListingRef("A-1", before.location, before.ref)])

        assert found.records == []
        assert [refused.sku for refused in found.refused] == [None]


@pytest.mark.parametrize("cursor", [None, "c-1"])
async def test_more_levels_without_a_way_to_them_break_the_contract(
    tmp_path: Path, cursor: str | None
) -> None:
    shop = Shopify()
    shop.location = None
    with over_http(shop, tmp_path) as harness:
        stocked(harness)
        harness.front.spoil = lambda asked: _endless_levels(harness, asked, cursor)

        with pytest.raises(ContractBroken, match="has a next page and no cursor to it"):
            await poll(harness)


def _endless_levels(harness: OverHttp, asked: ReceivedRequest, cursor: str | None) -> Answer | None:
    info = {"hasNextPage": True, "endCursor": cursor}
    if "SkewLevels" in asked.json["query"]:
        more = {"inventoryLevels": {"nodes": [], "pageInfo": info}}
        item = {"id": "gid://shopify/InventoryItem/1", "tracked": True, **more}
        return Answer({"data": {"inventoryItem": item}})
    if "SkewItems(" not in asked.json["query"]:
        return None
    content = json.loads(harness.backend.answer(asked).content)
    for node in content["data"]["inventoryItems"]["nodes"]:
        node["inventoryLevels"]["pageInfo"] = info
    return Answer(content)


@pytest.mark.parametrize("count", ["9" * 5000, "-1", "1e3", ""])
async def test_a_count_that_is_no_number_breaks_the_contract(tmp_path: Path, count: str) -> None:
    with over_http(WooCommerceShop(), tmp_path) as harness:
        stocked(harness)
        harness.front.spoil = lambda _asked: Answer([], headers={"X-WP-Total": count})

        with pytest.raises(ContractBroken, match="X-WP-Total"):
            await poll(harness)


async def test_a_last_page_that_comes_again_with_other_numbers_is_no_other_page(
    tmp_path: Path,
) -> None:
    shop = AdobeShop()
    shop.page_size = 3
    with over_http(shop, tmp_path) as harness:
        stocked(harness)

        def sold(asked: ReceivedRequest) -> None:
            if "export-stock-salable-qty" in asked.path:
                shop.put("A-1", shop.shown("A-1") - 1)

        harness.front.spoil = sold
        reading = await poll(harness)

        assert sorted(record.sku for record in reading.records) == ["A-1", "B-2", "C-3"]


async def test_a_variant_that_moves_up_between_two_pages_is_noticed(tmp_path: Path) -> None:
    def listed(asked: ReceivedRequest) -> Answer | None:
        if not asked.path.startswith("/admin/product-variants?"):
            return None
        first = int(asked.path.rpartition("offset=")[2]) + ("offset=0" not in asked.path)
        some = [
            {"id": f"v-{number:04}", "sku": f"U-{number}", "manage_inventory": False}
            for number in range(first, min(first + 1000, 1500))
        ]
        return Answer({"variants": some, "count": 1500})

    with over_http(MedusaShop(), tmp_path) as harness:
        stocked(harness)
        harness.front.spoil = listed

        with pytest.raises(Temporary, match="changed while it was read"):
            await poll(harness)

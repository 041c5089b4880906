"""What of Adobe Commerce is compared and written, salable or by source."""

import pytest

from store.model import UNCOUNTED, State
from sync.channels.base import ListingRef
from sync.errors import Temporary
from tests.contract.adobe_commerce.bench import write
from tests.contract.harness import OverHttp, Reading, change, opened, poll
from tests.fakes.adobe_commerce import AdobeShop
from tests.loopback import ReceivedRequest


def of_warnings(reading: Reading) -> str:
    return "\n".join(warning for page in reading.pages for warning in page.warnings)


async def test_salable_is_compared_and_the_source_set_with_what_orders_reserved(
    shop: AdobeShop, harness: OverHttp
) -> None:
    shop.product("CUP", reserved=4, min_qty=1)
    shop.lay("CUP", "default", 10)
    shop.lay("CUP", "old", 100)  # Not enabled: it does not count.
    shop.lay("CUP", "north", 100)  # Not of this website's stock.

    record = (await poll(harness)).of("CUP")
    (receipt,) = await write(harness, ("CUP", 2))

    assert (record.available, record.on_hand, record.committed) == (5, 10, 5)
    assert receipt.refused is None
    assert shop.items["CUP", "default"]["quantity"] == 7
    assert shop.shown("CUP") == 2
    assert shop.items["CUP", "old"]["quantity"] == shop.items["CUP", "north"]["quantity"] == 100


async def test_a_stock_of_several_sources_is_written_at_the_one_that_is_named(
    shop: AdobeShop, harness: OverHttp
) -> None:
    shop.linked = ("default", "north")
    shop.product("CUP", reserved=1)
    shop.lay("CUP", "default", 6)
    shop.lay("CUP", "north", 4)

    (unnamed,) = await write(harness, ("CUP", 8))
    shop.source = "north"
    (named,) = await write(harness, ("CUP", 8))
    (too_few,) = await write(harness, ("CUP", 0))

    assert "default, north: set `source`" in str(unnamed.refused)
    assert named.refused is None
    assert (shop.items["CUP", "default"]["quantity"], shop.items["CUP", "north"]["quantity"]) == (
        6, 3,
    )  # fmt: skip
    assert "would need -5" in str(too_few.refused)


async def test_what_is_not_assigned_to_the_written_source_is_not_made_there(
    shop: AdobeShop, harness: OverHttp
) -> None:
    shop.linked, shop.source = ("default", "north"), "north"
    shop.product("CUP")
    shop.lay("CUP", "default", 6)

    (receipt,) = await write(harness, ("CUP", 8))

    assert "not assigned to the source north" in str(receipt.refused)
    assert ("CUP", "north") not in shop.items


async def test_what_is_sold_out_is_raised_and_put_in_stock_again(
    shop: AdobeShop, harness: OverHttp
) -> None:
    shop.product("CUP")
    shop.lay("CUP", "default", 0, status=0)

    record = (await poll(harness)).of("CUP")
    (receipt,) = await write(harness, ("CUP", 8))

    assert (record.available, record.state) == (0, State.ACTIVE)
    assert receipt.refused is None
    assert shop.items["CUP", "default"] == {
        "sku": "CUP", "source_code": "default", "quantity": 8, "status": 1,
    }  # fmt: skip


async def test_what_is_not_salable_is_set_to_too_few_rather_than_too_many(
    shop: AdobeShop, harness: OverHttp
) -> None:
    shop.product("CUP", reserved=1, min_qty=3)
    shop.lay("CUP", "default", 3)

    record = (await poll(harness)).of("CUP")
    await write(harness, ("CUP", 9))

    assert (record.available, record.committed) == (0, None)
    assert shop.shown("CUP") == 5
    await write(harness, ("CUP", 9))
    assert shop.shown("CUP") == 9


async def test_what_somebody_took_off_sale_is_on_hold_and_not_put_back(
    shop: AdobeShop, harness: OverHttp
) -> None:
    shop.product("CUP")
    shop.lay("CUP", "default", 12, status=0)

    record = (await poll(harness)).of("CUP")
    (receipt,) = await write(harness, ("CUP", 8))

    assert (record.available, record.state) == (0, State.HOLD)
    assert "set it to In Stock" in str(receipt.refused)
    assert shop.items["CUP", "default"]["status"] == 0


async def test_what_is_not_counted_has_no_number_and_is_looked_up_once(
    shop: AdobeShop, harness: OverHttp
) -> None:
    shop.product("GIFT/CARD", manage_stock=False)
    shop.lay("GIFT/CARD", "default", 5)
    shop.product("LATE", backorders=True, reserved=5)
    shop.lay("LATE", "default", 5)

    async with opened(harness) as channel:
        for _ in range(2):
            records = {r.sku: r async for page in channel.pages() for r in page.records}
        wanted = change(records["GIFT/CARD"], 2)
        (receipt,) = await channel.write([wanted])

    assert (records["GIFT/CARD"].available, records["GIFT/CARD"].state) == (None, UNCOUNTED)
    assert (records["LATE"].available, records["LATE"].state) == (0, State.BACKORDER)
    assert "not managed" in str(receipt.refused)
    looked_up = [a.path for a in harness.server.asked if "/stockItems/" in a.path]
    assert sorted(looked_up) == ["/rest/V1/stockItems/GIFT%2FCARD", "/rest/V1/stockItems/LATE"]


@pytest.mark.long
async def test_more_uncounted_products_than_are_looked_up_are_named(
    shop: AdobeShop, harness: OverHttp
) -> None:
    for number in range(130):
        shop.product(f"N-{number}", manage_stock=False)
        shop.lay(f"N-{number}", "default", 5)

    reading = await poll(harness)

    assert set(reading.stock.values()) == {None}
    assert "not looked up yet" in of_warnings(reading)
    assert sum("/stockItems/" in asked.path for asked in harness.server.asked) == 100


async def test_what_is_made_of_others_and_what_no_product_has_is_left_out_and_counted(
    shop: AdobeShop, harness: OverHttp
) -> None:
    shop.put("CUP", 5)
    shop.product("SET", is_made_of_others=True)
    shop.lay("GHOST", "default", 5)

    reading = await poll(harness)

    assert reading.stock == {"CUP": 5}
    assert "so left out: SET" in of_warnings(reading)
    assert "no product of the website, so left out: GHOST" in of_warnings(reading)


async def test_a_sku_that_no_product_has_is_never_written(
    shop: AdobeShop, harness: OverHttp
) -> None:
    shop.put("CUP", 5)
    before = (await poll(harness)).of("CUP")
    del shop.products["CUP"], shop.items["CUP", "default"]

    async with opened(harness) as channel:
        (receipt,) = await channel.write([change(before, 2)])

    assert "no longer exists" in str(receipt.refused)
    assert shop.items == {}


async def test_each_source_is_a_location_of_its_own(shop: AdobeShop, harness: OverHttp) -> None:
    shop.figure = "sources"
    shop.lay("CUP", "default", 6)
    shop.lay("CUP", "north", 4)
    shop.lay("CUP", "old", 9)
    shop.lay("MUG", "north", 3, status=0)
    shop.lay("POT", "north", 3, status=7)

    reading = await poll(harness)
    records = {(record.sku, record.location): record for record in reading.records}
    async with opened(harness) as channel:
        assert channel.abilities.locations
        changes = [change(records["CUP", "north"], 1), change(records["MUG", "north"], 2)]
        first, second = await channel.write(changes)

    assert {key: record.available for key, record in records.items()} == {
        ("CUP", "default"): 6, ("CUP", "north"): 4, ("MUG", "north"): 3, ("POT", "north"): 3,
    }  # fmt: skip
    assert records["MUG", "north"].state == State.HOLD
    assert "status that Skew does not know, 7: POT" in of_warnings(reading)
    assert (first.refused, "In Stock" in str(second.refused)) == (None, True)
    assert [shop.items["CUP", source]["quantity"] for source in ("default", "north")] == [6, 1]


async def test_of_one_source_the_listings_have_no_location(
    shop: AdobeShop, harness: OverHttp
) -> None:
    shop.figure, shop.source = "sources", "north"
    shop.lay("CUP", "default", 6)
    shop.lay("CUP", "north", 4)

    (record,) = (await poll(harness)).records
    (receipt,) = await write(harness, ("CUP", 2))

    assert (record.location, record.available) == ("", 4)
    assert receipt.refused is None
    assert shop.items["CUP", "north"]["quantity"] == 2


async def test_a_part_of_a_unit_blinds_its_own_listing(shop: AdobeShop, harness: OverHttp) -> None:
    shop.put("CUP", 5)
    shop.product("ROPE")
    shop.lay("ROPE", "default", 2.5)

    reading = await poll(harness)

    assert reading.stock == {"CUP": 5}
    assert [refused.sku for refused in reading.refused] == ["ROPE"]


@pytest.mark.long
@pytest.mark.parametrize("count", [0, 9, 10, 11, 20])
@pytest.mark.parametrize("off_by", [0, -1, 40])
async def test_the_last_page_is_read_once_whatever_the_total_says(
    shop: AdobeShop, harness: OverHttp, count: int, off_by: int
) -> None:
    shop.total_off_by, shop.page_size = off_by, 10
    for number in range(count):
        shop.put(f"N-{number}", number)
    shop.sources, shop.linked = {"default": True}, ("default",)

    reading = await poll(harness)

    assert len(reading.records) == len(reading.stock) == count


async def test_a_list_that_changes_while_it_is_read_is_noticed(
    shop: AdobeShop, harness: OverHttp
) -> None:
    for number in range(700):
        shop.put(f"N-{number}", number)

    def delete(asked: ReceivedRequest) -> None:
        if "export" in asked.path and "currentPage%5D=2" in asked.path:
            shop.products.pop("N-3", None)

    harness.front.spoil = delete

    with pytest.raises(Temporary, match="changed while it was read"):
        await poll(harness)


@pytest.mark.long
async def test_a_thousand_products_take_some_ten_requests(
    shop: AdobeShop, harness: OverHttp
) -> None:
    for number in range(1_000):
        shop.put(f"N-{number}", number + 1)

    await poll(harness)

    assert len(harness.server.asked) == 3 + 4 + 4


async def test_skus_with_commas_and_spaces_are_found_one_by_one(
    shop: AdobeShop, harness: OverHttp
) -> None:
    skus = ["A,B", " pad ", "PLAIN", "plain"]
    for number, sku in enumerate(skus):
        shop.put(sku, number)

    async with opened(harness) as channel:
        answer = await channel.read([ListingRef(sku, "", "") for sku in skus])

    assert {found.sku: found.available for found in answer.records} == {
        "A,B": 0, " pad ": 1, "PLAIN": 2, "plain": 3,
    }  # fmt: skip

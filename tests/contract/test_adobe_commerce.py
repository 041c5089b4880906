"""What only Adobe Commerce does: salable and sources, pages that repeat, no result of an item."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from store.model import UNCOUNTED, State
from sync.channels.adobe_commerce.options import AdobeCommerceOptions
from sync.channels.base import ListingRef, Receipt
from sync.errors import NeedsOperator, Temporary, WriteOutcomeUnknown, WriteRejected
from sync.secrets import SecretSource
from tests.contract.harness import SECRET, OverHttp, Reading, change, opened, over_http, poll
from tests.fakes.adobe_commerce import AdobeShop
from tests.loopback import Answer, ReceivedRequest


@pytest.fixture
def shop() -> AdobeShop:
    return AdobeShop()


@pytest.fixture
def harness(shop: AdobeShop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OverHttp]:
    monkeypatch.setenv("CONTRACT_SECRET", SECRET)
    with over_http(shop, tmp_path) as found:
        yield found


async def write(harness: OverHttp, *wanted: tuple[str, int]) -> list[Receipt]:
    before = await poll(harness)
    async with opened(harness) as channel:
        changes = [change(before.of(sku), quantity, sku) for sku, quantity in wanted]
        return list(await channel.write(changes))


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


async def test_a_missing_right_is_named(harness: OverHttp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTRACT_SECRET", "an0ther")

    with pytest.raises(NeedsOperator, match="authorized to access Magento_InventoryApi::source_i"):
        await poll(harness)


async def test_a_refused_batch_says_why(shop: AdobeShop, harness: OverHttp) -> None:
    shop.put("CUP", 5)
    words = {"message": 'Maximum items of type "%type" is %max', "parameters": {
        "type": "SourceItem", "max": 10,
    }}  # fmt: skip
    harness.front.spoil = lambda asked: Answer(words, 400) if harness.is_write(asked) else None

    with pytest.raises(WriteRejected, match='of type "SourceItem" is 10'):
        await write(harness, ("CUP", 2))


async def test_a_web_page_in_answer_to_a_write_leaves_its_outcome_open(
    shop: AdobeShop, harness: OverHttp
) -> None:
    shop.put("CUP", 5)
    harness.front.spoil = lambda asked: Answer(b"<html>") if harness.is_write(asked) else None

    with pytest.raises(WriteOutcomeUnknown):
        await write(harness, ("CUP", 2))


async def test_the_cloud_service_is_signed_in_to_by_ims_and_again_between_pages(
    shop: AdobeShop, harness: OverHttp
) -> None:
    shop.by_ims, shop.token_lives = True, 5
    for number in range(700):
        shop.put(f"N-{number}", number)

    reading = await poll(harness)

    assert len(reading.stock) == 700
    paths = [unquote(asked.path.partition("?")[0]) for asked in harness.server.asked]
    assert paths[0] == "/ims/token/v3"
    assert paths.count("/ims/token/v3") > 1
    assert all(path.startswith(("/ims/", "/tenant/V1/")) for path in paths)


async def test_an_integration_signs_each_request_where_its_token_alone_is_not_taken(
    shop: AdobeShop, harness: OverHttp, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.by_oauth1 = True
    shop.put("CUP/A,B", 5)

    (receipt,) = await write(harness, ("CUP/A,B", 2))
    monkeypatch.setenv("CONTRACT_SECRET", "an0ther")
    with pytest.raises(NeedsOperator, match="credential CONTRACT_SECRET"):
        await poll(harness)

    assert receipt.refused is None
    assert shop.shown("CUP/A,B") == 2
    assert len(shop.nonces) == len(harness.server.asked)


async def test_a_server_without_the_inventory_modules_is_explained(harness: OverHttp) -> None:
    answer = Answer({"message": "Request does not match any route."}, 404)
    harness.front.spoil = lambda asked: answer if "sources" in asked.path else None

    with pytest.raises(NeedsOperator, match=r"match any route.*\(MSI\) active"):
        await poll(harness)


async def test_a_version_without_the_list_of_salable_quantities_is_explained(
    shop: AdobeShop, harness: OverHttp
) -> None:
    shop.put("CUP", 5)
    answer = Answer({"message": "Request does not match any route."}, 404)
    harness.front.spoil = lambda asked: answer if "export" in asked.path else None

    with pytest.raises(NeedsOperator, match='compared with figure = "sources"'):
        await poll(harness)


async def test_a_website_that_is_not_there_is_named(shop: AdobeShop, harness: OverHttp) -> None:
    shop.website = "moon"

    with pytest.raises(NeedsOperator, match='website "moon" is not the code'):
        await poll(harness)


async def test_a_product_that_is_deleted_while_it_is_looked_up_stops_nothing(
    shop: AdobeShop, harness: OverHttp
) -> None:
    shop.put("CUP", 5)
    shop.product("GIFT", manage_stock=False)
    shop.lay("GIFT", "default", 5)

    def delete(asked: ReceivedRequest) -> None:
        if "/stockItems/" in asked.path:
            shop.products.pop("GIFT", None)

    harness.front.spoil = delete

    assert (await poll(harness)).stock["CUP"] == 5


@pytest.mark.parametrize("status", [200, 404])
async def test_a_page_of_the_shop_instead_of_its_api_is_explained(
    harness: OverHttp, status: int
) -> None:
    harness.front.spoil = lambda _asked: Answer(b"<!doctype html><title>Shop</title>", status)

    with pytest.raises(NeedsOperator, match="url must be the shop's address"):
        await poll(harness)


async def test_a_source_that_is_not_there_is_named_with_those_that_are(
    shop: AdobeShop, harness: OverHttp
) -> None:
    shop.source = "north"

    async with opened(harness) as channel:
        with pytest.raises(NeedsOperator, match=r'"north" is not an enabled.*known: default'):
            await channel.sign_in()


async def test_signing_in_names_the_stock_and_what_can_be_written(
    shop: AdobeShop, harness: OverHttp
) -> None:
    shop.linked = ("default", "north")
    async with opened(harness) as channel:
        seen = await channel.sign_in()

    assert seen == (
        "Main of the website base; sources: Default (default), North (north); "
        "nothing can be written until `source` names one of them"
    )


@pytest.mark.parametrize(
    ("url", "by_ims", "rest"),
    [
        ("https://shop.example", False, "https://shop.example/rest/V1"),
        ("https://shop.example/", False, "https://shop.example/rest/V1"),
        ("https://shop.example/eu", False, "https://shop.example/eu/rest/V1"),
        ("https://shop.example/rest/de/V1/", False, "https://shop.example/rest/de/V1"),
        ("https://shop.example/rest", False, "https://shop.example/rest/V1"),
        ("https://na1.api.example/AbC", True, "https://na1.api.example/AbC/V1"),
    ],
)
def test_the_address_of_the_api(url: str, *, by_ims: bool, rest: str) -> None:
    key = SecretSource(env="N")
    ways: dict[str, Any] = (
        {"client_id": "c", "client_secret": key} if by_ims else {"access_token": key}
    )

    assert AdobeCommerceOptions(url=url, **ways).rest == rest


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"url": "shop.example"}, "^url must begin"),
        ({"access_token": None}, "^access_token, or client_id"),
        ({"client_id": "c"}, "^access_token, or client_id"),
        ({"consumer_key": "c"}, "^consumer_secret is missing"),
        ({"page_size": 301}, "^page_size 301"),
        ({"page_size": 0}, "^page_size 0"),
        ({"source": ""}, "^source is empty"),
        ({"auth_url": "ims"}, "^auth_url must begin"),
    ],
)
def test_what_does_not_belong_together_is_said(keys: dict[str, Any], words: str) -> None:
    good: dict[str, Any] = {"url": "https://shop.example", "access_token": SecretSource(env="N")}

    with pytest.raises(ValueError, match=words):
        AdobeCommerceOptions(**{**good, **keys})

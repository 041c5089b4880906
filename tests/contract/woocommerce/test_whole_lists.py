"""That a WooCommerce catalogue is read whole, whatever moves meanwhile."""

from urllib.parse import parse_qsl, urlsplit

import pytest

from sync.channels.base import ListingRef
from sync.errors import ContractBroken, Temporary
from tests.contract.harness import OverHttp, Reading, opened, poll
from tests.contract.woocommerce.bench import warnings
from tests.fakes.woocommerce import WooCommerceShop
from tests.loopback import Answer, ReceivedRequest


def cut_short(reading: Reading) -> str:
    return "".join(page.cut_short for page in reading.pages)


def offset(asked: ReceivedRequest) -> int:
    return int(dict(parse_qsl(urlsplit(asked.path).query)).get("offset", "0"))


async def test_an_empty_shop_is_an_empty_reading(harness: OverHttp) -> None:
    reading = await poll(harness)

    assert reading.records == []
    assert reading.pages[-1].announced == 0
    assert cut_short(reading) == ""


@pytest.mark.long
@pytest.mark.parametrize("gone", [[10], [10, 11, 50], list(range(20, 60)), [108, 109], [109]])
async def test_nothing_is_skipped_where_products_go_while_they_are_read(
    shop: WooCommerceShop, harness: OverHttp, gone: list[int]
) -> None:
    for number in range(350):
        shop.add(f"P-{number}", number)

    def remove(asked: ReceivedRequest) -> None:
        if offset(asked) and gone:
            for number in gone:
                del shop.items[number]
            gone.clear()

    shop.before_answer = remove
    reading = await poll(harness)

    left = {item["sku"] for item in shop.items.values()}
    assert left <= set(reading.stock)
    assert len(reading.records) == len(reading.stock)
    assert cut_short(reading) == ""


@pytest.mark.long
async def test_nothing_is_skipped_where_a_product_comes_back_in_between(
    shop: WooCommerceShop, harness: OverHttp
) -> None:
    for number in range(350):
        shop.add(f"P-{number}", number)
    back = shop.items.pop(30)

    def restore(asked: ReceivedRequest) -> None:
        if offset(asked):
            shop.items[30] = back

    shop.before_answer = restore
    reading = await poll(harness)

    assert {item["sku"] for item in shop.items.values()} - set(reading.stock) <= {back["sku"]}
    assert len(reading.records) == len(reading.stock)


async def test_a_catalogue_of_which_too_much_goes_is_read_again(
    shop: WooCommerceShop, harness: OverHttp
) -> None:
    for number in range(350):
        shop.add(f"P-{number}", number)

    def remove(asked: ReceivedRequest) -> None:
        if offset(asked):
            for number in range(10, 110):
                shop.items.pop(number, None)

    shop.before_answer = remove
    with pytest.raises(Temporary, match="the catalogue changed while it was read"):
        await poll(harness)


@pytest.mark.long
async def test_what_woocommerce_counts_and_does_not_show_is_said(
    shop: WooCommerceShop, harness: OverHttp
) -> None:
    for number in range(350):
        shop.add(f"P-{number}", number)
    shop.broken = {20, 108, 109, 207}

    reading = await poll(harness)

    assert len(reading.records) == len(reading.stock) == 346
    (warning,) = warnings(reading)
    assert warning == (
        "WooCommerce counts 350 products and variations, and shows 346: some can't be loaded "
        "there, or not by the key's user"
    )
    assert cut_short(reading) == ""


async def test_a_list_of_which_much_is_not_shown_is_not_good(
    shop: WooCommerceShop, harness: OverHttp
) -> None:
    for number in range(150):
        shop.add(f"P-{number}", number)
    shop.broken = set(range(20, 60))

    assert "counts 150 products and variations, and shows 110" in cut_short(await poll(harness))


@pytest.mark.long
async def test_a_shop_that_knows_no_offset_is_read_by_its_pages(
    shop: WooCommerceShop, harness: OverHttp
) -> None:
    shop.drops_offset = True
    big = shop.add("BIG")
    for number in range(350):
        shop.add(f"P-{number}", number)
        shop.add(f"V-{number}", number, parent_id=big)
    async with opened(harness) as channel:
        for _ in range(2):
            found = [record async for page in channel.pages() for record in page.records]
            assert len({record.sku for record in found}) == len(found) == 700
        left = set(shop.items)

        def remove(_asked: ReceivedRequest) -> None:
            if number := next((number for number in left if number < 40), 0):
                left.discard(number)
                shop.items.pop(number, None) if number != big else None

        shop.before_answer = remove
        with pytest.raises(Temporary, match="the catalogue changed while it was read"):
            async for _ in channel.pages():
                pass


async def test_an_empty_page_of_many_products_is_no_empty_shop(
    shop: WooCommerceShop, harness: OverHttp
) -> None:
    for number in range(150):
        shop.add(f"P-{number}", number)
    shop.broken = set(shop.items)

    with pytest.raises(ContractBroken, match="an empty page, though WooCommerce counts 150"):
        await poll(harness)


async def test_a_list_without_its_total_breaks_the_contract(
    shop: WooCommerceShop, harness: OverHttp
) -> None:
    shop.add("A", 5)

    def without(asked: ReceivedRequest) -> Answer:
        return Answer(shop.answer(asked).body)

    harness.front.spoil = without
    with pytest.raises(ContractBroken, match="X-WP-Total"):
        await poll(harness)


async def test_no_reading_is_from_the_cache(shop: WooCommerceShop, harness: OverHttp) -> None:
    shop.caches = True
    parent = shop.add("P", 5)
    shop.add("V", 4, parent_id=parent)
    shop.put("V", 3)
    async with opened(harness) as channel:
        stock = {r.sku: r.available async for page in channel.pages() for r in page.records}
        shop.put("V", 1)
        answer = await channel.read([ListingRef("V", "", f"{parent}/{parent + 1}")])

    assert stock == {"P": 5, "V": 3}
    assert [record.available for record in answer.records] == [1]
    assert shop.cached == {}
    # One that answers from it all the same is noticed.
    harness.front.spoil = lambda asked: _as_cached(shop.answer(asked))
    assert "came from WooCommerce's cache" in warnings(await poll(harness))[0]


def _as_cached(answer: Answer) -> Answer:
    return Answer(answer.body, answer.status, {**answer.headers, "X-WC-Cache": "HIT"})


async def test_listings_are_read_by_their_ids_where_they_still_are(
    shop: WooCommerceShop, harness: OverHttp
) -> None:
    shop.add("MUG", 1)
    shirt, coat = shop.add("SHIRT"), shop.add("COAT")
    moved = shop.add("MOVED", 2, parent_id=shirt)
    stays = shop.add("STAYS", 3, parent_id=shirt)
    other = shop.add("OTHER", 4, parent_id=coat)
    trash = shop.add("TRASH", 5)
    renamed = shop.add("OLD", 6)
    reading = await poll(harness)
    wanted = [ListingRef(record.sku, "", record.ref) for record in reading.records]
    shop.items[moved]["parent_id"] = coat
    shop.items[trash]["status"] = "trash"
    shop.items[renamed]["sku"] = "NEW"
    shop.put("OTHER", 0)
    shop.items[shirt]["status"] = "draft"
    async with opened(harness) as channel:
        harness.server.asked.clear()
        answer = await channel.read(wanted)

    assert {record.sku: (record.available, record.state) for record in answer.records} == {
        "MUG": (1, "active"),
        "STAYS": (3, "disabled"),
        "OTHER": (0, "active"),
    }
    assert {record.ref for record in answer.records} == {
        "10", f"{shirt}/{stays}", f"{coat}/{other}"
    }  # fmt: skip
    # One request for the products, and one for the variations of each.
    assert len(harness.server.asked) == 3

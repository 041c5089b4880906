"""What WooCommerce's products and variations are read as."""

from urllib.parse import urlsplit

import pytest

from store.model import Refused
from sync.channels.woocommerce.reading import AT_ONCE
from sync.contract.reading import check_cancelled_poll
from tests.contract.harness import OverHttp, Reading, opened, poll
from tests.contract.woocommerce.bench import BEFORE, warnings
from tests.fakes.woocommerce import WooCommerceShop
from tests.loopback import Answer


def shown(reading: Reading) -> dict[str, tuple[int | None, str | None]]:
    return {record.sku: (record.available, record.state) for record in reading.records}


async def test_products_and_variations_are_read_each_as_what_it_is(
    shop: WooCommerceShop, harness: OverHttp
) -> None:
    shop.add("MUG", 12)
    shop.add("GIFT")
    shop.add("GONE", stock_status="outofstock")
    shop.add("SOLD", 0, backorders="notify")
    for status in ("draft", "pending", "private", "future"):
        shop.add(status.upper(), 4, status=status)
    shop.add("TRASH", 3, status="trash")
    shop.add("SET", type="grouped")
    shop.add("ELSEWHERE", type="external")
    shirt = shop.add("SHIRT")
    shop.add("SHIRT-S", 9, parent_id=shirt)
    shop.add("SHIRT-OFF", 8, parent_id=shirt, status="private")
    shop.add("SHIRT-ANY", parent_id=shirt)
    hidden = shop.add("COAT", status="draft")
    shop.add("COAT-S", 6, parent_id=hidden)

    reading = await poll(harness)

    assert shown(reading) == {
        "MUG": (12, "active"),
        "GIFT": (None, "uncounted"),
        "GONE": (None, "disabled"),
        "SOLD": (0, "backorder"),
        "DRAFT": (4, "disabled"),
        "PENDING": (4, "disabled"),
        "PRIVATE": (4, "disabled"),
        "FUTURE": (4, "disabled"),
        "SET": (None, "uncounted"),
        "ELSEWHERE": (None, "uncounted"),
        "SHIRT-S": (9, "active"),
        "SHIRT-OFF": (8, "disabled"),
        "SHIRT-ANY": (None, "uncounted"),
        "COAT-S": (6, "disabled"),
    }
    assert warnings(reading) == []
    assert reading.of("SHIRT-S").ref == f"{shirt}/{shirt + 1}"
    assert reading.of("MUG").price_minor == 1290


async def test_stock_that_variations_share_counts_once_at_their_product(
    shop: WooCommerceShop, harness: OverHttp
) -> None:
    pool = shop.add("POOL", 30)
    for sku in ("POOL-RED", "POOL-BLUE", ""):
        shop.add(sku, parent_id=pool)
    shop.add("POOL-OWN", 2, parent_id=pool)
    nameless = shop.add("", 7)
    shop.add("HAT-RED", parent_id=nameless)

    reading = await poll(harness)

    assert shown(reading) == {
        "POOL": (30, "active"),
        "POOL-RED": (None, "uncounted"),
        "POOL-BLUE": (None, "uncounted"),
        "POOL-OWN": (2, "active"),
        "HAT-RED": (None, "uncounted"),
    }
    said = "\n".join(warnings(reading))
    assert "3 listings, its stock is its product's" in said
    assert ": POOL-RED, POOL-BLUE, HAT-RED" in said
    assert f"it has no SKU: give it one: product {nameless}" in said
    assert "1 listing, no SKU of its own, so left out: variation 13" in said


async def test_what_has_no_sku_is_left_out_and_counted(
    shop: WooCommerceShop, harness: OverHttp
) -> None:
    for _ in range(5):
        shop.add("", 3)
    shop.add("MUG", 1)

    reading = await poll(harness)

    assert list(shown(reading)) == ["MUG"]
    (warning,) = warnings(reading)
    assert warning == (
        "5 listings, no SKU of its own, so left out: product 10, product 11, product 12 and 2 more"
    )
    assert [page.announced for page in reading.pages][-1] == 1


async def test_variations_of_many_pages_are_all_read(
    shop: WooCommerceShop, harness: OverHttp
) -> None:
    big, small = shop.add("BIG"), shop.add("SMALL")
    for number in range(230):
        shop.add(f"BIG-{number}", number, parent_id=big)
    shop.add("SMALL-1", 1, parent_id=small)

    reading = await poll(harness)

    assert len(reading.records) == len(reading.stock) == 231
    assert reading.stock["BIG-229"] == 229


async def test_the_lists_of_variations_are_asked_for_a_few_at_once(
    shop: WooCommerceShop, harness: OverHttp
) -> None:
    for number in range(9):
        parent = shop.add(f"P-{number}")
        shop.add(f"V-{number}", number, parent_id=parent)
    async with opened(harness) as channel:
        for _ in range(2):
            assert len([r async for page in channel.pages() for r in page.records]) == 9
    routes = [urlsplit(asked.path).path for asked in harness.server.asked]

    # The list of all is looked for once.
    assert sum(route.endswith("/wc/v3/variations") for route in routes) == (
        1 if shop.version == BEFORE else 2
    )
    assert sum("/products/" in route for route in routes) == (18 if shop.version == BEFORE else 0)
    assert AT_ONCE == 4


@pytest.mark.long
@pytest.mark.parametrize("status", [400, 401, 403, 200])
async def test_where_the_list_of_all_variations_is_kept_from_us_it_is_read_otherwise(
    shop: WooCommerceShop, harness: OverHttp, status: int
) -> None:
    for number in range(3):
        shop.add(f"V-{number}", number, parent_id=shop.add(f"P-{number}"))
    refusal = Answer({"code": "rest_forbidden", "message": "Not this route."}, status)
    harness.front.spoil = lambda asked: (
        refusal if urlsplit(asked.path).path.endswith("/wc/v3/variations") else None
    )

    assert (await poll(harness)).stock == {"V-0": 0, "V-1": 1, "V-2": 2}


async def test_a_cancelled_sweep_leaves_no_request_behind(
    shop: WooCommerceShop, harness: OverHttp
) -> None:
    for number in range(9):
        shop.add(f"V-{number}", number, parent_id=shop.add(f"P-{number}"))
    await check_cancelled_poll(harness, lambda asked: "variations" in urlsplit(asked.path).path)


async def test_variations_of_nothing_are_left_out(shop: WooCommerceShop, harness: OverHttp) -> None:
    # A product that is made a simple one keeps its variations in the database.
    shirt, coat = shop.add("SHIRT", 3), shop.add("COAT")
    shop.add("SHIRT-S", 9, parent_id=shirt)
    shop.add("COAT-S", 1, parent_id=coat)
    shop.items[shirt]["type"] = "simple"

    assert shown(await poll(harness)) == {"SHIRT": (3, "active"), "COAT-S": (1, "active")}


async def test_a_type_of_a_plugin_may_have_variations(
    shop: WooCommerceShop, harness: OverHttp
) -> None:
    coffee = shop.add("COFFEE")
    shop.add("COFFEE-1KG", 5, parent_id=coffee)
    shop.items[coffee]["type"] = "variable-subscription"

    assert shown(await poll(harness)) == {"COFFEE-1KG": (5, "active")}


async def test_words_that_skew_does_not_know_are_counted(
    shop: WooCommerceShop, harness: OverHttp
) -> None:
    shop.add("A", 5, status="discontinued")
    shop.add("B", 5, stock_status="preorder")
    shop.add("C", 5, stock_status="preorder")
    shop.add("D", 5, type="bundle")
    shop.add("E", 5, backorders=["odd"])

    reading = await poll(harness)

    assert shown(reading)["A"] == (5, "disabled")
    assert shown(reading)["B"] == shown(reading)["D"] == (5, "active")
    assert warnings(reading) == [
        '1 listing, a status that Skew does not know, "discontinued": A',
        '2 listings, a stock_status that Skew does not know, "preorder": B, C',
        '1 listing, a type that Skew does not know, "bundle": D',
        "1 listing, a backorders that Skew does not know, a list: E",
    ]


@pytest.mark.parametrize(
    ("raw", "quantity"), [('"12"', 12), ("12.0", 12), ('"12.000"', 12), ("-3", -3), ("0", 0)]
)
async def test_quantities_as_plugins_write_them(
    shop: WooCommerceShop, harness: OverHttp, raw: str, quantity: int
) -> None:
    shop.add("A", 5)
    shop.corrupt("A", raw)

    assert (await poll(harness)).stock == {"A": quantity}


@pytest.mark.parametrize("managed", ["true", "yes", 1, "1"])
async def test_managed_stock_as_plugins_write_it(
    shop: WooCommerceShop, harness: OverHttp, managed: object
) -> None:
    shop.items[shop.add("A", 5)]["manage_stock"] = managed

    assert (await poll(harness)).stock == {"A": 5}


async def test_managed_stock_that_is_neither_blinds_its_own_listing(
    shop: WooCommerceShop, harness: OverHttp
) -> None:
    shop.items[shop.add("A", 5)]["manage_stock"] = "maybe"
    shop.add("B", 2)

    reading = await poll(harness)

    assert reading.stock == {"B": 2}
    assert reading.refused == [
        Refused(
            "products, page 1, id 10", 'manage_stock is "maybe", not true, false or "parent"', "A"
        )
    ]


async def test_what_is_no_listing_blinds_none_however_bad_it_is(
    shop: WooCommerceShop, harness: OverHttp
) -> None:
    pool = shop.add("POOL", 30)
    shop.items[shop.add("", parent_id=pool)]["manage_stock"] = ["?"]
    shop.items[shop.add("", 3)]["manage_stock"] = "?"

    reading = await poll(harness)

    assert (reading.stock, reading.refused) == ({"POOL": 30}, [])


async def test_no_number_counts_as_none_where_woocommerce_says_so(
    shop: WooCommerceShop, harness: OverHttp
) -> None:
    shop.add("A", 5, stock_status="outofstock")
    shop.corrupt("A", "null")
    shop.add("B", 5)
    shop.corrupt("B", "null")

    reading = await poll(harness)

    assert reading.stock == {"A": 0}
    assert [refused.sku for refused in reading.refused] == ["B"]


async def test_units_below_the_out_of_stock_threshold_are_named(
    shop: WooCommerceShop, harness: OverHttp
) -> None:
    shop.no_stock_amount = 2
    shop.add("A", 2)
    shop.add("B", 3)

    reading = await poll(harness)

    assert shown(reading) == {"A": (2, "active"), "B": (3, "active")}
    (warning,) = warnings(reading)
    assert "1 listing, units left, and out of stock all the same" in warning
    assert warning.endswith(": A")


async def test_a_shop_that_counts_nothing_says_so(shop: WooCommerceShop, harness: OverHttp) -> None:
    shop.add("A")
    shop.add("B")

    (warning,) = warnings(await poll(harness))

    assert "WooCommerce manages the stock of no product" in warning

"""The states that the woocommerce kind writes, and those that are not ours to write."""

import pytest

from store.model import Record, State
from tests.contract.harness import OverHttp, poll
from tests.contract.woocommerce.bench import routes, write
from tests.fakes.woocommerce import WooCommerceShop


@pytest.fixture
def shop() -> WooCommerceShop:
    return WooCommerceShop(version=(10, 3))


def of_state(record: Record) -> tuple[int | None, str | None]:
    return record.available, record.state


@pytest.mark.parametrize(
    ("before", "wanted", "quantity", "sent"),
    [
        ({}, State.DISABLED, 5, {"status": "draft"}),
        ({"status": "draft"}, State.ACTIVE, 5, {"status": "publish"}),
        ({"status": "private"}, State.ACTIVE, 3, {"status": "publish", "stock_quantity": 3}),
        ({}, State.BACKORDER, 0, {"stock_quantity": 0, "backorders": "notify"}),
        ({"backorders": "yes"}, State.BACKORDER, 0, {"stock_quantity": 0}),
        ({"backorders": "yes"}, State.ACTIVE, 0, {"stock_quantity": 0, "backorders": "no"}),
        ({"backorders": "yes"}, State.ACTIVE, 2, {"stock_quantity": 2}),
        ({"status": "draft"}, State.BACKORDER, 0,
         {"stock_quantity": 0, "backorders": "notify", "status": "publish"}),
    ],
)  # fmt: skip
async def test_a_state_is_written_and_then_shown(
    shop: WooCommerceShop,
    harness: OverHttp,
    before: dict[str, str],
    wanted: State,
    quantity: int,
    sent: dict[str, object],
) -> None:
    shop.add("A", 5, **before)

    receipts = await write(harness, {"A": quantity}, state=wanted)

    assert receipts["A"].refused is None
    assert harness.server.asked[-1].json == sent
    assert of_state((await poll(harness)).of("A")) == (quantity, wanted)


async def test_a_variation_is_switched_off_and_on(shop: WooCommerceShop, harness: OverHttp) -> None:
    number = shop.add("V", 5, parent_id=shop.add("P"))

    await write(harness, {"V": 5}, state=State.DISABLED)
    assert shop.items[number]["status"] == "private"
    await write(harness, {"V": 5}, state=State.ACTIVE)
    assert shop.items[number]["status"] == "publish"


@pytest.mark.parametrize(
    ("before", "wanted", "words"),
    [
        ({"status": "pending"}, State.ACTIVE, 'its status is "pending": publish it in WooCommerce'),
        ({"status": "future"}, State.ACTIVE, "publish it in WooCommerce"),
        ({"status": "discontinued"}, State.ACTIVE, '"discontinued"'),
        ({}, State.BACKORDER, "only where no units are left"),
        ({}, State.ARCHIVED, "has no state archived"),
    ],
)
async def test_a_state_that_is_not_ours_to_write_is_refused(
    shop: WooCommerceShop, harness: OverHttp, before: dict[str, str], wanted: State, words: str
) -> None:
    shop.add("A", 5, **before)

    receipts = await write(harness, {"A": 5}, state=wanted)

    assert words in str(receipts["A"].refused)
    assert routes(harness) == []


async def test_a_variation_of_an_unpublished_product_is_not_put_on_sale(
    shop: WooCommerceShop, harness: OverHttp
) -> None:
    shop.add("V", 5, parent_id=shop.add("P", status="draft"))

    receipts = await write(harness, {"V": 5}, state=State.ACTIVE)

    assert "publish the product first" in str(receipts["V"].refused)

"""A real EverShop, by the description that comes with Skew."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.desk import ShopDesk
from tests.end_to_end.servers.evershop import (
    PASSWORD,
    USER,
    EverShop,
    another_address,
    missing,
    running_evershop,
)

STOCK = {f"SKU-{number:04}": number for number in range(1, 41)}
NEW_PASSWORD = "another-s3cret"

pytestmark = [
    pytest.mark.real_shop,
    pytest.mark.skipif(missing() is not None, reason=f"no real EverShop: {missing()}"),
]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EverShop]:
    with running_evershop(tmp_path_factory.mktemp("evershop"), STOCK) as found:
        yield found


@pytest.fixture
def desk(shop: EverShop, tmp_path: Path) -> ShopDesk:
    """A desk at which nothing disagrees: the warehouse has what the shop shows."""
    desk = ShopDesk(tmp_path, {"SHOP_PASSWORD": PASSWORD}, {"SHOP_EMAIL": USER})
    desk.begin("evershop", shop.url)
    (address,) = another_address().values()
    desk.edit(
        'direction = "push"', f'headers = {{ "X-Forwarded-For" = "{address}" }}\ndirection = "push"'
    )
    desk.warehouse_counts(shop.stock())
    return desk


def test_what_an_operator_approves_is_what_the_shop_then_has(
    shop: EverShop, desk: ShopDesk
) -> None:
    checked = desk.skew("check", "--online")
    assert checked.code == 0, checked.out
    before = shop.stock()
    counted = {**before, "SKU-0007": 3, "SKU-0031": 0, "SKU-0030": 36}
    desk.warehouse_counts(counted)

    assert desk.skew("poll").code == 0
    found = desk.disagreements()
    assert {sku: row["delta"] for sku, row in found.items()} == {
        "SKU-0007": -4, "SKU-0031": -31, "SKU-0030": 6,
    }  # fmt: skip
    assert shop.stock() == before

    assert desk.apply_all() == {"SKU-0007": "verified", "SKU-0031": "verified"}
    desk.warehouse_counts(counted)
    assert desk.skew("poll").code == 0
    assert desk.apply_all() == {"SKU-0030": "verified"}

    assert shop.stock() == counted
    assert desk.skew("diff").code == 0
    assert desk.skew("status").code == 0


def test_what_is_sold_out_or_disabled_is_still_seen(shop: EverShop, desk: ShopDesk) -> None:
    shop.put("SKU-0009", 0)
    shop.disable("SKU-0010")
    try:
        polled = desk.skew("poll")

        assert polled.code == 0, polled.out
        (found,) = desk.disagreements().values()
        assert (found["sku"], found["kind"], found["delta"]) == ("SKU-0009", "quantity", 9)
    finally:
        shop.put("SKU-0009", 9)
        shop.enable("SKU-0010")


def test_every_variant_of_a_product_is_read_and_written_by_itself(
    shop: EverShop, desk: ShopDesk
) -> None:
    shop.make_variants(["SKU-0014", "SKU-0015", "SKU-0016"])
    counted = {**shop.stock(), "SKU-0014": 4, "SKU-0015": 5}
    desk.warehouse_counts(counted)

    assert desk.skew("poll").code == 0
    found = desk.disagreements()
    assert {sku: row["delta"] for sku, row in found.items()} == {"SKU-0014": -10, "SKU-0015": -10}

    assert desk.apply_all() == {"SKU-0014": "verified", "SKU-0015": "verified"}
    assert shop.stock() == counted


def test_an_order_lowers_what_the_shop_shows(shop: EverShop, desk: ShopDesk) -> None:
    assert desk.skew("poll").code == 0

    shop.buy("SKU-0025", 3)
    desk.skew("poll")

    (found,) = desk.disagreements().values()
    assert (found["sku"], found["reading"]["available"], found["delta"]) == ("SKU-0025", 22, 3)
    assert shop.stock()["SKU-0025"] == 22


async def test_a_session_that_has_ended_is_begun_again(
    shop: EverShop, desk: ShopDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (desk.secrets | desk.variables).items():
        monkeypatch.setenv(name, value)
    channel = desk.opened("shop")
    try:
        first = [record async for page in channel.pages() for record in page.records]
        shop.end_sessions()
        second = [record async for page in channel.pages() for record in page.records]
    finally:
        await channel.close()
        shop.sign_in()

    assert len(first) == len(STOCK)
    assert first == second


def test_a_changed_password_is_named_and_the_new_one_works(shop: EverShop, desk: ShopDesk) -> None:
    assert desk.skew("poll").code == 0
    shop.change_password(NEW_PASSWORD)
    try:
        refused = desk.skew("poll", "--json")
        assert refused.code == 1
        (poll,) = [poll for poll in refused.json["polls"] if poll["channel"] == "shop"]
        assert "SHOP_PASSWORD" in poll["error"]

        desk.secrets["SHOP_PASSWORD"] = NEW_PASSWORD
        assert desk.skew("poll").code == 0
    finally:
        shop.change_password(PASSWORD)

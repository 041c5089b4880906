"""Skew as installed, with the kind `woocommerce`, on a shop that answers as measured."""

from pathlib import Path

import pytest

from sync.channels.woocommerce.doubts import POOLED
from tests.contract.harness import SECRET
from tests.end_to_end.desk import ShopDesk
from tests.fakes.woocommerce import WooCommerceShop
from tests.loopback import ReceivedRequest, serving


@pytest.mark.long
def test_what_an_operator_approves_is_what_the_shop_then_has(tmp_path: Path) -> None:
    shop = WooCommerceShop(version=(10, 3))
    for number in range(1, 121):
        shop.add(f"W-{number}", number)
    shirt, pool = shop.add("SHIRT"), shop.add("POOL", 30)
    for size in "SML":
        shop.add(f"SHIRT-{size}", 9, parent_id=shirt)
        shop.add(f"POOL-{size}", parent_id=pool)
    desk = ShopDesk(tmp_path, {"SHOP_CONSUMER_KEY": SECRET, "SHOP_CONSUMER_SECRET": SECRET})
    counted = {f"W-{number}": number for number in range(1, 121)}
    counted |= {f"SHIRT-{size}": 9 for size in "SML"} | {"POOL": 30}
    counted |= {"W-7": 2, "W-90": 1, "SHIRT-S": 4, "SHIRT-L": 3, "POOL": 12}
    # What the pool's variations have by the warehouse is compared at the pool alone.
    counted |= {f"POOL-{size}": 12 for size in "SML"}
    with serving(shop.answer) as running:
        desk.begin("woocommerce", running.url)
        desk.warehouse_counts(counted)
        checked = desk.skew("check", "--online")
        assert checked.code == 0, checked.out
        assert "Corner Shop" in checked.out
        assert {asked.method for asked in running.asked} == {"GET"}
        assert desk.skew("poll").code == 0
        found = {sku: found["delta"] for sku, found in desk.disagreements().items()}
        assert found == {"W-7": -5, "W-90": -89, "SHIRT-S": -5, "SHIRT-L": -6, "POOL": -18}

        done = desk.apply_all()

        assert set(done.values()) == {"verified"}
        assert set(done) == set(found)
        assert [shop.shown(sku) for sku in found] == [counted[sku] for sku in found]
        assert desk.skew("diff").code == 0
        status = desk.skew("status", "--json").json
        (said,) = [entry["warnings"] for entry in status["channels"] if entry["name"] == "shop"]
        assert said == [f"3 listings, {POOLED}: POOL-S, POOL-M, POOL-L"]


@pytest.mark.long
def test_an_update_that_the_shop_loses_is_noticed(tmp_path: Path) -> None:
    """A page of the shop's own that was opened before our write is saved after it."""
    shop = WooCommerceShop()
    for number in range(1, 31):
        shop.add(f"W-{number}", 50)
    desk = ShopDesk(tmp_path, {"SHOP_CONSUMER_KEY": SECRET, "SHOP_CONSUMER_SECRET": SECRET})
    counted = {f"W-{number}": 50 for number in range(1, 31)} | {"W-7": 20}
    has_written: list[bool] = []

    def lose(asked: ReceivedRequest) -> None:
        if has_written and shop.shown("W-7") == 20:
            shop.put("W-7", 50)
        if asked.method == "PUT":
            has_written.append(True)

    with serving(shop.answer) as running:
        desk.begin("woocommerce", running.url)
        desk.edit("\n# buffer = 2 ", '\nread_back_within = "2s"\n# buffer = 2 ')
        desk.warehouse_counts(counted)
        assert desk.skew("poll").code == 0
        shop.before_answer = lose

        assert desk.apply_all() == {"W-7": "not_applied"}

    assert shop.shown("W-7") == 50

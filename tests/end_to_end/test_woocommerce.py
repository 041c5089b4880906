"""Skew as installed, on WooCommerce as it answers: `skew init --from`, credentials, and it works.

The shop is on loopback and answers as measured; the description is tried more closely in
`tests/sync/channels/descriptions/test_woocommerce.py`.
"""

from pathlib import Path

import pytest

from tests.end_to_end.desk import ShopDesk
from tests.loopback import serving
from tests.sync.channels.descriptions.vendors.woocommerce import KEY, SECRET, WooCommerce


@pytest.mark.long
def test_what_an_operator_approves_is_what_the_shop_then_has(tmp_path: Path) -> None:
    shop = WooCommerce()
    for number in range(1, 151):
        shop.add(number, f"W-{number}", number)
    shop.add(900, "SHIRT", type="variable")
    shop.add_variation(900, 901, "SHIRT-S", 9)
    shop.add_variation(900, 902, "SHIRT-L", 9)
    secrets = {"SHOP_CONSUMER_KEY": KEY, "SHOP_CONSUMER_SECRET": SECRET}
    desk = ShopDesk(tmp_path, secrets)
    counted = {f"W-{number}": number for number in range(1, 151)} | {"SHIRT-S": 9, "SHIRT-L": 9}
    counted |= {"W-7": 2, "SHIRT-S": 4}
    with serving(shop.answer) as running:
        desk.begin_described("woocommerce", running.url)
        desk.warehouse_counts(counted)
        assert desk.skew("check", "--online").code == 0
        assert desk.skew("poll").code == 0
        found = {sku: found["delta"] for sku, found in desk.disagreements().items()}
        assert found == {"W-7": -5, "SHIRT-S": -5}

        assert desk.apply_all() == {"W-7": "verified", "SHIRT-S": "verified"}

        assert shop.products[7]["stock_quantity"] == 2
        assert shop.variations[900][901]["stock_quantity"] == 4
        assert desk.skew("diff").code == 0
        assert desk.skew("status").code == 0

"""The fixtures of the tests of a WooCommerce of any address."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.harness import (
    OverHttp,
    over_http,
)
from tests.fakes.woocommerce import WooCommerceShop


@pytest.fixture
def shop() -> WooCommerceShop:
    found = WooCommerceShop()
    found.add("A", 5)
    return found


@pytest.fixture
def harness(shop: WooCommerceShop, tmp_path: Path) -> Iterator[OverHttp]:
    with over_http(shop, tmp_path) as found:
        yield found

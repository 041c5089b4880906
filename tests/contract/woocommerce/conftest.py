"""A fake of the kind `woocommerce`, and a channel to it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.harness import OverHttp, over_http
from tests.contract.woocommerce.bench import BEFORE, SINCE
from tests.fakes.woocommerce import WooCommerceShop


@pytest.fixture(params=[BEFORE, SINCE])
def shop(request: pytest.FixtureRequest) -> WooCommerceShop:
    return WooCommerceShop(version=request.param)


@pytest.fixture
def harness(shop: WooCommerceShop, tmp_path: Path) -> Iterator[OverHttp]:
    with over_http(shop, tmp_path) as found:
        yield found

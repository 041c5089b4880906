"""The fixtures of the tests of Shopify, which is written to."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.harness import (
    SECRET,
    SECRET_NAME,
    OverHttp,
    over_http,
)
from tests.fakes.shopify import Shopify


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SECRET_NAME, SECRET)


@pytest.fixture
def shop() -> Shopify:
    found = Shopify()
    for number, sku in enumerate("ABCD"):
        found.put(sku, 10 + number)
    return found


@pytest.fixture
def harness(shop: Shopify, tmp_path: Path) -> Iterator[OverHttp]:
    with over_http(shop, tmp_path) as found:
        yield found

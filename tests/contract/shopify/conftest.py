"""A fake of the kind `shopify`, and a channel to it."""

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
    return Shopify()


@pytest.fixture
def harness(shop: Shopify, tmp_path: Path) -> Iterator[OverHttp]:
    with over_http(shop, tmp_path) as found:
        yield found

"""A fake of the kind `odoo`, and a channel to it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.harness import (
    SECRET,
    SECRET_NAME,
    OverHttp,
    over_http,
)
from tests.fakes.odoo import OdooShop


@pytest.fixture(autouse=True)
def _credential(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SECRET_NAME, SECRET)


@pytest.fixture(params=["json-2", "json-rpc"])
def shop(request: pytest.FixtureRequest) -> OdooShop:
    return OdooShop(is_rpc=request.param == "json-rpc")


@pytest.fixture
def harness(shop: OdooShop, tmp_path: Path) -> Iterator[OverHttp]:
    with over_http(shop, tmp_path) as found:
        yield found

"""A fake of the kind `ebay`, and a channel to it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.harness import (
    OverHttp,
    over_http,
)
from tests.fakes.ebay import EbaySeller


@pytest.fixture
def seller() -> EbaySeller:
    return EbaySeller()


@pytest.fixture
def harness(seller: EbaySeller, tmp_path: Path) -> Iterator[OverHttp]:
    with over_http(seller, tmp_path) as found:
        yield found

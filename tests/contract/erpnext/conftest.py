"""A fake of the kind `erpnext`, and a channel to it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.harness import (
    OverHttp,
    over_http,
)
from tests.fakes.erpnext import ErpNextSiteFake


@pytest.fixture
def site() -> ErpNextSiteFake:
    return ErpNextSiteFake()


@pytest.fixture
def harness(site: ErpNextSiteFake, tmp_path: Path) -> Iterator[OverHttp]:
    with over_http(site, tmp_path) as found:
        yield found

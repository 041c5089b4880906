"""A fake of the kind `square`, and a channel to it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.harness import (
    OverHttp,
    over_http,
    stocked,
)
from tests.fakes.square import SquareSeller


@pytest.fixture
def seller() -> SquareSeller:
    return SquareSeller()


@pytest.fixture
def harness(seller: SquareSeller, tmp_path: Path) -> Iterator[OverHttp]:
    with over_http(seller, tmp_path) as found:
        yield stocked(found)

"""A fake of the kind `bigcommerce`, and a channel to it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.harness import SECRET, OverHttp, over_http
from tests.fakes.bigcommerce import BigCommerceStore


@pytest.fixture
def store() -> BigCommerceStore:
    return BigCommerceStore()


@pytest.fixture
def harness(
    store: BigCommerceStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[OverHttp]:
    monkeypatch.setenv("CONTRACT_SECRET", SECRET)
    with over_http(store, tmp_path) as found:
        yield found

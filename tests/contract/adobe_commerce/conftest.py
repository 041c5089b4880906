"""A fake of the kind `adobe-commerce`, and a channel to it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.harness import SECRET, OverHttp, over_http
from tests.fakes.adobe_commerce import AdobeShop


@pytest.fixture
def shop() -> AdobeShop:
    return AdobeShop()


@pytest.fixture
def harness(shop: AdobeShop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OverHttp]:
    monkeypatch.setenv("CONTRACT_SECRET", SECRET)
    with over_http(shop, tmp_path) as found:
        yield found

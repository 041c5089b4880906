"""The fixtures of the tests of Tryton."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.harness import SECRET, OverHttp, over_http
from tests.fakes.tryton import TrytonServer


@pytest.fixture
def server() -> TrytonServer:
    return TrytonServer()


@pytest.fixture
def harness(
    server: TrytonServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[OverHttp]:
    monkeypatch.setenv("CONTRACT_SECRET", SECRET)
    with over_http(server, tmp_path) as found:
        yield found

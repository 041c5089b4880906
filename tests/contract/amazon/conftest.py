"""The fixtures of the tests of Amazon."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.harness import OverHttp, over_http, stocked
from tests.fakes.amazon import Amazon


@pytest.fixture
def amazon(tmp_path: Path) -> Iterator[OverHttp]:
    with over_http(Amazon(), tmp_path) as found:
        yield stocked(found)

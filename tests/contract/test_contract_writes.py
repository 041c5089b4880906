"""The part of the suite of `sync/contract/` that every kind passes which can be written."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sync.contract.writing import HttpWritingSuite, WritingSuite
from tests.contract.harness import Harness, OverHttp
from tests.contract.kinds import WRITING, WRITING_OVER_HTTP, behind_doors, by_example, running


class TestWriting(WritingSuite):
    @pytest.fixture(params=behind_doors(WRITING))
    def harness(self, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Harness]:
        with running(request.param, tmp_path) as found:
            yield found


class TestWritingOverHttp(HttpWritingSuite):
    @pytest.fixture(params=by_example(WRITING_OVER_HTTP))
    def harness(self, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OverHttp]:
        with running(request.param, tmp_path) as found:
            assert isinstance(found, OverHttp)
            yield found

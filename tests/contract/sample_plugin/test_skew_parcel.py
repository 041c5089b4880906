"""The kind `parcel` passes the suite that Skew's own kinds pass."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from parcel_fake import ParcelFake

from sync.contract.faults import FaultSuite
from sync.contract.harness import OverHttp, over_http, stocked
from sync.contract.reading import EmptySuite, HttpReadingSuite, ReadingSuite
from sync.contract.writing import HttpWritingSuite, WritingSuite


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[OverHttp]:
    with over_http(ParcelFake(), tmp_path) as found:
        yield stocked(found)


class TestParcel(ReadingSuite, HttpReadingSuite, FaultSuite, WritingSuite, HttpWritingSuite):
    """Everything that holds for a kind over HTTP which reads and writes."""


class TestEmptyDepot(EmptySuite):
    @pytest.fixture
    def harness(self, tmp_path: Path) -> Iterator[OverHttp]:
        with over_http(ParcelFake(), tmp_path) as found:
            yield found

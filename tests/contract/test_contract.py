"""The suite of `sync/contract/` for every registered kind, each against a real server or file.

A new kind adds one line to `HARNESSES` (`tests/contract/kinds.py`), and over HTTP a fake in
`tests/fakes/`.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sync import channels
from sync.contract.events import EventSuite
from sync.contract.faults import FaultSuite
from sync.contract.reading import EmptySuite, HttpReadingSuite, ReadingSuite
from tests.contract.harness import Harness, OverHttp
from tests.contract.kinds import HARNESSES, NETWORKED, TELLING, behind_doors, by_example, running


class TestReading(ReadingSuite):
    test_a_large_catalogue_comes_page_by_page_in_a_stable_order = pytest.mark.long(
        ReadingSuite.test_a_large_catalogue_comes_page_by_page_in_a_stable_order
    )

    @pytest.fixture(params=behind_doors(sorted(channels.KINDS)))
    def harness(self, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Harness]:
        with running(request.param, tmp_path) as found:
            yield found


class TestReadingOverHttp(HttpReadingSuite):
    @pytest.fixture(params=by_example(NETWORKED))
    def harness(self, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OverHttp]:
        with running(request.param, tmp_path) as found:
            assert isinstance(found, OverHttp)
            yield found


class TestFaults(FaultSuite):
    test_a_sweep_that_is_cancelled_leaves_no_connection = pytest.mark.long(
        FaultSuite.test_a_sweep_that_is_cancelled_leaves_no_connection
    )

    @pytest.fixture(params=by_example(NETWORKED))
    def harness(self, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OverHttp]:
        with running(request.param, tmp_path) as found:
            assert isinstance(found, OverHttp)
            yield found


class TestEmpty(EmptySuite):
    @pytest.fixture(params=NETWORKED)
    def harness(self, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Harness]:
        with HARNESSES[request.param](tmp_path) as found:
            yield found


class TestEvents(EventSuite):
    @pytest.fixture(params=TELLING)
    def harness(self, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OverHttp]:
        with running(request.param, tmp_path) as found:
            assert isinstance(found, OverHttp)
            yield found

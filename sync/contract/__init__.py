"""The suite that every kind of channel passes: for ours, and for those of other packages.

It is for tests and needs `pytest` and `pytest-asyncio`. Whoever brings a kind along writes a fake
of the vendor's API, a `Backend` (`sync/contract/harness.py`), and a file of tests:

    from sync.contract.faults import FaultSuite
    from sync.contract.harness import over_http, stocked
    from sync.contract.reading import HttpReadingSuite, ReadingSuite
    from sync.contract.writing import HttpWritingSuite, WritingSuite

    @pytest.fixture
    def harness(tmp_path):
        with over_http(ParcelFake(), tmp_path) as found:
            yield stocked(found)

    class TestParcel(ReadingSuite, HttpReadingSuite, FaultSuite, WritingSuite, HttpWritingSuite):
        pass

`EmptySuite` (reading) and `EventSuite` (events) take a `harness` of their own: one with no listing,
and one that reports what moved.

`asyncio_mode = "auto"` stands in the package's settings of pytest. CONTRIBUTING.md has the rest.
"""

import pytest

pytest.register_assert_rewrite(
    "sync.contract.events",
    "sync.contract.harness",
    "sync.contract.reading",
    "sync.contract.writing",
)

"""No kind escapes the contract suite."""

from sync import channels
from sync.contract.faults import FaultSuite
from sync.contract.reading import HttpReadingSuite, ReadingSuite
from sync.contract.writing import WritingSuite
from tests.contract.conftest import LONG, LONG_CASES
from tests.contract.kinds import HARNESSES, NETWORKED, WRITING


def test_every_registered_kind_has_a_harness() -> None:
    assert set(channels.KINDS) - set(HARNESSES) == set()


def test_every_kind_that_writes_or_speaks_http_is_driven_as_one() -> None:
    writing = {kind for kind in channels.KINDS if channels.kind(kind).ABILITIES.writes}

    assert writing - {"csv"} == set(WRITING)
    assert set(channels.KINDS) - set(NETWORKED) == {"csv", "sql"}


def test_what_is_left_to_the_long_run_is_in_the_suite() -> None:
    suites = (ReadingSuite, HttpReadingSuite, FaultSuite, WritingSuite)
    named = {name for suite in suites for name in dir(suite) if name.startswith("test_")}

    assert set(LONG_CASES) | LONG <= named

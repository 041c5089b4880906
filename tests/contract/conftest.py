"""What every test of a channel finds: a credential in its place, and databases that run."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests import databases
from tests.contract.depot import Depot
from tests.contract.harness import SECRET, SECRET_NAME, OverHttp, over_http
from tests.contract.sql_backend import ENV, StockTable
from tests.databases import Server

collect_ignore = ["sample_plugin"]
"""Its tests are run where it is installed (`tests/contract/test_sample_plugin.py`)."""

LONG_CASES = {
    "test_a_bad_quantity_blinds_its_own_listing_only": ("raw", 2),
    "test_a_sku_that_cannot_be_one_blinds_itself_only": ("sku", 2),
    "test_a_passing_trouble_is_waited_out": ("status", 2),
    "test_any_other_answer_breaks_the_contract": ("body", 3),
    "test_a_refusal_is_no_empty_catalogue": ("status", 1),
    "test_a_429_is_waited_out_whatever_it_says_of_when": ("headers", 1),
    "test_a_whole_number_is_itself_however_it_is_written": ("raw", 1),
}
"""Of these tests of the suite, only so many cases of an argument are of the plain run."""
LONG = {"test_a_strange_sku_is_written_and_read_at_its_own_place"}


def pytest_itemcollected(item: pytest.Item) -> None:
    """Leave to the long run what the suite, which is for other packages too, does not mark."""
    if not isinstance(item, pytest.Function):
        return
    name = item.originalname
    argument, plain = LONG_CASES.get(name, ("", 0))
    for mark in item.iter_markers("parametrize"):
        if mark.args[0] == argument and item.callspec.params[argument] not in mark.args[1][:plain]:
            item.add_marker(pytest.mark.long)
    if name in LONG:
        item.add_marker(pytest.mark.long)


SERVERS = [
    pytest.param("postgresql", marks=pytest.mark.long),
    pytest.param("mariadb", marks=pytest.mark.long),
]
DATABASES = ["sqlite", *SERVERS]


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SECRET_NAME, SECRET)


class Servers:
    """The database servers of a run; each is started when a test first asks for it."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._running: dict[str, Server] = {}

    def of(self, kind: str) -> Server:
        """Start one, or skip the test with the reason why none can be."""
        why = databases.missing(kind)
        if why is not None:
            pytest.skip(why)
        if kind not in self._running:
            self._running[kind] = self._stack.enter_context(databases.running(kind))
        return self._running[kind]


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    with ExitStack() as stack:
        yield Servers(stack)


@pytest.fixture(params=DATABASES)
def stock(
    request: pytest.FixtureRequest,
    servers: Servers,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> StockTable:
    """A fresh table of three listings in each database."""
    if request.param == "sqlite":
        return _filled(StockTable(tmp_path, "sqlite:///stock.db"))
    return _in_server(servers.of(request.param), tmp_path, monkeypatch)


@pytest.fixture(params=SERVERS)
def served(
    request: pytest.FixtureRequest,
    servers: Servers,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> tuple[Server, StockTable]:
    """The same in those that are a server."""
    server = servers.of(request.param)
    return server, _in_server(server, tmp_path, monkeypatch)


def _in_server(server: Server, base: Path, monkeypatch: pytest.MonkeyPatch) -> StockTable:
    monkeypatch.setenv(ENV, server.url())
    return _filled(StockTable(base, server.url(), {"url": {"env": ENV}}))


def _filled(table: StockTable) -> StockTable:
    for sku, quantity in {"A-1": 5, "B-2": 0, "C-3": 12}.items():
        table.put(sku, quantity)
    return table


@pytest.fixture
def depot(tmp_path: Path) -> Iterator[OverHttp]:
    with over_http(Depot(), tmp_path) as harness:
        yield harness

"""A disagreement on BigCommerce from its discovery to its end, by the commands."""

import json
from typing import Any

import pytest

from console.__main__ import run
from tests.contract.harness import SECRET_NAME, OverHttp
from tests.fakes.bigcommerce import STORE, BigCommerceStore
from tests.loopback import ReceivedRequest

CONFIGURATION = """
[skew]
database = "skew.db"
[authority]
quantity = "warehouse"
[approval]
hold = "0s"
[channels.warehouse]
kind = "csv"
path = "warehouse.csv"
[channels.store]
kind = "bigcommerce"
url = "{url}"
access_token = {{ env = "{name}" }}
location = "1"
direction = "push"
read_back_within = "{within}"
"""


def configured(harness: OverHttp, within: str) -> list[str]:
    path = harness.base / "skew.toml"
    url = harness.server.url + STORE
    path.write_text(CONFIGURATION.format(url=url, name=SECRET_NAME, within=within))
    (harness.base / "warehouse.csv").write_text("sku,available\nCUP,3\nMUG,5\n")
    return ["--config", str(path)]


def updates(where: list[str], capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    capsys.readouterr()
    run(["updates", "--json", *where])
    found = json.loads(capsys.readouterr().out)["updates"]
    return {update["sku"]: update for update in found}


def approved(harness: OverHttp, within: str) -> list[str]:
    store = harness.backend
    assert isinstance(store, BigCommerceStore)
    store.product("CUP", safety=2, stock={(0, 1): 9})
    store.product("MUG", stock={(0, 1): 5})
    where = configured(harness, within)
    for _ in range(2):
        assert run(["poll", *where]) == 0
    assert run(["approve", "--all", "--by", "ana", *where]) == 0
    return where


def test_it_is_found_approved_applied_some_time_after_and_confirmed(
    harness: OverHttp, capsys: pytest.CaptureFixture[str]
) -> None:
    store = harness.backend
    assert isinstance(store, BigCommerceStore)
    where = approved(harness, "20s")
    reads = iter(range(100))

    def later(asked: ReceivedRequest) -> None:
        # Accepted, and applied while the third reading is on its way.
        if store.accepted and asked.method == "GET" and next(reads) == 4:
            store.settle()

    harness.front.spoil = later
    assert run(["apply", *where]) == 0

    assert store.shown("CUP") == 3
    assert store.products[0].stock == {(0, 1): 5}, "its safety stock stays"
    found = updates(where, capsys)
    assert {sku: update["status"] for sku, update in found.items()} == {"CUP": "verified"}


@pytest.mark.long
def test_what_is_accepted_and_never_applied_ends_as_not_applied(
    harness: OverHttp, capsys: pytest.CaptureFixture[str]
) -> None:
    store = harness.backend
    assert isinstance(store, BigCommerceStore)
    store.is_stuck = True
    where = approved(harness, "1s")

    assert run(["apply", *where]) == 1

    [update] = updates(where, capsys).values()
    assert update["status"] == "not_applied"
    assert update["result"] == "accepted, not seen yet: still shows 7 active"
    assert len([asked for asked in harness.server.asked if asked.method == "PUT"]) == 1

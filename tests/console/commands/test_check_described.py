"""`skew check --online` on a described API: what of the description finds nothing."""

from pathlib import Path
from typing import Any

import pytest

from console.__main__ import run
from tests.console.command_shop import Ran
from tests.loopback import Answer, serving

DESCRIBED = """
[skew]
database = "skew.db"
[authority]
quantity = "warehouse"
[channels.warehouse]
kind = "csv"
path = "warehouse.csv"
[channels.shop]
kind = "http"
url = "{url}/stock"
items = "items"
[channels.shop.fields]
sku = "sku"
available = "qty"
state = "state"
updated_at = "modified"
"""


@pytest.fixture
def check(capsys: pytest.CaptureFixture[str]) -> Any:
    """Run `skew check` in this process."""

    def _check(path: Path, *args: str) -> Ran:
        code = run(["check", "--config", str(path), *args])
        out, err = capsys.readouterr()
        return Ran(code, out, err)

    return _check


def describe(folder: Path, url: str) -> Path:
    path = folder / "skew.toml"
    path.write_text(DESCRIBED.format(url=url))
    (folder / "warehouse.csv").write_text("sku,available\nLAMP,14\n")
    return path


def test_a_description_that_finds_nothing_is_red_when_it_is_tried(
    tmp_path: Path, check: Any
) -> None:
    record = {"sku": "LAMP", "qty": 14, "status": "live", "modified": None}
    with serving(lambda _asked: Answer({"items": [record], "total": 3})) as server:
        path = describe(tmp_path, server.url)
        ran = check(path, "--online")
        as_json = check(path, "--online", "--json")

    assert ran.code == 2
    first, second = ran.out.splitlines()[:2]
    assert first == (
        "✖ shop: fields.state: `state` found in 0 of 1 records; a record has sku, qty, status, "
        "modified"
    )
    assert second.startswith("✖ shop: cut short: `total` announces 3 records, 1 came")
    assert "warning shop: fields.updated_at: `modified` is empty in all 1 records" in ran.out
    assert "found   shop: answered with a page of 1 listings" in ran.out
    (shop,) = [seen for seen in as_json.json["online"] if seen["channel"] == "shop"]
    assert (shop["ok"], len(shop["wrong"]), len(shop["warnings"])) == (False, 2, 1)
    assert as_json.err.count("shop: ") == 2


def test_a_description_that_finds_all_is_not_red(tmp_path: Path, check: Any) -> None:
    record = {"sku": "LAMP", "qty": 14, "state": "active", "modified": "2026-11-29T10:00:00Z"}
    with serving(lambda _asked: Answer({"items": [record], "errors": []})) as server:
        ran = check(describe(tmp_path, server.url), "--online")
    assert (ran.code, ran.out.splitlines()[0][:16]) == (0, "configuration OK")


def test_a_driver_that_is_not_installed_is_found_before_anything_is_polled(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "skew.toml"
    path.write_text(
        '[authority]\nquantity = "till"\n[channels.till]\nkind = "sql"\n'
        'url = "mssql+pymssql://till.example/stock"\nselect = "SELECT sku, available FROM stock"\n'
    )

    code = run(["check", "--config", str(path)])

    printed = capsys.readouterr().out
    assert code == 2
    assert "✖ till: channels.till.url: needs the driver pymssql, which is not installed" in printed
    assert "pip install pymssql" in printed

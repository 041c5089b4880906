"""`skew check --online` against every kind: it names what it reached, and writes nothing."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from console.__main__ import run
from sync import channels
from tests.contract.harness import SECRET, SECRET_NAME, Harness, OverHttp
from tests.contract.kinds import NETWORKED, running
from tests.loopback import Answer

REACHED = {
    "adobe-commerce": "Main of the website base",
    "amazon": "Kettles & Co, seller A2SELLER",
    "bigcommerce": "Acme (acme.example)",
    "csv": "stock.csv",
    "ebay": "the seller whose refresh token it is",
    "erpnext": "signed in as stock@example.com",
    "medusa": "Acme Shop",
    "odoo": "Odoo 19.0, database shop, user skew",
    "shopify": "Ketts (ketts.myshopify.com)",
    "square": "Jet Fuel Coffee (M1)",
    "tryton": "Acme; stock in Quay",
    "vendure": "signed in as superadmin; its default channel",
    "woocommerce": "Corner Shop at ",
}
"""Whom each names; the general kinds show what they found, and stand not here."""


def written(value: Any) -> str:
    """One value as TOML."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(k)} = {written(v)}" for k, v in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(written, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


@pytest.fixture(autouse=True)
def _credential(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SECRET_NAME, SECRET)


@pytest.fixture(params=sorted(channels.KINDS))
def harness(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Harness]:
    with running(request.param, tmp_path) as found:
        yield found


@pytest.fixture(params=NETWORKED)
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OverHttp]:
    """One that is asked over HTTP."""
    with running(request.param, tmp_path) as found:
        assert isinstance(found, OverHttp)
        yield found


def configured(harness: Harness) -> Path:
    keys = {"kind": harness.kind, **harness.table(), "timeout": "5s"}
    lines = [f"{json.dumps(k)} = {written(v)}" for k, v in keys.items() if v is not None]
    path = harness.base / "skew.toml"
    head = '[skew]\ndatabase = "skew.db"\n[authority]\nquantity = "shop"\n[channels.shop]\n'
    path.write_text(head + "\n".join(lines) + "\n", encoding="utf-8")
    return path


def check(path: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, Any]]:
    code = run(["check", "--online", "--json", "--config", str(path)])
    out, _ = capsys.readouterr()
    assert SECRET not in out
    (online,) = json.loads(out)["online"]
    return code, online


def test_it_names_what_it_reached_and_writes_nothing(
    harness: Harness, capsys: pytest.CaptureFixture[str]
) -> None:
    code, online = check(configured(harness), capsys)
    assert (code, online["ok"]) == (0, True), online
    assert online["seen"]
    assert REACHED.get(harness.kind, "") in online["seen"]
    if isinstance(harness, OverHttp):
        assert [asked.path for asked in harness.server.asked if harness.is_write(asked)] == []


def test_a_refused_credential_is_named_and_exits_2(
    shop: OverHttp, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = configured(shop)
    monkeypatch.setenv(SECRET_NAME, "an0ther-s3cret")
    code, online = check(path, capsys)
    assert (code, online["ok"]) == (2, False)
    assert SECRET_NAME in online["seen"] + " ".join(online["wrong"]), online
    assert "an0ther-s3cret" not in str(online)


@pytest.mark.long
def test_what_is_forbidden_exits_2_and_names_the_credential(
    shop: OverHttp, capsys: pytest.CaptureFixture[str]
) -> None:
    shop.front.spoil = lambda _asked: Answer({"message": "no"}, 403)
    code, online = check(configured(shop), capsys)
    assert (code, online["ok"]) == (2, False)
    assert SECRET_NAME in online["seen"] + " ".join(online["wrong"]), online


@pytest.mark.long
def test_where_nobody_answers_it_exits_2(
    shop: OverHttp, capsys: pytest.CaptureFixture[str]
) -> None:
    shop.vanish()
    code, online = check(configured(shop), capsys)
    assert (code, online["ok"]) == (2, False)
    assert "cannot be reached" in online["seen"], online

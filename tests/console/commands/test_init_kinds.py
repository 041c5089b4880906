"""`skew init --from KIND`, and what names a kind that does more than a description."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from sync import channels
from sync.config import examples
from sync.config.load import load

EXEMPLARY = [kind for kind in channels.KINDS if getattr(channels.kind(kind), "EXAMPLE", "")]


@pytest.fixture(autouse=True)
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, and a user's configuration with nothing in it."""
    folder = tmp_path / "desk"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "user"))
    monkeypatch.delenv("SKEW_CONFIG", raising=False)
    return folder


def test_every_kind_that_is_made_for_one_system_has_an_example() -> None:
    assert set(EXEMPLARY) == set(channels.KINDS) - channels.GENERAL - {"vendure"}


@pytest.mark.parametrize("kind", EXEMPLARY)
def test_what_init_writes_is_right_once_its_credentials_are_set(
    kind: str, desk: Path, skew: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = examples.example(kind, "shop", None).address
    ran = skew("init", "--from", kind, *(["--url", address] if address else []))
    assert (ran.code, ran.err) == (0, "")
    written = (desk / "skew.toml").read_text(encoding="utf-8")
    shop = tomllib.loads(written)["channels"]["shop"]
    assert shop["kind"] == kind
    assert "use" not in shop
    variables = re.findall(r"  export (\w+)=…", ran.out)
    assert variables, "which credentials to export is not said"
    assert all(name.startswith("SHOP_") for name in variables)

    without = skew("check")
    assert without.code == 2
    assert f"{variables[0]} is not set" in without.err

    for name in variables:
        monkeypatch.setenv(name, "a-credential")
    (desk / "warehouse.csv").write_text("sku,available\nMUG,3\nCUP,5\n")
    checked = skew("check")
    assert (checked.code, checked.err) == (0, "")
    can = channels.kind(kind).abilities(load(desk / "skew.toml").channels["shop"].options)
    assert (shop["direction"] == "push") == bool(can.writes)


def test_the_kind_is_written_where_there_is_a_description_too(skew: Any, desk: Path) -> None:
    ran = skew("init", "--from", "woocommerce", "--url", "https://shop.example/blog")

    assert ran.code == 0
    shop = tomllib.loads((desk / "skew.toml").read_text(encoding="utf-8"))["channels"]["shop"]
    assert (shop["kind"], shop["url"]) == ("woocommerce", "https://shop.example/blog")


def test_the_user_s_own_description_goes_before_a_kind(skew: Any, desk: Path) -> None:
    (desk / "descriptions").mkdir()
    own = skew("channels", "woocommerce").out
    (desk / "descriptions" / "woocommerce.toml").write_text(own, encoding="utf-8")

    assert skew("init", "--from", "woocommerce", "--url", "https://shop.example").code == 0
    shop = tomllib.loads((desk / "skew.toml").read_text(encoding="utf-8"))["channels"]["shop"]
    assert shop["use"] == "woocommerce"
    assert "Skew has a kind of its own" not in skew("check").err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["woocommerce"], "needs the shop's address: add --url https://shop.example"),
        (["ebay", "--url", "https://ebay.example"], "takes no address: leave --url out"),
        (["woocommerce", "--url", "ftp://shop.example"], "--url: must begin with http"),
        (["woocommerce", "--url", 'https://shop.example"\nkind = "csv'], "--url: has a character"),
        (["csv"], "it is a kind of channel"),
    ],
)
def test_what_can_not_be_written_is_said(
    words: list[str], message: str, skew: Any, desk: Path
) -> None:
    ran = skew("init", "--from", *words)

    assert ran.code == 2
    assert message in ran.err
    assert not (desk / "skew.toml").exists()


def test_a_description_whose_shop_has_a_kind_says_so_and_works(
    skew: Any, desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEY", "a-credential")
    (desk / "warehouse.csv").write_text("sku,available\nMUG,3\nCUP,5\n")
    (desk / "skew.toml").write_text(
        """
        [authority]
        quantity = "warehouse"
        [channels.warehouse]
        kind = "csv"
        path = "warehouse.csv"
        [channels.shop]
        use = "woocommerce"
        url = "https://shop.example"
        auth.basic.username = { env = "KEY" }
        auth.basic.password = { env = "KEY" }
        """
    )

    ran = skew("check")

    assert ran.code == 0
    assert "channels.shop.use: Skew has a kind of its own for this" in ran.err
    assert 'write kind = "woocommerce"' in ran.err
    listed = {
        found["use"]: found for found in json.loads(skew("channels", "--json").out)["descriptions"]
    }
    assert listed["woocommerce"]["better_kind"] == "woocommerce"
    assert listed["shopware"]["better_kind"] is None
    assert listed["vendure"]["better_kind"] is None
    assert 'better: kind = "woocommerce"' in " ".join(skew("channels").out.split())

"""Skew as installed, against a real django-oscar: `skew init --from`, credentials, and it works."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.oscar_shop import PASSWORD, USER, OscarShop, missing, running_shop

PRODUCTS = 40
HELD = "OSC-0002"
"""Of this one, two are held for orders."""
HIDDEN = "OSC-0001"

pytestmark = [
    pytest.mark.real_shop,
    pytest.mark.skipif(missing() is not None, reason=f"no real shop: {missing()}"),
]


@dataclass
class Ran:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Desk:
    """An operator's folder: what `skew init --from` has written, and the warehouse's file."""

    folder: Path
    password: str = PASSWORD

    def skew(self, *arguments: str) -> Ran:
        program = Path(sys.executable).with_name("skew")
        command = str(program) if program.exists() else shutil.which("skew")
        assert command is not None, "the command skew is not installed"
        environ = {**os.environ, "SHOP_USERNAME": USER, "SHOP_PASSWORD": self.password}
        ran = subprocess.run(  # noqa: PLW1510  # Its code is what we look at.
            [command, *arguments],
            cwd=self.folder,
            env=environ,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert "Traceback" not in ran.stderr, ran.stderr
        assert PASSWORD not in ran.stdout + ran.stderr
        return Ran(ran.returncode, ran.stdout, ran.stderr)

    def warehouse_counts(self, available: Mapping[str, int]) -> None:
        """The warehouse drops its file, whole."""
        rows = [f"{sku},{quantity}\n" for sku, quantity in available.items()]
        part = self.folder / "warehouse.part"
        part.write_text("sku,available\n" + "".join(rows), encoding="utf-8")
        part.rename(self.folder / "warehouse.csv")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OscarShop]:
    with running_shop(tmp_path_factory.mktemp("oscar"), products=PRODUCTS) as found:
        yield found


@pytest.fixture
def desk(shop: OscarShop, tmp_path: Path) -> Desk:
    desk = Desk(tmp_path)
    written = desk.skew("init", "--from", "django-oscar", "--url", shop.url)
    assert written.code == 0
    assert "export SHOP_USERNAME=" in written.out
    assert "export SHOP_PASSWORD=" in written.out
    configuration = tmp_path / "skew.toml"
    text = configuration.read_text(encoding="utf-8").replace('hold = "5s"', 'hold = "0s"')
    configuration.write_text(text, encoding="utf-8")
    return desk


def agreeing(shop: OscarShop) -> dict[str, int]:
    """What the warehouse would count if nothing disagreed."""
    stock = shop.stock()
    return {**stock, HELD: stock[HELD] - 2}


def test_what_an_operator_approves_is_what_the_shop_then_has(shop: OscarShop, desk: Desk) -> None:
    before = shop.stock()
    counted = agreeing(shop)
    counted["OSC-0007"] = 5  # The shop has 49.
    counted["SHIRT-S"] = 0  # A child of a parent; the shop has 9.
    counted[HELD] = 3  # Two more are held for orders: the shop must have 5.
    counted["OSC-0010"] += 4  # A raise, which waits for a second reading.
    desk.warehouse_counts(counted)

    checked = desk.skew("check", "--online")
    assert checked.code == 0, checked
    assert "described by `django-oscar`, which comes with Skew" in checked.out
    assert desk.skew("poll").code == 0
    found = {
        disagreement["sku"]: disagreement["delta"]
        for disagreement in desk.skew("diff", "--json").json["disagreements"]
    }
    assert found == {"OSC-0007": -44, "SHIRT-S": -9, HELD: -9, "OSC-0010": 4}
    assert shop.stock() == before

    assert desk.skew("approve", "--all", "--by", "ana").code == 0
    applied = desk.skew("apply", "--json")
    assert applied.code == 0, applied
    assert {update["sku"]: update["status"] for update in applied.json["updates"]} == {
        "OSC-0007": "verified",
        "SHIRT-S": "verified",
        HELD: "verified",
    }
    assert shop.stock() == {**before, "OSC-0007": 5, "SHIRT-S": 0, HELD: 5}

    desk.warehouse_counts(counted)
    assert desk.skew("poll").code == 0
    assert desk.skew("approve", "--all", "--by", "ana").code == 0
    assert desk.skew("apply").code == 0
    assert shop.stock()["OSC-0010"] == before["OSC-0010"] + 4
    assert desk.skew("diff").code == 0
    assert desk.skew("status").code == 0


def test_a_record_that_moved_after_the_approval_is_not_overwritten(
    shop: OscarShop, desk: Desk
) -> None:
    counted = agreeing(shop)
    counted["OSC-0012"] = 9
    desk.warehouse_counts(counted)
    assert desk.skew("poll").code == 0
    assert desk.skew("approve", "--all", "--by", "ana").code == 0
    shop.put("OSC-0012", 4)  # Somebody was quicker, and went below the target.

    applied = desk.skew("apply", "--json")

    assert applied.code == 1
    assert shop.stock()["OSC-0012"] == 4
    shop.put("OSC-0012", 84)


def test_what_is_hidden_is_disabled_and_what_is_not_tracked_is_not_counted(
    shop: OscarShop, desk: Desk
) -> None:
    desk.warehouse_counts({**agreeing(shop), "GIFT": 3})
    assert desk.skew("poll").code == 0
    hidden = desk.skew("history", HIDDEN, "--json").json["entries"]
    states = [entry.get("state") for entry in hidden if entry["channel"] == "shop"]
    assert "disabled" in states
    assert desk.skew("diff", "--json").json["disagreements"] == []


def test_a_wrong_password_is_named_and_never_shown(desk: Desk) -> None:
    desk.warehouse_counts({"OSC-0001": 7})
    desk.password = "wr0ng-s3cret"

    ran = desk.skew("check", "--online")

    assert ran.code == 2
    assert "SHOP_PASSWORD" in ran.out + ran.err
    assert "wr0ng-s3cret" not in ran.out + ran.err

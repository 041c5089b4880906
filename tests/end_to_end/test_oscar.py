"""Skew as installed, against a real django-oscar: `skew init --from`, credentials, and it works."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.desk import ShopDesk
from tests.end_to_end.servers.oscar import PASSWORD, USER, OscarShop, missing, running_oscar

PRODUCTS = 40
HELD = "OSC-0002"
"""Of this one, two are held for orders."""
HIDDEN = "OSC-0001"

pytestmark = [
    pytest.mark.real_shop,
    pytest.mark.skipif(missing() is not None, reason=f"no real shop: {missing()}"),
]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OscarShop]:
    with running_oscar(tmp_path_factory.mktemp("oscar"), products=PRODUCTS) as found:
        yield found


@pytest.fixture
def desk(shop: OscarShop, tmp_path: Path) -> ShopDesk:
    desk = ShopDesk(tmp_path, {"SHOP_PASSWORD": PASSWORD}, {"SHOP_USERNAME": USER})
    desk.begin("django-oscar", shop.url)
    return desk


def agreeing(shop: OscarShop) -> dict[str, int]:
    """What the warehouse would count if nothing disagreed."""
    stock = shop.stock()
    return {**stock, HELD: stock[HELD] - 2}


def test_what_an_operator_approves_is_what_the_shop_then_has(
    shop: OscarShop, desk: ShopDesk
) -> None:
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
    shop: OscarShop, desk: ShopDesk
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
    shop: OscarShop, desk: ShopDesk
) -> None:
    desk.warehouse_counts({**agreeing(shop), "GIFT": 3})
    assert desk.skew("poll").code == 0
    hidden = desk.skew("history", HIDDEN, "--json").json["entries"]
    states = [entry.get("state") for entry in hidden if entry["channel"] == "shop"]
    assert "disabled" in states
    assert desk.skew("diff", "--json").json["disagreements"] == []


def test_a_wrong_password_is_named_and_never_shown(desk: ShopDesk) -> None:
    desk.warehouse_counts({"OSC-0001": 7})
    desk.secrets["SHOP_PASSWORD"] = "wr0ng-s3cret"

    ran = desk.skew("check", "--online")

    assert ran.code == 2
    assert "SHOP_PASSWORD" in ran.out + ran.err

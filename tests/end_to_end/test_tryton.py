"""Tryton as the authority: what is counted and assigned there is what the shop then shows."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.desk import ShopDesk
from tests.end_to_end.servers.tryton import PASSWORD, USER, Tryton, missing, running_tryton
from tests.loopback import Answer, Loopback, ReceivedRequest, serving

STOCK = {f"SKU-{number:04}": number for number in range(1, 61)}
MARKET = """
[channels.market]
kind = "http"
url = "{url}/stock"
items = "items"
fields = {{ sku = "sku", available = "available" }}
direction = "push"
[channels.market.write]
url = "{url}/stock/{{sku}}"
read = "{url}/stock/{{sku}}"
body = {{ available = "$quantity" }}
"""

pytestmark = [
    pytest.mark.real_shop,
    pytest.mark.skipif(missing() is not None, reason=f"no real Tryton: {missing()}"),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tryton]:
    with running_tryton(tmp_path_factory.mktemp("tryton"), STOCK) as found:
        yield found


@pytest.fixture
def shown(server: Tryton) -> dict[str, int]:
    """What the market shows: at first what Tryton has to sell."""
    return server.available()


@pytest.fixture
def market(shown: dict[str, int]) -> Iterator[Loopback]:
    def answer(asked: ReceivedRequest) -> Answer:
        sku = asked.path.removeprefix("/stock").strip("/")
        if asked.method == "PUT":
            shown[sku] = json.loads(asked.body)["available"]
        rows = [{"sku": name, "available": quantity} for name, quantity in shown.items()]
        return Answer({"items": [row for row in rows if sku in ("", row["sku"])]})

    with serving(answer) as found:
        yield found


@pytest.fixture
def desk(server: Tryton, market: Loopback, tmp_path: Path) -> ShopDesk:
    """A desk at which nothing disagrees. Tryton is the authority, and the market is pushed."""
    desk = ShopDesk(tmp_path, {"SHOP_PASSWORD": PASSWORD}, {"SHOP_USER": USER})
    desk.begin_described("tryton", server.url)
    desk.edit('quantity = "warehouse"', 'quantity = "shop"')
    desk.add(MARKET.format(url=market.url))
    desk.warehouse_counts(server.available())
    return desk


def test_what_is_counted_in_tryton_is_what_the_shop_then_shows(
    server: Tryton, desk: ShopDesk, shown: dict[str, int]
) -> None:
    checked = desk.skew("check", "--online")
    assert checked.code == 0, checked.out
    assert desk.skew("poll").code == 0
    assert desk.skew("diff", "--channel", "market").code == 0
    before = dict(shown)

    server.count({"SKU-0007": 3, "SKU-0031": 0})
    assert desk.skew("poll").code == 0
    found = desk.disagreements("market")
    assert {sku: row["delta"] for sku, row in found.items()} == {"SKU-0007": -4, "SKU-0031": -31}
    assert shown == before

    assert desk.apply_all() == {"SKU-0007": "verified", "SKU-0031": "verified"}
    assert shown == {**before, "SKU-0007": 3, "SKU-0031": 0} == server.available()
    assert desk.skew("diff", "--channel", "market").code == 0


def test_what_an_order_has_been_assigned_is_not_offered_again(
    server: Tryton, desk: ShopDesk, shown: dict[str, int]
) -> None:
    assert desk.skew("poll").code == 0

    server.order("SKU-0020", 5)
    assert desk.skew("poll").code == 0

    (found,) = desk.disagreements("market").values()
    assert (found["sku"], found["reading"]["available"], found["target"]["quantity"]) == (
        "SKU-0020", 20, 15,
    )  # fmt: skip
    assert server.stock()["SKU-0020"] == 20, "it is still there"
    assert desk.apply_all() == {"SKU-0020": "verified"}
    assert shown["SKU-0020"] == 15


def test_a_changed_password_stops_the_readings_and_the_new_one_starts_them(
    server: Tryton, desk: ShopDesk
) -> None:
    assert desk.skew("poll").code == 0
    server.change_password("another-s3cret")
    try:
        refused = desk.skew("poll", "--json")
        assert refused.code == 1
        (poll,) = [poll for poll in refused.json["polls"] if poll["channel"] == "shop"]
        assert "SHOP_PASSWORD" in poll["error"]

        desk.secrets["SHOP_PASSWORD"] = "another-s3cret"
        assert desk.skew("poll").code == 0
    finally:
        server.change_password(PASSWORD)


def test_a_wrong_password_is_named_and_never_shown(desk: ShopDesk) -> None:
    desk.secrets["SHOP_PASSWORD"] = "wr0ng-s3cret"

    ran = desk.skew("check", "--online")

    assert ran.code == 2
    assert "SHOP_PASSWORD" in ran.out + ran.err


def test_a_database_that_is_not_there_is_said_so(desk: ShopDesk, server: Tryton) -> None:
    desk.edit(server.url, f"{server.url}-old")

    ran = desk.skew("check", "--online")

    assert ran.code == 2
    assert "acme-old" in ran.out + ran.err

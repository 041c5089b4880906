"""A real Tryton: as the authority by its description, and corrected by the kind `tryton`."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.desk import ShopDesk
from tests.end_to_end.servers.passing import passing
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


CODED = """
[skew]
database = "skew.db"
[authority]
quantity = "warehouse"
[channels.warehouse]
kind = "csv"
path = "warehouse.csv"
[channels.shop]
kind = "tryton"
url = "{url}"
username = {{ env = "SHOP_USER" }}
password = {{ env = "SHOP_PASSWORD" }}
location = "WH"
direction = "push"
[approval]
hold = "0s"
"""


@pytest.fixture
def coded(server: Tryton, tmp_path: Path) -> ShopDesk:
    """A desk with the kind `tryton`, at which nothing disagrees."""
    return of_kind(server, server.url, tmp_path)


def of_kind(server: Tryton, url: str, folder: Path) -> ShopDesk:
    desk = ShopDesk(folder, {"SHOP_PASSWORD": PASSWORD}, {"SHOP_USER": USER})
    (folder / "skew.toml").write_text(CODED.format(url=url), encoding="utf-8")
    desk.warehouse_counts(server.available())
    return desk


def test_the_kind_finds_writes_and_confirms_what_was_approved(
    server: Tryton, coded: ShopDesk
) -> None:
    checked = coded.skew("check", "--online")
    assert checked.code == 0, checked.out
    assert "Acme; stock in Warehouse" in checked.out
    server.order("SKU-0040", 6)
    before, counted = server.stock(), server.available()
    counted |= {"SKU-0011": 4, "SKU-0040": 20, "SKU-0050": 0}
    coded.warehouse_counts(counted)

    assert coded.skew("poll").code == 0
    found = coded.disagreements()
    assert {sku: row["delta"] for sku, row in found.items()} == {
        "SKU-0011": -7, "SKU-0040": -14, "SKU-0050": -50,
    }  # fmt: skip
    assert server.stock() == before

    assert set(coded.apply_all().values()) == {"verified"}
    # The six that an order has been assigned lie there still.
    assert server.stock() == {**before, "SKU-0011": 4, "SKU-0040": 26, "SKU-0050": 0}
    assert server.available() == counted
    assert server.drafts() == []
    assert coded.skew("diff").code == 0


@pytest.mark.parametrize(("others", "kept"), [(30, 20), (40, 30)])
def test_an_update_that_tryton_mixes_with_another_s_is_noticed(
    server: Tryton, tmp_path: Path, others: int, kept: int
) -> None:
    server.count({"SKU-0022": 22})
    with passing(server.url) as (way, front):
        desk = of_kind(server, front.url + "/acme", tmp_path)
        desk.warehouse_counts({**server.available(), "SKU-0022": 12})
        assert desk.skew("poll").code == 0
        # Somebody's count is confirmed after ours was compared, and before ours is confirmed.
        way.before = lambda asked: (
            server.count({"SKU-0022": others}) if b"inventory.confirm" in asked.body else None
        )

        assert desk.apply_all() == {"SKU-0022": "unknown"}
        way.before = lambda _asked: None

        assert server.stock()["SKU-0022"] == kept, "neither ours nor theirs, and no error"
        assert desk.skew("poll").code == 0
        (found,) = desk.disagreements().values()
        assert (found["reading"]["available"], found["target"]["quantity"]) == (kept, 12)


def test_what_moves_before_the_inventory_is_made_is_refused_and_leaves_no_draft(
    server: Tryton, tmp_path: Path
) -> None:
    server.count({"SKU-0023": 23})
    with passing(server.url) as (way, front):
        desk = of_kind(server, front.url + "/acme", tmp_path)
        desk.warehouse_counts({**server.available(), "SKU-0023": 12})
        assert desk.skew("poll").code == 0
        way.before = lambda asked: (
            server.count({"SKU-0023": 18}) if b"inventory.create" in asked.body else None
        )

        assert desk.apply_all() == {"SKU-0023": "failed"}

    assert server.stock()["SKU-0023"] == 18
    assert server.drafts() == []

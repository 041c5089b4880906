"""A real Medusa shop with two stock locations, by its description and by the kind `medusa`.

Both in one file, because a shop takes half a minute of processor time to start.
"""

import asyncio
import logging
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sync.channels.base import Change, ListingRef
from tests.end_to_end.desk import ShopDesk
from tests.end_to_end.servers.medusa import PASSWORD, USER, Medusa, missing, running_medusa
from tests.end_to_end.servers.passing import passing

STOCK = {f"SKU-{number:04}": {"Quay": number, "Hill": 2 * number} for number in range(1, 41)}
TOKEN_LIVES_S = 4
RACES = 20

pytestmark = [
    pytest.mark.real_shop,
    pytest.mark.skipif(missing() is not None, reason=f"no real Medusa: {missing()}"),
]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Medusa]:
    folder = tmp_path_factory.mktemp("medusa")
    with running_medusa(folder, STOCK, token_lives=f"{TOKEN_LIVES_S}s") as found:
        yield found


@pytest.fixture
def desk(shop: Medusa, tmp_path: Path) -> ShopDesk:
    """A desk at which nothing disagrees: the warehouse has what the shop can sell."""
    desk = ShopDesk(tmp_path, {"SHOP_SECRET_KEY": shop.key})
    desk.begin_described("medusa", shop.url)
    places = [f'{identity} = "{name}"\n' for name, identity in shop.locations.items()]
    desk.add(f"\n[channels.shop.locations]\n{''.join(places)}")
    desk.warehouse_counts(agreeing(shop))
    return desk


def agreeing(shop: Medusa) -> dict[tuple[str, str], int]:
    return {
        (sku, place): stocked - reserved
        for sku, at in shop.levels().items()
        for place, (stocked, reserved) in at.items()
    }


def test_what_an_operator_approves_is_what_the_shop_then_has(shop: Medusa, desk: ShopDesk) -> None:
    checked = desk.skew("check", "--online")
    assert checked.code == 0, checked.out
    before = shop.levels()
    counted = agreeing(shop)
    counted["SKU-0007", "Quay"] = 3
    counted["SKU-0031", "Hill"] = 0
    counted["SKU-0030", "Quay"] += 6  # A raise, which waits for a second reading.
    desk.warehouse_counts(counted)

    assert desk.skew("poll").code == 0
    found = desk.disagreements()
    assert {key: row["delta"] for key, row in found.items()} == {
        "SKU-0007@Quay": -4, "SKU-0031@Hill": -62, "SKU-0030@Quay": 6,
    }  # fmt: skip
    assert shop.levels() == before

    assert desk.apply_all() == {"SKU-0007": "verified", "SKU-0031": "verified"}
    desk.warehouse_counts(counted)
    assert desk.skew("poll").code == 0
    assert desk.apply_all() == {"SKU-0030": "verified"}

    before["SKU-0007"]["Quay"] = (3, 0)
    before["SKU-0031"]["Hill"] = (0, 0)
    before["SKU-0030"]["Quay"] = (36, 0)
    assert shop.levels() == before
    assert desk.skew("diff").code == 0
    assert desk.skew("status").code == 0


def test_what_an_order_reserved_is_not_sold_again_and_stays_reserved(
    shop: Medusa, desk: ShopDesk
) -> None:
    counted = agreeing(shop)
    assert desk.skew("poll").code == 0

    shop.reserve("SKU-0026", "Hill", 4)
    desk.skew("poll")
    (found,) = desk.disagreements().values()
    assert (found["reading"]["available"], found["delta"]) == (48, 4)

    counted["SKU-0026", "Hill"] = 40  # The warehouse knows of the order, and of a loss.
    desk.warehouse_counts(counted)
    desk.skew("poll")
    assert desk.apply_all() == {"SKU-0026": "verified"}

    assert shop.levels()["SKU-0026"]["Hill"] == (44, 4)
    assert desk.skew("diff").code == 0


def test_a_listing_that_moved_after_the_approval_is_not_overwritten(
    shop: Medusa, desk: ShopDesk
) -> None:
    desk.warehouse_counts({**agreeing(shop), ("SKU-0012", "Quay"): 9})
    desk.skew("poll")
    assert desk.skew("approve", "--all", "--by", "ana").code == 0
    shop.put("SKU-0012", "Quay", 5)  # Somebody was quicker, and went below the target.

    assert desk.skew("apply").code == 1

    assert shop.levels()["SKU-0012"]["Quay"] == (5, 0)
    shop.put("SKU-0012", "Quay", 12)


def test_a_variant_that_got_another_sku_is_seen_by_its_items_or_by_its_own(
    shop: Medusa, desk: ShopDesk
) -> None:
    desk.skew("poll")
    shop.rename_variant("SKU-0040", "NEW-0040")
    try:
        assert desk.skew("poll").code == 0
        assert desk.disagreements() == {}, "its inventory item has the SKU that it had"

        desk.add('\n[channels.shop.fields]\nsku = "parent.variants[0].sku"\n')
        desk.skew("poll")
        assert desk.skew("poll").code == 0, "what is gone is gone twice"
        kinds = {(row["sku"], row["kind"]) for row in desk.disagreements().values()}
        assert kinds == {("SKU-0040", "missing"), ("NEW-0040", "unlisted")}
    finally:
        shop.rename_variant("NEW-0040", "SKU-0040")


def test_a_warehouse_without_locations_goes_with_one_location_of_the_shop(
    shop: Medusa, desk: ShopDesk
) -> None:
    path = desk.folder / "skew.toml"
    content, _, _ = path.read_text(encoding="utf-8").partition("\n[channels.shop.locations]")
    path.write_text(content, encoding="utf-8")
    hill = f"location_levels[?location_id == '{shop.locations['Hill']}']"
    desk.edit(
        'direction = "push"',
        f'each = {{ items = "{hill}" }}\nfields = {{ location = false }}\ndirection = "push"',
    )
    counted = {sku: at["Hill"][0] - at["Hill"][1] for sku, at in shop.levels().items()}
    quay = shop.levels()["SKU-0018"]["Quay"]
    desk.warehouse_counts({**counted, "SKU-0018": 11})

    assert desk.skew("poll").code == 0
    assert {sku: row["delta"] for sku, row in desk.disagreements().items()} == {"SKU-0018": -25}

    assert desk.apply_all() == {"SKU-0018": "verified"}
    assert shop.levels()["SKU-0018"] == {"Hill": (11, 0), "Quay": quay}


def test_a_token_that_ends_between_two_pages_is_renewed(shop: Medusa, desk: ShopDesk) -> None:
    desk.secrets = {"SHOP_PASSWORD": PASSWORD}
    desk.variables = {"SHOP_EMAIL": USER}
    desk.edit(
        'auth.basic.username = { env = "SHOP_SECRET_KEY" }',
        'rate = 1\nauth.login.url = "auth/user/emailpass"\nauth.login.token = "token"\n'
        'auth.login.body = { email = { env = "SHOP_EMAIL" }, password = { env = "SHOP_PASSWORD" } }'
        "\npaging = { size = { value = 7 } }",
    )
    began = time.monotonic()

    polled = desk.skew("poll", "--json")

    assert polled.code == 0, polled.out
    assert time.monotonic() - began > TOKEN_LIVES_S
    assert desk.disagreements() == {}
    assert desk.skew("status", "--json").json["channels"][1]["listings"] == 2 * len(STOCK)


def test_a_key_that_was_revoked_is_named_and_a_new_one_works(shop: Medusa, desk: ShopDesk) -> None:
    assert desk.skew("poll").code == 0
    shop.revoke_key()

    refused = desk.skew("poll", "--json")

    assert refused.code == 1
    (poll,) = [poll for poll in refused.json["polls"] if poll["channel"] == "shop"]
    assert "SHOP_SECRET_KEY" in poll["error"]
    shop.new_key()
    desk.secrets["SHOP_SECRET_KEY"] = shop.key
    assert desk.skew("poll").code == 0


CODED = """
[skew]
database = "skew.db"
[authority]
quantity = "warehouse"
[channels.warehouse]
kind = "csv"
path = "warehouse.csv"
[channels.shop]
kind = "medusa"
url = "{url}/app"
secret_key = {{ env = "SHOP_SECRET_KEY" }}
direction = "push"
[channels.shop.locations]
{places}
[approval]
hold = "0s"
"""


@pytest.fixture
def coded(shop: Medusa, tmp_path: Path) -> ShopDesk:
    """A desk with the kind `medusa`, at which nothing disagrees."""
    return of_kind(shop, shop.url, tmp_path)


def of_kind(shop: Medusa, url: str, folder: Path) -> ShopDesk:
    desk = ShopDesk(folder, {"SHOP_SECRET_KEY": shop.key})
    places = "\n".join(f'{identity} = "{name}"' for name, identity in shop.locations.items())
    (folder / "skew.toml").write_text(CODED.format(url=url, places=places), encoding="utf-8")
    desk.warehouse_counts(agreeing(shop))
    return desk


def test_the_kind_finds_writes_and_confirms_what_was_approved(
    shop: Medusa, coded: ShopDesk
) -> None:
    checked = coded.skew("check", "--online")
    assert checked.code == 0, checked.out
    assert shop.locations["Quay"] in checked.out
    shop.reserve("SKU-0021", "Hill", 2)
    before, counted = shop.levels(), agreeing(shop)
    counted["SKU-0009", "Quay"] = 2
    counted["SKU-0021", "Hill"] = 11
    coded.warehouse_counts(counted)

    assert coded.skew("poll").code == 0
    found = coded.disagreements()
    assert {key: row["delta"] for key, row in found.items()} == {
        "SKU-0009@Quay": -7, "SKU-0021@Hill": -29,
    }  # fmt: skip
    assert shop.levels() == before

    assert coded.apply_all() == {"SKU-0009": "verified", "SKU-0021": "verified"}
    before["SKU-0009"]["Quay"] = (2, 0)
    before["SKU-0021"]["Hill"] = (13, 2)
    assert shop.levels() == before
    assert coded.skew("diff").code == 0


@pytest.mark.parametrize(("others", "status"), [(14, "not_applied"), (12, "unknown")])
def test_an_update_that_the_shop_loses_to_another_writer_is_noticed(
    shop: Medusa, tmp_path: Path, others: int, status: str
) -> None:
    with passing(shop.url) as (way, server):
        desk = of_kind(shop, server.url, tmp_path)
        desk.warehouse_counts({**agreeing(shop), ("SKU-0014", "Quay"): 6})
        assert desk.skew("poll").code == 0
        # Another system read 14 a while ago, and writes what it thinks is left.
        way.after = lambda asked: (
            shop.put("SKU-0014", "Quay", others) if asked.method == "POST" else None
        )

        assert desk.apply_all() == {"SKU-0014": status}
        way.after = lambda _asked: None

        assert shop.levels()["SKU-0014"]["Quay"] == (others, 0), "our 6 is lost"
        assert desk.skew("poll").code == 0
        (found,) = desk.disagreements().values()
        assert (found["reading"]["available"], found["target"]["quantity"]) == (others, 6)
    shop.put("SKU-0014", "Quay", 14)


def test_of_two_writes_at_once_the_loser_s_is_never_called_verified(
    shop: Medusa, coded: ShopDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_SECRET_KEY", shop.key)

    async def race() -> list[tuple[bool, int, int]]:
        found: list[tuple[bool, int, int]] = []
        for number in range(RACES):
            shop.put("SKU-0016", "Quay", 16)
            channel = coded.opened("shop")
            try:
                (record,) = [
                    record
                    async for page in channel.pages()
                    for record in page.records
                    if (record.sku, record.location) == ("SKU-0016", "Quay")
                ]

                async def other(after_s: float = number * 0.01) -> None:
                    await asyncio.sleep(after_s)
                    await asyncio.to_thread(shop.put, "SKU-0016", "Quay", 20)

                change = Change(record.sku, record.location, record.ref, 9, record, "c-1")
                (receipt,), _ = await asyncio.gather(channel.write([change]), other())
                wanted = ListingRef(record.sku, record.location, record.ref)
                (seen,) = (await channel.read([wanted])).records
            finally:
                await channel.close()
            kept, _ = shop.levels()["SKU-0016"]["Quay"]
            found.append((receipt.refused is None, seen.available or 0, kept))
        return found

    found = asyncio.run(race())

    shop.put("SKU-0016", "Quay", 16)
    # Whatever the shop kept is what the read-back saw: ours, or the other's with ours lost.
    assert all(seen == kept for _, seen, kept in found), found
    assert {kept for _, _, kept in found} <= {9, 20}
    lost = sum(accepted and kept == 20 for accepted, _, kept in found)
    logging.getLogger(__name__).info("%d of %d updates were accepted and lost", lost, RACES)


def test_a_kit_is_what_medusa_makes_of_its_items_and_is_left_alone(
    shop: Medusa, coded: ShopDesk
) -> None:
    shop.sell_kit("TABLE", {"SKU-0035": 4, "SKU-0036": 1})
    quay = min(shop.levels()["SKU-0035"]["Quay"][0] // 4, shop.levels()["SKU-0036"]["Quay"][0])
    hill = min(shop.levels()["SKU-0035"]["Hill"][0] // 4, shop.levels()["SKU-0036"]["Hill"][0])
    before, counted = shop.levels(), agreeing(shop)
    counted |= {("TABLE", "Quay"): quay, ("TABLE", "Hill"): hill - 1}
    coded.warehouse_counts(counted)

    assert coded.skew("poll").code == 0
    assert {key: row["delta"] for key, row in coded.disagreements().items()} == {"TABLE@Hill": -1}
    assert coded.apply_all() == {"TABLE": "failed"}
    assert shop.levels() == before

"""What of an Odoo counts, where it stands and what changed."""

from typing import Any, cast

import pytest

from store.model import State
from sync.channels.base import ListingRef, SinceSource
from sync.clock import from_rfc3339
from sync.errors import (
    NeedsOperator,
)
from tests.contract.harness import (
    OverHttp,
    change,
    opened,
    poll,
)
from tests.contract.odoo.bench import write
from tests.fakes.odoo import LOSS, SHELF, STOCK, VIEW, OdooShop


async def deltas(harness: OverHttp, since: str) -> dict[str, int | None]:
    async with opened(harness) as channel:
        source = cast("SinceSource", channel).changed(from_rfc3339(since))
        records = [record for page in [page async for page in source] for record in page.records]
    return {record.sku: record.available for record in records}


async def test_what_is_free_is_on_hand_less_reserved_over_the_whole_warehouse(
    shop: OdooShop, harness: OverHttp
) -> None:
    product = shop.product("A")["id"]
    shop.quant(product, 7.0, reserved_quantity=2.0)
    shop.quant(product, 0.1 + 0.2, SHELF)
    shop.quant(product, 1.7, SHELF, lot_id=5, write_date="2026-11-30 07:00:00")
    shop.quant(product, 100.0, LOSS)

    record = (await poll(harness)).of("A")

    assert (record.available, record.on_hand, record.committed) == (7, 9, 2)
    assert record.source_at == from_rfc3339("2026-11-30T07:00:00Z")
    assert (record.price_minor, record.title, record.state) == (1250, "Article A", State.ACTIVE)


async def test_a_write_sets_on_hand_so_that_as_many_are_free(
    shop: OdooShop, harness: OverHttp
) -> None:
    product = shop.product("A")["id"]
    shop.quant(product, 7.0, reserved_quantity=2.0)
    shop.quant(product, 3.0, SHELF)

    assert (await write(harness, 4)).refused is None

    assert shop.shown("A") == 4
    assert [quant["quantity"] for quant in shop.quants] == [3.0, 3.0]


async def test_a_place_that_has_none_gets_a_quant(shop: OdooShop, harness: OverHttp) -> None:
    shop.product("A")

    assert (await write(harness, 4)).refused is None

    assert [(q["location_id"], q["quantity"]) for q in shop.quants] == [(STOCK, 4.0)]


async def test_what_is_below_nothing_is_raised(shop: OdooShop, harness: OverHttp) -> None:
    shop.put("A", -5)

    assert (await write(harness, 2)).refused is None
    assert shop.shown("A") == 2


async def test_several_quants_of_one_sku_in_one_location_are_summed_and_one_is_set(
    shop: OdooShop, harness: OverHttp
) -> None:
    product = shop.product("A")["id"]
    shop.quant(product, 2.0)
    shop.quant(product, 9.0)

    assert (await write(harness, 5)).refused is None
    assert [quant["quantity"] for quant in shop.quants] == [2.0, 3.0]


@pytest.mark.long
@pytest.mark.parametrize(
    ("quants", "product", "quantity", "says"),
    [
        ([(4.0, {"package_id": 3})], {}, 6, "lies in packages or lots"),
        ([(4.0, {"owner_id": 3})], {}, 6, "belongs to somebody else"),
        ([(4.0, {"lot_id": 3})], {"tracking": "lot"}, 6, "tracked by lot"),
        ([(1.0, {})], {"tracking": "serial"}, 2, "tracked by serial"),
        ([(1.0, {}), (4.0, {"package_id": 3})], {}, 2, "too few to take 3 off"),
        ([(4.0, {"location_id": SHELF})], {}, 2, "too few to take 2 off"),
        ([], {"is_storable": False}, 2, "does not track its stock"),
    ],
)
async def test_what_no_single_quant_decides_is_refused_in_words(
    shop: OdooShop,
    harness: OverHttp,
    quants: list[tuple[float, dict[str, Any]]],
    product: dict[str, Any],
    quantity: int,
    says: str,
) -> None:
    ident = shop.product("A", **product)["id"]
    for number, more in quants:
        shop.quant(ident, number, **more)

    receipt = await write(harness, quantity)

    assert receipt.refused is not None
    assert says in receipt.refused
    assert not any(call.endswith(("/write", "/create")) for call in shop.calls)


@pytest.mark.long
async def test_a_kit_shows_what_odoo_works_out_and_is_not_written(
    shop: OdooShop, harness: OverHttp
) -> None:
    shop.lacks = frozenset()
    kit = shop.product("KIT", is_kits=True)["id"]
    shop.free[kit] = 3.0

    assert (await poll(harness)).stock["KIT"] == 3
    receipt = await write(harness, 5, "KIT")

    assert "it is a kit" in (receipt.refused or "")
    assert await deltas(harness, "2026-11-30T12:00:00Z") == {"KIT": 3}


@pytest.mark.long
@pytest.mark.parametrize(
    ("lacks", "product", "counted"),
    [
        (set(), {"is_storable": True}, True),
        (set(), {"is_storable": False}, False),
        ({"is_storable"}, {"type": "product"}, True),
        ({"is_storable"}, {"type": "consu"}, False),
        ({"is_storable", "sale_ok", "lst_price", "tracking"}, {"type": "service"}, False),
    ],
)
async def test_each_version_says_what_it_counts(
    shop: OdooShop, harness: OverHttp, lacks: set[str], product: dict[str, Any], *, counted: bool
) -> None:
    shop.lacks = frozenset({"is_kits", *lacks})
    shop.product("A", **product)

    record = (await poll(harness)).of("A")

    assert record.available == (0 if counted else None)
    assert record.state == (State.ACTIVE if counted else "uncounted")


async def test_what_has_no_reference_is_left_out_and_counted(
    shop: OdooShop, harness: OverHttp
) -> None:
    shop.put("A", 1)
    shop.product(False)
    shop.product(False)

    reading = await poll(harness)

    assert list(reading.stock) == ["A"]
    assert reading.pages[-1].warnings == ["2 products without an internal reference: left out"]


async def test_duplicates_come_twice_and_archived_ones_only_where_they_stand_alone(
    shop: OdooShop, harness: OverHttp
) -> None:
    shop.put("A", 1)
    shop.product("A")
    shop.product("A", active=False)
    shop.product("OLD", active=False)
    shop.product("PART", sale_ok=False)

    reading = await poll(harness)

    assert sorted((record.sku, record.state) for record in reading.records) == [
        ("A", "active"), ("A", "active"), ("OLD", "archived"), ("PART", "disabled"),
    ]  # fmt: skip
    assert "1 product archived, with the reference" in reading.pages[-1].warnings[0]
    async with opened(harness) as channel:
        answer = await channel.read([ListingRef(sku, "", "") for sku in ("A", "OLD")])
    assert sorted((record.sku, record.state) for record in answer.records) == [
        ("A", "active"), ("A", "active"), ("OLD", "archived"),
    ]  # fmt: skip


async def test_an_unknown_tracking_is_counted_and_not_written(
    shop: OdooShop, harness: OverHttp
) -> None:
    shop.product("A", tracking="pallet")

    reading = await poll(harness)

    assert reading.stock == {"A": 0}
    assert "does not know: pallet" in reading.pages[-1].warnings[0]
    assert "tracked by pallet" in ((await write(harness, 3)).refused or "")


@pytest.mark.long
@pytest.mark.parametrize("price", [-3.0, "cheap", 1e-9, False])
async def test_a_price_that_is_none_hides_no_stock(
    shop: OdooShop, harness: OverHttp, price: object
) -> None:
    shop.product("A", lst_price=price)

    assert (await poll(harness)).stock == {"A": 0}


async def test_without_location_each_warehouse_is_one(shop: OdooShop, harness: OverHttp) -> None:
    shop.keys = {}
    shop.warehouse(2, "HAM", 21, 22)
    shop.locate(21, "HAM", "view", "1/21/")
    shop.locate(22, "HAM/Stock", "internal", "1/21/22/")
    shop.warehouse(3, "HAM", 31, 32, company=2)
    shop.locate(31, "HAM", "view", "1/31/", company=2)
    shop.locate(32, "HAM/Stock", "internal", "1/31/32/", company=2)
    product = shop.product("A")["id"]
    shop.quant(product, 3.0)
    shop.quant(product, 5.0, 22)
    shop.product("OURS", company_id=2)

    records = (await poll(harness)).records

    assert {(record.sku, record.location): record.available for record in records} == {
        ("A", "WH"): 3, ("A", "HAM 2"): 5, ("A", "HAM 3"): 0, ("OURS", "HAM 3"): 0,
    }  # fmt: skip
    record = next(r for r in records if (r.sku, r.location) == ("A", "HAM 3"))
    async with opened(harness) as channel:
        (receipt,) = await channel.write([change(record, 4)])
    assert receipt.refused is None
    assert [(q["location_id"], q["quantity"]) for q in shop.quants] == [
        (STOCK, 3.0), (22, 5.0), (32, 4.0),
    ]  # fmt: skip


@pytest.mark.long
@pytest.mark.parametrize(
    ("location", "available"),
    [("WH", 8), (str(VIEW), 8), ("WH/Stock", 8), (str(STOCK), 8), ("WH/Stock/Shelf 1", 5)],
)
async def test_a_place_is_named_by_its_short_name_full_name_or_id(
    shop: OdooShop, harness: OverHttp, location: str, available: int
) -> None:
    shop.keys = {"location": location}
    product = shop.product("A")["id"]
    shop.quant(product, 3.0)
    shop.quant(product, 5.0, SHELF)

    record = (await poll(harness)).of("A")
    assert (record.available, record.location) == (available, "")

    async with opened(harness) as channel:
        (receipt,) = await channel.write([change(record, available + 2)])
    assert receipt.refused is None
    assert [quant["quantity"] for quant in shop.quants] == (
        [3.0, 7.0] if available == 5 else [5.0, 5.0]
    )


async def test_a_place_that_only_holds_others_is_not_written(
    shop: OdooShop, harness: OverHttp
) -> None:
    shop.locate(40, "Outside", "view", "40/")
    shop.locate(41, "Outside/Tent", "internal", "40/41/")
    shop.keys = {"location": "Outside"}
    shop.quant(shop.product("A")["id"], 3.0, 41)

    assert (await poll(harness)).stock == {"A": 3}
    assert "only holds other locations" in ((await write(harness, 4)).refused or "")


async def test_a_location_without_a_name_or_parents_stands_for_itself(
    shop: OdooShop, harness: OverHttp
) -> None:
    shop.locations.append(
        {"id": 50, "complete_name": False, "usage": "internal", "parent_path": False,
         "company_id": False}
    )  # fmt: skip
    shop.keys = {"location": "50"}
    shop.quant(shop.product("A")["id"], 3.0, 50)

    assert (await poll(harness)).stock == {"A": 3}


async def test_a_place_that_is_not_there_is_named_with_those_that_are(
    shop: OdooShop, harness: OverHttp
) -> None:
    shop.keys = {"location": "wh"}

    with pytest.raises(NeedsOperator, match='"wh"; known: WH, WH/Stock, WH/Stock/Shelf 1'):
        await poll(harness)


async def test_the_companies_go_with_each_call(shop: OdooShop, harness: OverHttp) -> None:
    shop.keys = {"location": "WH", "companies": [1, 3]}
    shop.put("A", 1)
    await write(harness, 3)

    about_stock = [
        asked.body
        for asked in harness.server.asked
        if b"stock.quant" in asked.body + asked.path.encode()
    ]
    assert about_stock
    assert all(b'"allowed_company_ids":[1,3]' in body for body in about_stock)


async def test_only_what_changed_is_listed_as_changed(shop: OdooShop, harness: OverHttp) -> None:
    for number in range(5):
        shop.put(f"S{number}", number)
    shop.now = "2026-11-30 08:00:00"
    shop.put("S1", 9)
    shop.of("S2")["write_date"] = shop.now
    shop.of("S3")["product_tmpl_id.write_date"] = shop.now
    # Its quant has come down to nothing and was deleted.
    (gone,) = shop.lying("S4")
    shop.quants.remove(gone)
    shop.lines.append({
        "id": 900, "product_id": gone["product_id"], "state": "done", "date": shop.now,
        "write_date": shop.now,
    })  # fmt: skip

    assert await deltas(harness, "2026-11-30T08:00:00Z") == {"S1": 9, "S2": 2, "S3": 3, "S4": 0}
    assert await deltas(harness, "2026-11-30T08:00:01Z") == {}

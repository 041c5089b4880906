"""What only the odoo kind does: two APIs, places, quants that can't be set, lists of changes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from store.model import State
from sync.channels.base import ListingRef, Receipt, SinceSource
from sync.channels.odoo.options import OdooOptions
from sync.clock import from_rfc3339
from sync.errors import (
    ContractBroken,
    NeedsOperator,
    Temporary,
    WriteOutcomeUnknown,
    WriteRejected,
)
from tests.contract.harness import (
    SECRET,
    SECRET_NAME,
    OverHttp,
    change,
    opened,
    options_of,
    over_http,
    poll,
)
from tests.fakes.odoo import LOSS, SHELF, STOCK, VIEW, OdooShop
from tests.loopback import Answer, ReceivedRequest


@pytest.fixture(autouse=True)
def _credential(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SECRET_NAME, SECRET)


@pytest.fixture(params=["json-2", "json-rpc"])
def shop(request: pytest.FixtureRequest) -> OdooShop:
    return OdooShop(is_rpc=request.param == "json-rpc")


@pytest.fixture
def harness(shop: OdooShop, tmp_path: Path) -> Iterator[OverHttp]:
    with over_http(shop, tmp_path) as found:
        yield found


async def write(harness: OverHttp, quantity: int, sku: str = "A") -> Receipt:
    record = (await poll(harness)).of(sku)
    async with opened(harness) as channel:
        (receipt,) = await channel.write([change(record, quantity)])
    return receipt


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


async def test_a_write_that_names_no_reading_of_ours_moves_nothing_twice(
    shop: OdooShop, harness: OverHttp
) -> None:
    shop.put("A", 3)
    record = (await poll(harness)).of("A")
    async with opened(harness) as channel:
        for _ in range(2):
            (receipt,) = await channel.write([change(record, 3)])

    assert receipt.refused is None
    assert "stock.quant/write" not in shop.calls


@pytest.mark.long
async def test_writes_of_one_number_are_one_call_and_new_quants_another(
    shop: OdooShop, harness: OverHttp
) -> None:
    for sku in "ABCD":
        shop.put(sku, 1)
    shop.product("NEW-1")
    shop.product("NEW-2")
    reading = await poll(harness)
    wanted = {"A": 4, "B": 4, "C": 4, "D": 7, "NEW-1": 2, "NEW-2": 3}
    changes = [change(reading.of(sku), number, sku) for sku, number in wanted.items()]
    shop.calls.clear()

    async with opened(harness) as channel:
        receipts = await channel.write(changes)

    assert [receipt.refused for receipt in receipts] == [None] * 6
    writes = [call for call in shop.calls if call.endswith(("/write", "/create"))]
    assert writes == ["stock.quant/write", "stock.quant/write", "stock.quant/create"]
    assert (await poll(harness)).stock == wanted


async def test_after_a_call_that_failed_the_others_are_told_apart(
    shop: OdooShop, harness: OverHttp
) -> None:
    for sku in "ABC":
        shop.put(sku, 1)
    reading = await poll(harness)
    changes = [change(reading.of(sku), n, sku) for sku, n in (("A", 4), ("B", 5), ("C", 6))]
    count = [0]

    def spoil(asked: ReceivedRequest) -> Answer | None:
        count[0] += shop.is_write(asked)
        return Answer(lose=True) if count[0] == 2 and shop.is_write(asked) else None

    async with opened(harness) as channel:
        harness.front.spoil = spoil
        first, second, third = await channel.write(changes)

    assert (first.refused, first.unknown, first.unsent) == (None, None, None)
    assert second.unknown
    assert third.unsent
    assert shop.shown("A") == 4
    assert shop.shown("C") == 1


async def test_one_refusal_leaves_the_other_calls(shop: OdooShop, harness: OverHttp) -> None:
    shop.put("A", 1)
    shop.put("B", 1)
    reading = await poll(harness)
    changes = [change(reading.of(sku), n, sku) for sku, n in (("A", 4), ("B", 5))]
    (quant,) = shop.lying("A")

    def lose_it(call: str) -> None:
        if call == "stock.quant/write" and quant in shop.quants:
            shop.quants.remove(quant)

    shop.before_answer = lose_it
    async with opened(harness) as channel:
        first, second = await channel.write(changes)

    assert "does not exist or has been deleted" in (first.refused or "")
    assert second.refused is None
    assert shop.shown("B") == 5


async def test_a_reference_that_another_product_has_now_is_not_written(
    shop: OdooShop, harness: OverHttp
) -> None:
    shop.put("A", 1)
    record = (await poll(harness)).of("A")
    shop.of("A")["default_code"] = "B"
    async with opened(harness) as channel:
        (receipt,) = await channel.write([change(record, 4)])

    assert receipt.refused == "the product has the reference B now"


@pytest.mark.parametrize("answer", [False, None, {"type": "ir.actions.act_window"}, [1, 2]])
async def test_any_other_answer_to_a_write_proves_nothing(
    shop: OdooShop, harness: OverHttp, answer: object
) -> None:
    shop.put("A", 1)
    record = (await poll(harness)).of("A")
    said = {"jsonrpc": "2.0", "id": 1, "result": answer} if shop.is_rpc else answer

    async with opened(harness) as channel:
        await channel.read([ListingRef("A", "", record.ref)])
        harness.front.spoil = lambda asked: Answer(said) if shop.is_write(asked) else None
        with pytest.raises(WriteOutcomeUnknown, match=r"stock\.quant/write"):
            await channel.write([change(record, 4)])


async def test_a_user_who_may_only_read_says_so_at_signing_in_and_at_a_write(
    shop: OdooShop, harness: OverHttp
) -> None:
    shop.rights = frozenset({"user"})
    shop.put("A", 1)
    async with opened(harness) as channel:
        assert "may read, not write: that takes the right Inventory: Administrator" in (
            await channel.sign_in()
        )
    with pytest.raises(NeedsOperator, match="needs the right Inventory: Administrator"):
        await write(harness, 4)


async def test_a_right_that_is_taken_away_later_is_named(shop: OdooShop, harness: OverHttp) -> None:
    shop.put("A", 1)
    record = (await poll(harness)).of("A")
    async with opened(harness) as channel:
        await channel.sign_in()
        shop.rights = frozenset({"user"})
        with pytest.raises(NeedsOperator, match="needs the right Inventory: Administrator"):
            await channel.write([change(record, 4)])
    assert shop.shown("A") == 1


async def test_a_user_without_the_app_says_which_right_is_missing(
    shop: OdooShop, harness: OverHttp
) -> None:
    shop.rights = frozenset()
    with pytest.raises(NeedsOperator, match="needs the right Inventory: User"):
        await poll(harness)


async def test_signing_in_names_what_was_reached(shop: OdooShop, harness: OverHttp) -> None:
    shop.put("A", 1)
    async with opened(harness) as channel:
        assert await channel.sign_in() == (
            "Odoo 19.0, database shop, user skew, company company_id 1, 1 product"
        )


async def test_a_wrong_key_is_named(
    shop: OdooShop, harness: OverHttp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SECRET_NAME, "wr0ng-k3y")
    with pytest.raises(NeedsOperator, match=SECRET_NAME) as caught:
        await poll(harness)
    assert "wr0ng-k3y" not in str(caught.value)


async def test_a_key_that_dies_between_two_pages_is_named(
    shop: OdooShop, harness: OverHttp
) -> None:
    shop.put("A", 1)
    refused: object = {"name": "werkzeug.exceptions.Unauthorized", "message": "Invalid apikey"}
    status = 401
    if shop.is_rpc:
        data = {"name": "odoo.exceptions.AccessDenied", "message": "Access Denied"}
        refused, status = {"error": {"code": 200, "message": "Odoo", "data": data}}, 200
    harness.front.spoil = lambda asked: (
        Answer(refused, status) if b"stock.quant" in asked.body + asked.path.encode() else None
    )
    with pytest.raises(NeedsOperator, match=SECRET_NAME):
        await poll(harness)


async def test_a_wrong_database_is_named(shop: OdooShop, harness: OverHttp) -> None:
    shop.database = "other"
    with pytest.raises(NeedsOperator, match=r'"?shop"? (is not a database|does not exist)'):
        await poll(harness)


async def test_an_older_odoo_says_which_api_it_has(tmp_path: Path) -> None:
    words = r"is Odoo 17\.0, which has no JSON-2 API: write"
    with (
        over_http(OdooShop(version=17), tmp_path) as harness,
        pytest.raises(NeedsOperator, match=words),
    ):
        await poll(harness)


async def test_an_odoo_without_json_rpc_says_so(tmp_path: Path) -> None:
    with over_http(OdooShop(is_rpc=True), tmp_path) as harness:
        harness.front.spoil = lambda _asked: Answer(b"<html>Not Found</html>", 404)
        with pytest.raises(NeedsOperator, match="which has JSON-2 only: then leave `api`"):
            await poll(harness)


async def test_a_server_that_is_no_odoo_is_told_from_one_that_is(tmp_path: Path) -> None:
    with over_http(OdooShop(), tmp_path) as harness:
        harness.front.spoil = lambda _asked: Answer(b"<html>Shop</html>", 404)
        with pytest.raises(NeedsOperator, match="web page"):
            await poll(harness)


async def test_a_database_without_the_app_says_so(tmp_path: Path) -> None:
    shop = OdooShop()
    with over_http(shop, tmp_path) as harness:
        words = {"name": "werkzeug.exceptions.NotFound",
                 "message": "the model 'stock.warehouse' does not exist"}  # fmt: skip
        harness.front.spoil = lambda _asked: Answer(words, 404)
        with pytest.raises(NeedsOperator, match="install the app Inventory"):
            await poll(harness)


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("odoo.exceptions.UserError", WriteRejected),
        ("odoo.exceptions.ValidationError", WriteRejected),
        ("odoo.exceptions.MissingError", WriteRejected),
        ("psycopg2.errors.SerializationFailure", WriteOutcomeUnknown),
        ("builtins.ValueError", WriteOutcomeUnknown),
        ("odoo.exceptions.AccessError", NeedsOperator),
    ],
)
async def test_an_error_in_a_200_of_json_rpc_is_one(
    tmp_path: Path, name: str, expected: type[Exception]
) -> None:
    shop = OdooShop(is_rpc=True)
    with over_http(shop, tmp_path) as harness:
        shop.put("A", 1)
        record = (await poll(harness)).of("A")
        data = {"name": name, "message": f"no, says {SECRET}"}
        error = {"error": {"code": 200, "message": "Odoo Server Error", "data": data}}
        async with opened(harness) as channel:
            await channel.sign_in()
            harness.front.spoil = lambda asked: Answer(error) if shop.is_write(asked) else None
            with pytest.raises(expected, match="no, says •••"):
                await channel.write([change(record, 4)])


@pytest.mark.parametrize(
    ("name", "expected"),
    [("psycopg2.OperationalError", Temporary), ("builtins.KeyError", ContractBroken)],
)
async def test_an_error_in_a_200_while_reading(
    tmp_path: Path, name: str, expected: type[Exception]
) -> None:
    with over_http(OdooShop(is_rpc=True), tmp_path) as harness:
        data = {"name": name, "message": "odd"}
        harness.front.spoil = lambda _asked: Answer({"error": {"message": "odd", "data": data}})
        with pytest.raises(expected, match="odd"):
            await poll(harness)


async def test_keys_that_end_soon_are_warned_of(shop: OdooShop, harness: OverHttp) -> None:
    shop.api_keys = [
        {"id": 1, "user_id": 2, "name": "skew", "expiration_date": "2000-01-02 00:00:00"},
        {"id": 2, "user_id": 2, "name": "other", "expiration_date": "2999-01-02 00:00:00"},
    ]
    shop.put("A", 1)

    reading = await poll(harness)

    assert reading.pages[-1].warnings == [
        'the API key "skew" of this user ends on 2000-01-02: make a new one'
    ]


async def test_a_product_that_can_not_be_read_blinds_itself(
    shop: OdooShop, harness: OverHttp
) -> None:
    shop.put("A", 1)
    shop.product("BAD", sale_ok="perhaps")

    reading = await poll(harness)

    assert [(refused.sku, refused.place) for refused in reading.refused] == [
        ("BAD", "page 1, products[1]")
    ]
    assert reading.stock == {"A": 1}


@pytest.mark.long
async def test_a_thousand_products_cost_two_requests_more(
    shop: OdooShop, harness: OverHttp
) -> None:
    async def cost() -> int:
        shop.calls.clear()
        await poll(harness)
        return len(shop.calls)

    shop.put("FIRST", 1)
    before = await cost()
    for number in range(2000):
        shop.quant(shop.product(f"N{number}")["id"], float(number))
    assert await cost() - before == 4


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ({"url": "shop.odoo.com"}, "must begin with https://"),
        ({"url": "https://me:pw@shop.odoo.com"}, "must not contain a user"),
        ({"url": "https://shop.odoo.com/web/login"}, "has the page"),
        ({"url": "https://shop.odoo.com/odoo?db=x"}, "has the page"),
        ({"url": "https://shop.odoo.com/?db=x"}, "must end with the host"),
        ({"api": "json-rpc"}, "needs both"),
        ({"username": "me"}, 'only: with "json-2"'),
        ({"companies": [0]}, "ids of companies"),
        ({"location": " "}, "write a name, or leave"),
        ({"database": "käse"}, "must be ASCII"),
    ],
)
def test_keys_that_can_not_be_right_are_refused(keys: dict[str, Any], says: str) -> None:
    usual = {"url": "https://shop.odoo.com", "api_key": {"env": "KEY"}}
    with pytest.raises(AssertionError, match=says):
        options_of(OdooOptions, {**usual, **keys})

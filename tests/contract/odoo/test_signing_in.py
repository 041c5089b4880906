"""Rights, keys and versions of an Odoo, and the keys of the kind."""

from pathlib import Path
from typing import Any

import pytest

from sync.channels.odoo.options import OdooOptions
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
from tests.contract.odoo.bench import write
from tests.fakes.odoo import OdooShop
from tests.loopback import Answer


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

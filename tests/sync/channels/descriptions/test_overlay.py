"""A channel's own keys over a description's, and the addresses that come of it."""

from collections.abc import Iterator
from typing import Any, get_args

import msgspec
import pytest

from sync.channels.descriptions.overlay import ADDRESSES, joined, laid_over, with_address
from sync.channels.http.options import HttpOptions

BELOW: dict[str, Any] = {
    "kind": "http",
    "fields": {"sku": "code", "available": "qty", "state": "status"},
    "states": {"on": "active"},
    "auth": {"login": {"url": "login", "token": "t", "body": {"locale": "en"}}},
    "paging": {"by": "page", "param": "p", "size": {"param": "per_page", "value": 100}},
    "write": {"url": "stock/{ref}", "body": {"qty": "$quantity", "force": True}},
    "events": {"url": "moves", "items": "events"},
    "each": {"items": "levels"},
    "token": {"env": "KEY"},
}


def over(own: dict[str, Any]) -> dict[str, Any]:
    before = repr(BELOW)
    whole = laid_over(own, BELOW)
    assert repr(BELOW) == before
    return whole


def test_tables_are_merged_key_by_key_and_the_channels_own_win() -> None:
    whole = over({"every": "5s", "fields": {"sku": "sku", "price": "cost"}, "states": {"off": "x"}})
    assert whole["every"] == "5s"
    assert whole["fields"] == {
        "sku": "sku", "available": "qty", "state": "status", "price": "cost"
    }  # fmt: skip
    assert whole["states"] == {"on": "active", "off": "x"}


def test_the_credentials_of_a_login_join_its_body() -> None:
    own = {"auth": {"login": {"body": {"email": "a@b", "password": {"env": "PW"}}}}}
    login = over(own)["auth"]["login"]
    assert login["url"] == "login"
    assert login["body"] == {"locale": "en", "email": "a@b", "password": {"env": "PW"}}


def test_a_body_that_is_written_is_replaced_whole() -> None:
    whole = over({"write": {"body": {"stock": "$quantity"}}})
    assert whole["write"] == {"url": "stock/{ref}", "body": {"stock": "$quantity"}}


def test_another_place_of_a_secret_takes_the_first_ones_place() -> None:
    assert over({"token": {"file": "key"}})["token"] == {"file": "key"}


@pytest.mark.parametrize(
    ("own", "gone", "there"),
    [
        ({"next": "links.next"}, "paging", "next"),
        ({"auth": {"basic": {"username": {"env": "U"}}}}, "token", "auth"),
        ({"token": {"env": "T"}}, "auth", "token"),
    ],
    ids=["next", "auth", "token"],
)
def test_keys_that_exclude_each_other_do_not_meet(
    own: dict[str, Any], gone: str, there: str
) -> None:
    whole = over(own)
    assert gone not in whole
    assert whole[there] == own[there]


def test_another_way_of_paging_signing_in_or_unfolding_takes_the_place_of_the_first() -> None:
    assert over({"paging": {"by": "offset"}})["paging"] == {"by": "offset"}
    assert over({"auth": {"oauth1": {"key": 1}}})["auth"] == {"oauth1": {"key": 1}}
    assert over({"each": {"keys": "stock"}})["each"] == {"keys": "stock"}
    assert over({"paging": {"size": {"value": 20}}})["paging"] == {
        "by": "page", "param": "p", "size": {"param": "per_page", "value": 20}
    }  # fmt: skip


def test_false_takes_a_table_or_a_text_away() -> None:
    whole = over({"events": False, "fields": {"state": False}, "states": False})
    assert "events" not in whole
    assert "states" not in whole
    assert whole["fields"] == {"sku": "code", "available": "qty"}


@pytest.mark.long
def test_tables_as_deep_as_a_file_is_long_are_merged() -> None:
    own: dict[str, Any] = {}
    below: dict[str, Any] = {}
    first, second = own, below
    for _ in range(20_000):
        first["a"], second["a"] = {}, {}
        first, second = first["a"], second["a"]
    first["end"], second["other"] = 1, 2

    whole = laid_over(own, below)
    for _ in range(20_000):
        whole = whole["a"]
    assert whole == {"end": 1, "other": 2}


@pytest.mark.parametrize(
    ("address", "relative", "whole"),
    [
        ("https://shop.example", "api/stock", "https://shop.example/api/stock"),
        ("https://shop.example/", "/api/stock", "https://shop.example/api/stock"),
        ("https://example.com/shop", "api/stock?a=b/c", "https://example.com/shop/api/stock?a=b/c"),
        ("https://shop.example/api", "api/stock?x=1", "https://shop.example/api/stock?x=1"),
        ("https://shop.example/a/wp-json/wc/v3/", "wp-json/wc/v3/products",
         "https://shop.example/a/wp-json/wc/v3/products"),
        ("http://127.0.0.1:3000/admin-api", "admin-api", "http://127.0.0.1:3000/admin-api"),
        ("https://api", "api/x", "https://api/api/x"),
        ("https://shop.example/myapi", "api/x", "https://shop.example/myapi/api/x"),
        ("https://shop.example/db", "", "https://shop.example/db/"),
    ],
)  # fmt: skip
def test_an_address_comes_before_what_is_relative_and_nothing_stands_twice(
    address: str, relative: str, whole: str
) -> None:
    assert joined(address, relative) == whole


def test_every_relative_address_is_completed_and_no_other() -> None:
    whole = with_address(
        {**BELOW, "url": "stock", "write": {"url": "http://else/x", "read": "stock/{sku}"}},
        "http://shop",
    )
    assert whole["url"] == "http://shop/stock"
    assert whole["write"] == {"url": "http://else/x", "read": "http://shop/stock/{sku}"}
    assert whole["auth"]["login"]["url"] == "http://shop/login"
    assert whole["events"]["url"] == "http://shop/moves"
    assert BELOW["auth"]["login"]["url"] == "login"


def test_every_address_of_a_described_api_may_be_relative() -> None:
    keys = {
        key for key in keys_of(HttpOptions) if key.rpartition(".")[2] in ("url", "read")
    }  # fmt: skip
    assert keys == set(ADDRESSES)


def keys_of(shape: type[msgspec.Struct], before: str = "") -> Iterator[str]:
    """Every key of a table and of those in it, dotted."""
    for field in msgspec.structs.fields(shape):
        yield f"{before}{field.encode_name}"
        for inner in (field.type, *get_args(field.type)):
            if isinstance(inner, type) and issubclass(inner, msgspec.Struct):
                yield from keys_of(inner, f"{before}{field.encode_name}.")

"""The keys of signing in, alone and in wrong company: each error names the key and a right one."""

from pathlib import Path
from typing import Any

import pytest

from sync.config.load import decode
from sync.errors import ConfigErrors

SECRET = {"env": "KEY"}
LOGIN = {"url": "https://shop.example/auth", "body": {"password": SECRET}, "token": "token"}
OAUTH = {"url": "https://shop.example/token", "client_id": "skew", "client_secret": SECRET}


def wrong(**keys: Any) -> str:
    """All that is wrong with a channel of these keys; empty where nothing is."""
    shop = {
        "kind": "http",
        "url": "https://shop.example/stock",
        "items": "items",
        "fields": {"sku": "sku", "available": "qty"},
        **keys,
    }
    data = {"authority": {"quantity": "shop"}, "channels": {"shop": shop}}
    try:
        decode(data, source="skew.toml", base=Path(), environ={"KEY": "the-value"})
    except ConfigErrors as error:
        return str(error)
    return ""


def auth(**ways: Any) -> str:
    return wrong(auth=ways)


RIGHT: list[dict[str, Any]] = [
    {"headers": {"Accept": "application/json", "X-Auth-Token": SECRET}},
    {"headers": {"Authorization": {**SECRET, "scheme": "Token"}}},
    {"auth": {"basic": {"username": "stock"}}},
    {"auth": {"basic": {"password": SECRET}}},
    {"auth": {"query": {"key": SECRET, "store": "7"}}},
    {"auth": {"oauth": OAUTH}},
    {"auth": {"oauth": {**OAUTH, "url": "https://login.example/token"}}},
    {"auth": {"oauth1": {"key": "ck", "secret": SECRET}}},
    {"auth": {"login": LOGIN}},
    {"auth": {"login": {**LOGIN, "body": {"params": {"user": "a", "list": [SECRET]}}}}},
    {"auth": {"login": {**LOGIN, "token": "header:X-Token"}}},
    {"error": "errors[0].message"},
]


@pytest.mark.parametrize("keys", RIGHT, ids=str)
def test_what_is_right_is_taken(keys: dict[str, Any]) -> None:
    assert wrong(**keys) == ""


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"auth": {}}, "channels.shop.auth: needs one of basic, query, oauth, oauth1, login: add `ba"),
    (
        {"auth": {"basic": {"username": "a"}, "login": LOGIN}},
        "channels.shop.auth.login: can't stand beside basic: keep one of the two",
    ),
    ({"auth": {"digest": {}}}, "channels.shop.auth.digest: is not a known key; known: basic, log"),
    ({"auth": {"basic": {}}}, 'channels.shop.auth.basic: has neither: add `username = "…"`'),
    (
        {"auth": {"basic": {"username": "a:b"}}},
        "channels.shop.auth.basic.username: must not have a colon",
    ),
    (
        {"auth": {"basic": {"password": "hunter2"}}},
        "channels.shop.auth.basic.password: a secret must not be in the file; say where it is",
    ),
    ({"auth": {"query": {}}}, "channels.shop.auth.query: is empty: write `query = { api_key"),
    (
        {"auth": {"query": {"api_key": "hunter2"}}},
        "channels.shop.auth.query.api_key: looks like a secret",
    ),
    (
        {"auth": {"query": {"page": 1}}},
        "channels.shop.auth.query.page: must be text in quotes, not a whole number; of a",
    ),
    (
        {"auth": {"oauth": {"url": "https://a.example", "client_id": "a"}}},
        "channels.shop.auth.oauth.client_secret: is missing: add `client_secret = { env =",
    ),
    (
        {"auth": {"oauth": {**OAUTH, "url": "shop.example/token"}}},
        "channels.shop.auth.oauth.url: must begin with http:// or https://",
    ),
    (
        {"auth": {"oauth": {**OAUTH, "client_in": "header"}}},
        'channels.shop.auth.oauth.client_in: must be "body" or "basic", not "header"',
    ),
    (
        {"auth": {"oauth": {**OAUTH, "body": {"password": "hunter2"}}}},
        "channels.shop.auth.oauth.body.password: looks like a secret",
    ),
    (
        {"auth": {"oauth1": {"key": "ck", "secret": SECRET, "token": "a"}}},
        "channels.shop.auth.oauth1.token_secret: is missing",
    ),
    (
        {"auth": {"oauth1": {"key": "ck", "secret": SECRET, "method": "PLAINTEXT"}}},
        'channels.shop.auth.oauth1.method: must be "HMAC-SHA256" or "HMAC-SHA1"',
    ),
    (
        {"auth": {"login": {**LOGIN, "token": None, "cookie": None}}},
        "channels.shop.auth.login: needs one of token and cookie: `token =",
    ),
    (
        {"auth": {"login": {**LOGIN, "cookie": "sid"}}},
        "channels.shop.auth.login: needs one of token and cookie",
    ),
    (
        {"auth": {"login": {**LOGIN, "token": None, "cookie": "sid", "scheme": "Token"}}},
        "channels.shop.auth.login.scheme: has no effect with cookie",
    ),
    (
        {"auth": {"login": {**LOGIN, "param": "t", "header": "X-T"}}},
        "channels.shop.auth.login.header: has no effect with param",
    ),
    (
        {"auth": {"login": {**LOGIN, "scheme": "two words"}}},
        'channels.shop.auth.login.scheme: "two words" is not a word',
    ),
    (
        {"auth": {"login": {**LOGIN, "token": "a["}}},
        "channels.shop.auth.login.token: is not a JMESPath expression",
    ),
    (
        {"auth": {"login": {**LOGIN, "body": {"password": "hunter2"}}}},
        "channels.shop.auth.login.body.password: looks like a secret",
    ),
    (
        {"auth": {"login": {**LOGIN, "body": {"deep": {"pw": {"env": "NOT_THERE"}}}}}},
        "channels.shop.auth.login.body.deep.pw: the environment variable NOT_THERE is not set",
    ),
    (
        {"auth": {"login": {**LOGIN, "encoding": "form", "body": {"a": {"b": "c"}}}}},
        "channels.shop.auth.login.body.a: is a table or a list, which a form can't hold",
    ),
    (
        {"auth": {"login": {**LOGIN, "url": "https://a:b@shop.example/auth"}}},
        "channels.shop.auth.login.url: must not contain a user or password",
    ),
    (
        {"auth": {"login": LOGIN}, "token": SECRET},
        "channels.shop.token: can't stand beside auth",
    ),
    (
        {"auth": {"basic": {"username": "a"}}, "headers": {"authorization": SECRET}},
        'channels.shop.headers: "authorization" is set by auth: remove one of the two',
    ),
    (
        {"token": SECRET, "headers": {"Authorization": SECRET}},
        'channels.shop.headers: "Authorization" is set by token',
    ),
    (
        {"auth": {"query": {"page": SECRET}}, "url": "https://shop.example/stock?page=1"},
        'channels.shop.url: has "page", which auth sets',
    ),
    (
        {"headers": {"X-Api-Key": "hunter2"}},
        'channels.shop.headers: "X-Api-Key" looks like a secret, which must not be in the file',
    ),
    ({"headers": {"X Y": "a"}}, 'channels.shop.headers: "X Y" is not the name of a header'),
    ({"headers": {"Host": "a"}}, 'channels.shop.headers: "Host" is set by Skew itself'),
    ({"headers": {"X-A": "a", "x-a": "b"}}, 'channels.shop.headers: "x-a" is there twice'),
    ({"headers": {"X-A": "a\nb"}}, 'channels.shop.headers: "X-A" has a line break'),
    ({"headers": {"X-A": {}}}, "channels.shop.headers.X-A: say where it is"),
    ({"token": {**SECRET, "scheme": "a b"}}, "channels.shop.token.scheme: is not a word"),
    ({"error": "errors["}, "channels.shop.error: is not a JMESPath expression"),
    ({"username": "a"}, 'channels.shop.username: is not a key of kind "http"'),
    ({"api_key": SECRET}, 'channels.shop.api_key: is not a key of kind "http"'),
]  # fmt: skip


@pytest.mark.parametrize(("keys", "words"), WRONG, ids=lambda value: str(value)[:60])
def test_what_is_wrong_is_named_and_never_shown(keys: dict[str, Any], words: str) -> None:
    found = wrong(**_without_none(keys))

    assert words in found
    assert "hunter2" not in found


def _without_none(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {name: _without_none(part) for name, part in value.items() if part is not None}

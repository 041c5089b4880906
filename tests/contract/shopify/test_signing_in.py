"""Signing in to Shopify, its versions and errors, and the keys of the kind."""

import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sync.channels.shopify.kind import ShopifyOptions
from sync.config.load import decode
from sync.errors import ConfigErrors, ContractBroken, NeedsOperator, Temporary
from tests.contract.harness import (
    SECRET,
    SECRET_NAME,
    OverHttp,
    opened,
    poll,
)
from tests.contract.shopify.bench import warnings
from tests.fakes.shopify import Shopify
from tests.loopback import Answer


@pytest.mark.parametrize(
    ("scopes", "words"),
    [
        (("read_products", "read_locations"), "lacks the scopes read_inventory, write_inventory"),
        (("write_inventory", "read_locations"), "lacks the scope read_products"),
    ],
)
async def test_signing_in_names_the_scopes_that_are_missing(
    shop: Shopify, harness: OverHttp, scopes: tuple[str, ...], words: str
) -> None:
    shop.scopes = scopes

    async with opened(harness) as channel:
        with pytest.raises(NeedsOperator, match=words) as caught:
            await channel.sign_in()

    assert SECRET_NAME in str(caught.value)


async def test_signing_in_names_the_shop_its_plan_and_its_locations(
    shop: Shopify, harness: OverHttp
) -> None:
    async with opened(harness) as channel:
        seen = await channel.sign_in()
        shop.scopes = ("read_products", "read_inventory", "read_locations")
        observing = await channel.sign_in()

    assert seen == (
        "Ketts (ketts.myshopify.com); plan Basic; all scopes that are needed; location Berlin"
    )
    assert "lacks the scope write_inventory: it can be read, not written" in observing


async def test_signing_in_with_client_credentials_says_until_when(
    shop: Shopify, harness: OverHttp
) -> None:
    shop.by_client = True

    async with opened(harness) as channel:
        seen = await channel.sign_in()

    assert "/admin/oauth/access_token gave a token that is good until 20" in seen
    assert "shop-token" not in seen


async def test_a_scope_that_is_taken_away_later_is_named_by_the_poll(
    shop: Shopify, harness: OverHttp
) -> None:
    shop.scopes = ("read_products", "read_locations")

    with pytest.raises(NeedsOperator, match="lacks the scope read_inventory, for page 1"):
        await poll(harness)


async def test_an_api_without_a_count_and_scopes_is_read_all_the_same(
    shop: Shopify, harness: OverHttp
) -> None:
    shop.is_old = True
    shop.put("A", 3)

    assert (await poll(harness)).stock == {"A": 3}
    async with opened(harness) as channel:
        assert "Ketts (ketts.myshopify.com); scopes unknown" in await channel.sign_in()


async def test_a_version_that_shopify_no_longer_has_is_a_warning(
    shop: Shopify, harness: OverHttp
) -> None:
    shop.put("A", 1)
    shop.version = "2027-01"
    words = "Shopify answered by API version 2027-01, not by 2026-10"

    reading = await poll(harness)

    assert [text for text in warnings(reading) if words in text]
    async with opened(harness) as channel:
        assert words in await channel.sign_in()


async def test_client_credentials_give_a_token_that_is_renewed_between_two_pages(
    shop: Shopify, harness: OverHttp
) -> None:
    shop.by_client = True
    for number in range(300):
        shop.put(f"N-{number}", number)

    def end(operation: str) -> None:
        if operation == "ItemsAt" and len(shop.tokens) == 1:
            shop.tokens.append("another")

    shop.before_answer = end

    reading = await poll(harness)

    assert len(reading.records) == 300
    assert len(shop.tokens) == 3


async def test_a_client_that_is_refused_is_named(
    shop: Shopify, harness: OverHttp, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.by_client = True
    monkeypatch.setenv(SECRET_NAME, "wr0ng-s3cret")

    with pytest.raises(NeedsOperator, match=SECRET_NAME) as caught:
        await poll(harness)

    assert "application_cannot_be_found" in str(caught.value)
    assert "wr0ng-s3cret" not in repr(caught.value)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (
            Answer(status=301, headers={"Location": "https://ketts.myshopify.com/admin/api"}),
            'is the address of a storefront: .* shop = "ketts.myshopify.com"',
        ),
        (Answer(b"<html>Shop now", headers={"Content-Type": "text/html"}), "a web page at 127"),
        (Answer({"errors": "Not Found"}, 404), "404, no Admin API 2026-10 at 127"),
        (Answer({"errors": "Unavailable Shop"}, 402), "the shop is frozen"),
        (Answer({"errors": "Locked"}, 423), "the shop is locked"),
        (
            Answer({"errors": [{"message": "x", "extensions": {"code": "SHOP_INACTIVE"}}]}),
            "the shop is not active",
        ),
    ],
)
async def test_a_wrong_address_and_a_closed_shop_are_explained(
    harness: OverHttp, answer: Answer, words: str
) -> None:
    harness.front.spoil = lambda _asked: answer

    with pytest.raises(NeedsOperator, match=words):
        await poll(harness)


@pytest.mark.parametrize(
    ("code", "kind"), [("INTERNAL_SERVER_ERROR", Temporary), ("undefinedField", ContractBroken)]
)
async def test_errors_in_a_200_are_told_apart(
    harness: OverHttp, code: str, kind: type[Exception]
) -> None:
    errors = [{"message": f"no, says {SECRET}", "extensions": {"code": code}}]
    harness.front.spoil = lambda _asked: Answer({"errors": errors})

    with pytest.raises(kind, match="no, says •••"):
        await poll(harness)


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ({"shop": "name.myshopify.com"}, "https://name.myshopify.com"),
        ({"shop": "https://Name.myshopify.com/admin"}, "https://name.myshopify.com"),
        ({"shop": "http://127.0.0.1:8080"}, "http://127.0.0.1:8080"),
        ({"shop": "name"}, "https://name.myshopify.com"),
        ({"shop": "https://admin.shopify.com/store/name/products"}, "https://name.myshopify.com"),
        ({"url": "https://name.myshopify.com/"}, "https://name.myshopify.com"),
        (
            {"url": "https://name.myshopify.com/admin/api/2026-04/graphql.json"},
            "https://name.myshopify.com",
        ),
        ({"url": "http://proxy:8080/shopify"}, "http://proxy:8080/shopify"),
    ],
)
def test_a_shop_is_found_however_its_address_is_written(given: dict[str, Any], url: str) -> None:
    options = msgspec.convert({**given, "token": {"env": "T"}}, ShopifyOptions)

    assert options.endpoint == f"{url}/admin/api/2026-10/graphql.json"


SIGNED = {"shop": "name.myshopify.com", "token": {"env": "T"}}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"token": {"env": "T"}}, "shop is missing"),
        ({**SIGNED, "url": "https://name.myshopify.com"}, "url has no effect with shop"),
        ({**SIGNED, "shop": "www.ketts.com"}, "its storefront has no API"),
        ({**SIGNED, "shop": None, "url": "http://name.myshopify.com"}, "http://.*anybody"),
        ({**SIGNED, "shop": None, "url": "name.myshopify.com"}, "must begin with https://"),
        ({**SIGNED, "shop": None, "url": "https://admin.shopify.com/store/x"}, "the admin's"),
        ({**SIGNED, "shop": None, "url": "https://u:p@x.myshopify.com"}, "user or password"),
        ({"shop": "name.myshopify.com"}, "token is missing"),
        ({**SIGNED, "client_id": "x"}, "client_id and client_secret together"),
        ({"shop": "name.myshopify.com", "client_id": "x"}, "client_secret together"),
        ({**SIGNED, "api_version": "2026-11"}, 'api_version "2026-11"'),
        ({**SIGNED, "api_version": "2026-01"}, 'api_version "2026-01" is too old'),
        ({**SIGNED, "location": "Berlin"}, "location .* is not the id of a location"),
    ],
)
def test_keys_that_don_t_belong_together_are_refused(given: dict[str, Any], words: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=words):
        msgspec.convert(given, ShopifyOptions)


def test_a_location_is_taken_as_its_number_and_as_its_id() -> None:
    for location in ("65", "gid://shopify/Location/65"):
        msgspec.convert({**SIGNED, "location": location}, ShopifyOptions)


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        ('locations = { "65" = "BER" }', {"65": ("BER",)}),
        ('locations = { "gid://shopify/Location/65" = "BER" }', {"65": ("BER",)}),
        ('location = "65"\nlocations = ["BER"]', {"": ("BER",)}),
        ('locations = ["BER"]', "is a list, but this channel's listings stand at locations"),
        ('location = "65"\nlocations = { "65" = "BER" }', "is a table, but with location"),
    ],
)
def test_locations_are_mapped_however_they_are_written(
    tmp_path: Path, keys: str, found: dict[str, tuple[str, ...]] | str
) -> None:
    data = tomllib.loads(
        f"""[authority]
quantity = "warehouse"
[channels.warehouse]
kind = "csv"
path = "stock.csv"
[channels.shop]
kind = "shopify"
shop = "name.myshopify.com"
token = {{ env = "T" }}
{keys}
"""
    )
    if isinstance(found, str):
        with pytest.raises(ConfigErrors, match=f"channels.shop.locations: {found}"):
            decode(data, source="skew.toml", base=tmp_path, environ=None)
    else:
        settings = decode(data, source="skew.toml", base=tmp_path, environ=None)
        assert settings.channels["shop"].locations == found

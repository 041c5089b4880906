"""How requests to WooCommerce are signed, and for which shop."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from sync.channels.woocommerce.access import KeyAccess
from sync.channels.woocommerce.address import ShopAddress
from sync.channels.woocommerce.channel import WooCommerce
from sync.channels.woocommerce.shop import MAY_ONLY_READ, ShopClient, hint
from sync.errors import NeedsOperator, Temporary
from sync.secrets import Secret
from sync.transport.transport import Limits, Transport
from tests.contract.harness import (
    SECRET,
    SECRET_NAME,
    OverHttp,
    QuickClock,
    change,
    opened,
)
from tests.contract.woocommerce.doors.bench import HTML, failure
from tests.fakes.woocommerce import WooCommerceShop
from tests.loopback import Answer, ReceivedRequest


@asynccontextmanager
async def over_tls(harness: OverHttp) -> AsyncIterator[WooCommerce]:
    """The channel as it asks a shop over https, here without the TLS."""
    key, secret = (Secret(SECRET, name=name) for name in ("KEY", "SECRET"))
    clock = QuickClock()
    transport = Transport("shop", harness.server.url, clock=clock, limits=Limits(timeout_ms=5000))
    where = ShopAddress.of(harness.server.url)
    access = KeyAccess(key, secret, clock, replace(where, origin="https://127.0.0.1"))
    access.sign_for(harness.server.url)
    channel = WooCommerce(ShopClient("shop", transport, access, where))
    try:
        yield channel
    finally:
        await channel.close()


async def stock(channel: WooCommerce) -> dict[str, int | None]:
    return {
        record.sku: record.available async for page in channel.pages() for record in page.records
    }


async def test_over_http_each_request_is_signed_anew(
    shop: WooCommerceShop, harness: OverHttp
) -> None:
    troubles = [Answer(status=503), Answer(status=429)]
    harness.front.spoil = lambda _asked: troubles.pop() if troubles else None
    async with opened(harness) as channel:
        reading = [record async for page in channel.pages() for record in page.records]
        (receipt,) = await channel.write([change(reading[0], 3)])

    assert receipt.refused is None
    assert shop.shown("A") == 3
    queries = [parse_qs(urlsplit(asked.path).query) for asked in harness.server.asked]
    nonces = [query["oauth_nonce"][0] for query in queries]
    assert len(set(nonces)) == len(nonces) == 5
    assert {query["oauth_signature_method"][0] for query in queries} == {"HMAC-SHA256"}
    assert [asked for asked in harness.server.asked if "authorization" in asked.headers] == []


async def test_over_https_the_key_goes_in_a_header(
    shop: WooCommerceShop, harness: OverHttp
) -> None:
    shop.is_ssl = True
    async with over_tls(harness) as channel:
        assert await stock(channel) == {"A": 5}

    assert all("oauth" not in asked.path for asked in harness.server.asked)
    assert all(
        asked.headers["authorization"].startswith("Basic ") for asked in harness.server.asked
    )


async def test_where_the_header_does_not_arrive_requests_are_signed(
    shop: WooCommerceShop, harness: OverHttp
) -> None:
    """Some web servers keep `Authorization` to themselves; then PHP sees no key at all."""
    async with over_tls(harness) as channel:
        assert await stock(channel) == {"A": 5}
        assert await stock(channel) == {"A": 5}

    signed = ["oauth_signature" in asked.path for asked in harness.server.asked]
    assert signed == [False, True, True]
    assert shop.nonces


async def test_a_key_that_worked_is_not_shown_in_another_way_when_it_is_refused(
    shop: WooCommerceShop, harness: OverHttp
) -> None:
    shop.is_ssl = True
    shop.may_write = False
    async with over_tls(harness) as channel:
        (record,) = [record async for page in channel.pages() for record in page.records]
        with pytest.raises(NeedsOperator, match="the key may only read"):
            await channel.write([change(record, 3)])

    assert [asked.method for asked in harness.server.asked].count("PUT") == 1
    assert all("oauth" not in asked.path for asked in harness.server.asked)


def test_a_refusal_over_https_names_the_proxy_too() -> None:
    secure, plain = (ShopAddress.of(f"{scheme}://shop.example") for scheme in ("https", "http"))

    assert "behind a proxy" in hint(401, secure, write=False)
    assert "behind a proxy" not in hint(401, plain, write=False)
    assert hint(401, secure, write=True) == MAY_ONLY_READ
    assert hint(0, secure, write=False) == ""


async def test_signing_in_names_the_shop(shop: WooCommerceShop, harness: OverHttp) -> None:
    async with opened(harness) as channel:
        seen = await channel.sign_in()
        # A plugin may hide the index from strangers.
        harness.front.spoil = lambda asked: (
            Answer({"code": "rest_forbidden", "message": "no"}, 401)
            if urlsplit(asked.path).path == "/wp-json/"
            else None
        )
        hidden = await channel.sign_in()

    host = urlsplit(harness.server.url).netloc
    assert seen == f"Corner Shop at {host}: 1 product"
    assert hidden == f"{host}: 1 product"
    assert {asked.method for asked in harness.server.asked} == {"GET"}


async def test_a_user_who_may_only_read_is_named(shop: WooCommerceShop, harness: OverHttp) -> None:
    def allowing(asked: ReceivedRequest) -> Answer:
        answer = shop.answer(asked)
        return Answer(answer.body, answer.status, {**answer.headers, "Allow": "GET"})

    harness.front.spoil = allowing
    async with opened(harness) as channel:
        assert "the key's user may only read" in await channel.sign_in()


@pytest.mark.long
@pytest.mark.parametrize("status", [200, 404])
async def test_a_web_page_that_comes_and_goes_is_waited_out(
    shop: WooCommerceShop, harness: OverHttp, status: int
) -> None:
    page = Answer(b"<!DOCTYPE html><title>Back in a minute</title>", status, HTML)
    async with opened(harness) as channel:
        await channel.sign_in()
        pages = [page] if status == 200 else [page] * 9
        harness.front.spoil = lambda _asked: pages.pop() if pages else None
        if status == 200:
            assert [len(found.records) async for found in channel.pages()] == [1, 0]
        else:
            with pytest.raises(Temporary, match="Back in a minute"):
                await anext(aiter(channel.pages()))


async def test_a_wrong_key_is_named(harness: OverHttp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SECRET_NAME, "wr0ng")

    words = await failure(harness)

    assert "Consumer key is invalid" in words
    assert SECRET_NAME in words
    assert "Settings, Advanced, REST API" in words
    assert "wr0ng" not in words


def known_as(shop: WooCommerceShop, host: str) -> Callable[[ReceivedRequest], Answer]:
    """The shop is reached by another name than its own."""

    def answer(asked: ReceivedRequest) -> Answer:
        own = {**asked.headers, "host": host}
        return shop.answer(ReceivedRequest(asked.method, asked.path, own, asked.body))

    return answer


@pytest.mark.parametrize("is_plain", [True, False])
async def test_requests_are_signed_for_the_address_that_the_shop_calls_its_own(
    shop: WooCommerceShop, harness: OverHttp, *, is_plain: bool
) -> None:
    """WooCommerce signs its own address, whatever name it was reached by."""
    shop.is_plain = is_plain
    harness.front.spoil = known_as(shop, "localhost:8080")
    async with opened(harness) as channel:
        records = [record async for page in channel.pages() for record in page.records]
        (receipt,) = await channel.write([change(records[0], 3)])

    assert receipt.refused is None
    assert shop.shown("A") == 3
    paths = [urlsplit(asked.path).path for asked in harness.server.asked]
    assert sum(path == "/wp-json/" for path in paths) <= 1
    assert {asked.headers["host"] for asked in harness.server.asked} == {
        urlsplit(harness.server.url).netloc
    }


async def test_no_shop_has_us_sign_for_another_elsewhere(
    shop: WooCommerceShop, harness: OverHttp
) -> None:
    harness.front.spoil = known_as(shop, "shop.example:8080")
    words = await failure(harness)

    assert "provided signature does not match" in words
    assert "the shop calls itself http://shop.example:8080: write exactly that as url" in words

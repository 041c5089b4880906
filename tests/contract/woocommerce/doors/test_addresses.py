"""Where a WooCommerce answers, and what is said where it does not."""

from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest

from sync.channels.woocommerce import address
from sync.channels.woocommerce.address import ShopAddress
from sync.channels.woocommerce.kind import EXAMPLE
from sync.channels.woocommerce.options import WooCommerceOptions
from sync.errors import ChannelError, ContractBroken, NeedsOperator, Temporary
from tests.contract.harness import (
    OverHttp,
    change,
    opened,
    poll,
)
from tests.contract.woocommerce.doors.bench import HTML, failure
from tests.fakes.woocommerce import WooCommerceShop
from tests.loopback import Answer, ReceivedRequest


@pytest.mark.parametrize(
    ("url", "home", "may"),
    [
        ("http://127.0.0.1:32768", "http://localhost:8080", True),
        ("http://shop", "http://localhost", True),
        ("http://10.0.0.7", "http://shop.local/blog", True),
        ("http://shop.example:8080", "http://www.shop.example", True),
        ("http://shop.example", "http://other.example", False),
        ("http://other.example", "http://localhost", False),
        ("http://shop.example", "http://", False),
        ("http://8.8.8.8", "http://127.0.0.1", False),
    ],
)
def test_which_addresses_may_be_of_one_shop(url: str, home: str, *, may: bool) -> None:
    assert address.may_be_same(url, home) is may


@pytest.mark.long
@pytest.mark.parametrize("is_said", [True, False])
async def test_a_shop_with_plain_permalinks_is_found(
    shop: WooCommerceShop, harness: OverHttp, *, is_said: bool
) -> None:
    shop.is_plain = True
    parent = shop.add("SHIRT")
    shop.add("SHIRT-S", 4, parent_id=parent)

    def without_link(asked: ReceivedRequest) -> Answer:
        answer = shop.answer(asked)
        headers = {name: value for name, value in answer.headers.items() if name != "Link"}
        return Answer(answer.body, answer.status, headers)

    if not is_said:
        harness.front.spoil = without_link
    async with opened(harness) as channel:
        records = [record async for page in channel.pages() for record in page.records]
        (receipt,) = await channel.write([change(records[0], 3)])
        assert "Corner Shop" in await channel.sign_in()

    assert {record.sku: record.available for record in records} == {"A": 5, "SHIRT-S": 4}
    assert receipt.refused is None
    assert shop.shown("A") == 3
    paths = [urlsplit(asked.path).path for asked in harness.server.asked]
    assert paths.count("/wp-json/wc/v3/products") == 1


async def test_plain_permalinks_of_an_older_woocommerce_are_explained(
    shop: WooCommerceShop, harness: OverHttp
) -> None:
    shop.is_plain = True
    harness.front.spoil = lambda asked: (
        Answer({"code": "woocommerce_rest_cannot_view", "message": "Sorry, no."}, 401)
        if "rest_route=/wc" in asked.path
        else None
    )

    words = await failure(harness)

    assert "with plain permalinks WooCommerce takes keys from 11.1 only" in words
    assert "WordPress, Settings, Permalinks" in words


@pytest.mark.parametrize("status", [200, 404])
async def test_a_web_page_instead_of_a_shop_is_explained(harness: OverHttp, status: int) -> None:
    page = b"<!DOCTYPE html><html><head><title>Corner Shop</title></head></html>"
    harness.front.spoil = lambda _asked: Answer(page, status, HTML)

    words = await failure(harness)

    assert "a web page at http://127.0.0.1" in words
    assert '"Corner Shop"' in words
    assert "url must be the shop's address" in words


async def test_a_shop_whose_api_is_elsewhere_says_where(harness: OverHttp) -> None:
    link = '<https://www.shop.example/wp-json/>; rel="https://api.w.org/"'
    harness.front.spoil = lambda _asked: Answer(b"<html>", 404, {**HTML, "Link": link})

    assert "its API at https://www.shop.example: write that url" in await failure(harness)


async def test_a_wordpress_without_woocommerce_is_explained(harness: OverHttp) -> None:
    body = {"code": "rest_no_route", "message": "No route.", "data": {"status": 404}}
    harness.front.spoil = lambda _asked: Answer(body, 404)

    assert "activate WooCommerce" in await failure(harness)


async def test_http_where_https_belongs_is_explained(harness: OverHttp) -> None:
    where = {"Location": "https://127.0.0.1/wp-json/wc/v3/products"}
    harness.front.spoil = lambda _asked: Answer(b"", 301, where)

    words = await failure(harness, ContractBroken)

    assert "redirects to another server, https://127.0.0.1; not followed" in words
    assert "write it in its url" in words


@pytest.mark.long
@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (Answer(b"<!DOCTYPE html><title>Just a moment...</title>", 403, HTML), NeedsOperator,
         "no firewall or security plugin may keep Skew from"),
        (Answer({"code": "rest_cannot_access", "message": "Only users may."}, 401), NeedsOperator,
         "Only users may; see the key"),
        (Answer(b"<!DOCTYPE html><title>Briefly unavailable</title>", 503, HTML), Temporary,
         "503"),
        (Answer(b"<!DOCTYPE html><title>Error 1015</title>", 429, HTML), Temporary, "slow down"),
        (Answer({"code": "too_many_requests", "message": "Rate limit exceeded"}), Temporary,
         "Rate limit exceeded"),
        (Answer({"code": "internal_server_error", "message": "Database timed out"}), Temporary,
         "Database timed out"),
        (Answer({"code": "rest_forbidden", "message": "Access denied"}), NeedsOperator,
         "Access denied"),
        (Answer(b"<br />\n<b>Warning</b>: x in <b>y.php</b><br />\n[]"), ContractBroken,
         "WP_DEBUG_DISPLAY"),
        (Answer({"code": "x", "message": "odd", "data": {"status": 404}}, 404), ContractBroken,
         "odd"),
    ],
)  # fmt: skip
async def test_what_stands_before_a_shop_is_said_in_words(
    harness: OverHttp, answer: Answer, kind: type[ChannelError], words: str
) -> None:
    harness.front.spoil = lambda _asked: answer

    assert words in await failure(harness, kind)


async def test_a_byte_order_mark_before_json_does_no_harm(
    shop: WooCommerceShop, harness: OverHttp
) -> None:
    def marked(asked: ReceivedRequest) -> Answer:
        answer = shop.answer(asked)
        return Answer(b"\xef\xbb\xbf\n" + answer.content, answer.status, answer.headers)

    harness.front.spoil = marked
    reading = await poll(harness)
    async with opened(harness) as channel:
        (receipt,) = await channel.write([change(reading.of("A"), 3)])

    assert reading.stock == {"A": 5}
    assert receipt.refused is receipt.unknown is None


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ("https://shop.example", "https://shop.example/wp-json/wc/v3/products"),
        ("https://shop.example/", "https://shop.example/wp-json/wc/v3/products"),
        ("https://shop.example/wp-json", "https://shop.example/wp-json/wc/v3/products"),
        ("https://shop.example/wp-json/wc/v3", "https://shop.example/wp-json/wc/v3/products"),
        (
            "https://shop.example/wp-json/wc/v3/products/",
            "https://shop.example/wp-json/wc/v3/products",
        ),
        ("http://h:8080/blog/wp-json/wc/v3/", "http://h:8080/blog/wp-json/wc/v3/products"),
        ("https://h/index.php/wp-json/wc/v3", "https://h/index.php/wp-json/wc/v3/products"),
        ("http://h/?rest_route=/wc/v3", "http://h/index.php?rest_route=/wc/v3/products"),
        ("http://h/index.php?rest_route=/", "http://h/index.php?rest_route=/wc/v3/products"),
    ],
)
def test_an_address_may_be_written_in_many_ways(written: str, asked: str) -> None:
    assert ShopAddress.of(written).url("wc/v3/products") == asked


def test_wordpress_names_its_api_in_a_header() -> None:
    links = '<https://h/blog/wp-json/>; rel="https://api.w.org/", <https://h/?p=1>; rel=shortlink'
    assert address.said_in(links) == ShopAddress("https://h", "/blog")
    plain = '<https://h/index.php?rest_route=/>; rel="https://api.w.org/"'
    assert address.said_in(plain) == ShopAddress("https://h", "", is_plain=True)
    assert address.said_in('<https://h/>; rel="canonical"') is None


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("shop.example", "url must begin with https:// or http:// and a host"),
        ("ftp://shop.example", "url must begin with https:// or http:// and a host"),
        ("https://ck_1:cs_2@shop.example", "url must not contain a user or password"),
        ("https://shop.example/?consumer_key=ck_1", "url `consumer_key` looks like a secret"),
        ("https://shop.example/wp-admin/", "url is that of the page where one manages the shop"),
        ("https://shop.example/?page_id=4", "url must not have `?` or `#`"),
        ("https://shop.example:99999", "url is not an address"),
    ],
)
def test_an_address_that_can_not_be_one_is_refused_with_a_right_one(url: str, words: str) -> None:
    keys: dict[str, Any] = {"consumer_key": {"env": "K"}, "consumer_secret": {"env": "S"}}
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.convert({"url": url, **keys}, WooCommerceOptions)

    assert words in str(caught.value)
    assert "https://shop.example" in str(caught.value) or "secret" in words


def test_the_example_is_a_configuration() -> None:
    options = msgspec.toml.decode(EXAMPLE, type=WooCommerceOptions)

    assert options.consumer_secret.name == "SHOP_CONSUMER_SECRET"

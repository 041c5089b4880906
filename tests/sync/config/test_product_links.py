"""`link`: the page of a product on a channel, checked when read and filled in for a listing."""

from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given, strategies

from sync.channels import product_links
from tests.sync.config_text import SHOP, SMALLEST, errors_of, read

KEY = {"SHOP_KEY": "k"}
PAGE = "https://shop.example/admin/{location}/products/{ref}?sku={sku}#stock"


def test_a_link_is_read_and_is_none_by_default() -> None:
    read_in = read(f'{SMALLEST}{SHOP}link = "{PAGE}"\n', KEY).channels["shop"].link
    assert read_in == PAGE
    assert read(SMALLEST + SHOP, KEY).channels["shop"].link is None


@pytest.mark.parametrize(
    ("written", "remedy"),
    [
        ("javascript:alert({sku})", "must begin with https:// or http://"),
        ("file:///etc/{sku}", "must begin with https:// or http://"),
        ("/products/{ref}", "must begin with https:// or http://"),
        ("https:///products/{ref}", "must begin with https:// or http://"),
        ("https://[shop/{ref}", "must begin with https:// or http://"),
        ("https://{sku}.example/", "must name its host in full"),
        ("https://shop.example{sku}/", "must name its host in full"),
        ("https://ana:pw@shop.example/{sku}", "must not contain a user or password"),
        ("https://shop.example/{title}", "{title} is not known; write {sku}, {ref}, {location}"),
        ("https://shop.example/{}", "{} is not known"),
        ("https://shop.example/{sku", "brace without its other half"),
        ("https://shop.example/{{sku}}", "brace without its other half"),
        ("https://shop.example/a b", "one address without blanks"),
        ("https://shop.example/\\u001b]8;;", "one address without blanks"),
        ("https://shop.example/ü", "one address without blanks"),
        ("https://shop.example/{sku}?api_key=abc", "looks like a secret"),
        ("https://shop.example/" + "a" * 2_000, "at most 2,000 characters"),
    ],
)
def test_what_may_not_be_opened_is_refused_with_the_remedy(written: str, remedy: str) -> None:
    (message,) = errors_of(f'{SMALLEST}{SHOP}link = "{written}"\n', KEY).values()
    assert "channels.shop" in message
    assert remedy in message


def test_the_channels_own_sku_stands_where_it_has_one() -> None:
    filled = product_links.fill(
        "https://s.example/{sku}", sku="KET-12", ref="", location="", aliases={"K 12/b": "KET-12"}
    )
    assert filled == "https://s.example/K%2012%2Fb"


def test_without_the_id_that_it_needs_there_is_no_address() -> None:
    for missing in ("ref", "location"):
        values = {"sku": "A", "ref": "7", "location": "BER"} | {missing: ""}
        assert product_links.fill(PAGE, **values, aliases={}) is None


@given(strategies.text(min_size=1), strategies.text(min_size=1), strategies.text(min_size=1))
def test_what_a_channel_calls_it_never_leaves_its_place(sku: str, ref: str, location: str) -> None:
    filled = product_links.fill(PAGE, sku=sku, ref=ref, location=location, aliases={})

    assert filled is not None
    assert filled.isascii()
    assert filled.isprintable()
    assert " " not in filled
    parts = urlsplit(filled)
    assert (parts.scheme, parts.netloc, parts.fragment) == ("https", "shop.example", "stock")
    _, admin, place, products, number = parts.path.split("/")
    assert (admin, products) == ("admin", "products")
    known = [text.encode(errors="replace").decode() for text in (location, ref, sku)]
    assert [unquote(place), unquote(number), unquote(parts.query.removeprefix("sku="))] == known

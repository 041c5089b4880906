"""What stands for a listing in a URL, and what a listing lacks for it."""

import msgspec
import pytest

from sync.channels.base import ListingRef
from sync.channels.http import placeholders
from sync.channels.http.options import HttpOptions

URL = "https://shop/products/{parent+/variants/}{ref}?sku={sku}"
VARIANT = ListingRef("A B", "", '{"ref":71,"parent":7}')
PRODUCT = ListingRef("C/D", "", '{"ref":8}')


def test_a_part_stands_only_where_the_listing_has_what_it_needs() -> None:
    assert placeholders.fill_url(URL, VARIANT) == (
        "https://shop/products/7/variants/71?sku=A%20B",
        "",
    )
    assert placeholders.fill_url(URL, PRODUCT) == ("https://shop/products/8?sku=C%2FD", "")


def test_what_a_listing_lacks_is_named() -> None:
    url, lacking = placeholders.fill_url("https://shop/{parent}/{ref}", PRODUCT)
    assert (url, lacking) == (None, "it has no parent, which the URL needs for {parent}")


@pytest.mark.parametrize("parent", [".", ".."])
def test_an_id_of_dots_leads_nowhere_in_a_part_either(parent: str) -> None:
    listing = ListingRef("A", "", f'{{"ref":"1","parent":"{parent}"}}')
    url, lacking = placeholders.fill_url(URL, listing)
    assert url is None
    assert "its parent can't be part" in lacking


def test_what_a_part_is_filled_with_is_not_filled_again() -> None:
    listing = ListingRef("{ref}", "", '{"ref":"{sku}","parent":"{ref}"}')
    assert placeholders.fill_url(URL, listing)[0] == (
        "https://shop/products/%7Bref%7D/variants/%7Bsku%7D?sku=%7Bref%7D"
    )


def test_the_names_are_those_without_the_text_after_them() -> None:
    assert placeholders.used_in_url(URL) == ["{parent}", "{ref}", "{sku}"]
    assert placeholders.may_lack(URL)
    assert not placeholders.may_lack("https://shop/{ref}")


@pytest.mark.parametrize(
    "keys",
    [
        {"url": "https://shop/products/{page+/x}"},
        {"each": {"items": "variants", "url": "https://shop/{parent.id+/x}"}},
    ],
    ids=["url", "each.url"],
)
def test_where_nothing_can_lack_a_part_that_may_is_refused(keys: dict[str, object]) -> None:
    table = {"url": "https://shop/products", "items": "@", "fields": {"sku": "item.sku",
             "available": "item.qty"}, **keys}  # fmt: skip
    with pytest.raises(msgspec.ValidationError, match=r"url .*(as it stands|leave a part out)"):
        msgspec.convert(table, HttpOptions)

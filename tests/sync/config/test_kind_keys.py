"""What a kind checks of its own keys is reported like everything else of the configuration."""

import pytest

from store.model import Direction
from tests.sync.config_text import SMALLEST, errors_of, read

MARKET = """
[channels.market]
kind = "http"
url = "http://127.0.0.1:9/stock"
items = "items"
fields = { sku = "sku", available = "available" }
"""


@pytest.mark.parametrize(
    ("written", "instead", "key", "says"),
    [
        ('sku = "sku",', 'sku = "sku", colour = "c",', "fields", "colour"),
        ('"http://127.0.0.1:9/stock"', '"ftp://127.0.0.1"', "url", "http"),
        (
            'kind = "http"',
            'kind = "http"\nwrite = { url = "http://127.0.0.2:9/x", body = { a = "$quantity" } }',
            "write.url",
            "same host",
        ),
    ],
)
def test_a_kinds_own_check_names_the_key_that_it_means(
    written: str, instead: str, key: str, says: str
) -> None:
    errors = errors_of(SMALLEST + MARKET.replace(written, instead))
    assert says in errors[f"channels.market.{key}"]


def test_http_can_be_pushed_only_with_a_write_table() -> None:
    assert read(SMALLEST + MARKET).channels["market"].direction is Direction.OBSERVE
    errors = errors_of(SMALLEST + MARKET + 'direction = "push"\n')
    assert "add its `write` table" in errors["channels.market.direction"]

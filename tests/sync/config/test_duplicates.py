"""`duplicates`: only where each listing has an id of its own by which it is written."""

import pytest

from tests.sync.config_text import errors_of, read

WAREHOUSE = """
[authority]
quantity = "warehouse"
[channels.warehouse]
kind = "csv"
path = "warehouse.csv"
"""
MARKET = (
    WAREHOUSE
    + """
[channels.market]
kind = "http"
url = "http://127.0.0.1:9/offers"
items = "items"
duplicates = "write-all"
"""
)
FIELDS = '[channels.market.fields]\nsku = "sku"\navailable = "qty"\n'
WRITE = """
[channels.market.write]
url = "http://127.0.0.1:9/offers/{}"
body = {{ qty = "$quantity"{} }}
"""
PUSHED = MARKET + 'direction = "push"\n'


@pytest.mark.parametrize(
    "text",
    [
        MARKET + FIELDS + 'ref = "offer"\n',
        PUSHED + FIELDS + 'ref = "offer"\n' + WRITE.format("{ref}", ""),
        PUSHED + FIELDS + 'ref = "offer"\n' + WRITE.format("{sku}", ', id = "$ref"'),
    ],
    ids=["observed", "by url", "by body"],
)
def test_it_is_taken_where_each_listing_can_be_written(text: str) -> None:
    assert read(text).channels["market"].writes_all


def test_by_default_a_duplicate_is_for_people() -> None:
    assert not read(WAREHOUSE).channels["warehouse"].writes_all


@pytest.mark.parametrize(
    ("text", "key", "says"),
    [
        (MARKET + FIELDS, "market.duplicates", "add `ref` to fields"),
        (
            PUSHED + FIELDS + 'ref = "offer"\n' + WRITE.format("{sku}", ""),
            "market.duplicates",
            '{ref} to write.url or "$ref" to write.body',
        ),
        (WAREHOUSE + 'duplicates = "write-all"\n', "warehouse.duplicates", "an id of its own"),
        (WAREHOUSE + 'duplicates = "merge"\n', "warehouse.duplicates", "write-all"),
        (
            MARKET.replace('quantity = "warehouse"', 'quantity = "market"')
            + FIELDS
            + 'ref = "offer"\n',
            "market.duplicates",
            "this is the authority for the quantity",
        ),
    ],
)
def test_it_is_refused_where_it_can_not_work(text: str, key: str, says: str) -> None:
    assert says in errors_of(text)[f"channels.{key}"]

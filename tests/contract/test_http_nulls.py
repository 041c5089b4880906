"""A number that is null is an answer: not counted. One that is not there at all is none."""

from typing import Any

import pytest

from store.model import Record
from sync.channels.http.listing.doubts.nulls import is_null
from sync.channels.http.listing.records import RecordDecoder

SOME_LEVELS: dict[str, Any] = {"levels": [{"qty": None}]}


@pytest.mark.parametrize(
    ("expression", "item"),
    [
        ("qty", {"qty": None}),
        ("stock.qty", {"stock": {"qty": None}}),
        ("stock.qty", {"stock": None}),
        ("levels[0].qty", SOME_LEVELS),
        ("levels[0]", {"levels": [None]}),
        ("stock | qty", {"stock": {"qty": None}}),
        ("qty || stock", {"qty": None}),
        ("stock || qty", {"qty": None}),
        ("to_number(qty)", {"qty": None}),
        ("page < pages", {"page": 1, "pages": None}),
        ("(tracked && qty) || `null`", {"tracked": False, "qty": 0}),
    ],
)
def test_a_null_that_stands_there_is_found(expression: str, item: object) -> None:
    assert is_null(expression, item)


@pytest.mark.parametrize(
    ("expression", "item"),
    [
        ("qty", {"quantity": 5}),
        ("stock.qty", {"stock": {"quantity": 5}}),
        ("stock.qty", {"stock": 5}),
        ("levels[1].qty", SOME_LEVELS),
        ("levels[0].qty", {"levels": []}),
        ("levels[?place=='a'].qty | [0]", SOME_LEVELS),
        ("qty || stock", {"sku": "A"}),
        ("to_number(qty)", {"sku": "A"}),
        ("page < pages", {"rows": []}),
        ("qty", "text"),
    ],
)
def test_what_is_not_there_is_no_null(expression: str, item: object) -> None:
    assert not is_null(expression, item)


def test_an_item_whose_number_is_null_is_not_counted() -> None:
    decode = RecordDecoder({"sku": "sku", "available": "stock.qty", "state": "state"}, {})
    items = [
        {"sku": "A", "stock": {"qty": None}, "state": "active"},
        {"sku": "B", "stock": {"qty": "unlimited"}, "state": "hold"},
        {"sku": "C", "stock": {"qty": 3}, "state": "active"},
    ]

    found = decode.all(items, "")

    assert not found.refused
    assert [(r.sku, r.available, r.state) for r in found.records] == [
        ("A", None, "uncounted"),
        ("B", None, "hold"),
        ("C", 3, "active"),
    ]


def test_where_only_what_is_on_hand_is_read_its_null_decides() -> None:
    decode = RecordDecoder({"sku": "sku", "on_hand": "there", "committed": "held"}, {})

    found = decode.all([{"sku": "A", "there": None, "held": 2}], "")

    assert found.records == [Record("A", None, state="uncounted", committed=2)]


@pytest.mark.parametrize("field", ["available", "on_hand"])
def test_a_number_that_is_not_in_the_record_is_refused(field: str) -> None:
    decode = RecordDecoder({"sku": "sku", field: "qty"}, {})

    found = decode.all([{"sku": "A", "quantity": 5}], "page 1, ")

    assert not found.records
    (refused,) = found.refused
    assert refused.sku == "A"
    assert refused.reason == "`qty` found nothing; the record has sku, quantity"

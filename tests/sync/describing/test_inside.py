"""What lies inside of records or behind them is said, and what is alike but is not is not."""

import pytest

from sync.describing import inside, record_lists
from sync.describing.record_lists import RecordList


def found(*records: dict[str, object]) -> RecordList:
    best = record_lists.best(list(records))
    assert best is not None
    return best


@pytest.mark.parametrize(
    ("record", "words"),
    [
        (
            {"code": "A", "stock": {"BER": 1, "HAM": 2}},
            ['each = { keys = "stock" }', 'sku = "parent.code"', 'available = "item.value"'],
        ),
        (
            {"sku": "A", "levels": {"north": {"qty": 1}, "south": {"qty": 2}}},
            ['each = { keys = "levels" }', 'available = "item.value.qty"'],
        ),
        ({"sku": "A", "in": {"stock": {"a b": 1}}}, ['keys = "in.stock"', '"a b"']),
        ({"sku": "A", "qty": 1, "variations": [4, 5]}, ["`variations` leads to children"]),
        ({"sku": "A", "qty": 1, "variant_ids": ["x"]}, ["`variant_ids` leads to children"]),
        ({"sku": "A", "qty": 1, "children": [{"id": 4}]}, ["`children` leads to children"]),
        ({"sku": "A", "qty": 1, "variants_url": "/p/1/v"}, ["`variants_url` leads to"]),
        ({"sku": "A", "qty": 1, "type": "variable"}, ['`type` is "variable" in 1 of 1']),
    ],
)
def test_what_is_inside_or_behind_is_said(record: dict[str, object], words: list[str]) -> None:
    (note,) = inside.notes_of(found(record))

    for word in words:
        assert word in note


@pytest.mark.parametrize(
    "record",
    [
        {"sku": "A", "stock": {"on_hand": 1, "reserved": 2}},
        {"sku": "A", "qty": 1, "size": {"width": 3, "height": 4}},
        {"sku": "A", "qty": 1, "variations": []},
        {"sku": "A", "qty": 1, "tags": ["red"], "images": [1, 2]},
        {"sku": "A", "qty": 1, "type": "simple"},
        {"sku": "A", "qty": 1, "price": {"amount": 1999, "currency": "EUR"}},
    ],
)
def test_what_is_alike_is_not(record: dict[str, object]) -> None:
    assert inside.notes_of(found(record)) == []


def test_a_list_without_a_quantity_is_shown_with_its_fields() -> None:
    records = found({"id": 1, "name": "P", "variants": [{"id": 11, "sku": "A"}, {"id": 12}]})

    (said,) = inside.lists_of(records)

    assert "a record has a list `variants` of: id, sku (2 items)" in said
    assert 'each = { items = "variants" }' in said

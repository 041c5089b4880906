"""Usual records are read as the other decoder reads them, and no other record is."""

from datetime import UTC
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.model import Record, State
from sync.channels.http.listing.quick import QuickDecoder
from sync.channels.http.listing.records import FIELDS, RecordDecoder

PATHS = {field: field for field in FIELDS}
STATES = {"live": State.ACTIVE, "ended": State.ARCHIVED}
USUAL = {"sku": "A-1", "available": 5, "on_hand": 9}

VALUES = st.one_of(
    st.none(),
    st.integers(-5, 10**15),
    st.floats(allow_nan=True),
    st.sampled_from(
        ["", " ", "5", "5.0", "05", "-3", "unlimited", "live", "12.5", "12.345", "1e3", "x" * 201,
         "2026-11-29T10:00:00Z", "1764410400", "\u200b", "٣", True, False, "³"]
    ),
    st.just([1]),
    st.just({"value": 1}),
)  # fmt: skip


def slow(fields: dict[str, str]) -> RecordDecoder:
    decoder = RecordDecoder(fields, STATES)
    decoder._quick = None
    return decoder


@given(st.dictionaries(st.sampled_from(sorted(FIELDS)), VALUES), st.sampled_from(["", "available"]))
def test_both_decoders_read_what_the_quick_one_reads(changes: dict[str, Any], without: str) -> None:
    fields = {name: path for name, path in PATHS.items() if name != without}
    item = {**USUAL, **changes}
    quick = QuickDecoder(fields, STATES, UTC, FIELDS).decode(item)
    answer = slow(fields).all([item], "")
    if quick is not None:
        assert answer.records == [quick]
    assert RecordDecoder(fields, STATES).all([item], "") == answer


@pytest.mark.parametrize(
    "item",
    [
        None, [], "A", {}, {"sku": "A"}, {"sku": "A", "available": None},
        {"sku": "A", "available": "unlimited"}, {"sku": "A", "available": True},
        {"sku": 1, "available": 1}, {"sku": "A", "available": 1, "state": "gone"},
    ],
)  # fmt: skip
def test_an_unusual_record_is_left_to_the_other_decoder(item: object) -> None:
    assert QuickDecoder(PATHS, STATES, UTC, FIELDS).decode(item) is None


def test_a_usual_record_is_read() -> None:
    item = {"sku": "A", "available": "7", "ref": 3, "price": "1.5", "state": "live", "location": ""}
    assert QuickDecoder(PATHS, STATES, UTC, FIELDS).decode(item) == Record(
        "A", 7, ref="3", price_minor=150, state=State.ACTIVE
    )

"""A page that is read by column gives what its records give when each is read alone."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from store.model import Record, State
from store.record_columns import RecordColumns
from sync.channels.http.listing.records import FIELDS, RecordDecoder
from sync.channels.words import NumberWords

STATES = {"live": State.ACTIVE, "ended": State.ARCHIVED, "true": State.HOLD}
WORDS = NumberWords({"null": "uncounted", ">100": "at least 100", "gone": "absent", "-1": 0})
PATHS = {field: field for field in FIELDS}
NESTED = {"sku": "sku", "available": "stock.available", "price": "stock.price", "title": "a.b[0]"}
USUAL = {"sku": "A-1", "available": 5, "on_hand": 9, "stock": {"available": 3, "price": "1.00"}}

PLAIN: dict[str, st.SearchStrategy[Any]] = {
    "sku": st.text("AB-1", min_size=1, max_size=3),
    "ref": st.integers(0, 10**15) | st.text("ab1", max_size=3),
    "location": st.sampled_from(["", "BER", "HAM"]),
    "state": st.sampled_from(["live", "ended"]),
    "price": st.floats(0, 10**12 - 1).map(lambda price: round(price, 2))
    | st.integers(0, 10**12 - 1)
    | st.integers(0, 10**12).map(lambda price: f"{price // 100}.{price % 100:02}"),
    "title": st.text(max_size=4),
    "updated_at": st.integers(10**9, 10**10 - 1),
}
QUANTITY = st.integers(-5, 10**12)

STRANGE = st.one_of(
    st.none(),
    st.integers(-(10**15), 10**15),
    st.floats(),
    st.sampled_from(
        ["", " ", "5", "5.0", "05", "-3", "unlimited", "live", "12.5", "12.345", "1e3", "x" * 201,
         "2026-11-29T10:00:00Z", "1764410400", "\u200b", "٣", "٣.٣٣", True, False, "³", ">100",
         "gone", "-1", -1, "1_0.00", "+1.00", " 1.00", "..00", "1..0", "0.00", ".00", "\ud800",
         "x" * 501, 10**12, float(10**12), "999999999999.99", "9999999999999.99", 1e300]
    ),
    st.just([1]),
    st.just({"value": 1}),
)  # fmt: skip


@st.composite
def pages(draw: st.DrawFn) -> list[object]:
    """Records of which most are alike, as those of an API are; a few values are strange."""
    names = sorted(draw(st.sets(st.sampled_from(sorted(FIELDS)), min_size=1)) | {"sku"})
    count = draw(st.integers(1, 6))
    columns = {
        name: draw(st.lists(PLAIN.get(name, QUANTITY), min_size=count, max_size=count))
        for name in names
    }
    page: list[Any] = [
        {**USUAL, **{name: column[at] for name, column in columns.items()}} for at in range(count)
    ]
    places = st.tuples(st.integers(0, count - 1), st.sampled_from([*names, "stock", "a"]))
    for (at, name), value in draw(st.lists(st.tuples(places, STRANGE), max_size=3)):
        page[at] = {**page[at], name: value}
    for at in draw(st.lists(st.integers(0, count - 1), max_size=1)):
        page[at] = draw(st.sampled_from([None, "A", [], {}]))
    return page


@given(
    pages(),
    st.sampled_from([PATHS, NESTED, {**PATHS, "available": "available || on_hand"}]),
    st.sampled_from(["", "available", "on_hand"]),
    st.sampled_from([NumberWords({}), WORDS]),
    st.sampled_from([{}, {"parent": "on_hand"}]),
)
@example([{"sku": "A", "available": 1, "price": float("nan")}], PATHS, "", NumberWords({}), {})
@example([{"sku": "A", "available": 1, "price": -0.0}], PATHS, "", NumberWords({}), {})
def test_a_page_by_column_is_its_records_one_by_one(
    page: list[object], paths: dict[str, str], without: str, words: NumberWords, ids: dict[str, str]
) -> None:
    fields = {name: path for name, path in paths.items() if name != without}
    if not fields.keys() & {"available", "on_hand"}:
        fields["available"] = "available"
    decoder = RecordDecoder(fields, STATES, words, ids=ids)

    by_column, alone = decoder.all(page, "page 1, "), decoder.one_by_one(page, "page 1, ")

    assert list(by_column.records) == list(alone.records)
    assert list(by_column.refused) == list(alone.refused)
    assert not any(type(record.state) is State for record in by_column.records)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("sku", ["A", "B"]), ("ref", [3, 4]), ("ref", ["a", ""]), ("location", ["BER", ""]),
        ("available", [1, -2]), ("incoming", [None, 2]), ("price", [1.25, 3.0]), ("price", [1, 2]),
        ("price", ["1.25", "12345.00"]), ("title", ["A lamp", "Ein Lämpchen"]),
        ("state", ["live", "ended"]), ("price", [None, None]), ("updated_at", [None, 1764410400]),
    ],
)  # fmt: skip
def test_a_page_of_usual_records_makes_no_record(name: str, values: list[object]) -> None:
    page = [{"sku": "A", "available": 1, name: value} for value in values]
    assert isinstance(RecordDecoder(PATHS, STATES).all(page, "").records, RecordColumns)


def test_the_usual_records_beside_a_bad_one_keep_their_order() -> None:
    page = [
        {"sku": "A", "available": 1, "ref": 3, "state": "live", "price": "1.5"},
        {"sku": "B", "available": "many"},
        {"sku": "C", "available": 3},
    ]
    answer = RecordDecoder(PATHS, STATES).all(page, "page 2, ")
    assert answer.records == [
        Record("A", 1, ref="3", state=State.ACTIVE, price_minor=150),
        Record("C", 3),
    ]
    assert [(bad.sku, bad.place) for bad in answer.refused] == [("B", "page 2, record 2")]


def test_an_empty_page_has_no_records() -> None:
    answer = RecordDecoder(PATHS, STATES).all([], "")
    assert (list(answer.records), list(answer.refused)) == ([], [])

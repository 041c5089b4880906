"""Records kept as columns are the same records."""

from hypothesis import given
from hypothesis import strategies as st

from store.model import Record
from store.record_columns import RecordColumns, column_of, columns_of, from_rows, rows_of

RECORDS = st.lists(
    st.builds(Record, sku=st.text(max_size=3), available=st.none() | st.integers(0, 9),
              title=st.none() | st.text(max_size=2), at_least=st.booleans()),
    max_size=5,
)  # fmt: skip


def by_column(records: list[Record]) -> RecordColumns:
    names = ("sku", "available", "title", "at_least")
    return RecordColumns({name: [getattr(record, name) for record in records] for name in names})


@given(RECORDS, st.data())
def test_whatever_is_asked_of_them_is_that_of_the_records(
    records: list[Record], data: st.DataObject
) -> None:
    columns = by_column(records)
    places = data.draw(st.lists(st.integers(0, len(records) - 1))) if records else []
    start, stop = data.draw(st.integers(-6, 6)), data.draw(st.integers(-6, 6))

    assert columns == records
    assert (list(columns), len(columns)) == (records, len(records))
    assert columns[start:stop] == records[start:stop]
    assert [columns[at] for at in places] == [records[at] for at in places]
    assert list(rows_of(columns)) == list(rows_of(records))
    for name in Record.__struct_fields__:
        assert list(column_of(columns, name)) == list(column_of(records, name))
    if records:
        assert from_rows(rows_of(records)) == records
        filled = columns_of(columns)
        for name, column in columns_of(records).items():
            assert list(filled[name] if name in filled else [None] * len(records)) == list(column)

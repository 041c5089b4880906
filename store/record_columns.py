"""Many records as columns: the values of each field in order, without an object for each record."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import repeat
from typing import Any, overload

import msgspec

from store.model import Record

_FIELDS = Record.__struct_fields__
_DEFAULTS: Mapping[str, Any] = {
    field.name: None if field.required else field.default
    for field in msgspec.structs.fields(Record)
}

_NEVER_NONE = [name for name, value in _DEFAULTS.items() if value == ""]


class RecordColumns(Sequence[Record]):
    """The records of one page. A `Record` is made of one only where it is asked for."""

    __slots__ = ("_length", "columns")

    def __init__(self, columns: Mapping[str, Sequence[Any]]) -> None:
        """Take columns of one length by the fields of Record, `sku` at least.

        A field that lacks is the default in each record.
        """
        self.columns = columns
        self._length = len(columns["sku"])

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[Record]:
        for row in self.rows():
            yield Record(*row)

    @overload
    def __getitem__(self, at: int) -> Record: ...

    @overload
    def __getitem__(self, at: slice) -> Sequence[Record]: ...

    def __getitem__(self, at: int | slice) -> Record | Sequence[Record]:
        if isinstance(at, slice):
            return RecordColumns({name: column[at] for name, column in self.columns.items()})
        return Record(**{name: column[at] for name, column in self.columns.items()})

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"RecordColumns({list(self)!r})"

    def column(self, name: str) -> Iterable[Any]:
        """The values of a field."""
        return self.columns.get(name) or repeat(_DEFAULTS[name], self._length)

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """The values of each record, in the order of Record's fields."""
        return zip(*map(self.column, _FIELDS), strict=True)


def rows_of(records: Sequence[Record]) -> Iterator[tuple[Any, ...]]:
    """The values of each record, in the order of Record's fields, however they are kept."""
    if isinstance(records, RecordColumns):
        return records.rows()
    return map(msgspec.structs.astuple, records)


def from_rows(rows: Iterable[Sequence[Any]]) -> RecordColumns:
    """At least one record, from each one's values in the order of Record's fields."""
    return RecordColumns(dict(zip(_FIELDS, zip(*rows, strict=True), strict=True)))


def columns_of(records: Sequence[Record]) -> Mapping[str, Sequence[Any]]:
    """The records' fields by column; one that lacks is None or False in each."""
    if isinstance(records, RecordColumns):
        return {name: [""] * len(records) for name in _NEVER_NONE} | dict(records.columns)
    return dict(zip(_FIELDS, zip(*rows_of(records), strict=True), strict=False))


def column_of(records: Sequence[Record], name: str) -> Iterable[Any]:
    """The values of one field."""
    if isinstance(records, RecordColumns):
        return records.column(name)
    return (getattr(record, name) for record in records)

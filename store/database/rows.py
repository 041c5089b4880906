"""Rows of a query by name: one place ties a SELECT's columns to the fields that they fill."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Generic, TypeVar

T = TypeVar("T")

Conversions = Mapping[str, Callable[[Any], object]]
"""By field, what makes SQLite's value the field's: an enum, a bool."""


class Columns(Generic[T]):
    """The columns of a SELECT that fill the leading fields of a Struct or a NamedTuple.

    `sql` has them in the order of the fields, whatever order they are written down in, and `read`
    makes one of such a row.
    """

    def __init__(
        self,
        kind: Callable[..., T],
        columns: Mapping[str, str],
        conversions: Conversions = MappingProxyType({}),
    ) -> None:
        """Take the SQL of each field's column. Raises ValueError where they are no such fields."""
        named: Any = kind
        fields = getattr(named, "__struct_fields__", None) or named._fields
        names = fields[: len(columns)]
        if set(names) != columns.keys() or not conversions.keys() <= columns.keys():
            unlike = ", ".join(sorted(set(names).symmetric_difference(columns)))
            raise ValueError(f"these are not the leading fields of {named.__name__}: {unlike}")
        self.sql = ", ".join(f'{columns[name]} AS "{name}"' for name in names)
        self._kind = kind
        self._conversions = tuple((names.index(name), conversions[name]) for name in conversions)

    def read(self, row: Sequence[Any]) -> T:
        """Make one of a row of the columns."""
        values = list(row)
        for place, convert in self._conversions:
            values[place] = convert(values[place])
        return self._kind(*values)

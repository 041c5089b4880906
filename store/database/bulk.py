"""Many rows put into a table at once, at the cost of the values that are there.

`sqlite3` seeks an adapter for each value that is not exactly a whole number, a float or a text:
for None, too. That search costs more than all else of a row, so such values are not bound.
Source: github.com/python/cpython, Modules/_sqlite/statement.c, `need_adapt`, read 2026-11-30.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from itertools import chain

UPDATE = "UPDATE OR FAIL"
"""SQL for an UPDATE of many rows that lie apart.

By default SQLite copies each page before such a statement first changes it, to undo that statement
alone if a row breaks a constraint: with a row a page that costs more than all else. Here whatever
fails undoes its whole transaction (`Database.write`), so nothing is lost by going without.
"""

_BOUND_AS_THEY_ARE = frozenset({int, str, float, type(None)})

_TOGETHER = 50
"""So many rows go into one statement: to begin and to end one costs as much as eight values."""


def insert(
    connection: sqlite3.Connection,
    table: str,
    columns: Mapping[str, Sequence[object]],
    same: Mapping[str, int] | None = None,
) -> list[str]:
    """Insert rows that are given by their columns, all of one length; answer which were filled.

    `same` are columns with one value in every row. A column that is None throughout, or False, is
    left to the table, whose default it must be.
    """
    values: dict[str, Sequence[object]] = {}
    for name, column in columns.items():
        first = next(iter(column), None)
        if first is None and column.count(None) == len(column):
            continue
        if first is False and set(map(type, column)) == {bool} and not any(column):
            continue
        values[name] = column if type(first) in _BOUND_AS_THEY_ARE else _plain(column)
    if not values:
        return []
    names = [*values, *(same or {})]
    row = ", ".join(["?"] * len(values) + [str(value) for value in (same or {}).values()])
    into = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({row})"
    rows = list(zip(*values.values(), strict=True))
    whole = len(rows) - len(rows) % _TOGETHER
    together = (
        tuple(chain.from_iterable(rows[start : start + _TOGETHER]))
        for start in range(0, whole, _TOGETHER)
    )
    if whole:
        connection.executemany(into + f", ({row})" * (_TOGETHER - 1), together)
    connection.executemany(into, rows[whole:])
    return list(values)


def _plain(column: Sequence[object]) -> Sequence[object]:
    """The same values in types that are bound as they are."""
    return [
        int(value) if isinstance(value, int) else str(value) if isinstance(value, str) else value
        for value in column
    ]

"""Many rows put into a table at once, at the cost of the values that are there.

`sqlite3` seeks an adapter for each value that is not exactly a whole number, a float or a text:
for None, too. That search costs more than all else of a row, so such values are not bound.
Source: github.com/python/cpython, Modules/_sqlite/statement.c, `need_adapt`, read 2026-11-30.
"""

import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import chain, islice, repeat

_NONE = type(None)
_AT_ONCE = 16
"""So many rows go into one statement."""
_BOUND_AS_THEY_ARE = frozenset({int, str, float})


def insert(
    connection: sqlite3.Connection,
    table: str,
    columns: Mapping[str, Sequence[object]],
    same: Mapping[str, int | str] | None = None,
) -> None:
    """Insert rows that are given by their columns, all of one length.

    `same` are columns with one value in every row. A column that is None throughout, or False, is
    left to the table, whose default it must be.
    """
    values: dict[str, Iterable[object]] = {}
    for name, column in columns.items():
        types = set(map(type, column))
        if types <= {_NONE} or (types == {bool} and not any(column)):
            continue
        values[name] = _plain(column, types)
    if not values:
        return
    values |= {name: repeat(value) for name, value in (same or {}).items()}
    marks = f"({', '.join('?' * len(values))})"
    statement = f"INSERT INTO {table} ({', '.join(values)}) VALUES {marks}"
    rows = zip(*values.values(), strict=False)
    # A statement has its own cost, as much as that of a row's values.
    count = len(next(iter(columns.values())))
    of_some = chain.from_iterable(islice(rows, count - count % _AT_ONCE))
    size = _AT_ONCE * len(values)
    connection.executemany(
        statement + f", {marks}" * (_AT_ONCE - 1), iter(lambda: tuple(islice(of_some, size)), ())
    )
    connection.executemany(statement, rows)


def _plain(column: Sequence[object], types: Collection[type]) -> Iterable[object]:
    """The same values in types that are bound as they are; None stays."""
    others = [kind for kind in types if kind not in _BOUND_AS_THEY_ARE and kind is not _NONE]
    if not others:
        return column
    return [
        int(value) if isinstance(value, int) else str(value) if isinstance(value, str) else value
        for value in column
    ]

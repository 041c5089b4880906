"""Long columns of numbers out of the cache: gathered by SQLite, so that nobody waits for them.

An answer is one array of whole numbers for each column asked for.
"""

import sqlite3
from array import array
from collections.abc import Mapping, Sequence

import msgspec

NUMBERS = msgspec.json.Decoder(list[int])


def columns(
    connection: sqlite3.Connection,
    names: Sequence[str],
    query: str,
    values: Mapping[str, object] | None = None,
) -> "list[array[int]]":
    """Each named column of what `query` answers, in its order; all are whole numbers.

    SQLite keeps a subquery's order for an aggregate that may hang on it: for all but count, min
    and max. Source: sqlite.org/src, select.c, "Omit the ORDER BY", read 2026-11-24.
    """
    # Fetched row by row, each of 100,000 rows takes the interpreter's lock again, and the screen's
    # thread waits for it. As one JSON text, all of them are built while the lock is free.
    gathered = ", ".join(f"json_group_array({name})" for name in names)
    row = connection.execute(f"SELECT {gathered} FROM ({query})", values or {}).fetchone()
    return [array("q", NUMBERS.decode(text)) for text in row]

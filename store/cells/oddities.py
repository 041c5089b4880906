"""Rows of `cell_oddities`: what only few cells have, such as a problem or a freeze."""

import sqlite3
from collections.abc import Iterable, Mapping

from store.cells.cell_ids import of_channel


def keep(connection: sqlite3.Connection, cell_ids: Iterable[int]) -> None:
    """Give each of these cells a row, and mark the cell: whoever reads it looks there."""
    wanted = [(cell_id,) for cell_id in cell_ids]
    connection.executemany("INSERT OR IGNORE INTO cell_oddities (id) VALUES (?)", wanted)
    connection.executemany("UPDATE cells SET marked = 1 WHERE id = ? AND marked = 0", wanted)


def keep_these(
    connection: sqlite3.Connection, found: str, values: Mapping[str, object] | None = None
) -> None:
    """The same for the ids that an SQL query finds."""
    connection.execute(f"INSERT OR IGNORE INTO cell_oddities (id) {found}", values or {})
    connection.execute(
        f"UPDATE cells SET marked = 1 WHERE id IN ({found}) AND marked = 0", values or {}
    )


def undescribed(connection: sqlite3.Connection, channel_id: int) -> frozenset[int]:
    """The channel's cells that no single record describes: there twice, or unreadable."""
    rows = connection.execute(
        f"""SELECT id FROM cell_oddities WHERE copies > 1 AND {of_channel("id", "?1")} UNION
        SELECT id FROM cell_oddities WHERE problem IS NOT NULL AND {of_channel("id", "?1")}""",
        (channel_id,),
    )
    return frozenset(row[0] for row in rows)

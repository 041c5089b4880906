"""Instants that many cells share, kept once: a poll's, or that of a change of policy.

A cell has six bytes for an instant of its own. For one that it shares with many it has a number
below zero, of two bytes, which is the id of a row of `instants`; the view `listings` shows the
instant itself.
"""

import sqlite3
from collections.abc import Iterable

from store.model import Millis

MANY = 256
"""From so many cells on, an instant is kept once: a thousandth of what their history takes. Their
rows stay as long as they were, too, so that full pages need not be split."""

_ONE_BYTE = -128
"""Down to here a number takes one byte. None is given: cells would grow once they are used up."""

FEW = 1_000
"""So many old instants may stay for nothing: only a look at all cells tells which are in use."""

CELLS_AT_ONCE = 20_000
"""Cells that one transaction looks at: a few milliseconds."""


def kept_as(connection: sqlite3.Connection, at: Millis, cells: int) -> int:
    """What an instant is kept as in so many cells, or at the least in so many."""
    if cells < MANY:
        return at
    connection.execute(
        """INSERT INTO instants (id, at) SELECT min(coalesce(min(id), 0), :above) - 1, :at
        FROM instants WHERE 1 ON CONFLICT (at) DO NOTHING""",
        {"above": _ONE_BYTE, "at": at},
    )
    # Only the newest: of an older one it may have been seen already that nothing uses it.
    newest_first = "SELECT id, at FROM instants ORDER BY id LIMIT 1"
    number, newest = connection.execute(newest_first).fetchone()
    return int(number) if newest == at else at


def old(connection: sqlite3.Connection, before: Millis) -> frozenset[int]:
    """The ids of the instants before that, but for the newest of all; none where they are few."""
    rows = connection.execute(
        "SELECT id FROM instants WHERE at < ? AND id > (SELECT min(id) FROM instants)", (before,)
    ).fetchall()
    return frozenset(number for (number,) in rows) if len(rows) > FEW else frozenset()


def without_used(
    connection: sqlite3.Connection, among: frozenset[int], after: int
) -> tuple[frozenset[int], int | None]:
    """Those that the next `CELLS_AT_ONCE` cells do not use, and the last cell; None: it was all."""
    if not among:
        return among, None
    (last,) = connection.execute(
        "SELECT max(id) FROM (SELECT id FROM cells WHERE id > ? ORDER BY id LIMIT ?)",
        (after, CELLS_AT_ONCE),
    ).fetchone()
    if last is None:
        return among, None
    cells = "FROM cells WHERE id > :after AND id <= :last"
    used = connection.execute(
        f"""SELECT observed_kept {cells} AND observed_kept BETWEEN :lowest AND -1
        UNION SELECT since_kept {cells} AND since_kept BETWEEN :lowest AND -1""",
        {"after": after, "last": last, "lowest": min(among)},
    )
    return among.difference(number for (number,) in used), last


def remove(connection: sqlite3.Connection, unused: Iterable[int]) -> None:
    """Delete instants that no cell uses."""
    connection.executemany("DELETE FROM instants WHERE id = ?", ((number,) for number in unused))

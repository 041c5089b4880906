"""Keep the counts: take out what a transaction moves, and count what is open and stands.

`store.polling.comparison` does both within the transaction that moves the disagreements. What is
left for later costs time to read, and `count_more` takes it in slices.
"""

import sqlite3

from store.cells.cell_ids import cell
from store.model import Millis
from store.open_counts.plain import BOUNDS, KEY, MEASURES, PLAIN, SOURCES_OF_CELLS
from store.targets.verdict_sql import HAS_PARTS

MOVED_MAX = 20_000
"""When more items move at once, counting starts anew: that costs less than to look for each."""

SLICE = 20_000
"""So many are looked at in a transaction of its own: some tenth of a second."""
_OF_AN_ITEM, _BESIDE = 5, 1_000
"""So many for each item that moved, and so many at most, in the transaction that moves them."""

# When to look again at what is kept apart: a raise waits for readings, a bundle for nothing.
_MINUTE_MS, _HOUR_MS = 60_000, 3_600_000

_LOOKED_AT = "CREATE TEMP TABLE IF NOT EXISTS looked_at (id INTEGER PRIMARY KEY)"

_GROUPED = f"""SELECT {", ".join(f"{sql} AS {name}" for name, sql in KEY.items())},
    {", ".join(f"coalesce(sum({sql}), 0) AS {name}" for name, sql in MEASURES.items())},
    {", ".join(f"max({sql}) AS {name}" for name, sql in BOUNDS.items())}
  FROM looked_at x CROSS JOIN open_disagreements d ON d.id = x.id
  CROSS JOIN items i ON i.id = d.item_id"""
_ADDED = f"""INSERT INTO open_counts ({", ".join((*KEY, *MEASURES, *BOUNDS))}) {_GROUPED}
WHERE NOT EXISTS (SELECT 1 FROM open_apart p WHERE p.id = d.id) GROUP BY {", ".join(KEY.values())}
ON CONFLICT ({", ".join(KEY)}) DO UPDATE SET
  {", ".join(f"{name} = {name} + excluded.{name}" for name in MEASURES)},
  {
    ", ".join(
        f"{name} = max(coalesce({name}, excluded.{name}), coalesce(excluded.{name}, {name}))"
        for name in BOUNDS
    )
}"""
_SUBTRACTED = f"""UPDATE open_counts AS o SET {", ".join(f"{m} = o.{m} - g.{m}" for m in MEASURES)}
FROM ({_GROUPED} GROUP BY {", ".join(KEY.values())}) g
WHERE {" AND ".join(f"o.{name} = g.{name}" for name in KEY)}"""

_MOVED = f"""INSERT INTO looked_at SELECT d.id FROM moved m CROSS JOIN channels c
CROSS JOIN open_disagreements d ON d.listing_id = {cell("c.id", "m.item_id")}
WHERE d.id <= :upto AND NOT EXISTS (SELECT 1 FROM open_apart x WHERE x.id = d.id)"""
_DUE = """INSERT INTO looked_at SELECT id FROM open_apart WHERE look_at <= :now
ORDER BY look_at LIMIT :limit"""
_NEW = """INSERT INTO looked_at SELECT id FROM open_disagreements WHERE id > :upto
ORDER BY id LIMIT :limit"""
_APART = f"""INSERT INTO open_apart (id, look_at)
SELECT d.id, max(d.settles_at, :now + CASE WHEN d.settles_at > :now THEN 0
  WHEN {KEY["raises"]} AND NOT {HAS_PARTS} THEN {_MINUTE_MS} ELSE {_HOUR_MS} END)
FROM looked_at x {SOURCES_OF_CELLS} WHERE NOT coalesce({PLAIN}, 0)"""
_REACHED = """UPDATE open_counts_reach SET upto = max(upto, (SELECT max(id) FROM looked_at))"""


def take_out(connection: sqlite3.Connection) -> None:
    """Take the disagreements of the moved items out of the counts, while they are as counted.

    May be repeated when more has moved. To be called before anything of the items or their
    disagreements changes that `plain` reads.
    """
    upto = _upto(connection)
    if upto == 0:
        return
    (moved,) = connection.execute(
        "SELECT count(*) FROM (SELECT 1 FROM moved LIMIT ?)", (MOVED_MAX + 1,)
    ).fetchone()
    if moved > MOVED_MAX:
        forget(connection)
        return
    _start(connection)
    if connection.execute(_MOVED, {"upto": upto}).rowcount:
        connection.execute(_SUBTRACTED)
        connection.execute("DELETE FROM open_counts WHERE number = 0")
        connection.execute("INSERT INTO open_apart (id, look_at) SELECT id, 0 FROM looked_at")


def take_out_for_now(connection: sqlite3.Connection, found: str) -> None:
    """Take those of some ids, by an SQL query, out of their groups, until `put_back`.

    In between may change what decides on their groups, and nothing else that `plain` reads.
    """
    _start(connection)
    connection.execute(
        f"""INSERT INTO looked_at SELECT x.id FROM ({found}) x
        WHERE x.id <= ? AND NOT EXISTS (SELECT 1 FROM open_apart p WHERE p.id = x.id)""",
        (_upto(connection),),
    )
    connection.execute(_SUBTRACTED)
    connection.execute("DELETE FROM open_counts WHERE number = 0")


def put_back(connection: sqlite3.Connection) -> None:
    """Count what `take_out_for_now` has taken out in the groups that are theirs now."""
    connection.execute(_ADDED)


def forget(connection: sqlite3.Connection) -> None:
    """Start anew: until they are counted again, all are judged one by one."""
    for table in ("open_counts", "open_apart", "open_counts_reach"):
        connection.execute(f"DELETE FROM {table}")


def count_more(connection: sqlite3.Connection, *, now: Millis, limit: int = SLICE) -> bool:
    """Look at so many that were not looked at yet, or are due again; return whether some are left.

    May be called at any time.
    """
    upto = _upto(connection)
    _start(connection)
    values = {"upto": upto, "now": now, "limit": limit}
    due = connection.execute(_DUE, values).rowcount
    new = connection.execute(_NEW, values).rowcount
    if not due and not new:
        return False
    if upto == 0:
        connection.execute("INSERT INTO open_counts_reach (upto) VALUES (0)")
    connection.execute("DELETE FROM open_apart WHERE id IN (SELECT id FROM looked_at)")
    connection.execute(_APART, values)
    connection.execute(_ADDED)
    connection.execute(_REACHED)
    return limit in (due, new)


def count_moved(connection: sqlite3.Connection, *, now: Millis) -> None:
    """Count what the moved items have open now, or as many others: so much as has moved."""
    (moved,) = connection.execute(
        "SELECT count(*) FROM (SELECT 1 FROM moved LIMIT ?)", (_BESIDE,)
    ).fetchone()
    if moved:
        count_more(connection, now=now, limit=min(moved * _OF_AN_ITEM, _BESIDE))


def _upto(connection: sqlite3.Connection) -> int:
    """The last disagreement that was looked at; 0: none."""
    row = connection.execute("SELECT upto FROM open_counts_reach").fetchone()
    return 0 if row is None else int(row[0])


def _start(connection: sqlite3.Connection) -> None:
    connection.execute(_LOOKED_AT)
    connection.execute("DELETE FROM looked_at")

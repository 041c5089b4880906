"""Rows of `cell_accounts`, which what moves a listing is counted on, and their sum by channel.

A listing that has not changed since it was first read has no row: the view `listings` says of it
what the row would. So a first poll writes none.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from store.cells.cell_ids import channel_of, item_of

BESIDE = """LEFT JOIN cell_accounts a ON a.id = l.id LEFT JOIN cell_details d ON d.id = l.id
LEFT JOIN instants n ON n.id = l.observed_kept"""
"""SQL that joins to cell l what its account is kept in."""

_READ_AT = "coalesce(n.at, l.observed_kept)"
_FILE_AT = f"""(SELECT f.as_of FROM first_readings f
  WHERE f.channel_id = {channel_of("l.id")} AND f.read_at = {_READ_AT})"""
COLUMNS = f"""l.id, {item_of("l.id")} AS item_id, {channel_of("l.id")} AS channel_id,
  coalesce(a.known, 0) AS known, d.source_at, {_READ_AT} AS observed_at,
  CASE WHEN a.id IS NULL THEN min(coalesce(d.source_at, {_FILE_AT}, {_READ_AT}), {_READ_AT})
    ELSE a.opening_at END AS opening_at,
  CASE WHEN a.id IS NULL THEN {_READ_AT} ELSE a.opening_read_at END AS opening_read_at"""
"""SQL for what the view `listings` has of the account of cell l; it asks each table once."""

IS_OPEN = """CASE WHEN a.id IS NULL THEN l.available IS NOT NULL AND l.at_least = 0
  ELSE a.opening IS NOT NULL END"""
"""SQL for whether cell l has an account: a first number to count from."""

BEFORE = f"""{{0}}.at > max(coalesce(d.source_at, {_READ_AT}), {_READ_AT})
  AND {{0}}.received_at > {_READ_AT}"""
"""SQL for whether the newest reading of cell l is from before an event, and so cannot include it;
NULL where it was never read."""

_OPEN = """INSERT OR IGNORE INTO cell_accounts (id, opening, opening_at, opening_read_at)
SELECT l.id, l.opening, l.opening_at, l.opening_read_at FROM listings l
WHERE l.id IN ({these}) AND l.observed_at IS NOT NULL"""

_OPEN_NOW = """INSERT OR IGNORE INTO cell_accounts (id, opening, opening_at, opening_read_at)
SELECT l.id, l.available, min(coalesce(l.source_at, :as_of, :now), :now), :now FROM listings l
WHERE l.id IN ({these}) AND l.observed_at = :now AND l.available IS NOT NULL AND l.at_least = 0"""

_ADD = f"""UPDATE channels AS c SET unexplained = unexplained {{sign}} s.units FROM (
  SELECT {channel_of("a.id")} AS channel_id, sum(abs(l.available - a.opening - a.known)) AS units
  FROM cell_accounts a JOIN cells l ON l.id = a.id WHERE a.id IN ({{these}})
  GROUP BY 1 HAVING units <> 0) s WHERE c.id = s.channel_id"""


def keep(
    connection: sqlite3.Connection, these: str, values: Mapping[str, object] | None = None
) -> None:
    """Give each of these cells its row, before anything of it changes.

    `these` is SQL for their ids. A cell that was never read gets none.
    """
    connection.execute(_OPEN.format(these=these), values or {})


def note_first(connection: sqlite3.Connection, these: str, values: Mapping[str, object]) -> None:
    """Keep the file's time of cells that were read for the first time just now.

    `values` has the `channel`, `now` and `as_of`, the file's time or None. It stands once for all
    of the cells, unless another file was read in the same millisecond.
    """
    as_of = values["as_of"]
    row = connection.execute(
        "SELECT as_of FROM first_readings WHERE channel_id = :channel AND read_at = :now", values
    ).fetchone()
    if row is None and as_of is not None:
        connection.execute("INSERT INTO first_readings VALUES (:channel, :now, :as_of)", values)
    elif row is not None and row[0] != as_of:
        connection.execute(_OPEN_NOW.format(these=these), values)


@contextmanager
def unexplained_kept(connection: sqlite3.Connection, these: str) -> Iterator[None]:
    """Keep `channels.unexplained` right over a change of these cells, or of their accounts.

    `these` is SQL for their ids, the same before and after.
    """
    connection.execute(_ADD.format(sign="-", these=these))
    yield
    connection.execute(_ADD.format(sign="+", these=these))

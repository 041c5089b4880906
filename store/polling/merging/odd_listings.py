"""Listings that could not be read, have gone, or stand twice: after all that could be read."""

import sqlite3
from collections.abc import Mapping

from store.accounts import account_rows
from store.cells import oddities
from store.cells.cell_ids import SINCE, of_channel
from store.database import bulk
from store.polling.merging import past

_PROBLEMS = """SELECT coalesce(p.listing_id, n.cell_id) FROM stage p
LEFT JOIN placed n ON n.stage_id = p.id WHERE p.poll_id = :poll AND p.problem IS NOT NULL"""
_MERGE_UNREAD = f"INSERT OR IGNORE INTO cells (id, present) SELECT x.*, 0 FROM ({_PROBLEMS}) x"
_MERGE_PROBLEMS = """UPDATE cell_oddities AS o SET problem = p.problem,
  twins = CASE WHEN o.copies = 1 THEN o.twins END
FROM (SELECT coalesce(p.listing_id, n.cell_id) AS id, p.problem, max(p.id) FROM stage p
  LEFT JOIN placed n ON n.stage_id = p.id WHERE p.poll_id = :poll AND p.problem IS NOT NULL
  GROUP BY 1) p
WHERE o.id = p.id AND (o.problem IS NOT p.problem OR o.copies > 1)"""

# What was there and is lacking; `doubt`: it may be there all the same.
_LACKING = """FROM counted k CROSS JOIN {} l ON l.id = k.listing_id
WHERE k.poll_id = :poll AND k.copies = 0 AND l.present = 1"""
_GONE = _LACKING + " AND coalesce(:doubt, k.doubt) IS NULL"
_DOUBTED = f"SELECT l.id {_LACKING.format('cells')} AND coalesce(:doubt, k.doubt) IS NOT NULL"
_CLEAR_GONE = f"""UPDATE cell_oddities SET copies = 1,
  problem = coalesce(:doubt, (SELECT k.doubt FROM counted k
    WHERE k.poll_id = :poll AND k.listing_id = cell_oddities.id)),
  twins = CASE WHEN copies = 1 THEN twins END
WHERE id IN (SELECT l.id {_LACKING.format("cells")})"""
_MERGE_GONE = f"""{bulk.UPDATE} cells AS l SET present = 0, observed_kept = :kept_now,
  since_kept = {SINCE.format("l")}
WHERE id IN (SELECT l.id {_GONE.format("cells")})"""

# A listing that has come back twice is present, though neither of its two records is taken for it.
_COUNTED = "SELECT k.listing_id FROM counted k WHERE k.poll_id = :poll AND k.copies > 0"
_TWICE_AGAIN = """SELECT l.id FROM counted k CROSS JOIN cells l ON l.id = k.listing_id
WHERE k.poll_id = :poll AND k.copies > 1 AND l.present = 0"""
_MERGE_BACK = f"""{bulk.UPDATE} cells AS l SET present = 1, observed_kept = :kept_now,
  since_kept = {SINCE.format("l")}
WHERE id IN ({_TWICE_AGAIN})"""
_COPIES_KNOWN = f"{_COUNTED} AND k.copies > 1"
_MERGE_COPIES = """UPDATE cell_oddities SET copies = k.copies
FROM (SELECT listing_id, copies FROM counted WHERE poll_id = :poll AND copies > 0) k
WHERE cell_oddities.id = k.listing_id"""

# A listing that could not be read once is gone now, or there twice: either is plain to see.
_MERGE_READABLE = """UPDATE cell_oddities SET problem = NULL
WHERE problem IS NOT NULL AND id IN (SELECT listing_id FROM counted WHERE poll_id = :poll
  AND (copies > 1 OR copies = 0 AND :doubt IS NULL))"""

# What was in doubt about a listing and since when, so that an instant of the past can show it.
_END_DOUBTS = """UPDATE doubts SET until_at = :now
WHERE channel_id = :channel AND until_at IS NULL AND NOT EXISTS (SELECT 1 FROM cell_oddities l
  WHERE l.id = doubts.listing_id AND l.problem IS doubts.problem AND l.copies = doubts.copies
    AND CASE WHEN l.copies > 1 THEN l.twins END IS doubts.twins)"""
_BEGIN_DOUBTS = f"""INSERT INTO doubts (listing_id, channel_id, problem, copies, since_at, twins)
SELECT l.id, :channel, l.problem, l.copies, :now,
  CASE WHEN l.copies > 1 THEN l.twins END FROM cell_oddities l
WHERE l.id IN (
    SELECT id FROM cell_oddities WHERE {of_channel("id", ":channel")} AND problem IS NOT NULL
    UNION SELECT id FROM cell_oddities WHERE {of_channel("id", ":channel")} AND copies > 1)
  AND NOT EXISTS (SELECT 1 FROM doubts x WHERE x.listing_id = l.id AND x.until_at IS NULL)"""


def merge(
    connection: sqlite3.Connection, values: Mapping[str, object], *, any_problems: bool
) -> None:
    """What could be read again, what could not, what has gone, and what stands twice.

    `any_problems`: there may be staged records that could not be read.
    """
    connection.execute(_MERGE_READABLE, values)
    if any_problems:
        connection.execute(_MERGE_UNREAD, values)
        oddities.keep_these(connection, _PROBLEMS, values)
        connection.execute(_MERGE_PROBLEMS, values)
    account_rows.keep(connection, f"SELECT l.id {_GONE.format('cells')}", values)
    past.keep(connection, _GONE.format("cells"), values)
    oddities.keep_these(connection, _DOUBTED, values)
    for statement in (_CLEAR_GONE, _MERGE_GONE):
        connection.execute(statement, values)
    account_rows.keep(connection, _TWICE_AGAIN, values)
    past.keep(connection, f"FROM cells l WHERE l.id IN ({_TWICE_AGAIN})", values)
    connection.execute(_MERGE_BACK, values)
    oddities.keep_these(connection, _COPIES_KNOWN, values)
    connection.execute(_MERGE_COPIES, values)


def note_doubts(connection: sqlite3.Connection, values: Mapping[str, object]) -> None:
    """Keep what is in doubt about the channel's listings and since when, and what was until now."""
    for statement in (_END_DOUBTS, _BEGIN_DOUBTS):
        connection.execute(statement, values)

"""The staged records of listings that the cache has already."""

import sqlite3
from collections.abc import Mapping

from store.accounts import account_rows
from store.cells import oddities
from store.cells.cell_ids import REF, SINCE, code
from store.database import bulk
from store.polling.merging import past
from store.polling.merging.columns import FIGURES, OF_RECORD, PRICE, SEEN_AT
from store.targets.copies import LOWEST

WORK_TABLE = """CREATE TEMP TABLE IF NOT EXISTS merged (id INTEGER PRIMARY KEY,
  stage_id INTEGER NOT NULL)"""
"""The cell of each known listing that has a record, and its last one."""

_SAME_SIGHT = """l.source_at IS p.source_at AND l.present = 1 AND l.available IS p.available
  AND l.state IS p.state AND l.at_least = p.at_least"""
# The last record of each known listing. The values of one that stands twice stay as they were:
# neither of the two is the truth.
_FIND_KNOWN = """INSERT INTO merged (id, stage_id)
SELECT p.listing_id, max(p.id) FROM stage p
WHERE p.poll_id = :poll AND p.problem IS NULL AND p.listing_id IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM counted k
    WHERE k.poll_id = :poll AND k.listing_id = p.listing_id AND k.copies > 1)
GROUP BY p.listing_id"""
_READ_KNOWN = "FROM merged m CROSS JOIN stage p ON p.id = m.stage_id"
_MERGED = "SELECT id FROM merged"

# Those that had no reading before, and have no account yet.
_READ_FIRST = f"{_MERGED} UNION ALL SELECT cell_id FROM placed"
_FIRST_READ = """SELECT 1 FROM merged m CROSS JOIN cells l ON l.id = m.id
WHERE l.observed_kept = :kept_now AND NOT EXISTS (SELECT 1 FROM cell_accounts a WHERE a.id = l.id)
LIMIT 1
"""

# Below this, the channel has fallen by itself, and its authority may not know of that sale yet.
# After a write of ours it should show what was written, or still what it showed before; whatever is
# less than the one and is not the other was sold.
_WRITTEN = """(SELECT k.to_quantity FROM corrections k WHERE k.listing_id = l.id
  AND k.live = 1 AND k.status IN ('applying', 'applied'))"""
_EXPECTED = f"""CASE WHEN :own = 0 THEN l.available
  WHEN p.available IS NOT l.available AND p.available IS NOT {_WRITTEN} AND p.at_least = 0
  THEN max(l.available, {_WRITTEN}) END"""

# What is not counted, or only known to be at least so many, has no account; the next count opens a
# new one. A least number that has become a number has fallen: nobody knows from how many.
_HAS_ACCOUNT = "(p.available IS NOT NULL AND p.at_least = 0)"
_ACCOUNT_KNOWN = f"""UPDATE cell_accounts AS a SET
  fell_at = CASE WHEN p.available < {_EXPECTED} AND p.at_least <= l.at_least
      OR :own = 0 AND l.at_least > p.at_least AND p.available IS NOT NULL
      OR :own = 0 AND {LOWEST.format("p")} < {LOWEST.format("l")}
    THEN :now ELSE a.fell_at END,
  known = CASE WHEN {_HAS_ACCOUNT} AND a.opening IS NOT NULL THEN a.known ELSE 0 END,
  opening = CASE WHEN {_HAS_ACCOUNT} THEN coalesce(a.opening, p.available) END,
  opening_at = CASE WHEN {_HAS_ACCOUNT}
    THEN coalesce(a.opening_at, min(coalesce(p.source_at, :as_of, :now), :now)) END,
  opening_read_at = CASE WHEN {_HAS_ACCOUNT} THEN coalesce(a.opening_read_at, :now) END
{_READ_KNOWN} CROSS JOIN listings l ON l.id = m.id WHERE a.id = m.id AND a.id IN ({_MERGED})"""

_DETAILS_KNOWN = f"""INSERT INTO cell_details (id, price_minor, source_at, source_seen_at)
SELECT m.id, {PRICE}, p.source_at,
  CASE WHEN {_SAME_SIGHT} THEN l.source_seen_at ELSE {SEEN_AT} END
{_READ_KNOWN} CROSS JOIN listings l ON l.id = m.id JOIN items i ON i.id = l.item_id
WHERE l.source_at IS NOT p.source_at
  OR l.price_minor IS NOT {PRICE} OR l.source_seen_at IS NOT NULL OR p.source_at > :sight
ON CONFLICT (id) DO UPDATE SET price_minor = excluded.price_minor, source_at = excluded.source_at,
  source_seen_at = excluded.source_seen_at"""
_FIGURES_KNOWN = f"""INSERT INTO cell_figures (id, {", ".join(FIGURES)})
SELECT m.id, {OF_RECORD} {_READ_KNOWN} LEFT JOIN cell_figures f ON f.id = m.id
WHERE {" OR ".join(f"f.{name} IS NOT p.{name}" for name in FIGURES)}
ON CONFLICT (id) DO UPDATE SET
  {", ".join(f"{name} = excluded.{name}" for name in FIGURES)}"""
_WITH_TWINS = f"SELECT m.id {_READ_KNOWN} WHERE p.twins IS NOT NULL"
_ODDITIES_KNOWN = f"""UPDATE cell_oddities AS o SET problem = NULL, twins = p.twins
{_READ_KNOWN} WHERE o.id = m.id AND o.id IN ({_MERGED})"""

# What a reading was and is no more, with the span in which it was in force.
_CHANGED = f"""(l.available IS NOT p.available OR l.state IS NOT {code("p.state")} OR l.present = 0
  OR l.at_least <> p.at_least)"""
_CHANGED_KNOWN = f"{_READ_KNOWN} CROSS JOIN cells l ON l.id = m.id WHERE {_CHANGED}"
_MERGE_KNOWN = f"""{bulk.UPDATE} cells AS l SET available = p.available, state = {code("p.state")},
  at_least = p.at_least, present = 1,
  observed_kept = CASE WHEN {_CHANGED} THEN :kept_now ELSE l.observed_kept END,
  ref = {REF.format("p")},
  since_kept = {SINCE.format("l")}
{_READ_KNOWN} WHERE l.id = m.id AND l.id IN ({_MERGED})"""


def merge(connection: sqlite3.Connection, values: Mapping[str, object], *, any_known: bool) -> int:
    """Bring the newest record of each known listing into it; return how many there were.

    `any_known`: there may be staged records of known listings.
    """
    connection.execute(WORK_TABLE)
    connection.execute("DELETE FROM merged")
    known = connection.execute(_FIND_KNOWN, values).rowcount if any_known else 0
    if not known:
        return 0
    # All that compares with what the listing showed comes before its cell.
    account_rows.keep(connection, _MERGED)
    with account_rows.unexplained_kept(connection, _MERGED):
        past.keep(connection, _CHANGED_KNOWN, values)
        for statement in (_ACCOUNT_KNOWN, _DETAILS_KNOWN, _FIGURES_KNOWN):
            connection.execute(statement, values)
        oddities.keep_these(connection, _WITH_TWINS)
        connection.execute(_ODDITIES_KNOWN)
        connection.execute(_MERGE_KNOWN, values)
    return known


def note_file_time(
    connection: sqlite3.Connection, values: Mapping[str, object], *, any_new: bool
) -> None:
    """Keep the file's time for what this poll was the first to read; `any_new`: new listings."""
    if any_new or connection.execute(_FIRST_READ, values).fetchone() is not None:
        account_rows.note_first(connection, _READ_FIRST, values)

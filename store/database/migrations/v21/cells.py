"""How the rows of the twentieth schema become those of the twenty-first, in slices."""

import sqlite3

from store.database.migrations.v21.tables import CELLS, COUNTS, DISAGREEMENTS, INDEXES, REFERENCES
from store.database.migrations.v21.views import DISAGREEMENT, READABLE_VIEWS, VIEWS
from store.database.statements import statements
from store.database.upgrade.slices import SlicedCopy, SlicedMigration

_CODES = "WHEN 'active' THEN 1 WHEN 'preorder' THEN 2 WHEN 'backorder' THEN 3 WHEN 'hold' THEN 4 \
WHEN 'disabled' THEN 5 WHEN 'archived' THEN 6 WHEN 'uncounted' THEN 7"
_ID = "(l.channel_id << 28) + l.item_id"
_HAS_TARGET = "(l.target_quantity IS NOT NULL OR l.target_state IS NOT NULL)"

# What the view would say of a listing that has not changed since it was first read.
_FIRST_AT = """min(coalesce(l.source_at, (SELECT f.as_of FROM first_readings f
  WHERE f.channel_id = l.channel_id AND f.read_at = l.observed_at), l.observed_at),
  l.observed_at)"""
_IS_COUNTED = "l.available IS NOT NULL AND l.at_least = 0"

# How many listings a poll must have opened for its file's time to be kept with the poll, and not
# with each of them.
_TOGETHER = 8

FIRST_READINGS = f"""INSERT INTO first_readings (channel_id, read_at, as_of)
SELECT channel_id, observed_at, opening_at FROM (
  SELECT channel_id, observed_at, opening_at, count(*) AS n,
    row_number() OVER (PARTITION BY channel_id, observed_at ORDER BY count(*) DESC) AS place
  FROM listings WHERE opening_at < observed_at AND source_at IS NULL AND opening_at IS NOT NULL
    AND opening_read_at = observed_at GROUP BY channel_id, observed_at, opening_at)
WHERE place = 1 AND n >= {_TOGETHER}"""

# Instants that at least so many cells share are kept once.
_MANY = 256

INSTANTS = f"""INSERT INTO instants (id, at) SELECT -row_number() OVER (ORDER BY at), at FROM (
  SELECT observed_at AS at FROM listings GROUP BY 1 HAVING count(*) >= {_MANY}
  UNION SELECT target_since FROM listings GROUP BY 1 HAVING count(*) >= {_MANY})
WHERE at IS NOT NULL"""


def _kept(instant: str) -> str:
    return f"coalesce((SELECT n.id FROM instants n WHERE n.at = {instant}), {instant})"


COPIED = {
    "cells": f"""SELECT {_ID}, l.available, CASE l.state {_CODES} ELSE l.state END,
  l.target_quantity, CASE l.target_state {_CODES} ELSE l.target_state END, l.present, l.at_least,
  l.problem IS NOT NULL OR l.copies > 1 OR l.twins IS NOT NULL OR l.frozen_at IS NOT NULL
    OR l.thawed_at IS NOT NULL OR l.behind_update IS NOT NULL,
  EXISTS (SELECT 1 FROM disagreements d WHERE d.listing_id = l.id AND d.closed_at IS NULL),
  {_kept("l.observed_at")}, CASE WHEN {_HAS_TARGET} AND l.target_since = l.observed_at THEN NULL
    ELSE {_kept("l.target_since")} END,
  CASE WHEN l.ref = (SELECT i.sku FROM items i WHERE i.id = l.item_id) THEN x''
    WHEN l.ref = CAST(CAST(l.ref AS INTEGER) AS TEXT) THEN CAST(l.ref AS INTEGER)
    ELSE nullif(l.ref, '') END FROM listings l WHERE {{range}}""",
    "cell_details": f"""SELECT {_ID}, nullif(l.price_minor, i.price_minor), l.source_at,
  l.source_seen_at FROM listings l JOIN items i ON i.id = l.item_id
WHERE {{range}} AND (nullif(l.price_minor, i.price_minor) IS NOT NULL
  OR l.source_at IS NOT NULL)""",
    "cell_figures": f"""SELECT {_ID}, l.on_hand, l.committed, l.unavailable, l.incoming, l.threshold
FROM listings l WHERE {{range}} AND coalesce(l.on_hand, l.committed, l.unavailable, l.incoming,
  l.threshold) IS NOT NULL""",
    "cell_accounts": f"""SELECT {_ID}, l.opening, l.opening_at, l.opening_read_at, l.known,
  l.fell_at FROM listings l
WHERE {{range}} AND (l.known <> 0 OR l.fell_at IS NOT NULL
  OR l.opening IS NOT CASE WHEN {_IS_COUNTED} THEN l.available END
  OR l.opening_at IS NOT CASE WHEN {_IS_COUNTED} THEN {_FIRST_AT} END
  OR l.opening_read_at IS NOT CASE WHEN {_IS_COUNTED} THEN l.observed_at END)""",
    "cell_oddities": f"""SELECT {_ID}, l.copies, l.problem, l.twins, l.frozen_at, l.frozen_why,
  l.thawed_at, l.behind_update FROM listings l
WHERE {{range}} AND (l.problem IS NOT NULL OR l.copies > 1 OR l.twins IS NOT NULL
  OR l.frozen_at IS NOT NULL OR l.thawed_at IS NOT NULL OR l.behind_update IS NOT NULL)""",
}
"""What becomes of a range of listings, by new table."""


def _columns(of: str, cell: str, **kept: str) -> str:
    """The columns of a table that names listings, each by `cell`; `kept`: others, as what."""
    kept = {"listing_id": cell.format("listing_id")} | kept
    return ", ".join(kept.get(name, f"t.{name}") for name in of.split())


def _state(column: str) -> str:
    return f"CASE t.{column} {_CODES} ELSE t.{column} END"


_CELL = f"(SELECT {_ID} FROM listings l WHERE l.id = t.{{}})"
_PAST_READING = """id listing_id present available state on_hand committed source_at observed_at
  until_at fell_at at_least"""
_PAST_TARGET = "id listing_id quantity state since_at until_at"
_DOUBT = "id listing_id channel_id problem copies since_at until_at twins"
_CORRECTION = """id listing_id status version live silences from_quantity from_state to_quantity
  to_state price_minor proposed_at decided_at decided_by second_by by_rule hold_until expires_at
  snoozed_until applying_at ended_at note result ref listings from_at_least proof_until"""
_OPEN = DISAGREEMENT.removesuffix("closed_at")
_CLOSED = """id listing_id kind available state target_quantity target_state delta settles_at
  risk_minor first_seen_at moved_at rests_on acknowledged_by acknowledged_at acknowledged_why
  surplus at_least closed_at"""
_KINDS = "WHEN 'quantity' THEN 1 WHEN 'state' THEN 2 WHEN 'missing' THEN 3 \
WHEN 'unlisted' THEN 4 WHEN 'negative' THEN 5 WHEN 'duplicate' THEN 6"


def history(cell: str) -> dict[str, str]:
    """By new table, the columns of what is over; `cell` makes a cell's id of the column {}."""
    return {
        "former_readings": _columns(_PAST_READING, cell, state=_state("state")),
        "former_targets": _columns(_PAST_TARGET, cell, state=_state("state")),
        "closed": _columns(
            _CLOSED,
            cell,
            kind=f"CASE t.kind {_KINDS} END",
            state=_state("state"),
            target_state=_state("target_state"),
            settles_at="nullif(t.settles_at, 0) - t.first_seen_at",
            moved_at="nullif(t.moved_at, t.first_seen_at)",
            rests_on=cell.format("rests_on"),
        ),
    }


_HISTORY = history(_CELL)
RENUMBERED = {
    "former_readings": (_HISTORY["former_readings"], "1"),
    "former_targets": (_HISTORY["former_targets"], "1"),
    "new_doubts": (_columns(_DOUBT, _CELL), "1"),
    "new_corrections": (_columns(_CORRECTION, _CELL), "1"),
    "new_moved_outside_polls": (_columns("id channel_id listing_id", _CELL), "1"),
    "open_disagreements": (
        _columns(_OPEN, _CELL, rests_on=_CELL.format("rests_on")),
        "t.closed_at IS NULL",
    ),
    "closed": (_HISTORY["closed"], "t.closed_at IS NOT NULL"),
}
"""By new table: the old one's columns with the ids of cells, and which of its rows."""

SWAPPED = f"""
DELETE FROM poll_memories;
DELETE FROM poll_pages;
INSERT INTO sqlite_sequence (name, seq)
SELECT 'open_disagreements', 0 WHERE EXISTS (SELECT 1 FROM disagreements)
  AND NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'open_disagreements');
UPDATE sqlite_sequence SET seq = (SELECT coalesce(max(id), 0) FROM disagreements)
WHERE name = 'open_disagreements';
UPDATE items SET
  quantity_listing_id = (SELECT {_ID} FROM listings l WHERE l.id = items.quantity_listing_id),
  state_listing_id = (SELECT {_ID} FROM listings l WHERE l.id = items.state_listing_id);
DROP VIEW readings_now;
DROP VIEW disagreements_now;
DROP VIEW corrections_now;
DROP VIEW disagreements_ever;
DROP TABLE disagreements;
DROP TABLE corrections;
DROP TABLE doubts;
DROP TABLE past_readings;
DROP TABLE past_targets;
DROP TABLE moved_outside_polls;
DROP TABLE listings;
ALTER TABLE new_corrections RENAME TO corrections;
ALTER TABLE new_doubts RENAME TO doubts;
ALTER TABLE new_moved_outside_polls RENAME TO moved_outside_polls;
"""


# The second schema had no such column and index for half an hour, until 24 November 2026 at 21:34
# UTC, and a cache that was made or migrated then has none still.
_SUMS = """UPDATE items SET pending_own = coalesce((SELECT sum(v.available) FROM movements v
  WHERE v.item_id = items.id AND v.unseen = 1), 0)
WHERE id IN (SELECT item_id FROM movements WHERE unseen = 1)"""


def _repair(connection: sqlite3.Connection) -> None:
    names = [name for _, name, *_ in connection.execute("PRAGMA table_info(items)")]
    if "pending_own" not in names:
        connection.execute("ALTER TABLE items ADD COLUMN pending_own INTEGER NOT NULL DEFAULT 0")
        connection.execute(_SUMS)
    connection.execute("CREATE INDEX IF NOT EXISTS events_newest ON events (channel_id, at)")


def _begin(connection: sqlite3.Connection) -> None:
    for statement in statements(CELLS + DISAGREEMENTS + COUNTS + REFERENCES):
        connection.execute(statement)
    for statement in (FIRST_READINGS, INSTANTS):
        connection.execute(statement)


def _copy_listings(connection: sqlite3.Connection, after: int, upto: int) -> None:
    for table, found in COPIED.items():
        these = found.format(range="l.id > :after AND l.id <= :upto")
        connection.execute(f"INSERT INTO {table} {these}", {"after": after, "upto": upto})


def _copied(what: str, old: str, *new: str) -> SlicedCopy:
    """The rows of a table that names listings, into the tables in its place."""

    def copy(connection: sqlite3.Connection, after: int, upto: int) -> None:
        for table in new:
            columns, which = RENUMBERED[table]
            connection.execute(
                f"""INSERT INTO {table} SELECT {columns} FROM {old} t
                WHERE t.id > ? AND t.id <= ? AND {which}""",
                (after, upto),
            )

    return SlicedCopy(what, old, copy)


def _end(connection: sqlite3.Connection) -> None:
    _repair(connection)
    for statement in statements(SWAPPED + INDEXES):
        connection.execute(statement)
    for name, query in (VIEWS | READABLE_VIEWS).items():
        connection.execute(f"CREATE VIEW {name} AS {query}")


MIGRATION = SlicedMigration(
    _begin,
    (
        SlicedCopy("listings", "listings", _copy_listings),
        _copied("former readings", "past_readings", "former_readings"),
        _copied("former targets", "past_targets", "former_targets"),
        _copied("disagreements", "disagreements", "open_disagreements", "closed"),
        _copied("updates", "corrections", "new_corrections"),
        _copied("doubts", "doubts", "new_doubts"),
        _copied("fresh readings", "moved_outside_polls", "new_moved_outside_polls"),
    ),
    _end,
)
"""Moves everything over, and puts the new tables in the old ones' place."""

"""The staged records that make new listings."""

import sqlite3
from collections.abc import Mapping
from typing import NamedTuple

from store.cells import oddities
from store.cells.cell_ids import ITEMS_MAX, REF, cell, code, item_of
from store.errors import StoreError
from store.polling.merging.columns import FIGURES, OF_RECORD, PRICE, SEEN_AT

WORK_TABLE = """CREATE TEMP TABLE IF NOT EXISTS placed (stage_id INTEGER PRIMARY KEY,
  cell_id INTEGER NOT NULL)"""
"""The cell of each staged record that had no listing when it came."""

_MERGE_ITEMS = """INSERT INTO items (sku, location, title, price_minor)
SELECT sku, location, title, price_minor FROM stage WHERE poll_id = :poll AND listing_id IS NULL
ON CONFLICT (sku, location) DO UPDATE SET
  title = coalesce(items.title, excluded.title),
  price_minor = coalesce(items.price_minor, excluded.price_minor)
WHERE (items.title IS NULL AND excluded.title IS NOT NULL)
  OR (items.price_minor IS NULL AND excluded.price_minor IS NOT NULL)"""

# Each new record's place, and the cell that it makes. The items are there by now.
_PLACE_NEW = f"""INSERT INTO placed (stage_id, cell_id)
SELECT p.id, {cell(":channel", "i.id")} FROM stage p
JOIN items i ON i.sku = p.sku AND i.location = p.location
WHERE p.poll_id = :poll AND p.listing_id IS NULL ORDER BY p.id"""

_READ_NEW = "FROM placed n CROSS JOIN stage p ON p.id = n.stage_id AND p.problem IS NULL"

# A new listing that comes twice in one poll meets its own first row: that one stands.
_MERGE_NEW = f"""INSERT INTO cells (id, available, state, at_least, observed_kept, ref)
SELECT n.cell_id, p.available, {code("p.state")}, p.at_least, :kept_now, {REF.format("p")}
{_READ_NEW} ORDER BY n.stage_id ON CONFLICT (id) DO NOTHING"""
_MERGE_NEW_COPIES = """UPDATE cell_oddities SET copies = (SELECT count(*) FROM placed n
  JOIN stage p ON p.id = n.stage_id AND p.problem IS NULL WHERE n.cell_id = cell_oddities.id)
WHERE id IN ({copied})"""
_COPIED = f"SELECT n.cell_id {_READ_NEW} GROUP BY n.cell_id HAVING count(*) > 1"

_DETAILS_NEW = f"""INSERT INTO cell_details (id, price_minor, source_at, source_seen_at)
SELECT n.cell_id, {PRICE}, p.source_at, {SEEN_AT} {_READ_NEW}
JOIN items i ON i.id = {item_of("n.cell_id")}
WHERE p.source_at IS NOT NULL OR {PRICE} IS NOT NULL
ORDER BY n.stage_id ON CONFLICT (id) DO NOTHING"""
_FIGURES_NEW = f"""INSERT INTO cell_figures (id, {", ".join(FIGURES)})
SELECT n.cell_id, {OF_RECORD} {_READ_NEW} WHERE coalesce({OF_RECORD}) IS NOT NULL
ORDER BY n.stage_id ON CONFLICT (id) DO NOTHING"""
_TWINS_NEW = f"SELECT n.cell_id {_READ_NEW} WHERE p.twins IS NOT NULL"
_ODDITIES_NEW = f"""UPDATE cell_oddities AS o SET twins = p.twins {_READ_NEW}
WHERE o.id = n.cell_id AND p.twins IS NOT NULL"""


class NewListings(NamedTuple):
    """How many listings are new, and how many records they came in."""

    listings: int
    records: int


def place(connection: sqlite3.Connection, values: Mapping[str, object]) -> None:
    """Make the items of records that have no listing, and note which cell each of them is of."""
    connection.execute(WORK_TABLE)
    connection.execute("DELETE FROM placed")
    connection.execute(_MERGE_ITEMS, values)
    (newest,) = connection.execute("SELECT coalesce(max(id), 0) FROM items").fetchone()
    if newest > ITEMS_MAX:
        raise StoreError(f"the cache can't hold more than {ITEMS_MAX:,} SKUs and locations")
    connection.execute(_PLACE_NEW, values)


def merge(connection: sqlite3.Connection, values: Mapping[str, object]) -> NewListings:
    """Make the cells of the records that could be read; `place` comes before it."""
    new = connection.execute(_MERGE_NEW, values).rowcount
    (records,) = connection.execute(f"SELECT count(*) {_READ_NEW}").fetchone()
    if not records:
        return NewListings(0, 0)
    for statement in (_DETAILS_NEW, _FIGURES_NEW):
        connection.execute(statement, values)
    oddities.keep_these(connection, _TWINS_NEW)
    connection.execute(_ODDITIES_NEW)
    if records > new:
        oddities.keep_these(connection, _COPIED)
        connection.execute(_MERGE_NEW_COPIES.format(copied=_COPIED))
    return NewListings(new, records)

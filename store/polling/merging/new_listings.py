"""The staged records that make new listings."""

import sqlite3
from array import array
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from types import MappingProxyType
from typing import NamedTuple

import msgspec

from store.cells import oddities
from store.cells.cell_ids import ITEMS_MAX, REF, cell, code, item_of
from store.errors import StoreError
from store.polling.merging.columns import FIGURES, OF_RECORD, PRICE, SEEN_AT
from store.targets.truth import STATE_OF

WORK_TABLE = """CREATE TEMP TABLE IF NOT EXISTS placed (stage_id INTEGER PRIMARY KEY,
  cell_id INTEGER, price_minor INTEGER, fills INTEGER)"""
"""The cell of each staged record that had no listing when it came, and the price that is its own.

`fills`: its item is there, and lacked a title or a price that the record has.
"""

_NEW_TO_CHANNEL = "p.poll_id = :poll AND p.listing_id IS NULL"
_FILLS = """(i.id IS NOT NULL AND (i.title IS NULL AND p.title IS NOT NULL
  OR i.price_minor IS NULL AND p.price_minor IS NOT NULL))"""
_ITEM = "i.sku = p.sku AND i.location = p.location"

# Each new record's place, and the cell that it makes, if its item is there. An item without a price
# gets the record's, which is then none of the cell's own.
_PLACE = f"""INSERT INTO placed (stage_id, cell_id, price_minor, fills)
SELECT p.id, {cell(":channel", "i.id")}, CASE WHEN i.price_minor IS NOT NULL THEN {PRICE} END,
  {_FILLS} FROM stage p LEFT JOIN items i ON {_ITEM}
WHERE {_NEW_TO_CHANNEL} ORDER BY p.id"""
_UNPLACED = "SELECT stage_id FROM placed WHERE cell_id IS NULL"
_FILL = """ON CONFLICT ({key}) DO UPDATE SET
  title = coalesce(items.title, excluded.title),
  price_minor = coalesce(items.price_minor, excluded.price_minor)
WHERE (items.title IS NULL AND excluded.title IS NOT NULL)
  OR (items.price_minor IS NULL AND excluded.price_minor IS NOT NULL)"""
_MERGE_ITEMS = f"""INSERT INTO items (sku, location, title, price_minor)
SELECT p.sku, p.location, p.title, p.price_minor FROM stage p
WHERE {_NEW_TO_CHANNEL} AND p.id IN ({_UNPLACED}) ORDER BY p.id
{_FILL.format(key="sku, location")}"""
_PLACE_REST = f"""UPDATE placed SET (cell_id, price_minor) = (
  SELECT {cell(":channel", "i.id")}, {PRICE} FROM stage p JOIN items i ON {_ITEM}
  WHERE p.id = placed.stage_id) WHERE cell_id IS NULL"""

# Of the items that are there, by their ids; where two records fill one, the first does.
_FILLING = "SELECT 1 FROM placed WHERE fills = 1 LIMIT 1"
_FILL_ITEMS = f"""INSERT INTO items (id, sku, location, title, price_minor)
SELECT {item_of("n.cell_id")}, p.sku, p.location, p.title, p.price_minor
FROM placed n CROSS JOIN stage p ON p.id = n.stage_id
WHERE n.fills = 1 ORDER BY n.stage_id {_FILL.format(key="id")}"""
_PRICE_AGAIN = f"""UPDATE placed SET price_minor = (
  SELECT {PRICE} FROM stage p CROSS JOIN items i ON i.id = {item_of("placed.cell_id")}
  WHERE p.id = placed.stage_id) WHERE fills = 1"""

# Into a cache that has no item, they come in the order of their records, so that none is looked up.
_BEFORE = f"SELECT p.id - 1 FROM stage p WHERE {_NEW_TO_CHANNEL} ORDER BY p.id LIMIT 1"
_FIRST_CELL = cell(":channel", "(p.id - :before)")
_FIRST_ITEMS = f"""INSERT INTO items (id, sku, location, title, price_minor{{columns}})
SELECT p.id - :before, p.sku, p.location, p.title, p.price_minor{{truth}} FROM stage p
WHERE {_NEW_TO_CHANNEL} ORDER BY p.id {_FILL.format(key="sku, location")}"""
_TRUTH = """, truth_quantity, truth_state, quantity_listing_id, state_listing_id, truth_on_hand,
  truth_incoming, uncounted"""
_FIRST_TRUTH = f""", p.available, {STATE_OF.format("p.state")}, {_FIRST_CELL}, {_FIRST_CELL},
  p.on_hand, p.incoming, p.available IS NULL"""
_PLACE_FIRST = f"""INSERT INTO placed (stage_id, cell_id) SELECT p.id, {_FIRST_CELL} FROM stage p
WHERE {_NEW_TO_CHANNEL} ORDER BY p.id"""

_READ_NEW = "FROM placed n CROSS JOIN stage p ON p.id = n.stage_id AND p.problem IS NULL"
_ITEM_OF_NEW = f"CROSS JOIN items i ON i.id = {item_of('n.cell_id')}"

# A new listing that comes twice in one poll meets its own first row: that one stands.
_MERGE_NEW = f"""INSERT INTO cells (id, available, state, at_least, observed_kept, ref{{columns}})
SELECT n.cell_id, p.available, {code("p.state")}, p.at_least, :kept_now, {REF.format("p")}
  {{targets}} {_READ_NEW} {{item}} ORDER BY n.stage_id ON CONFLICT (id) DO NOTHING"""
_MERGE_NEW_COPIES = """UPDATE cell_oddities SET copies = (SELECT count(*) FROM placed n
  JOIN stage p ON p.id = n.stage_id AND p.problem IS NULL WHERE n.cell_id = cell_oddities.id)
WHERE id IN ({copied})"""
_COPIED = f"SELECT n.cell_id {_READ_NEW} GROUP BY n.cell_id HAVING count(*) > 1"

_DETAILS_NEW = f"""INSERT INTO cell_details (id, price_minor, source_at, source_seen_at)
SELECT n.cell_id, n.price_minor, p.source_at, {SEEN_AT} {_READ_NEW}
WHERE p.source_at IS NOT NULL OR n.price_minor IS NOT NULL
ORDER BY n.stage_id ON CONFLICT (id) DO NOTHING"""
_FIGURES_NEW = f"""INSERT INTO cell_figures (id, {", ".join(FIGURES)})
SELECT n.cell_id, {OF_RECORD} {_READ_NEW} WHERE coalesce({OF_RECORD}) IS NOT NULL
ORDER BY n.stage_id ON CONFLICT (id) DO NOTHING"""
_TWINS_NEW = f"SELECT n.cell_id {_READ_NEW} WHERE p.twins IS NOT NULL"
_ODDITIES_NEW = f"""UPDATE cell_oddities AS o SET twins = p.twins {_READ_NEW}
WHERE o.id = n.cell_id AND p.twins IS NOT NULL"""


# Fetched row by row, a million of them take a second.
_CELLS = "SELECT json_group_array(n.cell_id) {} WHERE n.stage_id BETWEEN ? AND ?"
_ENDS = "SELECT (SELECT min(stage_id) FROM placed), (SELECT max(stage_id) FROM placed)"
_SLICE = 65_536


class NewListings(NamedTuple):
    """How many listings are new, and how many records they came in."""

    listings: int
    records: int


class FirstTargets(NamedTuple):
    """What a channel should show of items whose truth is known: SQL over item i, and its values."""

    quantity: str = "NULL"
    state: str = "NULL"
    values: Mapping[str, object] = MappingProxyType({})
    is_truth: bool = False
    """What the channel shows is the truth of all that it lists, and the cache has no item yet."""


def place(
    connection: sqlite3.Connection, values: Mapping[str, object], targets: FirstTargets | None
) -> None:
    """Make the items of records that have no listing, and note which cell each of them is of.

    Where `targets.is_truth`, the items have their truth then. That is not so of what stands twice
    or can't be read, which has to be read again.
    """
    connection.execute(WORK_TABLE)
    connection.execute("DELETE FROM placed")
    if connection.execute("SELECT 1 FROM items LIMIT 1").fetchone() is None:
        _place_first(connection, values, is_truth=targets is not None and targets.is_truth)
        return
    connection.execute(_PLACE, values)
    if connection.execute(_FILLING).fetchone() is not None:
        connection.execute(_FILL_ITEMS)
    if connection.execute(f"{_UNPLACED} LIMIT 1").fetchone() is not None:
        connection.execute(_MERGE_ITEMS, values)
        _count_items(connection)
        connection.execute(_PLACE_REST, values)


def _place_first(
    connection: sqlite3.Connection, values: Mapping[str, object], *, is_truth: bool
) -> None:
    (before,) = connection.execute(_BEFORE, values).fetchone() or (0,)
    values = {**values, "before": before}
    columns, truth = (_TRUTH, _FIRST_TRUTH) if is_truth else ("", "")
    connection.execute(_FIRST_ITEMS.format(columns=columns, truth=truth), values)
    placed = connection.execute(_PLACE_FIRST, values).rowcount
    if _count_items(connection) < placed:
        # Some came twice.
        connection.execute("DELETE FROM placed")
        connection.execute(_PLACE, values)


def _count_items(connection: sqlite3.Connection) -> int:
    newest, count = connection.execute(
        "SELECT coalesce((SELECT max(id) FROM items), 0), (SELECT count(*) FROM items)"
    ).fetchone()
    if newest > ITEMS_MAX:
        raise StoreError(f"the cache can't hold more than {ITEMS_MAX:,} SKUs and locations")
    return int(count)


def merge(
    connection: sqlite3.Connection,
    values: Mapping[str, object],
    filled: AbstractSet[str],
    targets: FirstTargets | None,
) -> NewListings:
    """Make the cells of the records that could be read; `place` comes before it.

    `filled`: the columns in which any record has a value. `targets`: what the cells begin with,
    where that is known by now.
    """
    statement = _MERGE_NEW.format(columns="", targets="", item="")
    if targets is not None and not targets.is_truth:
        statement = _MERGE_NEW.format(
            columns=", target_quantity, target_state, since_kept",
            targets=f""", {targets.quantity}, {code(targets.state)},
              CASE WHEN coalesce({targets.quantity}, {targets.state}) IS NOT NULL
                THEN :kept_now END""",
            item=_ITEM_OF_NEW,
        )
        values = {**values, **targets.values}
    new = connection.execute(statement, values).rowcount
    if not new:
        return NewListings(0, 0)
    counted = _READ_NEW if "problem" in filled else "FROM placed"
    (records,) = connection.execute(f"SELECT count(*) {counted}").fetchone()
    if records > new:
        # Of those that stand twice, the second may have another price than its item has now.
        connection.execute(_PRICE_AGAIN)
    if not filled.isdisjoint(("source_at", "price_minor")):
        connection.execute(_DETAILS_NEW, values)
    if not filled.isdisjoint(FIGURES):
        connection.execute(_FIGURES_NEW, values)
    if "twins" in filled:
        oddities.keep_these(connection, _TWINS_NEW)
        connection.execute(_ODDITIES_NEW)
    if records > new:
        oddities.keep_these(connection, _COPIED)
        connection.execute(_MERGE_NEW_COPIES.format(copied=_COPIED))
    return NewListings(new, records)


def found(connection: sqlite3.Connection, filled: AbstractSet[str]) -> "array[int]":
    """The listings of the records that `merge` took, in their order: one for each record."""
    cell_ids = array("q")
    low, high = connection.execute(_ENDS).fetchone()
    if low is None:
        return cell_ids
    read = _CELLS.format(_READ_NEW if "problem" in filled else "FROM placed n")
    for start in range(low, high + 1, _SLICE):
        (some,) = connection.execute(read, (start, start + _SLICE - 1)).fetchone()
        cell_ids.extend(msgspec.json.decode(some, type=list[int]))
    return cell_ids

"""What the authority shows of each moved item, in the smallest pieces: read, or derived from parts.

A bundle has as many as the scarcest of its components allows at the same location; a pool has what
its members have together.
"""

import sqlite3

from store.cells.cell_ids import cell
from store.cells.unseen_sums import unseen_sum
from store.database import bulk
from store.model import NOT_FOR_SALE, QUANTITY_MAX, UNCOUNTED, State
from store.targets.policy_sql import PolicySql
from store.targets.verdict_sql import TROUBLED, source_time

WORK_TABLES = (
    """CREATE TEMP TABLE IF NOT EXISTS truths (item_id INTEGER PRIMARY KEY, q_id INTEGER,
      s_id INTEGER, quantity INTEGER, state TEXT, on_hand INTEGER, incoming INTEGER,
      uncounted INTEGER)""",
)

_STANDS = """i.quantity_listing_id IS t.q_id AND i.state_listing_id IS t.s_id
  AND i.truth_quantity IS t.quantity AND i.truth_state IS t.state
  AND i.truth_on_hand IS t.on_hand AND i.truth_incoming IS t.incoming
  AND i.uncounted = t.uncounted"""

# What can be sold comes first: a pool can be bought from while any of its members can.
_ORDER_OF_STATES = " ".join(
    f"WHEN '{state}' THEN {rank}"
    for rank, state in enumerate(
        (State.ACTIVE, State.BACKORDER, State.PREORDER, State.HOLD, State.DISABLED, State.ARCHIVED)
    )
)
_WORDS = ", ".join(f"'{state}'" for state in NOT_FOR_SALE)
_SELLABLE = f"""CASE WHEN coalesce({{item}}.truth_state, '') IN ({_WORDS}) THEN 0
  ELSE max(0, {{item}}.truth_quantity + {{unseen}}) END"""


def _sellable(item: str, figure: str) -> str:
    return _SELLABLE.format(item=item, unseen=unseen_sum(figure, item))


PART_OF_BUNDLE = _sellable("c", "available")
"""SQL for the pieces that a part, item c, gives to a bundle."""
# A pool counts its own sales in its own sum of what is unseen. The members' `available` has them
# too, so that the pool must add up `own` or it would count each of its sales once for every member.
PART_OF_POOL = _sellable("c", "own")
"""SQL for the pieces that a part, item c, gives to a pool."""

# A bundle at a place of a pool: what its components there allow, but for what pools have sold.
_BUNDLE_AT_PLACE = f"""(SELECT CASE WHEN count(*) = count(x.truth_quantity) + sum(x.uncounted)
    THEN min({_sellable("x", "own")} / b.quantity) END
  FROM parts b JOIN items x ON x.id = b.part_id WHERE b.item_id = c.id AND b.how = 'bundle')"""
# That counts once for all of the pool's places: each sale came from one of them, and made so many
# bundles fewer there, rounded up.
_SOLD_FROM_POOLS = """coalesce((SELECT min(fewer) FROM (
  SELECT sum((min(0, v.available) - y.quantity + 1) / y.quantity) AS fewer FROM (
    SELECT DISTINCT x.sku, b.quantity, o.item_id FROM parts q
    JOIN parts b ON b.item_id = q.part_id AND b.how = 'bundle' JOIN items x ON x.id = b.part_id
    JOIN parts o ON o.part_id = b.part_id AND o.how = 'pool' WHERE q.item_id = i.id) y
  CROSS JOIN movements v ON v.item_id = y.item_id AND v.unseen = 1 GROUP BY y.sku)), 0)"""

# A sum or a number of pieces beyond this would make a share of it more than SQLite's integers hold.
BOUNDED = f"max(-{QUANTITY_MAX}, min({QUANTITY_MAX}, {{}}))"


def read(connection: sqlite3.Connection, compiled: PolicySql) -> None:
    """Read the moved items' truth from their authorities' own listings; NULL where they lack it.

    Not that of what events alone have moved, which stands.
    """
    # Where all units are single pieces the SQL has no multiplication and no bounds: that is the
    # usual case, and it runs for every item that moves.
    quantity, state = compiled.authority("quantity"), compiled.authority("state")
    units = compiled.authority_units()
    derived = "WHERE m.by_events = 0"
    if compiled.terms.bundles or compiled.terms.pools:
        derived += " AND NOT EXISTS (SELECT 1 FROM parts p WHERE p.item_id = i.id)"
    figure = "q.{}" if compiled.counts_pieces() else BOUNDED.format("q.{} * " + units)
    there = f"CASE WHEN q.present = 1 THEN {figure} END"
    # Mostly one listing says both, and hardly any channel says what its number is made of.
    state_of = "q" if quantity == state else "s"
    figures = "(SELECT EXISTS (SELECT 1 FROM cell_figures))"
    made_of = f"CASE WHEN q.present = 1 AND {figures} THEN {figure} END"
    second = "" if state_of == "q" else f"LEFT JOIN listings s ON s.id = {cell(state, 'i.id')}"
    _write_changed(
        connection,
        compiled,
        f"""SELECT i.id, q.id, {state_of}.id, {there.format("available")},
            CASE WHEN {state_of}.present = 1 THEN {STATE_OF.format(f"{state_of}.state")} END,
            {made_of.format("on_hand")}, {made_of.format("incoming")}, {IS_UNCOUNTED}
          FROM moved m CROSS JOIN items i ON i.id = m.item_id
          LEFT JOIN listings q ON q.id = {cell(quantity, "i.id")}
          {second} {derived}""",
    )


def derive(connection: sqlite3.Connection, compiled: PolicySql) -> None:
    """Derive the moved bundles, then the moved pools, for a pool may hold bundles.

    What they rest on is the part's listing that can be trusted least: the one in doubt, else the
    one read longest ago.
    """
    if compiled.terms.bundles:
        _derive(connection, compiled, "bundle", OF_BUNDLE, STATE_OF.format("own.state"))
    if compiled.terms.pools:
        some = of_pool(bundles=bool(compiled.terms.bundles))
        own = STATE_OF.format("own.state")
        _derive(connection, compiled, "pool", some, f"coalesce({own}, {STATE_OF_PARTS})")


IS_UNCOUNTED = "coalesce(q.present = 1 AND q.copies = 1 AND q.available IS NULL, 0)"
"""SQL for whether an authority, by its listing q, has an item and does not count it."""

STATE_OF = f"nullif({{}}, '{UNCOUNTED}')"
"""SQL for what an authority's state says of selling: that it does not count says nothing of it."""

# A part that the authority does not count never limits a bundle. A pool with such a part has nobody
# knows how many.
OF_BUNDLE = f"""CASE WHEN count(*) = count(c.truth_quantity) + sum(c.uncounted)
  THEN min({PART_OF_BUNDLE} / p.quantity) END"""
"""SQL for how many of a bundle there are, over its parts p, whose items are c."""

UNCOUNTED_BUNDLE, UNCOUNTED_POOL = "min(c.uncounted)", "max(c.uncounted)"
"""SQL for whether a bundle or a pool has no number, over its parts p, whose items are c."""

STATE_OF_PARTS = f"""(SELECT x.truth_state FROM parts y
  JOIN items x ON x.id = y.part_id WHERE y.item_id = i.id AND x.truth_state IS NOT NULL
  ORDER BY CASE x.truth_state {_ORDER_OF_STATES} END LIMIT 1)"""
"""SQL for the best state among the parts of item i."""


def of_pool(*, bundles: bool) -> str:
    """SQL for what a pool i has, over its parts p, whose items are c; `bundles`: there are any."""
    at_place, sold = PART_OF_POOL, "0"
    if bundles:
        at_place = f"""CASE WHEN coalesce(c.truth_state, '') NOT IN ({_WORDS})
            AND EXISTS (SELECT 1 FROM parts b WHERE b.item_id = c.id)
          THEN {_BUNDLE_AT_PLACE} ELSE {PART_OF_POOL} END"""
        sold = _SOLD_FROM_POOLS
    together = BOUNDED.format(f"sum(coalesce({at_place}, 0))")
    return f"""CASE WHEN count(c.truth_quantity) > 0 AND max(c.uncounted) = 0
      THEN max(0, {together} + {sold}) END"""


def _derive(
    connection: sqlite3.Connection, compiled: PolicySql, how: str, quantity: str, state: str
) -> None:
    rests_on = f"""(SELECT pl.id FROM parts pp JOIN items pi ON pi.id = pp.part_id
      JOIN listings pl ON pl.id = pi.quantity_listing_id
      JOIN channels pc ON pc.id = pl.channel_id WHERE pp.item_id = i.id
      ORDER BY {TROUBLED.format(listing="pl", channel="pc")} DESC,
        coalesce({source_time("pl")}, pc.as_of), pl.id LIMIT 1)"""
    incoming, uncounted = "min(c.truth_incoming / p.quantity)", UNCOUNTED_BUNDLE
    if how == "pool":
        incoming, uncounted = BOUNDED.format("sum(c.truth_incoming)"), UNCOUNTED_POOL
    _write_changed(
        connection,
        compiled,
        f"""SELECT i.id, {rests_on}, own.id, {quantity}, {state}, NULL, {incoming}, {uncounted}
          FROM moved m CROSS JOIN items i ON i.id = m.item_id
          CROSS JOIN parts p ON p.item_id = i.id AND p.how = '{how}'
          JOIN items c ON c.id = p.part_id
          LEFT JOIN listings own ON own.id = {cell(compiled.authority("state"), "i.id")}
            AND own.present = 1
          GROUP BY m.item_id""",
    )


def _write_changed(connection: sqlite3.Connection, compiled: PolicySql, found: str) -> None:
    """Write those of the truths that differ from what is kept; `found` is SQL for all of them."""
    connection.execute("DELETE FROM truths")
    connection.execute(
        f"""WITH t (item_id, q_id, s_id, quantity, state, on_hand, incoming, uncounted)
          AS ({found})
        INSERT INTO truths SELECT t.* FROM t CROSS JOIN items i ON i.id = t.item_id
        WHERE NOT ({_STANDS})""",
        compiled.values,
    )
    connection.execute(
        f"""{bulk.UPDATE} items SET (truth_quantity, quantity_listing_id, truth_state,
            state_listing_id, truth_on_hand, truth_incoming, uncounted)
          = (SELECT quantity, q_id, state, s_id, on_hand, incoming, uncounted FROM truths
            WHERE item_id = items.id)
        WHERE id IN (SELECT item_id FROM truths)"""
    )

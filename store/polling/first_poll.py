"""What a channel's first poll can be judged by, for there is no good one before it.

A feed of nothing but zeros gives itself away, and so does one that another field than the SKU was
read from: it hardly meets the SKUs of the other side.
"""

import sqlite3

from store.cells.cell_ids import cell
from store.cells.unseen_sums import unseen_sum
from store.poll_counts import FirstCounts
from store.polling.sweep import Sweep

HARDLY_IN = 20
"""One SKU in so many, or fewer, is hardly one."""

_ANY_STOCK = """SELECT 1 FROM stage p
WHERE p.poll_id = ? AND p.problem IS NULL AND p.available > 0 LIMIT 1"""

# What the authority has none of either is no surprise.
_AT_ZERO = f"""SELECT count(*) FROM stage p
LEFT JOIN items i ON i.sku = p.sku AND i.location = p.location
WHERE p.poll_id = ? AND p.problem IS NULL AND p.available <= 0
  AND NOT coalesce(i.truth_quantity + {unseen_sum("available")} <= 0, 0)"""

_ROLE = "instr(roles, 'quantity authority') > 0"
_SIDES = f"""SELECT coalesce(max(CASE WHEN id = :channel THEN {_ROLE} END), 0),
  coalesce(sum({_ROLE}), 0),
  coalesce(sum(CASE WHEN {_ROLE} AND good_poll_id IS NOT NULL THEN listings END), 0),
  coalesce(max(CASE WHEN NOT {_ROLE} AND good_poll_id IS NOT NULL THEN listings END), 0)
FROM channels WHERE configured = 1"""

# LIMIT: a feed that meets the other side, as nearly every one does, is known after a part of it.
_MET = """SELECT count(*) FROM (SELECT 1 FROM stage p WHERE p.poll_id = :poll
  AND p.problem IS NULL AND EXISTS (SELECT 1 FROM items i WHERE i.sku = p.sku AND {there})
  LIMIT :enough)"""
_AT_AUTHORITY = "(i.truth_quantity IS NOT NULL OR i.uncounted = 1)"
_ELSEWHERE = f"""EXISTS (SELECT 1 FROM channels c CROSS JOIN cells l
  WHERE c.id <> :channel AND l.id = {cell("c.id", "i.id")} AND l.present = 1)"""


def counts(connection: sqlite3.Connection, sweep: Sweep) -> FirstCounts | None:
    """Count what gives a first poll away; None for any later poll. All pages must be in."""
    if sweep.based_on is not None:
        return None
    at_zero = 0
    if connection.execute(_ANY_STOCK, (sweep.poll_id,)).fetchone() is None:
        (at_zero,) = connection.execute(_AT_ZERO, (sweep.poll_id,)).fetchone()
    is_authority, authorities, of_authorities, of_others = connection.execute(
        _SIDES, {"channel": sweep.channel_id}
    ).fetchone()
    others = of_others if is_authority else of_authorities
    if is_authority and authorities > 1:
        # Each is the authority for some SKUs only: the channels may list few of these.
        others = 0
    smaller = min(sweep.came, others)
    values = {
        "poll": sweep.poll_id,
        "channel": sweep.channel_id,
        "enough": smaller // HARDLY_IN + 1,
    }
    met = 0
    if smaller:
        there = _ELSEWHERE if is_authority else _AT_AUTHORITY
        (met,) = connection.execute(_MET.format(there=there), values).fetchone()
    return FirstCounts(
        at_zero,
        smaller,
        met,
        is_hardly=met * HARDLY_IN <= smaller,
        is_authority=bool(is_authority),
    )

"""Which events the authority's reading does not include yet, and what they add up to.

Rule 7, docs/architecture.md. A movement is unseen while it is later than the reading's as-of. The
order in which events and readings came plays no part: the flags are made from what is known, for
the items that moved and those whose flags could turn (`could_turn`).
"""

import sqlite3

from store.cells.cell_ids import cell, channel_of
from store.channels import polls
from store.database import worklist
from store.event_kinds import EventFate, EventFault
from store.model import QUANTITY_MAX, Millis
from store.targets import counted_events
from store.targets.counted_events import ALIKE_MS, OF_NOTHING_KNOWN
from store.targets.policy_sql import PolicySql
from store.targets.verdict_sql import (
    SET_BACK_AT,
    as_of_within,
    authority_as_of,
    is_ahead,
    whole_as_of,
)

WORK_TABLES = (
    """CREATE TEMP TABLE IF NOT EXISTS touched (item_id INTEGER PRIMARY KEY, as_of INTEGER,
      sure_until INTEGER, lag_ms INTEGER, authority INTEGER)""",
    "CREATE TEMP TABLE IF NOT EXISTS turned (movement_id INTEGER PRIMARY KEY, item_id INTEGER)",
    """CREATE TEMP TABLE IF NOT EXISTS summed (item_id INTEGER PRIMARY KEY, own INTEGER,
      available INTEGER, on_hand INTEGER)""",
)

ECHO_MS = 60_000
"""How far apart the clocks of a channel and ours may be when it reports our own write."""

_OF_MOVED = """SELECT m.item_id FROM moved m
  WHERE EXISTS (SELECT 1 FROM movements v WHERE v.item_id = m.item_id)"""
_WAITING = "UNION SELECT v.item_id FROM movements v WHERE v.unseen = 1"
_SINCE = f"""UNION SELECT v.item_id FROM movements v WHERE v.at >
  (SELECT min({whole_as_of("c")} - c.lag_ms) FROM channels c WHERE c.configured = 1
    AND instr(c.roles, 'quantity authority') > 0 AND {{whose}})"""

# A pool's sale moves one of its places, and the source times of the others stand still: the newest
# reading of any of them says how far the authority has seen the pool.
NEWEST_PLACE = f"""(SELECT pl.id FROM parts p JOIN items pi ON pi.id = p.part_id
  JOIN listings pl ON pl.id = pi.quantity_listing_id JOIN channels pc ON pc.id = pl.channel_id
  WHERE p.item_id = i.id AND p.how = 'pool'
  ORDER BY {authority_as_of("pl", "pc")} DESC, pl.id LIMIT 1)"""

_POOLS_OF = """SELECT y.item_id FROM parts y WHERE y.how = 'pool' AND y.item_id <> {item}
  AND y.part_id IN (SELECT {item} UNION ALL SELECT q.part_id FROM parts q
    WHERE q.item_id = {item} AND q.how = 'pool')"""

# One channel may report an order at a place, and another at a pool that draws on that place.
OF_ORDER = f"""o.item_id IN (SELECT e.item_id
    UNION ALL SELECT p.part_id FROM parts p WHERE p.item_id = e.item_id AND p.how = 'pool'
    UNION ALL {_POOLS_OF.format(item="e.item_id")})
  AND o.order_ref = e.order_ref"""
"""SQL for whether events o and e name the same order number, of one SKU."""

ALIKE = f"""o.kind = e.kind AND o.quantity = e.quantity
  AND +o.at BETWEEN e.at - {ALIKE_MS} AND e.at + {ALIKE_MS}"""
"""SQL for whether events o and e can be two reports of one thing, of orders of one number."""

OF_ITEM_ORDER = "o.item_id = e.item_id AND o.order_ref = e.order_ref"
"""The same where there are no pools: one look into an index."""


def of_order(*, any_pools: bool) -> str:
    """SQL for whether events o and e name the same order number, of one SKU."""
    return OF_ORDER if any_pools else OF_ITEM_ORDER


def _of_another(same_order: str) -> str:
    """SQL for whether another channel has an event alike to e; for most orders none has."""
    return f"""EXISTS (SELECT 1 FROM events o
      WHERE {same_order} AND +o.channel_id <> e.channel_id)"""


def reported_by_another(same_order: str, among: str, *, first: bool = True) -> str:
    """SQL for whether another channel has reported what event e reports of its order.

    `same_order` says which events o are alike to e, `among` which channels (alias oc) count;
    `first`: only one that reported it earlier than e's channel did. Two lines of one order are two
    events: the second of a channel is told by another that reports two.
    """
    own = f"FROM events o WHERE {same_order} AND +o.channel_id = e.channel_id"
    earlier = (
        f"""(min(o.at), oc.name) < ((SELECT min(o.at) {own}),
      (SELECT ec.name FROM channels ec WHERE ec.id = e.channel_id)) AND"""
        if first
        else ""
    )
    return f"""({_of_another(same_order)} AND EXISTS (SELECT 1
      FROM events o JOIN channels oc ON oc.id = o.channel_id
      WHERE {same_order} AND +o.channel_id <> e.channel_id AND {among}
      GROUP BY o.channel_id HAVING {earlier} count(*) >= (SELECT count(*) {own}
        AND (o.at, o.event_id) <= (e.at, e.event_id))))"""


# The reading may have moved between the approval and the write: what the audit saw when the write
# began says what it changed, not what the correction was proposed from.
ADDED = """(CASE WHEN k.to_quantity IS NOT k.from_quantity THEN k.to_quantity
  - coalesce((SELECT json_extract(u.seen, '$.available') FROM audit u
    WHERE u.correction_id = k.id AND u.step = 'applying' ORDER BY u.id DESC LIMIT 1),
    k.from_quantity) ELSE 0 END)"""
"""SQL for what correction k's write added to what was shown when it was sent: a state, nothing."""

ECHO = f"""EXISTS (SELECT 1 FROM corrections k
  WHERE k.listing_id = {cell("e.channel_id", "e.item_id")} AND k.applying_at IS NOT NULL
    AND e.quantity = {ADDED} AND e.at BETWEEN k.applying_at - {ECHO_MS}
      AND coalesce(k.ended_at, k.applying_at) + {ECHO_MS})"""
"""SQL for whether event e is likely our own write, as its channel reports it."""
# Within the authority's `lag` before its as-of nobody knows whether it has seen an event. Then what
# lowers counts as unseen and what raises as seen: both err to the lower target. A listing's own
# source time is that of its last movement and stands still while nothing moves; `sure_until` ends
# the doubt there once the authority has been read, or its file written, after the lag.
_LATER = """{at} > CASE WHEN min(v.available, v.on_hand) < 0
  THEN min(t.as_of, t.sure_until) ELSE t.as_of END"""


# Events that explain a reading and never move a target: the authority's own; a second report of an
# order that another channel reported first; what returns to an order that took nothing as far as we
# know; what is taken back; and another channel's adjustment that raises, or that is our own write.
# Nothing but that channel vouches for the last kind, and the authority will never take it in, so
# that it would stay unseen for ever.
def unseen(*, any_pools: bool) -> str:
    """SQL for whether movement v of event e is not in the authority's reading, which is as of t."""
    same_order = f"{of_order(any_pools=any_pools)} AND {ALIKE}"
    taken_in_at = f"""(SELECT max({counted_events.happened_at("+o")}) FROM events o
      WHERE {same_order} AND +o.channel_id = t.authority)"""
    return f"""CASE
      WHEN e.channel_id = t.authority THEN 0
      WHEN e.counted = 0 THEN 0
      WHEN e.kind = 'adjusted' AND (v.available >= 0 OR {ECHO}) THEN 0
      WHEN {OF_NOTHING_KNOWN} THEN 0
      WHEN e.order_ref IS NULL OR NOT {_of_another(same_order)} THEN {_LATER.format(at="v.at")}
      WHEN {reported_by_another(same_order, "oc.id <> t.authority")} THEN 0
      ELSE {_LATER.format(at=f"coalesce({taken_in_at}, v.at)")} END"""


_AHEAD = is_ahead("v.at")
_FROM_AHEAD = f"""UPDATE movements AS v SET at = {SET_BACK_AT}
WHERE v.unseen = 1 AND {_AHEAD} AND v.item_id IN (SELECT item_id FROM touched)"""


def _as_of(whole: str) -> str:
    """SQL for what the authority's reading has seen; before any event, if that is from ahead."""
    as_of = as_of_within("a", whole)
    return f"CASE WHEN {as_of} > :now THEN {SET_BACK_AT} - 1 ELSE {as_of} END"


UNSEEN = unseen(any_pools=True)
"""The same, whatever the shop has."""

_BOUNDED_SUM = f"coalesce(max(-{QUANTITY_MAX}, min({QUANTITY_MAX}, sum(v.{{figure}}))), 0)"
UNSEEN_SUM = f"""(SELECT {_BOUNDED_SUM} FROM movements v
  WHERE v.item_id = i.id AND v.unseen = 1)"""

# What a pool sold may have been at any of its places: each of them, and each other pool that draws
# on one of them, promises that much less until the authority's reading shows where it was.
ELSEWHERE = f"""coalesce((SELECT sum(min(0, v.available)) FROM movements v
  WHERE v.unseen = 1 AND v.item_id IN ({_POOLS_OF.format(item="i.id")})), 0)"""
_SHARING = """SELECT item_id FROM {items}
  UNION SELECT p.part_id FROM {items} t CROSS JOIN parts p ON p.item_id = t.item_id
    WHERE p.how = 'pool'
  UNION SELECT o.item_id FROM {items} t CROSS JOIN parts p ON p.item_id = t.item_id
    CROSS JOIN parts o ON o.part_id = p.part_id WHERE p.how = 'pool' AND o.how = 'pool'"""


def could_turn(connection: sqlite3.Connection, polled: int | None, *, decides: bool) -> str:
    """SQL for the items whose flags could turn: those that moved, and as few others as is safe.

    `polled` is the id of the only channel whose readings moved, `decides` whether it is an
    authority.
    """
    # Time goes forward, so that an authority that has seen an event has seen it for good, and only
    # unseen ones are looked at. Where a file went back in time, what it had seen may be unseen
    # again.
    if polled is None:
        return f"{_OF_MOVED} {_WAITING} {_SINCE.format(whose='1')}"
    if not decides:
        return _OF_MOVED
    if not polls.went_back(connection, polled):
        return f"{_OF_MOVED} {_WAITING}"
    return f"{_OF_MOVED} {_WAITING} {_SINCE.format(whose=f'c.id = {polled}')}"


def project(
    connection: sqlite3.Connection, candidates: str, *, any_pools: bool, now: Millis
) -> bool:
    """Turn the flags that have turned, and note as moved each item whose sums have.

    `candidates` is `could_turn`'s answer. The truth of the moved items must have been read before:
    it says which listing they rest on. Returns whether any sum has changed.
    """
    if connection.execute("SELECT 1 FROM movements LIMIT 1").fetchone() is None:
        return False
    for table in ("touched", "turned", "summed"):
        connection.execute(f"DELETE FROM {table}")
    rests_on = f"coalesce({NEWEST_PLACE}, i.quantity_listing_id)"
    connection.execute(
        f"""INSERT INTO touched
        WITH ac AS MATERIALIZED (
          SELECT c.id, c.lag_ms, {whole_as_of("c")} AS whole FROM channels c),
        resting AS MATERIALIZED (
          SELECT i.id, {rests_on if any_pools else "i.quantity_listing_id"} AS listing_id
          FROM ({candidates}) x CROSS JOIN items i ON i.id = x.item_id)
        SELECT r.id, {_as_of("ac.whole")}, ac.whole - ac.lag_ms, ac.lag_ms, ac.id
        FROM resting r CROSS JOIN ac ON ac.id = {channel_of("r.listing_id")}
        LEFT JOIN cell_details a ON a.id = r.listing_id""",
        {"now": now},
    )
    if connection.execute(
        f"SELECT 1 FROM movements v WHERE {_AHEAD} LIMIT 1", {"now": now}
    ).fetchone():
        connection.execute(_FROM_AHEAD, {"now": now})
    connection.execute(
        f"""INSERT INTO turned (movement_id, item_id) SELECT v.id, v.item_id
        FROM touched t CROSS JOIN movements v ON v.item_id = t.item_id AND v.unseen = 1
          OR v.item_id = t.item_id AND v.at > t.as_of - t.lag_ms AND NOT {_AHEAD}
        CROSS JOIN events e ON e.id = v.event_row
        WHERE v.unseen <> {unseen(any_pools=any_pools)}""",
        {"now": now},
    )
    connection.execute(
        """UPDATE movements SET unseen = 1 - unseen
        WHERE id IN (SELECT movement_id FROM turned)"""
    )
    # What a reading has taken in counts in its account from now on.
    connection.execute(
        """UPDATE moved SET by_events = 0
        WHERE item_id IN (SELECT item_id FROM turned) AND by_events = 1"""
    )
    _sum_up(connection, any_pools=any_pools)
    connection.execute("INSERT OR IGNORE INTO moved (item_id) SELECT item_id FROM summed")
    return connection.execute("SELECT 1 FROM summed LIMIT 1").fetchone() is not None


def _sum_up(connection: sqlite3.Connection, *, any_pools: bool) -> None:
    """Add up what is unseen of the touched items, and of those that share a place with them."""
    # Into a table first, and only what differs: the caller goes on with just those whose sum has
    # changed, and an unchanged row is not written.
    touched, elsewhere = "(SELECT item_id AS id FROM touched)", "0"
    if any_pools:
        touched = f"(SELECT item_id AS id FROM ({_SHARING.format(items='touched')}))"
        elsewhere = ELSEWHERE
    connection.execute(
        f"""INSERT INTO summed SELECT s.id, s.own, s.own + s.elsewhere, s.on_hand FROM (
          SELECT i.id, {elsewhere} AS elsewhere,
            {_BOUNDED_SUM.format(figure="available")} AS own,
            {_BOUNDED_SUM.format(figure="on_hand")} AS on_hand
          FROM {touched} i LEFT JOIN movements v ON v.item_id = i.id AND v.unseen = 1
          GROUP BY i.id) s
        LEFT JOIN unseen_sums u ON u.item_id = s.id
        WHERE coalesce(u.own, 0) <> s.own OR coalesce(u.available, 0) <> s.own + s.elsewhere
          OR coalesce(u.on_hand, 0) <> s.on_hand"""
    )
    connection.execute(
        """INSERT INTO unseen_sums SELECT * FROM summed WHERE 1 ON CONFLICT (item_id) DO UPDATE SET
          own = excluded.own, available = excluded.available, on_hand = excluded.on_hand"""
    )
    connection.execute(
        """DELETE FROM unseen_sums WHERE item_id IN (SELECT item_id FROM summed)
        AND own = 0 AND available = 0 AND on_hand = 0"""
    )


_UNSEEN_EVENTS = "INSERT OR IGNORE INTO remade SELECT v.event_row FROM movements v"
_RESET = "DELETE FROM unseen_sums"
_OF_REMADE = """INSERT OR IGNORE INTO moved (item_id)
SELECT v.item_id FROM remade r CROSS JOIN movements v ON v.event_row = r.event_row"""


def remake(connection: sqlite3.Connection, compiled: PolicySql) -> None:
    """Make the unseen movements again: a unit or a bundle may be made of other pieces than before.

    For a change of the configuration; they are added up when all items are compared.
    """
    _begin_remaking(connection)
    connection.execute(f"{_UNSEEN_EVENTS} WHERE v.unseen = 1")
    _move_again(connection, compiled)
    connection.execute(_RESET)


def remake_moved(connection: sqlite3.Connection, compiled: PolicySql) -> None:
    """The same of the moved items alone; notes as moved what shares in their sums."""
    waiting = connection.execute("SELECT 1 FROM movements WHERE unseen = 1 LIMIT 1").fetchone()
    if waiting is None:
        return
    _begin_remaking(connection)
    connection.execute(
        f"""{_UNSEEN_EVENTS} CROSS JOIN events e ON e.id = v.event_row
        WHERE v.unseen = 1 AND e.item_id IN (SELECT item_id FROM moved)"""
    )
    # Both what they moved and what they move now: of a bundle that is made of other parts, these
    # are other items.
    connection.execute(_OF_REMADE)
    _move_again(connection, compiled)
    connection.execute(_OF_REMADE)
    of_moved = f"WHERE item_id IN ({_SHARING.format(items='moved')})"
    reset = connection.execute(f"{_RESET} {of_moved} RETURNING item_id").fetchall()
    worklist.note(connection, (item_id for (item_id,) in reset))


def _begin_remaking(connection: sqlite3.Connection) -> None:
    connection.execute("CREATE TEMP TABLE IF NOT EXISTS remade (event_row INTEGER PRIMARY KEY)")
    connection.execute("DELETE FROM remade")


def _move_again(connection: sqlite3.Connection, compiled: PolicySql) -> None:
    """Make the movements of the events in `remade` again, as if they had just come."""
    connection.execute(
        """INSERT OR IGNORE INTO items (sku, location) SELECT b.component_sku, i.location
        FROM remade r CROSS JOIN events e ON e.id = r.event_row JOIN items i ON i.id = e.item_id
        JOIN bundles b ON b.bundle_sku = i.sku"""
    )
    connection.execute("DELETE FROM movements WHERE event_row IN (SELECT event_row FROM remade)")
    connection.execute(
        f"""INSERT INTO movements (event_row, item_id, available, on_hand, at)
        {counted_events.movements(compiled, "remade")}""",
        compiled.values,
    )


def settle_fates(connection: sqlite3.Connection, compiled: PolicySql, *, now: Millis) -> None:
    """Note what became of each event that came in this transaction."""
    if connection.execute("SELECT 1 FROM fresh_events LIMIT 1").fetchone() is None:
        return
    authority = compiled.authority("quantity")
    same_order = f"{of_order(any_pools=bool(compiled.terms.pools))} AND {ALIKE}"
    fates = connection.execute(
        f"""SELECT CASE
          WHEN EXISTS (SELECT 1 FROM movements v WHERE v.event_row = e.id AND v.unseen = 1)
            THEN '{EventFate.PROJECTED}'
          WHEN e.channel_id = {authority} OR e.kind = 'adjusted' THEN '{EventFate.EXPLAINS}'
          WHEN {OF_NOTHING_KNOWN} THEN '{EventFate.EXPLAINS}'
          WHEN e.counted = 0 THEN '{EventFate.EXCESS}'
          WHEN e.order_ref IS NOT NULL
            AND {reported_by_another(same_order, f"oc.id <> {authority}")} THEN '{EventFate.COPY}'
          ELSE '{EventFate.INCLUDED}' END AS found, e.id
        FROM fresh_events x CROSS JOIN events e ON e.id = x.event_row
        CROSS JOIN items i ON i.id = e.item_id WHERE found <> e.fate""",
        compiled.values,
    ).fetchall()
    connection.executemany("UPDATE events SET fate = ? WHERE id = ?", fates)
    if any(fate == EventFate.INCLUDED for fate, _ in fates):
        _note_late(connection, now=now)
    counted_events.report_excesses(connection, now=now)
    connection.execute("DELETE FROM fresh_events")


def _note_late(connection: sqlite3.Connection, *, now: Millis) -> None:
    """Count against their channels the fresh events that the authority had included already."""
    connection.execute(
        f"""INSERT INTO odd_events (channel_id, event_id, what, seen_at, words)
        SELECT e.channel_id, e.event_id, '{EventFault.LATE}', ?, 'event ' || e.event_id
          || ' came when the authority''s reading included it already'
        FROM fresh_events x CROSS JOIN events e ON e.id = x.event_row
        WHERE e.fate = '{EventFate.INCLUDED}'""",
        (now,),
    )

"""The views that show the cache as it was at an instant: SQL only.

A view has every column of its table: those that are named here as they were, the rest as they are.
"""

import sqlite3
from collections.abc import Iterator, Mapping

from store.cells.cell_ids import code
from store.corrections.audit import CHANGING, SILENCING
from store.model import LIVE_CORRECTIONS, Millis
from store.targets.pending_events import ELSEWHERE, NEWEST_PLACE, UNSEEN, UNSEEN_SUM
from store.targets.truth import (
    BOUNDED,
    IS_UNCOUNTED,
    OF_BUNDLE,
    STATE_OF,
    STATE_OF_PARTS,
    UNCOUNTED_BUNDLE,
    UNCOUNTED_POOL,
    of_pool,
)
from store.targets.verdict_sql import authority_as_of, whole_as_of

AT = "(SELECT at FROM temp.rewound)"
"""SQL for the instant."""

LIVE = ", ".join(f"'{status}'" for status in LIVE_CORRECTIONS)


def last_id(connection: sqlite3.Connection, table: str, column: str, at: Millis) -> int:
    """The last row up to an instant, of a table whose ids follow the time; 0 where there is none.

    Halves the ids, so that it costs a score of lookups and the table no index.
    """
    # Each is one step down the table's tree. For min and max in one SELECT SQLite reads all rows.
    first, last = connection.execute(
        f"SELECT (SELECT min(id) FROM main.{table}), (SELECT max(id) FROM main.{table})"
    ).fetchone()
    found, above = 0, (last or 0) + 1
    below = (first or 1) - 1
    while above - below > 1:
        middle = (above + below) // 2
        row_id, when = connection.execute(
            f"SELECT id, {column} FROM main.{table} WHERE id >= ? ORDER BY id LIMIT 1", (middle,)
        ).fetchone()
        if when <= at:
            found = below = row_id
        else:
            above = middle
    return found


def views(connection: sqlite3.Connection, *, derived: bool, moving: bool) -> Iterator[str]:
    """The statements that make all of them; `derived`: there are bundles or pools.

    `moving`: there have been events.
    """
    for name, (table, alias, columns, where) in _VIEWS.items():
        yield _view(connection, table, alias, columns, where, name)
    yield from _CELLS
    yield _UNSEEN_SUMS.format(is_any=int(moving))
    if derived:
        yield _view(connection, "items", "i", _ITEM, "1", "items_read")
        yield _view(connection, "items", "i", _ITEM | _ITEM_WITH_PARTS, "1")
    else:
        yield _view(connection, "items", "i", _ITEM, "1")


# Each view is of one table, and looks up anything else in subqueries. SQLite can flatten such a
# view into any query and reach it by the table's own indexes; a join in the view would prevent
# that.
def _view(
    connection: sqlite3.Connection,
    table: str,
    alias: str,
    columns: Mapping[str, str],
    where: str,
    name: str = "",
) -> str:
    names = [name for _, name, *_ in connection.execute(f"PRAGMA main.table_info({table})")]
    unknown = set(columns).difference(names)
    if unknown:
        raise ValueError(f"the cache's {table} have no {', '.join(sorted(unknown))}")
    shown = ", ".join(f"{columns.get(column, f'{alias}.{column}')} AS {column}" for column in names)
    rows = f"SELECT {shown} FROM main.{table} {alias} WHERE {where}"
    return f"CREATE TEMP VIEW {name or table} AS {rows}"


def _until(column: str) -> str:
    """A row that ended later had not ended."""
    return f"CASE WHEN {column} <= {AT} THEN {column} END"


# --- listings -------------------------------------------------------------------------------


def _since(column: str, otherwise: str) -> str:
    """SQL for what listing l had: as it is held if it has turned since, else as it is."""
    return f"""CASE WHEN l.id IN (SELECT id FROM temp.listings_since)
      THEN (SELECT s.{column} FROM temp.listings_since s WHERE s.id = l.id)
      WHEN {otherwise} THEN l.{column} END"""


_READ = f"l.observed_at <= {AT}"
_AIMED = f"l.target_since <= {AT}"
_LATER_READ = f"CASE WHEN coalesce(l.opening_read_at, l.observed_at) <= {AT} THEN l.{{}} END"
"""SQL for what is not kept of the past: as it is now, if anything had been read."""

# What was frozen then and has thawed since is known from its incident. A loop freezes both of its
# listings, and has one incident for the two.
_FROZEN = f"""FROM main.incidents n WHERE n.kind IN ('second writer', 'loop', 'shared pool')
  AND n.key = (SELECT sku FROM main.items WHERE id = l.item_id)
  AND (n.kind = 'loop' OR n.channel_id = l.channel_id)
  AND n.since <= {AT} AND n.closed_at > {AT} ORDER BY n.id DESC LIMIT 1"""

_LISTING = {
    "present": f"coalesce({_since('present', _READ)}, 0)",
    "copies": "coalesce((SELECT x.copies FROM temp.doubted x WHERE x.id = l.id), 1)",
    "problem": "(SELECT x.problem FROM temp.doubted x WHERE x.id = l.id)",
    "twins": """CASE WHEN l.copies > 1 OR l.id IN (SELECT id FROM temp.doubted)
      THEN (SELECT x.twins FROM temp.doubted x WHERE x.id = l.id) ELSE l.twins END""",
    # No source is of a later time than the poll that read it.
    "source_at": f"""min({AT}, coalesce(CASE WHEN {_READ} THEN l.source_seen_at END,
      {_since("source_at", _READ)}))""",
    "source_seen_at": "NULL",
    "fell_at": _since("fell_at", f"l.fell_at <= {AT}"),
    "frozen_at": f"""CASE WHEN l.frozen_at <= {AT} THEN l.frozen_at
      ELSE (SELECT n.since {_FROZEN}) END""",
    "frozen_why": f"""CASE WHEN l.frozen_at <= {AT} THEN l.frozen_why
      ELSE (SELECT substr(n.message, length('SKU ' || n.key || ': ') + 1) {_FROZEN}) END""",
    "thawed_at": _until("l.thawed_at"),
}
_LISTING |= {
    column: _since(column, _READ)
    for column in ("available", "state", "on_hand", "committed", "observed_at")
} | {"at_least": f"coalesce({_since('at_least', _READ)}, 0)"}
_LISTING |= {
    column: _since(column, _AIMED) for column in ("target_quantity", "target_state", "target_since")
}
_LISTING |= {
    column: _LATER_READ.format(column) for column in ("unavailable", "incoming", "threshold")
}

_KNOWN_LISTING = f"""CASE WHEN l.id IN (SELECT id FROM temp.listings_since)
  THEN (SELECT s.observed_at IS NOT NULL OR s.target_since IS NOT NULL
    FROM temp.listings_since s WHERE s.id = l.id)
  ELSE {_READ} OR {_AIMED} END OR l.id IN (SELECT id FROM temp.doubted)"""

# What reads the cells themselves, for their indexes, finds them as the listings were.
_CELLS = (
    f"""CREATE TEMP VIEW cells AS SELECT id, available, {code("state")} AS state, target_quantity,
      {code("target_state")} AS target_state, present, at_least, observed_at AS observed_kept,
      target_since AS since_kept
    FROM listings""",
    """CREATE TEMP VIEW cell_oddities AS SELECT id, copies, problem, twins, frozen_at, frozen_why,
      thawed_at, behind_update FROM listings
    WHERE id IN (SELECT id FROM temp.doubted UNION ALL SELECT id FROM main.cell_oddities)""",
)

# --- disagreements and corrections ----------------------------------------------------------


def _open_then(column: str) -> str:
    """SQL for what a disagreement showed then; one that had closed stays as it ended."""
    return f"""CASE WHEN d.id IN (SELECT id FROM temp.open_disagreements)
      THEN (SELECT x.{column} FROM temp.open_disagreements x WHERE x.id = d.id)
      ELSE d.{column} END"""


_DISAGREEMENT = {
    column: _open_then(column)
    for column in ("available", "at_least", "state", "target_quantity", "target_state", "delta",
                   "settles_at", "surplus", "risk_minor", "moved_at")
} | {"closed_at": _until("d.closed_at")}  # fmt: skip


def _stepped(column: str) -> str:
    return f"""CASE WHEN k.id IN (SELECT id FROM temp.stepped_since)
      THEN (SELECT s.{column} FROM temp.stepped_since s WHERE s.id = k.id) ELSE k.{column} END"""


def _unmoved_since(ended_at: str) -> str:
    """SQL for whether correction k's listing has kept its reading and its target since its end."""
    moved = " OR ".join(
        f"""EXISTS (SELECT 1 FROM main.{table} x WHERE x.listing_id = k.listing_id
          AND x.until_at > {ended_at} AND x.until_at <= {AT})"""
        for table in ("past_readings", "past_targets")
    )
    return f"NOT ({moved})"


# What keeps its listing quiet does so until its reading or target moves, which is no step of it. So
# it did then where its last step by then left it so, and neither has moved in between.
_SILENCING = ", ".join(f"'{status}'" for status in SILENCING)
_SILENCES = f"""CASE WHEN k.id IN (SELECT id FROM temp.stepped_since)
  THEN (SELECT s.silences AND {_unmoved_since("s.ended_at")}
    FROM temp.stepped_since s WHERE s.id = k.id)
  WHEN k.status IN ({_SILENCING}) OR k.status = 'verified' AND k.reverts IS NOT NULL
  THEN coalesce(json_extract((SELECT u.left_as FROM main.audit u WHERE u.correction_id = k.id
    ORDER BY u.id DESC LIMIT 1), '$.silences'), 0) AND {_unmoved_since("k.ended_at")}
  ELSE 0 END"""
_CORRECTION = {column: _stepped(column) for column in CHANGING} | {"silences": _SILENCES}

# --- polls, incidents, events ---------------------------------------------------------------

_ENDED_POLL = f"p.finished_at <= {AT}"
# A poll was quarantined until it was accepted, discarded or replaced; its row keeps only the end.
_POLL = {
    column: f"CASE WHEN {_ENDED_POLL} THEN p.{column} END"
    for column in (
        "finished_at", "as_of", "seen", "changed", "zeroed", "gone", "added", "refused",
        "announced", "known",
    )
} | {
    "error": f"""CASE WHEN p.judged_at > {AT}
      THEN substr(p.error, 1, instr(p.error, '; ' || p.outcome || ' by ') - 1)
      WHEN {_ENDED_POLL} THEN p.error END""",
    "judged_by": f"CASE WHEN p.judged_at <= {AT} THEN p.judged_by END",
    "judged_at": _until("p.judged_at"),
    "judged_why": f"CASE WHEN p.judged_at <= {AT} THEN p.judged_why END",
    "outcome": f"""CASE WHEN coalesce({_ENDED_POLL}, 0) = 0 THEN 'running'
      WHEN p.id IN (SELECT c.quarantined_poll_id FROM temp.channels c) THEN 'quarantined'
      ELSE p.outcome END""",
}  # fmt: skip

_IGNORE_RULE = {
    "ended_at": _until("x.ended_at"),
    "ended_by": f"CASE WHEN x.ended_at <= {AT} THEN x.ended_by END",
    "ended_why": f"CASE WHEN x.ended_at <= {AT} THEN x.ended_why END",
}

_INCIDENT = {
    "closed_at": _until("n.closed_at"),
    "closed_by": f"CASE WHEN n.closed_at <= {AT} THEN n.closed_by END",
    "closed_why": f"CASE WHEN n.closed_at <= {AT} THEN n.closed_why END",
    "last_at": f"min(n.last_at, {AT})",
    "acknowledged_by": f"CASE WHEN n.acknowledged_at <= {AT} THEN n.acknowledged_by END",
    "acknowledged_at": _until("n.acknowledged_at"),
}

# Whether the authority had seen a movement is not kept: it is found again, by the same rule as
# live, from what was known then. The listing that an item rests on is the same then and now.
_AS_OF = f"""(SELECT {authority_as_of("a", "ac")} AS as_of,
    {whole_as_of("ac")} - ac.lag_ms AS sure_until, ac.id AS authority
  FROM main.items i JOIN listings a ON a.id = coalesce(
    {NEWEST_PLACE.replace("JOIN items", "JOIN main.items")}, i.quantity_listing_id)
  JOIN channels ac ON ac.id = a.channel_id WHERE i.id = v.item_id)"""
_MOVEMENT = {
    "unseen": f"""coalesce((SELECT {UNSEEN} FROM {_AS_OF} t
      CROSS JOIN main.events e ON e.id = v.event_row), 1)"""
}

_VIEWS: Mapping[str, tuple[str, str, Mapping[str, str], str]] = {
    "listings": ("listings", "l", _LISTING, _KNOWN_LISTING),
    "past_readings": ("past_readings", "x", {}, f"x.until_at <= {AT}"),
    "past_targets": ("past_targets", "x", {}, f"x.until_at <= {AT}"),
    "disagreements": ("disagreements", "d", _DISAGREEMENT, f"d.first_seen_at <= {AT}"),
    "past_disagreements": ("past_disagreements", "d", {}, f"d.closed_at <= {AT}"),
    "corrections": ("corrections", "k", _CORRECTION, f"k.proposed_at <= {AT}"),
    "audit": ("audit", "u", {}, f"u.at <= {AT}"),
    "polls": ("polls", "p", _POLL, "p.id <= (SELECT poll_id FROM temp.rewound)"),
    "incidents": ("incidents", "n", _INCIDENT, f"n.since <= {AT}"),
    "ignore_rules": ("ignore_rules", "x", _IGNORE_RULE, f"x.made_at <= {AT}"),
    "events": ("events", "e", {}, f"e.received_at <= {AT}"),
    "odd_events": ("odd_events", "o", {}, f"o.seen_at <= {AT}"),
    "movements": (
        "movements",
        "v",
        _MOVEMENT,
        f"(SELECT e.received_at FROM main.events e WHERE e.id = v.event_row) <= {AT}",
    ),
    "write_pauses": (
        "write_pauses",
        "w",
        {"ended_at": "NULL", "ended_by": "NULL"},
        f"w.since <= {AT} AND (w.ended_at IS NULL OR w.ended_at > {AT})",
    ),
    "engine": ("engine", "g", {}, "0"),
    "requests": ("requests", "r", {}, "0"),
}
"""View → its table, its alias, the columns as they stood, and which of its rows there were."""

# --- items ----------------------------------------------------------------------------------

_OF_AUTHORITY = "(SELECT CASE WHEN q.present = 1 THEN {} END FROM listings q WHERE q.id = i.{})"


def _truth(figure: str) -> str:
    pieces = f"""CASE WHEN i.truth_units = 1 THEN q.{figure}
      ELSE {BOUNDED.format(f"q.{figure} * i.truth_units")} END"""
    return _OF_AUTHORITY.format(pieces, "quantity_listing_id")


_ITEM = {
    "truth_quantity": _truth("available"),
    "truth_on_hand": _truth("on_hand"),
    "truth_state": _OF_AUTHORITY.format(STATE_OF.format("q.state"), "state_listing_id"),
    "uncounted": f"coalesce({_OF_AUTHORITY.format(IS_UNCOUNTED, 'quantity_listing_id')}, 0)",
}
"""What the authority said of an item."""

_UNSEEN_SUMS = f"""CREATE TEMP VIEW unseen_sums AS SELECT i.id AS item_id,
  {UNSEEN_SUM.format(figure="available")} AS own,
  {UNSEEN_SUM.format(figure="available")} + {ELSEWHERE} AS available,
  {UNSEEN_SUM.format(figure="on_hand")} AS on_hand
FROM main.items i WHERE {{is_any}}"""
"""What it had not taken in."""


DERIVED = """CREATE TEMP TABLE derived (id INTEGER PRIMARY KEY, quantity INTEGER,
  uncounted INTEGER, state TEXT)"""
"""What there was of each item that is made of others."""


def _of_derived(column: str, otherwise: str) -> str:
    return f"""CASE WHEN i.id IN (SELECT id FROM temp.derived)
      THEN (SELECT x.{column} FROM temp.derived x WHERE x.id = i.id) ELSE {otherwise} END"""


_ITEM_WITH_PARTS = {
    "truth_quantity": _of_derived("quantity", _ITEM["truth_quantity"]),
    "truth_on_hand": f"""CASE WHEN i.id NOT IN (SELECT id FROM temp.derived)
      THEN {_ITEM["truth_on_hand"]} END""",
    "truth_state": _of_derived("state", _ITEM["truth_state"]),
    "uncounted": f"coalesce({_of_derived('uncounted', _ITEM['uncounted'])}, 0)",
}


def derive(connection: sqlite3.Connection) -> None:
    """Find what there was of bundles, from what was read, and then of pools, which may hold some.

    Kept in a table: as views upon views it would be more than SQLite puts into one statement.
    """
    connection.execute("DELETE FROM temp.derived")
    (any_bundle,) = connection.execute("SELECT EXISTS (SELECT 1 FROM main.bundles)").fetchone()
    in_pool = of_pool(bundles=bool(any_bundle)).replace("JOIN items x", "JOIN items_read x")
    for how, quantity, uncounted, state in (
        ("bundle", OF_BUNDLE, UNCOUNTED_BUNDLE, "r.truth_state"),
        ("pool", in_pool, UNCOUNTED_POOL, f"coalesce(r.truth_state, {STATE_OF_PARTS})"),
    ):
        of = f"""FROM main.parts p JOIN items c ON c.id = p.part_id
          WHERE p.item_id = i.id AND p.how = '{how}'"""
        connection.execute(
            f"""INSERT INTO temp.derived SELECT i.id, (SELECT {quantity} {of}),
              (SELECT {uncounted} {of}), {state}
            FROM (SELECT DISTINCT item_id AS id FROM main.parts WHERE how = '{how}') i
            CROSS JOIN items_read r ON r.id = i.id"""
        )

"""The views that show the cache as it stood at an instant: SQL only. `store.rewound` makes them.

A view has every column of its table: those that are named here as they stood, the rest as they
are. Each is of one table, whatever it looks up, so that SQLite can flatten it into any query and
reach it by the table's own indexes.
"""

import sqlite3
from collections.abc import Iterator, Mapping

from store.audit import CHANGING
from store.model import LIVE_CORRECTIONS, Millis
from store.projection import ELSEWHERE, NEWEST_PLACE, UNSEEN, UNSEEN_SUM
from store.truth import BOUNDED, OF_BUNDLE, STATE_OF_PARTS, of_pool
from store.verdict import authority_as_of, whole_as_of

AT = "(SELECT at FROM temp.rewound)"
"""SQL for the instant."""

LIVE = ", ".join(f"'{status}'" for status in LIVE_CORRECTIONS)


def last_id(connection: sqlite3.Connection, table: str, column: str, at: Millis) -> int:
    """The last row up to an instant, of a table whose ids follow the time; 0 where there is none.

    Halves the ids, so that it costs a score of lookups and the table no index.
    """
    first, last = connection.execute(f"SELECT min(id), max(id) FROM main.{table}").fetchone()
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


def views(connection: sqlite3.Connection, *, derived: bool) -> Iterator[str]:
    """The statements that make all of them; `derived`: there are bundles or pools."""
    for name, (alias, columns, where) in _VIEWS.items():
        yield _view(connection, name, alias, columns, where)
    if derived:
        yield _view(connection, "items", "i", _ITEM, "1", "items_read")
        yield from _derived_items(connection)
    else:
        yield _view(connection, "items", "i", _ITEM, "1")


def _view(
    connection: sqlite3.Connection,
    table: str,
    alias: str,
    columns: Mapping[str, str],
    where: str,
    name: str = "",
) -> str:
    names = [row[1] for row in connection.execute(f"PRAGMA main.table_info({table})")]
    unknown = set(columns).difference(names)
    if unknown:
        raise ValueError(f"the cache's {table} have no {', '.join(sorted(unknown))}")
    shown = ", ".join(f"{columns.get(each, f'{alias}.{each}')} AS {each}" for each in names)
    rows = f"SELECT {shown} FROM main.{table} {alias} WHERE {where}"
    return f"CREATE TEMP VIEW {name or table} AS {rows}"


def _until(column: str) -> str:
    """A row that ended later had not ended."""
    return f"CASE WHEN {column} <= {AT} THEN {column} END"


# --- listings -------------------------------------------------------------------------------

_PAST_READING = f"""FROM main.past_readings x WHERE x.listing_id = l.id AND x.until_at > {AT}
  AND x.observed_at <= {AT} ORDER BY x.until_at, x.id LIMIT 1"""
_PAST_TARGET = f"""FROM main.past_targets x WHERE x.listing_id = l.id AND x.until_at > {AT}
  AND x.since_at <= {AT} ORDER BY x.until_at, x.id LIMIT 1"""
_DOUBT = f"""FROM main.doubts x WHERE x.listing_id = l.id AND x.since_at <= {AT}
  AND (x.until_at IS NULL OR x.until_at > {AT}) ORDER BY x.id DESC LIMIT 1"""


def _reading(column: str, present: str | None = None) -> str:
    """SQL for what was said of listing l: the reading that stands, else the one that ended next.

    `present` is SQL for the column of one that stands, where that is not the column itself.
    """
    return f"""CASE WHEN l.observed_at <= {AT} THEN {present or f"l.{column}"}
      ELSE (SELECT x.{column} {_PAST_READING}) END"""


def _read(column: str) -> str:
    """SQL for what is not kept of the past: as it is now, if anything had been read."""
    return f"CASE WHEN coalesce(l.opening_read_at, l.observed_at) <= {AT} THEN l.{column} END"


def _target(column: str, kept: str) -> str:
    return f"""CASE WHEN l.target_since <= {AT} THEN l.{column}
      ELSE (SELECT x.{kept} {_PAST_TARGET}) END"""


# What was frozen and has thawed since is told by its incident; a loop freezes both its sides.
_FROZEN = f"""FROM main.incidents n WHERE n.kind IN ('second writer', 'loop')
  AND n.key = (SELECT sku FROM main.items WHERE id = l.item_id)
  AND (n.kind = 'loop' OR n.channel_id = l.channel_id)
  AND n.since <= {AT} AND n.closed_at > {AT} ORDER BY n.id DESC LIMIT 1"""

# No source is of a later time than the poll that read it.
_SOURCE_AT = _reading(
    "source_at",
    f"""CASE WHEN l.source_at <= {AT} THEN l.source_at ELSE min(l.source_at,
      coalesce((SELECT c.as_of FROM temp.channels c WHERE c.id = l.channel_id), {AT})) END""",
)

_LISTING = {
    "present": f"coalesce({_reading('present')}, 0)",
    "copies": f"coalesce((SELECT x.copies {_DOUBT}), 1)",
    "problem": f"(SELECT x.problem {_DOUBT})",
    "available": _reading("available"),
    "state": _reading("state"),
    "on_hand": _reading("on_hand"),
    "committed": _reading("committed"),
    "source_at": _SOURCE_AT,
    "observed_at": _reading("observed_at"),
    "fell_at": f"""CASE WHEN l.fell_at <= {AT} THEN l.fell_at
      ELSE {_reading("fell_at", "NULL")} END""",
    "target_quantity": _target("target_quantity", "quantity"),
    "target_state": _target("target_state", "state"),
    "target_since": _target("target_since", "since_at"),
    "frozen_at": f"""CASE WHEN l.frozen_at <= {AT} THEN l.frozen_at
      ELSE (SELECT n.since {_FROZEN}) END""",
    "frozen_why": f"""CASE WHEN l.frozen_at <= {AT} THEN l.frozen_why
      ELSE (SELECT substr(n.message, length('SKU ' || n.key || ': ') + 1) {_FROZEN}) END""",
    "thawed_at": _until("l.thawed_at"),
} | {column: _read(column) for column in ("unavailable", "incoming", "threshold")}

_KNOWN_LISTING = f"""(l.observed_at <= {AT} OR l.opening_read_at <= {AT} OR l.target_since <= {AT}
  OR EXISTS (SELECT 1 FROM main.past_readings x WHERE x.listing_id = l.id
    AND x.observed_at <= {AT})
  OR EXISTS (SELECT 1 FROM main.past_targets x WHERE x.listing_id = l.id AND x.since_at <= {AT})
  OR EXISTS (SELECT 1 {_DOUBT}))"""

# --- disagreements and corrections ----------------------------------------------------------


def _moved(column: str) -> str:
    return f"""CASE WHEN d.moved_at <= {AT} THEN d.{column}
      ELSE (SELECT m.{column} FROM temp.moved_since m WHERE m.id = d.id) END"""


_DISAGREEMENT = {
    column: _moved(column)
    for column in (
        "available", "state", "target_quantity", "target_state", "delta", "settles_at",
        "risk_minor", "moved_at",
    )
} | {
    "closed_at": _until("d.closed_at"),
    "acknowledged_by": f"CASE WHEN d.acknowledged_at <= {AT} THEN d.acknowledged_by END",
    "acknowledged_at": _until("d.acknowledged_at"),
    "acknowledged_why": f"CASE WHEN d.acknowledged_at <= {AT} THEN d.acknowledged_why END",
}  # fmt: skip


def _stepped(column: str) -> str:
    return f"""CASE WHEN EXISTS (SELECT 1 FROM temp.stepped_since s WHERE s.id = k.id)
      THEN (SELECT s.{column} FROM temp.stepped_since s WHERE s.id = k.id) ELSE k.{column} END"""


_CORRECTION = {column: _stepped(column) for column in CHANGING}

# --- polls, incidents, events ---------------------------------------------------------------

_ENDED_POLL = f"p.finished_at <= {AT}"
# One that was set aside was so until it was accepted or replaced.
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

_INCIDENT = {
    "closed_at": _until("n.closed_at"),
    "closed_by": f"CASE WHEN n.closed_at <= {AT} THEN n.closed_by END",
    "closed_why": f"CASE WHEN n.closed_at <= {AT} THEN n.closed_why END",
    "last_at": f"min(n.last_at, {AT})",
    "acknowledged_by": f"CASE WHEN n.acknowledged_at <= {AT} THEN n.acknowledged_by END",
    "acknowledged_at": _until("n.acknowledged_at"),
}

# Whether the authority had taken a movement in is reckoned anew, by the one rule, from what was
# known of its time. The listing that an item rests on is the same then and now.
_AS_OF = f"""(SELECT {authority_as_of("a", "ac")} AS as_of,
    {whole_as_of("ac")} - ac.lag_ms AS sure_until, ac.id AS authority
  FROM main.items i JOIN listings a ON a.id = coalesce(
    {NEWEST_PLACE.replace("JOIN items", "JOIN main.items")}, i.quantity_listing_id)
  JOIN channels ac ON ac.id = a.channel_id WHERE i.id = v.item_id)"""
_MOVEMENT = {
    "unseen": f"""coalesce((SELECT {UNSEEN} FROM {_AS_OF} t
      CROSS JOIN main.events e ON e.id = v.event_row), 1)"""
}

_VIEWS: Mapping[str, tuple[str, Mapping[str, str], str]] = {
    "listings": ("l", _LISTING, _KNOWN_LISTING),
    "past_readings": ("x", {}, f"x.until_at <= {AT}"),
    "past_targets": ("x", {}, f"x.until_at <= {AT}"),
    "disagreements": ("d", _DISAGREEMENT, f"d.first_seen_at <= {AT}"),
    "corrections": ("k", _CORRECTION, f"k.proposed_at <= {AT}"),
    "audit": ("u", {}, f"u.at <= {AT}"),
    "polls": ("p", _POLL, "p.id <= (SELECT poll_id FROM temp.rewound)"),
    "incidents": ("n", _INCIDENT, f"n.since <= {AT}"),
    "events": ("e", {}, f"e.received_at <= {AT}"),
    "odd_events": ("o", {}, f"o.seen_at <= {AT}"),
    "movements": (
        "v",
        _MOVEMENT,
        f"(SELECT e.received_at FROM main.events e WHERE e.id = v.event_row) <= {AT}",
    ),
    "engine": ("g", {}, "0"),
    "requests": ("r", {}, "0"),
}
"""Table → its alias, its columns as they stood, and which of its rows there were."""

# --- items ----------------------------------------------------------------------------------

_OF_AUTHORITY = "(SELECT CASE WHEN q.present = 1 THEN {} END FROM listings q WHERE q.id = i.{})"


def _truth(figure: str) -> str:
    pieces = f"""CASE WHEN i.truth_units = 1 THEN q.{figure}
      ELSE {BOUNDED.format(f"q.{figure} * i.truth_units")} END"""
    return _OF_AUTHORITY.format(pieces, "quantity_listing_id")


_ITEM = {
    "truth_quantity": _truth("available"),
    "truth_on_hand": _truth("on_hand"),
    "truth_state": _OF_AUTHORITY.format("q.state", "state_listing_id"),
    "pending_own": UNSEEN_SUM.format(figure="available"),
    "pending": f"{UNSEEN_SUM.format(figure='available')} + {ELSEWHERE}",
    "pending_on_hand": UNSEEN_SUM.format(figure="on_hand"),
}
"""What the authority said of an item, and what it had not taken in."""


def _derived_items(connection: sqlite3.Connection) -> Iterator[str]:
    """Items of which some are made of others: first the bundles, of what was read, then pools."""
    bundle = _of_parts("bundle", OF_BUNDLE, "items_read")
    yield _item(connection, "items_bundled", "items_read", bundle, "r.truth_state")
    (any_bundle,) = connection.execute("SELECT EXISTS (SELECT 1 FROM main.bundles)").fetchone()
    sum_of_pool = of_pool(bundles=bool(any_bundle)).replace("JOIN items x", "JOIN items_read x")
    pool = _of_parts("pool", sum_of_pool, "items_bundled")
    state = STATE_OF_PARTS.replace("JOIN items x", "JOIN items_bundled x")
    state = f"""CASE WHEN EXISTS (SELECT 1 FROM parts p WHERE p.item_id = i.id AND p.how = 'pool')
      THEN coalesce(r.truth_state, {state}) ELSE r.truth_state END"""
    yield _item(connection, "items", "items_bundled", pool, state)


def _of_parts(how: str, quantity: str, items: str) -> str:
    """SQL for the quantity of an item that is made of others, else as the view beneath has it."""
    return f"""CASE WHEN EXISTS (SELECT 1 FROM parts p WHERE p.item_id = i.id AND p.how = '{how}')
      THEN (SELECT {quantity} FROM parts p JOIN {items} c ON c.id = p.part_id
        WHERE p.item_id = i.id AND p.how = '{how}')
      ELSE r.truth_quantity END"""


def _item(
    connection: sqlite3.Connection, name: str, beneath: str, quantity: str, state: str
) -> str:
    of = "(SELECT {} FROM " + beneath + " r WHERE r.id = i.id)"
    whole = "EXISTS (SELECT 1 FROM parts p WHERE p.item_id = i.id)"
    columns = dict(_ITEM) | {
        "truth_quantity": of.format(quantity),
        "truth_state": of.format(state),
        "truth_on_hand": f"CASE WHEN NOT {whole} THEN {_ITEM['truth_on_hand']} END",
    }
    return _view(connection, "items", "i", columns, "1", name)

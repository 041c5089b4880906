"""The cache as it was at an instant, on a connection that only reads.

Temporary views and tables take the names of the cache's own tables, so that every query of this
package answers for the instant without knowing of it.

Shown as it was: readings, targets, disagreements, corrections, polls, incidents, events, and what
was in doubt. Shown as it is now, because its past is not kept: the configuration, titles and
prices, what a channel shows beside quantity and state, which listing a bundle or a two-way
disagreement rests on, and an incident's last message. Not shown: acknowledgements and snoozes that
have ended since, pauses of one channel, who ran the engine, and what is unexplained. A quarantined
poll that was accepted later brought its readings when it was taken, and changed what it changed
then. How many listings a channel had is what the next poll found.
"""

import sqlite3
from pathlib import Path
from typing import NamedTuple

from store.corrections.audit import CHANGING
from store.database.connection import Database
from store.history import past_channels, past_views
from store.model import CorrectionStatus, Millis
from store.targets import ignored
from store.targets.copies import SHOWN, SURPLUS, UNITS
from store.targets.policy_sql import state_settles_at
from store.targets.reconciliation import SETTLES_AT

# What has changed since the instant is held here as it was then: listings, corrections, and the
# disagreements that were open. So a query costs what it costs live, a step to another instant what
# changed between the two, and the first look what has changed since.
_TABLES = (
    """CREATE TEMP TABLE rewound (at INTEGER NOT NULL, poll_id INTEGER NOT NULL,
      past_readings INTEGER NOT NULL, past_targets INTEGER NOT NULL, audit INTEGER NOT NULL)""",
    # `waits` is 1 where there was no reading or no target yet, and one came later.
    """CREATE TEMP TABLE listings_since (id INTEGER PRIMARY KEY, present INTEGER, available INTEGER,
      at_least INTEGER, state TEXT, on_hand INTEGER, committed INTEGER, source_at INTEGER,
      observed_at INTEGER, fell_at INTEGER, target_quantity INTEGER, target_state TEXT,
      target_since INTEGER, waits INTEGER)""",
    "CREATE INDEX temp.listings_waiting ON listings_since (id) WHERE waits = 1",
    """CREATE TEMP TABLE doubted (id INTEGER PRIMARY KEY, problem TEXT, copies INTEGER,
      twins TEXT, since_at INTEGER NOT NULL)""",
    f"CREATE TEMP TABLE stepped_since (id INTEGER PRIMARY KEY, {', '.join(CHANGING)})",
    "CREATE TEMP TABLE turned (id INTEGER PRIMARY KEY)",
    # Empty: what is kept of the open ones are the numbers of now.
    "CREATE TEMP TABLE open_counts_reach (upto INTEGER)",
    "CREATE TEMP TABLE open_counts (unpriced INTEGER)",
    "CREATE TEMP TABLE open_apart (id INTEGER)",
    past_views.DERIVED,
)


# Later than any instant.
_EVER_AFTER = 2**63 - 1


class _Position(NamedTuple):
    """How far the temporary tables have come: an instant, and the last row of each history."""

    at: Millis
    past_readings: int
    past_targets: int
    audit: int

    @property
    def ids(self) -> tuple[int, int, int]:
        return self.past_readings, self.past_targets, self.audit


def open_at(path: Path, at: Millis) -> Database:
    """Open the cache at `path` as it stood at an instant, read-only; `Database.rewind` moves it.

    Raises as `Database.open` does, and OlderDatabase where it is not of this version's schema.
    """
    return Database.open(path, past=_Rewound(at))


class _Rewound:
    """The past as a `Database` asks for it."""

    def __init__(self, at: Millis) -> None:
        self.at = at

    def prepare(self, connection: sqlite3.Connection) -> None:
        prepare(connection)

    def show(self, connection: sqlite3.Connection) -> None:
        rewind(connection, self.at)


def prepare(connection: sqlite3.Connection) -> None:
    """Put the views in the tables' place, once for a connection."""
    # SQLite looks for a name in `temp` before `main`: that is what makes every query read the
    # views.
    connection.execute("BEGIN")
    for statement in _TABLES:
        connection.execute(statement)
    for table in ("channels", "open_disagreements"):
        connection.execute(_like(connection, table))
    for name, text in connection.execute(
        """SELECT name, sql FROM main.sqlite_master WHERE type = 'index' AND sql IS NOT NULL
        AND tbl_name = 'open_disagreements' AND sql NOT LIKE '%IS NOT NULL%'"""
    ).fetchall():
        connection.execute(text.replace(name, f"temp.{name}", 1))
    (derived,) = connection.execute("SELECT EXISTS (SELECT 1 FROM main.parts)").fetchone()
    (moving,) = connection.execute("SELECT EXISTS (SELECT 1 FROM main.movements)").fetchone()
    for statement in past_views.views(connection, derived=bool(derived), moving=bool(moving)):
        connection.execute(statement)
    connection.execute("COMMIT")


def _like(connection: sqlite3.Connection, table: str) -> str:
    """A temporary table of the same columns, which may all be empty."""
    columns = connection.execute(f"PRAGMA main.table_info({table})").fetchall()
    declarations = (f"{name} {kind}" for _, name, kind, *_ in columns if name != "id")
    return f"CREATE TEMP TABLE {table} (id INTEGER PRIMARY KEY, {', '.join(declarations)})"


def rewind(connection: sqlite3.Connection, at: Millis) -> None:
    """Bring the temporary tables to an instant, and up to what has been written meanwhile.

    In the transaction of the read that follows, which must be committed. Costs what changed
    between the two instants, the first time what has changed since.
    """
    row = connection.execute(
        "SELECT at, past_readings, past_targets, audit FROM temp.rewound"
    ).fetchone()
    newest = _newest(connection, at)
    if row is not None and _Position(*row) == newest:
        return
    before = None if row is None else _Position(*row)
    connection.execute("DELETE FROM temp.turned")
    if before is None or before.at != at:
        connection.execute("DELETE FROM temp.rewound")
        last_poll = past_views.last_id(connection, "polls", "started_at", at)
        connection.execute(
            "INSERT INTO temp.rewound VALUES (?, ?, ?, ?, ?)", (at, last_poll, *newest.ids)
        )
        past_channels.rewind(connection, at)
        _rewind_doubts(connection, before, at)
    else:
        connection.execute(
            "UPDATE temp.rewound SET past_readings = ?, past_targets = ?, audit = ?", newest.ids
        )
    _rewind_listings(connection, before, newest)
    _rewind_corrections(connection, before, newest)
    if before is None or before.at != at:
        _rewind_disagreements(connection, before, at)
        _rewind_ignored(connection)
    has_parts = "SELECT 1 FROM temp.sqlite_master WHERE name = 'items_read'"
    if connection.execute(has_parts).fetchone() is not None:
        past_views.derive(connection)


def _newest(connection: sqlite3.Connection, at: Millis) -> _Position:
    def last(table: str) -> int:
        (row_id,) = connection.execute(f"SELECT coalesce(max(id), 0) FROM main.{table}").fetchone()
        return int(row_id)

    return _Position(at, last("past_readings"), last("past_targets"), last("audit"))


def _spans(
    connection: sqlite3.Connection,
    table: str,
    column: str,
    before: _Position | None,
    newest: _Position,
) -> list[tuple[int, int]]:
    """The ids of a history that lie between two instants, and those that are new: after, up to."""
    upto = getattr(newest, table)
    if before is None:
        return [(past_views.last_id(connection, table, column, newest.at), upto)]
    spans = [(getattr(before, table), upto)]
    if before.at != newest.at:
        low, high = sorted((before.at, newest.at))
        after, last = (past_views.last_id(connection, table, column, end) for end in (low, high))
        spans.append((after, last))
    return [(after, last) for after, last in spans if last > after]


def _rewind_listings(
    connection: sqlite3.Connection, before: _Position | None, newest: _Position
) -> None:
    """Keep the listings that changed since as they were; `turned` are those to look at."""
    # Readings are looked for by their time and not by id, because an accepted poll's readings are
    # older than their rows: those were written when it was accepted.
    low, high = sorted((newest.at, _EVER_AFTER if before is None else before.at))
    after = newest.past_readings if before is None else before.past_readings
    connection.execute(
        """INSERT OR IGNORE INTO temp.turned SELECT r.listing_id FROM main.reading_ends e
        CROSS JOIN main.past_readings r ON r.id > e.after AND r.id <= e.upto
        WHERE e.at > :low AND e.at <= :high
        UNION ALL SELECT listing_id FROM main.past_readings WHERE id > :after AND id <= :upto""",
        {"low": low, "high": high, "after": after, "upto": newest.past_readings},
    )
    for span in _spans(connection, "past_targets", "until_at", before, newest):
        connection.execute(
            """INSERT OR IGNORE INTO temp.turned SELECT listing_id FROM main.past_targets
            WHERE id > ? AND id <= ?""",
            span,
        )
    connection.execute(
        """INSERT OR IGNORE INTO temp.turned SELECT id FROM temp.listings_since
        WHERE observed_at > :at OR target_since > :at
        UNION ALL SELECT id FROM temp.listings_since WHERE waits = 1""",
        {"at": newest.at},
    )
    connection.execute(_LISTINGS_THEN, {"at": newest.at})


def _then(column: str) -> str:
    return f"CASE WHEN l.observed_at <= :at THEN l.{column} ELSE r.{column} END"


def _target_then(column: str, kept: str) -> str:
    return f"CASE WHEN l.target_since <= :at THEN l.{column} ELSE t.{kept} END"


_LISTINGS_THEN = f"""INSERT OR REPLACE INTO temp.listings_since
SELECT l.id, coalesce({_then("present")}, 0), {_then("available")},
  coalesce({_then("at_least")}, 0), {_then("state")},
  {_then("on_hand")}, {_then("committed")}, {_then("source_at")}, {_then("observed_at")},
  CASE WHEN l.fell_at <= :at THEN l.fell_at WHEN l.observed_at > :at THEN r.fell_at END,
  {_target_then("target_quantity", "quantity")}, {_target_then("target_state", "state")},
  {_target_then("target_since", "since_at")},
  (l.observed_at > :at AND r.id IS NULL) OR (l.target_since > :at AND t.id IS NULL)
FROM temp.turned v CROSS JOIN main.listings l ON l.id = v.id
LEFT JOIN main.past_readings r ON l.observed_at > :at AND r.id = (SELECT x.id
  FROM main.past_readings x WHERE x.listing_id = l.id AND x.until_at > :at
    AND x.observed_at <= :at ORDER BY x.until_at, x.id LIMIT 1)
LEFT JOIN main.past_targets t ON l.target_since > :at AND t.id = (SELECT x.id
  FROM main.past_targets x WHERE x.listing_id = l.id AND x.until_at > :at
    AND x.since_at <= :at ORDER BY x.until_at, x.id LIMIT 1)"""


def _rewind_doubts(connection: sqlite3.Connection, before: _Position | None, at: Millis) -> None:
    """Keep what was in doubt; where that is another than at the instant before, add to `turned`."""
    if before is not None:
        low, high = sorted((before.at, at))
        connection.execute(
            """INSERT OR IGNORE INTO temp.turned SELECT listing_id FROM main.doubts
            WHERE since_at > :low AND since_at <= :high
            UNION ALL SELECT listing_id FROM main.doubts
            WHERE until_at > :low AND until_at <= :high""",
            {"low": low, "high": high},
        )
    connection.execute("DELETE FROM temp.doubted")
    connection.execute(
        """INSERT OR REPLACE INTO temp.doubted SELECT listing_id, problem, copies, twins, since_at
        FROM main.doubts
        WHERE since_at <= :at AND (until_at IS NULL OR until_at > :at) ORDER BY id""",
        {"at": at},
    )


# A disagreement's row keeps only how it is now. What it showed then is found again, as the
# comparison does it, from the reading and the target of that time; its price is the last one that
# is known.
_DISAGREEMENTS_THEN = f"""WITH differing_now AS MATERIALIZED (
    SELECT d.*, {SHOWN} AS shown, {SURPLUS} AS surplus_then,
      l.state AS shown_state, coalesce(l.at_least, 0) AS shown_at_least, l.target_quantity AS goal,
      l.target_state AS goal_state, d.kind IN ('quantity', 'negative') AS numeric,
      coalesce(l.target_quantity, 0) AS wanted, d.moved_at > :at AS moved,
      c.settle_reduce_ms AS reduce_ms, c.settle_raise_ms AS raise_ms,
      coalesce(d.risk_minor / nullif({UNITS}, 0), CASE WHEN d.kind = 'duplicate' THEN
        coalesce(l.price_minor, (SELECT x.price_minor FROM main.items x WHERE x.id = d.item_id))
      END) AS price,
      max(d.first_seen_at, coalesce(l.observed_at, 0), coalesce(l.target_since, 0), coalesce(
        (SELECT x.since_at FROM temp.doubted x WHERE x.id = l.id AND x.copies > 1), 0)) AS then_at
    FROM {{which}} CROSS JOIN main.channels c ON c.id = d.channel_id
    CROSS JOIN listings l ON l.id = d.listing_id
    WHERE d.first_seen_at <= :at AND (d.closed_at IS NULL OR d.closed_at > :at))
INSERT OR REPLACE INTO temp.open_disagreements ({{columns}}) SELECT {{values}} FROM differing_now"""

_STATE_SETTLES_AT = state_settles_at(
    "shown_state", "differing_now.listing_id", reduce_ms="reduce_ms", raise_ms="raise_ms"
)
_FOUND_THEN = {
    "available": "CASE WHEN moved THEN shown ELSE available END",
    "at_least": "CASE WHEN moved THEN shown_at_least ELSE at_least END",
    "state": "CASE WHEN moved THEN shown_state ELSE state END",
    "target_quantity": """CASE WHEN NOT moved THEN target_quantity WHEN numeric THEN wanted
      ELSE goal END""",
    "target_state": "CASE WHEN moved THEN goal_state ELSE target_state END",
    "delta": "CASE WHEN moved AND numeric THEN wanted - shown ELSE delta END",
    "risk_minor": """CASE WHEN moved AND kind <> 'state'
      THEN coalesce(nullif(surplus_then, 0), CASE WHEN numeric THEN abs(wanted - shown) END) * price
      ELSE risk_minor END""",
    "surplus": "CASE WHEN moved AND kind <> 'state' THEN surplus_then ELSE surplus END",
    "moved_at": "CASE WHEN moved THEN then_at ELSE moved_at END",
    "settles_at": f"""CASE WHEN NOT moved THEN settles_at
      WHEN numeric THEN {SETTLES_AT.replace("available", "shown")}
      WHEN kind = 'state' THEN {_STATE_SETTLES_AT}
      ELSE 0 END""",
    "acknowledged_by": "CASE WHEN acknowledged_at <= :at THEN acknowledged_by END",
    "acknowledged_at": "CASE WHEN acknowledged_at <= :at THEN acknowledged_at END",
    "acknowledged_why": "CASE WHEN acknowledged_at <= :at THEN acknowledged_why END",
    "ignored_by": "NULL",
}

_OF_TURNED = """temp.turned v CROSS JOIN main.disagreements d ON d.listing_id = v.id"""
_BETWEEN = """(SELECT id FROM main.open_disagreements
    WHERE id > :opened_after AND id <= :opened_upto
  UNION SELECT id FROM main.past_disagreements WHERE id > :opened_after AND id <= :opened_upto
  UNION SELECT x.id FROM main.channels c CROSS JOIN main.past_disagreements x
    ON x.channel_id = c.id AND x.closed_at > :low AND x.closed_at <= :high) v
CROSS JOIN main.disagreements d ON d.id = v.id"""


def _rewind_disagreements(
    connection: sqlite3.Connection, before: _Position | None, at: Millis
) -> None:
    found = connection.execute("PRAGMA main.table_info(open_disagreements)")
    names = [name for _, name, *_ in found]
    values = ", ".join(_FOUND_THEN.get(name, name) for name in names)
    fill = _DISAGREEMENTS_THEN.replace("{columns}", ", ".join(names)).replace("{values}", values)
    if before is None:
        connection.execute(fill.replace("{which}", "main.disagreements d"), {"at": at})
        return
    low, high = sorted((before.at, at))
    connection.execute(
        """DELETE FROM temp.open_disagreements WHERE first_seen_at > :at
          OR listing_id IN (SELECT id FROM temp.turned)
          OR id IN (SELECT x.id FROM main.channels c CROSS JOIN main.past_disagreements x
            ON x.channel_id = c.id AND x.closed_at > :low AND x.closed_at <= :high)""",
        {"at": at, "low": low, "high": high},
    )
    # Of one series of ids: those that have closed went over to the other table with theirs.
    after, upto = (
        max(
            past_views.last_id(connection, table, "first_seen_at", end)
            for table in ("open_disagreements", "past_disagreements")
        )
        for end in (low, high)
    )
    for which in (_OF_TURNED, _BETWEEN):
        connection.execute(
            fill.replace("{which}", which),
            {"at": at, "low": low, "high": high, "opened_after": after, "opened_upto": upto},
        )


def _rewind_ignored(connection: sqlite3.Connection) -> None:
    """Find again which rule ignored which, by the rules of that time."""
    if connection.execute("SELECT 1 FROM main.ignore_rules LIMIT 1").fetchone() is None:
        return
    if ignored.find(connection, "open_disagreements d", {}):
        ignored.mark(connection)


# The status that a step left a correction in, by the step's name. Only for steps of caches from
# before `left_as` was kept; of holds and expiries they say nothing.
_BY_NAME = {
    "first approval": CorrectionStatus.PROPOSED,
    "undone": CorrectionStatus.PROPOSED,
    "handed back": CorrectionStatus.PROPOSED,
    "proposed again": CorrectionStatus.PROPOSED,
    "not sent": CorrectionStatus.APPROVED,
}


def _rewind_corrections(
    connection: sqlite3.Connection, before: _Position | None, newest: _Position
) -> None:
    """Keep the corrections that took a step since as their last step by then left them."""
    # Those that were proposed after the instant are not shown at all, and need no row.
    last = past_views.last_id(connection, "corrections", "proposed_at", newest.at)
    for after, upto in _spans(connection, "audit", "at", before, newest):
        connection.execute(
            f"""INSERT OR REPLACE INTO temp.stepped_since SELECT u.correction_id, {_as_left()}
            FROM (SELECT DISTINCT correction_id AS id FROM main.audit
              WHERE id > :after AND id <= :upto AND correction_id <= :last) s
            CROSS JOIN main.audit u ON u.id = (SELECT x.id FROM main.audit x
              WHERE x.correction_id = s.id AND x.at <= :at ORDER BY x.id DESC LIMIT 1)""",
            {"at": newest.at, "after": after, "upto": upto, "last": last},
        )


def _as_left() -> str:
    """SQL for the columns of a correction after step u, in the order of CHANGING."""
    by_step = " ".join(f"WHEN '{name}' THEN '{status}'" for name, status in _BY_NAME.items())
    by_name = {
        "status": f"CASE u.step {by_step} ELSE u.step END",
        "version": "json_extract(u.seen, '$.version')",
        "live": f"CASE u.step {by_step} ELSE u.step END IN ({past_views.LIVE})",
        "silences": "0",
        "by_rule": "0",
    }
    # Right after its proposal a correction is known without the JSON of the step.
    new = {"status": "'proposed'", "version": "1", "live": "1", "silences": "0", "by_rule": "0"}
    return ", ".join(
        f"""CASE WHEN u.step = 'proposed' THEN {new.get(name, "NULL")}
          ELSE coalesce(json_extract(u.left_as, '$.{name}'), {by_name.get(name, "NULL")}) END"""
        for name in CHANGING
    )

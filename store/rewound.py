"""The cache as it stood at an instant, on a connection that only reads.

`store.database` calls this. Temporary views and tables take the names of the cache's own tables
(SQLite looks there first), so that every query of this package answers for the instant without
knowing of it; `rewind` moves the instant. `store.stood` is the SQL of the views.

What is kept is shown as it was: readings, targets, disagreements, corrections, polls, incidents,
events, what could not be believed. Shown as it is now, for its past is not kept: the
configuration, titles and prices, what a channel says beside its quantity and state (the last of it
that came with that quantity), which listing a bundle or a two-way disagreement rests on, and an
incident's last words. Not shown, for it cannot be told from what came later: acknowledgements and
snoozes that have ended since, pauses, who ran the engine, and what is unexplained. A poll that was
set aside and accepted later brought its readings when it was taken, and moved what it moved then.
How many listings a channel had is what the next poll found.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from store import stood
from store.audit import CHANGING
from store.comparison import SETTLES_AT
from store.model import CorrectionStatus, IncidentKind, Millis, PollOutcome
from store.polls import ABANDONED

_TABLES = (
    "CREATE TEMP TABLE rewound (at INTEGER NOT NULL, poll_id INTEGER NOT NULL)",
    # Disagreements that have moved since, with what they were: the others stand as they are.
    """CREATE TEMP TABLE moved_since (id INTEGER PRIMARY KEY, available INTEGER, state TEXT,
      target_quantity INTEGER, target_state TEXT, delta INTEGER, settles_at INTEGER,
      risk_minor INTEGER, moved_at INTEGER)""",
    f"CREATE TEMP TABLE stepped_since (id INTEGER PRIMARY KEY, {', '.join(CHANGING)})",
)


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """A transaction that touches nothing but what is temporary."""
    connection.execute("BEGIN")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def prepare(connection: sqlite3.Connection) -> None:
    """Put the views in the tables' place. Before the first `rewind`, once for a connection."""
    for statement in _TABLES:
        connection.execute(statement)
    connection.execute("INSERT INTO rewound VALUES (0, 0)")
    connection.execute(_like(connection, "channels"))
    derived = connection.execute("SELECT EXISTS (SELECT 1 FROM main.parts)").fetchone()[0]
    for statement in stood.views(connection, derived=bool(derived)):
        connection.execute(statement)


def _like(connection: sqlite3.Connection, table: str) -> str:
    """A temporary table of the same columns, which may all be empty."""
    columns = connection.execute(f"PRAGMA main.table_info({table})").fetchall()
    told = (f"{name} {kind}" for _, name, kind, *_ in columns if name != "id")
    return f"CREATE TEMP TABLE {table} (id INTEGER PRIMARY KEY, {', '.join(told)})"


def rewind(connection: sqlite3.Connection, at: Millis) -> None:
    """Move the instant. In a transaction of the caller's, which must be committed.

    Costs what has moved since of the disagreements and corrections that stood then.
    """
    connection.execute("UPDATE rewound SET at = ?, poll_id = ?", (at, _last_poll(connection, at)))
    _rewind_channels(connection, at)
    _rewind_disagreements(connection)
    _rewind_corrections(connection, at)


def _last_poll(connection: sqlite3.Connection, at: Millis) -> int:
    """The last poll that had begun: polls come in the order of their ids."""
    return stood.last_id(connection, "polls", "started_at", at)


class _Poll(NamedTuple):
    id: int
    started_at: Millis
    finished_at: Millis
    outcome: str
    as_of: Millis | None
    error: str | None
    judged_at: Millis | None
    judged_by: str | None
    judged_why: str | None


def _rewind_channels(connection: sqlite3.Connection, at: Millis) -> None:
    connection.execute("DELETE FROM temp.channels")
    connection.execute("INSERT INTO temp.channels SELECT * FROM main.channels")
    ids = [row[0] for row in connection.execute("SELECT id FROM main.channels").fetchall()]
    for channel_id in ids:
        connection.execute(
            """UPDATE temp.channels SET good_poll_id = :good, last_success_at = :success,
              as_of = :as_of, last_poll_at = :last_at, last_outcome = :outcome,
              last_error = :error, quarantined_poll_id = :aside, next_poll_at = :next,
              listings = coalesce(:listings, listings), paused_until = NULL,
              paused_reason = NULL, paused_by = NULL, unexplained = NULL,
              allowance_left = CASE WHEN allowance_at <= :at THEN allowance_left END,
              allowance_of = CASE WHEN allowance_at <= :at THEN allowance_of END
            WHERE id = :channel""",
            _channel(connection, channel_id, at) | {"channel": channel_id, "at": at},
        )


def _channel(connection: sqlite3.Connection, channel_id: int, at: Millis) -> dict[str, object]:
    aside_since = _aside_since(connection, channel_id, at)
    good = _poll(
        connection,
        channel_id,
        at if aside_since is None else aside_since - 1,
        (PollOutcome.GOOD, PollOutcome.ACCEPTED),
    )
    aside = _poll(connection, channel_id, at, _SET_ASIDE)
    last, error = _last(connection, channel_id, at, aside)
    following = connection.execute(_NEXT, {"channel": channel_id, "at": at}).fetchone()
    return {
        "good": None if good is None else good.id,
        "success": None if good is None else good.finished_at,
        "as_of": None if good is None else good.started_at if good.as_of is None else good.as_of,
        "last_at": None if last is None else last.finished_at,
        "outcome": None if last is None else last.outcome,
        "error": error,
        "aside": None if aside is None or aside_since is None else aside.id,
        "next": None if following is None else following[0],
        "listings": _listings(connection, channel_id, at),
    }


def _last(
    connection: sqlite3.Connection, channel_id: int, at: Millis, aside: _Poll | None
) -> tuple[_Poll | None, str | None]:
    """The poll that told last of the channel, and what it complained of.

    `aside` is the last one that was set aside: a person's judgement of it may have come since.
    """
    last = _poll(connection, channel_id, at, _ENDED)
    if last is None or last.outcome == PollOutcome.GOOD:
        return last, None
    judged = aside is not None and aside.judged_at is not None and aside.judged_at <= at
    if aside is not None and judged and (aside.judged_at or 0) >= last.finished_at:
        if aside.outcome == PollOutcome.DISCARDED:
            return last, f"the last poll was discarded by {aside.judged_by}: {aside.judged_why}"
        return aside, None
    if last.judged_at is not None:
        # The words of whoever judged it later were not there yet.
        return last, (last.error or "").rsplit(f"; {last.outcome} by ", 1)[0]
    return last, last.error


_ENDED = (
    PollOutcome.GOOD,
    PollOutcome.FAILED,
    PollOutcome.QUARANTINED,
    PollOutcome.ACCEPTED,
    PollOutcome.REPLACED,
    PollOutcome.DISCARDED,
)
_SET_ASIDE = (
    PollOutcome.QUARANTINED,
    PollOutcome.REPLACED,
    PollOutcome.ACCEPTED,
    PollOutcome.DISCARDED,
)

_NEXT = """SELECT started_at FROM main.polls WHERE channel_id = :channel
  AND id > (SELECT poll_id FROM rewound) ORDER BY id LIMIT 1"""


def _poll(
    connection: sqlite3.Connection, channel_id: int, at: Millis, outcomes: tuple[PollOutcome, ...]
) -> _Poll | None:
    """The channel's last poll that had ended, of those outcomes."""
    row = connection.execute(
        """SELECT id, started_at, finished_at, outcome, as_of, error, judged_at, judged_by,
          judged_why FROM main.polls
        WHERE channel_id = :channel AND finished_at <= :at
          AND outcome IN (SELECT value FROM json_each(:outcomes)) AND error IS NOT :abandoned
        ORDER BY finished_at DESC, id DESC LIMIT 1""",
        {
            "channel": channel_id,
            "at": at,
            "outcomes": json.dumps(outcomes),
            "abandoned": ABANDONED,
        },
    ).fetchone()
    return None if row is None else _Poll(*row)


def _aside_since(connection: sqlite3.Connection, channel_id: int, at: Millis) -> Millis | None:
    """Since when the channel's polls were being set aside: as long as the incident was open."""
    row = connection.execute(
        """SELECT since FROM main.incidents WHERE channel_id = :channel AND kind = :kind
          AND since <= :at AND (closed_at IS NULL OR closed_at > :at) ORDER BY id DESC LIMIT 1""",
        {"channel": channel_id, "kind": IncidentKind.QUARANTINED, "at": at},
    ).fetchone()
    return None if row is None else row[0]


def _listings(connection: sqlite3.Connection, channel_id: int, at: Millis) -> int | None:
    """How many listings the channel had: the next poll tells how many there were before it."""
    row = connection.execute(
        """SELECT known FROM main.polls WHERE channel_id = ? AND finished_at > ?
        AND known IS NOT NULL ORDER BY finished_at, id LIMIT 1""",
        (channel_id, at),
    ).fetchone()
    return None if row is None else row[0]


# As `store.comparison` finds them, from the reading and the target that stood then.
_MOVED_SINCE = f"""WITH then_now AS MATERIALIZED (
    SELECT d.id, d.listing_id, d.kind, l.available, l.state, l.target_quantity, l.target_state,
      d.kind IN ('quantity', 'negative') AS numeric, coalesce(l.target_quantity, 0) AS wanted,
      c.settle_reduce_ms AS reduce_ms, c.settle_raise_ms AS raise_ms,
      d.risk_minor / nullif(abs(d.delta), 0) AS price,
      max(d.first_seen_at, coalesce(l.observed_at, 0), coalesce(l.target_since, 0)) AS moved_at
    FROM main.disagreements d JOIN main.channels c ON c.id = d.channel_id
    JOIN listings l ON l.id = d.listing_id
    WHERE d.moved_at > {stood.AT} AND d.first_seen_at <= {stood.AT}
      AND (d.closed_at IS NULL OR d.closed_at > {stood.AT}))
INSERT INTO moved_since SELECT id, available, state,
  CASE WHEN numeric THEN wanted ELSE target_quantity END, target_state,
  CASE WHEN numeric THEN wanted - available END,
  CASE WHEN numeric THEN {SETTLES_AT}
    WHEN kind = 'state' THEN coalesce((SELECT max(t.until_at) + raise_ms FROM past_targets t
      WHERE t.listing_id = found_now.listing_id AND t.state = found_now.state), 0)
    ELSE 0 END,
  CASE WHEN numeric THEN abs(wanted - available) * price END, moved_at
FROM then_now AS found_now"""


def _rewind_disagreements(connection: sqlite3.Connection) -> None:
    connection.execute("DELETE FROM moved_since")
    connection.execute(_MOVED_SINCE)


# What a correction's last step by then left it as. Steps from before that was kept tell it by
# their name, and nothing of holds.
_BY_NAME = {
    "first approval": CorrectionStatus.PROPOSED,
    "undone": CorrectionStatus.PROPOSED,
    "handed back": CorrectionStatus.PROPOSED,
    "proposed again": CorrectionStatus.PROPOSED,
    "not sent": CorrectionStatus.APPROVED,
}


def _rewind_corrections(connection: sqlite3.Connection, at: Millis) -> None:
    connection.execute("DELETE FROM stepped_since")
    connection.execute(
        f"""INSERT INTO stepped_since SELECT u.correction_id, {_as_left()}
        FROM (SELECT DISTINCT correction_id AS id FROM main.audit WHERE id > :last) s
        CROSS JOIN main.audit u ON u.id = (SELECT x.id FROM main.audit x
          WHERE x.correction_id = s.id AND x.at <= :at ORDER BY x.id DESC LIMIT 1)""",
        {"at": at, "last": stood.last_id(connection, "audit", "at", at)},
    )


def _as_left() -> str:
    """SQL for the columns of a correction after step u, in the order of CHANGING."""
    told = " ".join(f"WHEN '{name}' THEN '{status}'" for name, status in _BY_NAME.items())
    by_name = {
        "status": f"CASE u.step {told} ELSE u.step END",
        "version": "json_extract(u.seen, '$.version')",
        "live": f"CASE u.step {told} ELSE u.step END IN ({stood.LIVE})",
        "silences": "0",
        "by_rule": "0",
    }
    return ", ".join(
        f"coalesce(json_extract(u.left_as, '$.{name}'), {by_name[name]})"
        if name in by_name
        else f"json_extract(u.left_as, '$.{name}')"
        for name in CHANGING
    )

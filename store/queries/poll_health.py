"""How each channel's polls have gone lately.

Each query reads a channel's newest polls by an index, so that it costs the same however many there
were before.
"""

import sqlite3
from collections import defaultdict

from store.model import Millis, PollOutcome
from store.queries.values import Progress, RecentPoll

RECENT_POLLS = 24
ERROR_MINUTES = 10
_MINUTE_MS = 60_000

_SHORT = "p.id, p.started_at, p.finished_at - p.started_at, coalesce(p.seen, 0), p.outcome"


SWEPT_AT = """CASE WHEN (SELECT p.since FROM polls p WHERE p.id = c.good_poll_id) IS NOT NULL
  THEN c.swept_at END"""
"""When a channel (alias c) was last read as a whole, where its newest good poll was not."""

SEEN_AT = f"""CASE WHEN d.kind IN ('missing', 'duplicate') THEN coalesce({SWEPT_AT},
  c.last_success_at) ELSE c.last_success_at END"""
"""When a disagreement (d) was last looked for: that a listing lacks, or is there twice, only a poll
that reads all sees."""


def recent(connection: sqlite3.Connection) -> dict[int, tuple[RecentPoll, ...]]:
    """The newest polls of every configured channel that have ended, oldest first, by its id."""
    # CROSS JOIN makes SQLite go channel by channel, and from there by the index. For the ORDER BY
    # it would otherwise walk all polls by id.
    rows = connection.execute(
        f"""SELECT p.channel_id, {_SHORT} FROM channels c CROSS JOIN polls p
        WHERE c.configured = 1 AND p.channel_id = c.id AND p.finished_at IS NOT NULL AND p.id >=
          (SELECT min(id) FROM
            (SELECT q.id FROM polls q WHERE q.channel_id = c.id ORDER BY q.id DESC LIMIT ?))
        ORDER BY c.id, p.id""",
        (RECENT_POLLS,),
    )
    found: dict[int, list[RecentPoll]] = defaultdict(list)
    for channel_id, poll, at, took_ms, seen, outcome in rows:
        found[channel_id].append(RecentPoll(poll, at, took_ms, seen, PollOutcome(outcome)))
    return {channel_id: tuple(those) for channel_id, those in found.items()}


def running(connection: sqlite3.Connection) -> dict[int, Progress]:
    """How far the polls that run have come, by channel."""
    rows = connection.execute(
        """SELECT p.channel_id, p.started_at, coalesce(p.seen, 0),
          coalesce(p.announced, nullif(p.known, 0))
        FROM channels c CROSS JOIN polls p ON p.id =
          (SELECT max(q.id) FROM polls q WHERE q.channel_id = c.id)
        WHERE c.configured = 1 AND p.outcome = 'running'"""
    )
    return {channel_id: Progress(*row) for channel_id, *row in rows}


def recent_polls(
    connection: sqlite3.Connection, channel: str, *, limit: int = RECENT_POLLS
) -> list[RecentPoll]:
    """One channel's polls, newest first, with what each said when it ended."""
    rows = connection.execute(
        f"""SELECT {_SHORT}, p.error, p.changed, p.since IS NOT NULL
        FROM channels c JOIN polls p ON p.channel_id = c.id
        WHERE c.name = ? ORDER BY p.id DESC LIMIT ?""",
        (channel, limit),
    )
    return [
        RecentPoll(poll, at, took_ms, seen, PollOutcome(outcome), error, changed, bool(is_delta))
        for poll, at, took_ms, seen, outcome, error, changed, is_delta in rows
    ]


def errors_by_minute(connection: sqlite3.Connection, *, now: Millis) -> tuple[int, ...]:
    """How many polls failed or were quarantined in each of the last ten minutes, oldest first."""
    counted = [0] * ERROR_MINUTES
    rows = connection.execute(
        """SELECT (:now - p.finished_at) / :minute, count(*)
        FROM channels c CROSS JOIN polls p
        WHERE c.configured = 1 AND p.channel_id = c.id AND p.finished_at BETWEEN :since AND :now
          AND p.outcome IN ('failed', 'quarantined', 'replaced')
        GROUP BY 1""",
        {"now": now, "minute": _MINUTE_MS, "since": now - ERROR_MINUTES * _MINUTE_MS + 1},
    )
    for ago, count in rows:
        counted[ERROR_MINUTES - 1 - ago] = count
    return tuple(counted)

"""How each channel was at an instant: its last good poll, its last error, its quarantined poll."""

import json
import sqlite3
from typing import NamedTuple

from store.channels.polls import ABANDONED
from store.model import IncidentKind, Millis, PollOutcome


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


def rewind(connection: sqlite3.Connection, at: Millis) -> None:
    """Fill the temporary table of channels with how each was."""
    # A channel's row keeps the present only. What it was is found from its polls and incidents,
    # both of which have an index by channel.
    connection.execute("DELETE FROM temp.channels")
    connection.execute("INSERT INTO temp.channels SELECT * FROM main.channels")
    ids = [row[0] for row in connection.execute("SELECT id FROM main.channels").fetchall()]
    for channel_id in ids:
        connection.execute(
            """UPDATE temp.channels SET good_poll_id = :good, last_success_at = :success,
              as_of = :as_of, last_poll_at = :last_at, last_outcome = :outcome,
              last_error = :error, quarantined_poll_id = :aside, next_poll_at = :next,
              listings = coalesce(:listings, listings), gap = :gap, paused_until = NULL,
              paused_reason = NULL, paused_by = NULL, unexplained = NULL,
              allowance_left = CASE WHEN allowance_at <= :at THEN allowance_left END,
              allowance_of = CASE WHEN allowance_at <= :at THEN allowance_of END
            WHERE id = :channel""",
            _channel(connection, channel_id, at) | {"channel": channel_id, "at": at},
        )


def _channel(connection: sqlite3.Connection, channel_id: int, at: Millis) -> dict[str, object]:
    since = {
        kind: _incident(connection, channel_id, kind, at)
        for kind in (IncidentKind.QUARANTINED, IncidentKind.GAP)
    }
    aside_since, _ = since[IncidentKind.QUARANTINED]
    _, gap = since[IncidentKind.GAP]
    good = _poll(
        connection,
        channel_id,
        at if aside_since is None else aside_since - 1,
        (PollOutcome.GOOD, PollOutcome.ACCEPTED),
    )
    aside = _poll(connection, channel_id, at, _QUARANTINED)
    last, error = _last(connection, channel_id, at, aside)
    (following,) = connection.execute(_NEXT, {"channel": channel_id, "at": at}).fetchone() or (
        None,
    )
    return {
        "good": None if good is None else good.id,
        "success": None if good is None else good.finished_at,
        "as_of": None if good is None else good.started_at if good.as_of is None else good.as_of,
        "last_at": None if last is None else last.finished_at,
        "outcome": None if last is None else last.outcome,
        "error": error,
        "aside": None if aside is None or aside_since is None else aside.id,
        "next": following,
        "gap": gap,
        "listings": _listings(connection, channel_id, at),
    }


def _last(
    connection: sqlite3.Connection, channel_id: int, at: Millis, aside: _Poll | None
) -> tuple[_Poll | None, str | None]:
    """The channel's last poll that had ended by then, and the error that the channel showed.

    `aside` is the last one that was quarantined: a person's decision on it may have come after it.
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
        # Whoever judged it later added a sentence to its error, which was not there yet.
        error, *_ = (last.error or "").rsplit(f"; {last.outcome} by ", 1)
        return last, error
    return last, last.error


_ENDED = (
    PollOutcome.GOOD,
    PollOutcome.FAILED,
    PollOutcome.QUARANTINED,
    PollOutcome.ACCEPTED,
    PollOutcome.REPLACED,
    PollOutcome.DISCARDED,
)
_QUARANTINED = (
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


def _incident(
    connection: sqlite3.Connection, channel_id: int, kind: IncidentKind, at: Millis
) -> tuple[Millis | None, str | None]:
    """Since when the channel's incident of a kind was open, and its message; None: it was not."""
    row = connection.execute(
        """SELECT since, message FROM main.incidents WHERE channel_id = :channel AND kind = :kind
          AND since <= :at AND (closed_at IS NULL OR closed_at > :at) ORDER BY id DESC LIMIT 1""",
        {"channel": channel_id, "kind": kind, "at": at},
    ).fetchone()
    if row is None:
        return None, None
    since, message = row
    return since, message


def _listings(connection: sqlite3.Connection, channel_id: int, at: Millis) -> int | None:
    """How many listings the channel had: the next poll keeps how many there were before it."""
    row = connection.execute(
        """SELECT known FROM main.polls WHERE channel_id = ? AND finished_at > ?
        AND known IS NOT NULL ORDER BY finished_at, id LIMIT 1""",
        (channel_id, at),
    ).fetchone()
    return None if row is None else row[0]

"""What has ended since somebody last looked: polls and updates. Costs what is new."""

import json
import sqlite3
from collections.abc import Collection
from typing import NamedTuple

from store.database.rows import Columns
from store.model import CorrectionStatus, Millis, PollOutcome

ENDS = tuple(
    str(status)
    for status in CorrectionStatus
    if status
    in {
        CorrectionStatus.VERIFIED, CorrectionStatus.FAILED, CorrectionStatus.NOT_APPLIED,
        CorrectionStatus.UNKNOWN, CorrectionStatus.EXPIRED, CorrectionStatus.REJECTED,
        CorrectionStatus.SUPERSEDED,
    }
)  # fmt: skip


class RecordedPoll(NamedTuple):
    """A poll that has ended, or that runs."""

    id: int
    channel: str
    outcome: str
    """`running` where it has not ended."""
    took_ms: Millis | None

    @property
    def is_running(self) -> bool:
        return self.outcome == PollOutcome.RUNNING


class EndedUpdate(NamedTuple):
    """An update's last step."""

    step_id: int
    channel: str
    result: str
    """The status that it ended in."""


_POLL = Columns(
    RecordedPoll,
    {
        "id": "p.id",
        "channel": "c.name",
        "outcome": "p.outcome",
        "took_ms": "p.finished_at - p.started_at",
    },
)


def polls(
    connection: sqlite3.Connection, after: int, running: Collection[int] = ()
) -> list[RecordedPoll]:
    """The polls with a larger id than `after`, and those of `running`, in order."""
    rows = connection.execute(
        f"""SELECT {_POLL.sql} FROM polls p JOIN channels c ON c.id = p.channel_id
        WHERE p.id > ? OR p.id IN (SELECT value FROM json_each(?)) ORDER BY p.id""",
        (after, json.dumps(sorted(running))),
    )
    return list(map(_POLL.read, rows))


def newest_poll(connection: sqlite3.Connection) -> int:
    """The largest id of a poll; 0: there is none."""
    (found,) = connection.execute("SELECT coalesce(max(id), 0) FROM polls").fetchone()
    return int(found)


def updates(connection: sqlite3.Connection, after: int) -> list[EndedUpdate]:
    """The updates that ended with a later step of the audit than `after`, in order."""
    rows = connection.execute(
        """SELECT u.id, c.name, u.step FROM audit u
        CROSS JOIN corrections k ON k.id = u.correction_id
        CROSS JOIN listings l ON l.id = k.listing_id CROSS JOIN channels c ON c.id = l.channel_id
        WHERE u.id > ? AND u.step IN (SELECT value FROM json_each(?)) ORDER BY u.id""",
        (after, json.dumps(ENDS)),
    )
    return [EndedUpdate(*row) for row in rows]

"""What a monitor reads: what stands now, and what has ended since it last looked."""

import sqlite3

import msgspec

from store.corrections import audit
from store.model import Millis
from store.monitoring import ended_since
from store.monitoring.ended_since import EndedUpdate, RecordedPoll
from store.monitoring.kind_counts import KindCount, kind_counts
from store.queries import status_counts
from store.queries.values import StatusCounts


class Mark(msgspec.Struct, frozen=True):
    """How far a monitor has read."""

    poll: int
    """The last poll that was there; those that ran then are in `running`."""
    step: int
    """The last step of the audit."""
    running: frozenset[int] = frozenset()


class Monitored(msgspec.Struct, frozen=True):
    """One reading, over one snapshot."""

    status: StatusCounts
    kinds: list[KindCount]
    polls: list[RecordedPoll]
    """Those that have ended since the mark."""
    updates: list[EndedUpdate]
    mark: Mark
    """For the next reading."""


def here(connection: sqlite3.Connection) -> Mark:
    """The mark of a monitor that begins now."""
    return Mark(ended_since.newest_poll(connection), audit.newest_step(connection))


def read(connection: sqlite3.Connection, mark: Mark, *, now: Millis) -> Monitored:
    """Read what stands, and what has ended since `mark`."""
    recorded = ended_since.polls(connection, mark.poll, mark.running)
    updates = ended_since.updates(connection, mark.step)
    running = frozenset(poll.id for poll in recorded if poll.is_running)
    return Monitored(
        status=status_counts.status(connection, now=now),
        kinds=kind_counts(connection, now=now),
        polls=[poll for poll in recorded if not poll.is_running],
        updates=updates,
        mark=Mark(
            max((poll.id for poll in recorded), default=mark.poll),
            max((update.step_id for update in updates), default=mark.step),
            running,
        ),
    )

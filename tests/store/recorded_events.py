"""Events that come by themselves, of one channel, as a test has them."""

import sqlite3
from collections.abc import Sequence

from store.event_kinds import Event, EventsTaken
from store.polling import events
from store.polling.comparison import Comparison
from store.polling.events import EventOrigin


def record_events(
    connection: sqlite3.Connection,
    source: EventOrigin,
    batch: Sequence[Event],
    comparison: Comparison,
) -> EventsTaken:
    """Take events outside any poll, and compare what they move. For `Database.write`."""
    comparison.forget_moved(connection)
    taken = events.take(connection, source, batch, comparison.terms)
    comparison.reconcile_moved(connection, now=source.now, channel=source.channel)
    return taken

"""Instants that many cells share, kept once: a poll's, or that of a change of policy.

A cell has six bytes for an instant of its own. For one that it shares with many it has a number
below zero, of one byte or two, which is the id of a row of `instants`; the view `listings` shows
the instant itself.
"""

import sqlite3

from store.model import Millis

MANY = 256
"""From so many cells on, an instant is kept once, and for good: a thousandth of what their history
takes. Their rows stay nearly as long as they were, too, so that full pages need not be split."""


def kept_as(connection: sqlite3.Connection, at: Millis, cells: int) -> int:
    """What an instant is kept as in so many cells, or at the least in so many."""
    if cells < MANY:
        return at
    connection.execute(
        """INSERT INTO instants (id, at) SELECT coalesce(min(id), 0) - 1, ? FROM instants WHERE 1
        ON CONFLICT (at) DO NOTHING""",
        (at,),
    )
    (number,) = connection.execute("SELECT id FROM instants WHERE at = ?", (at,)).fetchone()
    return int(number)

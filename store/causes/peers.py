"""What all open quantity disagreements of a channel have in common: one delta, one ratio, a swap.

A channel with 100,000 of them costs some tens of milliseconds.
"""

import sqlite3
from collections.abc import Iterable

from store.causes.facts import MANY, ChannelCrowd, ChannelPeers
from store.cells.cell_ids import of_channel

SWAPS_MAX = 20_000
"""Of a channel with more of them no swaps are looked for: that takes a twentieth of a second."""

Crowds = dict[int, ChannelCrowd]
"""By a channel's id, what its open ones have in common."""

# A channel's cells lie together, and so does what is open of them in the index by cell.
_OPEN = f"{of_channel('d.listing_id', ':channel')} AND d.kind = 'quantity'"

_DELTAS = f"""SELECT d.delta, count(*) FROM open_disagreements d
WHERE {_OPEN} GROUP BY d.delta"""

_RATIO = f"""SELECT up, ratio FROM (
  SELECT d.delta > 0 AS up, CASE
    WHEN d.available <= 0 OR d.available + d.delta <= 0 THEN NULL
    WHEN d.delta > 0 AND (d.available + d.delta) % d.available = 0
    THEN (d.available + d.delta) / d.available
    WHEN d.delta < 0 AND d.available % (d.available + d.delta) = 0
    THEN d.available / (d.available + d.delta) END AS ratio
  FROM open_disagreements d WHERE {_OPEN})
WHERE ratio >= 2 GROUP BY up, ratio HAVING count(*) >= {MANY}
ORDER BY count(*) DESC, ratio DESC LIMIT 1"""

_OF_RATIO = f"""SELECT count(*) FROM open_disagreements d WHERE {_OPEN}
AND (d.delta > 0) = :up AND CASE WHEN :up THEN d.available = (d.available + d.delta) / :ratio
  ELSE d.available + d.delta = d.available / :ratio END"""

# Both sides of a swap must be the only ones with their two numbers at their location: with a second
# pair of the same numbers, nobody could say which of them belong together. How far two numbers are
# apart, and what they add up to, is the same for both sides.
_SWAPS = f"""SELECT x.first, oi.sku, x.second, i.sku FROM (
  SELECT min(d.id) AS first, max(d.id) AS second
  FROM open_disagreements d CROSS JOIN items i ON i.id = d.item_id
  WHERE {_OPEN} AND d.delta <> 0 GROUP BY i.location, abs(d.delta), 2 * d.available + d.delta
  HAVING count(*) = 2 AND sum(d.delta) = 0) x
CROSS JOIN open_disagreements d ON d.id = x.first CROSS JOIN items i ON i.id = d.item_id
CROSS JOIN open_disagreements o ON o.id = x.second CROSS JOIN items oi ON oi.id = o.item_id"""


def of_channels(connection: sqlite3.Connection, channels: Iterable[int]) -> Crowds:
    """The same of these channels, by their ids."""
    return {channel_id: of_one(connection, channel_id) for channel_id in channels}


def of_one(connection: sqlite3.Connection, channel_id: int) -> ChannelCrowd:
    """What the open quantity disagreements of a channel have in common."""
    mine = {"channel": channel_id}
    deltas = dict(connection.execute(_DELTAS, mine).fetchall())
    total = sum(deltas.values())
    swaps: dict[int, str] = {}
    if total <= SWAPS_MAX:
        for first, other, second, sku in connection.execute(_SWAPS, mine):
            swaps |= {first: other, second: sku}
    return ChannelCrowd(_in_common(connection, mine, deltas, total), swaps)


def _in_common(
    connection: sqlite3.Connection, mine: dict[str, int], deltas: dict[int, int], total: int
) -> ChannelPeers:
    if total < MANY:
        return ChannelPeers(total)
    many = {delta: count for delta, count in deltas.items() if count >= MANY}
    row = connection.execute(_RATIO, mine).fetchone()
    if row is None:
        return ChannelPeers(total, many)
    up, ratio = row
    (count,) = connection.execute(_OF_RATIO, mine | {"up": up, "ratio": ratio}).fetchone()
    return ChannelPeers(total, many, ratio, count, bool(up))

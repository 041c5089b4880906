"""What all open quantity disagreements of a channel have in common: one delta, one ratio, a swap.

A channel with 100,000 of them costs some tens of milliseconds.
"""

import sqlite3
from collections.abc import Iterable

from store.causes.facts import MANY, ChannelPeers

Crowds = dict[int, ChannelPeers]
"""By a channel's id, what its open ones have in common."""

_ASKED = """WITH asked (id, since) AS (
  SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(:asked))"""
_OPEN = "d.kind = 'quantity'"

_DELTAS = f"""SELECT d.delta, count(*) FROM open_disagreements d
WHERE d.channel_id = ? AND {_OPEN} GROUP BY d.delta"""

# The target is written as `available + delta`, because both stand in one covering index: reading
# the column itself would fetch each of 100,000 rows from the table.
_RATIO = f"""SELECT up, ratio FROM (
  SELECT d.delta > 0 AS up, CASE
    WHEN d.available <= 0 OR d.available + d.delta <= 0 THEN NULL
    WHEN d.delta > 0 AND (d.available + d.delta) % d.available = 0
    THEN (d.available + d.delta) / d.available
    WHEN d.delta < 0 AND d.available % (d.available + d.delta) = 0
    THEN d.available / (d.available + d.delta) END AS ratio
  FROM open_disagreements d WHERE d.channel_id = ? AND {_OPEN})
WHERE ratio >= 2 GROUP BY up, ratio HAVING count(*) >= {MANY}
ORDER BY count(*) DESC, ratio DESC LIMIT 1"""

_OF_RATIO = f"""SELECT count(*) FROM open_disagreements d WHERE d.channel_id = :channel AND {_OPEN}
AND (d.delta > 0) = :up AND CASE WHEN :up THEN d.available = (d.available + d.delta) / :ratio
  ELSE d.available + d.delta = d.available / :ratio END"""

_SAME_NUMBERS = """s.channel_id = d.channel_id AND s.kind = 'quantity'
  AND s.delta = {delta} AND s.available = {available}"""
_THERE = "JOIN items si ON si.id = s.item_id AND si.location = i.location"
_FACING = _SAME_NUMBERS.format(delta="-d.delta", available="d.available + d.delta")

# Both sides of a swap must be the only ones with their two numbers at their location: with a second
# pair of the same numbers, nobody could say which of them belong together.
_SWAPPED = f"""{_ASKED}
SELECT d.id, oi.sku FROM asked CROSS JOIN open_disagreements d ON d.id = asked.id AND {_OPEN}
JOIN items i ON i.id = d.item_id
JOIN open_disagreements o
  ON o.id = (SELECT s.id FROM open_disagreements s {_THERE} WHERE {_FACING} LIMIT 1)
JOIN items oi ON oi.id = o.item_id
WHERE NOT EXISTS (SELECT 1 FROM open_disagreements s {_THERE} WHERE {_FACING} AND s.id <> o.id)
  AND NOT EXISTS (SELECT 1 FROM open_disagreements s {_THERE}
    WHERE {_SAME_NUMBERS.format(delta="d.delta", available="d.available")} AND s.id <> d.id)"""


def swapped(connection: sqlite3.Connection, pairs: str) -> dict[int, str]:
    """For each asked disagreement that has just one counterpart in numbers, its SKU."""
    return dict(connection.execute(_SWAPPED, {"asked": pairs}).fetchall())


def of_channels(connection: sqlite3.Connection, channels: Iterable[int]) -> Crowds:
    """The same of these channels, by their ids."""
    return {channel_id: of_channel(connection, channel_id) for channel_id in channels}


def of_channel(connection: sqlite3.Connection, channel_id: int) -> ChannelPeers:
    """What the open quantity disagreements of a channel have in common."""
    deltas = dict(connection.execute(_DELTAS, (channel_id,)).fetchall())
    total = sum(deltas.values())
    if total < MANY:
        return ChannelPeers(total)
    many = {delta: count for delta, count in deltas.items() if count >= MANY}
    row = connection.execute(_RATIO, (channel_id,)).fetchone()
    if row is None:
        return ChannelPeers(total, many)
    up, ratio = row
    (count,) = connection.execute(
        _OF_RATIO, {"channel": channel_id, "up": up, "ratio": ratio}
    ).fetchone()
    return ChannelPeers(total, many, ratio, count, bool(up))

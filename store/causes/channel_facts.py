"""What is the same for all disagreements of one channel, found once for each channel."""

import sqlite3
from array import array
from bisect import bisect_right
from collections.abc import Mapping

import msgspec

from store.causes import peers
from store.causes.facts import ChannelCrowd
from store.model import Millis

_POLLS_MAX = 1_000
"""The newest polls among which those since a change are counted."""

_POLLS = f"""SELECT p.finished_at FROM channels c CROSS JOIN polls p ON p.channel_id = c.id
WHERE c.id = ? AND p.id > c.good_poll_id - {_POLLS_MAX} AND p.outcome IN ('good', 'accepted')
  AND p.finished_at IS NOT NULL"""


class ChannelFacts(msgspec.Struct, frozen=True):
    """What one channel adds to the facts about its disagreements."""

    crowd: ChannelCrowd
    reports_events: bool
    """Whether it has ever reported an event."""
    polled_at: "array[int]"
    """When its newest good polls ended, in order."""

    def polls_since(self, at: Millis) -> int:
        """How many good polls ended after an instant."""
        return len(self.polled_at) - bisect_right(self.polled_at, at)


class ChannelsOfSnapshot:
    """The channels' facts, for all pages of one snapshot: each is found by the first that asks."""

    def __init__(self, crowds: Mapping[int, ChannelCrowd] | None = None) -> None:
        """`crowds`: what is known of some channels already, and not counted again."""
        self._found: dict[int, ChannelFacts] = {}
        self._crowds = crowds or {}

    @property
    def crowds(self) -> dict[int, ChannelCrowd]:
        """What the channels that were asked for have in common, as it was given or counted."""
        return {channel_id: facts.crowd for channel_id, facts in self._found.items()}

    def of(self, connection: sqlite3.Connection, channel_id: int) -> ChannelFacts:
        found = self._found.get(channel_id)
        if found is None:
            found = self._found[channel_id] = _find(
                connection, channel_id, self._crowds.get(channel_id)
            )
        return found


def _find(
    connection: sqlite3.Connection, channel_id: int, crowd: ChannelCrowd | None
) -> ChannelFacts:
    (reports_events,) = connection.execute(
        "SELECT EXISTS (SELECT 1 FROM events WHERE channel_id = ?)", (channel_id,)
    ).fetchone()
    polled_at = sorted(at for (at,) in connection.execute(_POLLS, (channel_id,)))
    return ChannelFacts(
        crowd=peers.of_one(connection, channel_id) if crowd is None else crowd,
        reports_events=bool(reports_events),
        polled_at=array("q", polled_at),
    )

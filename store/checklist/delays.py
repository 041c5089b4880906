"""How late the events and readings of each channel were, as far as it can be known exactly.

Four kinds of spans, each of the window only:

- *arrival*: from an event's own time until we took it.
- *shown*: from when a target moved until the channel showed it.
- *included*: from another channel's event until the authority's reading included it.
- *overlooked*: for the same events, how much later than the event the as-of of the last reading was
  that still lacked it; 0 where none was. The `lag` has to be longer (rule 7, docs/architecture.md).
"""

import json
import sqlite3
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple

from store.checklist.values import Spans, spans
from store.model import Millis

EVENTS_MAX = 20_000
SPANS_MAX = 5_000
"""The newest are measured, spans of each channel: enough for a percentile, and soon done."""

# Only disagreements that began because the target moved (an earlier target ended at that very
# instant) and ended because the reading did (an earlier reading ended then). Where the channel
# itself moved first, how long it differed says nothing of how late it shows a target.
_SHOWN = """SELECT d.closed_at - d.first_seen_at,
  EXISTS (SELECT 1 FROM corrections k WHERE k.listing_id = d.listing_id
    AND k.applying_at BETWEEN d.first_seen_at AND d.closed_at)
FROM (SELECT * FROM past_disagreements WHERE channel_id = ? AND closed_at > ? AND kind = 'quantity'
  ORDER BY closed_at DESC LIMIT ?) d
WHERE EXISTS (SELECT 1 FROM past_targets t
    WHERE t.listing_id = d.listing_id AND t.until_at = d.first_seen_at)
  AND EXISTS (SELECT 1 FROM past_readings r
    WHERE r.listing_id = d.listing_id AND r.until_at = d.closed_at)"""

_GOOD = "outcome IN ('good', 'accepted')"


class TargetDelays(NamedTuple):
    """How long it took a channel to show its targets: all, and those without a write of ours."""

    all: Spans | None
    followed: Spans | None


class InclusionDelays(NamedTuple):
    """How late an authority included events: the first reading with them, the last without."""

    after: Spans | None
    overlooked: Spans | None


class _Waiting(NamedTuple):
    """What an event adds to the authority's reading once that includes it."""

    at: Millis
    available: int


class _Step(NamedTuple):
    """The authority's reading moved: when, by how much, and the as-of of the last one before."""

    at: Millis
    moved: int | None
    """None where it was not listed before or after: by how much is not known."""
    lacked_at: Millis | None


class _Reading(NamedTuple):
    """An authority's reading of one listing; `until_at` is None for the present one."""

    available: int | None
    present: int
    source_at: Millis | None
    observed_at: Millis | None
    until_at: Millis | None


def event_delays(connection: sqlite3.Connection, *, since: Millis) -> dict[int, Spans | None]:
    """By channel, how long after they happened its events came; None where nothing is known."""
    # Events from before the first one that we took were read as history, and were not late.
    rows = connection.execute(
        """SELECT channel_id, received_at, at FROM events WHERE received_at > ?
        ORDER BY received_at DESC LIMIT ?""",
        (since, EVENTS_MAX),
    ).fetchall()
    first = {channel_id: received_at for channel_id, received_at, _ in rows}
    found: dict[int, list[int]] = defaultdict(list)
    for channel_id, received_at, at in rows:
        if at >= first[channel_id]:
            found[channel_id].append(max(0, received_at - at))
    return {channel_id: spans(spans_ms) for channel_id, spans_ms in found.items()}


def target_delays(connection: sqlite3.Connection, *, since: Millis) -> dict[int, TargetDelays]:
    """By channel, how long after its target moved it showed it."""
    found = {}
    for (channel_id,) in connection.execute("SELECT id FROM channels").fetchall():
        rows = connection.execute(_SHOWN, (channel_id, since, SPANS_MAX)).fetchall()
        alone = [span_ms for span_ms, by_us in rows if not by_us]
        found[channel_id] = TargetDelays(spans([span_ms for span_ms, _ in rows]), spans(alone))
    return found


def inclusion_delays(
    connection: sqlite3.Connection, *, since: Millis, within_ms: int
) -> dict[int, InclusionDelays]:
    """By authority, how long after other channels' events its readings included them.

    What waits for longer than `within_ms` is overdue and not late: it is not looked for any more.
    """
    waiting: dict[int, list[_Waiting]] = defaultdict(list)
    authorities: dict[int, int] = {}
    for listing_id, channel_id, at, available in _movements(connection, since=since):
        waiting[listing_id].append(_Waiting(at, available))
        authorities[listing_id] = channel_id
    after: dict[int, list[int]] = defaultdict(list)
    overlooked: dict[int, list[int]] = defaultdict(list)
    polls = _Polls(connection, since=since)
    for listing_id, known in _readings(connection, authorities, since=since).items():
        channel_id = authorities[listing_id]
        first = known[0].observed_at
        since_first = [
            event for event in waiting[listing_id] if first is not None and first <= event.at
        ]
        steps = list(_steps(known, polls, channel_id))
        for step, at in _taken_in(steps, sorted(since_first), within_ms):
            after[channel_id].append(max(0, step.at - at))
            overlooked[channel_id].append(max(0, (step.lacked_at or 0) - at))
    return {
        channel_id: InclusionDelays(spans(after[channel_id]), spans(overlooked[channel_id]))
        for channel_id in after
    }


def _movements(
    connection: sqlite3.Connection, *, since: Millis
) -> Iterable[tuple[int, int, Millis, int]]:
    """The newest movements that an authority should come to include: its listing, and they.

    Only where the authority counts in pieces, and says itself what there is: of a bundle or a
    pool, each part has a movement or a listing of its own.
    """
    return connection.execute(
        """SELECT a.id, a.channel_id, e.at, v.available
        FROM events e JOIN movements v ON v.event_row = e.id JOIN items i ON i.id = v.item_id
        JOIN listings a ON a.id = i.quantity_listing_id AND a.item_id = i.id
        WHERE e.received_at > :since AND e.at > :since AND v.available <> 0
          AND e.fate IN ('projected', 'included') AND e.channel_id <> a.channel_id
          AND i.truth_quantity = a.available
        ORDER BY e.received_at DESC LIMIT :most""",
        {"since": since, "most": EVENTS_MAX},
    )


def _readings(
    connection: sqlite3.Connection, listing_ids: Iterable[int], *, since: Millis
) -> dict[int, list[_Reading]]:
    """What these listings showed in the window, oldest first."""
    rows = connection.execute(
        """SELECT * FROM (
          SELECT j.value AS listing_id, r.available, r.present, r.source_at, r.observed_at,
            r.until_at
          FROM json_each(:ids) j JOIN past_readings r ON r.listing_id = j.value
          WHERE r.until_at > :since
          UNION ALL SELECT l.id, l.available, l.present, l.source_at, l.observed_at, NULL
          FROM json_each(:ids) j JOIN listings l ON l.id = j.value)
        ORDER BY listing_id, until_at IS NULL, until_at""",
        {"ids": json.dumps(list(listing_ids)), "since": since},
    )
    found: dict[int, list[_Reading]] = defaultdict(list)
    for listing_id, *reading in rows:
        found[listing_id].append(_Reading(*reading))
    return found


def _steps(known: Sequence[_Reading], polls: "_Polls", channel_id: int) -> Iterator[_Step]:
    """How a listing moved from each reading to the next."""
    for before, now in pairwise(known):
        if before.until_at is None:
            continue
        there = before.present and now.present
        moved = None
        if there and before.available is not None and now.available is not None:
            moved = now.available - before.available
        lacked_at = polls.as_of_before(channel_id, before.until_at, before.source_at)
        yield _Step(before.until_at, moved, lacked_at)


def _taken_in(
    steps: Sequence[_Step], waiting: list[_Waiting], within_ms: int
) -> Iterator[tuple[_Step, Millis]]:
    """Each event that one step of the authority surely included, with that step.

    It is exact only where the first few waiting events add up to the step, and no other number of
    them does. Otherwise the events that waited are passed over.
    """
    # A step takes events from the front only, for the authority works them off in their order. If
    # two different beginnings add up to the step, either may be it, and a guess would spoil a
    # percentile.
    for step in steps:
        if step.moved == 0:
            continue
        waiting = [event for event in waiting if event.at >= step.at - within_ms]
        before = [event for event in waiting if event.at <= step.at]
        sums = accumulate(event.available for event in before)
        fits = [number for number, total in enumerate(sums, 1) if total == step.moved]
        taken = fits[0] if len(fits) == 1 else 0
        yield from ((step, event.at) for event in before[:taken])
        waiting = waiting[taken or len(before) :]


class _Polls:
    """When each channel's good polls ended, and what time each was of."""

    def __init__(self, connection: sqlite3.Connection, *, since: Millis) -> None:
        self._connection = connection
        self._since = since
        self._known: dict[int, tuple[list[Millis], list[Millis], list[Millis | None]]] = {}

    def as_of_before(
        self, channel_id: int, until_at: Millis, source_at: Millis | None
    ) -> Millis | None:
        """The as-of of the last reading before `until_at`; None where none is known.

        It is never later than the poll's start (rule 7, docs/architecture.md).
        """
        ended, started, as_of = self._of(channel_id)
        place = bisect_left(ended, until_at) - 1
        if place < 0:
            return None
        own_time = source_at if source_at is not None else as_of[place]
        return started[place] if own_time is None else min(own_time, started[place])

    def _of(self, channel_id: int) -> tuple[list[Millis], list[Millis], list[Millis | None]]:
        if channel_id not in self._known:
            rows = self._connection.execute(
                f"""SELECT finished_at, started_at, as_of FROM polls
                WHERE channel_id = ? AND finished_at > ? AND {_GOOD} ORDER BY finished_at""",
                (channel_id, self._since),
            ).fetchall()
            ended, started, as_of = ([row[n] for row in rows] for n in range(3))
            self._known[channel_id] = ended, started, as_of
        return self._known[channel_id]

"""A SKU's stock between two instants, as the columns of a plot.

However many readings there are, a column holds three numbers: the least, the greatest, the last.
"""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from store.model import Millis

COLUMNS_MAX = 1_000


class Window(NamedTuple):
    """A span of time, cut into columns of one width."""

    since: Millis
    step_ms: int
    columns: int

    @property
    def until(self) -> Millis:
        """The first instant after it."""
        return self.since + self.step_ms * self.columns


class Sample(msgspec.Struct, frozen=True):
    """What stood in one column: its least, its greatest, and what it ended with."""

    low: int
    high: int
    last: int | None
    """None where it ended with nothing: the listing had gone."""


class ListingSeries(msgspec.Struct, frozen=True):
    """One listing; each tuple holds a value for each column."""

    listing_id: int
    channel: str
    location: str
    shown: tuple[Sample | None, ...]
    """None where the channel was not to be trusted, or the listing not there."""
    target: tuple[Sample | None, ...]
    differs: tuple[bool, ...]
    """Whether a disagreement was open in it."""
    written: tuple[int, ...]
    """How many of our own writes were sent in it."""


class StockSeries(msgspec.Struct, frozen=True):
    """Several listings over one window."""

    window: Window
    lines: tuple[ListingSeries, ...]
    """In the order in which they were asked for."""
    events: tuple[int, ...]
    """How many events moved the items of these listings, by when they happened."""


class _Listing(NamedTuple):
    """A row of `_LISTINGS`, in the order of its columns."""

    id: int
    channel_id: int
    channel: str
    location: str
    stale_after_ms: int


def window(now: Millis, span_ms: int, columns: int) -> Window:
    """Cut a span that ends now into at most `COLUMNS_MAX` columns of whole milliseconds."""
    # The edges are multiples of the width. So the plot stands still between two columns, instead of
    # every point jumping to and fro with each second.
    columns = max(1, min(columns, COLUMNS_MAX))
    step_ms = max(1, -(-span_ms // columns))
    return Window((now // step_ms + 1 - columns) * step_ms, step_ms, columns)


def stamp(connection: sqlite3.Connection, listing_ids: Sequence[int]) -> tuple[object, ...]:
    """A value that changes when anything has happened to these listings, by an indexed probe each.

    What only time changes is not in it.
    """
    rows = connection.execute(_STAMP, {"ids": json.dumps(list(listing_ids))}).fetchall()
    return tuple(rows)


def course(
    connection: sqlite3.Connection, listing_ids: Sequence[int], within: Window
) -> StockSeries:
    """What these listings showed and should have shown, with all that happened to them."""
    # What was shown goes by when we read it and not by the channel's own time, because targets,
    # writes and disagreements have only our time, and one line must hold them all.
    values = {
        "ids": json.dumps(list(listing_ids)),
        "since": within.since,
        "until": within.until,
        "step": within.step_ms,
        "columns": within.columns,
    }
    listings = (_Listing._make(row) for row in connection.execute(_LISTINGS, values).fetchall())
    found = {listing.id: listing for listing in listings}
    shown = _samples(connection.execute(_READINGS, values), within.columns)
    targets = _samples(connection.execute(_TARGETS, values), within.columns)
    trusted = _trusted(
        connection,
        {(listing.channel_id, listing.stale_after_ms) for listing in found.values()},
        values,
        within,
    )
    differs: dict[int, set[int]] = defaultdict(set)
    for listing_id, first, last in connection.execute(_DIFFERS, values):
        differs[listing_id].update(range(first, last + 1))
    written: dict[int, dict[int, int]] = defaultdict(dict)
    for listing_id, column, count in connection.execute(_WRITTEN, values):
        written[listing_id][column] = count
    events = dict(connection.execute(_EVENTS, values).fetchall())
    every = range(within.columns)
    return StockSeries(
        within,
        tuple(
            ListingSeries(
                listing_id=listing_id,
                channel=found[listing_id].channel,
                location=found[listing_id].location,
                shown=tuple(
                    sample if seen else None
                    for sample, seen in zip(
                        shown.get(listing_id, [None] * within.columns),
                        trusted[found[listing_id].channel_id],
                        strict=True,
                    )
                ),
                target=tuple(targets.get(listing_id, [None] * within.columns)),
                differs=tuple(column in differs[listing_id] for column in every),
                written=tuple(written[listing_id].get(column, 0) for column in every),
            )
            for listing_id in listing_ids
            if listing_id in found
        ),
        tuple(events.get(column, 0) for column in every),
    )


_IDS = "json_each(:ids) j"

_LISTINGS = f"""SELECT l.id, c.id, c.name, i.location, c.stale_after_ms
FROM {_IDS} CROSS JOIN listings l ON l.id = j.value JOIN items i ON i.id = l.item_id
JOIN channels c ON c.id = l.channel_id"""

_STAMP = f"""SELECT l.id, l.available, l.present, l.observed_at, l.target_quantity, l.target_since,
  (SELECT max(r.until_at) FROM past_readings r WHERE r.listing_id = l.id),
  (SELECT max(t.until_at) FROM past_targets t WHERE t.listing_id = l.id),
  (SELECT max(d.closed_at) FROM disagreements d WHERE d.listing_id = l.id),
  EXISTS (SELECT 1 FROM open_disagreements d WHERE d.listing_id = l.id),
  (SELECT max(k.id) FROM corrections k WHERE k.listing_id = l.id),
  (SELECT k.version FROM corrections k WHERE k.listing_id = l.id ORDER BY k.id DESC LIMIT 1),
  (SELECT max(v.event_row) FROM movements v WHERE v.item_id = l.item_id),
  c.quarantined_poll_id, c.last_success_at IS NULL
FROM {_IDS} CROSS JOIN listings l ON l.id = j.value JOIN channels c ON c.id = l.channel_id"""


def _bucket(at: str) -> str:
    """SQL for the column in which an instant lies; one before the first is in the first."""
    return f"max(0, ({at} - :since) / :step)"


# In a column's rows the last id is the last value: a row is written when the next one begins.
# What is in force now has no row of the past yet; it comes after all of them.
def _spans(past: str, value: str, since: str, now_value: str, now_since: str) -> str:
    return f"""SELECT g.listing_id, g.bucket, g.low, g.high,
  (SELECT {value.format("x")} FROM {past} x WHERE x.id = g.last_id)
FROM (SELECT r.listing_id, {_bucket(f"r.{since}")} AS bucket, min({value.format("r")}) AS low,
    max({value.format("r")}) AS high, max(r.id) AS last_id
  FROM {_IDS} CROSS JOIN {past} r ON r.listing_id = j.value
  WHERE r.until_at > :since AND r.{since} < :until
  GROUP BY r.listing_id, bucket ORDER BY r.listing_id, bucket) g
UNION ALL SELECT l.id, {_bucket(f"l.{now_since}")}, {now_value}, {now_value}, {now_value}
FROM {_IDS} CROSS JOIN listings l ON l.id = j.value WHERE l.{now_since} < :until"""


_SHOWN = "CASE WHEN {0}.present = 1 THEN {0}.available END"
_READINGS = _spans("past_readings", _SHOWN, "observed_at", _SHOWN.format("l"), "observed_at")
_TARGETS = _spans("past_targets", "{0}.quantity", "since_at", "l.target_quantity", "target_since")

_DIFFERS = f"""SELECT DISTINCT d.listing_id, {_bucket("d.first_seen_at")},
  min(:columns - 1, (coalesce(d.closed_at, :until) - 1 - :since) / :step)
FROM {_IDS} CROSS JOIN disagreements d ON d.listing_id = j.value
WHERE (d.closed_at > :since OR d.closed_at IS NULL) AND d.first_seen_at < :until"""

_WRITTEN = f"""SELECT k.listing_id, {_bucket("k.applying_at")} AS bucket, count(*)
FROM {_IDS} CROSS JOIN corrections k ON k.listing_id = j.value
WHERE k.applying_at >= :since AND k.applying_at < :until GROUP BY k.listing_id, bucket"""

_EVENTS = f"""SELECT {_bucket("v.at")} AS bucket, count(DISTINCT v.event_row)
FROM (SELECT DISTINCT l.item_id FROM {_IDS} CROSS JOIN listings l ON l.id = j.value) o
CROSS JOIN movements v ON v.item_id = o.item_id AND v.at >= :since AND v.at < :until
GROUP BY bucket"""

# Two probes of an index for each column, the first and the last good poll in it, however many there
# were between them.
_GOOD = """SELECT p.finished_at FROM polls p WHERE p.channel_id = :channel
  AND p.finished_at >= :since + n * :step AND p.finished_at < :since + (n + 1) * :step
  AND p.outcome IN ('good', 'accepted') ORDER BY p.finished_at {order} LIMIT 1"""
_GOOD_POLLS = f"""WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL
  SELECT n + 1 FROM numbers WHERE n + 1 < :columns)
SELECT n, ({_GOOD.format(order="")}), ({_GOOD.format(order="DESC")}) FROM numbers"""

_GOOD_BEFORE = """SELECT p.finished_at FROM polls p WHERE p.channel_id = :channel
  AND p.finished_at < :since AND p.outcome IN ('good', 'accepted')
ORDER BY p.finished_at DESC LIMIT 1"""

_QUARANTINES = """SELECT since, coalesce(closed_at, :until) FROM incidents
WHERE channel_id = :channel AND kind = 'quarantined' AND since < :until
  AND (closed_at > :since OR closed_at IS NULL)"""


def _samples(
    rows: Iterable[tuple[int, int, int | None, int | None, int | None]], columns: int
) -> dict[int, list[Sample | None]]:
    """By listing, a sample for each column: what came in it, and what stood at its start."""
    nothing = (None, None, None)
    by_listing: dict[int, dict[int, tuple[int | None, int | None, int | None]]] = defaultdict(dict)
    for listing_id, bucket, low, high, last in rows:
        # What is in force now comes after what was in its column before it.
        earlier_low, earlier_high, _ = by_listing[listing_id].get(bucket, nothing)
        least, greatest = _least(earlier_low, low), _greatest(earlier_high, high)
        by_listing[listing_id][bucket] = (least, greatest, last)
    return {listing_id: _carried(found, columns) for listing_id, found in by_listing.items()}


def _carried(found: Mapping[int, Sequence[int | None]], columns: int) -> list[Sample | None]:
    samples: list[Sample | None] = []
    standing: int | None = None
    for column in range(columns):
        low, high, last = found.get(column, (None, None, standing))
        # Of the first column all is known that overlaps it; later ones begin with what stood.
        low, high = _least(low, standing), _greatest(high, standing)
        samples.append(None if low is None or high is None else Sample(low, high, last))
        standing = last
    return samples


def _least(first: int | None, other: int | None) -> int | None:
    return min((number for number in (first, other) if number is not None), default=None)


def _greatest(first: int | None, other: int | None) -> int | None:
    return max((number for number in (first, other) if number is not None), default=None)


def _trusted(
    connection: sqlite3.Connection,
    channels: set[tuple[int, int]],
    values: Mapping[str, object],
    within: Window,
) -> dict[int, list[bool]]:
    """By channel and column, whether its readings could be trusted at any instant of it.

    They could until the channel went stale after a good poll, but not while it was quarantined.
    """
    found = {}
    for channel, stale_after_ms in channels:
        bound = dict(values) | {"channel": channel}
        (before,) = connection.execute(_GOOD_BEFORE, bound).fetchone() or (None,)
        until = before + stale_after_ms if before is not None else within.since
        aside = connection.execute(_QUARANTINES, bound).fetchall()
        seen = []
        for column, first, last in connection.execute(_GOOD_POLLS, bound):
            start = within.since + column * within.step_ms
            end = start + within.step_ms
            spans = [(start, min(until, end))] if until > start else []
            if first is not None:
                # Between two good polls of one column nothing can be seen that is narrower.
                until = last + stale_after_ms
                spans.append((first, min(until, end)))
            seen.append(any(not _covered(span, aside) for span in spans))
        found[channel] = seen
    return found


def _covered(span: tuple[int, int], by: Iterable[tuple[int, int]]) -> bool:
    first, last = span
    return any(since <= first and last <= until for since, until in by)

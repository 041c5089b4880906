"""Good polls and fresh readings, brought into the listings.

Each is one transaction, which also reconciles the items that moved and no others.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence

from store.channels import incidents, polls
from store.database.worklist import Merge
from store.model import IncidentKind, Millis, PollOutcome, Record, Refused
from store.poll_counts import PollCounts
from store.polling import bad_records, events, list_lag, staging
from store.polling.changes import deltas, part, sequence
from store.polling.comparison import Comparison
from store.polling.events import EventBatch
from store.polling.staging import NAMES, VALUES
from store.polling.sweep import Sweep
from store.targets import copies
from store.targets.copies import LOWEST

_MERGE_ITEMS = """INSERT INTO items (sku, location, title, price_minor)
SELECT sku, location, title, price_minor FROM stage WHERE poll_id = :poll AND listing_id IS NULL
ON CONFLICT (sku, location) DO UPDATE SET
  title = coalesce(items.title, excluded.title),
  price_minor = coalesce(items.price_minor, excluded.price_minor)
WHERE (items.title IS NULL AND excluded.title IS NOT NULL)
  OR (items.price_minor IS NULL AND excluded.price_minor IS NOT NULL)"""

# What is not counted, or only known to be at least so many, has no account; the next count opens a
# new one.
_HAS_ACCOUNT = "(p.available IS NOT NULL AND p.at_least = 0)"

# A new listing that comes twice in one poll meets its own first row, which is after `:newest`.
_MERGE_NEW = f"""INSERT INTO listings (item_id, channel_id, observed_at, opening, opening_at,
  opening_read_at, source_seen_at, {VALUES})
SELECT i.id, :channel, :now, CASE WHEN {_HAS_ACCOUNT} THEN p.available END,
  CASE WHEN {_HAS_ACCOUNT} THEN min(coalesce(p.source_at, :as_of, :now), :now) END,
  CASE WHEN {_HAS_ACCOUNT} THEN :now END,
  CASE WHEN p.source_at > :sight THEN :sight END, {", ".join("p." + name for name in NAMES)}
FROM stage p JOIN items i ON i.sku = p.sku AND i.location = p.location
WHERE p.poll_id = :poll AND p.listing_id IS NULL AND p.problem IS NULL ORDER BY p.id
ON CONFLICT (item_id, channel_id) DO UPDATE SET copies = listings.copies + 1"""

# Below this, the channel has fallen by itself, and its authority may not know of that sale yet.
# After a write of ours it should show what was written, or still what it showed before; whatever is
# less than the one and is not the other was sold.
_WRITTEN = """(SELECT k.to_quantity FROM corrections k WHERE k.listing_id = listings.id
  AND k.live = 1 AND k.status IN ('applying', 'applied'))"""
_EXPECTED = f"""CASE WHEN :own = 0 THEN listings.available
  WHEN p.available IS NOT listings.available AND p.available IS NOT {_WRITTEN} AND p.at_least = 0
  THEN max(listings.available, {_WRITTEN}) END"""

# The values of a listing that stands twice stay as they were: neither of the two is the truth.
# A least number that has become a number has fallen: nobody knows from how many.
_MERGE_KNOWN = f"""UPDATE listings SET
  {", ".join(f"{name} = p.{name}" for name in NAMES)}, present = 1, problem = NULL,
  observed_at = CASE WHEN listings.available IS NOT p.available
      OR listings.state IS NOT p.state OR listings.present = 0
      OR listings.at_least <> p.at_least
    THEN :now ELSE listings.observed_at END,
  fell_at = CASE WHEN p.available < {_EXPECTED} AND p.at_least <= listings.at_least
      OR :own = 0 AND listings.at_least > p.at_least AND p.available IS NOT NULL
      OR :own = 0 AND {LOWEST.format("p")} < {LOWEST.format("listings")}
    THEN :now ELSE listings.fell_at END,
  known = CASE WHEN {_HAS_ACCOUNT} AND listings.opening IS NOT NULL
    THEN listings.known ELSE 0 END,
  source_seen_at = CASE WHEN listings.source_at IS p.source_at AND listings.present = 1
      AND listings.available IS p.available AND listings.state IS p.state
      AND listings.at_least = p.at_least
    THEN listings.source_seen_at WHEN p.source_at > :sight THEN :sight END,
  opening = CASE WHEN {_HAS_ACCOUNT} THEN coalesce(listings.opening, p.available) END,
  opening_at = CASE WHEN {_HAS_ACCOUNT}
    THEN coalesce(listings.opening_at, min(coalesce(p.source_at, :as_of, :now), :now)) END,
  opening_read_at = CASE WHEN {_HAS_ACCOUNT}
    THEN coalesce(listings.opening_read_at, :now) END
FROM (SELECT * FROM stage WHERE poll_id = :poll AND listing_id IS NOT NULL AND problem IS NULL
  AND id IN (SELECT max(id) FROM stage WHERE poll_id = :poll AND problem IS NULL
    AND listing_id IS NOT NULL GROUP BY listing_id)) p
WHERE listings.id = p.listing_id AND NOT EXISTS (SELECT 1 FROM counted k
  WHERE k.poll_id = :poll AND k.listing_id = p.listing_id AND k.copies > 1)"""

_MERGE_PROBLEMS = """INSERT INTO listings (item_id, channel_id, present, problem)
SELECT i.id, :channel, 0, p.problem
FROM stage p JOIN items i ON i.sku = p.sku AND i.location = p.location
WHERE p.poll_id = :poll AND p.problem IS NOT NULL
ON CONFLICT (item_id, channel_id) DO UPDATE SET problem = excluded.problem,
  twins = CASE WHEN listings.copies = 1 THEN listings.twins END
WHERE listings.problem IS NOT excluded.problem OR listings.copies > 1"""

_MERGE_GONE = """UPDATE listings SET present = CASE WHEN k.doubt IS NULL THEN 0 ELSE 1 END,
  problem = k.doubt, copies = 1,
  twins = CASE WHEN listings.copies = 1 THEN listings.twins END,
  observed_at = CASE WHEN k.doubt IS NULL THEN :now ELSE observed_at END
FROM (SELECT listing_id, coalesce(:doubt, doubt) AS doubt FROM counted
  WHERE poll_id = :poll AND copies = 0) k
WHERE listings.id = k.listing_id AND listings.present = 1"""

# A listing that has come back twice is present, though neither of its two records is taken for it.
_MERGE_COPIES = """UPDATE listings SET copies = k.copies,
  present = CASE WHEN k.copies > 1 THEN 1 ELSE listings.present END,
  observed_at = CASE WHEN k.copies > 1 AND listings.present = 0 THEN :now
    ELSE listings.observed_at END
FROM (SELECT listing_id, copies FROM counted WHERE poll_id = :poll AND copies > 0) k
WHERE listings.id = k.listing_id"""

# A listing that could not be read once is gone now, or there twice: either is plain to see.
_MERGE_READABLE = """UPDATE listings SET problem = NULL
WHERE channel_id = :channel AND problem IS NOT NULL AND id IN
  (SELECT listing_id FROM counted WHERE poll_id = :poll
    AND (copies > 1 OR copies = 0 AND :doubt IS NULL))"""

# What was in doubt about a listing and since when, so that an instant of the past can show it.
_END_DOUBTS = """UPDATE doubts SET until_at = :now
WHERE channel_id = :channel AND until_at IS NULL AND NOT EXISTS (SELECT 1 FROM listings l
  WHERE l.id = doubts.listing_id AND l.problem IS doubts.problem AND l.copies = doubts.copies
    AND CASE WHEN l.copies > 1 THEN l.twins END IS doubts.twins)"""
_BEGIN_DOUBTS = """INSERT INTO doubts (listing_id, channel_id, problem, copies, since_at, twins)
SELECT l.id, l.channel_id, l.problem, l.copies, :now,
  CASE WHEN l.copies > 1 THEN l.twins END FROM listings l
WHERE l.id IN (SELECT id FROM listings WHERE channel_id = :channel AND problem IS NOT NULL
    UNION SELECT id FROM listings WHERE channel_id = :channel AND copies > 1)
  AND NOT EXISTS (SELECT 1 FROM doubts x WHERE x.listing_id = l.id AND x.until_at IS NULL)"""

# Only what the stage holds and what was counted: listings that the poll recognised as unchanged are
# in neither, so that a poll of a million that changed ten notes ten.
_NOTE_MOVED = """INSERT OR IGNORE INTO moved (item_id)
SELECT item_id FROM listings WHERE id > :newest
UNION ALL
SELECT l.item_id FROM stage p CROSS JOIN listings l ON l.id = p.listing_id
WHERE p.poll_id = :poll
UNION ALL
SELECT l.item_id FROM counted k CROSS JOIN listings l ON l.id = k.listing_id
WHERE k.poll_id = :poll"""


def merge(
    connection: sqlite3.Connection,
    sweep: Sweep,
    comparison: Comparison,
    *,
    now: Millis,
    as_of: Millis | None,
    event_batch: EventBatch | None = None,
) -> Merge:
    """Record a good poll: its readings and events, what they close and open, what that proposes.

    `as_of` is the file's time; without one the poll is as of its start, for nothing in it
    can be older. It can't be repeated, for the stage is gone after it. Raises Overtaken.
    """
    # The readings go in before the poll's record ends, because the record is what makes them count
    # as the good poll; the events after the readings, because an event needs its item, which this
    # poll may be the first to show; and the memory last, because only a merged poll may be
    # recognised again.
    staging.check(connection, sweep)
    numbers = staging.counts(connection, sweep)
    first = polls.is_first_good(connection, sweep.channel_id)
    comparison.forget_moved(connection)
    changed = merge_stage(connection, sweep, numbers, now=now, as_of=as_of)
    polls.record_end(connection, sweep.poll_id, PollOutcome.GOOD, numbers, now=now, as_of=as_of)
    polls.end_quarantine(connection, sweep.channel_id, now=now)
    list_lag.note(connection, sweep, now=now)
    sequence.keep(connection, sweep, now=now)
    deltas.keep(connection, sweep)
    report_refused(connection, sweep, now=now)
    if first:
        comparison.expect_everything(connection, sweep.channel)
    if event_batch is not None:
        events.record_batch(connection, sweep.channel, event_batch, comparison.terms, now=now)
    merged = comparison.reconcile_moved(connection, now=now, channel=sweep.channel)
    staging.remember(connection, sweep)
    staging.forget(connection, sweep.channel_id)
    return Merge(changed, *merged)


def fail(connection: sqlite3.Connection, sweep: Sweep, error: str, *, now: Millis) -> None:
    """Record that the poll failed, and nothing else of it."""
    connection.execute(
        "UPDATE polls SET finished_at = ?, outcome = ?, error = ? WHERE id = ?",
        (now, PollOutcome.FAILED, error, sweep.poll_id),
    )
    connection.execute(
        "UPDATE channels SET last_poll_at = ?, last_outcome = ?, last_error = ? WHERE id = ?",
        (now, PollOutcome.FAILED, error, sweep.channel_id),
    )
    staging.forget(connection, sweep.channel_id)


def drop(connection: sqlite3.Connection, channel: str) -> None:
    """Drop the channel's poll that we stopped ourselves: that is no sign of trouble with it.

    One that had ended just before keeps its record.
    """
    channel_id, _, _ = polls.channel(connection, channel)
    connection.execute(
        "DELETE FROM polls WHERE channel_id = ? AND outcome = ?", (channel_id, PollOutcome.RUNNING)
    )
    staging.forget(connection, channel_id)


def cancel(
    connection: sqlite3.Connection, channel: str, words: str, *, since: Millis, now: Millis
) -> PollOutcome:
    """End the channel's poll that a person stopped: its record says so, and nothing else is kept.

    Returns the outcome: of one that had ended just before, its own. One that had not read any
    listing yet gets its record here.
    """
    channel_id, known, _ = polls.channel(connection, channel)
    newest = connection.execute(
        "SELECT id, outcome, started_at FROM polls WHERE channel_id = ? ORDER BY id DESC LIMIT 1",
        (channel_id,),
    ).fetchone()
    poll_id, outcome, started_at = newest or (0, "", -1)
    ended = (now, PollOutcome.CANCELLED, words)
    if outcome == PollOutcome.RUNNING:
        connection.execute(
            "UPDATE polls SET finished_at = ?, outcome = ?, error = ? WHERE id = ?",
            (*ended, poll_id),
        )
        staging.forget(connection, channel_id)
    elif started_at >= since:
        return PollOutcome(outcome)
    else:
        connection.execute(
            """INSERT INTO polls (channel_id, started_at, known, finished_at, outcome, error)
            VALUES (?, ?, ?, ?, ?, ?)""",
            (channel_id, since, known, *ended),
        )
    return PollOutcome.CANCELLED


def record_fresh(  # noqa: PLR0913 - an answer has these parts; bundling them would only rename them.
    connection: sqlite3.Connection,
    channel: str,
    records: Sequence[Record],
    refused: Sequence[Refused],
    wanted: Iterable[tuple[str, str]],
    comparison: Comparison,
    *,
    now: Millis,
    own: bool,
) -> Merge:
    """Record fresh readings of the `wanted` (SKU, location) listings, outside any poll.

    A wanted listing that is in neither list is gone. `own`: the reading follows our own write, so a
    fall in it is not the channel's (rule 3, docs/architecture.md).
    """
    sweep = staging.begin_beside(connection, channel)
    channel_id = sweep.channel_id
    staging.stage(connection, sweep, records, refused)
    answered = Counter((record.sku, record.location) for record in records)
    answered.update((r.sku, r.location) for r in refused if r.sku is not None)
    for sku, location in wanted:
        connection.execute(
            """INSERT OR REPLACE INTO counted (poll_id, listing_id, copies)
            SELECT ?, l.id, ? FROM listings l JOIN items i ON i.id = l.item_id
            WHERE i.sku = ? AND i.location = ? AND l.channel_id = ?""",
            (sweep.poll_id, answered[sku, location], sku, location, channel_id),
        )
    comparison.forget_moved(connection)
    numbers = staging.counts(connection, sweep)
    changed = merge_stage(connection, sweep, numbers, now=now, own=own)
    connection.execute(
        """INSERT INTO moved_outside_polls (channel_id, listing_id)
        SELECT ?, l.id FROM moved m
        CROSS JOIN listings l ON l.item_id = m.item_id AND l.channel_id = ?""",
        (channel_id, channel_id),
    )
    merged = comparison.reconcile_moved(connection, now=now, channel=sweep.channel)
    staging.forget(connection, channel_id)
    return Merge(changed, *merged)


def merge_stage(
    connection: sqlite3.Connection,
    sweep: Sweep,
    numbers: PollCounts,
    *,
    now: Millis,
    as_of: Millis | None = None,
    own: bool = False,
) -> int:
    """Bring the stage into the listings and note the items that moved; return how many changed.

    `as_of` is the file's own time, where there is one.
    """
    # A record whose SKU could not be read may be any of the listings that were not seen. While
    # there is one, none of those counts as gone: a missing listing would be corrected for nothing.
    anonymous = [record for record in sweep.refused if record.sku is None]
    newest = connection.execute("SELECT coalesce(max(id), 0) FROM listings").fetchone()[0]
    started = connection.execute(
        "SELECT started_at FROM polls WHERE id = ?", (sweep.poll_id,)
    ).fetchone()
    values = {
        "channel": sweep.channel_id,
        "poll": sweep.poll_id,
        "newest": newest,
        "now": now,
        "as_of": as_of,
        # Nothing in a poll is of a later time than its start, nor than its file.
        "sight": min(now if started is None else started[0], now if as_of is None else as_of),
        "own": int(own),
        "doubt": f"may be the record at {anonymous[0].place}" if anonymous else None,
    }
    changed = 0
    # Items before their listings, which need the items' ids. What could not be read, has gone or
    # stands twice comes after the plain values, because it overrides them.
    connection.execute(_MERGE_ITEMS, values)
    for statement in (_MERGE_NEW, _MERGE_KNOWN):
        connection.execute(statement, values)
        changed += connection.execute("SELECT changes()").fetchone()[0]
    rest = (_MERGE_READABLE, _MERGE_PROBLEMS, _MERGE_GONE, _MERGE_COPIES)
    for statement in rest:
        connection.execute(statement, values)
    copies.keep(connection, channel_id=sweep.channel_id, poll_id=sweep.poll_id, newest=newest)
    for statement in (_END_DOUBTS, _BEGIN_DOUBTS, _NOTE_MOVED):
        connection.execute(statement, values)
    (new,) = connection.execute(
        "SELECT count(*) FROM listings WHERE id > ? AND present = 1", (newest,)
    ).fetchone()
    gone = 0 if anonymous else numbers.gone - sweep.spared
    connection.execute(
        "UPDATE channels SET listings = listings + ? WHERE id = ?",
        (new + numbers.back - gone, sweep.channel_id),
    )
    return changed


def report_refused(connection: sqlite3.Connection, sweep: Sweep, *, now: Millis) -> None:
    """Keep the bad records of a poll whose readings are in force now, and report them."""
    if sweep.is_part:
        part.report_refused(connection, sweep.channel, sweep.refused, now=now)
        return
    bad_records.keep(connection, sweep.channel_id, sweep.refused)
    if not sweep.refused:
        incidents.resolve(connection, sweep.channel, IncidentKind.UNREADABLE, now=now)
        return
    message = incidents.in_words(sweep.refused)
    incidents.raise_incident(connection, sweep.channel, IncidentKind.UNREADABLE, message, now=now)

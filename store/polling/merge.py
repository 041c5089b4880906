"""Good polls and fresh readings, brought into the listings.

Each is one transaction, which also reconciles the items that moved and no others.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence

from store.cells import instants
from store.cells.cell_ids import cell, item_of, of_channel
from store.channels import incidents, polls
from store.database.worklist import Merge
from store.model import IncidentKind, Millis, PollOutcome, Record, Refused
from store.poll_counts import PollCounts
from store.polling import bad_records, events, list_lag, staging
from store.polling.changes import deltas, part, sequence
from store.polling.comparison import Comparison
from store.polling.events import EventBatch
from store.polling.merging import known_listings, new_listings, odd_listings
from store.polling.merging.new_listings import FirstTargets
from store.polling.sweep import Sweep
from store.targets import copies
from store.targets.reconciliation import ODD

# Only what the stage holds and what was counted: listings that the poll recognised as unchanged are
# in neither, so that a poll of a million that changed ten notes ten.
_NOTE_MOVED = f"""INSERT OR IGNORE INTO moved (item_id)
{{new}} UNION ALL SELECT {item_of("p.listing_id")} FROM stage p
WHERE p.poll_id = :poll AND p.listing_id IS NOT NULL
UNION ALL SELECT {item_of("k.listing_id")} FROM counted k WHERE k.poll_id = :poll"""
_EACH_NEW = f"SELECT {item_of('n.cell_id')} FROM placed n"

# Where all of the channel's cells are new, and have their targets: those that are not at theirs.
# The cells of the only authority have none.
_ODD_CELLS = f"""SELECT {item_of("l.id")} FROM cells l
WHERE {of_channel("l.id", ":channel")} AND {ODD}"""
_NOT_AT_TARGET = f"""SELECT {item_of("l.id")} FROM cells l
WHERE {of_channel("l.id", ":channel")} AND ({ODD} OR l.available IS NOT l.target_quantity)"""


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
    targets = None
    if sweep.all_new and not (event_batch and event_batch.events):
        targets = comparison.first_targets(connection, sweep.channel)
    changed = merge_stage(connection, sweep, targets, now=now, as_of=as_of)
    polls.record_end(connection, sweep.poll_id, PollOutcome.GOOD, numbers, now=now, as_of=as_of)
    polls.end_quarantine(connection, sweep.channel_id, now=now)
    list_lag.note(connection, sweep, now=now)
    sequence.keep(connection, sweep, now=now)
    deltas.keep(connection, sweep)
    report_refused(connection, sweep, now=now)
    if first and targets is None:
        comparison.expect_everything(connection, sweep.channel)
    elif first:
        comparison.expect_lacking(connection, sweep.channel)
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
            f"""INSERT OR REPLACE INTO counted (poll_id, listing_id, copies)
            SELECT ?, l.id, ? FROM items i JOIN cells l ON l.id = {cell("?", "i.id")}
            WHERE i.sku = ? AND i.location = ?""",
            (sweep.poll_id, answered[sku, location], channel_id, sku, location),
        )
    comparison.forget_moved(connection)
    changed = merge_stage(connection, sweep, now=now, own=own)
    connection.execute(
        f"""INSERT INTO moved_outside_polls (channel_id, listing_id)
        SELECT ?, l.id FROM moved m CROSS JOIN cells l ON l.id = {cell("?", "m.item_id")}""",
        (channel_id, channel_id),
    )
    merged = comparison.reconcile_moved(connection, now=now, channel=sweep.channel)
    staging.forget(connection, channel_id)
    return Merge(changed, *merged)


def merge_stage(
    connection: sqlite3.Connection,
    sweep: Sweep,
    targets: FirstTargets | None = None,
    *,
    now: Millis,
    as_of: Millis | None = None,
    own: bool = False,
) -> int:
    """Bring the stage into the listings and note the items that moved; return how many changed.

    `targets`: of the new cells, where nothing in this transaction can move them; a cell that is at
    its target then is not noted. `as_of` is the file's own time, where there is one.
    """
    numbers = staging.counts(connection, sweep)
    # A record whose SKU could not be read may be any of the listings that were not seen. While
    # there is one, none of those counts as gone: a missing listing would be corrected for nothing.
    anonymous = [record for record in sweep.refused if record.sku is None]
    started = connection.execute(
        "SELECT started_at FROM polls WHERE id = ?", (sweep.poll_id,)
    ).fetchone()
    values = {
        "channel": sweep.channel_id,
        "poll": sweep.poll_id,
        "now": now,
        "kept_now": instants.kept_as(connection, now, _cells_to_change(connection, sweep, numbers)),
        "as_of": as_of,
        # Nothing in a poll is of a later time than its start, nor than its file.
        "sight": min(now if started is None else started[0], now if as_of is None else as_of),
        "own": int(own),
        "doubt": f"may be the record at {anonymous[0].place}" if anonymous else None,
    }
    # Items before their listings, which need the items' ids. What could not be read, has gone or
    # stands twice comes after the plain values, because it overrides them.
    new_listings.place(connection, values, targets)
    new = new_listings.merge(connection, values, sweep.filled, targets)
    known = known_listings.merge(connection, values, any_known=not sweep.all_new)
    known_listings.note_file_time(connection, values, any_new=new.listings > 0)
    odd_listings.merge(connection, values, any_problems="problem" in sweep.filled)
    copies.keep(connection, poll_id=sweep.poll_id, any_new=new.records > new.listings)
    odd_listings.note_doubts(connection, values)
    new_ones = _EACH_NEW
    if targets is not None:
        new_ones = _ODD_CELLS if targets.is_truth else _NOT_AT_TARGET
    connection.execute(_NOTE_MOVED.format(new=new_ones), values)
    gone = 0 if anonymous else numbers.gone - sweep.spared
    connection.execute(
        "UPDATE channels SET listings = listings + ? WHERE id = ?",
        (new.listings + numbers.back - gone, sweep.channel_id),
    )
    return new.listings + known


def _cells_to_change(connection: sqlite3.Connection, sweep: Sweep, numbers: PollCounts) -> int:
    """About how many cells will have changed with it, as far as that matters."""
    (staged,) = connection.execute(
        f"SELECT count(*) FROM (SELECT 1 FROM stage WHERE poll_id = ? LIMIT {instants.MANY})",
        (sweep.poll_id,),
    ).fetchone()
    return int(staged) + numbers.gone


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

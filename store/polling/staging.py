"""A poll in progress: its pages, compared with what is known, staged where they differ.

The stage is a temporary table of the writer's connection; nothing of it is a reading yet. When all
pages are in, the poll is judged by `counts`, and then merged, quarantined or failed.
"""

import sqlite3
from array import array
from collections.abc import Sequence
from itertools import chain

from store.cells import oddities
from store.cells.cell_ids import cell, of_channel
from store.cells.unseen_sums import unseen_sum
from store.channels import polls
from store.database import bulk
from store.errors import Overtaken
from store.model import Millis, Record, Refused
from store.poll_counts import PollCounts, jumps
from store.polling import bad_records, first_poll, list_lag
from store.polling.changes import part
from store.polling.merging import new_listings
from store.polling.recognition import memory, presence, stretches
from store.polling.recognition.memory import PollMemory
from store.polling.recognition.pages import (
    ALL_NEW,
    NEW,
    NO_RECORD,
    UNMARKED,
    FreshPage,
    FreshPart,
    PageMarks,
)
from store.polling.recognition.recogniser import Recogniser
from store.polling.sweep import Sweep
from store.record_columns import columns_of, from_rows, rows_of
from store.targets.copies import agrees

VALUES = """available, state, on_hand, committed, unavailable, incoming, threshold, price_minor,
  title, source_at, ref, twins, at_least"""
"""A reading's columns, of the same names in the stage, the quarantine and the listing."""

COLUMNS = (
    "sku, available, location, state, on_hand, committed, unavailable, incoming, threshold, "
    "price_minor, title, source_at, ref, twins, at_least"
)
"""In the order of Record's fields."""

NAMES = [name.strip() for name in VALUES.split(",")]

# A title is kept with the item, and a price where it is not the item's own.
_DIFFERS = " OR ".join(
    [f"l.{name} IS NOT p.{name}" for name in NAMES if name not in ("title", "price_minor")]
    + ["l.price_minor IS NOT nullif(p.price_minor, i.price_minor)"]
)

_LISTING = f"listings l ON l.id = {cell('?', 'i.id')}"

_TYPED = """sku TEXT NOT NULL, available INTEGER, location TEXT NOT NULL, state TEXT,
  on_hand INTEGER, committed INTEGER, unavailable INTEGER, incoming INTEGER, threshold INTEGER,
  price_minor INTEGER, title TEXT, source_at INTEGER, ref TEXT, twins TEXT,
  at_least INTEGER NOT NULL DEFAULT 0"""

_WORK_TABLES = (
    f"CREATE TEMP TABLE IF NOT EXISTS page (ordinal INTEGER PRIMARY KEY, {_TYPED})",
    f"""CREATE TEMP TABLE IF NOT EXISTS stage (id INTEGER PRIMARY KEY, poll_id INTEGER NOT NULL,
      listing_id INTEGER, problem TEXT, {_TYPED})""",
    """CREATE TEMP TABLE IF NOT EXISTS counted (poll_id INTEGER NOT NULL,
      listing_id INTEGER NOT NULL, copies INTEGER NOT NULL, doubt TEXT,
      PRIMARY KEY (poll_id, listing_id))""",
)

_LISTINGS_OF_PAGE = f"""SELECT coalesce(l.id, 0) FROM page p
LEFT JOIN items i ON i.sku = p.sku AND i.location = p.location
LEFT JOIN {_LISTING} ORDER BY p.ordinal"""

_STAGE_DIFFERING = f"""INSERT INTO stage (poll_id, listing_id, {COLUMNS})
SELECT ?, l.id, {", ".join("p." + name for name in COLUMNS.split(", "))} FROM page p
LEFT JOIN items i ON i.sku = p.sku AND i.location = p.location
LEFT JOIN {_LISTING}
WHERE l.id IS NULL OR l.present = 0 OR l.problem IS NOT NULL OR {_DIFFERS}
ORDER BY p.ordinal"""

_STAGE_REFUSED = f"""INSERT INTO stage (poll_id, sku, location, problem, listing_id)
VALUES (:poll, :sku, :location, :problem, (SELECT l.id FROM items i JOIN listings l
  ON l.id = {cell(":channel", "i.id")}
  WHERE i.sku = :sku AND i.location = :location))"""


# What the staged records would change of the listings that they are of.
_DIFFERENCES = f"""SELECT
  coalesce(sum(l.id IS NULL), 0),
  count(DISTINCT CASE WHEN l.present = 0 THEN l.id END),
  coalesce(sum(l.present = 1 AND (l.available IS NOT p.available OR l.state IS NOT p.state
      OR l.at_least <> p.at_least)
    AND coalesce({agrees("p", "l.target_quantity")}, 0) = 0), 0),
  coalesce(sum(l.present = 1 AND l.available > 0 AND p.available <= 0
    AND p.available IS NOT l.target_quantity
    AND l.available + min(0, {unseen_sum("available")}) > 0), 0),
  coalesce(sum(l.present = 1 AND l.available IS NOT NULL AND p.available IS NULL), 0),
  coalesce(sum(l.present = 1 AND p.available > 0 AND p.available IS NOT l.target_quantity
    AND {jumps("l.available", "p.available")}), 0)
FROM stage p LEFT JOIN listings l ON l.id = p.listing_id
LEFT JOIN items i ON i.id = l.item_id
WHERE p.poll_id = ? AND p.problem IS NULL"""

TOGETHER = 250
"""So many records are compared with their listings at once: each time has its own cost."""

FEW = 20
"""Of a channel with fewer listings it is counted how many showed stock: for the guard."""


def begin(
    connection: sqlite3.Connection,
    channel: str,
    memory: PollMemory | None,
    *,
    now: Millis,
    poll_id: int | None = None,
    list_lag_ms: int = 0,
) -> Sweep:
    """Open a poll of `channel`: its record stands as `running` until it is merged or failed.

    `poll_id`: of the record that it has already, where it read the channel's events first.
    `list_lag_ms`: how far its list may lag behind what its single records show of our writes.
    """
    channel_id, known, good_poll_id = polls.channel(connection, channel)
    forget(connection, channel_id)
    moved = "SELECT id, listing_id FROM moved_outside_polls WHERE channel_id = ?"
    outside = connection.execute(moved, (channel_id,)).fetchall()
    suspects = frozenset(listing for _, listing in outside) | oddities.undescribed(
        connection, channel_id
    )
    return Sweep(
        poll_id=polls.open_record(connection, channel, now=now, poll_id=poll_id),
        channel_id=channel_id,
        channel=channel,
        known=known,
        based_on=good_poll_id,
        is_first=not presence.has_listings(connection, channel_id),
        memory=memory,
        recogniser=_recogniser(connection, memory, suspects, channel_id, good_poll_id),
        suspects=suspects,
        outside_up_to=max((row_id for row_id, _ in outside), default=0),
        recent_writes=list_lag.recent_writes(connection, channel_id, lag_ms=list_lag_ms, now=now),
    )


def begin_beside(
    connection: sqlite3.Connection, channel: str, *, poll_id: int | None = None
) -> Sweep:
    """Open a sweep that is no poll of its own: its caller knows which listings it counts.

    For fresh readings of a few listings, or (`poll_id`) for a quarantined poll.
    """
    channel_id, known, good_poll_id = polls.channel(connection, channel)
    forget(connection, channel_id)
    return Sweep(
        poll_id=-channel_id if poll_id is None else poll_id,
        channel_id=channel_id,
        channel=channel,
        known=known,
        based_on=good_poll_id,
        is_first=False,
        memory=None,
        recogniser=Recogniser.nothing(),
        suspects=frozenset(),
        outside_up_to=0,
        counted=True,
    )


def stage(  # noqa: PLR0913 - a page has these parts; bundling them would only rename them.
    connection: sqlite3.Connection,
    sweep: Sweep,
    records: Sequence[Record],
    refused: Sequence[Refused] = (),
    announced: int | None = None,
    kept: tuple[str, ...] = (),
    *,
    marks: PageMarks = ALL_NEW,
    note_progress: bool = False,
) -> None:
    """Take one page: keep what differs from the last good reading, recognise the rest.

    `kept`: of `part.KEEPABLE`, what the records lack.
    `marks`: what the channel itself recognised of it, and what it is recognised by later.
    `note_progress`: how far it has come is put on record with it, for whoever watches.
    """
    sweep.numbers = None
    if announced is not None:
        sweep.announced = announced
    sweep.refused += refused
    if marks.source is not None:
        sweep.source = marks.source
    if marks.everything:
        sweep.came += sweep.recogniser.records
    elif marks.parts is None:
        _take_records(connection, sweep, records, kept, marks.mark)
    else:
        _take_parts(connection, sweep, records, kept, marks.parts)
    for record in refused:
        if record.sku is not None:
            values = {
                "poll": sweep.poll_id,
                "sku": record.sku,
                "location": record.location,
                "problem": f"{record.place}: {record.reason}",
                "channel": sweep.channel_id,
            }
            connection.execute(_STAGE_REFUSED, values)
            sweep.filled.add("problem")
    if note_progress:
        seen = sweep.came + len(sweep.refused)
        polls.note_progress(connection, sweep.poll_id, seen, sweep.announced)


def check(connection: sqlite3.Connection, sweep: Sweep) -> None:
    """Make sure that the poll still runs, and the readings are those that it was compared with.

    Raises Overtaken where a person accepted a poll meanwhile, or another engine merged one or ended
    this one.
    """
    running = connection.execute(
        "SELECT 1 FROM polls WHERE id = ? AND outcome = 'running'", (sweep.poll_id,)
    ).fetchone()
    if running is None:
        raise Overtaken(f"the poll of {sweep.channel} was ended by another engine: poll it again")
    # What it has recognised is not in the stage but only in those readings. Merged onto others, it
    # would be lost without a trace.
    _, _, good_poll_id = polls.channel(connection, sweep.channel)
    if good_poll_id != sweep.based_on:
        raise Overtaken(f"other readings of {sweep.channel} came in during the poll: poll it again")


def counts(connection: sqlite3.Connection, sweep: Sweep) -> PollCounts:
    """Count what the poll would change. All pages must be in."""
    if sweep.numbers is not None:
        return sweep.numbers
    _stage_waiting(connection, sweep)
    presence.count(connection, sweep)
    if sweep.all_new:
        found = (sweep.listing_ids.count(NEW), 0, 0, 0, 0, 0)
    else:
        found = connection.execute(_DIFFERENCES, (sweep.poll_id,)).fetchone()
    added, back, changed, zeroed, uncounted, jumped = found
    (gone,) = connection.execute(
        """SELECT count(*) FROM counted k JOIN listings l ON l.id = k.listing_id
        WHERE k.poll_id = ? AND k.copies = 0 AND l.present = 1""",
        (sweep.poll_id,),
    ).fetchone()
    sweep.new_refused = bad_records.new_among(connection, sweep.channel_id, sweep.refused)
    sweep.numbers = PollCounts(
        known=sweep.known,
        seen=sweep.known + added + back - gone if sweep.is_part else sweep.came,
        changed=changed,
        zeroed=zeroed,
        gone=gone,
        added=added,
        back=back,
        refused=len(sweep.refused),
        announced=sweep.announced,
        stocked=_stocked(connection, sweep) if sweep.known < FEW else None,
        new_refused=len(sweep.new_refused),
        anonymous=sum(record.may_be for record in sweep.refused if record.sku is None),
        uncounted=uncounted,
        jumped=jumped,
        first=first_poll.counts(connection, sweep),
    )
    return sweep.numbers


def remember(connection: sqlite3.Connection, sweep: Sweep) -> None:
    """Make the merged poll its channel's memory, with the ids of the listings that were new."""
    connection.execute(
        "DELETE FROM moved_outside_polls WHERE channel_id = ? AND id <= ?",
        (sweep.channel_id, sweep.outside_up_to),
    )
    if sweep.memory is None:
        return
    sweep.fill_in(new_listings.found(connection, sweep.filled))
    stands = sweep.recogniser.remember(sweep.memory, sweep.layout, sweep.digests, sweep.listing_ids)
    sweep.memory.source, sweep.memory.records = sweep.source, sweep.came
    sweep.memory.poll_id = sweep.poll_id
    if stands:
        memory.keep_poll(connection, sweep.memory, sweep.channel_id, sweep.based_on)


def forget(connection: sqlite3.Connection, channel_id: int) -> None:
    """Empty the stage of this channel's polls; another channel's may be in it half way."""
    for statement in _WORK_TABLES:
        connection.execute(statement)
    mine = "(SELECT id FROM polls WHERE channel_id = ?1 UNION ALL SELECT -?1)"
    for table in ("stage", "counted"):
        others = f"""SELECT 1 FROM {table} WHERE poll_id IS NOT (SELECT max(id) FROM polls
          WHERE channel_id = ?1) AND poll_id NOT IN {mine} LIMIT 1"""
        if connection.execute(others, (channel_id,)).fetchone() is None:
            connection.execute(f"DELETE FROM {table}")  # All at once, and not row by row.
        else:
            connection.execute(f"DELETE FROM {table} WHERE poll_id IN {mine}", (channel_id,))


def _recogniser(
    connection: sqlite3.Connection,
    known: PollMemory | None,
    suspects: frozenset[int],
    channel_id: int,
    good_poll_id: int | None,
) -> Recogniser:
    if known is None or good_poll_id is None:
        return Recogniser.nothing()
    memory.recall(connection, known, channel_id, good_poll_id)
    if known.poll_id != good_poll_id:
        return Recogniser.nothing()
    if known.pages is None and (known.fetch is None or suspects):
        known.take_pages(memory.pages(connection, channel_id, good_poll_id))
    return Recogniser(known, suspects, counts=True)


def _take_records(
    connection: sqlite3.Connection,
    sweep: Sweep,
    records: Sequence[Record],
    kept: tuple[str, ...],
    mark: bytes,
) -> None:
    """Take a page whose records are recognised by what they say."""
    if not records and mark == UNMARKED:
        return
    parts, new = stretches.recognise(sweep.recogniser, records, kept, mark)
    _take_parts(connection, sweep, new, kept, parts)


def _take_parts(
    connection: sqlite3.Connection,
    sweep: Sweep,
    records: Sequence[Record],
    kept: tuple[str, ...],
    parts: Sequence[range | FreshPart],
) -> None:
    """Take a page by its stretches; `records` are those of the entries that are not recognised."""
    start = len(sweep.listing_ids)
    for page in parts:
        if isinstance(page, range):
            sweep.take_known(page)
            continue
        sweep.layout.append(FreshPage(page.mark, page.size, len(page.digests)))
        sweep.digests += page.digests
        sweep.listing_ids += page.listing_ids
        sweep.came += len(page.listing_ids) - page.listing_ids.count(NO_RECORD)
    if not records:
        return
    if sweep.is_first:
        found = bulk.insert(connection, "stage", columns_of(records), {"poll_id": sweep.poll_id})
        sweep.filled.update(found)
    elif sweep.is_part or kept or len(records) >= TOGETHER:
        _stage_waiting(connection, sweep)
        _stage_differing(connection, sweep, records, kept, start)
    else:
        if not sweep.waiting:
            sweep.waiting_from = start
        sweep.waiting += rows_of(records)
        if len(sweep.waiting) >= TOGETHER:
            _stage_waiting(connection, sweep)


def _stage_waiting(connection: sqlite3.Connection, sweep: Sweep) -> None:
    """Stage the records that have waited for others, of which there are few on most pages."""
    if sweep.waiting:
        _stage_differing(connection, sweep, from_rows(sweep.waiting), (), sweep.waiting_from)
        sweep.waiting = []


def _stage_differing(
    connection: sqlite3.Connection,
    sweep: Sweep,
    records: Sequence[Record],
    kept: Sequence[str],
    start: int,
) -> None:
    """Compare records with their listings; they are of the entries from `start` on that are new."""
    connection.execute("DELETE FROM page")
    sweep.filled.update(bulk.insert(connection, "page", columns_of(records)))
    if kept:
        part.keep(connection, sweep.channel_id, kept)
        sweep.filled.update(kept)
    found = connection.execute(_LISTINGS_OF_PAGE, (sweep.channel_id,)).fetchall()
    sweep.fill_in(array("q", chain.from_iterable(found)), start)
    connection.execute(_STAGE_DIFFERING, (sweep.poll_id, sweep.channel_id))


def _stocked(connection: sqlite3.Connection, sweep: Sweep) -> int:
    """How many listings of the channel showed stock before this poll."""
    (count,) = connection.execute(
        f"""SELECT count(*) FROM listings
        WHERE {of_channel("id", "?1")} AND present = 1 AND available > 0 AND problem IS NULL""",
        (sweep.channel_id,),
    ).fetchone()
    return int(count)

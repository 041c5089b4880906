"""A poll in progress: its pages, compared with what is known, staged where they differ.

The stage is a temporary table of the writer's connection; nothing of it is a reading yet. When all
pages are in, the poll is judged by `counts`, and then merged, quarantined or failed.
"""

import sqlite3
from array import array
from collections import Counter
from collections.abc import Sequence

import msgspec

from store.channels import polls
from store.database import bulk
from store.errors import Overtaken
from store.model import Millis, Record, Refused
from store.poll_counts import PollCounts
from store.polling import bad_records, first_poll, list_lag
from store.polling.changes import part
from store.polling.sweep import PollMemory, Sweep
from store.record_columns import columns_of, rows_of, some_of
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

_DIFFERS = " OR ".join(f"l.{name} IS NOT p.{name}" for name in NAMES)

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

_LISTINGS_OF_PAGE = """SELECT coalesce(l.id, 0) FROM page p
LEFT JOIN items i ON i.sku = p.sku AND i.location = p.location
LEFT JOIN listings l ON l.item_id = i.id AND l.channel_id = ? ORDER BY p.ordinal"""

_STAGE_DIFFERING = f"""INSERT INTO stage (poll_id, listing_id, {COLUMNS})
SELECT ?, l.id, {", ".join("p." + name for name in COLUMNS.split(", "))} FROM page p
LEFT JOIN items i ON i.sku = p.sku AND i.location = p.location
LEFT JOIN listings l ON l.item_id = i.id AND l.channel_id = ?
WHERE l.id IS NULL OR l.present = 0 OR l.problem IS NOT NULL OR {_DIFFERS}
ORDER BY p.ordinal"""

_STAGE_REFUSED = """INSERT INTO stage (poll_id, sku, location, problem, listing_id)
VALUES (:poll, :sku, :location, :problem, (SELECT l.id FROM items i JOIN listings l
  ON l.item_id = i.id AND l.channel_id = :channel
  WHERE i.sku = :sku AND i.location = :location))"""

# What was new when its page came; another channel's poll may have made it a listing since.
_NO_LONGER_NEW = """SELECT p.id, coalesce(l.id, 0) FROM stage p
LEFT JOIN items i ON i.sku = p.sku AND i.location = p.location
LEFT JOIN listings l ON l.item_id = i.id AND l.channel_id = ?
WHERE p.poll_id = ? AND p.listing_id IS NULL AND p.problem IS NULL ORDER BY p.id"""

# In the order of their places in the poll, one row for each place.
_LISTINGS_OF_NEW = """SELECT l.id FROM stage p
JOIN items i ON i.sku = p.sku AND i.location = p.location
JOIN listings l ON l.item_id = i.id AND l.channel_id = ?
WHERE p.poll_id = ? AND p.listing_id IS NULL AND p.problem IS NULL ORDER BY p.id"""

FEW = 20
"""Of a channel with fewer listings it is counted how many showed stock: for the guard."""

# A digest is of the record's encoded bytes and not its own hash, for Python gives −1 and −2 the
# same hash: one unit more oversold would never be noticed.
_encode = msgspec.msgpack.Encoder().encode


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
    outside = connection.execute(
        "SELECT id, listing_id FROM moved_outside_polls WHERE channel_id = ?", (channel_id,)
    ).fetchall()
    counts = memory is not None and memory.poll_id == good_poll_id
    return Sweep(
        poll_id=polls.open_record(connection, channel, now=now, poll_id=poll_id),
        channel_id=channel_id,
        channel=channel,
        known=known,
        based_on=good_poll_id,
        is_first=not _has_listings(connection, channel_id),
        memory=memory,
        recalled=memory if memory is not None and counts else PollMemory(),
        suspects=frozenset(listing for _, listing in outside) | _odd(connection, channel_id),
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
        recalled=PollMemory(),
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
    note_progress: bool = False,
) -> None:
    """Take one page: keep what differs from the last good reading, recognise the rest.

    `kept`: of `part.KEEPABLE`, what the records lack.

    `note_progress`: how far it has come is put on record with it, for whoever watches.
    """
    sweep.numbers = None
    if announced is not None:
        sweep.announced = announced
    sweep.refused += refused
    digests = array("q", map(hash, map(_encode, rows_of(records))))
    if kept:
        # Such a record must not be taken for one that says the same and has nothing there.
        digests = array("q", (hash((digest, kept)) for digest in digests))
    if sweep.is_first:
        bulk.insert(connection, "stage", columns_of(records), {"poll_id": sweep.poll_id})
        sweep.listing_ids += array("q", bytes(8 * len(records)))
        sweep.digests += digests
    else:
        _recognise(connection, sweep, records, digests, kept)
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
    if note_progress:
        seen = len(sweep.digests) + len(sweep.refused)
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
    _count_copies(connection, sweep)
    added, back, changed, zeroed, uncounted = connection.execute(
        f"""SELECT
          coalesce(sum(l.id IS NULL), 0),
          count(DISTINCT CASE WHEN l.present = 0 THEN l.id END),
          coalesce(sum(l.present = 1 AND (l.available IS NOT p.available OR l.state IS NOT p.state
              OR l.at_least <> p.at_least)
            AND coalesce({agrees("p", "l.target_quantity")}, 0) = 0), 0),
          coalesce(sum(l.present = 1 AND l.available > 0 AND p.available <= 0
            AND p.available IS NOT l.target_quantity AND l.available + min(0, i.pending) > 0), 0),
          coalesce(sum(l.present = 1 AND l.available IS NOT NULL AND p.available IS NULL), 0)
        FROM stage p LEFT JOIN listings l ON l.id = p.listing_id
        LEFT JOIN items i ON i.id = l.item_id
        WHERE p.poll_id = ? AND p.problem IS NULL""",
        (sweep.poll_id,),
    ).fetchone()
    (gone,) = connection.execute(
        """SELECT count(*) FROM counted k JOIN listings l ON l.id = k.listing_id
        WHERE k.poll_id = ? AND k.copies = 0 AND l.present = 1""",
        (sweep.poll_id,),
    ).fetchone()
    sweep.new_refused = bad_records.new_among(connection, sweep.channel_id, sweep.refused)
    sweep.numbers = PollCounts(
        known=sweep.known,
        seen=sweep.known + added + back - gone if sweep.is_part else len(sweep.listing_ids),
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
    new = connection.execute(_LISTINGS_OF_NEW, (sweep.channel_id, sweep.poll_id))
    place = -1
    for (listing_id,) in new:
        place = sweep.listing_ids.index(0, place + 1)
        sweep.listing_ids[place] = listing_id
    sweep.memory.digests = sweep.digests
    sweep.memory.listing_ids = sweep.listing_ids
    sweep.memory.poll_id = sweep.poll_id


def forget(connection: sqlite3.Connection, channel_id: int) -> None:
    """Empty the stage of this channel's polls; another channel's may be in it half way."""
    for statement in _WORK_TABLES:
        connection.execute(statement)
    polls = "SELECT id FROM polls WHERE channel_id = ?1 UNION ALL SELECT -?1"
    for table in ("stage", "counted"):
        connection.execute(f"DELETE FROM {table} WHERE poll_id IN ({polls})", (channel_id,))


def _recognise(
    connection: sqlite3.Connection,
    sweep: Sweep,
    records: Sequence[Record],
    digests: "array[int]",
    kept: tuple[str, ...],
) -> None:
    """Pass over records that are as they were at the same place; compare the others by query."""
    # Nearly every page of a re-poll is equal as a whole, and one comparison of two arrays passes
    # all of its records. One that only changed its place is looked up: slower, but never wrong.
    start, end = len(sweep.digests), len(sweep.digests) + len(records)
    known = sweep.recalled.digests[start:end]
    listing_ids = sweep.recalled.listing_ids[start:end]
    listing_ids.extend([0] * (len(records) - len(listing_ids)))
    if known != digests or not sweep.suspects.isdisjoint(listing_ids):
        known.extend([0] * (len(records) - len(known)))
        places = [
            place
            for place, digest in enumerate(digests)
            if digest != known[place] or listing_ids[place] in sweep.suspects
        ]
        sweep.in_doubt.update(listing_ids[place] for place in places)
        found = _stage_differing(connection, sweep, some_of(records, places), kept)
        sweep.in_doubt.update(found)
        for place, listing_id in zip(places, found, strict=True):
            listing_ids[place] = listing_id
    sweep.listing_ids += listing_ids
    sweep.digests += digests


def _stage_differing(
    connection: sqlite3.Connection, sweep: Sweep, records: Sequence[Record], kept: Sequence[str]
) -> "array[int]":
    connection.execute("DELETE FROM page")
    bulk.insert(connection, "page", columns_of(records))
    if kept:
        part.keep(connection, sweep.channel_id, kept)
    found = connection.execute(_LISTINGS_OF_PAGE, (sweep.channel_id,))
    listing_ids = array("q", (row[0] for row in found))
    connection.execute(_STAGE_DIFFERING, (sweep.poll_id, sweep.channel_id))
    return listing_ids


def _count_copies(connection: sqlite3.Connection, sweep: Sweep) -> None:
    """Find which listings have gone and which stand more than once; work follows the change."""
    if sweep.counted:
        return
    sweep.counted = True
    list_lag.set_aside(connection, sweep)
    _find_no_longer_new(connection, sweep)
    doubtful = sweep.in_doubt
    doubtful.update(sweep.suspects)
    if sweep.recalled.poll_id:
        doubtful.update(sweep.recalled.listing_ids[len(sweep.listing_ids) :])
    elif sweep.known:
        rows = connection.execute(
            "SELECT id FROM listings WHERE channel_id = ? AND present = 1", (sweep.channel_id,)
        )
        doubtful.update(row[0] for row in rows)
    doubtful.discard(0)
    seen = Counter(filter(doubtful.__contains__, sweep.listing_ids))
    for listing_id in doubtful.intersection(bad_records.listings(connection, sweep)):
        seen[listing_id] = max(seen[listing_id], 1)
    odd = {listing_id for listing_id in doubtful if seen[listing_id] != 1}.union(sweep.suspects)
    connection.executemany(
        "INSERT OR REPLACE INTO counted (poll_id, listing_id, copies) VALUES (?, ?, ?)",
        ((sweep.poll_id, listing_id, seen[listing_id]) for listing_id in odd),
    )


def _find_no_longer_new(connection: sqlite3.Connection, sweep: Sweep) -> None:
    """Find the listings that have come into being since their record's page came."""
    if sweep.is_first and not _has_listings(connection, sweep.channel_id):
        return
    rows = connection.execute(_NO_LONGER_NEW, (sweep.channel_id, sweep.poll_id)).fetchall()
    place = -1
    for stage_id, listing_id in rows:
        place = sweep.listing_ids.index(0, place + 1)
        if listing_id:
            sweep.listing_ids[place] = listing_id
            sweep.in_doubt.add(listing_id)
            connection.execute(
                "UPDATE stage SET listing_id = ? WHERE id = ?", (listing_id, stage_id)
            )


def _stocked(connection: sqlite3.Connection, sweep: Sweep) -> int:
    """How many listings of the channel showed stock before this poll."""
    (count,) = connection.execute(
        """SELECT count(*) FROM listings
        WHERE channel_id = ? AND present = 1 AND available > 0 AND problem IS NULL""",
        (sweep.channel_id,),
    ).fetchone()
    return int(count)


def _has_listings(connection: sqlite3.Connection, channel_id: int) -> bool:
    # Asked of the listings themselves. A channel whose polls have left no record, or whose listings
    # were read one by one before its first poll, would have all of them made a second time.
    found = connection.execute(
        "SELECT 1 FROM listings WHERE channel_id = ? LIMIT 1", (channel_id,)
    ).fetchone()
    return found is not None


def _odd(connection: sqlite3.Connection, channel_id: int) -> frozenset[int]:
    """The channel's listings that no single record describes: there twice, or unreadable."""
    rows = connection.execute(
        """SELECT id FROM listings WHERE channel_id = ?1 AND copies > 1
        UNION SELECT id FROM listings WHERE channel_id = ?1 AND problem IS NOT NULL""",
        (channel_id,),
    )
    return frozenset(row[0] for row in rows)

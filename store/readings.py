"""What channels said: the staging of a poll, its merge, its quarantine, and fresh readings.

A poll is a `Sweep`: each page is compared with what is known and only the rows that differ are
staged, in a temporary table of the writer's connection. When all pages are in, the poll is
judged (`sync.guard`, by `counts`) and then merged, quarantined or failed, each in one
transaction. An unchanged listing is never touched: the poll's own row is its heartbeat.

`Memory` makes a re-poll cheap: it keeps a digest of every record by its position in the last
good poll, so that a page that has not changed is recognised without a query.
"""

import sqlite3
from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from msgspec.structs import astuple

from store import incidents
from store.comparison import Comparison
from store.errors import NoSuchThing
from store.model import IncidentKind, Merge, Millis, PollCounts, PollOutcome, Record, Refused

VALUES = (
    "available, state, on_hand, committed, unavailable, incoming, threshold, price_minor, title, "
    "source_at, ref"
)
"""A reading's columns, of the same names in the stage, the quarantine and the listing."""

COLUMNS = (
    "sku, available, location, state, on_hand, committed, unavailable, incoming, threshold, "
    "price_minor, title, source_at, ref"
)
"""In the order of Record's fields."""

_NAMES = VALUES.split(", ")
_DIFFERS = " OR ".join(f"l.{name} IS NOT p.{name}" for name in _NAMES)
_TYPED = """sku TEXT NOT NULL, available INTEGER, location TEXT NOT NULL, state TEXT,
  on_hand INTEGER, committed INTEGER, unavailable INTEGER, incoming INTEGER, threshold INTEGER,
  price_minor INTEGER, title TEXT, source_at INTEGER, ref TEXT"""

_WORK_TABLES = (
    f"CREATE TEMP TABLE IF NOT EXISTS page (ordinal INTEGER PRIMARY KEY, {_TYPED})",
    f"""CREATE TEMP TABLE IF NOT EXISTS stage (id INTEGER PRIMARY KEY, poll_id INTEGER NOT NULL,
      listing_id INTEGER, problem TEXT, {_TYPED})""",
    """CREATE TEMP TABLE IF NOT EXISTS counted (poll_id INTEGER NOT NULL,
      listing_id INTEGER NOT NULL, copies INTEGER NOT NULL, PRIMARY KEY (poll_id, listing_id))""",
)

_ADD_TO_PAGE = f"INSERT INTO page (ordinal, {COLUMNS}) VALUES (?{', ?' * 13})"
_STAGE_NEW = f"INSERT INTO stage (poll_id, {COLUMNS}) VALUES (?{', ?' * 13})"
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


class Memory:
    """What one channel's last good poll held, by position. Belongs to one running engine.

    16 bytes a listing. It counts only while the cache's last good poll is the one that it is of.
    """

    __slots__ = ("digests", "listing_ids", "poll_id")

    def __init__(self) -> None:
        self.digests = array("q")
        self.listing_ids = array("q")
        self.poll_id = 0


@dataclass(slots=True)
class Sweep:
    """One poll in progress. Only this module looks inside."""

    poll_id: int
    channel_id: int
    channel: str
    started_at: Millis
    known: int
    memory: Memory | None
    recalled: Memory
    """What may be recognised: the memory, or an empty one where it does not count."""
    suspects: frozenset[int]
    """Listings that moved outside polls or stand twice: never recognised, always compared."""
    outside_up_to: int
    digests: "array[int]" = field(default_factory=lambda: array("q"))
    listing_ids: "array[int]" = field(default_factory=lambda: array("q"))
    """Listing by position; 0 until the merge for a record whose listing is new."""
    in_doubt: set[int] = field(default_factory=set)
    """Listings of pages that were not recognised, then or now: only these can have gone."""
    refused: list[Refused] = field(default_factory=list)
    announced: int | None = None
    counted: bool = False


def begin(
    connection: sqlite3.Connection, channel: str, memory: Memory | None, *, now: Millis
) -> Sweep:
    """Open a poll of `channel`: its record stands as `running` until it is merged or failed."""
    channel_id, known, good_poll_id = _channel(connection, channel)
    for statement in _WORK_TABLES:
        connection.execute(statement)
    _forget_staged(connection, channel_id)
    row = connection.execute(
        "INSERT INTO polls (channel_id, started_at, outcome) VALUES (?, ?, ?) RETURNING id",
        (channel_id, now, PollOutcome.RUNNING),
    ).fetchone()
    outside = connection.execute(
        "SELECT id, listing_id FROM moved_outside_polls WHERE channel_id = ?", (channel_id,)
    ).fetchall()
    counts = memory is not None and memory.poll_id == good_poll_id
    return Sweep(
        poll_id=row[0],
        channel_id=channel_id,
        channel=channel,
        started_at=now,
        known=known,
        memory=memory,
        recalled=memory if memory is not None and counts else Memory(),
        suspects=frozenset(listing for _, listing in outside) | _repeated(connection, channel_id),
        outside_up_to=max((row_id for row_id, _ in outside), default=0),
    )


def stage(
    connection: sqlite3.Connection,
    sweep: Sweep,
    records: Sequence[Record],
    refused: Sequence[Refused] = (),
    announced: int | None = None,
) -> None:
    """Take one page: keep what differs from the last good reading, recognise the rest."""
    if announced is not None:
        sweep.announced = announced
    sweep.refused += refused
    digests = array("q", map(hash, records))
    if sweep.known == 0:
        poll = (sweep.poll_id,)
        connection.executemany(_STAGE_NEW, (poll + astuple(record) for record in records))
        sweep.listing_ids += array("q", bytes(8 * len(records)))
        sweep.digests += digests
    else:
        _recognise(connection, sweep, records, digests)
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


def _recognise(
    connection: sqlite3.Connection,
    sweep: Sweep,
    records: Sequence[Record],
    digests: "array[int]",
) -> None:
    """Pass over the records that stand where and as they stood; compare the others by query."""
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
        found = _stage_differing(connection, sweep, [records[place] for place in places])
        sweep.in_doubt.update(found)
        for place, listing_id in zip(places, found, strict=True):
            listing_ids[place] = listing_id
    sweep.listing_ids += listing_ids
    sweep.digests += digests


def counts(connection: sqlite3.Connection, sweep: Sweep) -> PollCounts:
    """Tell what the poll would change, for the guard. All pages must be in."""
    _count_copies(connection, sweep)
    row = connection.execute(
        """SELECT
          coalesce(sum(l.id IS NULL), 0), coalesce(sum(l.present = 0), 0),
          coalesce(sum(l.present = 1 AND (l.available IS NOT p.available OR l.state IS NOT p.state)
            AND p.available IS NOT l.target_quantity), 0),
          coalesce(sum(l.present = 1 AND l.available > 0 AND p.available <= 0
            AND p.available IS NOT l.target_quantity), 0)
        FROM stage p LEFT JOIN listings l ON l.id = p.listing_id
        WHERE p.poll_id = ? AND p.problem IS NULL""",
        (sweep.poll_id,),
    ).fetchone()
    gone = connection.execute(
        """SELECT count(*) FROM counted k JOIN listings l ON l.id = k.listing_id
        WHERE k.poll_id = ? AND k.copies = 0 AND l.present = 1""",
        (sweep.poll_id,),
    ).fetchone()[0]
    return PollCounts(
        known=sweep.known,
        seen=len(sweep.listing_ids),
        changed=row[2],
        zeroed=row[3],
        gone=gone,
        added=row[0],
        back=row[1],
        refused=len(sweep.refused),
        announced=sweep.announced,
    )


def merge(
    connection: sqlite3.Connection,
    sweep: Sweep,
    comparison: Comparison,
    *,
    now: Millis,
    as_of: Millis | None,
) -> Merge:
    """Record a good poll: its readings, what they close and open, and what that proposes.

    `as_of` is the file's own time; without one the poll is as of its start, for nothing in it
    can be older. Repeating it is a bug: the stage is gone.
    """
    numbers = counts(connection, sweep)
    first = _is_first_good_poll(connection, sweep.channel_id)
    comparison.forget_moved(connection)
    changed = _merge_stage(connection, sweep, numbers, now=now)
    _record_end(connection, sweep, PollOutcome.GOOD, numbers, now=now, as_of=as_of)
    _drop_quarantine(connection, sweep.channel_id, now=now)
    _report_refused(connection, sweep, now=now)
    if first:
        comparison.expect_everything(connection, sweep.channel)
    merged = comparison.reconcile_moved(connection, now=now)
    _remember(connection, sweep)
    _forget_staged(connection, sweep.channel_id)
    return Merge(changed, *merged)


def quarantine(
    connection: sqlite3.Connection,
    sweep: Sweep,
    reason: str,
    *,
    now: Millis,
    as_of: Millis | None,
) -> None:
    """Set an implausible poll aside: the last good readings stay in force (rule 8).

    Its rows are kept for the person who may accept it; an older one is replaced.
    """
    numbers = counts(connection, sweep)
    # The incident stays open from the first implausible poll to the last: trouble speaks once.
    _drop_quarantine(connection, sweep.channel_id, now=now, over=False)
    connection.execute(
        f"""INSERT INTO quarantined_readings (poll_id, sku, location, what, problem, {VALUES})
        SELECT poll_id, sku, location, 'read', problem, {VALUES} FROM stage
        WHERE poll_id = ? ORDER BY id""",
        (sweep.poll_id,),
    )
    connection.execute(
        """INSERT INTO quarantined_readings (poll_id, sku, location, what, copies)
        SELECT k.poll_id, i.sku, i.location, 'counted', k.copies FROM counted k
        JOIN listings l ON l.id = k.listing_id JOIN items i ON i.id = l.item_id
        WHERE k.poll_id = ?""",
        (sweep.poll_id,),
    )
    _record_end(connection, sweep, PollOutcome.QUARANTINED, numbers, now=now, as_of=as_of)
    connection.execute(
        "UPDATE polls SET error = ? WHERE id = ?",
        (reason, sweep.poll_id),
    )
    connection.execute(
        "UPDATE channels SET quarantined_poll_id = ?, last_error = ? WHERE id = ?",
        (sweep.poll_id, reason, sweep.channel_id),
    )
    incidents.raise_incident(connection, sweep.channel, IncidentKind.QUARANTINED, reason, now=now)
    _forget_staged(connection, sweep.channel_id)


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
    _forget_staged(connection, sweep.channel_id)


def drop(connection: sqlite3.Connection, sweep: Sweep) -> None:
    """Forget a poll that we stopped ourselves: it says nothing about the channel."""
    connection.execute("DELETE FROM polls WHERE id = ?", (sweep.poll_id,))
    _forget_staged(connection, sweep.channel_id)


def quarantined(connection: sqlite3.Connection, channel: str) -> tuple[int, str, PollCounts] | None:
    """The channel's quarantined poll: its id, why it was set aside, and what it would change."""
    channel_id, _, _ = _channel(connection, channel)
    row = connection.execute(
        """SELECT p.id, p.error, p.known, p.seen, p.changed, p.zeroed, p.gone, p.added, p.refused,
          0, p.announced FROM channels c JOIN polls p ON p.id = c.quarantined_poll_id
        WHERE c.id = ?""",
        (channel_id,),
    ).fetchone()
    return None if row is None else (row[0], row[1], PollCounts(*row[2:]))


def accept(
    connection: sqlite3.Connection,
    channel: str,
    comparison: Comparison,
    *,
    who: str,
    now: Millis,
    poll_id: int | None = None,
) -> Merge:
    """Take a quarantined poll for true, as the person `who` saw it.

    Raises NoSuchThing where the channel has none, or another than `poll_id` by now.
    """
    found = quarantined(connection, channel)
    if found is None:
        raise NoSuchThing(f"channel {channel} has no quarantined poll")
    if poll_id not in (None, found[0]):
        raise NoSuchThing(
            f"channel {channel}'s quarantined poll is now {found[0]}, not {poll_id}: look again"
        )
    channel_id, known, _ = _channel(connection, channel)
    started_at, finished_at, as_of = connection.execute(
        "SELECT started_at, finished_at, as_of FROM polls WHERE id = ?", (found[0],)
    ).fetchone()
    for statement in _WORK_TABLES:
        connection.execute(statement)
    _forget_staged(connection, channel_id)
    sweep = Sweep(
        poll_id=found[0], channel_id=channel_id, channel=channel, started_at=started_at,
        known=known, memory=None, recalled=Memory(), suspects=frozenset(), outside_up_to=0,
        counted=True,
    )  # fmt: skip
    _restage_quarantined(connection, sweep)
    first = _is_first_good_poll(connection, channel_id)
    comparison.forget_moved(connection)
    # Its readings are of the time at which they were taken, not of the time of the acceptance.
    numbers = counts(connection, sweep)
    changed = _merge_stage(connection, sweep, numbers, now=finished_at)
    _record_end(connection, sweep, PollOutcome.ACCEPTED, found[2], now=finished_at, as_of=as_of)
    connection.execute(
        "UPDATE polls SET error = ? WHERE id = ?", (f"{found[1]}; accepted by {who}", found[0])
    )
    _drop_quarantine(connection, channel_id, now=now, outcome=PollOutcome.ACCEPTED)
    if first:
        comparison.expect_everything(connection, channel)
    merged = comparison.reconcile_moved(connection, now=now)
    _forget_staged(connection, channel_id)
    return Merge(changed, *merged)


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

    A wanted listing that was not answered is gone. `own`: the reading follows our own write, so
    a fall in it is not the channel's own fall (rule 3).
    """
    channel_id, known, _ = _channel(connection, channel)
    for statement in _WORK_TABLES:
        connection.execute(statement)
    sweep = Sweep(
        poll_id=-channel_id, channel_id=channel_id, channel=channel, started_at=now, known=known,
        memory=None, recalled=Memory(), suspects=frozenset(), outside_up_to=0,
    )  # fmt: skip
    _forget_staged(connection, channel_id)
    sweep.known = max(known, 1)
    stage(connection, sweep, records, refused)
    answered = Counter((record.sku, record.location) for record in records)
    answered.update((r.sku, r.location) for r in refused if r.sku is not None)
    for sku, location in wanted:
        connection.execute(
            """INSERT OR REPLACE INTO counted (poll_id, listing_id, copies)
            SELECT ?, l.id, ? FROM listings l JOIN items i ON i.id = l.item_id
            WHERE i.sku = ? AND i.location = ? AND l.channel_id = ?""",
            (sweep.poll_id, answered[sku, location], sku, location, channel_id),
        )
    sweep.counted = True
    comparison.forget_moved(connection)
    numbers = counts(connection, sweep)
    changed = _merge_stage(connection, sweep, numbers, now=now, own=own)
    connection.execute(
        """INSERT INTO moved_outside_polls (channel_id, listing_id)
        SELECT ?, l.id FROM moved m
        JOIN listings l ON l.item_id = m.item_id AND l.channel_id = ?""",
        (channel_id, channel_id),
    )
    merged = comparison.reconcile_moved(connection, now=now)
    _forget_staged(connection, channel_id)
    return Merge(changed, *merged)


def set_next_poll(connection: sqlite3.Connection, channel: str, at: Millis | None) -> None:
    """Note when the scheduler will poll the channel next, for the screen."""
    connection.execute("UPDATE channels SET next_poll_at = ? WHERE name = ?", (at, channel))


def pause(connection: sqlite3.Connection, channel: str, reason: str, until: Millis | None) -> None:
    """Mark the channel as not polled, until an instant or (None) until somebody resumes it."""
    connection.execute(
        "UPDATE channels SET paused_until = ?, paused_reason = ? WHERE name = ?",
        (until, reason, channel),
    )


def resume(connection: sqlite3.Connection, channel: str) -> None:
    """End the channel's pause, if it has one."""
    connection.execute(
        "UPDATE channels SET paused_until = NULL, paused_reason = NULL WHERE name = ?", (channel,)
    )


def _channel(connection: sqlite3.Connection, name: str) -> tuple[int, int, int | None]:
    row = connection.execute(
        "SELECT id, listings, good_poll_id FROM channels WHERE name = ?", (name,)
    ).fetchone()
    if row is None:
        raise NoSuchThing(f"the cache knows no channel {name!r}")
    return row[0], row[1], row[2]


def _is_first_good_poll(connection: sqlite3.Connection, channel_id: int) -> bool:
    found = connection.execute("SELECT good_poll_id FROM channels WHERE id = ?", (channel_id,))
    return found.fetchone()[0] is None


def _stage_differing(
    connection: sqlite3.Connection, sweep: Sweep, records: Sequence[Record]
) -> "array[int]":
    connection.execute("DELETE FROM page")
    rows = ((ordinal, *astuple(record)) for ordinal, record in enumerate(records))
    connection.executemany(_ADD_TO_PAGE, rows)
    found = connection.execute(_LISTINGS_OF_PAGE, (sweep.channel_id,))
    listing_ids = array("q", (row[0] for row in found))
    connection.execute(_STAGE_DIFFERING, (sweep.poll_id, sweep.channel_id))
    return listing_ids


def _count_copies(connection: sqlite3.Connection, sweep: Sweep) -> None:
    """Find which listings have gone and which stand more than once; work follows the change."""
    if sweep.counted:
        return
    sweep.counted = True
    doubtful = sweep.in_doubt
    if sweep.recalled.poll_id:
        doubtful.update(sweep.recalled.listing_ids[len(sweep.listing_ids) :])
    elif sweep.known:
        rows = connection.execute(
            "SELECT id FROM listings WHERE channel_id = ? AND present = 1", (sweep.channel_id,)
        )
        doubtful.update(row[0] for row in rows)
    doubtful.discard(0)
    seen = Counter(filter(doubtful.__contains__, sweep.listing_ids))
    for listing_id in _listings_of_refused(connection, sweep):
        if listing_id in doubtful:
            seen[listing_id] = max(seen[listing_id], 1)
    odd = _repeated(connection, sweep.channel_id) & doubtful
    odd |= {listing_id for listing_id in doubtful if seen[listing_id] != 1}
    connection.executemany(
        "INSERT OR REPLACE INTO counted (poll_id, listing_id, copies) VALUES (?, ?, ?)",
        ((sweep.poll_id, listing_id, seen[listing_id]) for listing_id in odd),
    )


def _repeated(connection: sqlite3.Connection, channel_id: int) -> frozenset[int]:
    """The channel's listings that stood more than once in its last good poll."""
    rows = connection.execute(
        "SELECT id FROM listings WHERE channel_id = ? AND copies > 1", (channel_id,)
    )
    return frozenset(row[0] for row in rows)


def _listings_of_refused(connection: sqlite3.Connection, sweep: Sweep) -> list[int]:
    found = connection.execute(
        """SELECT listing_id FROM stage
        WHERE poll_id = ? AND problem IS NOT NULL AND listing_id IS NOT NULL""",
        (sweep.poll_id,),
    )
    return [row[0] for row in found]


_MERGE_ITEMS = """INSERT INTO items (sku, location, title, price_minor)
SELECT sku, location, title, price_minor FROM stage WHERE poll_id = :poll AND listing_id IS NULL
ON CONFLICT (sku, location) DO UPDATE SET
  title = coalesce(items.title, excluded.title),
  price_minor = coalesce(items.price_minor, excluded.price_minor)
WHERE (items.title IS NULL AND excluded.title IS NOT NULL)
  OR (items.price_minor IS NULL AND excluded.price_minor IS NOT NULL)"""

# A new listing that comes twice in one poll meets its own first row, which is after `:newest`.
_MERGE_NEW = f"""INSERT INTO listings (item_id, channel_id, observed_at, {VALUES})
SELECT i.id, :channel, :now, {", ".join("p." + name for name in _NAMES)}
FROM stage p JOIN items i ON i.sku = p.sku AND i.location = p.location
WHERE p.poll_id = :poll AND p.listing_id IS NULL AND p.problem IS NULL ORDER BY p.id
ON CONFLICT (item_id, channel_id) DO UPDATE SET copies = listings.copies + 1"""

# The values of a listing that stands twice stay as they were: neither of the two is the truth.
_MERGE_KNOWN = f"""UPDATE listings SET
  {", ".join(f"{name} = p.{name}" for name in _NAMES)}, present = 1, problem = NULL,
  observed_at = CASE WHEN listings.available IS NOT p.available
      OR listings.state IS NOT p.state OR listings.present = 0
    THEN :now ELSE listings.observed_at END,
  fell_at = CASE WHEN :own = 0 AND p.available < listings.available
    THEN :now ELSE listings.fell_at END
FROM (SELECT * FROM stage WHERE poll_id = :poll AND listing_id IS NOT NULL AND problem IS NULL
  AND id IN (SELECT max(id) FROM stage WHERE poll_id = :poll AND problem IS NULL
    AND listing_id IS NOT NULL GROUP BY listing_id)) p
WHERE listings.id = p.listing_id AND NOT EXISTS (SELECT 1 FROM counted k
  WHERE k.poll_id = :poll AND k.listing_id = p.listing_id AND k.copies > 1)"""

_MERGE_PROBLEMS = """INSERT INTO listings (item_id, channel_id, present, problem)
SELECT i.id, :channel, 0, p.problem
FROM stage p JOIN items i ON i.sku = p.sku AND i.location = p.location
WHERE p.poll_id = :poll AND p.problem IS NOT NULL
ON CONFLICT (item_id, channel_id) DO UPDATE SET problem = excluded.problem
WHERE listings.problem IS NOT excluded.problem"""

_MERGE_GONE = """UPDATE listings SET present = CASE WHEN :doubt IS NULL THEN 0 ELSE 1 END,
  problem = :doubt, copies = 1, observed_at = :now
WHERE present = 1 AND id IN
  (SELECT listing_id FROM counted WHERE poll_id = :poll AND copies = 0)"""

_MERGE_COPIES = """UPDATE listings SET copies = (SELECT k.copies FROM counted k
  WHERE k.poll_id = :poll AND k.listing_id = listings.id)
WHERE id IN (SELECT listing_id FROM counted WHERE poll_id = :poll AND copies > 0)"""

# In the order of their places in the poll, one row a place.
_LISTINGS_OF_NEW = """SELECT l.id FROM stage p
JOIN items i ON i.sku = p.sku AND i.location = p.location
JOIN listings l ON l.item_id = i.id AND l.channel_id = ?
WHERE p.poll_id = ? AND p.listing_id IS NULL AND p.problem IS NULL ORDER BY p.id"""

_NOTE_MOVED = """INSERT OR IGNORE INTO moved (item_id)
SELECT item_id FROM listings WHERE id > :newest
UNION ALL
SELECT l.item_id FROM stage p CROSS JOIN listings l ON l.id = p.listing_id
WHERE p.poll_id = :poll
UNION ALL
SELECT l.item_id FROM counted k CROSS JOIN listings l ON l.id = k.listing_id
WHERE k.poll_id = :poll"""


def _merge_stage(
    connection: sqlite3.Connection,
    sweep: Sweep,
    numbers: PollCounts,
    *,
    now: Millis,
    own: bool = False,
) -> int:
    """Bring the stage into the listings and note the items that moved; answer how many rows."""
    # A record whose SKU could not be read may be any of those that were not seen.
    anonymous = [record for record in sweep.refused if record.sku is None]
    newest = connection.execute("SELECT coalesce(max(id), 0) FROM listings").fetchone()[0]
    values = {
        "channel": sweep.channel_id,
        "poll": sweep.poll_id,
        "newest": newest,
        "now": now,
        "own": int(own),
        "doubt": f"may be the record at {anonymous[0].place}" if anonymous else None,
    }
    changed = 0
    connection.execute(_MERGE_ITEMS, values)
    for statement in (_MERGE_NEW, _MERGE_KNOWN):
        connection.execute(statement, values)
        changed += connection.execute("SELECT changes()").fetchone()[0]
    for statement in (_MERGE_PROBLEMS, _MERGE_GONE, _MERGE_COPIES, _NOTE_MOVED):
        connection.execute(statement, values)
    (new,) = connection.execute(
        "SELECT count(*) FROM listings WHERE id > ? AND present = 1", (newest,)
    ).fetchone()
    gone = 0 if anonymous else numbers.gone
    connection.execute(
        "UPDATE channels SET listings = listings + ? WHERE id = ?",
        (new + numbers.back - gone, sweep.channel_id),
    )
    return changed


def _record_end(
    connection: sqlite3.Connection,
    sweep: Sweep,
    outcome: PollOutcome,
    numbers: PollCounts,
    *,
    now: Millis,
    as_of: Millis | None,
) -> None:
    connection.execute(
        """UPDATE polls SET finished_at = ?, outcome = ?, as_of = ?, known = ?, seen = ?,
          changed = ?, zeroed = ?, gone = ?, added = ?, refused = ?, announced = ?
        WHERE id = ?""",
        (now, outcome, as_of, numbers.known, numbers.seen, numbers.changed, numbers.zeroed,
         numbers.gone, numbers.added, numbers.refused, numbers.announced, sweep.poll_id),
    )  # fmt: skip
    connection.execute(
        "UPDATE channels SET last_poll_at = ?, last_outcome = ? WHERE id = ?",
        (now, outcome, sweep.channel_id),
    )
    if outcome is not PollOutcome.QUARANTINED:
        connection.execute(
            """UPDATE channels SET good_poll_id = ?, last_success_at = ?, as_of = ?,
              last_error = NULL WHERE id = ?""",
            (sweep.poll_id, now, sweep.started_at if as_of is None else as_of, sweep.channel_id),
        )


def _drop_quarantine(
    connection: sqlite3.Connection,
    channel_id: int,
    *,
    now: Millis,
    outcome: PollOutcome = PollOutcome.REPLACED,
    over: bool = True,
) -> None:
    row = connection.execute(
        "SELECT name, quarantined_poll_id FROM channels WHERE id = ?", (channel_id,)
    ).fetchone()
    if row[1] is None:
        return
    connection.execute("DELETE FROM quarantined_readings WHERE poll_id = ?", (row[1],))
    connection.execute("UPDATE polls SET outcome = ? WHERE id = ?", (outcome, row[1]))
    connection.execute("UPDATE channels SET quarantined_poll_id = NULL WHERE id = ?", (channel_id,))
    if over:
        incidents.resolve(connection, row[0], IncidentKind.QUARANTINED, now=now)


def _restage_quarantined(connection: sqlite3.Connection, sweep: Sweep) -> None:
    """Put a quarantined poll back on the stage; its listings may have come into being since."""
    listing = """LEFT JOIN items i ON i.sku = q.sku AND i.location = q.location
        LEFT JOIN listings l ON l.item_id = i.id AND l.channel_id = ?"""
    values = ", ".join(f"q.{name}" for name in _NAMES)
    connection.execute(
        f"""INSERT INTO stage (poll_id, listing_id, sku, location, problem, {VALUES})
        SELECT q.poll_id, l.id, q.sku, q.location, q.problem, {values}
        FROM quarantined_readings q {listing} WHERE q.poll_id = ? AND q.what = 'read'
        ORDER BY q.id""",
        (sweep.channel_id, sweep.poll_id),
    )
    connection.execute(
        f"""INSERT INTO counted (poll_id, listing_id, copies)
        SELECT q.poll_id, l.id, q.copies FROM quarantined_readings q {listing}
        WHERE q.poll_id = ? AND q.what = 'counted' AND l.id IS NOT NULL""",
        (sweep.channel_id, sweep.poll_id),
    )


def _report_refused(connection: sqlite3.Connection, sweep: Sweep, *, now: Millis) -> None:
    if not sweep.refused:
        incidents.resolve(connection, sweep.channel, IncidentKind.UNREADABLE, now=now)
        return
    first = sweep.refused[0]
    more = f", and {len(sweep.refused) - 1} more" if len(sweep.refused) > 1 else ""
    message = f"{first.place}: {first.reason}{more}"
    incidents.raise_incident(connection, sweep.channel, IncidentKind.UNREADABLE, message, now=now)


def _remember(connection: sqlite3.Connection, sweep: Sweep) -> None:
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


def _forget_staged(connection: sqlite3.Connection, channel_id: int) -> None:
    """Empty the stage of this channel's polls; another channel's may be half way in it."""
    polls = "SELECT id FROM polls WHERE channel_id = ?1 UNION ALL SELECT -?1"
    for table in ("stage", "counted"):
        connection.execute(f"DELETE FROM {table} WHERE poll_id IN ({polls})", (channel_id,))

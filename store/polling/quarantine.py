"""Implausible polls: kept with their rows until a person accepts or discards them.

Rule 8, docs/architecture.md. One that nobody judges is replaced by the next poll.
"""

import hashlib
import re
import sqlite3
from datetime import UTC, datetime
from typing import NamedTuple

from store.cells.cell_ids import cell
from store.channels import incidents, polls
from store.database.rows import Columns
from store.database.worklist import Merge
from store.errors import NoSuchThing
from store.model import IncidentKind, Millis, PollOutcome, Refused
from store.poll_counts import PollCounts
from store.polling import merge, staging
from store.polling.changes import deltas, sequence
from store.polling.comparison import Comparison
from store.polling.staging import NAMES, VALUES
from store.polling.sweep import Sweep


def quarantine_poll(
    connection: sqlite3.Connection,
    sweep: Sweep,
    reason: str,
    *,
    now: Millis,
    as_of: Millis | None,
) -> None:
    """Quarantine an implausible poll: the last good readings stay in force.

    Its rows are kept for the person who may accept it; an older one is replaced. Where it would
    change the same as one that a person discarded, its reason says so. Raises Overtaken.
    """
    staging.check(connection, sweep)
    numbers = staging.counts(connection, sweep)
    digest = _digest(connection, sweep)
    reason += _discarded_before(connection, sweep.channel_id, digest)
    # One incident from the first implausible poll to the last: the same trouble is reported once.
    polls.end_quarantine(connection, sweep.channel_id, now=now, over=False)
    connection.execute(
        f"""INSERT INTO quarantined_readings (poll_id, sku, location, what, problem, {VALUES})
        SELECT poll_id, sku, location, 'read', problem, {VALUES} FROM stage
        WHERE poll_id = ? ORDER BY id""",
        (sweep.poll_id,),
    )
    connection.executemany(
        """INSERT INTO quarantined_readings (poll_id, sku, location, what, ref, problem)
        VALUES (?, ?, ?, 'refused', ?, ?)""",
        (
            (sweep.poll_id, record.sku or "", record.location, record.place, record.reason)
            for record in sweep.refused
        ),
    )
    connection.execute(
        """INSERT INTO quarantined_readings (poll_id, sku, location, what, copies)
        SELECT k.poll_id, i.sku, i.location, 'counted', k.copies FROM counted k
        JOIN listings l ON l.id = k.listing_id JOIN items i ON i.id = l.item_id
        WHERE k.poll_id = ?""",
        (sweep.poll_id,),
    )
    polls.record_end(
        connection, sweep.poll_id, PollOutcome.QUARANTINED, numbers, now=now, as_of=as_of
    )
    sequence.set_aside(connection, sweep)
    connection.execute(
        "UPDATE polls SET error = ?, digest = ? WHERE id = ?",
        (reason, digest, sweep.poll_id),
    )
    connection.execute(
        "UPDATE channels SET quarantined_poll_id = ?, last_error = ? WHERE id = ?",
        (sweep.poll_id, reason, sweep.channel_id),
    )
    incidents.raise_incident(connection, sweep.channel, IncidentKind.QUARANTINED, reason, now=now)
    staging.forget(connection, sweep.channel_id)


class QuarantinedPoll(NamedTuple):
    """A poll that waits for a person."""

    id: int
    reason: str
    """Why it was quarantined."""
    counts: PollCounts
    """What it would change."""


_COUNTS = Columns(
    PollCounts,
    {name: f"p.{name}" for name in PollCounts.__struct_fields__}
    | {
        "back": "0",
        "stocked": "NULL",
        "new_refused": "0",
        "anonymous": "0",
        "uncounted": "0",
        "jumped": "0",
        "first": "NULL",
    },
)


def waiting(connection: sqlite3.Connection, channel: str) -> QuarantinedPoll | None:
    """The channel's quarantined poll; None where it has none."""
    channel_id, _, _ = polls.channel(connection, channel)
    row = connection.execute(
        f"""SELECT p.id, p.error, {_COUNTS.sql}
        FROM channels c JOIN polls p ON p.id = c.quarantined_poll_id WHERE c.id = ?""",
        (channel_id,),
    ).fetchone()
    if row is None:
        return None
    poll_id, reason, *counts = row
    return QuarantinedPoll(poll_id, reason, _COUNTS.read(counts))


def accept(
    connection: sqlite3.Connection,
    channel: str,
    comparison: Comparison,
    *,
    who: str,
    now: Millis,
    poll_id: int | None = None,
) -> Merge:
    """Put a quarantined poll's readings in force, as the person `who` saw it.

    Raises NoSuchThing where the channel has none, or another than `poll_id` by now.
    """
    found = _poll_as_seen(connection, channel, poll_id)
    finished_at, as_of = connection.execute(
        "SELECT finished_at, as_of FROM polls WHERE id = ?", (found.id,)
    ).fetchone()
    sweep = staging.begin_beside(connection, channel, poll_id=found.id)
    channel_id = sweep.channel_id
    _restage_quarantined(connection, sweep)
    sequence.take_back(connection, sweep)
    deltas.take_back(connection, sweep)
    first = polls.is_first_good(connection, channel_id)
    comparison.forget_moved(connection)
    # Its readings are of the time at which they were taken and not of the acceptance: what has
    # happened since, such as a sale or a write, is newer than they are.
    changed = merge.merge_stage(connection, sweep, now=finished_at, as_of=as_of)
    polls.record_end(
        connection, sweep.poll_id, PollOutcome.ACCEPTED, found.counts, now=finished_at, as_of=as_of
    )
    _judge(connection, found, f"accepted by {who}", who=who, why=None, now=now)
    polls.end_quarantine(
        connection, channel_id, now=now, outcome=PollOutcome.ACCEPTED, by=(who, "accepted")
    )
    sequence.keep(connection, sweep, now=now)
    deltas.require_sweep(connection, channel_id)
    merge.report_refused(connection, sweep, now=now)
    if first:
        comparison.expect_everything(connection, channel)
    merged = comparison.reconcile_moved(connection, now=now, channel=sweep.channel)
    staging.forget(connection, channel_id)
    return Merge(changed, *merged)


def discard(
    connection: sqlite3.Connection,
    channel: str,
    *,
    who: str,
    why: str,
    now: Millis,
    poll_id: int | None = None,
) -> int:
    """Throw a quarantined poll away, as the person `who` saw it; answer its id.

    The last good readings stay in force and count again for as long as they are fresh; the poll's
    record and its incident keep who and why. The next poll is judged by itself. One that has taken
    the place of `poll_id` meanwhile is thrown away in its stead where it was quarantined for the
    same: a channel that is polled every few seconds would never let anybody finish. Raises
    NoSuchThing where the channel has none, or one that was quarantined for something else.
    """
    found = _poll_as_seen(connection, channel, poll_id, or_alike=True)
    channel_id, _, _ = polls.channel(connection, channel)
    words = f"discarded by {who}: {why}"
    _judge(connection, found, words, who=who, why=why, now=now)
    polls.end_quarantine(
        connection, channel_id, now=now, outcome=PollOutcome.DISCARDED,
        by=(who, f"discarded: {why}"),
    )  # fmt: skip
    connection.execute(
        "UPDATE channels SET last_error = ? WHERE id = ?",
        (f"the last poll was {words}", channel_id),
    )
    deltas.require_sweep(connection, channel_id)
    return found.id


def _poll_as_seen(
    connection: sqlite3.Connection, channel: str, poll_id: int | None, *, or_alike: bool = False
) -> QuarantinedPoll:
    """The channel's quarantined poll, if it is still the one that the person saw.

    `or_alike`: or one that was quarantined for the same.
    """
    found = waiting(connection, channel)
    if found is None:
        raise NoSuchThing(f"channel {channel} has no quarantined poll")
    alike = or_alike and _verdict(found.reason) == _verdict(_reason(connection, channel, poll_id))
    if poll_id not in (None, found.id) and not alike:
        raise NoSuchThing(
            f"channel {channel}'s quarantined poll is now {found.id}, not {poll_id}: look again"
        )
    return found


def _reason(connection: sqlite3.Connection, channel: str, poll_id: int | None) -> str | None:
    """Why a poll of the channel was quarantined that another has replaced; None: it was not."""
    row = connection.execute(
        """SELECT p.error FROM polls p JOIN channels c ON c.id = p.channel_id
        WHERE p.id = ? AND c.name = ? AND p.outcome = ?""",
        (poll_id, channel, PollOutcome.REPLACED),
    ).fetchone()
    return None if row is None else row[0]


def _verdict(reason: str | None) -> str | None:
    """What a poll was quarantined for, without its figures and what is said of it beside."""
    return None if reason is None else re.sub(r"[\d.,]+", "#", reason.partition(";")[0])


def _judge(
    connection: sqlite3.Connection,
    found: QuarantinedPoll,
    words: str,
    *,
    who: str,
    why: str | None,
    now: Millis,
) -> None:
    """Keep a person's judgement in the poll's record."""
    connection.execute(
        """UPDATE polls SET error = ?, judged_by = ?, judged_at = ?, judged_why = ?
        WHERE id = ?""",
        (f"{found.reason}; {words}", who, now, why, found.id),
    )


def _digest(connection: sqlite3.Connection, sweep: Sweep) -> str:
    """A digest of what the poll would change: where two are equal, the polls change the same."""
    # Of the staged records only SKU, place, quantity and state: the same fault of a channel is
    # recognised although prices, titles or times are others by now.
    digest = hashlib.blake2b(digest_size=16)
    read = connection.execute(
        "SELECT sku, location, available, state, at_least FROM stage WHERE poll_id = ? ORDER BY id",
        (sweep.poll_id,),
    )
    counted = connection.execute(
        "SELECT listing_id, copies FROM counted WHERE poll_id = ? ORDER BY listing_id",
        (sweep.poll_id,),
    )
    for rows in (read, counted):
        for row in rows:
            digest.update(repr(row).encode())
    return digest.hexdigest()


def _discarded_before(connection: sqlite3.Connection, channel_id: int, digest: str) -> str:
    """Say who discarded the same data before, and when; empty where nobody did."""
    row = connection.execute(
        """SELECT judged_by, judged_at FROM polls
        WHERE channel_id = ? AND digest = ? AND outcome = 'discarded' ORDER BY id DESC LIMIT 1""",
        (channel_id, digest),
    ).fetchone()
    if row is None:
        return ""
    who, judged_at = row
    at = datetime.fromtimestamp(judged_at / 1000, UTC).isoformat(timespec="milliseconds")
    return f"; the same data that {who} discarded at {at.removesuffix('+00:00')}Z"


def _restage_quarantined(connection: sqlite3.Connection, sweep: Sweep) -> None:
    """Put a quarantined poll back on the stage; some of its listings may be new since then."""
    listing = f"""LEFT JOIN items i ON i.sku = q.sku AND i.location = q.location
        LEFT JOIN cells l ON l.id = {cell("?", "i.id")}"""
    values = ", ".join(f"q.{name}" for name in NAMES)
    connection.execute(
        f"""INSERT INTO stage (poll_id, listing_id, sku, location, problem, {VALUES})
        SELECT q.poll_id, l.id, q.sku, q.location, q.problem, {values}
        FROM quarantined_readings q {listing} WHERE q.poll_id = ? AND q.what = 'read'
        ORDER BY q.id""",
        (sweep.channel_id, sweep.poll_id),
    )
    sweep.filled.update((*NAMES, "problem"))
    refused = connection.execute(
        """SELECT ref, problem, sku, location FROM quarantined_readings
        WHERE poll_id = ? AND what = 'refused' ORDER BY id""",
        (sweep.poll_id,),
    )
    sweep.refused += [Refused(place, why, sku or None, at) for place, why, sku, at in refused]
    connection.execute(
        f"""INSERT INTO counted (poll_id, listing_id, copies)
        SELECT q.poll_id, l.id, q.copies FROM quarantined_readings q {listing}
        WHERE q.poll_id = ? AND q.what = 'counted' AND l.id IS NOT NULL""",
        (sweep.channel_id, sweep.poll_id),
    )

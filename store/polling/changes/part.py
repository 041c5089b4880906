"""A poll of only what changed: every listing that it does not name is as it was."""

import sqlite3
from collections.abc import Iterable, Sequence

from store.cells.cell_ids import cell, of_channel
from store.channels import incidents
from store.model import NOT_FOR_SALE, UNCOUNTED, IncidentKind, Millis, Refused
from store.polling import bad_records
from store.polling.recognition.recogniser import Recogniser
from store.polling.sweep import Sweep

KEEPABLE = ("state", "price_minor", "title", "incoming", "threshold")
"""What a listing keeps where a file of changes has no such column. Not its own time, which would be
older than its new number, and not the figures that make up a number that is another now."""

_NOT_FOR_SALE = ", ".join(f"'{state}'" for state in NOT_FOR_SALE)
_KEPT = {name: f"l.{name}" for name in KEEPABLE} | {
    "title": "i.title",
    "price_minor": "coalesce(l.price_minor, i.price_minor)",
    # That a listing is not counted is said by its number alone, which the file has.
    "state": f"""CASE WHEN page.available IS NULL AND coalesce(l.state, '') NOT IN ({_NOT_FOR_SALE})
      THEN page.state WHEN page.available IS NOT NULL AND l.state = '{UNCOUNTED}' THEN NULL
      ELSE l.state END""",
}


def keep(connection: sqlite3.Connection, channel_id: int, names: Iterable[str]) -> None:
    """Fill into the work table `page` what its records say nothing of: `names` of `KEEPABLE`.

    A listing that was gone, or is new, has nothing to keep.
    """
    kept = ", ".join(f"{name} = {_KEPT[name]}" for name in names)
    connection.execute(
        f"""UPDATE page SET {kept} FROM items i CROSS JOIN listings l
        WHERE i.sku = page.sku AND i.location = page.location
          AND l.id = {cell("?", "i.id")} AND l.present = 1""",
        (channel_id,),
    )


def begin(sweep: Sweep) -> None:
    """Let a poll be one of only what changed, before its first page is staged."""
    # Nothing is recognised by its position, and what it lacks is not looked for: so its cost
    # follows the change.
    sweep.memory = None
    sweep.recogniser = Recogniser.nothing()
    sweep.is_part = True
    sweep.suspects = frozenset()
    sweep.recent_writes = ()


def count(connection: sqlite3.Connection, sweep: Sweep, gone: Iterable[tuple[str, str]]) -> None:
    """Count the listings that are gone by the channel's own words, and those that stood twice.

    All pages must be in. `gone` has (SKU, location). One that stood twice in the full list still
    does: the files of changes don't say which of the two they mean.
    """
    connection.executemany(
        f"""INSERT OR REPLACE INTO counted (poll_id, listing_id, copies)
        SELECT ?, l.id, 0 FROM items i JOIN cells l ON l.id = {cell("?", "i.id")}
        WHERE i.sku = ? AND i.location = ? AND l.present = 1""",
        ((sweep.poll_id, sweep.channel_id, sku, location) for sku, location in gone),
    )
    connection.execute(
        """INSERT OR REPLACE INTO counted (poll_id, listing_id, copies)
        SELECT p.poll_id, l.id, l.copies FROM stage p CROSS JOIN listings l ON l.id = p.listing_id
        WHERE p.poll_id = ? AND l.copies > 1""",
        (sweep.poll_id,),
    )


def report_refused(
    connection: sqlite3.Connection, channel: str, refused: Sequence[Refused], *, now: Millis
) -> None:
    """Report the bad records of a poll of changes, beside those that are still bad."""
    bad_records.add(connection, channel, refused)
    # A record without a SKU is no listing's problem. That it is bad only a full list can end.
    (left,) = connection.execute(
        f"""SELECT (SELECT count(*) FROM cell_oddities o
            WHERE {of_channel("o.id", "c.id")} AND o.problem IS NOT NULL)
          + (SELECT count(*) FROM bad_records b WHERE b.channel_id = c.id)
        FROM channels c WHERE c.name = ?""",
        (channel,),
    ).fetchone()
    if refused:
        message = incidents.in_words(refused)
        incidents.raise_incident(connection, channel, IncidentKind.UNREADABLE, message, now=now)
    elif not left:
        incidents.resolve(connection, channel, IncidentKind.UNREADABLE, now=now)

"""Which records a channel's last good poll could not read: they are no news in the next one."""

import sqlite3
from collections import Counter
from collections.abc import Sequence

from store.cells.cell_ids import item_of, of_channel
from store.model import Refused
from store.polling.sweep import Sweep

_MARK = "\x1f"
"""Stands in no SKU and no location."""


def new_among(
    connection: sqlite3.Connection, channel_id: int, refused: Sequence[Refused]
) -> list[Refused]:
    """Find those that the channel's last good poll could read, or did not have; in their order."""
    known = _known(connection, channel_id) if refused else Counter()
    new = []
    for record in refused:
        name = _name(record)
        if known[name] > 0:
            known[name] -= 1
        else:
            new.append(record)
    return new


def keep(connection: sqlite3.Connection, channel_id: int, refused: Sequence[Refused]) -> None:
    """Keep the bad records of a poll whose readings come into force."""
    # Most polls have the same bad ones as the poll before, or none: then nothing is written.
    found = Counter(map(_name, refused))
    if found == _known(connection, channel_id):
        return
    connection.execute("DELETE FROM bad_records WHERE channel_id = ?", (channel_id,))
    connection.executemany(
        "INSERT INTO bad_records (channel_id, record, times) VALUES (?, ?, ?)",
        ((channel_id, name, times) for name, times in found.items()),
    )


def add(connection: sqlite3.Connection, channel: str, refused: Sequence[Refused]) -> None:
    """Keep the bad records of a poll of changes, and those that no record has replaced since."""
    # What a listing's own problem does not say any more has been read since.
    connection.execute(
        f"""DELETE FROM bad_records WHERE substr(record, 1, 1) <> :mark
          AND channel_id = (SELECT id FROM channels WHERE name = :channel)
          AND record NOT IN (SELECT i.sku || :mark || i.location FROM cell_oddities o
            JOIN items i ON i.id = {item_of("o.id")}
            WHERE {of_channel("o.id", "bad_records.channel_id")} AND o.problem IS NOT NULL)""",
        {"mark": _MARK, "channel": channel},
    )
    connection.executemany(
        """INSERT INTO bad_records (channel_id, record, times)
        SELECT id, ?, ? FROM channels WHERE name = ?
        ON CONFLICT (channel_id, record) DO UPDATE SET times = max(times, excluded.times)""",
        ((name, times, channel) for name, times in sorted(Counter(map(_name, refused)).items())),
    )


def _name(record: Refused) -> str:
    """What tells a bad record from others in the next poll."""
    # Not its place: one row more in front of it moves it. Where its SKU can't be read, all that is
    # known of it is what is wrong with it.
    if record.sku is None:
        return _MARK + record.reason
    return f"{record.sku}{_MARK}{record.location}"


def _known(connection: sqlite3.Connection, channel_id: int) -> Counter[str]:
    rows = connection.execute(
        "SELECT record, times FROM bad_records WHERE channel_id = ?", (channel_id,)
    )
    return Counter(dict(rows.fetchall()))


def listings(connection: sqlite3.Connection, sweep: Sweep) -> list[int]:
    """Find the listings, by id, of the poll's staged bad records that say which they are of."""
    found = connection.execute(
        """SELECT listing_id FROM stage
        WHERE poll_id = ? AND problem IS NOT NULL AND listing_id IS NOT NULL""",
        (sweep.poll_id,),
    )
    return [row[0] for row in found]

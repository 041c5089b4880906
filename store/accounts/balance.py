"""Conservation: what moved a listing, as far as it was reported, and what is left unexplained.

For a listing and a window: closing − opening = Σ known events + Σ own corrections + unexplained,
in the channel's own units. The window's ends are two readings. An event counts where the closing
reading includes it and the opening one does not:

- the channel's own events of the same SKU and location, a bundle's by its own SKU: a reading
  includes what happened before it was taken, and what was reported to us before it;
- at the authority, what all channels reported, through the pieces that it moved: a reading includes
  what is not later than its as-of (its source time, else its file's time, else the observation)
  and no longer unseen. An order that several channels report counts once: as the authority reports
  it, else as the channel that reports it earliest. What another channel only adjusts upwards, or
  what is our own write to it, moves nothing here, as in `store.targets.pending_events`.

So an event that the newest reading cannot include yet waits, uncounted, for the next one. A write
of ours counts where it is verified, by the time at which it was sent, with what it added to what
the channel showed then.

`listings.known` keeps the two sums from a listing's first reading on, and `channels.unexplained`
follows it.
"""

import json
import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from store.accounts import account_rows, reading_history
from store.cells.cell_ids import cell
from store.event_kinds import EFFECTS
from store.model import Millis
from store.targets import pending_events
from store.targets.pending_events import ADDED, ECHO_MS, reported_by_another
from store.targets.policy_sql import PolicySql


class WindowEnds(NamedTuple):
    """SQL for a window's two ends: what each reading is as of, and when it was read."""

    opening_at: str
    opening_read_at: str
    closing_at: str
    closing_read_at: str


EVER = WindowEnds(
    "l.opening_at", "l.opening_read_at", "coalesce(l.source_at, l.observed_at)", "l.observed_at"
)
"""From the first reading of listing l, or what has been rolled into it, to its newest."""

_SIGNS = " ".join(f"WHEN '{kind}' THEN {effect.available}" for kind, effect in EFFECTS.items())

# What a channel adjusts and takes back has moved its own number all the same; what an order gives
# back beyond what it took has moved nothing.
_MOVED_OWN = "CASE e.kind WHEN 'adjusted' THEN e.quantity ELSE e.counted END"

# The unary plus takes a column out of the choice of indexes. Without it SQLite goes through all
# verified corrections for each listing, and through all of an item's events for each order.
_OURS = "k.listing_id = l.id AND +k.status = 'verified'"
_WHILE_WRITTEN = f"BETWEEN k.applying_at - {ECHO_MS} AND k.ended_at + {ECHO_MS}"

# A channel may report our own write as an `adjusted` event. The first one of the same quantity, of
# the same SKU on that channel, from `ECHO_MS` before the write was sent to `ECHO_MS` after it was
# verified, is that write and does not count again. A second one like it is somebody's real change.
ECHO = f"""(e.kind = 'adjusted' AND EXISTS (SELECT 1 FROM corrections k
  WHERE {_OURS} AND e.at {_WHILE_WRITTEN} AND e.quantity = {ADDED}
  AND NOT EXISTS (SELECT 1 FROM events f WHERE f.item_id = e.item_id
    AND +f.channel_id = e.channel_id AND f.kind = e.kind AND f.quantity = e.quantity
    AND f.at {_WHILE_WRITTEN} AND (f.at, f.event_id) < (e.at, e.event_id))))"""
"""SQL for whether event e is a write of ours to listing l, as its channel reports it."""

# One order counts by one report: the authority's, where there is one, else the earliest.
_SAME_ORDER = f"o.item_id = e.item_id AND o.order_ref = e.order_ref AND {pending_events.ALIKE}"
_BY_ANOTHER = reported_by_another(_SAME_ORDER, "1")
_BY_AUTHORITY = reported_by_another(_SAME_ORDER, "oc.id = l.channel_id", first=False)


def _own(ends: WindowEnds) -> str:
    """SQL for whether event e of the listing's own channel came between the two readings."""
    return f"""(e.at > max({ends.opening_at}, {ends.opening_read_at})
      AND e.received_at > {ends.opening_read_at}
      AND (e.at <= max({ends.closing_at}, {ends.closing_read_at})
        OR e.received_at <= {ends.closing_read_at})
      AND NOT {ECHO})"""


# The plus and the CROSS JOIN keep SQLite from the channel's index: one item's events are few, a
# channel's are many. A movement's own time, which is its event's, spares looking at events of other
# times; and few authorities report events, which is one look.
def events(ends: WindowEnds) -> str:
    """SQL for the sum of the events that moved listing l of item i between two readings."""
    moved = """(SELECT coalesce(sum(v.available), 0) FROM movements v CROSS JOIN events e
      ON e.id = v.event_row WHERE v.item_id = l.item_id AND v.unseen = 0"""
    by_others = f"""{moved} AND v.at > {ends.opening_at} AND v.at <= {ends.closing_at}
      AND e.channel_id <> l.channel_id
      AND (e.order_ref IS NULL OR NOT ({_BY_ANOTHER} OR {_BY_AUTHORITY}))
      AND NOT (e.kind = 'adjusted' AND (v.available >= 0 OR {pending_events.ECHO})))"""
    by_itself = f"""CASE WHEN EXISTS (SELECT 1 FROM events o WHERE o.channel_id = l.channel_id)
      THEN {moved} AND e.channel_id = l.channel_id AND {_own(ends)}) ELSE 0 END"""
    return f"""(CASE WHEN l.id IS i.quantity_listing_id
      THEN ({by_others} + {by_itself}) / i.truth_units
    ELSE (SELECT coalesce(sum({_MOVED_OWN} * CASE e.kind {_SIGNS} ELSE 0 END), 0) FROM events e
      WHERE e.item_id = l.item_id AND +e.channel_id = l.channel_id AND {_own(ends)}) END)"""


def corrections(ends: WindowEnds) -> str:
    """SQL for what our own verified writes added to listing l between two readings."""
    return f"""(SELECT coalesce(sum({ADDED}), 0) FROM corrections k
      WHERE {_OURS} AND k.applying_at > {ends.opening_read_at}
        AND k.applying_at <= {ends.closing_read_at})"""


_KNOWN = f"{events(EVER)} + {corrections(EVER)}"

# By way of a table: joined to the listings, SQLite would drive the update by the catalogue.
_ACCOUNTS = """CREATE TEMP TABLE IF NOT EXISTS accounts
  (listing_id INTEGER PRIMARY KEY, known INTEGER NOT NULL)"""
# What is to be known of a listing is looked up once, into `l`, and not for each of its events.
_COUNT = f"""INSERT INTO accounts WITH l AS MATERIALIZED (
    SELECT {account_rows.COLUMNS} {{source}} AND {account_rows.IS_OPEN}),
  sums AS MATERIALIZED (SELECT l.id, l.known, {_KNOWN} AS counted
    FROM l CROSS JOIN items i ON i.id = l.item_id)
SELECT id, counted FROM sums WHERE known <> counted"""
_SETTLE = """UPDATE cell_accounts SET known = a.known FROM accounts a
WHERE cell_accounts.id = a.listing_id"""

_HAS_EVENTS = """(EXISTS (SELECT 1 FROM movements v WHERE v.item_id = i.id)
  OR EXISTS (SELECT 1 FROM events e WHERE e.item_id = i.id))"""

# CROSS JOIN keeps SQLite from driving the join by the catalogue. What is asked of the ids comes
# before the cell is looked up.
_MOVED = f"""FROM moved m CROSS JOIN items i ON i.id = m.item_id
  CROSS JOIN channels c CROSS JOIN cells l ON l.id = {cell("c.id", "m.item_id")}
  {account_rows.BESIDE}
  WHERE m.by_events = 0 AND (:channel IS NULL OR c.id = :channel
      OR {cell("c.id", "m.item_id")} = i.quantity_listing_id)
    AND ({_HAS_EVENTS}{{or_written}})"""
_OR_WRITTEN = f" OR EXISTS (SELECT 1 FROM corrections k WHERE {_OURS})"

_THESE = f"""FROM json_each(:listings) j CROSS JOIN cells l ON l.id = j.value
  {account_rows.BESIDE} WHERE 1"""


def settle_known(connection: sqlite3.Connection, compiled: PolicySql, channel: str | None) -> None:
    """Count again what is known to have moved the listings of the items in `moved`.

    What events alone have moved keeps its count, for no reading includes them yet.
    After it is settled which events are unseen; may be repeated. `channel`: the only one whose
    readings moved or that reported events; None: any. Costs an indexed probe an item, and nothing
    while there are neither events nor verified corrections.
    """
    # One channel's readings and events can touch only its own accounts and the authority's, and
    # those of the others need not be looked at.
    (any_events, any_written) = connection.execute(
        """SELECT EXISTS (SELECT 1 FROM events),
          EXISTS (SELECT 1 FROM corrections WHERE status = 'verified')"""
    ).fetchone()
    if any_events:
        units = compiled.authority_units()
        connection.execute(
            f"""UPDATE items AS i SET truth_units = {units} WHERE i.id IN
              (SELECT m.item_id FROM moved m) AND i.truth_units <> {units} AND {_HAS_EVENTS}""",
            compiled.values,
        )
    if any_events or any_written:
        source = _MOVED.format(or_written=_OR_WRITTEN if any_written else "")
        _settle(connection, source, {"channel": compiled.ids.get(channel or "")})


def settle_listings(connection: sqlite3.Connection, listing_ids: Sequence[int]) -> None:
    """Count these listings again: some of their past has been thinned out."""
    _settle(connection, _THESE, {"listings": json.dumps(listing_ids)})


def settle_correction(connection: sqlite3.Connection, correction_id: int) -> None:
    """Count again the listing of a correction that has been verified."""
    row = connection.execute(
        "SELECT listing_id FROM corrections WHERE id = ?", (correction_id,)
    ).fetchone()
    settle_listings(connection, [row[0]])


def _settle(connection: sqlite3.Connection, source: str, values: dict[str, object]) -> None:
    connection.execute(_ACCOUNTS)
    connection.execute("DELETE FROM accounts")
    connection.execute(_COUNT.format(source=source), values)
    these = "SELECT listing_id FROM accounts"
    account_rows.keep(connection, these)
    with account_rows.unexplained_kept(connection, these):
        connection.execute(_SETTLE)


class Balance(msgspec.Struct, frozen=True):
    """One listing's account over a window, in its channel's own units."""

    channel: str
    location: str
    opening: int
    closing: int
    events: int
    corrections: int
    from_at: Millis
    """What the opening is as of."""
    until_at: Millis

    @property
    def unexplained(self) -> int:
        """What neither an event nor a write of ours accounts for."""
        return self.closing - self.opening - self.events - self.corrections


_STANDING = f"""SELECT c.name, i.location, l.opening, l.available, l.known,
  {corrections(EVER)}, {EVER.opening_at}, {EVER.closing_at}
FROM items i JOIN channels c JOIN listings l ON l.id = {cell("c.id", "i.id")}
WHERE i.sku = ? AND l.opening IS NOT NULL AND l.available IS NOT NULL ORDER BY l.id"""


def current(connection: sqlite3.Connection, sku: str) -> list[Balance]:
    """The account of every listing of a SKU over all that is kept, as `balances` counts it.

    From the sums that every reconcile keeps: however many readings and events there were, it
    costs the updates of the listing alone.
    """
    return [
        Balance(
            channel=channel,
            location=location,
            opening=opening,
            closing=closing,
            events=known - written,
            corrections=written,
            from_at=from_at,
            until_at=until_at,
        )
        for channel, location, opening, closing, known, written, from_at, until_at in (
            connection.execute(_STANDING, (sku,))
        )
    ]


_BOUND = WindowEnds(":opening_at", ":opening_read_at", ":closing_at", ":closing_read_at")
_MOVED_BETWEEN = f"""SELECT {events(_BOUND)}, {corrections(_BOUND)}
FROM listings l JOIN items i ON i.id = l.item_id WHERE l.id = :listing"""


def balances(
    connection: sqlite3.Connection,
    sku: str,
    *,
    since: Millis | None = None,
    until: Millis | None = None,
) -> list[Balance]:
    """The account of every listing of a SKU between two instants; None: all that is kept.

    Its ends are the readings known at those instants; before the first one, the first one. A
    listing that was not yet read at `until` has no account.
    """
    found = []
    for listing in reading_history.listings(connection, sku, (until, since)):
        closing, before = listing.known
        opening = listing.opening if since is None or before is None else before
        if opening is None or closing is None or closing.observed_at < opening.observed_at:
            continue
        if opening.available is None or closing.available is None:
            continue
        # What the reading in force does not include is known by the flags, for a file that aged
        # too.
        closing_at = closing.as_of if until is not None else closing.changed_at
        ends = {
            "listing": listing.id,
            "opening_at": opening.as_of,
            "opening_read_at": opening.observed_at,
            "closing_at": closing_at,
            "closing_read_at": closing.observed_at,
        }
        moved, written = connection.execute(_MOVED_BETWEEN, ends).fetchone()
        found.append(
            Balance(
                channel=listing.channel,
                location=listing.location,
                opening=opening.available,
                closing=closing.available,
                events=moved,
                corrections=written,
                from_at=opening.as_of,
                until_at=closing_at,
            )
        )
    return found

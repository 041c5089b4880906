"""From truth to targets, and from targets to what disagrees, for the items noted in `moved`."""

import sqlite3

from store.cells import instants
from store.cells.cell_ids import (
    KIND_CODES,
    SINCE,
    STATE_CODES,
    cell,
    code,
    instant,
    item_of,
    of_channel,
    word,
)
from store.database import bulk
from store.model import UNCOUNTED, ChannelTerms, Millis
from store.targets import copies
from store.targets.policy_sql import STATE_DIFFERS, PolicySql, state_settles_at

WORK_TABLES = (
    # `quantity`, `state`: the target now. What the cell was until now: its target, since when that
    # was in force, whether it differed. What it shows, and what `kind` of disagreement that is,
    # where it has to be looked at no more `closely`: 1, or 2 where it is marked. States as kept.
    # `price`: what the item says that a unit costs.
    """CREATE TEMP TABLE IF NOT EXISTS affected (id INTEGER PRIMARY KEY, quantity INTEGER, state,
      was_quantity INTEGER, was_state, since INTEGER, differed INTEGER NOT NULL,
      available INTEGER, shown, at_least INTEGER NOT NULL, price INTEGER,
      closely INTEGER, kind TEXT)""",
    """CREATE INDEX IF NOT EXISTS temp.affected_closely ON affected (closely, id)
      WHERE closely IS NOT NULL""",
    """CREATE TEMP TABLE IF NOT EXISTS differing (listing_id INTEGER NOT NULL,
      item_id INTEGER NOT NULL, channel_id INTEGER NOT NULL, kind TEXT NOT NULL,
      available INTEGER, state TEXT, target_quantity INTEGER, target_state TEXT, delta INTEGER,
      price_minor INTEGER, settles_at INTEGER NOT NULL DEFAULT 0, waits INTEGER NOT NULL,
      rests_on INTEGER, surplus INTEGER, at_least INTEGER NOT NULL,
      PRIMARY KEY (listing_id, kind)) WITHOUT ROWID""",
    "CREATE TEMP TABLE IF NOT EXISTS closing (id INTEGER PRIMARY KEY)",
)

_INTO_DIFFERING = """INSERT INTO differing (listing_id, item_id, channel_id, kind, available, state,
  target_state, price_minor, target_quantity, delta, waits, settles_at, rests_on, surplus,
  at_least)"""
_CLOSED = {
    "id": "d.id",
    "listing_id": "d.listing_id",
    "kind": code("d.kind", KIND_CODES),
    "available": "d.available",
    "state": code("d.state"),
    "target_quantity": "d.target_quantity",
    "target_state": code("d.target_state"),
    "delta": "d.delta",
    "settled_after": "nullif(d.settles_at, 0) - d.first_seen_at",
    "risk_minor": "d.risk_minor",
    "first_seen_at": "d.first_seen_at",
    "moved_at": "nullif(d.moved_at, d.first_seen_at)",
    "rests_on": "d.rests_on",
    "acknowledged_by": "d.acknowledged_by",
    "acknowledged_at": "d.acknowledged_at",
    "acknowledged_why": "d.acknowledged_why",
    "surplus": "d.surplus",
    "at_least": "d.at_least",
    "closed_at": ":now",
}
"""What is kept of a disagreement d that closes: SQL, by the column of `closed`."""

# A channel shows a number later than the target moved. So a number is too high only if it is above
# every target that was in force during the last `settle_reduce` (rule 3, docs/architecture.md), and
# can be acted on that long after the newest target that allowed it went out of force.
SETTLES_AT = """coalesce(CASE WHEN available > wanted
  THEN (SELECT max(t.until_at) + reduce_ms FROM past_targets t
    WHERE t.listing_id = differing_now.listing_id AND t.quantity >= available)
  ELSE (SELECT max(t.until_at) + raise_ms FROM past_targets t
    WHERE t.listing_id = differing_now.listing_id AND t.quantity <= available) END, 0)"""
"""SQL for the instant from which a number that differs can be acted on; reads `differing_now`."""


# Cheaper than whether it differs, for the million cells that agree: whatever has anything odd about
# it is looked at closely by `find`.
ODD = f"""(l.differs OR l.marked OR NOT l.present OR l.available < 0
  OR l.state = {STATE_CODES[UNCOUNTED]} OR l.state <> l.target_state)"""
"""SQL for whether cell l may differ from its target in more than its number."""

_MAY_DIFFER = f"""{ODD} OR l.available IS NOT l.target_quantity
    AND (l.target_quantity IS NOT NULL OR i.truth_quantity IS NULL)"""

_CELL = """l.id, l.available, l.state AS shown, l.target_quantity, l.target_state, l.present,
  l.at_least, l.marked, l.differs, l.observed_kept, l.since_kept"""

# Nearly every cell has a reading, a target, and the state that it should have or none that is
# compared. Then its two numbers tell what differs.
_MARKED = 2
_CLOSELY = f"""CASE WHEN l.marked THEN {_MARKED}
  WHEN l.present AND l.available IS NOT NULL AND l.quantity IS NOT NULL
    AND coalesce(l.shown, 0) <> {STATE_CODES[UNCOUNTED]}
    AND coalesce(l.shown = l.target, 1) THEN NULL ELSE 1 END"""
_KIND = f"""CASE WHEN ({_CLOSELY}) IS NULL THEN CASE WHEN l.available < 0 THEN 'negative'
  WHEN NOT {copies.agrees("l", "l.quantity")} THEN 'quantity' END END"""

_MOVED = "(t.was_quantity IS NOT t.quantity OR t.was_state IS NOT t.state)"

# The cells of a channel that are looked at closely, with their targets of now. What has nothing odd
# about it has no copies either, and is asked about none.
_WITH_TARGET = f"""(SELECT t.id, c.item_id, c.channel_id, c.present, c.available, c.at_least,
    {{copies}}, c.price_minor, c.state, t.quantity AS target_quantity,
    {word("t.state")} AS target_state, CASE WHEN t.since IS NOT NULL THEN t.was_quantity END AS was
  FROM affected t CROSS JOIN listings c ON c.id = t.id
  WHERE t.closely = {{closely}} AND {{of_channel}})"""
_COPIES = ("NULL AS twins, 1 AS copies", "c.twins, c.copies")


_STANDS = """(open_disagreements.available IS excluded.available
  AND open_disagreements.state IS excluded.state
  AND open_disagreements.target_quantity IS excluded.target_quantity
  AND open_disagreements.target_state IS excluded.target_state
  AND open_disagreements.at_least = excluded.at_least)"""
_ACKNOWLEDGED = ", ".join(
    f"{name} = CASE WHEN {_STANDS} THEN open_disagreements.{name} END"
    for name in ("acknowledged_by", "acknowledged_at", "acknowledged_why")
)

# An open one is updated only where something differs, because `moved_at` says since when it has
# stood as it does. What a person acknowledged holds only while its figures stand.
_OPEN = f"""INSERT INTO open_disagreements (item_id, listing_id, channel_id, kind, available, state,
  target_quantity, target_state, delta, settles_at, risk_minor, waits, rests_on, surplus, at_least,
  first_seen_at, moved_at)
{{found}}
ON CONFLICT (listing_id, kind) DO UPDATE SET
  available = excluded.available, state = excluded.state,
  target_quantity = excluded.target_quantity, target_state = excluded.target_state,
  delta = excluded.delta, settles_at = excluded.settles_at, risk_minor = excluded.risk_minor,
  waits = excluded.waits, rests_on = excluded.rests_on, surplus = excluded.surplus,
  at_least = excluded.at_least, moved_at = excluded.moved_at, {_ACKNOWLEDGED}
WHERE NOT {_STANDS}
  OR open_disagreements.settles_at IS NOT excluded.settles_at
  OR open_disagreements.risk_minor IS NOT excluded.risk_minor
  OR open_disagreements.rests_on IS NOT excluded.rests_on
  OR open_disagreements.surplus IS NOT excluded.surplus
  OR (open_disagreements.waits > 0) <> (excluded.waits > 0)"""


_LOOKED_AT_CLOSELY = f"""SELECT item_id, listing_id, channel_id, kind, available, state,
  target_quantity, target_state, delta, settles_at, {copies.UNITS} * price_minor, waits, rests_on,
  surplus, at_least, :now, :now FROM differing d WHERE 1"""


def _settles_at(listing_id: str) -> str:
    """SQL for when a number can be acted on, where the target that it was may have allowed it."""
    since_then = SETTLES_AT.replace("differing_now.listing_id", listing_id)
    return f"""CASE WHEN available > wanted AND was >= available THEN :now + reduce_ms
      WHEN available <= wanted AND was <= available THEN :now + raise_ms ELSE {since_then} END"""


class Reconciliation:
    """One reconcile of the moved items: their targets, and what differs from them."""

    def __init__(
        self, connection: sqlite3.Connection, compiled: PolicySql, only: int | None
    ) -> None:
        self._connection = connection
        self._compiled = compiled
        configured_as = {compiled.ids[channel.name]: channel for channel in compiled.terms.channels}
        self._channels = {
            channel_id: configured_as.get(channel_id)
            for channel_id in ([only] if only is not None else compiled.ids.values())
        }
        """By id; None: it is configured no more, so that nothing is expected of it."""
        self._touched: list[int] = []
        """Those of the channels that have cells in `affected`."""
        self._with_kinds: list[int] = []
        """Those of which some differ that need not be looked at closely."""

    def touch(self) -> None:
        """Find the cells whose target moves, and those that may differ now or did before."""
        # Channel by channel: the SQL holds one channel's policy, and the cells are met in the
        # order in which they lie. CROSS JOIN makes SQLite begin with the moved items: by its own
        # estimate it would begin with the catalogue. The LIMIT, which is none, makes it work each
        # target out once, and not wherever one is compared.
        self._run("DELETE FROM affected")
        for channel_id, channel in self._channels.items():
            quantity = state = price = "NULL"
            if channel is not None:
                quantity = self._compiled.target_quantity(channel)
                state = self._compiled.target_state(channel)
                price = "i.price_minor"
                if self._counts_units():
                    price += f" * {self._compiled.units_of(channel)}"
            found = self._run(
                f"""INSERT INTO affected SELECT l.id, l.quantity, l.target, l.target_quantity,
                  l.target_state, {SINCE.format("l")}, l.differs, l.available, l.shown, l.at_least,
                  l.price, {_CLOSELY}, {_KIND}
                FROM (SELECT {_CELL}, {quantity} AS quantity, {code(state)} AS target,
                    {price} AS price, {_MAY_DIFFER} AS may_differ
                  FROM moved m CROSS JOIN cells l ON l.id = {cell(str(channel_id), "m.item_id")}
                  CROSS JOIN items i ON i.id = m.item_id LIMIT -1) l
                WHERE l.target_quantity IS NOT l.quantity OR l.target_state IS NOT l.target
                  OR l.may_differ"""
            )
            if found:
                self._touched.append(channel_id)

    def keep_targets(self, *, now: Millis) -> None:
        """Keep what the targets were that have moved."""
        self._connection.execute(
            f"""INSERT INTO former_targets (listing_id, quantity, state, since_at, until_at)
            SELECT t.id, t.was_quantity, t.was_state, {instant("t.since")}, ?
            FROM affected t WHERE t.since IS NOT NULL AND {_MOVED}""",
            (now,),
        )

    def set_targets(self, *, now: Millis) -> None:
        """Write those of the targets that have moved, and which cells differ."""
        (moved,) = self._connection.execute(
            f"SELECT count(*) FROM (SELECT 1 FROM affected t WHERE {_MOVED} LIMIT {instants.MANY})"
        ).fetchone()
        stays = "cells.target_quantity IS t.quantity AND cells.target_state IS t.state"
        is_first = f"""cells.since_kept IS NULL AND cells.target_quantity IS NULL
          AND cells.target_state IS NULL AND {instant("cells.observed_kept")} = :now"""
        differs = """(t.kind IS NOT NULL OR t.closely IS NOT NULL AND EXISTS
          (SELECT 1 FROM differing f WHERE f.listing_id = t.id))"""
        # An INSERT that turns into an UPDATE can't be kept from copying each page first.
        self._connection.execute(
            f"""{bulk.UPDATE} cells SET (target_quantity, target_state, differs, since_kept) =
              (SELECT t.quantity, t.state, {differs}, CASE WHEN {stays} THEN cells.since_kept
                  WHEN {is_first} THEN cells.observed_kept ELSE :kept_now END
                FROM affected t WHERE t.id = cells.id)
            WHERE id IN (SELECT t.id FROM affected t WHERE {_MOVED} OR t.differed <> {differs})""",
            {"now": now, "kept_now": instants.kept_as(self._connection, now, moved)},
        )

    def find(self, *, now: Millis) -> None:
        """Note what disagrees: at most one kind of presence or number, and the state."""
        self._run("DELETE FROM differing")
        for channel_id in self._touched:
            channel = self._channels[channel_id]
            if channel is None:
                continue
            among = f"EXISTS (SELECT 1 FROM affected t WHERE {_of(channel_id)} AND t."
            has_kinds, *is_found = self._connection.execute(
                f"""SELECT {among}kind IS NOT NULL), {among}closely = 1),
                  {among}closely = {_MARKED})"""
            ).fetchone()
            if has_kinds:
                self._with_kinds.append(channel_id)
            for closely in (1, _MARKED):
                if is_found[closely - 1]:
                    self._find(channel_id, channel, closely, now)

    def _find(self, channel_id: int, channel: ChannelTerms, closely: int, now: Millis) -> None:
        compiled = self._compiled
        reduce_ms, raise_ms = str(channel.settle_reduce_ms), str(channel.settle_raise_ms)
        settles = state_settles_at("l.state", "l.id", reduce_ms=reduce_ms, raise_ms=raise_ms)
        price = self._price()
        cells = _WITH_TARGET.format(
            copies=_COPIES[closely - 1], closely=closely, of_channel=_of(channel_id)
        )
        affected = f"FROM {cells} AS l CROSS JOIN items i ON i.id = l.item_id"
        shown, surplus, was = "l.available", "NULL", "l.was"
        if closely == _MARKED:
            shown, surplus, was = copies.SHOWN, copies.SURPLUS, "NULL"
        self._run(
            f"""{_INTO_DIFFERING}
            WITH found AS MATERIALIZED (SELECT l.id AS listing_id, l.item_id, l.channel_id, l.state,
              l.target_state, l.target_quantity, {shown} AS available, {surplus} AS surplus,
              l.at_least, {price} AS price, {was} AS was, {reduce_ms} AS reduce_ms,
              {raise_ms} AS raise_ms, {compiled.kind(channel)} AS kind,
              {compiled.rests_on("quantity")} AS rests_on {affected} WHERE kind IS NOT NULL)
            SELECT listing_id, item_id, channel_id, kind, available, state, target_state, price,
              CASE WHEN numeric THEN wanted ELSE target_quantity END,
              CASE WHEN numeric THEN wanted - available END,
              numeric AND {int("quantity" in channel.writes)} AND target_quantity IS NOT NULL,
              CASE WHEN NOT numeric THEN 0 ELSE {_settles_at("differing_now.listing_id")} END,
              rests_on, surplus, at_least
            FROM (SELECT *, kind IN ('quantity', 'negative') AS numeric,
                coalesce(target_quantity, 0) AS wanted FROM found) AS differing_now""",
            now,
        )
        self._run(
            f"""{_INTO_DIFFERING}
            SELECT l.id, l.item_id, l.channel_id, 'state', l.available, l.state, l.target_state,
              {price}, l.target_quantity, NULL,
              {int("state" in channel.writes)} AND l.available IS NOT NULL, {settles},
              {compiled.rests_on("state")}, NULL, l.at_least
            {affected} WHERE l.present = 1 AND l.copies = 1 AND {STATE_DIFFERS}"""
        )

    def close(self, *, now: Millis) -> int:
        """Close the disagreements whose listings agree now; return how many."""
        self._run("DELETE FROM closing")
        closed = self._run(
            """INSERT INTO closing SELECT d.id FROM affected t
            CROSS JOIN open_disagreements d ON d.listing_id = t.id
            WHERE t.differed AND d.kind IS NOT t.kind
              AND NOT (t.closely IS NOT NULL AND EXISTS (SELECT 1 FROM differing f
                WHERE f.listing_id = d.listing_id AND f.kind = d.kind))"""
        )
        if closed:
            self._run(
                f"""INSERT INTO closed ({", ".join(_CLOSED)}) SELECT {", ".join(_CLOSED.values())}
                FROM open_disagreements d WHERE id IN (SELECT id FROM closing)""",
                now,
            )
            self._run("DELETE FROM open_disagreements WHERE id IN (SELECT id FROM closing)")
        return closed

    def open(self, *, now: Millis) -> int:
        """Record what disagrees; return how many are new."""
        last_id = "SELECT seq FROM sqlite_sequence WHERE name = 'open_disagreements'"
        (before,) = self._connection.execute(last_id).fetchone() or (0,)
        self._run(_OPEN.format(found=_LOOKED_AT_CLOSELY), now)
        for channel_id in self._with_kinds:
            self._run(_OPEN.format(found=self._differing_in_number(channel_id)), now)
        row = self._connection.execute(
            "SELECT count(*) FROM open_disagreements WHERE id > ?", (before,)
        ).fetchone()
        return int(row[0])

    def _differing_in_number(self, channel_id: int) -> str:
        """SQL for what differs of a channel's cells that need not be looked at closely."""
        channel = self._channels[channel_id]
        assert channel is not None
        # The items lie far apart, and were read already: only what hangs on rules is asked of them.
        rests_on = self._compiled.rests_on("quantity")
        of_item = "" if rests_on == "NULL" else f"CROSS JOIN items i ON i.id = {item_of('l.id')}"
        return f"""SELECT {item_of("l.id")}, l.id, {channel_id}, l.kind, l.available,
          {word("l.shown")}, l.wanted, {word("l.state")}, l.wanted - l.available,
          {_settles_at("l.id")}, abs(l.wanted - l.available) * coalesce(l.price_minor, l.price),
          {int("quantity" in channel.writes)}, {rests_on}, NULL, l.at_least, :now, :now
        FROM (SELECT t.*, t.quantity AS wanted, {channel_id} AS channel_id,
            CASE WHEN t.since IS NOT NULL THEN t.was_quantity END AS was,
            (SELECT x.price_minor FROM cell_details x WHERE x.id = t.id) AS price_minor,
            {channel.settle_reduce_ms} AS reduce_ms, {channel.settle_raise_ms} AS raise_ms
          FROM affected t WHERE t.kind IS NOT NULL AND {_of(channel_id)}) l
        {of_item} WHERE 1"""

    def _price(self) -> str:
        """SQL for the price of one unit of listing l: its own, else that of the pieces in it."""
        units = f" * {self._compiled.units()}" if self._counts_units() else ""
        return f"coalesce(l.price_minor, i.price_minor{units})"

    def _counts_units(self) -> bool:
        """Whether a unit of any channel is other than one piece."""
        return any(
            rule.units != 1
            for channel in self._compiled.terms.channels
            for rule in channel.policies
        )

    def _run(self, statement: str, now: Millis | None = None) -> int:
        """Run it with the patterns that it binds; return how many rows it wrote."""
        values = self._compiled.values | {"now": now}
        return self._connection.execute(statement, values).rowcount


def _of(channel_id: int) -> str:
    """SQL for whether t, a row of `affected`, is of the channel."""
    return of_channel("t.id", str(channel_id))

"""What accepting a quarantined poll would change, found before anybody accepts it.

One read: nothing in the cache is touched, and no engine waits. Stock events stay as they are now:
which of them the poll would include is not part of it.
"""

import sqlite3

import msgspec

from store.cells.cell_ids import cell
from store.database import worklist
from store.database.rows import Columns
from store.model import QUANTITY_MAX
from store.polling import quarantine
from store.polling.comparison import Comparison
from store.polling.preview.quarantine_effect import (
    ChannelEffect,
    EffectRow,
    MovedTotals,
    QuarantineEffect,
)
from store.targets import bundles, copies, truth
from store.targets.policy_sql import STATE_DIFFERS, PolicySql

ROWS_MAX = 200


def preview_accepting(
    connection: sqlite3.Connection,
    channel: str,
    comparison: Comparison,
    *,
    rows_max: int = ROWS_MAX,
) -> QuarantineEffect | None:
    """Find what accepting the channel's quarantined poll would change; None where it has none.

    Raises NoSuchThing for a channel that is not in the cache. For `Database.read`.
    """
    found = quarantine.waiting(connection, channel)
    if found is None:
        return None
    compiled = comparison.compiled(connection)
    foresight = _Overlay(connection, compiled, found.id, compiled.ids[channel])
    foresight.lay_over(decides=comparison.decides(channel))
    (read_at,) = connection.execute(
        "SELECT finished_at FROM polls WHERE id = ?", (found.id,)
    ).fetchone()
    return QuarantineEffect(
        **msgspec.structs.asdict(foresight.totals()),
        channel=channel,
        poll_id=found.id,
        reason=found.reason,
        read_at=read_at,
        counts=found.counts,
        channels=foresight.channels(),
        rows=foresight.rows(rows_max),
    )


# Per listing of the poll: its last record, how many it has, how often it was counted. One whose
# only record can't be read stays as it was, or comes to be without being there. What was not seen
# is gone, unless there is a record without a SKU, which may be it.
_LAID_OVER = """INSERT INTO temp.laid (item_id, sku, location, listing_id, present, copies,
  available, state, on_hand, incoming, twins, at_least, price_minor, title, was_present,
  was_available, was_state)
SELECT coalesce(i.id, -g.first), g.sku, g.location, l.id,
  CASE WHEN g.counted = 0 THEN l.present * EXISTS (SELECT 1 FROM main.quarantined_readings a
      WHERE a.poll_id = :poll AND a.what = 'refused' AND a.sku = '')
    WHEN g.counted > 1 OR r.id IS NOT NULL THEN 1
    ELSE coalesce(l.present, 0) END,
  CASE WHEN l.id IS NULL THEN max(1, g.records) WHEN g.counted = 0 THEN 1
    ELSE coalesce(g.counted, l.copies) END,
  {values}, coalesce(r.price_minor, l.price_minor, i.price_minor), coalesce(i.title, r.title, ''),
  coalesce(l.present, 0), l.available, l.state
FROM (SELECT sku, location, min(id) AS first,
    min(id) FILTER (WHERE what = 'read' AND problem IS NULL) AS first_read,
    max(id) FILTER (WHERE what = 'read' AND problem IS NULL) AS last_read,
    count(*) FILTER (WHERE what = 'read' AND problem IS NULL) AS records,
    max(copies) FILTER (WHERE what = 'counted') AS counted
  FROM main.quarantined_readings WHERE poll_id = :poll AND what <> 'refused'
  GROUP BY sku, location) g
LEFT JOIN main.items i ON i.sku = g.sku AND i.location = g.location
LEFT JOIN main.listings l ON l.id = {listing}
LEFT JOIN main.quarantined_readings r
  ON r.id = CASE WHEN l.id IS NULL THEN g.first_read ELSE g.last_read END
WHERE r.id IS NOT NULL OR (l.id IS NULL) = (g.counted IS NULL)"""

# A listing that stands twice in the poll keeps its values: neither of the two is the truth.
_VALUES = ", ".join(
    f"CASE WHEN r.id IS NULL OR g.counted > 1 THEN l.{name} ELSE r.{name} END"
    for name in ("available", "state", "on_hand", "incoming", "twins", "at_least")
)

# The poll's rows are laid over the last good readings in temporary tables that go with the read.
# `items` and `channels` take the names of the cache's own tables, which SQLite finds first: so the
# SQL that compares for real compares here too, and a preview can never follow other rules.
_TABLES = (
    """CREATE TEMP TABLE laid (item_id INTEGER PRIMARY KEY, sku TEXT, location TEXT,
      listing_id INTEGER, present INTEGER, copies INTEGER, available INTEGER, state TEXT,
      on_hand INTEGER, incoming INTEGER, twins TEXT, at_least INTEGER, price_minor INTEGER,
      title TEXT, was_present INTEGER,
      was_available INTEGER, was_state TEXT)""",
    """CREATE TEMP TABLE items (id INTEGER PRIMARY KEY, sku TEXT, location TEXT,
      price_minor INTEGER, truth_quantity INTEGER, truth_state TEXT, truth_on_hand INTEGER,
      truth_incoming INTEGER, quantity_listing_id INTEGER, state_listing_id INTEGER,
      uncounted INTEGER NOT NULL DEFAULT 0)""",
    "CREATE TEMP TABLE channels AS SELECT * FROM main.channels",
    # `differs` is the kind in presence or number, `of_state` 1 where the state differs.
    """CREATE TEMP TABLE compared (item_id INTEGER, channel_id INTEGER, differs TEXT,
      of_state INTEGER, target INTEGER, delta INTEGER, to_zero INTEGER,
      PRIMARY KEY (item_id, channel_id)) WITHOUT ROWID""",
)

_COPY_ITEMS = """INSERT OR IGNORE INTO temp.items SELECT id, sku, location, price_minor,
  truth_quantity, truth_state, truth_on_hand, truth_incoming, quantity_listing_id,
  state_listing_id, uncounted FROM main.items"""

# What bundles and pools say of themselves: their own state is theirs, whatever their parts are.
_OWN_LISTINGS = """CREATE TEMP TABLE listings (id INTEGER PRIMARY KEY, item_id INTEGER,
  channel_id INTEGER, present INTEGER, state TEXT, copies INTEGER DEFAULT 1, problem TEXT,
  source_at INTEGER, source_seen_at INTEGER, UNIQUE (item_id, channel_id))"""

_PARTS = (
    "CREATE TEMP TABLE parts AS SELECT * FROM main.parts",
    "CREATE UNIQUE INDEX temp.parts_once ON parts (item_id, part_id)",
    "CREATE INDEX temp.parts_of ON parts (part_id)",
    "CREATE UNIQUE INDEX temp.items_once ON items (sku, location)",
)

_NOW = "CASE WHEN present = 1 THEN available END"
_WAS = "CASE WHEN was_present = 1 THEN was_available END"
_UNITS = f"coalesce({_NOW}, 0) - coalesce({_WAS}, 0)"
_MOVED = f"""(present <> was_present OR {_NOW} IS NOT {_WAS}
  OR (present = 1 AND state IS NOT was_state))"""

# What would disagree and does not: or does, and would not.
_IS_OPEN = f"""EXISTS (SELECT 1 FROM main.open_disagreements d
  WHERE d.listing_id = {cell("x.channel_id", "x.item_id")} AND d.kind = {{}})"""
_OPENS = f"""((x.differs IS NOT NULL AND NOT {_IS_OPEN.format("x.differs")})
  + (x.of_state = 1 AND NOT {_IS_OPEN.format("'state'")}))"""


_TOTALS = Columns(
    MovedTotals,
    {
        "moved": "count(*)",
        "units_up": "coalesce(sum(max(0, units)), 0)",
        "units_down": "coalesce(sum(max(0, -units)), 0)",
        "money_up": "total(max(0, units) * price_minor) / 100.0",
        "money_down": "total(max(0, -units) * price_minor) / 100.0",
        "unpriced": "coalesce(sum(units <> 0 AND price_minor IS NULL), 0)",
        "to_zero": "count(DISTINCT CASE WHEN was > 0 AND coalesce(now, 0) <= 0 THEN sku END)",
    },
)


class _Overlay:
    """The temporary tables of one preview."""

    def __init__(
        self, connection: sqlite3.Connection, compiled: PolicySql, poll_id: int, channel_id: int
    ) -> None:
        self._connection = connection
        self._compiled = compiled
        self._channel_id = channel_id
        self._channel_ids = [channel_id]
        self._values = {"poll": poll_id, "channel": channel_id}

    def lay_over(self, *, decides: bool) -> None:
        """Lay the poll over the good readings, and find what would disagree.

        `decides`: whether its readings can move another channel's target.
        """
        for statement in _TABLES:
            self._run(statement)
        self._run(_LAID_OVER.format(values=_VALUES, listing=cell(":channel", "i.id")))
        self._run(
            """UPDATE temp.channels SET good_poll_id = :poll, quarantined_poll_id = NULL
            WHERE id = :channel"""
        )
        worklist.forget(self._connection)
        self._run("INSERT INTO moved (item_id) SELECT item_id FROM temp.laid")
        # After a channel's first good poll, what it lacks counts as missing.
        self._run(
            """INSERT OR IGNORE INTO moved (item_id) SELECT i.id FROM main.items i
            WHERE (SELECT good_poll_id FROM main.channels WHERE id = :channel) IS NULL"""
        )
        derives = decides and bool(self._compiled.terms.bundles or self._compiled.terms.pools)
        # What a bundle or a pool is made of may be any item, and items may come into being.
        self._run(_COPY_ITEMS + ("" if derives else " WHERE id IN (SELECT item_id FROM moved)"))
        self._run(
            """INSERT INTO temp.items (id, sku, location, price_minor)
            SELECT item_id, sku, location, price_minor FROM temp.laid WHERE item_id < 0"""
        )
        if decides:
            terms = self._compiled.terms
            self._channel_ids = [self._compiled.ids[channel.name] for channel in terms.channels]
            if derives:
                for statement in _PARTS:
                    self._run(statement)
                self._show_cells()
                bundles.ensure(self._connection, terms)
                self._run("DROP VIEW temp.cells")
            self._tell_truths()
            if derives:
                self._derive_truths()
        self._compare()

    def totals(self) -> MovedTotals:
        row = self._connection.execute(
            f"""SELECT {_TOTALS.sql}
            FROM (SELECT sku, {_UNITS} AS units, {_NOW} AS now, {_WAS} AS was, price_minor
              FROM temp.laid WHERE {_MOVED})"""
        ).fetchone()
        return _TOTALS.read(row)

    def channels(self) -> tuple[ChannelEffect, ...]:
        ids = ", ".join(map(str, self._channel_ids))
        opens = self._connection.execute(
            f"""SELECT x.channel_id, sum({_OPENS}), sum(x.to_zero) FROM temp.compared x
            GROUP BY x.channel_id"""
        ).fetchall()
        closes = dict(
            self._connection.execute(
                f"""SELECT d.channel_id, count(*) FROM moved v
                CROSS JOIN main.channels c ON c.id IN ({ids})
                CROSS JOIN main.open_disagreements d ON d.listing_id = {cell("c.id", "v.item_id")}
                WHERE NOT EXISTS (SELECT 1 FROM temp.compared x
                  WHERE x.item_id = d.item_id AND x.channel_id = d.channel_id
                    AND CASE d.kind WHEN 'state' THEN x.of_state = 1
                      ELSE x.differs IS d.kind END)
                GROUP BY d.channel_id"""
            ).fetchall()
        )
        opened = {channel_id: more for channel_id, more, _ in opens}
        to_zero = {channel_id: count for channel_id, _, count in opens}
        names = {channel_id: name for name, channel_id in self._compiled.ids.items()}
        effects = (
            ChannelEffect(
                names[channel_id],
                opened.get(channel_id, 0),
                closes.get(channel_id, 0),
                to_zero.get(channel_id, 0),
            )
            for channel_id in sorted(names)
        )
        return tuple(
            effect for effect in effects if effect.opened or effect.closed or effect.targets_to_zero
        )

    def rows(self, most: int) -> tuple[EffectRow, ...]:
        rows = self._connection.execute(
            # The rows that move most are picked first, and only for those the costly columns are
            # looked up.
            f"""WITH most AS MATERIALIZED (SELECT *, {_NOW} AS now, {_WAS} AS was FROM temp.laid
              WHERE {_MOVED} ORDER BY abs({_UNITS}) DESC, sku, location LIMIT :most)
            SELECT m.sku, m.location, m.title, m.was, m.now,
              CASE WHEN m.was_present = 1 THEN m.was_state END,
              CASE WHEN m.present = 1 THEN m.state END, m.price_minor, x.target,
              coalesce(x.differs, CASE WHEN x.of_state = 1 THEN 'state' END, ''),
              coalesce((SELECT d.kind FROM main.open_disagreements d
                WHERE d.listing_id = {cell(":channel", "m.item_id")}
                ORDER BY d.kind = 'state' LIMIT 1), ''),
              x.delta,
              (SELECT coalesce(sum({_OPENS}), 0) FROM temp.compared x WHERE x.item_id = m.item_id
                AND x.channel_id <> :channel)
            FROM most m LEFT JOIN temp.compared x
              ON x.item_id = m.item_id AND x.channel_id = :channel
            ORDER BY abs(coalesce(m.now, 0) - coalesce(m.was, 0)) DESC, m.sku, m.location""",
            self._values | {"most": most},
        )
        return tuple(EffectRow(*row) for row in rows)

    def _tell_truths(self) -> None:
        """Give the items the truths that they would have by this channel's poll."""
        compiled = self._compiled
        figure = "p.{}"
        if not compiled.counts_pieces():
            units = compiled.authority_units()
            figure = f"max(-{QUANTITY_MAX}, min({QUANTITY_MAX}, p.{{}} * {units}))"
        there = f"CASE WHEN p.present = 1 THEN {figure} END"
        mine = f"= {self._channel_id}"
        of_quantity = f"{compiled.authority('quantity')} {mine}"
        of_state = f"{compiled.authority('state')} {mine}"
        self._run(
            f"""UPDATE temp.items AS i SET
              truth_quantity = CASE WHEN {of_quantity} THEN {there.format("available")}
                ELSE i.truth_quantity END,
              truth_on_hand = CASE WHEN {of_quantity} THEN {there.format("on_hand")}
                ELSE i.truth_on_hand END,
              truth_incoming = CASE WHEN {of_quantity} THEN {there.format("incoming")}
                ELSE i.truth_incoming END,
              uncounted = CASE WHEN {of_quantity} THEN {truth.IS_UNCOUNTED.replace("q.", "p.")}
                ELSE i.uncounted END,
              truth_state = CASE WHEN {of_state} THEN CASE WHEN p.present = 1
                THEN {truth.STATE_OF.format("p.state")} END ELSE i.truth_state END
            FROM temp.laid p WHERE p.item_id = i.id
              AND NOT EXISTS (SELECT 1 FROM parts q WHERE q.item_id = i.id)"""
        )

    def _derive_truths(self) -> None:
        """Give the bundles and pools of these items theirs."""
        bundles.spread(self._connection, "bundle")
        bundles.spread(self._connection, "pool")
        for statement in (*truth.WORK_TABLES, _OWN_LISTINGS):
            self._run(statement)
        self._run(
            f"""INSERT INTO temp.listings (id, item_id, channel_id, present, state)
            SELECT m.id, m.item_id, m.channel_id, {_shown("present")}, {_shown("state")}
            FROM moved v CROSS JOIN main.channels c
            CROSS JOIN main.listings m ON m.id = {cell("c.id", "v.item_id")}
            LEFT JOIN temp.laid p ON p.item_id = m.item_id AND m.channel_id = :channel
            WHERE m.item_id IN (SELECT item_id FROM parts)
            UNION ALL SELECT {cell(":channel", "item_id")}, item_id, :channel, present, state
            FROM temp.laid WHERE listing_id IS NULL"""
        )
        truth.derive(self._connection, self._compiled)
        self._run("DROP TABLE temp.listings")

    def _compare(self) -> None:
        """Compare what each channel would show with what it then should."""
        # Two MATERIALIZED steps: without them SQLite pastes the target's whole expression into
        # every place that reads it, and computes it a dozen times for each listing.
        compiled, per_channel = self._compiled, self._compiled.per_channel
        if any(channel.inflow for channel in compiled.terms.channels):
            self._show_listings()
        ids = ", ".join(map(str, self._channel_ids))
        quantity, state = per_channel(compiled.target_quantity), per_channel(compiled.target_state)
        self._run(
            f"""INSERT INTO temp.compared
            WITH shown AS (SELECT i.id AS item_id, c.id AS channel_id, m.target_quantity AS was,
                {_shown("present")}, {_shown("copies")}, {_shown("available")}, {_shown("state")},
                {_shown("twins")}, {_shown("at_least")}
              FROM moved v CROSS JOIN temp.items i ON i.id = v.item_id
              CROSS JOIN temp.channels c
              LEFT JOIN main.listings m ON m.id = {cell("c.id", "i.id")}
              LEFT JOIN temp.laid p ON p.item_id = i.id AND c.id = :channel
              WHERE c.id IN ({ids}) AND (m.id IS NOT NULL OR p.item_id IS NOT NULL
                OR (c.good_poll_id IS NOT NULL AND i.truth_quantity IS NOT NULL
                  AND {compiled.authority("quantity")} <> c.id))),
            aimed AS MATERIALIZED (SELECT l.item_id, l.channel_id, l.was, l.available, l.state,
                l.twins, l.at_least,
                coalesce(l.present, 0) AS present, coalesce(l.copies, 1) AS copies,
                {quantity} AS target_quantity, {state} AS target_state
              FROM shown l CROSS JOIN temp.items i ON i.id = l.item_id),
            judged AS MATERIALIZED (SELECT l.*, {per_channel(compiled.kind)} AS differs,
                l.present = 1 AND l.copies = 1 AND {STATE_DIFFERS} AS of_state
              FROM aimed l CROSS JOIN temp.items i ON i.id = l.item_id)
            SELECT item_id, channel_id, differs, coalesce(of_state, 0), target_quantity,
              CASE WHEN differs IN ('quantity', 'negative')
                THEN coalesce(target_quantity, 0) - {copies.SHOWN} END,
              coalesce(was > 0 AND target_quantity = 0, 0)
            FROM judged l WHERE differs IS NOT NULL OR of_state = 1 OR channel_id = :channel
              OR (was > 0 AND target_quantity = 0)"""
        )

    def _show_cells(self) -> None:
        """Show which cells there would be: a bundle is wherever there is one of a part of it."""
        self._run(
            f"""CREATE TEMP VIEW cells AS SELECT id FROM main.cells
            UNION ALL SELECT {cell(str(self._channel_id), "p.item_id")}
            FROM temp.laid p WHERE p.listing_id IS NULL"""
        )

    def _show_listings(self) -> None:
        """Show the listings as they would be to what reads a number that flows to the authority."""
        columns = ("present", "copies", "available", "state")
        laid = ", ".join(map(_shown, columns))
        self._run(
            f"""CREATE TEMP VIEW listings AS
            SELECT m.id, m.item_id, m.channel_id, {laid} FROM main.listings m
              LEFT JOIN temp.laid p ON p.item_id = m.item_id
                AND m.channel_id = {self._channel_id}
            UNION ALL SELECT {cell(str(self._channel_id), "p.item_id")}, p.item_id,
              {self._channel_id}, {", ".join(columns)}
              FROM temp.laid p WHERE p.listing_id IS NULL"""
        )

    def _run(self, statement: str) -> None:
        self._connection.execute(statement, self._values | self._compiled.values)


def _shown(name: str) -> str:
    return f"CASE WHEN p.item_id IS NOT NULL THEN p.{name} ELSE m.{name} END AS {name}"

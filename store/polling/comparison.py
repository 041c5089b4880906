"""The one comparison: from readings to truth, to targets, to disagreements.

Rule 10, docs/architecture.md. It works on the items noted in the temporary table `moved`, so that
its cost follows what moved; `recompute` notes them all.
"""

import sqlite3

from store.corrections import freeze, propose
from store.database import worklist
from store.errors import NoSuchThing
from store.model import Millis, Terms
from store.targets import (
    balance,
    bundles,
    configured,
    copies,
    counted_events,
    pending_events,
    terms_change,
    truth,
)
from store.targets.policy_sql import STATE_DIFFERS, PolicySql, state_settles_at
from store.targets.rule_choices import RuleChoices

_WORK_TABLES = (
    *truth.WORK_TABLES,
    *pending_events.WORK_TABLES,
    """CREATE TEMP TABLE IF NOT EXISTS targets (listing_id INTEGER PRIMARY KEY, quantity INTEGER,
      state TEXT)""",
    """CREATE TEMP TABLE IF NOT EXISTS differing (listing_id INTEGER NOT NULL,
      item_id INTEGER NOT NULL, channel_id INTEGER NOT NULL, kind TEXT NOT NULL,
      available INTEGER, state TEXT, target_quantity INTEGER, target_state TEXT, delta INTEGER,
      price_minor INTEGER, settles_at INTEGER NOT NULL DEFAULT 0, waits INTEGER NOT NULL,
      rests_on INTEGER, surplus INTEGER, at_least INTEGER NOT NULL,
      PRIMARY KEY (item_id, channel_id, kind))""",
)

_INTO_DIFFERING = """INSERT INTO differing (listing_id, item_id, channel_id, kind, available, state,
  target_state, price_minor, target_quantity, delta, waits, settles_at, rests_on, surplus,
  at_least)"""
_FACTS = f"""l.id AS listing_id, l.item_id, l.channel_id, l.state, l.target_state,
  l.target_quantity, {copies.SHOWN} AS available, {copies.SURPLUS} AS surplus,
  l.at_least"""

# A channel shows a number later than the target moved. So a number is too high only if it is above
# every target that was in force during the last `settle_reduce` (rule 3, docs/architecture.md), and
# can be acted on that long after the newest target that allowed it went out of force.
SETTLES_AT = """coalesce(CASE WHEN available > wanted
  THEN (SELECT max(t.until_at) + reduce_ms FROM past_targets t
    WHERE t.listing_id = differing_now.listing_id AND t.quantity >= available)
  ELSE (SELECT max(t.until_at) + raise_ms FROM past_targets t
    WHERE t.listing_id = differing_now.listing_id AND t.quantity <= available) END, 0)"""
"""SQL for the instant from which a number that differs can be acted on; reads `differing_now`."""


class Comparison:
    """The rules of one configuration, ready to run. Cheap to make, holds no data."""

    def __init__(self, terms: Terms) -> None:
        self.terms = terms
        self._rules = RuleChoices()

    def configure(self, connection: sqlite3.Connection, *, now: Millis) -> bool:
        """Bring the channels' rows up to the configuration; recompute what its change moves.

        Returns whether anything was recomputed. A channel that is no longer configured keeps its
        data, is not compared, and its open disagreements close.
        """
        rows = connection.execute("SELECT name, terms FROM channels WHERE configured = 1")
        before = dict(rows.fetchall())
        made = configured.fingerprints(self.terms)
        after = configured.encoded(made)
        connection.execute("UPDATE channels SET configured = 0, terms = ''")
        for channel in self.terms.channels:
            configured.save(connection, self.terms, channel, after[channel.name])
        if before == after:
            return False
        self.forget_moved(connection)
        compiled = self.compiled(connection)
        change = terms_change.between(before, made)
        only = None
        if change is None:
            bundles.configure(connection, self.terms)
            pending_events.remake(connection, compiled)
            worklist.note_all(connection)
        else:
            only = terms_change.note(connection, compiled, change)
        self.reconcile_moved(connection, now=now, channel=only)
        return True

    def recompute(self, connection: sqlite3.Connection, *, now: Millis) -> tuple[int, int, int]:
        """Compare everything again; return how many opened, closed and were proposed."""
        self.forget_moved(connection)
        worklist.note_all(connection)
        return self.reconcile_moved(connection, now=now)

    def forget_moved(self, connection: sqlite3.Connection) -> None:
        """Start a new list of the items that moved."""
        for statement in _WORK_TABLES:
            connection.execute(statement)
        worklist.forget(connection)

    def expect_everything(self, connection: sqlite3.Connection, channel: str) -> None:
        """Note every item: from a channel's first good poll on, what it lacks counts as missing."""
        if any(terms.name == channel for terms in self.terms.channels):
            worklist.note_all(connection)

    def reconcile_moved(
        self, connection: sqlite3.Connection, *, now: Millis, channel: str | None = None
    ) -> tuple[int, int, int]:
        """Recompute what the moved items imply; answer how many opened, closed and proposed.

        `channel`: the only one whose readings moved. Where it is no authority, nothing but its
        own listings can be touched by that.
        """
        # Truth before targets, and targets before what differs. Corrections come last, for they
        # rest on all of it: what does not fit any more ends, what is fought over freezes, and only
        # what is left after both is proposed.
        compiled = self.compiled(connection)
        only = compiled.ids.get(channel or "")
        made = bundles.ensure(connection, self.terms)
        if only is None or made or self.decides(channel) or worklist.has_fresh_events(connection):
            only = None
            self._set_truth(connection, compiled, channel, now=now)
        self._expect_listings(connection, compiled, only)
        work = _Reconciliation(connection, compiled, only)
        work.set_targets(now=now)
        work.find()
        closed = work.close(now=now)
        opened = work.open(now=now)
        if channel is None:
            self._let_wait(connection)
        balance.settle_known(connection, compiled, channel)
        propose.supersede_moved(connection, now=now)
        freeze.freeze_and_thaw(connection, now=now)
        proposed = propose.propose(connection, now=now)
        return opened, closed, proposed

    def decides(self, channel: str | None) -> bool:
        """Whether what the channel says can move another channel's target."""
        return any(
            channel in (rule.quantity, rule.state) for rule in self.terms.authorities
        ) or any(channel == terms.name and terms.inflow for terms in self.terms.channels)

    def compiled(self, connection: sqlite3.Connection) -> PolicySql:
        """The configuration as SQL, with this cache's ids. Raises NoSuchThing."""
        ids = dict(connection.execute("SELECT name, id FROM channels").fetchall())
        for name in {channel.name for channel in self.terms.channels}.difference(ids):
            raise NoSuchThing(f"channel `{name}` is not in the cache yet: poll it first")
        compiled = PolicySql(self.terms, ids, self._rules)
        if compiled.has_many_rules():
            self._rules.register(connection)
        return compiled

    def _set_truth(
        self,
        connection: sqlite3.Connection,
        compiled: PolicySql,
        channel: str | None,
        *,
        now: Millis,
    ) -> None:
        """Read the moved items' truth, add unseen events, derive the bundles and pools."""
        polled = compiled.ids.get(channel or "")
        could_turn = pending_events.could_turn(connection, polled, decides=self.decides(channel))
        truth.read(connection, compiled)
        counted_events.settle(connection, compiled, echo=pending_events.ECHO)
        pending_events.project(connection, could_turn)
        if self.terms.bundles or self.terms.pools:
            # What a pool has sold is known only once it is known which listing the pool rests on,
            # and that changes what its parts have left. So this repeats until no sum changes any
            # more.
            is_more = True
            while is_more:
                bundles.spread(connection, "bundle")
                bundles.spread(connection, "pool")
                truth.derive(connection, compiled)
                is_more = pending_events.project(connection, could_turn)
        pending_events.settle_fates(connection, compiled, now=now)

    def _expect_listings(
        self, connection: sqlite3.Connection, compiled: PolicySql, only: int | None
    ) -> None:
        """Give a row to each listing that the authority implies and a polled channel lacks."""
        polled = dict(
            connection.execute("SELECT id, good_poll_id IS NOT NULL FROM channels").fetchall()
        )
        for channel in self.terms.channels:
            mine = compiled.ids[channel.name]
            if not (channel.report_missing and polled[mine] and only in (None, mine)):
                continue
            connection.execute(
                f"""INSERT INTO listings (item_id, channel_id, present)
                SELECT i.id, {mine}, 0 FROM moved m CROSS JOIN items i ON i.id = m.item_id
                LEFT JOIN listings l ON l.item_id = i.id AND l.channel_id = {mine}
                WHERE l.id IS NULL AND i.truth_quantity IS NOT NULL
                  AND {compiled.expected(channel)}
                  AND {compiled.authority("quantity")} <> {mine}""",
                compiled.values,
            )

    def _let_wait(self, connection: sqlite3.Connection) -> None:
        """After a change of the configuration: which disagreements may have a proposal now."""
        connection.execute("""UPDATE disagreements AS d SET waits = f.waits FROM differing f
          WHERE d.item_id = f.item_id AND d.channel_id = f.channel_id AND d.kind = f.kind
            AND d.closed_at IS NULL AND (d.waits > 0) <> f.waits""")


class _Reconciliation:
    """One reconcile of the moved items: their targets, and what differs from them."""

    def __init__(
        self, connection: sqlite3.Connection, compiled: PolicySql, only: int | None
    ) -> None:
        self._connection = connection
        self._compiled = compiled
        self._only = only
        # CROSS JOIN makes SQLite begin with the moved items: by its own estimate it would begin
        # with the catalogue, for it has no statistics of a temporary table.
        own = "" if only is None else f" AND l.channel_id = {only}"
        self._moved = f"""FROM moved m CROSS JOIN listings l ON l.item_id = m.item_id{own}
          JOIN items i ON i.id = l.item_id"""

    def set_targets(self, *, now: Millis) -> None:
        """Write those of the targets that have moved."""
        compiled = self._compiled
        self._run("DELETE FROM targets")
        quantity = compiled.per_channel(compiled.target_quantity)
        state = compiled.per_channel(compiled.target_state)
        self._run(
            f"""INSERT INTO targets SELECT l.id, {quantity}, {state} {self._moved}
            WHERE l.target_quantity IS NOT {quantity} OR l.target_state IS NOT {state}"""
        )
        self._connection.execute(
            """UPDATE listings SET target_since = ?, (target_quantity, target_state)
              = (SELECT quantity, state FROM targets WHERE listing_id = listings.id)
            WHERE id IN (SELECT listing_id FROM targets)""",
            (now,),
        )

    def find(self) -> None:
        """Note what disagrees: at most one kind of presence or number, and the state."""
        compiled, per_channel = self._compiled, self._compiled.per_channel
        self._run("DELETE FROM differing")
        reduce_ms = per_channel(lambda channel: str(channel.settle_reduce_ms))
        raise_ms = per_channel(lambda channel: str(channel.settle_raise_ms))
        proposes = per_channel(lambda channel: str(int("quantity" in channel.writes)))
        states = per_channel(lambda channel: str(int("state" in channel.writes)))
        settles = state_settles_at("l.state", "l.id", reduce_ms=reduce_ms, raise_ms=raise_ms)
        price = self._price()
        self._run(
            f"""{_INTO_DIFFERING}
            SELECT listing_id, item_id, channel_id, kind, available, state, target_state, price,
              CASE WHEN numeric THEN wanted ELSE target_quantity END,
              CASE WHEN numeric THEN wanted - available END,
              numeric AND proposes AND target_quantity IS NOT NULL,
              CASE WHEN numeric THEN {SETTLES_AT} ELSE 0 END, rests_on, surplus,
              at_least
            FROM (SELECT *, kind IN ('quantity', 'negative') AS numeric,
                coalesce(target_quantity, 0) AS wanted
              FROM (SELECT {_FACTS}, {price} AS price, {reduce_ms} AS reduce_ms,
                {raise_ms} AS raise_ms, {proposes} AS proposes,
                {per_channel(compiled.kind)} AS kind,
                {compiled.rests_on("quantity")} AS rests_on {self._moved})) AS differing_now
            WHERE kind IS NOT NULL"""
        )
        self._run(
            f"""{_INTO_DIFFERING}
            SELECT l.id, l.item_id, l.channel_id, 'state', l.available, l.state, l.target_state,
              {price}, l.target_quantity, NULL, {states} AND l.available IS NOT NULL, {settles},
              {compiled.rests_on("state")}, NULL, l.at_least
            {self._moved} WHERE l.present = 1 AND l.copies = 1 AND {STATE_DIFFERS}"""
        )

    def close(self, *, now: Millis) -> int:
        """Close the disagreements whose listings agree now; return how many."""
        self._connection.execute(
            """UPDATE disagreements SET closed_at = :now, waits = 0
            WHERE id IN (SELECT d.id FROM moved m
              CROSS JOIN disagreements d ON d.item_id = m.item_id AND d.closed_at IS NULL
              WHERE (:only IS NULL OR d.channel_id = :only)
                AND NOT EXISTS (SELECT 1 FROM differing f WHERE f.item_id = d.item_id
                  AND f.channel_id = d.channel_id AND f.kind = d.kind))""",
            {"now": now, "only": self._only},
        )
        return int(self._connection.execute("SELECT changes()").fetchone()[0])

    def open(self, *, now: Millis) -> int:
        """Record what disagrees; return how many are new."""
        # An open one is updated only where something differs, because `moved_at` says since when it
        # has stood as it does.
        connection = self._connection
        before = connection.execute("SELECT coalesce(max(id), 0) FROM disagreements").fetchone()[0]
        connection.execute(
            f"""INSERT INTO disagreements (item_id, listing_id, channel_id, kind, available, state,
              target_quantity, target_state, delta, settles_at, risk_minor, waits, rests_on,
              surplus, at_least, first_seen_at, moved_at)
            SELECT item_id, listing_id, channel_id, kind, available, state, target_quantity,
              target_state, delta, settles_at, {copies.UNITS} * price_minor, waits, rests_on,
              surplus, at_least, :now, :now
            FROM differing d WHERE 1
            ON CONFLICT (item_id, channel_id, kind) WHERE closed_at IS NULL DO UPDATE SET
              available = excluded.available, state = excluded.state,
              target_quantity = excluded.target_quantity, target_state = excluded.target_state,
              delta = excluded.delta, settles_at = excluded.settles_at,
              risk_minor = excluded.risk_minor, waits = excluded.waits,
              rests_on = excluded.rests_on, surplus = excluded.surplus,
              at_least = excluded.at_least,
              moved_at = excluded.moved_at, listing_id = excluded.listing_id
            WHERE disagreements.available IS NOT excluded.available
              OR disagreements.state IS NOT excluded.state
              OR disagreements.target_quantity IS NOT excluded.target_quantity
              OR disagreements.target_state IS NOT excluded.target_state
              OR disagreements.settles_at IS NOT excluded.settles_at
              OR disagreements.risk_minor IS NOT excluded.risk_minor
              OR disagreements.rests_on IS NOT excluded.rests_on
              OR disagreements.surplus IS NOT excluded.surplus
              OR disagreements.at_least <> excluded.at_least
              OR (disagreements.waits > 0) <> (excluded.waits > 0)""",
            {"now": now},
        )
        row = connection.execute("SELECT count(*) FROM disagreements WHERE id > ?", (before,))
        return int(row.fetchone()[0])

    def _price(self) -> str:
        """SQL for the price of one unit of listing l: its own, else that of the pieces in it."""
        if all(
            rule.units == 1
            for channel in self._compiled.terms.channels
            for rule in channel.policies
        ):
            return "coalesce(l.price_minor, i.price_minor)"
        return f"coalesce(l.price_minor, i.price_minor * {self._compiled.units()})"

    def _run(self, statement: str) -> None:
        self._connection.execute(statement, self._compiled.values)

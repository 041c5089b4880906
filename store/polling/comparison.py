"""The one comparison: from readings to truth, to targets, to disagreements.

Rule 10, docs/architecture.md. It works on the items noted in the temporary table `moved`, so that
its cost follows what moved; `recompute` notes them all.
"""

import sqlite3
from collections.abc import Mapping

from store.accounts import balance
from store.cells.cell_ids import cell, of_channel
from store.channels import incidents, polls
from store.corrections import freeze, ignoring, propose
from store.database import worklist
from store.errors import NoSuchThing
from store.model import IncidentKind, Millis, Terms
from store.open_counts import upkeep
from store.polling.merging import new_listings
from store.targets import (
    bundles,
    configured,
    counted_events,
    ignored,
    pending_events,
    reconciliation,
    terms_change,
    truth,
)
from store.targets.policy_sql import PolicySql
from store.targets.rule_choices import RuleChoices

_WORK_TABLES = (
    *truth.WORK_TABLES,
    *pending_events.WORK_TABLES,
    *reconciliation.WORK_TABLES,
)


class Comparison:
    """The rules of one configuration, ready to run. Cheap to make, holds no data."""

    def __init__(self, terms: Terms) -> None:
        self.terms = terms
        self._rules = RuleChoices()

    def take_up(
        self, connection: sqlite3.Connection, rates: Mapping[str, float | None], *, now: Millis
    ) -> None:
        """Configure a cache on which an engine runs; no incident says any more that it can't be."""
        self.configure(connection, now=now)
        polls.set_rates(connection, rates)
        incidents.resolve(connection, None, IncidentKind.CONFIGURATION, now=now)

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
        upkeep.forget(connection)
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

    def first_targets(
        self, connection: sqlite3.Connection, channel: str
    ) -> new_listings.FirstTargets | None:
        """What the channel's cells should show that a poll makes; None where that is not known yet.

        It is known where the poll can move no truth, or brings all of it that there is; and nothing
        was counted yet that its items have a share in: no event, no update.
        """
        mine = next((terms for terms in self.terms.channels if terms.name == channel), None)
        if mine is None or self.terms.bundles or self.terms.pools:
            return None
        (is_counted,) = connection.execute(
            "SELECT EXISTS (SELECT 1 FROM events) OR EXISTS (SELECT 1 FROM corrections)"
        ).fetchone()
        if is_counted:
            return None
        compiled = self.compiled(connection)
        if self.decides(channel):
            if not (compiled.is_read_from(channel) and polls.is_first_of_all(connection, channel)):
                return None
            return new_listings.FirstTargets(is_truth=True)
        quantity, state = compiled.target_quantity(mine), compiled.target_state(mine)
        return new_listings.FirstTargets(quantity, state, compiled.values)

    def expect_lacking(self, connection: sqlite3.Connection, channel: str) -> None:
        """Note the items that the channel has no cell of: like `expect_everything`, for the rest.

        The caller has noted, or need not note, those that it has.
        """
        mine = {"channel": polls.channel(connection, channel)[0]}
        (lacks_any,) = connection.execute(
            f"""SELECT (SELECT count(*) FROM items) >
              (SELECT count(*) FROM cells WHERE {of_channel("id", ":channel")})""",
            mine,
        ).fetchone()
        if lacks_any:
            connection.execute(
                f"""INSERT OR IGNORE INTO moved (item_id) SELECT i.id FROM items i
                WHERE NOT EXISTS (SELECT 1 FROM cells l WHERE l.id = {cell(":channel", "i.id")})""",
                mine,
            )

    def reconcile_moved(
        self, connection: sqlite3.Connection, *, now: Millis, channel: str | None = None
    ) -> tuple[int, int, int]:
        """Recompute what the moved items imply; answer how many opened, closed and proposed.

        `channel`: the only one whose readings moved. Where it is no authority, nothing but its
        own listings can be affected by that.
        """
        # Truth before targets, and targets before what differs. Corrections come last, for they
        # rest on all of it: what does not fit any more ends, what is fought over freezes, and only
        # what is left after both is proposed.
        compiled = self.compiled(connection)
        only = compiled.ids.get(channel or "")
        made = bundles.ensure(connection, self.terms)
        upkeep.take_out(connection)
        if only is None or made or self.decides(channel) or worklist.has_fresh_events(connection):
            only = None
            self._set_truth(connection, compiled, channel, now=now)
            upkeep.take_out(connection)  # It may have noted more, such as the parts of pools.
        self._expect_listings(connection, compiled, only)
        work = reconciliation.Reconciliation(connection, compiled, only)
        work.touch()
        work.keep_targets(now=now)
        work.find(now=now)
        work.set_targets(now=now)
        closed = work.close(now=now)
        opened = work.open(now=now)
        newly_ignored = ignored.mark_changed(connection, now=now)
        balance.settle_known(connection, compiled, channel)
        propose.supersede_moved(connection, now=now)
        if newly_ignored:
            ignoring.end_proposals(connection, now=now)
        freeze.freeze_and_thaw(connection, now=now)
        proposed = propose.propose(connection, now=now)
        upkeep.count_moved(connection, now=now)
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
        (moves,) = connection.execute("SELECT EXISTS (SELECT 1 FROM movements)").fetchone()
        compiled = PolicySql(self.terms, ids, self._rules, moves=bool(moves))
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
        any_pools = bool(self.terms.pools)
        pending_events.project(connection, could_turn, any_pools=any_pools, now=now)
        if self.terms.bundles or self.terms.pools:
            # What a pool has sold is known only once it is known which listing the pool rests on,
            # and that changes what its parts have left. So this repeats until no sum changes any
            # more.
            is_more = True
            while is_more:
                bundles.spread(connection, "bundle")
                bundles.spread(connection, "pool")
                truth.derive(connection, compiled)
                is_more = pending_events.project(
                    connection, could_turn, any_pools=any_pools, now=now
                )
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
                f"""INSERT INTO cells (id, present)
                SELECT {cell(str(mine), "i.id")}, 0
                FROM moved m CROSS JOIN items i ON i.id = m.item_id
                LEFT JOIN cells l ON l.id = {cell(str(mine), "i.id")}
                WHERE m.by_events = 0 AND l.id IS NULL AND i.truth_quantity IS NOT NULL
                  AND {compiled.expected(channel)}
                  AND {compiled.authority("quantity")} <> {mine}""",
                compiled.values,
            )

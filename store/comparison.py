"""The one comparison (rule 10): from readings to truth, to targets, to disagreements.

`Comparison` is one configuration, compiled to SQL: policy constants stand in it as literals per
channel, so that a target is arithmetic and no join to a rule table. It works on the items noted in
the temporary table `moved`, so its cost follows what moved; `recompute` notes them all.

The same formula in words, for one listing and for the detail line, is `sync.policy`; a property
test holds the two equal.
"""

import sqlite3
from collections.abc import Callable, Iterable

import msgspec

from store import proposals
from store.errors import NoSuchThing
from store.model import NOT_FOR_SALE, ChannelTerms, Millis, Policy, Terms

_WORK_TABLES = (
    "CREATE TEMP TABLE IF NOT EXISTS moved (item_id INTEGER PRIMARY KEY)",
    """CREATE TEMP TABLE IF NOT EXISTS truths (item_id INTEGER PRIMARY KEY, q_id INTEGER,
      s_id INTEGER, quantity INTEGER, state TEXT)""",
    """CREATE TEMP TABLE IF NOT EXISTS targets (listing_id INTEGER PRIMARY KEY, quantity INTEGER,
      state TEXT)""",
    """CREATE TEMP TABLE IF NOT EXISTS found (listing_id INTEGER NOT NULL, item_id INTEGER NOT NULL,
      channel_id INTEGER NOT NULL, kind TEXT NOT NULL, available INTEGER, state TEXT,
      target_quantity INTEGER, target_state TEXT, delta INTEGER, price_minor INTEGER,
      settles_at INTEGER NOT NULL DEFAULT 0, waits INTEGER NOT NULL,
      PRIMARY KEY (item_id, channel_id, kind))""",
)

_INTO_FOUND = """INSERT INTO found (listing_id, item_id, channel_id, kind, available, state,
  target_state, price_minor, target_quantity, delta, waits, settles_at)"""
_FACTS = """l.id AS listing_id, l.item_id, l.channel_id, l.available, l.state, l.target_state,
  coalesce(l.price_minor, i.price_minor) AS price, l.target_quantity"""
_FACTS_OF_STATE = """l.id, l.item_id, l.channel_id, 'state', l.available, l.state,
  l.target_state, coalesce(l.price_minor, i.price_minor), l.target_quantity, NULL"""

# Rule 3: too high only if above every target that was in force during the last settle.reduce,
# so it is decidable that long after the newest target that would have allowed it went.
_SETTLES_AT = """coalesce(CASE WHEN available > wanted
  THEN (SELECT max(t.until_at) + reduce_ms FROM past_targets t
    WHERE t.listing_id = found_now.listing_id AND t.quantity >= available)
  ELSE (SELECT max(t.until_at) + raise_ms FROM past_targets t
    WHERE t.listing_id = found_now.listing_id AND t.quantity <= available) END, 0)"""


class Comparison:
    """The rules of one configuration, ready to run. Cheap to make, holds no data."""

    def __init__(self, terms: Terms) -> None:
        self.terms = terms
        self._ids: dict[str, int] = {}
        self._values: dict[str, object] = {}

    def configure(self, connection: sqlite3.Connection, *, now: Millis) -> bool:
        """Bring the channels' rows up to the configuration; recompute what its change moves.

        Answers whether anything was recomputed. A channel that is no longer configured keeps its
        data, is not compared, and its open disagreements close.
        """
        rows = connection.execute("SELECT name, terms FROM channels WHERE configured = 1")
        before = dict(rows.fetchall())
        connection.execute("UPDATE channels SET configured = 0, terms = ''")
        for channel in self.terms.channels:
            _save_channel(connection, channel, _fingerprint(self.terms, channel))
        after = {one.name: _fingerprint(self.terms, one) for one in self.terms.channels}
        if before == after:
            return False
        # Only where nothing but the arithmetic of targets changed does the change tell what moved.
        same_shape = _shapes(before) == _shapes(after)
        self.recompute(connection, now=now, targets_only=same_shape)
        return True

    def recompute(
        self, connection: sqlite3.Connection, *, now: Millis, targets_only: bool = False
    ) -> tuple[int, int, int]:
        """Compare everything anew; `targets_only`: what differs can only differ by its target."""
        self.forget_moved(connection)
        self._bind(connection)
        if targets_only:
            self._run(
                connection,
                f"""INSERT OR IGNORE INTO moved (item_id)
                SELECT l.item_id FROM listings l JOIN items i ON i.id = l.item_id
                WHERE l.target_quantity IS NOT {self._each(self._target_quantity)}
                  OR l.target_state IS NOT {self._each(self._target_state)}""",
            )
        else:
            connection.execute("INSERT INTO moved (item_id) SELECT id FROM items")
        return self.reconcile_moved(connection, now=now)

    def forget_moved(self, connection: sqlite3.Connection) -> None:
        """Start a new list of the items that moved."""
        for statement in _WORK_TABLES:
            connection.execute(statement)
        connection.execute("DELETE FROM moved")

    def expect_everything(self, connection: sqlite3.Connection, channel: str) -> None:
        """Note every item: after a channel's first good poll, what it lacks counts as missing."""
        if any(terms.name == channel for terms in self.terms.channels):
            connection.execute("INSERT OR IGNORE INTO moved (item_id) SELECT id FROM items")

    def reconcile_moved(
        self, connection: sqlite3.Connection, *, now: Millis, channel: str | None = None
    ) -> tuple[int, int, int]:
        """Recompute what the moved items imply; answer how many opened, closed and proposed.

        `channel`: the only one whose readings moved. Where it is no authority, nothing but its
        own listings can be touched by that.
        """
        self._bind(connection)
        only = self._ids.get(channel or "")
        if only is None or self._is_authority(channel):
            only = None
            self._set_truth(connection)
        # CROSS JOIN keeps SQLite from driving the join by the catalogue: work follows what moved.
        own = "" if only is None else f" AND l.channel_id = {only}"
        moved = f"""FROM moved m CROSS JOIN listings l ON l.item_id = m.item_id{own}
          JOIN items i ON i.id = l.item_id"""
        self._expect_listings(connection, only)
        self._set_targets(connection, moved, now=now)
        self._find(connection, moved)
        closed = self._close(connection, only, now=now)
        opened = self._open(connection, now=now)
        if channel is None:
            self._let_wait(connection)
        proposals.void_what_moved(connection, now=now)
        proposed = proposals.propose(connection, now=now)
        return opened, closed, proposed

    def _is_authority(self, channel: str | None) -> bool:
        return any(channel in (rule.quantity, rule.state) for rule in self.terms.authorities)

    def _bind(self, connection: sqlite3.Connection) -> None:
        rows = connection.execute("SELECT name, id FROM channels").fetchall()
        self._ids = dict(rows)
        for name in {one.name for one in self.terms.channels}.difference(self._ids):
            raise NoSuchThing(f"the cache knows no channel {name} yet: poll it first")
        self._values = {}

    def _case(self, choices: Iterable[tuple[str, str]]) -> str:
        """SQL for the first choice whose glob matches `i.sku`. Patterns are bound, never pasted."""
        arms = ""
        for pattern, expression in choices:
            if pattern == "*":
                return f"CASE{arms} ELSE {expression} END" if arms else f"({expression})"
            name = f"glob{len(self._values)}"
            self._values[name] = pattern.replace("[!", "[^")
            arms += f" WHEN i.sku GLOB :{name} THEN {expression}"
        return f"CASE{arms} END"

    def _authority(self, attribute: str) -> str:
        """SQL for the id of the channel that is the authority for `i.sku`."""
        return self._case(
            (rule.skus, str(self._ids[getattr(rule, attribute)])) for rule in self.terms.authorities
        )

    def _each(self, expression: Callable[[ChannelTerms], str]) -> str:
        """SQL for each channel's own expression over listing l and item i, NULL for others."""
        arms = " ".join(
            f"WHEN {self._ids[channel.name]} THEN {expression(channel)}"
            for channel in self.terms.channels
        )
        return f"CASE l.channel_id {arms} END"

    def _target_quantity(self, channel: ChannelTerms) -> str:
        choices = ((rule.skus, _quantity(rule, channel)) for rule in channel.policies)
        others = f"{self._authority('quantity')} <> {self._ids[channel.name]}"
        return f"CASE WHEN {others} THEN {self._case(choices)} END"

    def _target_state(self, channel: ChannelTerms) -> str:
        choices = ((rule.skus, _state(rule, channel)) for rule in channel.policies)
        others = f"{self._authority('state')} <> {self._ids[channel.name]}"
        return f"CASE WHEN {others} THEN {self._case(choices)} END"

    def _set_truth(self, connection: sqlite3.Connection) -> None:
        """Take an item's truth from its authorities' own listings, nothing where they lack it."""
        connection.execute("DELETE FROM truths")
        quantity, state = self._authority("quantity"), self._authority("state")
        self._run(
            connection,
            f"""INSERT INTO truths SELECT * FROM (
              SELECT i.id, q.id AS q_id, s.id AS s_id,
                CASE WHEN q.present = 1 THEN q.available END AS quantity,
                CASE WHEN s.present = 1 THEN s.state END AS state
              FROM moved m CROSS JOIN items i ON i.id = m.item_id
              LEFT JOIN listings q ON q.item_id = i.id AND q.channel_id = {quantity}
              LEFT JOIN listings s ON s.item_id = i.id AND s.channel_id = {state}
              WHERE i.quantity_listing_id IS NOT q.id OR i.state_listing_id IS NOT s.id
                OR i.truth_quantity IS NOT CASE WHEN q.present = 1 THEN q.available END
                OR i.truth_state IS NOT CASE WHEN s.present = 1 THEN s.state END)""",
        )
        connection.execute(
            """UPDATE items SET (truth_quantity, quantity_listing_id, truth_state, state_listing_id)
              = (SELECT quantity, q_id, state, s_id FROM truths WHERE item_id = items.id)
            WHERE id IN (SELECT item_id FROM truths)"""
        )

    def _expect_listings(self, connection: sqlite3.Connection, only: int | None) -> None:
        """Give a row to each listing that the authority implies and a polled channel lacks."""
        polled = dict(
            connection.execute("SELECT id, good_poll_id IS NOT NULL FROM channels").fetchall()
        )
        for channel in self.terms.channels:
            mine = self._ids[channel.name]
            if not (channel.report_missing and polled[mine] and only in (None, mine)):
                continue
            self._run(
                connection,
                f"""INSERT INTO listings (item_id, channel_id, present)
                SELECT i.id, {mine}, 0 FROM moved m CROSS JOIN items i ON i.id = m.item_id
                LEFT JOIN listings l ON l.item_id = i.id AND l.channel_id = {mine}
                WHERE l.id IS NULL AND i.truth_quantity IS NOT NULL
                  AND {self._sold(channel)} = 1 AND {self._authority("quantity")} <> {mine}""",
            )

    def _set_targets(self, connection: sqlite3.Connection, moved: str, *, now: Millis) -> None:
        connection.execute("DELETE FROM targets")
        quantity = self._each(self._target_quantity)
        state = self._each(self._target_state)
        self._run(
            connection,
            f"""INSERT INTO targets SELECT l.id, {quantity}, {state} {moved}
            WHERE l.target_quantity IS NOT {quantity} OR l.target_state IS NOT {state}""",
        )
        connection.execute(
            """UPDATE listings SET target_since = ?, (target_quantity, target_state)
              = (SELECT quantity, state FROM targets WHERE listing_id = listings.id)
            WHERE id IN (SELECT listing_id FROM targets)""",
            (now,),
        )

    def _find(self, connection: sqlite3.Connection, moved: str) -> None:
        """Note what disagrees: at most one kind of presence or number, and the state."""
        connection.execute("DELETE FROM found")
        reduce_ms = self._each(lambda channel: str(channel.settle_reduce_ms))
        raise_ms = self._each(lambda channel: str(channel.settle_raise_ms))
        proposes = self._each(lambda channel: str(int("quantity" in channel.writes)))
        states = self._each(lambda channel: str(int("state" in channel.writes)))
        self._run(
            connection,
            f"""{_INTO_FOUND}
            SELECT listing_id, item_id, channel_id, kind, available, state, target_state, price,
              CASE WHEN numeric THEN wanted ELSE target_quantity END,
              CASE WHEN numeric THEN wanted - available END,
              numeric AND proposes AND target_quantity IS NOT NULL,
              CASE WHEN numeric THEN {_SETTLES_AT} ELSE 0 END
            FROM (SELECT *, kind IN ('quantity', 'negative') AS numeric,
                coalesce(target_quantity, 0) AS wanted
              FROM (SELECT {_FACTS}, {reduce_ms} AS reduce_ms, {raise_ms} AS raise_ms,
                {proposes} AS proposes, {self._each(self._kind)} AS kind {moved})) AS found_now
            WHERE kind IS NOT NULL""",
        )
        self._run(
            connection,
            f"""{_INTO_FOUND}
            SELECT {_FACTS_OF_STATE}, {states},
              coalesce((SELECT max(t.until_at) + {raise_ms} FROM past_targets t
                WHERE t.listing_id = l.id AND t.state = l.state), 0)
            {moved} WHERE l.present = 1 AND l.copies = 1 AND l.state <> l.target_state""",
        )

    def _sold(self, channel: ChannelTerms) -> str:
        return self._case((rule.skus, str(int(rule.sold))) for rule in channel.policies)

    def _kind(self, channel: ChannelTerms) -> str:
        """SQL for the kind of disagreement of listing l, or NULL."""
        authority = self._authority("quantity")
        return f"""CASE
          WHEN l.present = 0 THEN CASE WHEN l.target_quantity IS NOT NULL
            AND {self._sold(channel)} = 1 AND {int(channel.report_missing)} THEN 'missing' END
          WHEN l.copies > 1 THEN 'duplicate'
          WHEN l.available < 0 THEN 'negative'
          WHEN l.target_quantity IS NOT NULL THEN
            CASE WHEN l.available <> l.target_quantity THEN 'quantity' END
          WHEN i.truth_quantity IS NULL AND l.available IS NOT NULL
            AND {authority} <> {self._ids[channel.name]}
            AND (SELECT good_poll_id FROM channels WHERE id = {authority}) IS NOT NULL
          THEN 'unlisted' END"""

    def _close(self, connection: sqlite3.Connection, only: int | None, *, now: Millis) -> int:
        connection.execute(
            """UPDATE disagreements SET closed_at = :now, waits = 0
            WHERE id IN (SELECT d.id FROM moved m
              CROSS JOIN disagreements d ON d.item_id = m.item_id AND d.closed_at IS NULL
              WHERE (:only IS NULL OR d.channel_id = :only)
                AND NOT EXISTS (SELECT 1 FROM found f WHERE f.item_id = d.item_id
                  AND f.channel_id = d.channel_id AND f.kind = d.kind))""",
            {"now": now, "only": only},
        )
        return int(connection.execute("SELECT changes()").fetchone()[0])

    def _open(self, connection: sqlite3.Connection, *, now: Millis) -> int:
        before = connection.execute("SELECT coalesce(max(id), 0) FROM disagreements").fetchone()[0]
        connection.execute(
            """INSERT INTO disagreements (item_id, listing_id, channel_id, kind, available, state,
              target_quantity, target_state, delta, settles_at, risk_minor, waits,
              first_seen_at, moved_at)
            SELECT item_id, listing_id, channel_id, kind, available, state, target_quantity,
              target_state, delta, settles_at, abs(delta) * price_minor, waits, :now, :now
            FROM found WHERE 1
            ON CONFLICT (item_id, channel_id, kind) WHERE closed_at IS NULL DO UPDATE SET
              available = excluded.available, state = excluded.state,
              target_quantity = excluded.target_quantity, target_state = excluded.target_state,
              delta = excluded.delta, settles_at = excluded.settles_at,
              risk_minor = excluded.risk_minor, waits = excluded.waits,
              moved_at = excluded.moved_at, listing_id = excluded.listing_id
            WHERE disagreements.available IS NOT excluded.available
              OR disagreements.state IS NOT excluded.state
              OR disagreements.target_quantity IS NOT excluded.target_quantity
              OR disagreements.target_state IS NOT excluded.target_state
              OR disagreements.settles_at IS NOT excluded.settles_at
              OR disagreements.risk_minor IS NOT excluded.risk_minor""",
            {"now": now},
        )
        row = connection.execute("SELECT count(*) FROM disagreements WHERE id > ?", (before,))
        return int(row.fetchone()[0])

    def _let_wait(self, connection: sqlite3.Connection) -> None:
        """After a change of the configuration: more may be proposed for from now on, or less."""
        connection.execute("""UPDATE disagreements AS d SET waits = f.waits FROM found f
          WHERE d.item_id = f.item_id AND d.channel_id = f.channel_id AND d.kind = f.kind
            AND d.closed_at IS NULL AND (d.waits > 0) <> f.waits""")

    def _run(self, connection: sqlite3.Connection, statement: str) -> None:
        connection.execute(statement, self._values)


def _quantity(policy: Policy, channel: ChannelTerms) -> str:
    """Rule 6's formula as SQL over `i`: NULL where there is no truth, never below 0."""
    if not policy.sold:
        return "CASE WHEN i.truth_quantity IS NOT NULL THEN 0 END"
    formula = f"max(0, i.truth_quantity - {policy.buffer}) * {policy.share_ppm} / 1000000"
    if policy.cap is not None:
        formula = f"min({policy.cap}, {formula})"
    lost = [state for state in NOT_FOR_SALE if state not in channel.states]
    words = ", ".join(f"'{state}'" for state in lost)
    if policy.state is not None:
        return (
            "CASE WHEN i.truth_quantity IS NOT NULL THEN 0 END" if policy.state in lost else formula
        )
    if not words:
        return formula
    # coalesce: where the authority has no states, its quantity is all there is.
    hidden = f"coalesce(i.truth_state, '') IN ({words}) AND i.truth_quantity IS NOT NULL"
    return f"CASE WHEN {hidden} THEN 0 ELSE {formula} END"


def _state(policy: Policy, channel: ChannelTerms) -> str:
    """SQL for the state that the channel should show: NULL where states are not compared."""
    if policy.state is not None:
        return f"'{policy.state}'" if policy.state in channel.states else "NULL"
    if not channel.states:
        return "NULL"
    words = ", ".join(f"'{state}'" for state in channel.states)
    return f"CASE WHEN i.truth_state IN ({words}) THEN i.truth_state END"


def _fingerprint(terms: Terms, channel: ChannelTerms) -> str:
    """What, if it changes, moves this channel's targets or disagreements: a shape and a sum.

    The shape decides which listings are expected and which disagreements are told apart; the sum
    only how high a target is.
    """
    unsold = any(not rule.sold for rule in channel.policies)
    sold = [(rule.skus, rule.sold) for rule in channel.policies if unsold]
    settle = (channel.settle_reduce_ms, channel.settle_raise_ms)
    shape = (terms.authorities, sold, settle, channel.writes, channel.report_missing)
    return msgspec.json.encode((shape, (channel.states, channel.policies))).decode()


def _shapes(fingerprints: dict[str, str]) -> dict[str, object]:
    return {name: msgspec.json.decode(text)[0] for name, text in fingerprints.items() if text}


def _save_channel(connection: sqlite3.Connection, channel: ChannelTerms, fingerprint: str) -> None:
    values = {
        "name": channel.name,
        "kind": channel.kind,
        "direction": channel.direction,
        "roles": ", ".join(channel.roles),
        "every_ms": channel.every_ms,
        "stale_after_ms": channel.stale_after_ms,
        "max_source_age_ms": channel.max_source_age_ms,
        "lag_ms": channel.lag_ms,
        "settle_reduce_ms": channel.settle_reduce_ms,
        "settle_raise_ms": channel.settle_raise_ms,
        "configured": 1,
        "terms": fingerprint,
    }
    columns = ", ".join(values)
    slots = ", ".join(f":{name}" for name in values)
    sets = ", ".join(f"{name} = excluded.{name}" for name in values)
    connection.execute(
        f"""INSERT INTO channels ({columns}) VALUES ({slots})
        ON CONFLICT (name) DO UPDATE SET {sets}""",
        values,
    )

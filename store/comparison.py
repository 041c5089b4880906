"""The one comparison (rule 10): from readings to truth, to targets, to disagreements.

`Comparison` is one configuration, compiled to SQL: policy constants stand in it as literals per
channel, so that a target is arithmetic and no join to a rule table. It works on the items noted in
the temporary table `moved`, so its cost follows what moved; `recompute` notes them all.

The same formula in words, for one listing and for the detail line, is `sync.policy`; a property
test holds the two equal.
"""

import sqlite3
from collections.abc import Iterable

import msgspec

from store import corrections
from store.model import NOT_FOR_SALE, Authority, ChannelTerms, Millis, Policy, Terms

_WORK_TABLES = (
    "CREATE TEMP TABLE IF NOT EXISTS moved (item_id INTEGER PRIMARY KEY)",
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
  THEN (SELECT max(t.until_at) + :reduce FROM past_targets t
    WHERE t.listing_id = found_now.listing_id AND t.quantity >= available)
  ELSE (SELECT max(t.until_at) + :raise FROM past_targets t
    WHERE t.listing_id = found_now.listing_id AND t.quantity <= available) END, 0)"""


class Comparison:
    """The rules of one configuration, ready to run. Cheap to make, holds no data."""

    def __init__(self, terms: Terms) -> None:
        self.terms = terms
        self._ids: dict[str, int] = {}
        self._values: dict[str, object] = {}

    def configure(self, connection: sqlite3.Connection, *, now: Millis) -> bool:
        """Bring the channels' rows up to the configuration; recompute all if policy changed.

        Answers whether it did. A channel that is no longer configured keeps its data, is not
        compared, and its open disagreements close.
        """
        before = _stored_terms(connection)
        connection.execute("UPDATE channels SET configured = 0")
        for channel in self.terms.channels:
            _save_channel(connection, channel)
        names = [channel.name for channel in self.terms.channels]
        wanted = {name: _fingerprint(self.terms, name) for name in names}
        if wanted == before:
            return False
        for name, fingerprint in wanted.items():
            connection.execute("UPDATE channels SET terms = ? WHERE name = ?", (fingerprint, name))
        connection.execute("UPDATE channels SET terms = '' WHERE configured = 0")
        self.recompute(connection, now=now)
        return True

    def recompute(self, connection: sqlite3.Connection, *, now: Millis) -> tuple[int, int, int]:
        """Compare everything anew, as after a change of policy. The cost of the catalogue."""
        self.forget_moved(connection)
        connection.execute("INSERT INTO moved (item_id) SELECT id FROM items")
        connection.execute(
            """UPDATE listings SET target_quantity = NULL, target_state = NULL, target_since = NULL
            WHERE channel_id IN (SELECT id FROM channels WHERE configured = 0)
              AND (target_quantity IS NOT NULL OR target_state IS NOT NULL)"""
        )
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
        self, connection: sqlite3.Connection, *, now: Millis
    ) -> tuple[int, int, int]:
        """Recompute what the moved items imply; answer how many opened, closed and proposed."""
        self._bind(connection)
        self._set_truth(connection)
        for channel in self.terms.channels:
            self._expect_listings(connection, channel)
            self._set_targets(connection, channel, now=now)
        connection.execute("DELETE FROM found")
        for channel in self.terms.channels:
            self._find(connection, channel)
        closed = self._close(connection, now=now)
        opened = self._open(connection, now=now)
        corrections.void_what_moved(connection, now=now)
        proposed = corrections.propose(connection, now=now)
        return opened, closed, proposed

    def _bind(self, connection: sqlite3.Connection) -> None:
        rows = connection.execute("SELECT name, id FROM channels").fetchall()
        self._ids = dict(rows)
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

    def _set_truth(self, connection: sqlite3.Connection) -> None:
        for attribute, column, value in (
            ("quantity", "quantity_listing_id", "available"),
            ("state", "state_listing_id", "state"),
        ):
            truth = f"CASE WHEN a.present = 1 THEN a.{value} END"
            channels = {getattr(rule, attribute) for rule in self.terms.authorities}
            ids = ", ".join(str(self._ids[name]) for name in sorted(channels))
            chosen = self._authority(attribute)
            self._run(
                connection,
                f"""UPDATE items SET truth_{attribute} = v.truth, {column} = v.listing_id
                FROM (SELECT i.id AS item_id, a.id AS listing_id, {truth} AS truth
                  FROM moved m JOIN items i ON i.id = m.item_id
                  JOIN listings a ON a.item_id = i.id AND a.channel_id IN ({ids})
                  WHERE a.channel_id = {chosen}
                    AND (i.truth_{attribute} IS NOT {truth} OR i.{column} IS NOT a.id)) v
                WHERE items.id = v.item_id""",
            )
            # An authority that never had the item (any more, by the rules) gives no truth.
            self._run(
                connection,
                f"""UPDATE items SET truth_{attribute} = NULL, {column} = NULL
                WHERE {column} IS NOT NULL AND id IN (SELECT i.id FROM moved m
                  JOIN items i ON i.id = m.item_id
                  LEFT JOIN listings a ON a.id = i.{column}
                  WHERE i.{column} IS NOT NULL AND a.channel_id IS NOT {chosen})""",
            )

    def _expect_listings(self, connection: sqlite3.Connection, channel: ChannelTerms) -> None:
        if not channel.report_missing:
            return
        sold = self._case((rule.skus, str(int(rule.sold))) for rule in channel.policies)
        mine = self._ids[channel.name]
        self._run(
            connection,
            f"""INSERT INTO listings (item_id, channel_id, present)
            SELECT i.id, {mine}, 0 FROM moved m JOIN items i ON i.id = m.item_id
            WHERE i.truth_quantity IS NOT NULL AND {sold} = 1
              AND {self._authority("quantity")} <> {mine}
              AND (SELECT good_poll_id FROM channels WHERE id = {mine}) IS NOT NULL
              AND NOT EXISTS (SELECT 1 FROM listings l
                WHERE l.item_id = i.id AND l.channel_id = {mine})""",
        )

    def _set_targets(
        self, connection: sqlite3.Connection, channel: ChannelTerms, *, now: Millis
    ) -> None:
        mine = self._ids[channel.name]
        quantity = self._case(
            (rule.skus, _target_quantity(rule, channel)) for rule in channel.policies
        )
        state = self._case((rule.skus, _target_state(rule, channel)) for rule in channel.policies)
        self._values["now"] = now
        self._run(
            connection,
            f"""UPDATE listings SET target_quantity = v.quantity, target_state = v.state,
              target_since = :now
            FROM (SELECT l.id AS listing_id,
                CASE WHEN {self._authority("quantity")} <> {mine} THEN {quantity} END AS quantity,
                CASE WHEN {self._authority("state")} <> {mine} THEN {state} END AS state
              FROM moved m JOIN items i ON i.id = m.item_id
              JOIN listings l ON l.item_id = i.id AND l.channel_id = {mine}) v
            WHERE listings.id = v.listing_id
              AND (target_quantity IS NOT v.quantity OR target_state IS NOT v.state)""",
        )

    def _find(self, connection: sqlite3.Connection, channel: ChannelTerms) -> None:
        """Note what disagrees: at most one kind of presence or number, and the state."""
        self._values |= {"reduce": channel.settle_reduce_ms, "raise": channel.settle_raise_ms}
        proposes = int("quantity" in channel.writes)
        self._run(
            connection,
            f"""{_INTO_FOUND}
            SELECT listing_id, item_id, channel_id, kind, available, state, target_state, price,
              CASE WHEN numeric THEN wanted ELSE target_quantity END,
              CASE WHEN numeric THEN wanted - available END,
              numeric AND {proposes} AND target_quantity IS NOT NULL,
              CASE WHEN numeric THEN {_SETTLES_AT} ELSE 0 END
            FROM (SELECT *, kind IN ('quantity', 'negative') AS numeric,
                coalesce(target_quantity, 0) AS wanted
              FROM (SELECT {_FACTS}, {self._kind(channel)} AS kind
                {self._moved(channel)})) AS found_now
            WHERE kind IS NOT NULL""",
        )
        self._run(
            connection,
            f"""{_INTO_FOUND}
            SELECT {_FACTS_OF_STATE}, {int("state" in channel.writes)},
              coalesce((SELECT max(t.until_at) + :raise FROM past_targets t
                WHERE t.listing_id = l.id AND t.state = l.state), 0)
            {self._moved(channel)}
            WHERE l.present = 1 AND l.copies = 1 AND l.state <> l.target_state""",
        )

    def _moved(self, channel: ChannelTerms) -> str:
        # CROSS JOIN keeps SQLite from driving the join by the channel's whole catalogue.
        return f"""FROM moved m CROSS JOIN listings l ON l.item_id = m.item_id
          AND l.channel_id = {self._ids[channel.name]} JOIN items i ON i.id = l.item_id"""

    def _kind(self, channel: ChannelTerms) -> str:
        """SQL for the kind of disagreement of listing l, or NULL."""
        mine = self._ids[channel.name]
        authority = self._authority("quantity")
        sold = self._case((rule.skus, str(int(rule.sold))) for rule in channel.policies)
        return f"""CASE
          WHEN l.present = 0 THEN CASE WHEN l.target_quantity IS NOT NULL
            AND {sold} = 1 AND {int(channel.report_missing)} THEN 'missing' END
          WHEN l.copies > 1 THEN 'duplicate'
          WHEN l.available < 0 THEN 'negative'
          WHEN l.target_quantity IS NOT NULL THEN
            CASE WHEN l.available <> l.target_quantity THEN 'quantity' END
          WHEN {authority} <> {mine} AND i.truth_quantity IS NULL AND l.available IS NOT NULL
            AND (SELECT good_poll_id FROM channels WHERE id = {authority}) IS NOT NULL
          THEN 'unlisted' END"""

    def _close(self, connection: sqlite3.Connection, *, now: Millis) -> int:
        connection.execute(
            """UPDATE disagreements SET closed_at = ?, waits = 0
            WHERE closed_at IS NULL AND item_id IN (SELECT item_id FROM moved)
              AND NOT EXISTS (SELECT 1 FROM found f WHERE f.item_id = disagreements.item_id
                AND f.channel_id = disagreements.channel_id AND f.kind = disagreements.kind)""",
            (now,),
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

    def _run(self, connection: sqlite3.Connection, statement: str) -> None:
        connection.execute(statement, self._values)


def _target_quantity(policy: Policy, channel: ChannelTerms) -> str:
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


def _target_state(policy: Policy, channel: ChannelTerms) -> str:
    """SQL for the state that the channel should show: NULL where states are not compared."""
    if policy.state is not None:
        return f"'{policy.state}'" if policy.state in channel.states else "NULL"
    if not channel.states:
        return "NULL"
    words = ", ".join(f"'{state}'" for state in channel.states)
    return f"CASE WHEN i.truth_state IN ({words}) THEN i.truth_state END"


def _stored_terms(connection: sqlite3.Connection) -> dict[str, str]:
    rows = connection.execute("SELECT name, terms FROM channels WHERE configured = 1")
    return dict(rows.fetchall())


def _fingerprint(terms: Terms, name: str) -> str:
    """What, if it changes, moves this channel's targets or disagreements."""
    mine = next(channel for channel in terms.channels if channel.name == name)
    policy = (mine.states, mine.writes, mine.report_missing, mine.policies)
    settle = (mine.settle_reduce_ms, mine.settle_raise_ms)
    authorities: tuple[Authority, ...] = terms.authorities
    return msgspec.json.encode((policy, settle, authorities)).decode()


def _save_channel(connection: sqlite3.Connection, channel: ChannelTerms) -> None:
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
    }
    columns = ", ".join(values)
    slots = ", ".join(f":{name}" for name in values)
    sets = ", ".join(f"{name} = excluded.{name}" for name in values)
    connection.execute(
        f"""INSERT INTO channels ({columns}) VALUES ({slots})
        ON CONFLICT (name) DO UPDATE SET {sets}""",
        values,
    )

"""Rules by which disagreements are ignored: set by example, with what each would hide, and ended.

What is ignored is not agreement. It is counted, listed on request, and comes back by itself when it
grows beyond the rule's units, when the rule runs out, or when a person ends it.
"""

import sqlite3

import msgspec

from store.corrections import ignoring, propose
from store.database.rows import Columns
from store.errors import NoSuchThing
from store.model import Kind, Millis
from store.targets import ignored
from store.targets.copies import UNITS
from store.targets.verdict_sql import CONFIGURED, IGNORED

WHY_LENGTH_MAX = 500
EXAMPLES = 5


class IgnoreWhere(msgspec.Struct, frozen=True):
    """What a rule ignores. The pattern and each condition must fit; None: whatever it is."""

    skus: str = "*"
    """A case-sensitive glob of `*`, `?` and `[…]`."""
    channel: str | None = None
    kind: Kind | None = None
    units_max: int | None = None
    """Up to so many units: what is off by more, or has no units, is not ignored."""
    until: Millis | None = None


class IgnoreRule(msgspec.Struct, frozen=True):
    """A rule as it stands; of an ended one who ended it, when and why."""

    id: int
    where: IgnoreWhere
    why: str
    made_by: str
    made_at: Millis
    ended_at: Millis | None
    ended_by: str | None
    """None where it ran out by itself."""
    ended_why: str | None
    hides: int
    """How many open disagreements it ignores now; each is counted at one rule."""


class IgnoredExample(msgspec.Struct, frozen=True):
    """One disagreement that a rule would ignore."""

    id: int
    sku: str
    title: str
    channel: str
    location: str
    kind: Kind
    units: int | None
    available: int | None
    target: int | None


class IgnorePreview(msgspec.Struct, frozen=True):
    """What a rule would ignore at this moment."""

    count: int
    already: int
    """How many of these another rule ignores already."""
    updates: int
    """How many pending updates of these would end."""
    examples: tuple[IgnoredExample, ...]
    """The first of them, those that are off by most."""


_EXAMPLE = Columns(
    IgnoredExample,
    {
        "id": "d.id",
        "sku": "i.sku",
        "title": "coalesce(i.title, '')",
        "channel": "c.name",
        "location": "i.location",
        "kind": "d.kind",
        "units": UNITS,
        "available": "d.available",
        "target": "d.target_quantity",
    },
    {"kind": Kind},
)

# The rule that is not made yet, as a row like those of `ignore_rules`.
_WOULD_BE = """(SELECT :skus AS skus, :channel_id AS channel_id, :kind AS kind,
  :units_max AS units_max) r"""
_MATCHED = f"""{_WOULD_BE} CROSS JOIN open_disagreements d CROSS JOIN items i ON i.id = d.item_id
CROSS JOIN channels c ON c.id = d.channel_id
WHERE {CONFIGURED} AND {ignored.FITS.format(rule="r")}"""


def preview(connection: sqlite3.Connection, where: IgnoreWhere, *, now: Millis) -> IgnorePreview:
    """What a rule would ignore at this moment. Raises NoSuchThing."""
    values = _values(connection, where) | {"now": now}
    count, already, updates = connection.execute(
        f"""SELECT count(*), total({IGNORED}), total(EXISTS (SELECT 1 FROM corrections k
          WHERE k.listing_id = d.listing_id AND k.live = 1 AND k.reverts IS NULL
            AND (k.status IN ('proposed', 'snoozed') OR k.status = 'approved' AND k.by_rule)))
        FROM {_MATCHED}""",
        values,
    ).fetchone()
    rows = connection.execute(
        f"SELECT {_EXAMPLE.sql} FROM {_MATCHED} ORDER BY {UNITS} DESC, d.id LIMIT {EXAMPLES}",
        values,
    )
    return IgnorePreview(count, int(already), int(updates), tuple(map(_EXAMPLE.read, rows)))


def add(
    connection: sqlite3.Connection, where: IgnoreWhere, *, who: str, why: str, now: Millis
) -> IgnoreRule:
    """Ignore what fits, now and from now on. Writes what it ignores. Raises NoSuchThing."""
    values = _values(connection, where) | {
        "until": where.until, "why": why[:WHY_LENGTH_MAX], "who": who, "now": now,
    }  # fmt: skip
    rule_id = connection.execute(
        """INSERT INTO ignore_rules (skus, channel_id, kind, units_max, until_at, why, made_by,
          made_at) VALUES (:skus, :channel_id, :kind, :units_max, :until, :why, :who, :now)""",
        values,
    ).lastrowid
    ignoring.remark(
        connection,
        "ignore_rules new CROSS JOIN open_disagreements d",
        {"rule": rule_id},
        f"new.id = :rule AND {ignored.FITS.format(rule='new')}",
        now=now,
    )
    propose.propose(connection, now=now)
    return by_id(connection, rule_id or 0)


def end(
    connection: sqlite3.Connection, rule_id: int, *, who: str, why: str | None, now: Millis
) -> int:
    """End a rule; return how many disagreements come back. It stays in the history.

    Raises NoSuchThing where there is none of that number, or it has ended.
    """
    ignoring.expire(connection, now=now)
    rule = by_id(connection, rule_id)
    if rule.ended_at is not None:
        by = "ran out" if rule.ended_by is None else f"was ended by {rule.ended_by}"
        raise NoSuchThing(f"rule {rule_id} {by} already")
    connection.execute(
        "UPDATE ignore_rules SET ended_at = ?, ended_by = ?, ended_why = ? WHERE id = ?",
        (now, who, None if why is None else why[:WHY_LENGTH_MAX], rule_id),
    )
    back = ignoring.unmark(connection, rule_id, now=now)
    propose.propose(connection, now=now)
    return back


_RULE_ROWS = """SELECT r.id, r.skus, c.name, r.kind, r.units_max, r.until_at, r.why, r.made_by,
  r.made_at, coalesce(r.ended_at, CASE WHEN r.until_at <= :now THEN r.until_at END) AS ended,
  r.ended_by, r.ended_why, CASE WHEN coalesce(r.until_at > :now, 1) THEN
    (SELECT count(*) FROM open_disagreements d WHERE d.ignored_by = r.id) ELSE 0 END
FROM ignore_rules r LEFT JOIN channels c ON c.id = r.channel_id"""


def rules(connection: sqlite3.Connection, *, now: Millis, ended: bool = False) -> list[IgnoreRule]:
    """The rules that hold, the newest last; with `ended`, those that have ended before them."""
    rows = connection.execute(f"{_RULE_ROWS} ORDER BY ended IS NULL, r.id", {"now": now})
    found = map(_rule, rows)
    return [rule for rule in found if ended or rule.ended_at is None]


def by_id(connection: sqlite3.Connection, rule_id: int) -> IgnoreRule:
    """One rule, whether it holds or has ended. Raises NoSuchThing."""
    row = connection.execute(f"{_RULE_ROWS} WHERE r.id = :id", {"now": 0, "id": rule_id}).fetchone()
    if row is None:
        raise NoSuchThing(f"rule {rule_id} not found")
    return _rule(row)


def _rule(row: tuple[object, ...]) -> IgnoreRule:
    number, skus, channel, kind, units_max, until, *rest = row
    where = IgnoreWhere(skus, channel, None if kind is None else Kind(kind), units_max, until)  # type: ignore[arg-type]
    return IgnoreRule(number, where, *rest)  # type: ignore[arg-type]


def _values(connection: sqlite3.Connection, where: IgnoreWhere) -> dict[str, object]:
    channel_id = None
    if where.channel is not None:
        known = dict(connection.execute("SELECT name, id FROM channels WHERE configured = 1"))
        if where.channel not in known:
            raise NoSuchThing(f'"{where.channel}" is not a channel; known: {", ".join(known)}')
        channel_id = known[where.channel]
    return {
        "skus": where.skus,
        "channel_id": channel_id,
        "kind": where.kind,
        "units_max": where.units_max,
    }

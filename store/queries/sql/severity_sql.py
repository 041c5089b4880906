"""How bad a disagreement is, what it may cost and how old it is, as SQL. Nothing of it is stored.

Of two, the one with more money at risk comes first, and of the same money the one that costs a
customer. What can't be acted on now comes below what can, and what a person has decided or
acknowledged below everything.
"""

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence

from store.cells.cell_ids import cell
from store.model import LIVE_CORRECTIONS, UNCOUNTED, CorrectionStatus, Status
from store.queries.ranking_values import AGE_EDGES_MS, Severity
from store.queries.values import Sort
from store.reasons import Reason
from store.targets import verdict_sql
from store.targets.copies import OVERSELLS, UNITS, UNPRICED
from store.targets.verdict_sql import is_settling, is_unknown

# The median and not the mean: one dear article must not make a thousand cheap ones dear.
_TYPICAL = """WITH priced AS (
  SELECT d.channel_id, d.risk_minor / abs(d.delta) AS price FROM open_disagreements d
  WHERE d.delta <> 0 AND d.surplus IS NULL AND d.risk_minor IS NOT NULL
), placed AS (
  SELECT channel_id, price, row_number() OVER (PARTITION BY channel_id ORDER BY price) AS place,
    count(*) OVER (PARTITION BY channel_id) AS total FROM priced
), overall AS (
  SELECT price, row_number() OVER (ORDER BY price) AS place, count(*) OVER () AS total FROM priced
)
SELECT channel_id, price FROM placed WHERE place = (total + 1) / 2
UNION ALL SELECT 0, price FROM overall WHERE place = (total + 1) / 2"""

_IS_UNPRICED = f"""SELECT EXISTS (SELECT 1 FROM open_counts WHERE unpriced > 0)
  OR EXISTS (SELECT 1 FROM open_apart x CROSS JOIN open_disagreements d ON d.id = x.id
    WHERE {UNPRICED})
  OR EXISTS (SELECT 1 FROM open_disagreements d
    WHERE d.id > coalesce((SELECT upto FROM open_counts_reach), 0) AND {UNPRICED})"""
_IS_UNPRICED_OF = f"""SELECT EXISTS (SELECT 1 FROM items i CROSS JOIN channels c
  CROSS JOIN open_disagreements d ON d.listing_id = {cell("c.id", "i.id")}
  WHERE i.sku IN (SELECT value FROM json_each(?)) AND {UNPRICED})"""

# A listing without a price is not free. At its channel's typical price, 500 unpriced units too many
# come above one priced cent. Where no price is known at all, units decide.
ASSUMED_PRICE = """(SELECT coalesce(max(CASE WHEN p.key = CAST(d.channel_id AS TEXT)
  THEN p.value END), max(CASE WHEN p.key = '0' THEN p.value END)) FROM json_each(:prices) p)"""
"""SQL for what one unit is taken to cost where no price is known: the channel's, else anyone's."""

RISK = f"CASE WHEN d.risk_minor IS NULL THEN {UNITS} * {ASSUMED_PRICE} ELSE d.risk_minor END"
"""SQL for the money at risk in minor units, an estimate where no price is known."""

_YOUNGER = " ".join(
    f"WHEN :now - d.first_seen_at < {edge} THEN {place}" for place, edge in enumerate(AGE_EDGES_MS)
)
AGE_BUCKET = f"CASE {_YOUNGER} ELSE {len(AGE_EDGES_MS)} END"
"""SQL for the place of a disagreement's age among `AGE_EDGES_MS`: 0 is the youngest."""


def updates_in(statuses: Iterable[CorrectionStatus]) -> str:
    """SQL for the listings whose update stands in one of these statuses; ended, it is silent."""
    return " UNION ALL ".join(
        f"SELECT x.listing_id FROM corrections x WHERE {_stands_in(status)}" for status in statuses
    )


def _stands_in(status: CorrectionStatus) -> str:
    if status is CorrectionStatus.SNOOZED:
        return "x.status = 'snoozed' AND x.snoozed_until > :now"
    if status in LIVE_CORRECTIONS:
        return f"x.status = '{status}' AND x.live = 1"
    # The sign keeps SQLite from the index of the status, in which a long history has many.
    return f"x.silences = 1 AND +x.status = '{status}'"


# A list that is made once, and not a question for each of 100,000: few are decided.
IS_DECIDED = (
    f"d.listing_id IN ({updates_in((CorrectionStatus.REJECTED, CorrectionStatus.SNOOZED))})"
)
"""SQL for whether a person has rejected a disagreement's update, or snoozed it until later."""

_SELLABLE = "'active', 'preorder', 'backorder'"


def severity_of(reason: str) -> str:
    """SQL for a disagreement's `Severity`, as its number; looks at the reason once or twice."""
    return _severity(f"""WHEN {is_unknown(reason)} THEN {Severity.UNKNOWN:d}
      WHEN {is_settling(reason)} THEN {Severity.SETTLING:d}""")


def severity_of_counted(held: str) -> str:
    """The same where SQL says what its reason makes of it: see `held`."""
    return _severity(f"WHEN {held} IS NOT NULL THEN {held}")


def held(reason: str) -> str:
    """What a reason makes of a disagreement that has it, as a number; NULL where nothing."""
    status = verdict_sql.status(Reason(reason) if reason else None)
    return {Status.UNKNOWN: f"{Severity.UNKNOWN:d}", Status.SETTLING: f"{Severity.SETTLING:d}"}.get(
        status, "NULL"
    )


def _severity(held: str) -> str:
    return f"""CASE WHEN d.acknowledged_at IS NOT NULL THEN {Severity.ACKNOWLEDGED:d}
      WHEN {IS_DECIDED} THEN {Severity.SNOOZED_OR_REJECTED:d}
      {held}
      WHEN {OVERSELLS} THEN {Severity.OVERSELL:d}
      WHEN d.kind = 'negative' OR d.kind = 'state' AND (d.state = '{UNCOUNTED}'
          OR d.state IN ({_SELLABLE}) AND d.target_state NOT IN ({_SELLABLE}))
        THEN {Severity.WRONGLY_ON_SALE:d}
      WHEN d.delta > 0 THEN {Severity.UNDERSELL:d}
      ELSE {Severity.LISTING:d} END"""


# What can be acted on and what soon can are equal here: only what is unknown, decided or
# acknowledged is last.
_LAST = f"max(severity, {Severity.SETTLING:d})"
_WORTH = "risk DESC, CASE WHEN risk IS NULL THEN units END DESC"

# SQLite sorts by two whole numbers in half the time that it takes for all that they are made of:
# where many are equal, each comparison goes to the last of them. An amount of 2^51 or more, which
# no shop has, counts as 2^51.
_BEFORE = """({} << 52) - CAST(max(-1, min(coalesce(risk, -1), 1 << 51)) AS INTEGER)"""
_FEWER = "-min(coalesce(units, -1), 1 << 51)"
_BY_UNITS = f"({_FEWER} << 3) + severity"
_OF_SAME_RISK = f"CASE WHEN risk IS NULL THEN {_BY_UNITS} ELSE (severity << 54) + {_FEWER} END"

MERGED_BY: Mapping[Sort, tuple[str, ...]] = {
    # What cannot be trusted now cannot be acted on: it stands below what can.
    Sort.RISK: (_BEFORE.format(_LAST), _OF_SAME_RISK),
    Sort.SEVERITY: (_BEFORE.format("severity"), f"CASE WHEN risk IS NULL THEN {_FEWER} ELSE 0 END"),
    Sort.AGE: ("first_seen_at",),
    Sort.SKU: ("sku",),
    Sort.CHANNEL: ("channel", "sku"),
    Sort.DELTA: (_BY_UNITS,),
}
"""SQL for what each order of the disagreements goes by, all ascending: by this, those of several
caches are merged."""

ORDERS: Mapping[Sort, str] = {sort: ", ".join((*by, "id")) for sort, by in MERGED_BY.items()}
"""SQL for each order of the disagreements."""

ORDERED_BY: Mapping[Sort, tuple[str, ...]] = {
    Sort.RISK: ("risk", "units"),
    Sort.SEVERITY: ("risk", "units"),
    Sort.AGE: ("first_seen_at",),
    Sort.SKU: ("sku",),
    Sort.CHANNEL: ("channel", "sku"),
    Sort.DELTA: ("units",),
}
"""The columns that each order reads beside id and severity."""

GROUP_ORDERS: Mapping[Sort, str] = {
    Sort.RISK: f"{_LAST}, {_WORTH}, severity, units DESC, label",
    Sort.SEVERITY: f"severity, {_WORTH}, label",
    Sort.AGE: "oldest_at, label",
    Sort.SKU: "label",
    Sort.CHANNEL: "label",
    Sort.DELTA: "units DESC, severity, label",
}
"""The same for groups of them: by what all of a group come to, and the worst in it."""


def typical_prices(connection: sqlite3.Connection, skus: Sequence[str] = ()) -> dict[int, int]:
    """By channel's id, the middle price of a unit among its open disagreements; 0: among all.

    Empty where nothing lacks a price, of these SKUs where any are given, so that it costs nothing
    where it is not needed. In minor units. Some tens of milliseconds for 100,000.
    """
    if skus:
        lacking = connection.execute(_IS_UNPRICED_OF, (json.dumps(list(skus)),))
    else:
        lacking = connection.execute(_IS_UNPRICED)
    if not lacking.fetchone()[0]:
        return {}
    return dict(connection.execute(_TYPICAL).fetchall())

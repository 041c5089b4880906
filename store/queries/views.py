"""What screens and reports read: one query each, over one snapshot, with verdicts as of `now`."""

import json
import sqlite3
from array import array
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice

from store.cells.cell_ids import cell
from store.cells.unseen_sums import unseen_sum
from store.database.columns import columns
from store.database.rows import Columns
from store.model import (
    Correction,
    CorrectionStatus,
    Disagreement,
    Kind,
    Millis,
)
from store.queries import poll_health, ranking
from store.queries.ranking_values import RankingHints
from store.queries.sql import severity_sql
from store.queries.sql.severity_sql import RISK
from store.queries.values import (
    DisagreementFilter,
    ShownCell,
    Sort,
)
from store.reasons import Reason
from store.targets import verdict_sql
from store.targets.copies import price_of_unit
from store.targets.verdict_sql import (
    CONFIGURED,
    FRESHNESS,
    IGNORED,
    REASON,
    SETTLES_AT,
    SHOWN,
    SOURCES,
    STANDS,
)

_REJECTED = """(SELECT {} FROM corrections x WHERE x.listing_id = d.listing_id
  AND x.silences = 1 AND x.status = 'rejected' ORDER BY x.id DESC LIMIT 1)"""

_JUDGED = {
    "id": "d.id",
    "listing_id": "d.listing_id",
    "sku": "i.sku",
    "title": "coalesce(i.title, '')",
    "channel": "c.name",
    "location": "i.location",
    "kind": "d.kind",
    "reason": REASON,
    "stands": STANDS,
    "decidable_at": f"nullif(max({SETTLES_AT}, :now), :now)",
    "available": SHOWN,
    "state": "l.state",
    "observed_at": "l.observed_at",
    "target": "d.target_quantity",
    "target_state": "d.target_state",
    "delta": "d.delta",
    "price_minor": price_of_unit("coalesce(l.price_minor, i.price_minor)"),
    "first_seen_at": "d.first_seen_at",
    "last_seen_at": f"max(d.moved_at, coalesce({poll_health.SEEN_AT}, 0))",
    "correction_id": "k.id",
    "correction_status": "k.status",
    "correction_version": "k.version",
    "acknowledged_by": "d.acknowledged_by",
    "acknowledged_at": "d.acknowledged_at",
    "acknowledged_why": "d.acknowledged_why",
    **{
        name: f"ig.{column}"
        for name, column in (
            ("ignored_rule", "id"),
            ("ignored_by", "made_by"),
            ("ignored_why", "why"),
            ("ignored_until", "until_at"),
        )
    },
    "snoozed_until": "CASE WHEN k.status = 'snoozed' THEN k.snoozed_until END",
    "rejected_id": _REJECTED.format("x.id"),
    "rejected_by": _REJECTED.format("x.decided_by"),
    "twins": "l.twins",
    "surplus": "d.surplus",
    "at_least": "l.at_least",
    "assumed_risk_minor": f"CASE WHEN d.risk_minor IS NULL THEN {RISK} END",
}
_REASONS: Mapping[str, Reason | None] = {"": None} | {str(reason): reason for reason in Reason}
_STATUSES = {code: verdict_sql.status(reason) for code, reason in _REASONS.items()}
_CORRECTION_STATUSES = {None: None} | {str(status): status for status in CorrectionStatus}

# The status and the severity both follow from the reason, so that the reason is found in a query
# inside, once, and these read its column.
_DISAGREEMENT = Columns(
    Disagreement,
    {name: f"d.{name}" for name in _JUDGED if name != "stands"}
    | {"reason": "CASE WHEN d.reason = '' THEN d.stands ELSE d.reason END"}
    | {"status": "d.reason", "severity": severity_sql.severity_of("reason")},
    {
        "kind": Kind,
        "status": _STATUSES.__getitem__,
        "reason": _REASONS.__getitem__,
        "correction_status": _CORRECTION_STATUSES.__getitem__,
        "at_least": bool,
    },
)
# MATERIALIZED, because SQLite would otherwise paste the reason's SQL into each place that reads it.
_DISAGREEMENTS = f"""WITH d AS MATERIALIZED (
  SELECT {", ".join(f"{sql} AS {name}" for name, sql in _JUDGED.items())}
  FROM {SOURCES} LEFT JOIN corrections k ON k.listing_id = d.listing_id AND k.live = 1
  LEFT JOIN ignore_rules ig ON ig.id = d.ignored_by AND {IGNORED}
  WHERE {CONFIGURED} AND d.id IN (SELECT value FROM json_each(:ids)))
SELECT {_DISAGREEMENT.sql} FROM d"""


def disagreements(
    connection: sqlite3.Connection,
    wanted: DisagreementFilter,
    *,
    now: Millis,
    sort: Sort = Sort.RISK,
    limit: int | None = None,
    estimates: bool = True,
) -> list[Disagreement]:
    """The open disagreements that are wanted, with their verdicts, worst first.

    Without `estimates`, what has no price is worth nothing, and nothing else is looked at for it.
    """
    hints = RankingHints(prices=_prices(connection, wanted) if estimates else {})
    ids = ranking.ranked(connection, wanted, now=now, sort=sort, hints=hints).ids
    return disagreements_by_id(connection, ids[:limit], now=now, hints=hints)


def disagreement_ids(
    connection: sqlite3.Connection,
    wanted: DisagreementFilter,
    *,
    now: Millis,
    sort: Sort = Sort.RISK,
) -> "array[int]":
    """The ids of the open disagreements that are wanted, in order: a snapshot for a screen."""
    hints = RankingHints(prices=_prices(connection, wanted))
    return ranking.ranked(connection, wanted, now=now, sort=sort, hints=hints).ids


def _prices(connection: sqlite3.Connection, wanted: DisagreementFilter) -> dict[int, int]:
    """What is needed of the typical prices: a filter of some SKUs asks for nothing of the rest."""
    return severity_sql.typical_prices(connection, () if wanted.patterns else wanted.skus)


def disagreements_by_id(
    connection: sqlite3.Connection,
    ids: Iterable[int],
    *,
    now: Millis,
    hints: RankingHints | None = None,
) -> list[Disagreement]:
    """These disagreements in this order; one that has closed meanwhile is left out."""
    wanted = list(ids)
    prices = dict(hints.prices) if hints is not None else {}
    rows = connection.execute(
        _DISAGREEMENTS,
        {"now": now, "ids": json.dumps(wanted), "prices": json.dumps(prices)},
    )
    found = {disagreement.id: disagreement for disagreement in map(_DISAGREEMENT.read, rows)}
    return [found[wanted_id] for wanted_id in wanted if wanted_id in found]


_OF_LISTING = (
    "present", "on_hand", "committed", "unavailable", "incoming", "threshold", "state",
    "observed_at", "source_at", "problem", "copies", "at_least",
)  # fmt: skip
_CELL = Columns(
    ShownCell,
    {
        "channel": "c.name",
        "location": "i.location",
        "listing_id": "l.id",
        "available": "CASE WHEN l.present THEN l.available END",
        "target": "l.target_quantity",
        "target_state": "l.target_state",
        "price_minor": "coalesce(l.price_minor, i.price_minor)",
        "ref": "coalesce(l.ref, '')",
        "trusted": f"{FRESHNESS} IN ('fresh', 'failing') AND l.problem IS NULL",
        "differs": "EXISTS (SELECT 1 FROM open_disagreements d WHERE d.listing_id = l.id)",
        "truth": "i.truth_quantity",
        "truth_state": "i.truth_state",
        "truth_on_hand": "i.truth_on_hand",
        "truth_incoming": "i.truth_incoming",
        "pending": unseen_sum("available"),
        "pending_on_hand": unseen_sum("on_hand"),
        "is_truth_uncounted": "i.uncounted",
    }
    | {name: f"l.{name}" for name in _OF_LISTING},
    dict.fromkeys(("present", "trusted", "differs", "is_truth_uncounted", "at_least"), bool),
)
_SHOWN = f"""SELECT i.sku, {_CELL.sql}
FROM items i JOIN channels c JOIN listings l ON l.id = {cell("c.id", "i.id")}
WHERE i.sku IN (SELECT value FROM json_each(:skus)) AND c.configured = 1
ORDER BY i.sku, i.location, c.id"""


def disagreements_with_shown(
    connection: sqlite3.Connection,
    ids: Sequence[int],
    *,
    now: Millis,
    hints: RankingHints | None = None,
) -> tuple[list[Disagreement], dict[str, list[ShownCell]]]:
    """These disagreements, and what every channel shows for their SKUs."""
    found = disagreements_by_id(connection, ids, now=now, hints=hints)
    skus = sorted({disagreement.sku for disagreement in found})
    return found, shown(connection, skus, now=now)


def shown(
    connection: sqlite3.Connection, skus: Sequence[str], *, now: Millis
) -> dict[str, list[ShownCell]]:
    """What every channel shows for each of these SKUs; channels in configured order."""
    rows = connection.execute(_SHOWN, {"now": now, "skus": json.dumps(list(skus))})
    cells: dict[str, list[ShownCell]] = {sku: [] for sku in skus}
    for sku, *row in rows:
        cells[sku].append(_CELL.read(row))
    return cells


def updates(
    connection: sqlite3.Connection,
    *,
    statuses: Sequence[CorrectionStatus] = (),
    channel: str | None = None,
    sku: str | None = None,
    limit: int | None = None,
) -> list[Correction]:
    """Corrections, live ones first, then the newest."""
    # What decides about updates takes as long to import as all else that `skew status` reads.
    from store.corrections import update_list

    found = update_list.in_order(connection, statuses=statuses, channel=channel, sku=sku)
    return list(islice(found, limit))


def update_ids(connection: sqlite3.Connection) -> "array[int]":
    """The ids of live corrections, by money at stake, then the newest; what was snoozed is last."""
    # One whole number is sorted by in two thirds of the time of two. What has no price is first; an
    # amount of 2^52 or more, which no shop has, counts as that.
    worth = "coalesce(abs(k.to_quantity - k.from_quantity) * k.price_minor, 1 << 52)"
    at_stake = f"((k.status = 'snoozed') << 53) - min({worth}, 1 << 52)"
    query = f"SELECT k.id FROM corrections k WHERE k.live = 1 ORDER BY {at_stake}, k.id DESC"
    (ids,) = columns(connection, ("id",), query)
    return ids

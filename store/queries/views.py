"""What the screens and the reports read: one query each, over one snapshot.

Verdicts are computed here, at the moment `now`, from `store.targets.verdict_sql`'s one definition.
"""

import json
import sqlite3
from array import array
from collections.abc import Iterable, Sequence
from typing import Any

from store.channels import incident_list, incidents
from store.channels.incident_list import IncidentState
from store.corrections import lifecycle
from store.database import lease
from store.database.columns import columns
from store.model import (
    Correction,
    CorrectionStatus,
    Direction,
    Disagreement,
    Freshness,
    Kind,
    Millis,
)
from store.queries import poll_health, ranking, severity_sql
from store.queries.ranking_values import Lens
from store.queries.severity_sql import RISK
from store.queries.values import (
    ChannelHealth,
    DisagreementFilter,
    Overview,
    ShownCell,
    Sort,
    StatusCounts,
)
from store.reasons import Reason
from store.targets import verdict_sql
from store.targets.verdict_sql import FRESHNESS, REASON, SOURCES, status_of

ERRORS_IN_MINUTES = 5

_LIVE = "k.listing_id = d.listing_id AND k.live = 1"
_DISAGREEMENT = f"""d.id, d.listing_id, i.sku, coalesce(i.title, '') AS title, c.name AS channel,
  i.location, d.kind, {REASON} AS reason,
  CASE WHEN d.settles_at > :now THEN d.settles_at END AS decidable_at,
  CASE WHEN l.present = 1 THEN l.available END AS available, l.state, l.observed_at,
  d.target_quantity, d.target_state, d.delta, coalesce(l.price_minor, i.price_minor) AS price,
  d.first_seen_at, max(d.moved_at, coalesce(c.last_success_at, 0)) AS last_seen_at,
  k.id AS correction_id, k.status, k.version, d.acknowledged_by, d.acknowledged_at,
  d.acknowledged_why, CASE WHEN d.risk_minor IS NULL THEN {RISK} END"""
_JOINED = f"{SOURCES}\nLEFT JOIN corrections k ON {_LIVE}"


def status(connection: sqlite3.Connection, *, now: Millis) -> StatusCounts:
    """Everything `skew status` tells, at one instant."""
    counted = dict.fromkeys((str(name) for name in CorrectionStatus), 0)
    counted |= dict(
        connection.execute("SELECT status, count(*) FROM corrections GROUP BY status").fetchall()
    )
    found = channels(connection, now=now)
    return StatusCounts(
        channels=found,
        overview=_overview(connection, found, now=now),
        updates=counted,
        incidents=tuple(incidents.open_incidents(connection)),
        lease=lease.current(connection, now=now),
    )


def overview(connection: sqlite3.Connection, *, now: Millis) -> Overview:
    """The header's numbers, at one instant."""
    return _overview(connection, channels(connection, now=now), now=now)


def _overview(
    connection: sqlite3.Connection, found: Sequence[ChannelHealth], *, now: Millis
) -> Overview:
    # Materialized, so that each disagreement is judged once and not once for each number.
    row = connection.execute(
        f"""WITH told AS MATERIALIZED (
            SELECT d.delta, d.risk_minor, d.acknowledged_at, {REASON} AS reason
          FROM {SOURCES} WHERE d.closed_at IS NULL AND c.configured = 1)
        SELECT
          coalesce(sum(status = 'open'), 0), coalesce(sum(status = 'settling'), 0),
          coalesce(sum(status = 'unknown'), 0),
          coalesce(sum(status = 'open' AND delta < 0), 0),
          coalesce(sum(CASE WHEN status = 'open' AND delta < 0 THEN -delta END), 0),
          total(CASE WHEN status = 'open' AND delta < 0 THEN risk_minor END) / 100.0,
          coalesce(sum(status = 'open' AND delta > 0), 0),
          coalesce(sum(CASE WHEN status = 'open' AND delta > 0 THEN delta END), 0),
          total(CASE WHEN status = 'open' AND delta > 0 THEN risk_minor END) / 100.0,
          count(acknowledged_at)
        FROM (SELECT delta, risk_minor, acknowledged_at, {status_of("reason")} AS status
          FROM told)""",
        {"now": now},
    ).fetchone()
    not_fresh = (Freshness.STALE, Freshness.NEVER, Freshness.QUARANTINED)
    (skus,) = connection.execute(
        """SELECT coalesce(max(listings), 0) FROM channels
        WHERE configured = 1 AND roles <> ''"""
    ).fetchone()
    (unreadable,) = connection.execute(
        """SELECT count(*) FROM listings l WHERE l.problem IS NOT NULL AND NOT EXISTS
          (SELECT 1 FROM disagreements d WHERE d.listing_id = l.id AND d.closed_at IS NULL)"""
    ).fetchone()
    (pending,) = connection.execute(
        "SELECT count(*) FROM corrections WHERE live = 1 AND status <> 'snoozed'"
    ).fetchone()
    errors = poll_health.errors_by_minute(connection, now=now)
    standing = [incident_list.state(one, now) for one in incidents.open_incidents(connection)]
    return Overview(
        skus=skus,
        open=row[0],
        settling=row[1],
        unknown=row[2] + unreadable,
        oversell=row[3],
        oversell_units=row[4],
        oversell_money=row[5],
        undersell=row[6],
        undersell_units=row[7],
        undersell_money=row[8],
        channels=len(found),
        channels_stale=sum(channel.freshness in not_fresh for channel in found),
        pending=pending,
        incidents=sum(one is not IncidentState.SNOOZED for one in standing),
        errors_5m=sum(errors[-ERRORS_IN_MINUTES:]),
        newest_reading_at=max((channel.last_success_at or 0 for channel in found), default=0)
        or None,
        errors_by_minute=errors,
        acknowledged=row[9],
    )


def channels(connection: sqlite3.Connection, *, now: Millis) -> tuple[ChannelHealth, ...]:
    """The configured channels with their health, in the order of the configuration."""
    recent, running = poll_health.recent(connection), poll_health.running(connection)
    rows = connection.execute(
        f"""SELECT c.id, c.name, c.kind, c.direction, c.roles, {FRESHNESS}, c.last_success_at,
          :now - c.last_success_at, c.listings,
          coalesce(c.last_error, CASE WHEN c.paused_by IS NULL THEN c.paused_reason END),
          c.last_poll_at, c.next_poll_at, c.every_ms, c.paused_until, c.quarantined_poll_id,
          c.unexplained, c.paused_reason, c.paused_by,
          c.allowance_left, c.allowance_of, c.allowance_at, c.rate_per_s
        FROM channels c WHERE c.configured = 1 ORDER BY c.id""",
        {"now": now},
    )
    return tuple(
        ChannelHealth(
            id=row[0],
            name=row[1],
            kind=row[2],
            direction=Direction(row[3]),
            roles=tuple(row[4].split(", ")) if row[4] else (),
            freshness=Freshness(row[5]),
            last_success_at=row[6],
            age_ms=row[7],
            listings=row[8],
            last_error=row[9],
            last_poll_at=row[10],
            next_poll_at=row[11],
            every_ms=row[12],
            paused_until=row[13],
            recent_ms=tuple(one.took_ms or 0 for one in recent.get(row[0], ())),
            quarantined_poll=row[14],
            unexplained=row[15],
            paused_reason=row[16],
            paused_by=row[17],
            recent=recent.get(row[0], ()),
            running=running.get(row[0]),
            allowance_left=row[18],
            allowance_of=row[19],
            allowance_at=row[20],
            rate_per_s=row[21],
        )
        for row in rows
    )


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
    lens = Lens(prices=_prices(connection, wanted) if estimates else {})
    ids = ranking.ranked(connection, wanted, now=now, sort=sort, lens=lens).ids
    return disagreements_by_id(connection, ids[:limit], now=now, lens=lens)


def disagreement_ids(
    connection: sqlite3.Connection,
    wanted: DisagreementFilter,
    *,
    now: Millis,
    sort: Sort = Sort.RISK,
) -> "array[int]":
    """The ids of the open disagreements that are wanted, in order: a snapshot for a screen."""
    lens = Lens(prices=_prices(connection, wanted))
    return ranking.ranked(connection, wanted, now=now, sort=sort, lens=lens).ids


def _prices(connection: sqlite3.Connection, wanted: DisagreementFilter) -> dict[int, int]:
    """What is needed of the typical prices: a filter of some SKUs asks for nothing of the rest."""
    return severity_sql.typical_prices(connection, () if wanted.patterns else wanted.skus)


def disagreements_by_id(
    connection: sqlite3.Connection,
    ids: Iterable[int],
    *,
    now: Millis,
    lens: Lens | None = None,
) -> list[Disagreement]:
    """These disagreements in this order; one that has closed meanwhile is left out."""
    wanted = list(ids)
    prices = dict(lens.prices) if lens is not None else {}
    rows = connection.execute(
        f"""SELECT d.*, {severity_sql.severity_of("reason")} FROM (
          SELECT {_DISAGREEMENT} FROM {_JOINED}
          WHERE d.closed_at IS NULL AND d.id IN (SELECT value FROM json_each(:ids))) d""",
        {"now": now, "ids": json.dumps(wanted), "prices": json.dumps(prices)},
    )
    found = {row[0]: _disagreement(row) for row in rows}
    return [found[wanted_id] for wanted_id in wanted if wanted_id in found]


def shown(
    connection: sqlite3.Connection, skus: Sequence[str], *, now: Millis
) -> dict[str, list[ShownCell]]:
    """What every channel shows for each of these SKUs; channels in configured order."""
    rows = connection.execute(
        f"""SELECT i.sku, c.name, i.location, l.id, l.present, l.available, l.on_hand, l.committed,
          l.unavailable, l.incoming, l.threshold, l.state, l.target_quantity, l.target_state,
          coalesce(l.price_minor, i.price_minor), l.observed_at, l.source_at,
          {FRESHNESS} IN ('fresh', 'failing') AND l.problem IS NULL, l.problem,
          EXISTS (SELECT 1 FROM disagreements d WHERE d.listing_id = l.id AND d.closed_at IS NULL),
          l.copies, i.truth_quantity, i.truth_state, i.truth_on_hand, i.truth_incoming,
          i.pending, i.pending_on_hand
        FROM items i JOIN listings l ON l.item_id = i.id JOIN channels c ON c.id = l.channel_id
        WHERE i.sku IN (SELECT value FROM json_each(:skus)) AND c.configured = 1
        ORDER BY i.sku, i.location, c.id""",
        {"now": now, "skus": json.dumps(list(skus))},
    )
    cells: dict[str, list[ShownCell]] = {sku: [] for sku in skus}
    for row in rows:
        flags = {"present": bool(row[4]), "trusted": bool(row[17]), "differs": bool(row[19])}
        cells[row[0]].append(
            ShownCell(
                channel=row[1],
                location=row[2],
                listing_id=row[3],
                available=row[5] if row[4] else None,
                on_hand=row[6],
                committed=row[7],
                unavailable=row[8],
                incoming=row[9],
                threshold=row[10],
                state=row[11],
                target=row[12],
                target_state=row[13],
                price_minor=row[14],
                observed_at=row[15],
                source_at=row[16],
                problem=row[18],
                copies=row[20],
                truth=row[21],
                truth_state=row[22],
                truth_on_hand=row[23],
                truth_incoming=row[24],
                pending=row[25],
                pending_on_hand=row[26],
                **flags,
            )
        )
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
    return lifecycle.select(
        connection,
        """(:statuses = '[]' OR k.status IN (SELECT value FROM json_each(:statuses)))
        AND (:channel IS NULL OR c.name = :channel) AND (:sku IS NULL OR i.sku = :sku)
        ORDER BY k.live DESC, k.id DESC LIMIT :limit""",
        {
            "statuses": json.dumps([str(name) for name in statuses]),
            "channel": channel,
            "sku": sku,
            "limit": -1 if limit is None else limit,
        },
    )


def update_ids(connection: sqlite3.Connection, *, live_only: bool = True) -> "array[int]":
    """The ids of the corrections, live ones first by money at stake, then the newest."""
    query = f"""SELECT k.id FROM corrections k {"WHERE k.live = 1" if live_only else ""}
      ORDER BY k.live DESC,
        CASE WHEN k.live THEN -abs(k.to_quantity - k.from_quantity) * k.price_minor END,
        k.id DESC"""
    (ids,) = columns(connection, ("id",), query)
    return ids


def _disagreement(row: Sequence[Any]) -> Disagreement:
    values = list(row)
    reason = Reason(values[7]) if values[7] else None
    values[6] = Kind(values[6])
    values[7:8] = [verdict_sql.status(reason), reason]
    if values[20] is not None:
        values[20] = CorrectionStatus(values[20])
    return Disagreement(*values)

"""All corrections, live and ended, as a list for a screen: which of them, and in what order.

A list is a snapshot of ids; its rows are read by id. The open ones are listed whole, of the others
the newest `LOOKED_AT_MAX`.
"""

import json
import sqlite3
from array import array
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType

import msgspec

from store.cells.cell_ids import cell
from store.corrections import lifecycle
from store.model import LIVE_CORRECTIONS, Correction, CorrectionStatus

LOOKED_AT_MAX = 100_000
"""Ended corrections that a filter looks at, the newest: a list costs the same in a long history.

A filter that names a SKU finds it however old it is.
"""


class UpdateGroup(StrEnum):
    """What an operator asks of the history: what waits, what went wrong, what is over."""

    OPEN = "open"
    FAILED = "failed"
    DONE = "done"
    ALL = "all"


STATUSES = MappingProxyType(
    {
        UpdateGroup.OPEN: LIVE_CORRECTIONS,
        UpdateGroup.FAILED: (
            CorrectionStatus.FAILED,
            CorrectionStatus.NOT_APPLIED,
            CorrectionStatus.UNKNOWN,
        ),
        UpdateGroup.DONE: (
            CorrectionStatus.VERIFIED,
            CorrectionStatus.REJECTED,
            CorrectionStatus.SUPERSEDED,
            CorrectionStatus.EXPIRED,
        ),
        UpdateGroup.ALL: tuple(CorrectionStatus),
    }
)


class UpdateSort(StrEnum):
    """Orders of the list; the first is what the operator sees unless they choose."""

    MONEY = "money at stake"
    NEWEST = "newest"
    ENDED = "ended last"
    CHANNEL = "channel"


class UpdateFilter(msgspec.Struct, frozen=True):
    """Which corrections are wanted; empty means all."""

    ids: tuple[int, ...] = ()
    statuses: tuple[CorrectionStatus, ...] = tuple(CorrectionStatus)
    channels: tuple[str, ...] = ()
    skus: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    """Who decided, as the first or the second name; `rule` for the rules."""
    text: str = ""
    """Part of the SKU or the title, whatever its case."""


class UpdateList(msgspec.Struct, frozen=True):
    """A snapshot of ids, in order."""

    ids: "array[int]"
    older: bool
    """There are older ones that were not looked at."""


_NEWEST = ("k.id", "DESC")
_ORDERS: Mapping[UpdateSort, Sequence[tuple[str, str]]] = MappingProxyType(
    {
        UpdateSort.MONEY: (
            ("abs(k.to_quantity - k.from_quantity) * k.price_minor", "DESC"),
            _NEWEST,
        ),
        UpdateSort.NEWEST: (_NEWEST,),
        UpdateSort.ENDED: (("k.ended_at", "DESC"), _NEWEST),
        UpdateSort.CHANNEL: (("c.name", "ASC"), ("i.sku", "ASC"), _NEWEST),
    }
)
"""By what it is sorted, the most important first."""
_TURNED = {"ASC": "DESC", "DESC": "ASC"}

WAITS_FOR_NOBODY = "(k.live = 0 OR k.status = 'snoozed')"
"""SQL: it was snoozed, rejected, or is over."""

# CROSS JOIN keeps SQLite in this order: it begins with the few that were asked for, not with a
# table.
_OF_SKUS = f"""SELECT k.id FROM items i CROSS JOIN channels c
CROSS JOIN corrections k ON k.listing_id = {cell("c.id", "i.id")}
WHERE i.sku IN (SELECT value FROM json_each(:skus))
  AND k.status IN (SELECT value FROM json_each(:statuses))"""

_OF_NUMBERS = """SELECT k.id FROM json_each(:ids) n CROSS JOIN corrections k ON k.id = n.value
WHERE k.status IN (SELECT value FROM json_each(:statuses))"""

_NAMES = """CROSS JOIN listings l ON l.id = k.listing_id
CROSS JOIN items i ON i.id = l.item_id CROSS JOIN channels c ON c.id = l.channel_id"""


def find(
    connection: sqlite3.Connection,
    wanted: UpdateFilter,
    *,
    sort: UpdateSort = UpdateSort.MONEY,
    backwards: bool = False,
) -> UpdateList:
    """The ids of the corrections that are wanted, in order.

    What was snoozed or rejected, or is over, stands below what is open, `backwards` too; but who
    asks what ended last is told that.
    """
    pool, older = _pool(connection, wanted)
    clauses = _clauses(wanted)
    named = sort is UpdateSort.CHANNEL or wanted.channels or wanted.skus or wanted.text
    rows = connection.execute(
        f"""SELECT k.id FROM ({pool}) w CROSS JOIN corrections k ON k.id = w.id
        {_NAMES if named else ""} WHERE {" AND ".join(clauses) or "1"}
        ORDER BY {_order(sort, backwards=backwards)}""",
        _values(wanted),
    )
    return UpdateList(array("q", (row[0] for row in rows)), older)


def _order(sort: UpdateSort, *, backwards: bool) -> str:
    first = [] if sort is UpdateSort.ENDED else [WAITS_FOR_NOBODY]
    terms = (f"{term} {_TURNED[way] if backwards else way}" for term, way in _ORDERS[sort])
    return ", ".join([*first, *terms])


def in_order(
    connection: sqlite3.Connection,
    *,
    statuses: Sequence[CorrectionStatus] = (),
    channel: str | None = None,
    sku: str | None = None,
) -> Iterator[Correction]:
    """Corrections as they are read, live ones first, then the newest: all of them, of any age."""
    return lifecycle.iterate(
        connection,
        """(:statuses = '[]' OR k.status IN (SELECT value FROM json_each(:statuses)))
        AND (:channel IS NULL OR c.name = :channel) AND (:sku IS NULL OR i.sku = :sku)
        ORDER BY k.live DESC, k.id DESC""",
        {
            "statuses": json.dumps([str(name) for name in statuses]),
            "channel": channel,
            "sku": sku,
        },
    )


def _pool(connection: sqlite3.Connection, wanted: UpdateFilter) -> tuple[str, bool]:
    """SQL for the ids to choose among, and whether there are older ones beyond them."""
    if wanted.ids:
        return _OF_NUMBERS, False
    if wanted.skus:
        return _OF_SKUS, False
    if set(wanted.statuses) == set(CorrectionStatus):
        newest = "SELECT id FROM corrections ORDER BY id DESC"
    else:
        # One walk down the index of each status from its newest id, merged: the LIMIT ends the
        # walks, and nothing is sorted.
        walks = (
            f"SELECT id FROM corrections WHERE status = '{status}'" for status in wanted.statuses
        )
        newest = " UNION ALL ".join(walks) + " ORDER BY id DESC"
    if set(wanted.statuses) <= set(LIVE_CORRECTIONS):
        return newest, False
    (count,) = connection.execute(
        f"SELECT count(*) FROM (SELECT 1 FROM ({newest} LIMIT :max))", {"max": LOOKED_AT_MAX + 1}
    ).fetchone()
    return f"{newest} LIMIT {LOOKED_AT_MAX}", count > LOOKED_AT_MAX


def _clauses(wanted: UpdateFilter) -> list[str]:
    clauses = []
    if wanted.ids and wanted.skus:
        clauses.append("i.sku IN (SELECT value FROM json_each(:skus))")
    if wanted.channels:
        clauses.append("c.name IN (SELECT value FROM json_each(:channels))")
    if wanted.people:
        clauses.append(
            "(k.decided_by IN (SELECT value FROM json_each(:people)) "
            "OR k.second_by IN (SELECT value FROM json_each(:people)))"
        )
    if wanted.text:
        clauses.append(
            "(instr(lower(i.sku), lower(:text)) OR instr(lower(coalesce(i.title, '')), "
            "lower(:text)))"
        )
    return clauses


def _values(wanted: UpdateFilter) -> dict[str, object]:
    return {
        "ids": json.dumps(sorted(set(wanted.ids))),
        "statuses": json.dumps([str(status) for status in wanted.statuses]),
        "channels": json.dumps(wanted.channels),
        "skus": json.dumps(wanted.skus),
        "people": json.dumps(wanted.people),
        "text": wanted.text,
    }

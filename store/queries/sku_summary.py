"""Everything that is known of one SKU now, over all channels and places, in one snapshot.

It costs what the SKU's listings cost, however much has happened to them. The past, and what could
explain a disagreement, are not part of it.
"""

import sqlite3
from collections.abc import Mapping

import msgspec

from store.accounts import balance
from store.accounts.balance import Balance
from store.cells.cell_ids import cell
from store.corrections import audit, lifecycle
from store.corrections.audit import AuditRow
from store.database.rows import Columns
from store.model import Correction, Disagreement, Freshness, Millis
from store.queries import views
from store.queries.values import ShownCell
from store.targets.truth import PART_OF_BUNDLE, PART_OF_POOL
from store.targets.verdict_sql import CONFIGURED, FRESHNESS

BUNDLES_MAX = 20
"""Of those that the SKU is in."""


def beginning(connection: sqlite3.Connection, text: str, *, limit: int) -> list[tuple[str, str]]:
    """The first SKUs that begin with a text, as typed or in capitals, each with its title.

    It goes by the index of the SKUs, however many there are.
    """
    found: dict[str, str] = {}
    for start in dict.fromkeys((text, text.upper(), text.lower())):
        # After whatever begins with it comes nothing that is greater than it with the last sign.
        rows = connection.execute(
            """SELECT sku, coalesce(max(title), '') FROM items WHERE sku >= :start AND sku < :end
            GROUP BY sku ORDER BY sku LIMIT :limit""",
            {"start": start, "end": start + "\U0010ffff", "limit": limit},
        )
        found |= dict(rows.fetchall())
    return sorted(found.items())[:limit]


class ComponentSummary(msgspec.Struct, frozen=True):
    """One of the items that the SKU, a bundle or a pool, rests on at a place. In pieces."""

    location: str
    """Where the whole is."""
    how: str
    """`bundle` or `pool`."""
    sku: str
    part_location: str
    quantity: int
    """How many of it one whole takes."""
    available: int | None
    """What it gives to the whole, after what is not seen yet; None where nothing is known of it."""
    state: str | None
    channel: str | None
    """Which channel shows that; then since when, and how fresh that channel is."""
    observed_at: Millis | None
    freshness: Freshness | None

    @property
    def makes(self) -> int | None:
        """How many wholes it allows."""
        return None if self.available is None else self.available // self.quantity


class ContainingBundle(msgspec.Struct, frozen=True):
    """A bundle that the SKU is in."""

    sku: str
    location: str
    quantity: int


class SkuSummary(msgspec.Struct, frozen=True):
    """One SKU, with all of its listings."""

    sku: str
    title: str
    first_read_at: Millis | None
    """Since when anything is known of it: what its plot can show."""
    cells: tuple[ShownCell, ...]
    """By place, then in the configuration's order of channels."""
    parts: tuple[ComponentSummary, ...]
    bundles: tuple[ContainingBundle, ...]
    """The first of them."""
    open: tuple[Disagreement, ...]
    updates: tuple[Correction, ...]
    """The newest correction of each listing that has had any."""
    audits: Mapping[int, tuple[AuditRow, ...]]
    """What happened to each of them, by its id."""
    balances: tuple[Balance, ...]


def read(connection: sqlite3.Connection, sku: str, *, now: Millis) -> SkuSummary | None:
    """Everything of this SKU; None where it is not in the cache."""
    named = connection.execute(
        "SELECT max(title) FROM items WHERE sku = ? GROUP BY sku", (sku,)
    ).fetchone()
    if named is None:
        return None
    (title,) = named
    (first_read_at,) = connection.execute(_FIRST, (sku,)).fetchone()
    ids = [disagreement_id for (disagreement_id,) in connection.execute(_OPEN, (sku,))]
    found = views.disagreements_by_id(connection, ids, now=now)
    updates = _updates(connection, sku)
    return SkuSummary(
        sku=sku,
        title=title or "",
        first_read_at=first_read_at,
        cells=tuple(views.shown(connection, [sku], now=now)[sku]),
        parts=tuple(map(_PART.read, connection.execute(_PARTS, {"sku": sku, "now": now}))),
        bundles=tuple(ContainingBundle(*row) for row in connection.execute(_HOLDERS, {"sku": sku})),
        open=tuple(found),
        updates=tuple(updates),
        audits={
            correction.id: tuple(audit.rows(connection, correction.id)) for correction in updates
        },
        balances=tuple(balance.current(connection, sku)),
    )


_PART = Columns(
    ComponentSummary,
    {
        "location": "i.location",
        "how": "p.how",
        "sku": "c.sku",
        "part_location": "c.location",
        "quantity": "p.quantity",
        "available": f"CASE p.how WHEN 'pool' THEN {PART_OF_POOL} ELSE {PART_OF_BUNDLE} END",
        "state": "c.truth_state",
        "channel": "q.name",
        "observed_at": "l.observed_at",
        "freshness": "q.freshness",
    },
    {"freshness": lambda freshness: None if freshness is None else Freshness(freshness)},
)
_PARTS = f"""SELECT {_PART.sql}
FROM items i JOIN parts p ON p.item_id = i.id JOIN items c ON c.id = p.part_id
LEFT JOIN listings l ON l.id = c.quantity_listing_id
LEFT JOIN (SELECT c.id, c.name, {FRESHNESS} AS freshness FROM channels c) q ON q.id = l.channel_id
WHERE i.sku = :sku ORDER BY i.location, c.sku, c.location"""

_HOLDERS = f"""SELECT w.sku, w.location, p.quantity
FROM items i CROSS JOIN parts p ON p.part_id = i.id AND p.how = 'bundle'
JOIN items w ON w.id = p.item_id WHERE i.sku = :sku
ORDER BY w.sku, w.location LIMIT {BUNDLES_MAX}"""

# By the SKU's own items: the filter of the disagreements' view would judge everything that is open.
_OPEN = f"""SELECT d.id FROM items i CROSS JOIN channels c
CROSS JOIN open_disagreements d ON d.listing_id = {cell("c.id", "i.id")}
WHERE i.sku = ? AND {CONFIGURED} ORDER BY d.first_seen_at, d.id"""

_FIRST = f"""SELECT min(l.opening_read_at) FROM items i JOIN channels c
JOIN listings l ON l.id = {cell("c.id", "i.id")} WHERE i.sku = ?"""

# By listing, the newest id alone: one step down an index each, however many corrections it has had.
_NEWEST = f"""SELECT (SELECT k.id FROM corrections k WHERE k.listing_id = l.id
  ORDER BY k.id DESC LIMIT 1) AS newest
FROM items i JOIN channels c JOIN cells l ON l.id = {cell("c.id", "i.id")} WHERE i.sku = ?"""


def _updates(connection: sqlite3.Connection, sku: str) -> list[Correction]:
    """A new one comes only when the one before has ended: the newest is the live one, if any is."""
    rows = connection.execute(f"SELECT newest FROM ({_NEWEST}) WHERE newest IS NOT NULL", (sku,))
    ids = [row[0] for row in rows]
    return lifecycle.by_id(connection, ids)

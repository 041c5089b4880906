"""Which items are made of others: bundles of their components, pools of the same SKU elsewhere.

Kept as rows of `parts`, made when an item first appears.
"""

import sqlite3
from collections.abc import Collection, Iterable, Sequence

import msgspec

from store.cells.cell_ids import cell
from store.database import bulk
from store.model import Component, Terms

_WORK_TABLES = (
    """CREATE TEMP TABLE IF NOT EXISTS bundled
      (sku TEXT NOT NULL, location TEXT NOT NULL, PRIMARY KEY (sku, location)) WITHOUT ROWID""",
    """CREATE TEMP TABLE IF NOT EXISTS changed_bundles (sku TEXT NOT NULL PRIMARY KEY)
      WITHOUT ROWID""",
)

# A bundle is where a channel lists any of its components, or the bundle itself. An item that none
# lists may be there only because another bundle needs it. And a pool's location holds no pieces of
# its own, so that no bundle is put together there: the pool sums the bundles of its members.
_AT_A_PLACE = f"""EXISTS (SELECT 1 FROM channels c
    CROSS JOIN cells l ON l.id = {cell("c.id", "i.id")})
  AND i.location NOT IN (SELECT value FROM json_each(:pools))"""
# One that has all of its parts needs nothing more: what it is made of has not changed since.
_IS_NOT_WHOLE = """(SELECT count(*) FROM bundles w WHERE w.bundle_sku = {sku})
  > (SELECT count(*) FROM parts p WHERE p.item_id = {item} AND p.how = 'bundle')"""
_WHOLE = """(SELECT w.id FROM items w WHERE w.sku = b.bundle_sku AND w.location = i.location)"""
_OF_MOVED = f"""INSERT OR IGNORE INTO bundled (sku, location)
SELECT b.bundle_sku, i.location FROM moved m CROSS JOIN items i ON i.id = m.item_id
CROSS JOIN bundles b ON b.component_sku = i.sku
WHERE {_IS_NOT_WHOLE.format(sku="b.bundle_sku", item=_WHOLE)} AND {_AT_A_PLACE}
UNION ALL SELECT i.sku, i.location FROM moved m CROSS JOIN items i ON i.id = m.item_id
WHERE {_IS_NOT_WHOLE.format(sku="i.sku", item="i.id")} AND {_AT_A_PLACE}"""
_OF_CHANGED = f"""INSERT OR IGNORE INTO bundled (sku, location)
SELECT b.bundle_sku, i.location FROM changed_bundles g CROSS JOIN bundles b ON b.bundle_sku = g.sku
CROSS JOIN items i ON i.sku = b.component_sku WHERE {_AT_A_PLACE}
UNION ALL SELECT i.sku, i.location FROM changed_bundles g CROSS JOIN items i ON i.sku = g.sku
WHERE EXISTS (SELECT 1 FROM bundles b WHERE b.bundle_sku = g.sku) AND {_AT_A_PLACE}"""


def configure(connection: sqlite3.Connection, terms: Terms) -> None:
    """Replace the configuration's bundles and pools; `ensure` makes their parts again."""
    connection.execute("DELETE FROM parts")
    connection.execute("DELETE FROM bundles")
    _keep(connection, terms.bundles)


def change(connection: sqlite3.Connection, terms: Terms) -> None:
    """Bring the bundles up to the configuration; note as moved the items that are changed ones.

    Their SKUs are in the temporary table `changed_bundles` then. Costs what there is of them,
    beside a look at the list of components.
    """
    _start(connection)
    kept = connection.execute("SELECT bundle_sku, component_sku, quantity FROM bundles")
    before = _contents(Component(*row) for row in kept)
    after = _contents(terms.bundles)
    changed = [sku for sku in {**before, **after} if before.get(sku) != after.get(sku)]
    bulk.insert(connection, "changed_bundles", {"sku": changed})
    connection.execute(
        """DELETE FROM parts WHERE how = 'bundle' AND item_id IN
          (SELECT i.id FROM changed_bundles g CROSS JOIN items i ON i.sku = g.sku)"""
    )
    connection.execute("DELETE FROM bundles WHERE bundle_sku IN (SELECT sku FROM changed_bundles)")
    chosen = set(changed)
    _keep(connection, [part for part in terms.bundles if part.bundle in chosen])
    connection.execute(_OF_CHANGED, {"pools": _pools(terms)})
    _make_whole(connection)
    connection.execute(
        """INSERT OR IGNORE INTO moved (item_id)
        SELECT i.id FROM changed_bundles g CROSS JOIN items i ON i.sku = g.sku"""
    )


def change_pools(
    connection: sqlite3.Connection, pools: Collection[str], places: Collection[str]
) -> None:
    """Take apart what is at the locations of these pools; note as moved all that is at `places`.

    `ensure` makes the pools again that there still are. Costs a look at each item.
    """
    connection.execute(
        """DELETE FROM parts WHERE item_id IN
          (SELECT id FROM items WHERE location IN (SELECT value FROM json_each(?)))""",
        (msgspec.json.encode(sorted(pools)).decode(),),
    )
    connection.execute(
        """INSERT OR IGNORE INTO moved (item_id)
        SELECT id FROM items WHERE location IN (SELECT value FROM json_each(?))""",
        (msgspec.json.encode(sorted(places)).decode(),),
    )


def ensure(connection: sqlite3.Connection, terms: Terms) -> bool:
    """Give the moved items the bundles and pools that they belong to, at their locations.

    A bundle is at every location where any of its components is; where one is lacking, it has no
    truth there. Returns whether anything is made of others that was not before.
    """
    # Bundles before pools, because a pool may hold bundles; and each spreads to what it is part of,
    # so that the next step finds those among the moved items.
    made = 0
    if terms.bundles:
        _start(connection)
        connection.execute(_OF_MOVED, {"pools": _pools(terms)})
        made += _make_whole(connection)
        spread(connection, "bundle")
    for pool in terms.pools:
        values = {"pool": pool.location, "members": msgspec.json.encode(pool.members).decode()}
        member = """FROM moved m CROSS JOIN items i ON i.id = m.item_id
          WHERE i.location IN (SELECT value FROM json_each(:members))"""
        connection.execute(
            f"INSERT OR IGNORE INTO items (sku, location) SELECT i.sku, :pool {member}", values
        )
        made += connection.execute(
            f"""INSERT OR IGNORE INTO parts (item_id, part_id, quantity, how)
            SELECT (SELECT id FROM items WHERE sku = i.sku AND location = :pool), i.id, 1, 'pool'
            {member}""",
            values,
        ).rowcount
    if terms.pools:
        spread(connection, "pool")
    return made > 0


def spread(connection: sqlite3.Connection, how: str) -> None:
    """Note as moved the bundles, or the pools (`how`), that a moved item is part of."""
    connection.execute(
        """INSERT OR IGNORE INTO moved (item_id)
        SELECT p.item_id FROM moved m CROSS JOIN parts p ON p.part_id = m.item_id
        WHERE p.how = ?""",
        (how,),
    )


def _contents(components: Iterable[Component]) -> dict[str, set[tuple[str, int]]]:
    """What each bundle is made of, by its SKU."""
    found: dict[str, set[tuple[str, int]]] = {}
    for part in components:
        found.setdefault(part.bundle, set()).add((part.component, part.quantity))
    return found


def _keep(connection: sqlite3.Connection, components: Sequence[Component]) -> None:
    columns: dict[str, Sequence[object]] = {
        "bundle_sku": [part.bundle for part in components],
        "component_sku": [part.component for part in components],
        "quantity": [part.quantity for part in components],
    }
    bulk.insert(connection, "bundles", columns)


def _pools(terms: Terms) -> str:
    return msgspec.json.encode([pool.location for pool in terms.pools]).decode()


def _start(connection: sqlite3.Connection) -> None:
    for statement in _WORK_TABLES:
        connection.execute(statement)
    connection.execute("DELETE FROM bundled")
    connection.execute("DELETE FROM changed_bundles")


def _make_whole(connection: sqlite3.Connection) -> int:
    """Make the bundles in `bundled` whole: bundle, components and parts; what is new is moved.

    Returns how many parts it made.
    """
    (newest,) = connection.execute("SELECT coalesce(max(id), 0) FROM items").fetchone()
    connection.execute(
        """INSERT OR IGNORE INTO items (sku, location) SELECT sku, location FROM bundled
        UNION ALL SELECT b.component_sku, d.location FROM bundled d
        JOIN bundles b ON b.bundle_sku = d.sku"""
    )
    connection.execute(
        "INSERT OR IGNORE INTO moved (item_id) SELECT id FROM items WHERE id > ?", (newest,)
    )
    return connection.execute(
        """INSERT OR IGNORE INTO parts (item_id, part_id, quantity, how)
        SELECT whole.id, part.id, b.quantity, 'bundle' FROM bundled d
        CROSS JOIN items whole ON whole.sku = d.sku AND whole.location = d.location
        CROSS JOIN bundles b ON b.bundle_sku = d.sku
        CROSS JOIN items part ON part.sku = b.component_sku AND part.location = d.location"""
    ).rowcount

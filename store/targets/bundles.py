"""Which items are made of others: bundles of their components, pools of the same SKU elsewhere.

Kept as rows of `parts`, made when an item first appears.
"""

import sqlite3

import msgspec

from store.model import Terms


def configure(connection: sqlite3.Connection, terms: Terms) -> None:
    """Replace the configuration's bundles and pools; `ensure` makes their parts again."""
    connection.execute("DELETE FROM parts")
    connection.execute("DELETE FROM bundles")
    connection.executemany(
        "INSERT INTO bundles (bundle_sku, component_sku, quantity) VALUES (?, ?, ?)",
        map(msgspec.structs.astuple, terms.bundles),
    )


def ensure(connection: sqlite3.Connection, terms: Terms) -> None:
    """Give the moved items the bundles and pools that they belong to, at their locations.

    A bundle is at every location where any of its components is; where one is lacking, it has no
    truth there.
    """
    # Bundles before pools, because a pool may hold bundles; and each spreads to what it is part of,
    # so that the next step finds those among the moved items.
    if terms.bundles:
        _ensure_bundles(connection, terms)
        spread(connection, "bundle")
    for pool in terms.pools:
        values = {"pool": pool.location, "members": msgspec.json.encode(pool.members).decode()}
        member = """FROM moved m CROSS JOIN items i ON i.id = m.item_id
          WHERE i.location IN (SELECT value FROM json_each(:members))"""
        connection.execute(
            f"INSERT OR IGNORE INTO items (sku, location) SELECT i.sku, :pool {member}", values
        )
        connection.execute(
            f"""INSERT OR IGNORE INTO parts (item_id, part_id, quantity, how)
            SELECT (SELECT id FROM items WHERE sku = i.sku AND location = :pool), i.id, 1, 'pool'
            {member}""",
            values,
        )
    if terms.pools:
        spread(connection, "pool")


def spread(connection: sqlite3.Connection, how: str) -> None:
    """Note as moved the bundles, or the pools (`how`), that a moved item is part of."""
    connection.execute(
        """INSERT OR IGNORE INTO moved (item_id)
        SELECT p.item_id FROM moved m CROSS JOIN parts p ON p.part_id = m.item_id
        WHERE p.how = ?""",
        (how,),
    )


def _ensure_bundles(connection: sqlite3.Connection, terms: Terms) -> None:
    """Make the bundles that moved items are, or are in, whole: bundle, components and parts."""
    # A pool's location holds no pieces of its own, so that no bundle is put together there: the
    # pool sums the bundles of its members.
    pools = msgspec.json.encode([pool.location for pool in terms.pools]).decode()
    connection.execute(
        """CREATE TEMP TABLE IF NOT EXISTS bundled
          (sku TEXT NOT NULL, location TEXT NOT NULL, PRIMARY KEY (sku, location))"""
    )
    connection.execute("DELETE FROM bundled")
    connection.execute(
        """INSERT OR IGNORE INTO bundled (sku, location)
        SELECT b.bundle_sku, i.location FROM moved m CROSS JOIN items i ON i.id = m.item_id
        JOIN bundles b ON b.component_sku = i.sku
        WHERE i.location NOT IN (SELECT value FROM json_each(:pools))
        UNION SELECT b.bundle_sku, i.location FROM moved m
        CROSS JOIN items i ON i.id = m.item_id JOIN bundles b ON b.bundle_sku = i.sku
        WHERE i.location NOT IN (SELECT value FROM json_each(:pools))""",
        {"pools": pools},
    )
    connection.execute(
        """INSERT OR IGNORE INTO items (sku, location) SELECT sku, location FROM bundled
        UNION SELECT b.component_sku, d.location FROM bundled d
        JOIN bundles b ON b.bundle_sku = d.sku"""
    )
    connection.execute(
        """INSERT OR IGNORE INTO parts (item_id, part_id, quantity, how)
        SELECT whole.id, part.id, b.quantity, 'bundle' FROM bundled d
        CROSS JOIN bundles b ON b.bundle_sku = d.sku
        CROSS JOIN items whole ON whole.sku = d.sku AND whole.location = d.location
        CROSS JOIN items part ON part.sku = b.component_sku AND part.location = d.location"""
    )

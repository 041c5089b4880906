"""What people use to put rows into SQLite, on the rows that Skew ingests.

Each is a way of its own to do what the bare upsert does: a table keyed by channel,
SKU and location.
"""

import sqlite3
from collections.abc import Callable

from store.model import Record
from tests.benchmarks import place as places
from tests.benchmarks.bare import UPSERT
from tests.benchmarks.place import Place
from tests.benchmarks.runner.measurement import Unavailable, Work, cpu_s
from tests.benchmarks.runner.row import Row

_TABLE = """CREATE TABLE readings (channel TEXT, sku TEXT, location TEXT, available INTEGER,
  state TEXT, price INTEGER, title TEXT, ref TEXT, PRIMARY KEY (channel, sku, location))"""


def _values(row: Record) -> tuple[object, ...]:
    return (
        "market", row.sku, row.location, row.available, row.state, row.price_minor, row.title,
        row.ref,
    )  # fmt: skip


def executemany(place: Place) -> Work | Unavailable:
    """`executemany` as sqlite3 comes: no pragma, one transaction."""

    def work() -> float:
        path = place.fresh()
        connection = sqlite3.connect(path)
        connection.execute(_TABLE)

        def insert() -> None:
            with connection:
                connection.executemany(UPSERT, map(_values, place.rows))

        took_s = cpu_s(insert)
        connection.close()
        places.remove(path)
        return took_s

    return work


def sqlite_utils(place: Place) -> Work | Unavailable:
    """`upsert_all` of sqlite-utils, on dictionaries as it wants them."""
    try:
        import sqlite_utils as library
    except ImportError:
        return Unavailable("sqlite-utils is not installed: pip install -e '.[benchmarks]'")

    names = ("channel", "sku", "location", "available", "state", "price", "title", "ref")

    def work() -> float:
        path = place.fresh()
        database = library.Database(path)
        database.conn.execute(_TABLE)
        table = database.table("readings", pk=("channel", "sku", "location"))
        rows = (dict(zip(names, _values(row), strict=True)) for row in place.rows)
        took_s = cpu_s(lambda: table.upsert_all(rows))
        database.close()
        places.remove(path)
        return took_s

    return work


BESIDE = "a bare upsert of the same rows"
WAYS: dict[Row, Callable[[Place], Work | Unavailable]] = {
    Row("peer: ingest by bare executemany", beside=BESIDE): executemany,
    Row("peer: ingest by sqlite-utils upsert_all", beside=BESIDE): sqlite_utils,
}

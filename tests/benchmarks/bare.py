"""The bare counterparts: the least SQL that does each job, with nothing of ours around it."""

import sqlite3
from pathlib import Path

from store.model import Record

UPSERT = """INSERT INTO readings (channel, sku, location, available, state, price, title, ref)
VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (channel, sku, location) DO UPDATE SET
  available = excluded.available, state = excluded.state, price = excluded.price,
  title = excluded.title, ref = excluded.ref"""


class Bare:
    """A plain table of readings, and the same listings as ours without the machinery."""

    def __init__(self, path: Path) -> None:
        self.connection = sqlite3.connect(path, isolation_level=None)
        self.connection.execute("PRAGMA journal_mode = WAL")
        self.connection.execute("PRAGMA synchronous = NORMAL")
        self.connection.execute("PRAGMA cache_size = -32768")
        self.connection.execute(
            """CREATE TABLE readings (channel TEXT, sku TEXT, location TEXT, available INTEGER,
            state TEXT, price INTEGER, title TEXT, ref TEXT,
            PRIMARY KEY (channel, sku, location))"""
        )

    def upsert(self, channel: str, rows: list[Record]) -> None:
        """One executemany in one transaction."""
        self.connection.execute("BEGIN")
        self.connection.executemany(
            UPSERT,
            (
                (channel, r.sku, r.location, r.available, r.state, r.price_minor, r.title, r.ref)
                for r in rows
            ),
        )
        self.connection.execute("COMMIT")

    def copy_from(self, path: Path) -> None:
        """Take our listings as a plain table of the same rows."""
        self.connection.execute("ATTACH ? AS ours", (str(path),))
        self.connection.execute(
            """CREATE TABLE listings (id INTEGER PRIMARY KEY, item_id INTEGER, channel_id INTEGER,
            available INTEGER, state TEXT, target_quantity INTEGER, target_state TEXT, ref TEXT,
            title TEXT, price_minor INTEGER, observed_at INTEGER, target_since INTEGER)"""
        )
        self.connection.execute(
            """INSERT INTO listings SELECT id, item_id, channel_id, available, state,
            target_quantity, target_state, ref, title, price_minor, observed_at, target_since
            FROM ours.listings"""
        )
        self.connection.execute(
            "CREATE TABLE items (id INTEGER PRIMARY KEY, truth INTEGER, sku TEXT)"
        )
        self.connection.execute("INSERT INTO items SELECT id, truth_quantity, sku FROM ours.items")
        self.connection.execute("DETACH ours")

    def count_mismatches(self) -> None:
        """One join that only counts."""
        self.connection.execute(
            """SELECT count(*) FROM listings l JOIN items i ON i.id = l.item_id
            WHERE l.channel_id <> 1 AND l.available <> i.truth"""
        ).fetchone()

    def update_targets(self) -> None:
        """A bare UPDATE of every row of one channel."""
        self.connection.execute(
            "UPDATE listings SET target_quantity = target_quantity + 1 WHERE channel_id = 2"
        )

    def scan(self) -> None:
        """One full scan of the listings."""
        self.connection.execute("SELECT sum(available) FROM listings").fetchone()

"""The bare counterparts: the least SQL that does each job, with nothing of ours around it."""

import json
import sqlite3
from pathlib import Path

from store.event_kinds import Event
from store.model import Record

UPSERT = """INSERT INTO readings (channel, sku, location, available, state, price, title, ref)
VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (channel, sku, location) DO UPDATE SET
  available = excluded.available, state = excluded.state, price = excluded.price,
  title = excluded.title, ref = excluded.ref"""

TAKE = """INSERT INTO events (channel, event_id, kind, sku, quantity, at, order_ref)
VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (channel, event_id) DO NOTHING"""


class Bare:
    """A plain table of readings, and the same listings as ours without the machinery."""

    def __init__(self, path: Path) -> None:
        self.connection = sqlite3.connect(path, isolation_level=None)
        self.connection.execute("PRAGMA journal_mode = WAL")
        self.connection.execute("PRAGMA synchronous = NORMAL")
        self.connection.execute("PRAGMA cache_size = -32768")
        self.connection.execute(
            """CREATE TABLE IF NOT EXISTS readings (channel TEXT, sku TEXT, location TEXT,
            available INTEGER, state TEXT, price INTEGER, title TEXT, ref TEXT,
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

    def make_catalogue(self, rows: list[Record], channels: int) -> None:
        """A plain table of as many listings as Skew has, channel by channel, and their items."""
        self.connection.execute(
            """CREATE TABLE listings (id INTEGER PRIMARY KEY, item_id INTEGER, channel_id INTEGER,
            available INTEGER, state TEXT, target_quantity INTEGER, target_state TEXT, ref TEXT,
            title TEXT, price_minor INTEGER, observed_at INTEGER, target_since INTEGER)"""
        )
        self.connection.execute(
            """CREATE TABLE items (id INTEGER PRIMARY KEY, truth INTEGER, sku TEXT, ref TEXT,
            title TEXT, price INTEGER)"""
        )
        self.connection.execute("BEGIN")
        self.connection.executemany(
            "INSERT INTO items VALUES (?, ?, ?, ?, ?, ?)",
            (
                (place, row.available, row.sku, row.ref, row.title, row.price_minor)
                for place, row in enumerate(rows, 1)
            ),
        )
        for channel in range(1, channels + 1):
            self.connection.execute(
                """INSERT INTO listings SELECT (? << 40) | id, id, ?, truth, 'active', truth,
                'active', ref, title, price, 1000, 2000 FROM items ORDER BY id""",
                (channel, channel),
            )
        self.connection.execute("COMMIT")
        self.connection.execute(
            """CREATE TABLE past_targets (listing_id INTEGER, target_quantity INTEGER,
            target_state TEXT, since INTEGER, until INTEGER)"""
        )

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

    def update_some_targets(self, glob: str) -> None:
        """A bare UPDATE of the rows of every channel that a pattern names, found by their SKUs."""
        self.connection.execute(
            """UPDATE listings SET target_quantity = target_quantity + 1 WHERE id IN (
              SELECT c.value << 40 | i.id FROM json_each('[2, 3, 4, 5]') c, items i
              WHERE i.sku GLOB ?)""",
            (glob,),
        )

    def lower_targets(self, sold: list[str], now: int) -> None:
        """Lower the targets of these SKUs by one on four channels, and keep what they were."""
        self.connection.execute("BEGIN")
        self.connection.execute(
            "CREATE TEMP TABLE IF NOT EXISTS moved (item_id INTEGER PRIMARY KEY, by INTEGER)"
        )
        self.connection.execute("DELETE FROM moved")
        self.connection.executemany(
            """INSERT INTO moved VALUES (CAST(substr(?, 5) AS INTEGER) + 1, 1)
            ON CONFLICT (item_id) DO UPDATE SET by = by + 1""",
            ((sku,) for sku in sold),
        )
        for channel in range(2, 6):
            self.connection.execute(
                """INSERT INTO past_targets SELECT l.id, l.target_quantity, l.target_state,
                l.target_since, ? FROM moved m JOIN listings l ON l.id = (? << 40) | m.item_id""",
                (now, channel),
            )
            self.connection.execute(
                """UPDATE listings SET target_quantity = target_quantity - m.by, target_since = ?
                FROM moved m WHERE listings.id = (? << 40) | m.item_id""",
                (now, channel),
            )
        self.connection.execute("COMMIT")

    def close(self) -> None:
        self.connection.close()

    def scan(self) -> None:
        """One full scan of the listings."""
        self.connection.execute("SELECT sum(available) FROM listings").fetchone()

    def make_events(self) -> None:
        """Make a plain table of events with the same unique key."""
        self.connection.execute(
            """CREATE TABLE events (id INTEGER PRIMARY KEY, channel TEXT, event_id TEXT, kind TEXT,
            sku TEXT, quantity INTEGER, at INTEGER, order_ref TEXT, unseen INTEGER DEFAULT 1,
            UNIQUE (channel, event_id))"""
        )
        self.connection.execute("CREATE INDEX events_of_sku ON events (sku, at)")
        self.connection.execute("CREATE INDEX events_at ON events (at)")

    def take(self, channel: str, batch: list[Event]) -> None:
        """One executemany of events in one transaction; those that are there stay."""
        self.connection.execute("BEGIN")
        self.connection.executemany(
            TAKE, ((channel, e.id, e.kind, e.sku, e.quantity, e.at, e.order) for e in batch)
        )
        self.connection.execute("COMMIT")

    def rows(self, ids: list[int]) -> None:
        """Look these listings up by id, with their items."""
        self.connection.execute(
            """SELECT l.*, i.sku FROM listings l JOIN items i ON i.id = l.item_id
            WHERE l.id IN (SELECT value FROM json_each(?))""",
            (json.dumps(ids),),
        ).fetchall()

    def of_sku(self, sku: str) -> None:
        """Look one SKU's events up."""
        self.connection.execute("SELECT * FROM events WHERE sku = ? ORDER BY at", (sku,)).fetchall()

    def count_events(self) -> None:
        """Count the events by channel and kind."""
        self.connection.execute(
            "SELECT channel, kind, count(*) FROM events GROUP BY channel, kind"
        ).fetchall()

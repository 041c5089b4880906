"""kill -9 at any moment loses no event and counts none twice."""

import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from sync.clock import SystemClock, rfc3339
from tests.loopback import Answer, ReceivedRequest, serving

SKUS = tuple(f"SKU-{number}" for number in range(12))
"""Too few for the guard's percentages: every one of them sells between two polls."""
STOCK = 1000
PAGE = 50
DEATHS = 5
CONFIGURATION = """
[skew]
database = "killed.db"
[authority]
quantity = "warehouse"
[channels.warehouse]
kind = "http"
url = "{url}/warehouse"
items = "items"
lag = "1h"
fields = {{ sku = "sku", available = "n" }}
[channels.shop]
kind = "http"
url = "{url}/shop"
items = "items"
every = "100ms"
stale_after = "1m"
fields = {{ sku = "sku", available = "n" }}
[channels.shop.events]
url = "{url}/events?after={{cursor}}"
items = "items"
cursor = "cursor"
fields = {{ id = "id", kind = "kind", sku = "sku", quantity = "n", at = "at" }}
[channels.market]
kind = "http"
url = "{url}/market"
items = "items"
fields = {{ sku = "sku", available = "n" }}
"""


@dataclass
class Busy:
    """A shop that sells without a pause; the warehouse and the marketplace never hear of it."""

    events: list[dict[str, object]] = field(default_factory=list)
    sold: Counter[str] = field(default_factory=Counter)

    def answer(self, asked: ReceivedRequest) -> Answer:
        url = urlsplit(asked.path)
        if url.path == "/events":
            after = int(parse_qs(url.query).get("after", ["0"])[0])
            page = self.events[after : after + PAGE]
            return Answer({"items": page, "cursor": str(after + len(page))})
        sold = self.sold if url.path == "/shop" else Counter[str]()
        return Answer({"items": [{"sku": sku, "n": STOCK - sold[sku]} for sku in SKUS]})

    @contextmanager
    def selling(self) -> Iterator[None]:
        done = threading.Event()

        def sell() -> None:
            dice = random.Random(1)
            while not done.wait(0.003):
                sku = dice.choice(SKUS)
                at = rfc3339(SystemClock().now())
                number = f"e{len(self.events)}"
                # The event first: a sale without its event would be unexplained for a moment.
                self.events.append({"id": number, "kind": "ordered", "sku": sku, "n": 1, "at": at})
                self.sold[sku] += 1

        thread = threading.Thread(target=sell, daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join(5)


def skew(folder: Path, *args: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "console", *args, "--config", str(folder / "skew.toml")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


@contextmanager
def cache(folder: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(folder / "killed.db", timeout=10)
    try:
        yield connection
        connection.commit()
    finally:
        connection.close()


@pytest.mark.long
def test_a_daemon_that_is_killed_again_and_again_counts_every_event_once(tmp_path: Path) -> None:
    shop, dice = Busy(), random.Random(2)
    with serving(shop.answer) as server:
        (tmp_path / "skew.toml").write_text(CONFIGURATION.format(url=server.url))
        assert skew(tmp_path, "poll").wait(60) == 0
        with shop.selling():
            for _ in range(DEATHS):
                daemon = skew(tmp_path, "daemon")
                time.sleep(dice.uniform(0.7, 1.4))
                assert daemon.poll() is None, "it died before it was killed"
                daemon.send_signal(signal.SIGKILL)
                daemon.wait(10)
        assert skew(tmp_path, "poll", "shop").wait(60) == 0

    with cache(tmp_path) as connection:
        kept = [row[0] for row in connection.execute("SELECT event_id FROM events")]
        odd = connection.execute("SELECT what, words FROM odd_events").fetchall()
        pending = dict(
            connection.execute(
                "SELECT i.sku, u.available FROM items i JOIN unseen_sums u ON u.item_id = i.id"
            ).fetchall()
        )
        targets = dict(
            connection.execute(
                """SELECT i.sku, l.target_quantity FROM listings l
                JOIN items i ON i.id = l.item_id JOIN channels c ON c.id = l.channel_id
                WHERE c.name = 'market'"""
            ).fetchall()
        )
        (unexplained,) = connection.execute(
            "SELECT unexplained FROM channels WHERE name = 'shop'"
        ).fetchone()
    assert sorted(kept) == sorted(str(event["id"]) for event in shop.events)
    assert odd == []
    assert pending == {sku: -shop.sold[sku] for sku in SKUS}
    assert targets == {sku: STOCK - shop.sold[sku] for sku in SKUS}
    assert unexplained == 0

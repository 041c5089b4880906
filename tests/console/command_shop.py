"""A configuration and a cache with known disagreements, for the tests of commands and reports."""

import json
from pathlib import Path
from typing import Any

from store.corrections import decisions, lifecycle
from store.database.connection import Database
from store.model import CorrectionStatus, Millis, Record
from store.polling import merge, quarantine, staging
from sync.clock import SystemClock
from sync.config.load import load
from sync.targets import terms

CONFIGURATION = """
[skew]
database = "skew.db"
[authority]
quantity = "warehouse"
[channels.warehouse]
kind = "csv"
path = "warehouse.csv"
[channels.shop]
kind = "simulated"
url = "http://127.0.0.1:9/shop"
token = { env = "SHOP_KEY" }
direction = "push"
states = []
[channels.market]
kind = "csv"
path = "market.csv"
"""

STOCK = {
    "warehouse": [Record("LAMP", 14), Record("KETTLE", 0), Record("=CABLE", 200)],
    "shop": [
        Record("LAMP", 31, price_minor=1900, title="Lamp, \x1b]0;owned\x07walnut"),
        Record("KETTLE", 2, price_minor=2900),
        Record("=CABLE", 200),
    ],
    "market": [Record("LAMP", 14), Record("KETTLE", 0), Record("=CABLE", 180)],
}


def configure(folder: Path) -> Path:
    """Write the configuration; answers its path."""
    path = folder / "skew.toml"
    path.write_text(CONFIGURATION)
    return path


def drop_files(path: Path) -> Path:
    """Write the files that the configuration names; answers its path."""
    for name in ("warehouse.csv", "market.csv"):
        (path.parent / name).write_text("sku,available\nLAMP,14\n")
    return path


JUST_NOW_MS = 5_000
"""A cache that was read no longer ago serves the next test too: making one takes 60 ms."""
_newest: list[tuple[Millis, bytes]] = []


def seed(folder: Path, stock: dict[str, list[Record]] | None = None) -> Path:
    """Write the configuration, and a cache in which every channel was read just now."""
    path = configure(folder)
    if stock is not None:
        fill(path, stock)
        return path
    now = SystemClock().now()
    if not _newest or not 0 <= now - _newest[0][0] < JUST_NOW_MS:
        fill(path, STOCK)
        _newest[:] = [(now, (folder / "skew.db").read_bytes())]
    else:
        (folder / "skew.db").write_bytes(_newest[0][1])
    return path


def fill(path: Path, stock: dict[str, list[Record]], *, ago_ms: int = 0) -> None:
    """Make the cache of a configuration in which every channel was read so long ago."""
    settings = load(path, None)
    comparison = terms.comparison(settings)
    now: Millis = SystemClock().now() - ago_ms
    with Database.open(settings.database) as database:
        database.write(comparison.configure, now=now)
        for channel, records in stock.items():
            sweep = database.write(staging.begin, channel, None, now=now)
            database.write(staging.stage, sweep, records, (), None)
            database.write(merge.merge, sweep, comparison, now=now, as_of=now)


def quarantine_poll(path: Path, channel: str, reason: str) -> None:
    """Set an empty poll of the channel aside."""
    settings = load(path, None)
    now = SystemClock().now()
    with Database.open(settings.database) as database:
        sweep = database.write(staging.begin, channel, None, now=now)
        database.write(staging.stage, sweep, [Record("LAMP", 0)], (), None)
        database.write(quarantine.quarantine_poll, sweep, reason, now=now, as_of=now)


class Ran:
    """What a command answered, and what it printed."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code = code
        self.out = out
        self.err = err

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def update_of(skew: Any, sku: str) -> dict[str, Any]:
    found = skew("updates", "--json", "--sku", sku).json["updates"]
    assert isinstance(found[0], dict)
    return found[0]


def fail(path: Path, correction_id: int) -> None:
    """Have an update approved, written and refused by its channel."""
    now = SystemClock().now()
    with Database.open(load(path, None).database) as database:
        database.write(
            decisions.approve, [(correction_id, None)], who="ana", now=now, hold_ms=0,
            expires_ms=60_000,
        )  # fmt: skip
        database.write(
            lifecycle.finish, correction_id, CorrectionStatus.FAILED, now=now, result="refused"
        )

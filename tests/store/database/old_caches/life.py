"""Four days of a small shop, lived by the commands of the version that is at hand.

A step that a version has no command or no key for is left out, and said.
"""

import contextlib
import csv
import io
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from .channels import Shop
from .fast_clock import FastClock

START = int(datetime(2026, 11, 16, 8, tzinfo=UTC).timestamp()) * 1_000
SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

PLAIN = tuple(f"SKU-{number:04}" for number in range(1, 31))
SUPPLIED = ("DS-1", "DS-2", "DS-3")
POOLED = ("P-1", "P-2", "P-3")
COLUMNS = ("sku", "location", "available", "on_hand", "title", "price", "updated_at")


def text(at: int) -> str:
    """Write an instant as RFC 3339."""
    return datetime.fromtimestamp(at / 1_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class Life:
    """A folder with a configuration, its files and shops, and the commands run on it."""

    folder: Path
    clock: FastClock
    version: int
    shops: dict[str, Shop]
    at: int = START
    failed: int = 0

    def skew(self, *arguments: str) -> Any:
        """Run a command; answer its JSON, or its text, or None where it is refused."""
        code, out, err = run_command(self.folder, *arguments)
        if code not in (0, 1):
            self.failed += 1
            click.echo(f"v{self.version}: skew {' '.join(arguments)}: {code} {err.strip()[:300]}")
            return None
        return json.loads(out) if "--json" in arguments and out.strip() else out

    def pass_time(self, span_ms: int) -> None:
        self.at = max(self.at, self.clock.now()) + span_ms
        self.clock.set(self.at)

    def update(self, sku: str, channel: str = "shop") -> str | None:
        """The id of the pending update of a SKU."""
        found = self.skew("updates", "--json") or {"updates": []}
        return next(
            (str(row["id"]) for row in found["updates"]
             if (row["sku"], row["channel"]) == (sku, channel)),
            None,
        )  # fmt: skip

    def decide(self, act: str, sku: str, channel: str, *arguments: str) -> None:
        number = self.update(sku, channel)
        if number is None:
            click.echo(f"v{self.version}: nothing to {act} for {sku} on {channel}")
            return
        self.skew(act, number, *arguments)

    def write(self, name: str, rows: dict[tuple[str, str], dict[str, Any]]) -> None:
        """Write a file of a channel, with the time that it is."""
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        with path.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(COLUMNS)
            for (sku, location), row in rows.items():
                writer.writerow([sku, location, *(row.get(column, "") for column in COLUMNS[2:])])
        os.utime(path, (self.at / 1_000, self.at / 1_000))

    def poll(self, *names: str) -> None:
        self.skew("poll", *names)


def run_command(folder: Path, *arguments: str) -> tuple[int, str, str]:
    """Run a command of Skew in this process: its exit code, and what it printed."""
    from console.__main__ import run

    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), _inside(folder):
        code = run([*arguments])
    return code, out.getvalue(), err.getvalue()


@contextmanager
def _inside(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


class Stock:
    """What the warehouse holds, as its file says it."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], dict[str, Any]] = {}
        for number, sku in enumerate(PLAIN):
            self.set(sku, 5 + number * 3 % 40, title=f"Thing {number}", price=f"{number}.95")
        for sku in POOLED:
            self.set(sku, 10, "BER", title="Größe Ä", price="7.50")
            self.set(sku, 4, "HAM", price="7.50")

    def set(self, sku: str, available: object, location: str = "", **more: object) -> None:
        row = self.rows.setdefault((sku, location), {})
        row["available"] = available
        row["on_hand"] = available
        row.update(more)

    def count(self, sku: str, location: str = "") -> int:
        return int(self.rows[sku, location]["available"])


def begin(life: Life) -> Stock:
    """The first day: everything is listed, nearly all of it right."""
    stock = Stock()
    shop, market = life.shops["shop"], life.shops["market"]
    for number, sku in enumerate(PLAIN):
        count = stock.count(sku)
        shop.put(sku, count - 2, price=f"{number}.95", ref=f"s{number}")
        if number % 2:
            market.put(sku, min(20, max(0, count - (9 <= number < 19)) // 2), ref=f"m{number}")
    shop.put("BOX-1", 1)
    shop.put("BOX-2", 1)
    for sku in POOLED:
        life.shops["pooled"].put(sku, 14)
        life.shops["stores"].put(sku, 10, ref=f"{sku}-b", place="berlin")
        life.shops["stores"].put(sku, 4, ref=f"{sku}-h", place="hamburg")
    for sku in SUPPLIED:
        shop.put(sku, 6)
    life.write("warehouse.csv", stock.rows)
    life.write("supplier.csv", {(sku, ""): {"available": 8, "price": "3.00"} for sku in SUPPLIED})
    life.write("outlet.csv", outlet(stock))
    life.write("feed/full.csv", outlet(stock))
    for _ in range(2):
        life.poll()
        life.pass_time(31 * MINUTE)
    return stock


def outlet(stock: Stock, **changes: object) -> dict[tuple[str, str], dict[str, Any]]:
    """What the outlet shows: the first twenty-four, as the warehouse has them."""
    return {
        (sku, ""): {
            "available": changes.get(sku.replace("-", "_"), stock.rows[sku, ""]["available"])
        }
        for sku in PLAIN[:24]
    }


def trade(life: Life, stock: Stock) -> None:
    """The second day: sales, events, and the first updates through their whole life."""
    shop, market = life.shops["shop"], life.shops["market"]
    shop.lies.add("SKU-0006")
    shop.refuses.add("SKU-0007")
    shop.hangs_up.add("SKU-0008")
    shop.lies.add("SKU-0008")
    for sku in PLAIN[2:14]:
        stock.set(sku, max(0, stock.count(sku) - 3))
    stock.set("SKU-0003", 0)
    stock.set("SKU-0020", 120)
    shop.put("SKU-0021", -3, ref="s20")
    shop.put("SKU-0022", 4, ref="s21", state="paused")
    shop.put("ONLY-HERE", 9)
    del shop.items["s24"]
    market.put("SKU-0024", 99, ref="m23")
    for number, (kind, sku, count) in enumerate(
        [("ordered", "SKU-0015", 2), ("ordered", "SKU-0016", 1), ("cancelled", "SKU-0016", 1),
         ("ordered", "BOX-1", 1), ("return_received", "SKU-0015", 1), ("restocked", "SKU-0015", 1)]
    ):  # fmt: skip
        at = text(life.at - (20 - number) * MINUTE)
        shop.sell(f"e{number}", kind, sku, count, at, order=f"o{number // 2}")
    shop.put("SKU-0015", stock.count("SKU-0015") - 4, ref="s14")
    life.write("warehouse.csv", stock.rows)
    for _ in range(3):
        life.poll()
        life.pass_time(10 * MINUTE)
    life.decide("approve", "SKU-0004", "shop", "--by", "ana", "--note", "as agreed")
    life.decide("approve", "SKU-0005", "shop", "--by", "ana")
    life.decide("undo", "SKU-0005", "shop", "--by", "ana")
    life.decide("reject", "SKU-0005", "shop", "--by", "ben", "--note", "not today")
    life.decide("snooze", "SKU-0009", "shop", "--by", "ben", "--for", "2h")
    life.decide("snooze", "SKU-0010", "shop", "--by", "ben", "--for", "9d")
    shop.late.add("SKU-0011")
    for sku in ("SKU-0006", "SKU-0007", "SKU-0008", "SKU-0011", "SKU-0012"):
        life.decide("approve", sku, "shop", "--by", "ana")
        life.pass_time(3 * SECOND)
        life.skew("apply", "--json")
    life.decide("approve", "SKU-0003", "shop", "--by", "ana")
    life.decide("approve", "SKU-0020", "shop", "--by", "ana", "--note", "the first of two")
    life.decide("approve", "SKU-0020", "shop", "--by", "ben", "--note", "the second")
    life.decide("approve", "SKU-0024", "market", "--by", "ana")
    life.pass_time(3 * SECOND)
    life.skew("apply", "--json")
    life.pass_time(15 * MINUTE)
    life.poll()
    if life.version >= 2:
        names = ("channel", "id", "kind", "sku", "quantity", "at")
        at = text(life.at - MINUTE)
        lines = [
            ("shop", "i1", "adjusted", "SKU-0017", -2, at),
            ("warehouse", "i2", "received", "SKU-0018", 5, at),
            ("shop", "i3", "held", "NOT-KNOWN", 1, at),
        ]
        body = "".join(json.dumps(dict(zip(names, line, strict=True))) + "\n" for line in lines)
        (life.folder / "events.jsonl").write_text(body)
        life.skew("events", "import", "events.jsonl")


def trouble(life: Life, stock: Stock) -> None:
    """The third day: implausible polls, failures, unreadable records, copies and a fight."""
    shop, market = life.shops["shop"], life.shops["market"]
    good = {key: dict(row) for key, row in stock.rows.items()}
    for sku in PLAIN:
        stock.set(sku, 0)
    life.write("warehouse.csv", stock.rows)
    life.poll("warehouse")
    life.pass_time(20 * MINUTE)
    stock.rows = good
    stock.set("SKU-0011", stock.count("SKU-0011") + 4)
    life.write("warehouse.csv", stock.rows)
    kept = market.items
    market.items = {}
    life.poll()
    life.skew("discard", "market", "--by", "ben", "--reason", "it was empty")
    market.items = kept
    shop.status = 503
    life.pass_time(15 * MINUTE)
    life.poll()
    life.pass_time(3 * HOUR)
    life.poll()
    shop.status = 200
    for sku in PLAIN[:18]:
        stock.set(sku, 1)
    life.write("feed/changes-1.csv", {(sku, ""): {"available": 1} for sku in PLAIN[:4]})
    life.write("warehouse.csv", stock.rows)
    life.pass_time(15 * MINUTE)
    life.poll()
    life.skew("accept", "warehouse", "--by", "ana", *(["--yes"] if life.version >= 4 else []))
    life.pass_time(15 * MINUTE)
    shop.put("SKU-0012", 7, ref="s11-twin")
    shop.put("SKU-0013", 5, ref="s12-twin")
    shop.put("SKU-0013", 5, ref="s12")
    if life.version >= 16:
        stock.set("SKU-0023", "on request")
        life.write("warehouse.csv", stock.rows)
        life.write("feed/changes-3.csv", {(sku, ""): {"available": 2} for sku in PLAIN[:3]})
    changes: dict[str, object] = {"SKU_0001": "12x", "SKU_0002": "-1"}
    if life.version >= 16:
        changes |= {"SKU_0003": "100+", "SKU_0004": "on request"}
    life.write("outlet.csv", outlet(stock, **changes))
    for _ in range(2):
        life.poll()
        life.pass_time(31 * MINUTE)
    fight(life, "SKU-0014", 3)


def say(life: Life, open_ones: list[str]) -> None:
    """What people say of disagreements, incidents and channels."""
    for number in (1, 2, 4):
        if len(open_ones) > number:
            life.skew("acknowledge", open_ones[number], "--by", "ana", "--reason", "being counted")
    life.pass_time(5 * MINUTE)
    if len(open_ones) > 1:
        life.skew("acknowledge", open_ones[1], "--by", "ben", "--undo")
    found = (life.skew("incidents", "--json") or {"incidents": []})["incidents"]
    for act, row in zip(("acknowledge", "snooze"), found, strict=False):
        life.skew("incidents", act, str(row["id"]), "--by", "ben")
    life.skew("pause", "stores", "--by", "ana", "--reason", "inventory", "--for", "5h")
    ended = (life.skew("updates", "--all", "--json") or {"updates": []})["updates"]
    for row in ended:
        if row["sku"] in ("SKU-0006", "SKU-0007") and row["status"] in ("failed", "not_applied"):
            life.skew("retry", str(row["id"]), "--by", "ana", "--note", "once more")
    life.skew("unfreeze", "SKU-0014")


def fight(life: Life, sku: str, times: int) -> None:
    """Correct a listing that somebody else sets back each time."""
    for _ in range(times):
        life.decide("approve", sku, "shop", "--by", "ana")
        life.pass_time(3 * SECOND)
        life.skew("apply", "--json")
        life.shops["shop"].put(sku, 55, ref=f"s{int(sku[-4:]) - 1}")
        for _ in range(2):
            life.pass_time(6 * MINUTE)
            life.poll()


def end(life: Life, stock: Stock) -> None:
    """The fourth day: what people say of it, a new policy, and what stays open."""
    shop = life.shops["shop"]
    open_ones = (life.skew("diff", "--json") or {"disagreements": []})["disagreements"]
    for number in (28, 29):
        shop.put(f"SKU-00{number}", 3 + 50 * (number % 2), ref=f"s{number - 1}")
    for _ in range(2):
        life.poll()
        life.pass_time(8 * MINUTE)
    if life.version >= 4:
        say(life, [str(row["id"]) for row in open_ones])
    if life.version >= 6:
        life.skew("pause", "--all", "--by", "ana", "--reason", "a fire drill")
        life.pass_time(MINUTE)
        life.skew("resume", "--all", "--by", "ben")
    fight(life, "SKU-0029", 2)
    path = life.folder / "skew.toml"
    path.write_text(path.read_text().replace("buffer = 2", "buffer = 3"))
    for sku in PLAIN[15:20]:
        stock.set(sku, stock.count(sku) + 2)
    life.write("warehouse.csv", stock.rows)
    life.shops["pooled"].put("P-1", 3)
    life.shops["stores"].put("P-2", 1, ref="P-2-h", place="hamburg")
    for number, sku in enumerate(("SKU-0025", "P-3", "SKU-0026")):
        shop.sell(f"late{number}", "ordered", sku, 1, text(life.at - MINUTE), order=f"l{number}")
    for _ in range(2):
        life.poll()
        life.pass_time(7 * MINUTE)
    for sku in ("SKU-0001", "SKU-0002", "SKU-0016"):
        life.decide("approve", sku, "shop", "--by", "ana")
    life.pass_time(3 * SECOND)
    life.skew("apply", "--json")
    life.decide("approve", "SKU-0018", "shop", "--by", "ana", "--note", "waits for its hold")
    life.shops["pooled"].status = 401
    life.shops["market"].items = {}
    shop.put("SKU-0027", 8, ref="s26")
    life.poll()
    life.pass_time(20 * SECOND)


def live(life: Life) -> list[int]:
    """Live all four days; answer an instant of each part."""
    instants = []
    stock = begin(life)
    instants.append(life.clock.now())
    for number, day in enumerate((trade, trouble, end), 1):
        life.at = START + number * DAY
        life.clock.set(life.at)
        day(life, stock)
        instants.append(life.clock.now())
    return instants

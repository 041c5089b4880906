"""The daemon and the console are killed again and again while they poll, decide and write.

`python -m tests.end_to_end.kills --kills 300 --seed 1` prints what was held and what it measured.
Real processes, real SQLite and HTTP on loopback, where each request is recorded. After each kill:
no approval that was answered with yes is lost, no update was sent twice, nothing was sent that
nobody approved, and the cache is whole.
"""

import argparse
import itertools
import os
import pty
import random
import select
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from store.corrections import decisions
from store.database.connection import Database
from store.errors import StoreError
from store.model import CorrectionStatus
from store.queries import views
from sync.clock import SystemClock
from tests.loopback import Answer, ReceivedRequest, serving

SKUS = tuple(f"SKU-{number:02}" for number in range(14))
"""Too few for the guard's percentages: all of them may move between two polls."""

START_WITHIN_S = 30
CONFIGURATION = """
[skew]
database = "skew.db"
[authority]
quantity = "warehouse"
[channels.warehouse]
kind = "http"
url = "{url}/warehouse"
items = "items"
every = "200ms"
stale_after = "1m"
fields = {{ sku = "sku", available = "n" }}
[channels.market]
kind = "http"
url = "{url}/market"
items = "items"
every = "200ms"
stale_after = "1m"
direction = "push"
read_back_within = "2s"
fields = {{ sku = "sku", available = "n" }}
[channels.market.write]
method = "PUT"
url = "{url}/market/{{sku}}"
read = "{url}/market/{{sku}}"
body = {{ available = "$quantity", key = "$key" }}
[approval]
hold = "0s"
"""


@dataclass
class Shop:
    """A warehouse whose stock moves, and a market that shows what it was told last."""

    dice: random.Random
    warehouse: dict[str, int] = field(default_factory=lambda: dict.fromkeys(SKUS, 50))
    market: dict[str, int] = field(default_factory=lambda: dict.fromkeys(SKUS, 50))
    written: list[tuple[str, int, str]] = field(default_factory=list)
    """Each write that came: the SKU, the number and the key that says of which update it is."""

    def answer(self, asked: ReceivedRequest) -> Answer:
        place, _, sku = asked.path.strip("/").partition("/")
        if asked.method == "PUT":
            self.written.append((sku, asked.json["available"], asked.json["key"]))
            # Some take a while, so that kills meet writes whose answer is not there yet.
            if self.dice.random() < 0.5:
                time.sleep(self.dice.uniform(0.05, 0.6))
            self.market[sku] = asked.json["available"]
            return Answer({})
        shown = self.warehouse if place == "warehouse" else self.market
        if sku:
            return Answer({"sku": sku, "n": shown[sku]})
        return Answer({"items": [{"sku": sku, "n": n} for sku, n in shown.items()]})

    def move(self) -> None:
        self.warehouse[self.dice.choice(SKUS)] = self.dice.randint(1, 99)


@dataclass
class Person:
    """Approves what is proposed, from a process of its own, and remembers what was answered."""

    path: Path
    approved: set[int] = field(default_factory=set)

    def decide(self) -> None:
        with suppress(StoreError), Database.open(self.path) as database:
            seen = [
                (update.id, update.version)
                for update in database.read(views.updates, statuses=(CorrectionStatus.PROPOSED,))
            ]
            answers = database.write(
                decisions.approve, seen, who="ana", now=SystemClock().now(), hold_ms=0,
                expires_ms=900_000,
            )  # fmt: skip
            self.approved |= {answer.id for answer in answers if answer.ok}


@dataclass
class Figures:
    """What a run came to."""

    kills: Counter[str] = field(default_factory=Counter)
    starts_s: list[float] = field(default_factory=list)
    """From the start of a process to its lease."""
    approved: int = 0
    written: int = 0
    half_way: int = 0
    """Updates that were being written when their engine was killed."""
    ends: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        starts = sorted(self.starts_s)
        return (
            f"{sum(self.kills.values())} kills ({dict(self.kills)}), {self.approved} approvals, "
            f"{self.written} writes, {self.half_way} of them half way; ends {dict(self.ends)}; "
            f"start to lease: median {statistics.median(starts):.2f} s, longest {starts[-1]:.2f} s"
        )


@contextmanager
def living(move: Callable[[], None], person: Person, *, decides_every: int) -> Iterator[None]:
    """Something moves twenty times a second, and a person decides at each so many-th of them."""
    done = threading.Event()

    def live() -> None:
        for number in itertools.count():
            if done.wait(0.05):
                return
            move()
            if number % decides_every == 0 and person.path.exists():
                person.decide()

    thread = threading.Thread(target=live, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join(10)


def start(folder: Path, what: str) -> tuple["subprocess.Popen[bytes]", int | None]:
    """The daemon, or the console in a terminal, which the second value is."""
    command = [sys.executable, "-m", "console", what, "--config", str(folder / "skew.toml")]
    if what == "daemon":
        with (folder / "daemon.log").open("ab") as log:
            return subprocess.Popen(command, stdout=log, stderr=log), None
    terminal, inside = pty.openpty()
    environ = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "100", "LINES": "30"}
    process = subprocess.Popen(
        [*command, "--by", "ben"], stdin=inside, stdout=inside, stderr=inside, env=environ
    )
    os.close(inside)
    return process, terminal


def drain(terminal: int | None) -> None:
    """Read what a console has painted, so that it does not wait for a reader."""
    while terminal is not None and select.select([terminal], [], [], 0)[0]:
        os.read(terminal, 1 << 16)


def holder(path: Path) -> str:
    """Who has the engine's lease; empty where nobody has."""
    with closing(sqlite3.connect(path, timeout=10)) as connection, suppress(sqlite3.Error):
        row = connection.execute("SELECT holder FROM engine").fetchone()
        return "" if row is None else str(row[0])
    return ""


def check(path: Path, shop: Shop, person: Person) -> Counter[str]:
    """Raise AssertionError where a promise broke; answer how the updates stand."""
    # The person goes on deciding meanwhile: what is answered from here on may not be read below.
    answered = frozenset(person.approved)
    with closing(sqlite3.connect(path, timeout=10)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        rows = connection.execute("SELECT id, status, result FROM corrections").fetchall()
        steps = connection.execute("SELECT correction_id, step FROM audit").fetchall()
        proposed = connection.execute(
            """SELECT i.sku, k.to_quantity FROM corrections k JOIN listings l ON l.id = k.listing_id
            JOIN items i ON i.id = l.item_id WHERE k.applying_at IS NOT NULL"""
        ).fetchall()
    status = {number: word for number, word, _ in rows}
    taken = Counter(step for number, step in steps if number in answered)
    approved = {number for number, step in steps if step == "approved"}
    lost = [number for number in answered if number not in approved]
    assert not lost, f"approvals that were answered with yes and are not there: {lost}"
    back = {number for number, step in steps if step in {"undone", "handed back"}}
    waiting = [n for n in answered - back if status[n] == CorrectionStatus.PROPOSED]
    assert not waiting, f"approvals that were forgotten: {waiting} of {taken}"
    twice = [key for key, count in Counter(key for *_, key in shop.written).items() if count > 1]
    assert not twice, f"sent twice: {twice}"
    unasked = Counter((sku, n) for sku, n, _ in shop.written) - Counter(proposed)
    assert not unasked, f"sent without an update that was approved: {unasked}"
    return Counter(status.values())


def run(folder: Path, kills: int, seed: int) -> Figures:
    """Kill so often, check after each, and let all come to an end. Raises AssertionError."""
    dice, figures = random.Random(seed), Figures()
    shop, path = Shop(random.Random(seed + 1)), folder / "skew.db"
    person = Person(path)
    with serving(shop.answer) as server:
        (folder / "skew.toml").write_text(CONFIGURATION.format(url=server.url))
        with living(shop.move, person, decides_every=1):
            for _ in range(kills):
                what = dice.choice(("daemon", "daemon", "watch"))
                began = time.monotonic()
                process, terminal = start(folder, what)
                try:
                    while str(process.pid) not in holder(path):
                        assert process.poll() is None, f"{what} ended by itself, seed {seed}"
                        assert time.monotonic() - began < START_WITHIN_S, f"{what} did not start"
                        drain(terminal)
                        time.sleep(0.01)
                    figures.starts_s.append(time.monotonic() - began)
                    end = time.monotonic() + dice.uniform(0, 3)
                    while time.monotonic() < end:
                        drain(terminal)
                        time.sleep(0.005)
                    assert process.poll() is None, f"{what} ended by itself, seed {seed}"
                finally:
                    process.send_signal(signal.SIGKILL)
                    process.wait()
                    if terminal is not None:
                        os.close(terminal)
                figures.kills[what] += 1
                figures.half_way += check(path, shop, person)[CorrectionStatus.APPLYING]
        settle(folder, shop, person)
    figures.ends = check(path, shop, person)
    figures.approved, figures.written = len(person.approved), len(shop.written)
    assert shop.market == shop.warehouse, "they never came to agree"
    return figures


def settle(folder: Path, shop: Shop, person: Person) -> None:
    """Run an engine undisturbed until both sides agree, or a minute has passed."""
    process, _ = start(folder, "daemon")
    end = time.monotonic() + 60
    while shop.market != shop.warehouse and time.monotonic() < end:
        time.sleep(0.2)
        # What ended badly is not proposed again until its target moves: so it moves.
        for sku in SKUS:
            if shop.market[sku] != shop.warehouse[sku] and random.random() < 0.1:
                shop.warehouse[sku] += 1
        person.decide()
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="skew-kills-") as folder:
        figures = run(Path(folder), wanted.kills, wanted.seed)
    sys.stdout.write(f"seed {wanted.seed}: {figures}\n")


if __name__ == "__main__":
    main()

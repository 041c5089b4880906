"""The daemon works for a long while against eight channels with faults: does anything grow?

`python -m tests.end_to_end.soak --minutes 20` polls ten times a second, approves what is proposed,
and samples the daemon every ten seconds: memory, open files, threads and the cache's log (WAL).
Exits 1 where one of them is higher in the last quarter than it was in the second.
"""

import argparse
import random
import signal
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from tests.end_to_end.kills import Person, living, start
from tests.loopback import Answer, ReceivedRequest, serving

OTHERS = tuple(f"shop-{number}" for number in range(1, 8))
SKUS = tuple(f"SKU-{number:03}" for number in range(200))
SAMPLE_EVERY_S = 10
TOP = """
[skew]
database = "skew.db"
[authority]
quantity = "warehouse"
[approval]
hold = "0s"
[guard]
max_zeroed = "20%"
"""
CHANNEL = """
[channels.{name}]
kind = "http"
url = "{url}/{name}"
items = "items"
every = "800ms"
timeout = "1s"
stale_after = "1m"
fields = {{ sku = "sku", available = "n" }}
"""
PUSHED = """direction = "push"
[channels.{name}.write]
method = "PUT"
url = "{url}/{name}/{{sku}}"
read = "{url}/{name}/{{sku}}"
body = {{ available = "$quantity", key = "$key" }}
"""


class Sample(NamedTuple):
    """What the daemon takes at a moment."""

    memory_mb: float
    files: int
    threads: int
    log_mb: float
    """Of the cache's write-ahead log."""


GROWTH = Sample(memory_mb=1.05, files=1.2, threads=1.2, log_mb=1.5)  # type: ignore[arg-type]
"""How many times over each may be: what is within is what comes and goes."""


@dataclass
class Shops:
    """Eight channels that sell, and fail in every way in turn."""

    dice: random.Random
    shown: dict[str, dict[str, int]] = field(
        default_factory=lambda: {name: dict.fromkeys(SKUS, 50) for name in ("warehouse", *OTHERS)}
    )
    asked: Counter[str] = field(default_factory=Counter)
    """How often each kind of answer was given."""

    def answer(self, asked: ReceivedRequest) -> Answer:
        name, _, sku = asked.path.strip("/").partition("/")
        stock = self.shown[name]
        if asked.method == "PUT":
            stock[sku] = asked.json["available"]
            return self._told("write", Answer({}))
        if sku:
            return self._told("one", Answer({"sku": sku, "n": stock[sku]}))
        items = {"items": [{"sku": sku, "n": n} for sku, n in list(stock.items())]}
        faults: tuple[tuple[str, Callable[[], Answer]], ...] = (
            ("503", lambda: Answer({"error": "try later"}, status=503)),
            ("429", lambda: Answer({}, status=429, headers={"Retry-After": "1"})),
            ("cut short", lambda: Answer(items, promise=1 << 20)),
            ("no reply", lambda: Answer({}, lose=True)),
            ("no JSON", lambda: Answer(b"<html>an error</html>")),
            ("empty", lambda: Answer({"items": []})),
            ("zeros", lambda: Answer({"items": [{"sku": sku, "n": 0} for sku in SKUS]})),
        )
        if self.dice.random() < 0.05:
            kind, fault = self.dice.choice(faults)
            return self._told(kind, fault())
        return self._told("list", Answer(items))

    def _told(self, kind: str, answer: Answer) -> Answer:
        self.asked[kind] += 1
        return answer

    def move(self) -> None:
        if self.dice.random() < 0.8:
            return
        name = self.dice.choice(list(self.shown))
        self.shown[name][self.dice.choice(SKUS)] = self.dice.randint(1, 99)


def sample(pid: int, cache: Path) -> Sample:
    status = dict(
        line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines()
    )
    log = cache.with_name(f"{cache.name}-wal")
    return Sample(
        memory_mb=int(status["VmRSS"].split()[0]) / 1024,
        files=len(list(Path(f"/proc/{pid}/fd").iterdir())),
        threads=int(status["Threads"]),
        log_mb=log.stat().st_size / 1e6 if log.exists() else 0.0,
    )


def run(folder: Path, seconds: float, seed: int = 1) -> tuple[list[Sample], Shops]:
    """Have the daemon work so long; answer what it took meanwhile, and what it met."""
    shops, cache = Shops(random.Random(seed)), folder / "skew.db"
    person = Person(cache)
    samples: list[Sample] = []
    with serving(shops.answer) as server:
        tables = [CHANNEL.format(name=name, url=server.url) for name in ("warehouse", *OTHERS)]
        for number, name in enumerate(OTHERS, 1):
            tables[number] += PUSHED.format(name=name, url=server.url)
        (folder / "skew.toml").write_text(TOP + "".join(tables))
        daemon, _ = start(folder, "daemon")
        with living(shops.move, person, decides_every=40):
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                time.sleep(min(SAMPLE_EVERY_S, seconds / 20))
                assert daemon.poll() is None, "the daemon ended by itself"
                samples.append(sample(daemon.pid, cache))
        daemon.send_signal(signal.SIGTERM)
        assert daemon.wait(30) == 0
    return samples, shops


def grown(samples: list[Sample]) -> list[str]:
    """What is more in the last quarter than in the second, in words."""
    quarter = len(samples) // 4
    second, last = samples[quarter : 2 * quarter], samples[-quarter:]
    found = []
    for name, most in GROWTH._asdict().items():
        before, after = (
            statistics.median(getattr(of, name) for of in part) for part in (second, last)
        )
        if after > most * before + 0.5:
            found.append(f"{name}: {before:.1f}, then {after:.1f}")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="skew-soak-") as folder:
        samples, shops = run(Path(folder), wanted.minutes * 60, wanted.seed)
    for name in Sample._fields:
        values = [getattr(of, name) for of in samples]
        quarters = [values[i * len(values) // 4 : (i + 1) * len(values) // 4] for i in range(4)]
        shown = "  ".join(f"{statistics.median(part):8.1f}" for part in quarters)
        sys.stdout.write(f"{name:10} by quarters: {shown}   most: {max(values):.1f}\n")
    polls = sum(shops.asked.values()) - shops.asked["write"] - shops.asked["one"]
    sys.stdout.write(
        f"{polls} polls ({polls / (wanted.minutes * 60):.1f}/s): {dict(shops.asked)}\n"
    )
    if found := grown(samples):
        sys.exit(f"grown: {'; '.join(found)}")


if __name__ == "__main__":
    main()

"""The daemon as a process: its logs, its exit codes, and what a kill leaves behind."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from console import daemon
from store.channels import incidents
from store.corrections import decisions
from store.database import lease, schema
from store.database.connection import Database
from store.model import Correction
from store.model import CorrectionStatus as Status
from store.queries import views
from sync.clock import SystemClock
from sync.config.load import load
from sync.engine import lease as lease_module
from tests.loopback import Answer, Loopback, ReceivedRequest, serving
from tests.store.database.upgrade.sliced import ALL, check_is_done, make_old

PATIENCE_S = 20.0
TOKEN = "market-token-4711"
"""What the log must not hold."""

CONFIGURATION = """
[skew]
database = "skew.db"
[authority]
quantity = "warehouse"
[channels.warehouse]
kind = "csv"
path = "warehouse.csv"
every = "200ms"
stale_after = "1m"
[channels.market]
kind = "http"
url = "{url}/stock"
items = "items"
token = {{ env = "MARKET_TOKEN" }}
direction = "push"
every = "200ms"
stale_after = "1m"
timeout = "2s"
read_back_within = "1s"
[channels.market.fields]
sku = "sku"
available = "available"
[channels.market.write]
method = "PUT"
url = "{url}/stock/{{sku}}"
body = {{ available = "$quantity" }}
read = "{url}/stock/{{sku}}"
[approval]
hold = "0s"
"""


@dataclass
class Market:
    """What the loopback market sells, and how it answers a write."""

    stock: dict[str, int] = field(default_factory=lambda: {"A": 31})
    writes: list[tuple[str, int]] = field(default_factory=list)
    applies: bool = True
    answers_writes: threading.Event | None = None
    """A write is answered once this is set."""

    def answer(self, asked: ReceivedRequest) -> Answer:
        sku = asked.path.removeprefix("/stock").strip("/")
        if asked.method == "PUT":
            self.writes.append((sku, asked.json["available"]))
            if self.applies:
                self.stock[sku] = asked.json["available"]
            return Answer({}, wait=self.answers_writes)
        if sku:
            return Answer({"sku": sku, "available": self.stock[sku]})
        items = [{"sku": sku, "available": shown} for sku, shown in self.stock.items()]
        return Answer({"items": items})


@dataclass
class Place:
    """A folder with a configuration, a warehouse file and a market to sell on."""

    folder: Path
    market: Market
    server: Loopback

    @property
    def database(self) -> Database:
        return Database.open(self.folder / "skew.db")

    def start(self, name: str = "daemon.log") -> "Daemon":
        log, results = (self.folder / name).open("wb"), (self.folder / "stdout").open("ab")
        command = [sys.executable, "-m", "console", "daemon", "--config", "skew.toml"]
        environ = {**os.environ, "MARKET_TOKEN": TOKEN, "PYTHONPATH": str(Path.cwd())}
        with log, results:
            process = subprocess.Popen(
                command, cwd=self.folder, env=environ, stdout=results, stderr=log
            )
        return Daemon(process, self.folder / name)


@dataclass
class Daemon:
    process: "subprocess.Popen[bytes]"
    log: Path

    def events(self) -> list[dict[str, Any]]:
        lines = self.log.read_text().splitlines(keepends=True)
        return [json.loads(line) for line in lines if line.endswith("\n")]

    def end(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(PATIENCE_S)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    market = Market()
    with serving(market.answer) as server:
        (tmp_path / "skew.toml").write_text(CONFIGURATION.format(url=server.url))
        (tmp_path / "warehouse.csv").write_text("sku,available\nA,14\n")
        old = time.time() - 60
        os.utime(tmp_path / "warehouse.csv", (old, old))
        yield Place(tmp_path, market, server)


@contextmanager
def running(place: Place) -> Iterator[Daemon]:
    """A daemon at work; whatever the test leaves of it is killed."""
    started = place.start()
    try:
        yield started
    finally:
        with suppress(ProcessLookupError):
            started.process.kill()
        started.process.wait()


def until(found: Callable[[], bool]) -> None:
    give_up = time.monotonic() + PATIENCE_S
    while not found():
        assert time.monotonic() < give_up, "it never came about"
        time.sleep(0.05)


def updates(database: Database, *statuses: Status) -> list[Correction]:
    return database.read(views.updates, statuses=statuses)


def approve_all(database: Database) -> None:
    seen = [(update.id, update.version) for update in updates(database, Status.PROPOSED)]
    now = SystemClock().now()
    database.write(decisions.approve, seen, who="ana", now=now, hold_ms=0, expires_ms=900_000)


def test_a_daemon_corrects_what_is_approved_and_sigterm_ends_it_cleanly(place: Place) -> None:
    with running(place) as started, place.database as database:
        until(lambda: bool(updates(database, Status.PROPOSED)))
        approve_all(database)
        until(lambda: bool(updates(database, Status.VERIFIED)))
        began = time.monotonic()
        code = started.end()
        took_s = time.monotonic() - began
        held = database.read(lease.current, now=SystemClock().now())

        assert (code, held) == (0, None)
        assert took_s < 10
        assert place.market.stock == {"A": 14}
        assert (place.folder / "stdout").read_bytes() == b""


@pytest.mark.long
def test_its_log_is_json_with_events_and_keys_and_no_secret(place: Place) -> None:
    with running(place) as started:
        until(lambda: any(event["event"] == "poll finished" for event in started.events()))
        started.end(signal.SIGINT)
        events = started.events()

    finished = next(event for event in events if event["event"] == "poll finished")
    keys = {"event", "channel", "listings", "changed", "whole", "took_ms", "level", "at"}
    assert set(finished) == keys
    assert [events[0]["event"], events[-1]["event"]] == ["engine started", "engine stopped"]
    assert TOKEN not in started.log.read_text()


@pytest.mark.long
def test_a_second_daemon_exits_1_and_names_the_first(place: Place) -> None:
    with running(place) as first:
        until(lambda: bool(first.log.exists() and first.events()))
        second = place.start("second.log")
        code = second.process.wait(PATIENCE_S)

    [event] = second.events()
    assert code == 1
    assert event["event"] == "not started"
    assert f"pid {first.process.pid}" in event["reason"]
    assert "since 20" in event["reason"]


@pytest.mark.long
def test_sigterm_during_a_write_ends_within_ten_seconds_and_leaves_nothing_half_way(
    place: Place,
) -> None:
    place.market.answers_writes = threading.Event()
    with running(place) as started, place.database as database:
        until(lambda: bool(updates(database, Status.PROPOSED)))
        approve_all(database)
        until(lambda: bool(place.market.writes))
        began = time.monotonic()

        code = started.end()

        assert (code, time.monotonic() - began < 10) == (0, True)
        place.market.answers_writes.set()
        # The reply was lost, and the reading back decided.
        assert [update.status for update in updates(database)] == [Status.VERIFIED]
        assert len(place.market.writes) == 1


def test_after_a_kill_approvals_survive_and_a_write_half_way_is_unknown_and_not_resent(
    place: Place,
) -> None:
    place.market.answers_writes = threading.Event()
    place.market.applies = False
    place.market.stock = {"A": 31, "B": 9}
    (place.folder / "warehouse.csv").write_text("sku,available\nA,14\n")
    with place.database as database:
        with running(place) as killed:
            until(lambda: bool(updates(database, Status.PROPOSED)))
            approve_all(database)
            until(lambda: bool(place.market.writes))
            killed.end(signal.SIGKILL)
        place.market.answers_writes.set()
        expire_lease(database)
        assert [update.status for update in updates(database)] == [Status.APPLYING]

        with running(place) as second:
            until(lambda: bool(updates(database, Status.UNKNOWN)))
            polls = len(second.events())
            until(lambda: len(second.events()) > polls + 4)
            second.end()

    assert place.market.writes == [("A", 14)]


@pytest.mark.long
def test_an_approval_given_while_no_daemon_ran_is_carried_out_by_the_next(place: Place) -> None:
    with place.database as database:
        with running(place) as killed:
            until(lambda: bool(updates(database, Status.PROPOSED)))
            killed.end(signal.SIGKILL)
        approve_all(database)
        expire_lease(database)

        with running(place):
            until(lambda: bool(updates(database, Status.VERIFIED)))

    assert place.market.stock == {"A": 14}


@pytest.mark.long
def test_bad_input_on_one_channel_leaves_the_other_running(place: Place) -> None:
    with place.database as database, running(place) as started:
        until(lambda: bool(updates(database, Status.PROPOSED)))
        (place.folder / "warehouse.csv").write_text("no,such,header\n1,2,3\n")
        os.utime(place.folder / "warehouse.csv", (time.time() - 60,) * 2)

        until(lambda: bool(database.read(incidents.open_incidents)))
        [incident] = database.read(incidents.open_incidents)
        polls = sum(event.get("channel") == "market" for event in started.events())
        until(
            lambda: sum(event.get("channel") == "market" for event in started.events()) > polls + 2
        )

        assert incident.channel == "warehouse"
        assert started.process.poll() is None


def expire_lease(database: Database) -> None:
    """What thirty seconds of a dead holder's silence come to."""
    held = database.read(lease.current, now=SystemClock().now())
    assert held is not None
    late = SystemClock().now() - lease_module.SPAN_MS - 1
    database.write(lease.renew, token=held.token, now=late, span_ms=lease_module.SPAN_MS)


def test_the_daemon_never_imports_textual() -> None:
    code = (
        "import sys; from console import daemon; from sync.engine import schedule; "
        "sys.exit(any(name.split('.')[0] == 'textual' for name in sys.modules))"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_what_a_channel_says_cannot_repaint_the_terminal_of_the_log(
    capsys: pytest.CaptureFixture[str],
) -> None:
    daemon.logger(colours=False).warning("channel in trouble", error="\x1b[2J\x9b\u202eboo")

    assert json.loads(capsys.readouterr().err)["error"] == "\u241b[2J\ufffd\ufffdboo"


def test_a_long_migration_is_logged_and_a_signal_ends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is left is done at the next start."""
    path = tmp_path / "skew.db"
    make_old(path)
    monkeypatch.setattr(schema, "MIGRATIONS", ALL)
    monkeypatch.setattr(daemon, "PROGRESS_EVERY_S", 0.0)
    logged: list[dict[str, Any]] = []

    class Log:
        def info(self, event: str, **keys: Any) -> None:
            logged.append({"event": event} | keys)
            if len(logged) == 4:
                os.kill(os.getpid(), signal.SIGTERM)
                time.sleep(0.2)

    (tmp_path / "skew.toml").write_text(
        '[authority]\nquantity = "a"\n[channels.a]\nkind = "csv"\npath = "a.csv"\n'
        '[skew]\ndatabase = "skew.db"\n'
    )
    settings = load(tmp_path / "skew.toml", {})
    asyncio.run(daemon._serve(settings, lambda: settings, Log()))  # type: ignore[arg-type]

    assert logged[0] == {
        "event": "bringing the cache up to date", "what": "numbers", "done": 500, "total": 15_000,
    }  # fmt: skip
    assert "stopped while" in logged[-1]["event"]
    assert len(logged) < 10
    Database.open(path).close()
    check_is_done(path)

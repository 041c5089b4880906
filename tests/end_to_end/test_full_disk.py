"""A real daemon whose disk is full, or whose cache is deleted, loses nothing and says so."""

import random
import resource
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.end_to_end import kills
from tests.loopback import serving

WITHIN_S = 30


@dataclass
class Running:
    """A daemon at work on a shop whose stock moves and whose updates a person approves."""

    process: "subprocess.Popen[bytes]"
    shop: kills.Shop
    person: kills.Person

    def log(self) -> str:
        return (self.person.path.parent / "daemon.log").read_text()

    def wait(self, until: Callable[[], bool]) -> None:
        end = time.monotonic() + WITHIN_S
        while not until():
            assert time.monotonic() < end, self.log()[-2000:]
            time.sleep(0.02)

    def wait_for_writes(self, more: int) -> None:
        before = len(self.shop.written)
        self.wait(lambda: len(self.shop.written) >= before + more)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    shop, person = kills.Shop(random.Random(2)), kills.Person(tmp_path / "skew.db")
    with serving(shop.answer) as server:
        (tmp_path / "skew.toml").write_text(kills.CONFIGURATION.format(url=server.url))
        with kills.living(shop.move, person, decides_every=1):
            process, _ = kills.start(tmp_path, "daemon")
            try:
                here = Running(process, shop, person)
                here.wait_for_writes(5)
                yield here
            finally:
                process.kill()
                process.wait()


@contextmanager
def full(process: "subprocess.Popen[bytes]") -> Iterator[None]:
    """Let no file of that process grow, the log neither."""
    former = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (64, former[1]))
    try:
        yield
    finally:
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, former)


@pytest.mark.long
def test_a_disk_that_is_full_for_a_while_stops_all_writing_and_loses_nothing(
    running: Running,
) -> None:
    with full(running.process):
        time.sleep(1)
        sent = len(running.shop.written)
        time.sleep(4)
        assert len(running.shop.written) <= sent + 1, "written without a record of it"
        assert running.process.poll() is None
    running.wait_for_writes(5)
    assert "lines_missing_before" in running.log()
    kills.check(running.person.path, running.shop, running.person)
    running.process.send_signal(signal.SIGTERM)
    assert running.process.wait(WITHIN_S) == 0


@pytest.mark.long
def test_a_cache_that_is_deleted_ends_the_daemon_and_no_other_is_begun_unasked(
    running: Running,
) -> None:
    path = running.person.path
    for file in path.parent.glob("skew.db*"):
        file.unlink()
    sent = len(running.shop.written)

    assert running.process.wait(WITHIN_S) == 1
    assert "skew.db has been removed or replaced while it was in use" in running.log()
    assert len(running.shop.written) <= sent + 1
    assert not path.exists()

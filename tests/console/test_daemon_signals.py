"""The daemon under a service manager: SIGHUP, the notify socket, and a terminal that closes."""

import os
import pty
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from store.channels import incidents
from store.database.connection import Database
from tests.console.test_daemon import PATIENCE_S, until

CONFIGURATION = """
[skew]
database = "skew.db"
[authority]
quantity = "warehouse"
[channels.warehouse]
kind = "csv"
path = "warehouse.csv"
every = "200ms"
"""

MORE = """
[channels.market]
kind = "csv"
path = "market.csv"
every = "200ms"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "skew.toml").write_text(CONFIGURATION)
    for name in ("warehouse.csv", "market.csv"):
        (tmp_path / name).write_text("sku,available\nA,14\n")
        os.utime(tmp_path / name, (time.time() - 60,) * 2)
    return tmp_path


@contextmanager
def daemon(folder: Path, **given: Any) -> Iterator["subprocess.Popen[bytes]"]:
    """A daemon in a session of its own, as a service manager starts it."""
    environ = {**os.environ, "PYTHONPATH": str(Path.cwd()), **given.pop("environ", {})}
    command = [sys.executable, "-m", "console", "daemon", "--config", "skew.toml"]
    with (folder / "daemon.log").open("wb") as log:
        started = subprocess.Popen(
            command, cwd=folder, env=environ, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=given.pop("stderr", log), start_new_session=True,
            **given,
        )  # fmt: skip
    try:
        yield started
    finally:
        started.kill()
        started.wait()


def log_of(folder: Path) -> str:
    return (folder / "daemon.log").read_text()


def test_sighup_reloads_and_a_wrong_file_leaves_all_as_it_was(folder: Path) -> None:
    with daemon(folder) as started:
        until(lambda: "engine started" in log_of(folder))
        (folder / "skew.toml").write_text(CONFIGURATION + MORE.replace("csv", "cvs"))
        started.send_signal(signal.SIGHUP)
        until(lambda: "configuration not reloaded" in log_of(folder))
        with Database.open(folder / "skew.db") as database:
            [incident] = database.read(incidents.open_incidents)
            assert "channels.market.kind" in incident.message

            (folder / "skew.toml").write_text(CONFIGURATION + MORE)
            started.send_signal(signal.SIGHUP)

            until(lambda: '"channel": "market", "listings": 1' in log_of(folder))
            until(lambda: not database.read(incidents.open_incidents))
        assert started.poll() is None
        started.send_signal(signal.SIGTERM)
        assert started.wait(PATIENCE_S) == 0


@contextmanager
def notify_socket(folder: Path) -> Iterator[tuple[socket.socket, dict[str, str]]]:
    """What systemd listens on, and what it tells the service of it."""
    path = folder / "notify"
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as server:
        server.bind(str(path))
        server.settimeout(PATIENCE_S)
        yield server, {"NOTIFY_SOCKET": str(path), "WATCHDOG_USEC": "400000"}


def test_systemd_is_told_when_it_is_ready_and_that_it_lives(folder: Path) -> None:
    with notify_socket(folder) as (server, environ), daemon(folder, environ=environ) as started:
        while server.recv(4096) != b"READY=1\n":
            pass
        assert "engine started" in log_of(folder) or started.poll() is None
        began = time.monotonic()
        for _ in range(3):
            assert server.recv(4096) == b"WATCHDOG=1\n"
        assert time.monotonic() - began < 4


@pytest.mark.long
def test_a_stuck_engine_is_not_vouched_for(folder: Path) -> None:
    with notify_socket(folder) as (server, environ), daemon(folder, environ=environ) as started:
        while server.recv(4096) != b"WATCHDOG=1\n":
            pass
        started.send_signal(signal.SIGSTOP)
        server.settimeout(3)
        with suppress(TimeoutError):
            until(lambda: not server.recv(4096))
            pytest.fail("it was vouched for all the same")


@pytest.mark.long
def test_a_manager_that_does_not_read_holds_nothing_up(folder: Path) -> None:
    with notify_socket(folder) as (_, environ):
        environ["WATCHDOG_USEC"] = "20000"
        with daemon(folder, environ=environ) as started:
            until(lambda: log_of(folder).count("poll finished") >= 5)
            assert started.poll() is None


@pytest.mark.long
@pytest.mark.parametrize("ignored", [False, True])
def test_a_terminal_that_closes_ends_it_unless_it_is_to_outlive_it(
    folder: Path, *, ignored: bool
) -> None:
    """`nohup` starts it with SIGHUP ignored."""
    ours, its = pty.openpty()

    def enter() -> None:
        import fcntl
        import termios

        fcntl.ioctl(its, termios.TIOCSCTTY, 0)
        if ignored:
            signal.signal(signal.SIGHUP, signal.SIG_IGN)

    with daemon(folder, preexec_fn=enter, pass_fds=(its,)) as started:
        os.close(its)
        until(lambda: "engine started" in log_of(folder))
        started.send_signal(signal.SIGHUP)
        until(lambda: "configuration reloaded" in log_of(folder))

        os.close(ours)

        if ignored:
            until(lambda: log_of(folder).count("poll finished") >= 10)
            assert started.poll() is None
        else:
            assert started.wait(PATIENCE_S) == 0

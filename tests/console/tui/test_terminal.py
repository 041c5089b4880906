"""The installed program in a real terminal."""

import contextlib
import os
import pty
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from console.__main__ import run
from tests.console.command_shop import seed
from tests.long_run import first

CONFIGURATION = """
[skew]
database = "skew.db"
[authority]
quantity = "warehouse"
[channels.warehouse]
kind = "csv"
path = "warehouse.csv"
[channels.shop]
kind = "csv"
path = "shop.csv"
"""


@pytest.mark.parametrize("leaving", first(1, ["the key", "SIGTERM"]))
def test_watch_starts_shows_the_shop_and_leaves_when_told(tmp_path: Path, leaving: str) -> None:
    (tmp_path / "skew.toml").write_text(CONFIGURATION)
    (tmp_path / "warehouse.csv").write_text("sku,available\nKETTLE-1,5\n")
    (tmp_path / "shop.csv").write_text("sku,available\nKETTLE-1,9\n")
    master, slave = pty.openpty()
    program = subprocess.Popen(
        [sys.executable, "-m", "console", "watch", "--by", "ana"],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        cwd=tmp_path,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "100", "LINES": "30"},
    )
    os.close(slave)
    try:
        shown = _until(master, b"KETTLE-1", seconds=20)
        if leaving == "SIGTERM":
            program.terminate()
        else:
            os.write(master, b"q")
        ended = program.wait(timeout=15)
    finally:
        program.kill()
        os.close(master)

    assert b"LIVE" in shown
    assert ended == 0
    assert (tmp_path / "skew.db").exists()


@pytest.mark.long
def test_leaving_the_console_tells_what_nobody_is_there_to_write(tmp_path: Path) -> None:
    path = str(seed(tmp_path))
    assert run(["approve", "--all", "--sku", "LAMP", "--config", path]) == 0
    master, slave = pty.openpty()
    program = subprocess.Popen(
        [sys.executable, "-m", "console", "watch", "--read-only", "--config", path],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "100", "LINES": "30"},
    )
    os.close(slave)
    try:
        _until(master, b"LAMP", seconds=20)
        os.write(master, b"q")
        _until(master, b"1 approved update not written yet, and no engine runs", seconds=15)
    finally:
        program.kill()
        program.wait()
        os.close(master)


@pytest.mark.long
def test_a_console_whose_terminal_stalls_and_goes_away_ends(tmp_path: Path) -> None:
    """As where the network of an operator breaks down: nobody reads, and then nobody is there."""
    (tmp_path / "skew.toml").write_text(CONFIGURATION)
    (tmp_path / "warehouse.csv").write_text("sku,available\nKETTLE-1,5\n")
    (tmp_path / "shop.csv").write_text("sku,available\nKETTLE-1,9\n")
    path = str(tmp_path / "skew.toml")
    command = [sys.executable, "-m", "console", "watch", "--by", "ana", "--config", path]
    environ = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "160", "LINES": "45"}
    # The terminal must be its own, or it gets no signal when that goes.
    program, master = pty.fork()
    if program == 0:
        os.execve(sys.executable, command, environ)
    try:
        _until(master, b"KETTLE-1", seconds=20)
        for _ in range(40):
            os.write(master, b"213")
            time.sleep(0.05)
        os.close(master)
        end = time.monotonic() + 15
        while (ended := os.waitpid(program, os.WNOHANG)) == (0, 0) and time.monotonic() < end:
            time.sleep(0.1)
        assert ended == (program, 0)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(program, signal.SIGKILL)


def _until(terminal: int, wanted: bytes, *, seconds: float) -> bytes:
    """Read the terminal until it has shown `wanted`."""
    seen, end = b"", time.monotonic() + seconds
    while wanted not in seen and time.monotonic() < end:
        if select.select([terminal], [], [], 0.2)[0]:
            seen += os.read(terminal, 65_536)
    assert wanted in seen, seen[-2_000:]
    return seen

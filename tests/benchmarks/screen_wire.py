"""Benchmarks of the bytes on the line: the real program in a real terminal, over `ssh` or here.

Run alone: python -m tests.benchmarks.screen_wire [SECONDS]

Counts what the console writes: at its start, in a second in which nothing happens but time, in
one in which ten rows change, and for a key. Idle: at most 200 bytes a second, over 20 seconds.
"""

import contextlib
import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.benchmarks import screen_shop

SIZES = ((160, 45), (80, 24))
IDLE_S = 20.0
SKUS = 200
CHANGES_A_SECOND = 10
SYNCHRONIZED_ASKED = b"\x1b[?2026$p"
SYNCHRONIZED = b"\x1b[?2026;2$y"
"""What a terminal that can hold a frame back answers."""
PATIENCE_S = 60.0
FIRST_ROW = b"SKU-0"
"""A row of the list."""
FIRST_WORDS = b"CHANNEL"
"""The heading of a column, which the first frame of all has."""
ROOT = Path(__file__).parents[2]
WATCH = (sys.executable, "-m", "console", "watch", "--read-only", "--fresh", "--by", "benchmark")
KEYS = {"down": b"\x1b[B", "page down": b"\x1b[6~", "mark": b" ", "sort": b"s", "page 2": b"2"}


class Terminal:
    """A terminal that counts."""

    def __init__(self, folder: Path, size: tuple[int, int], command: Sequence[str]) -> None:
        width, height = size
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
        kept = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES", "COLORTERM")}
        home = str(folder)
        self._program = subprocess.Popen(
            command,
            cwd=folder,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=kept
            | {"TERM": "xterm-256color", "XDG_STATE_HOME": home, "XDG_CONFIG_HOME": home}
            | {"PYTHONPATH": str(ROOT)},
        )
        os.close(slave)

    def read(self, seconds: float, until: bytes | None = None) -> bytes:
        """What is written in so many seconds, or until it says something."""
        seen, end = b"", time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and (until is None or until not in seen):
            if select.select([self._master], [], [], left)[0]:
                seen += os.read(self._master, 65_536)
                if SYNCHRONIZED_ASKED in seen[-4096:]:
                    os.write(self._master, SYNCHRONIZED)
        return seen

    def type(self, keys: bytes) -> None:
        os.write(self._master, keys)

    def end(self) -> None:
        self._program.terminate()
        with contextlib.suppress(OSError):
            self.read(5.0, b"\x1b[?1049l")
        self._program.kill()
        self._program.wait()
        os.close(self._master)


@contextlib.contextmanager
def terminal(
    folder: Path, size: tuple[int, int], command: Sequence[str] = WATCH
) -> Iterator[Terminal]:
    opened = Terminal(folder, size, command)
    try:
        yield opened
    finally:
        opened.end()


def seconds_until(command: Sequence[str], folder: Path, text: bytes) -> float:
    """Seconds from the start of a program until it has written this to its terminal."""
    began = time.perf_counter()
    with terminal(folder, SIZES[0], command) as opened:
        seen = opened.read(PATIENCE_S, text)
        took_s = time.perf_counter() - began
    if text not in seen:
        raise RuntimeError(f"{text!r} was not painted: {seen[-2_000:]!r}")
    return took_s


def run(idle_s: float = IDLE_S) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        screen_shop.fill(folder, SKUS)
        for size in SIZES:
            _measure(folder, size, idle_s)


def _measure(folder: Path, size: tuple[int, int], idle_s: float) -> None:
    with terminal(folder, size) as opened:
        started = len(opened.read(6.0))
        idle = len(opened.read(idle_s)) / idle_s
        print(f"\n  {size[0]} × {size[1]}, 256 colours: {started:,} bytes to start")
        print(f"  {'idle':24} {idle:8.0f} bytes/s   at most 200")
        with screen_shop.changing(folder, SKUS, CHANGES_A_SECOND):
            opened.read(3.0)
            busy = len(opened.read(10.0)) / 10
        print(f"  {f'{CHANGES_A_SECOND} rows change a second':24} {busy:8.0f} bytes/s")
        for name, key in KEYS.items():
            opened.read(2.0)
            opened.type(key)
            print(f"  {name:24} {len(opened.read(0.7)):8} bytes")


if __name__ == "__main__":
    run(*(float(word) for word in sys.argv[1:]))

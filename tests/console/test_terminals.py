"""The real program in terminals of other sorts: what bytes reach them."""

import os
import pty
import re
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.console.support import seed

SECONDS = 30
READ = b"14 available"
"""Of the row under the cursor: all of the page has been read."""

LIT = re.compile(rb"\x1b\[[\d;]*m14 available")
"""The same in the ink that it has while no dialog lies over it, and dims it."""

ESCAPE = "\x1b"
WALK = (
    ("2", b"warehouse"),
    ("3", b"CHANGE"),
    ("4", b"No incidents"),
    ("1", b"LAMP"),
    ("?", b"esc closes"),
    (ESCAPE, READ),
    (":", b"Approve the update"),
    (ESCAPE, READ),
    ("y", b"at once"),
    (ESCAPE, READ),
    ("e", b"All rows"),
    (ESCAPE, b"nothing exported"),
    ("\r", b"Timeline"),
)
"""Keys, and what each brings: no key is typed into what is not there yet."""


class Terminal:
    """A pty with `skew watch --read-only` in it, on a cache with known disagreements."""

    def __init__(self, path: Path, *options: str, **environ: str) -> None:
        self.shown = b""
        self._master, slave = pty.openpty()
        base = {
            name: value
            for name, value in os.environ.items()
            if name not in ("NO_COLOR", "COLORTERM", "TMUX", "STY", "LC_ALL", "PYTHONIOENCODING")
        }
        self._program = subprocess.Popen(
            [
                sys.executable,
                *("-m", "console", "watch", "--read-only", "--by", "ana", "--config"),
                *(str(path), *options),
            ],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**base, "TERM": "xterm-256color", "COLUMNS": "120", "LINES": "30", **environ},
        )
        os.close(slave)

    def until(self, wanted: bytes) -> None:
        """Read until `wanted` has come."""
        end = time.monotonic() + SECONDS
        while wanted not in self.shown and time.monotonic() < end:
            self._read()
        assert wanted in self.shown, self.shown[-2_000:]

    def type(self, keys: str, shown: bytes = b"") -> None:
        """Type, and read until it has brought `shown`."""
        before = len(self.shown)
        os.write(self._master, keys.encode())
        end = time.monotonic() + SECONDS
        while shown not in self.shown[before:] and time.monotonic() < end:
            self._read()
        assert shown in self.shown[before:], (keys, self.shown[before:][-2_000:])

    def leave(self) -> int:
        """Quit, and read what is said on leaving."""
        self.type("q")
        end = time.monotonic() + SECONDS
        while self._program.poll() is None and time.monotonic() < end:
            self._read()
        return self._program.wait(timeout=SECONDS)

    def close(self) -> None:
        self._program.kill()
        self._program.wait()
        os.close(self._master)

    def _read(self) -> None:
        if select.select([self._master], [], [], 0.1)[0]:
            try:
                self.shown += os.read(self._master, 65_536)
            except OSError:  # The other end has gone.
                time.sleep(0.01)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return seed(tmp_path)


@pytest.mark.parametrize(
    ("options", "environ"),
    [
        (("--ascii",), {}),
        ((), {"PYTHONIOENCODING": "ascii"}),
        ((), {"TERM": "linux"}),
    ],
    ids=["asked for", "by the encoding", "by the terminal"],
)
def test_no_byte_beyond_ascii_reaches_a_terminal_that_lacks_the_glyphs(
    path: Path, options: tuple[str, ...], environ: dict[str, str]
) -> None:
    terminal = Terminal(path, *options, **environ)
    try:
        terminal.until(READ)
        lit = LIT.search(terminal.shown)
        assert lit is not None
        for key, shown in WALK:
            terminal.type(key, lit[0] if shown is READ else shown)
        assert terminal.leave() == 0
    finally:
        terminal.close()

    assert all(byte < 0x80 for byte in terminal.shown)
    assert b"o LIVE" in terminal.shown or b"X DISCONNECTED" in terminal.shown


def test_a_terminal_of_utf8_gets_the_glyphs_and_may_be_told_to(path: Path) -> None:
    for options, environ in (((), {}), (("--glyphs",), {"TERM": "linux"})):
        terminal = Terminal(path, *options, **environ)
        try:
            terminal.until("▌".encode())
        finally:
            terminal.close()


def test_sixteen_colours_are_named_and_no_others_are_sent(path: Path) -> None:
    terminal = Terminal(path, TERM="screen")
    try:
        terminal.until(b"LAMP")
        terminal.type("?", b"Keys")
    finally:
        terminal.close()

    codes = [code for style in STYLE.findall(terminal.shown) for code in style.split(b";")]
    assert b"38" not in codes
    assert b"48" not in codes
    assert {b"40", b"7"} <= set(codes), "the ground is ours, and the cursor's row is reversed"


def test_a_theme_that_is_asked_for_holds_whatever_the_terminal(path: Path) -> None:
    terminal = Terminal(path, "--theme", "sixteen", COLORTERM="truecolor")
    try:
        terminal.until(b"LAMP")
    finally:
        terminal.close()

    assert b"38;2" not in terminal.shown


def test_without_colour_nothing_but_grey_is_sent(path: Path) -> None:
    terminal = Terminal(path, NO_COLOR="1", COLORTERM="truecolor")
    try:
        terminal.until(b"LAMP")
        terminal.until(b"31*")
    finally:
        terminal.close()

    colours = re.findall(rb"[34]8;2;(\d+);(\d+);(\d+)", terminal.shown)
    assert colours
    assert all(len(set(each)) == 1 for each in colours)


@pytest.mark.parametrize("term", ["dumb", ""])
def test_a_terminal_without_a_cursor_is_refused_before_the_screen(path: Path, term: str) -> None:
    terminal = Terminal(path, TERM=term)
    try:
        terminal.until(b"needs a terminal that can place its cursor")
        assert terminal._program.wait(timeout=SECONDS) == 2
    finally:
        terminal.close()


@pytest.mark.parametrize("multiplexer", [{}, {"TMUX": "/tmp/none,1,0"}, {"STY": "1.pts"}])
def test_what_is_copied_reaches_the_terminal(path: Path, multiplexer: dict[str, str]) -> None:
    terminal = Terminal(path, **multiplexer)
    try:
        terminal.until(READ)
        terminal.type("y", b"at once")
        terminal.type("1", b"]52;c;TEFNUA==")
    finally:
        terminal.close()


def test_a_wrong_file_of_the_users_own_ends_before_the_screen(path: Path, tmp_path: Path) -> None:
    own = tmp_path / "console.toml"
    own.write_text('theme = "pink"\n[keys]\nquit = []\n')
    terminal = Terminal(path, SKEW_CONSOLE=str(own))
    try:
        terminal.until(b"keys.quit: needs a key")
        assert terminal._program.wait(timeout=SECONDS) == 2
    finally:
        terminal.close()

    assert b"theme: is no theme: known are dark, light" in terminal.shown
    assert b"\x1b[?1049h" not in terminal.shown


STYLE = re.compile(rb"\x1b\[([\d;]*)m")

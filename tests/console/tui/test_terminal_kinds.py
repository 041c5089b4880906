"""The real program in terminals of other sorts: what bytes reach them."""

import base64
import codecs
import os
import pty
import re
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.console.command_shop import seed

pytestmark = pytest.mark.long

SECONDS = 30
STYLE = re.compile(rb"\x1b\[([\d;]*)m")
SEQUENCE = re.compile(
    r"\x1b(?:\[[?>=<]?(?P<values>[\d;]*)\$?(?P<command>[A-Za-z])|[\]P].*?(?:\x07|\x1b\\)|[78=>c])",
    re.DOTALL,
)
READ = "200 available"
"""Of the row under the cursor: all of the page has been read."""

ESCAPE = "\x1b"
WALK = (
    ("2", "warehouse", READ),
    ("3", "CHANGE", "LAST OK"),
    ("4", "No incident is open", "CHANGE"),
    ("1", READ, "No incident is open"),
    ("?", "esc closes", ""),
    (ESCAPE, READ, "esc closes"),
    (":", "An action, a SKU", ""),
    (ESCAPE, READ, "An action, a SKU"),
    ("y", "at once", ""),
    (ESCAPE, READ, "at once"),
    ("e", "All rows", ""),
    (ESCAPE, "nothing exported", "All rows"),
    ("\r", "Timeline", ""),
)
"""Keys, what each brings, and what it takes away: none is typed into what is not there yet."""


class Screen:
    """So much of a terminal as shows what a person would see."""

    def __init__(self) -> None:
        self._cells: dict[tuple[int, int], str] = {}
        self._y = self._x = 0
        self._rest = ""
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode

    def take(self, data: bytes) -> None:
        text = self._rest + self._decode(data)
        place = 0
        while place < len(text):
            found = SEQUENCE.match(text, place)
            if found is None and text[place] == ESCAPE:
                break  # The rest of it is yet to come.
            if found is not None:
                self._obey(found["values"] or "", found["command"] or "")
                place = found.end()
            else:
                self._put(text[place])
                place += 1
        self._rest = text[place:]

    def text(self) -> str:
        height = max((y for y, _ in self._cells), default=0) + 1
        width = max((x for _, x in self._cells), default=0) + 1
        rows = ((self._cells.get((y, x), " ") for x in range(width)) for y in range(height))
        return "\n".join("".join(row).rstrip() for row in rows)

    def _obey(self, values: str, command: str) -> None:
        if command == "H":
            self._y, self._x = (int(value) - 1 for value in (values or "1;1").split(";"))
        elif command == "G":
            self._x = int(values) - 1
        elif command == "B":
            self._y += int(values or "1")
        elif command == "C":
            self._x += int(values or "1")

    def _put(self, character: str) -> None:
        if character == "\b":
            self._x -= 1
        elif character == "\r":
            self._x = 0
        elif character == "\n":
            self._y += 1
        elif character.isprintable():
            self._cells[self._y, self._x] = character
            self._x += 1


class Terminal:
    """A pty with `skew watch --read-only` in it, on a cache with known disagreements."""

    def __init__(self, path: Path, *options: str, **environ: str) -> None:
        self.sent = b""
        self.screen = Screen()
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

    def until(self, wanted: bytes | str, *, gone: str = "") -> None:
        """Read until bytes have come, or a text is on the screen and another is not."""
        end = time.monotonic() + SECONDS
        while not self._has(wanted, gone) and time.monotonic() < end:
            self._read()
        assert self._has(wanted, gone), f"{wanted!r} in:\n{self.screen.text()}"

    def type(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def _has(self, wanted: bytes | str, gone: str) -> bool:
        if isinstance(wanted, bytes):
            return wanted in self.sent
        shown = self.screen.text()
        return wanted in shown and not (gone and gone in shown)

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
                data = os.read(self._master, 65_536)
                self.sent += data
                self.screen.take(data)
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
        for key, shown, gone in WALK:
            terminal.type(key)
            terminal.until(shown, gone=gone)
        assert terminal.leave() == 0
    finally:
        terminal.close()

    assert all(byte < 0x80 for byte in terminal.sent)
    assert "X DISCONNECTED" in terminal.screen.text()


def test_a_terminal_of_utf8_gets_the_glyphs_and_may_be_told_to(path: Path) -> None:
    for options, environ in (((), {}), (("--glyphs",), {"TERM": "linux"})):
        terminal = Terminal(path, *options, **environ)
        try:
            terminal.until("▌")
        finally:
            terminal.close()


def test_sixteen_colours_are_named_and_no_others_are_sent(path: Path) -> None:
    terminal = Terminal(path, TERM="screen")
    try:
        terminal.until(READ)
        terminal.type("?")
        terminal.until("esc closes")
    finally:
        terminal.close()

    codes = [code for style in STYLE.findall(terminal.sent) for code in style.split(b";")]
    assert b"38" not in codes
    assert b"48" not in codes
    assert {b"40", b"7"} <= set(codes), "the ground is ours, and the cursor's row is reversed"


def test_a_theme_that_is_asked_for_holds_whatever_the_terminal(path: Path) -> None:
    terminal = Terminal(path, "--theme", "sixteen", COLORTERM="truecolor")
    try:
        terminal.until(READ)
    finally:
        terminal.close()

    assert b"38;2" not in terminal.sent


def test_without_colour_nothing_but_grey_is_sent(path: Path) -> None:
    terminal = Terminal(path, NO_COLOR="1", COLORTERM="truecolor")
    try:
        terminal.until(READ)
        terminal.until(b"31*")
    finally:
        terminal.close()

    colours = re.findall(rb"[34]8;2;(\d+);(\d+);(\d+)", terminal.sent)
    assert colours
    assert all(len(set(colour)) == 1 for colour in colours)


@pytest.mark.parametrize("term", ["dumb", ""])
def test_a_terminal_without_a_cursor_is_refused_before_the_screen(path: Path, term: str) -> None:
    terminal = Terminal(path, TERM=term)
    try:
        terminal.until(b"needs a terminal that can move its cursor")
        assert terminal._program.wait(timeout=SECONDS) == 2
    finally:
        terminal.close()


@pytest.mark.parametrize("multiplexer", [{}, {"TMUX": "no-socket,1,0"}, {"STY": "1.pts"}])
def test_what_is_copied_reaches_the_terminal(path: Path, multiplexer: dict[str, str]) -> None:
    terminal = Terminal(path, **multiplexer)
    try:
        terminal.until(READ)
        terminal.type("y")
        terminal.until("at once")
        terminal.type("1")
        terminal.until(b"]52;c;" + base64.b64encode(b"=CABLE"))
    finally:
        terminal.close()


def test_a_wrong_file_of_the_users_own_ends_before_the_screen(path: Path, tmp_path: Path) -> None:
    own = tmp_path / "console.toml"
    own.write_text('theme = "pink"\n[keys]\nquit = []\n')
    terminal = Terminal(path, SKEW_CONSOLE=str(own))
    try:
        terminal.until(b"keys.quit: needs a key")
        terminal.until(b'theme: "pink" is not a theme; known: dark, light')
        assert terminal._program.wait(timeout=SECONDS) == 2
    finally:
        terminal.close()

    assert b"\x1b[?1049h" not in terminal.sent

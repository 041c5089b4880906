"""The terminal takes another size at any moment: nothing breaks, nothing is wider than it."""

import contextlib
import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from textual.geometry import Size
from textual.pilot import Pilot

from console.text.format import cells
from console.tui.app import SkewApp
from tests.console.command_shop import seed
from tests.console.small_shop import Shop, console, move_cursor_to, press, settle, text_of
from tests.console.tui.test_terminal_kinds import Screen
from tests.long_run import first

SIZES = (
    (200, 50), (160, 45), (132, 43), (100, 30), (80, 24), (60, 20), (40, 10), (20, 5), (1, 1),
    (20, 5), (80, 24), (300, 80), (2, 40), (120, 1), (160, 45),
)  # fmt: skip

PLACES: dict[str, tuple[str, ...]] = {
    "dashboard": (),
    "grouped": ("O", "O", "right"),
    "marked": ("space", "space"),
    "filtering": ("slash", *"risk>"),
    "channels": ("2",),
    "updates": ("3",),
    "incidents": ("4",),
    "sku": ("enter",),
    "checklist": ("6",),
    "confirm": ("space", "space", "space", "A"),
    "reason": ("r",),
    "snooze": ("z",),
    "acknowledge": ("c",),
    "pausing": ("2", "P"),
    "help": ("question_mark",),
    "palette": ("colon", *"sort"),
    "palette on a page": ("3", "colon"),
}


async def resized(app: SkewApp, pilot: Pilot[int], size: tuple[int, int]) -> list[str]:
    """The lines of the screen at another size."""
    await pilot.resize_terminal(*size)
    await settle(app, pilot)
    return text_of(app).splitlines()


@pytest.mark.long
@pytest.mark.parametrize("place", first(1, PLACES))
async def test_it_takes_any_size_at_any_moment(shop: Shop, place: str) -> None:
    async with console(shop) as (app, pilot):
        await move_cursor_to(app, pilot, "SKU-0004411")
        await press(app, pilot, *PLACES[place])
        before = await resized(app, pilot, SIZES[1])
        for size in SIZES:
            lines = await resized(app, pilot, size)

            assert app.size == Size(*size)
            assert len(lines) <= size[1]
            assert max(map(cells, lines), default=0) <= size[0]
        after = await resized(app, pilot, SIZES[1])

        assert app.is_running
        assert after == before


@pytest.mark.long
async def test_keys_work_while_it_is_resized(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        for (width, height), key in zip(
            SIZES, ["down", "2", "3", "pagedown", "1", "end", "s", "O", "4", "6", "5", "escape",
                    "1", "home", "space"], strict=True,
        ):  # fmt: skip
            await pilot.resize_terminal(width, height)
            await press(app, pilot, key)

        assert app.is_running
        assert "SKU-0004411" in text_of(app)


@pytest.mark.long
async def test_the_cursor_stays_on_its_row_and_in_view_at_every_size(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await move_cursor_to(app, pilot, "SKU-0007733")
        stood = app.dashboard.rows.cursor_id
        for _, (width, height) in pairwise(SIZES):
            lines = await resized(app, pilot, (width, height))

            assert app.dashboard.rows.cursor_id == stood
            if height >= 20 and width >= 60:
                assert any("▌" in line and "SKU-0007733" in line for line in lines)


@pytest.mark.long
@pytest.mark.parametrize("kind", ["screen", "screen-256color", "tmux-256color", "xterm-256color"])
def test_the_program_follows_its_terminal_in_screen_and_tmux_too(tmp_path: Path, kind: str) -> None:
    path = seed(tmp_path)
    master, slave = pty.openpty()
    take_size(slave, 100, 30)
    environ = {name: value for name, value in os.environ.items() if name not in UNSET}
    program = subprocess.Popen(
        [*COMMAND, "--config", str(path)],
        stdin=slave, stdout=slave, stderr=slave, env={**environ, "TERM": kind},
        start_new_session=True, preexec_fn=lambda: take_terminal(slave),  # noqa: PLW1509 (no threads)
    )  # fmt: skip
    os.close(slave)
    try:
        wide = shown_until(master, (100, 30), is_wide)
        take_size(master, 60, 20)
        narrow = shown_until(master, (60, 20), is_narrow)
        os.write(master, b"q")
        shown_until(master, (60, 20), lambda _: program.poll() is not None)
    finally:
        program.kill()
        program.wait()
        os.close(master)

    assert program.returncode == 0
    assert LEGEND in wide.splitlines()[-1]
    assert LEGEND in narrow.splitlines()[-1]


LEGEND = "? Help"
COMMAND = (sys.executable, "-m", "console", "watch", "--read-only", "--by", "ana")
UNSET = ("COLUMNS", "LINES", "TMUX", "STY", "COLORTERM", "NO_COLOR")
PATIENCE_S = 30.0


def is_wide(text: str) -> bool:
    return "[1]Disagreements 3" in text and "LAMP" in text and LEGEND in text.splitlines()[-1]


def is_narrow(text: str) -> bool:
    return "1 Disagree 3" in text and "LAMP" in text and LEGEND in text.splitlines()[-1]


def take_size(terminal: int, width: int, height: int) -> None:
    """Give a terminal another size: its program is told by SIGWINCH."""
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))


def take_terminal(terminal: int) -> None:
    """Make it the one whose signals this process gets."""
    fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)


def shown_until(terminal: int, size: tuple[int, int], found: Callable[[str], bool]) -> str:
    """What is on a terminal that was blank and of this size, once it is what is waited for."""
    screen, end = Screen(), time.monotonic() + PATIENCE_S
    width, height = size

    def text() -> str:
        # What is written beyond the edge, before the program knows of it, is nowhere.
        return "\n".join(line[:width] for line in screen.text().splitlines()[:height])

    while not found(text()):
        assert time.monotonic() < end, text()
        if select.select([terminal], [], [], 0.2)[0]:
            with contextlib.suppress(OSError):  # The program has left its terminal.
                screen.take(os.read(terminal, 65_536))
    return text()

"""How quickly the program is there, beside the least that Python and Textual take."""

import sys
from pathlib import Path

from tests.benchmarks import screen_wire
from tests.benchmarks.place import Place
from tests.benchmarks.runner import processes
from tests.benchmarks.runner.measurement import Work, in_turns, ratio
from tests.benchmarks.runner.row import Bench, Found, Row

PASS = "python -c pass"
HELP = Row("skew --help", beside=PASS, at_most=2)
STATUS = Row("skew status on this cache", beside=PASS, at_most=4)
PAINT = Row("first paint of watch on this cache", beside="Textual's empty app", at_most=1.5)
ROWS_PAINTED = Row("first rows of watch on this cache", beside="Textual's empty app")
EACH = 5
"""A program's start is short: a sample is the sum of so many."""

EMPTY_APP = """
from textual.app import App, ComposeResult
from textual.widgets import Static

class Empty(App[None]):
    def compose(self) -> ComposeResult:
        yield Static("Nothing here")

Empty().run()
"""


def commands(place: Place) -> Found:
    """The installed program's help and status."""
    script = Path(sys.executable).with_name("skew")
    skew = (script,) if script.exists() else processes.SKEW
    with place.shop() as folder:

        def started(*command: str | Path, codes: tuple[int, ...] = (0,)) -> Work:
            return lambda: sum(
                processes.run(command, folder=folder, codes=codes).cpu_s for _ in range(EACH)
            )

        helped, status, bare = in_turns(
            place.times,
            started(*skew, "--help"),
            started(*skew, "status", codes=(0, 1)),
            started(sys.executable, "-c", "pass"),
        )
    note = f"{EACH} starts a turn"
    return {HELP: ratio(helped, bare, note), STATUS: ratio(status, bare, note)}


def first_paint(place: Place) -> Found:
    """From the start of the process to its first frame, and to that with rows, on a terminal."""
    with place.shop() as folder:
        watch = (*processes.SKEW, "watch", "--read-only", "--fresh", "--by", "ana")

        def painted_s(command: tuple[str, ...], text: bytes) -> Work:
            return lambda: screen_wire.seconds_until(command, folder, text)

        paint, rows, empty = in_turns(
            place.times,
            painted_s(watch, screen_wire.FIRST_WORDS),
            painted_s(watch, screen_wire.FIRST_ROW),
            painted_s((sys.executable, "-c", EMPTY_APP), b"Nothing"),
        )
    return {PAINT: ratio(paint, empty), ROWS_PAINTED: ratio(rows, empty)}


BENCHES = (
    Bench((HELP, STATUS), commands),
    Bench((PAINT, ROWS_PAINTED), first_paint),
)

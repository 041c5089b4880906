"""The README's pictures: the real console on the demo's living shop, page by page.

    python -m tests.pictures            # all of them, into docs/
    python -m tests.pictures sku help   # some of them

Needs nothing but what `pip install -e .` brings: the demo is simulated on this machine, and a
picture is an SVG of text, in whatever fixed font the reader has. It takes a minute or two, for the
shop must first have lived through something. Look at what it wrote before you keep it.
"""

import argparse
import asyncio
import re
import sys
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import NamedTuple

from textual.pilot import Pilot

from console import demo
from console.tui.app import SkewApp
from console.tui.session.preferences import CommandLineChoices, SessionPreferences
from console.tui.session.state import ConsoleState
from store.database.connection import Database
from sync.clock import SystemClock
from sync.engine.thread import EngineThread
from sync.settings import Settings

DOCS = Path(__file__).parents[1] / "docs"
WIDE, NARROW = (160, 45), (80, 24)
PATIENCE_S = 150
OPEN_LEAST, PENDING_LEAST = 6, 10
"""So many disagreements too many on show, and updates that wait, make a picture worth taking."""
FONTS = "ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', 'Liberation Mono', monospace"


class Picture(NamedTuple):
    """One picture: the keys that lead to it from the first page, and how it is taken."""

    keys: tuple[str, ...] = ()
    size: tuple[int, int] = WIDE
    theme: str = "dark"


PICTURES = {
    "console": Picture(),
    "console-80x24": Picture(size=NARROW),
    "console-light": Picture(theme="light"),
    "channels": Picture(("2",)),
    "updates": Picture(("3",)),
    "incidents": Picture(("4",)),
    "sku": Picture(("1", "enter")),
    "approve": Picture(("1", "asterisk", "A")),
    "help": Picture(("question_mark",)),
}
"""Each is taken as docs/NAME.svg."""


def main(wanted: list[str]) -> int:
    names = wanted or list(PICTURES)
    unknown = [name for name in names if name not in PICTURES]
    if unknown:
        print(f"no picture {', '.join(unknown)}: there are {', '.join(PICTURES)}", file=sys.stderr)
        return 2
    clock = SystemClock()
    with demo.shop(clock) as settings, Database.open(settings.database) as database:
        engine = EngineThread(settings, settings.database, "pictures")
        engine.start()
        try:
            asyncio.run(_take(names, settings, database, engine))
        finally:
            engine.stop(timeout_s=10)
    return 0


async def _take(
    names: list[str], settings: Settings, database: Database, engine: EngineThread
) -> None:
    for name in names:
        one = PICTURES[name]
        session = ConsoleState(
            name="demo",
            clock=SystemClock(),
            operator="ana",
            read_only=False,
            engine=engine,
            request_refresh=lambda: None,
        )
        preferences = SessionPreferences(command_line=CommandLineChoices(theme=one.theme))
        app = SkewApp(database, settings, session, preferences=preferences)
        async with app.run_test(size=one.size) as pilot:
            await _wait(pilot, lambda app=app: _worth_showing(app))  # type: ignore[misc]
            for key in one.keys:
                await pilot.press(key)
                await pilot.pause(1)
            app.clear_notifications()
            await pilot.pause(1)
            path = DOCS / f"{name}.svg"
            path.write_text(drawn(app.export_screenshot(title="skew")), encoding="utf-8")
        print(f"{path}  {path.stat().st_size // 1024} KiB")


def _worth_showing(app: SkewApp) -> bool:
    """Whether the shop is at work: updates that wait, and little that can't be seen."""
    snapshot = app.session.snapshot
    if snapshot is None:
        return False
    overview = snapshot.status.overview
    # What can't be seen is grey, and so is a stale channel: then there is little to look at.
    is_seen = overview.unknown == 0 and not overview.channels_stale
    return is_seen and overview.oversell >= OPEN_LEAST and overview.pending >= PENDING_LEAST


async def _wait(pilot: Pilot[int], ready: Callable[[], bool]) -> None:
    """Let the shop live until it is ready, or has had its time: a quiet day is a picture too."""
    end = monotonic() + PATIENCE_S
    while not ready() and monotonic() < end:
        await pilot.pause(0.5)


def drawn(svg: str) -> str:
    """Take the fonts that would be fetched from elsewhere out of a picture; local ones serve."""
    svg = re.sub(r"\s*@font-face \{.*?\}", "", svg, flags=re.DOTALL)
    svg = svg.replace("font-family: Fira Code, monospace", f"font-family: {FONTS}")
    return re.sub(r"font-family:\s*arial", f"font-family: {FONTS}", svg)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="default: all of them")
    sys.exit(main(parser.parse_args().names))

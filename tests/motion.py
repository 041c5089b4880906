"""The picture in motion: an update is approved, written, and read back.

    python -m tests.motion    # docs/verified.svg

The real console on the demo's living shop; an SVG of a few frames, which CSS shows in turn. Where
the reader wants no motion, the last one stands.
"""

import asyncio
import re
import sys
from collections.abc import Sequence

from textual.pilot import Pilot

from console import demo
from console.tui.app import SkewApp
from console.tui.session.preferences import CommandLineChoices, SessionPreferences
from console.tui.session.state import ConsoleState
from store.database.connection import Database
from store.model import CorrectionStatus
from store.queries import views
from sync.clock import SystemClock
from sync.engine.thread import EngineThread
from tests.pictures import DOCS, drawn

SIZE = (100, 24)
FRAME_S = 2.5
PATIENCE_S = 40


def main() -> int:
    with demo.shop(SystemClock()) as settings, Database.open(settings.database) as database:
        engine = EngineThread(settings, settings.database, "pictures")
        engine.start()
        session = ConsoleState("demo", SystemClock(), "ana", False, engine, lambda: None)
        preferences = SessionPreferences(command_line=CommandLineChoices(theme="dark"))
        app = SkewApp(database, settings, session, preferences=preferences)
        try:
            frames = asyncio.run(_frames(app, database))
        finally:
            engine.stop(timeout_s=10)
    path = DOCS / "verified.svg"
    path.write_text(in_motion(frames), encoding="utf-8")
    print(f"{path}  {path.stat().st_size // 1024} KiB, {len(frames)} frames")  # noqa: T201
    return 0


async def _frames(app: SkewApp, database: Database) -> list[str]:
    frames: list[str] = []
    async with app.run_test(size=SIZE) as pilot:
        await _until_proposed(pilot, database)
        await pilot.press("3", "slash", *"channel:shop", "enter")
        await pilot.pause(1)
        frames.append(_frame(app))
        await pilot.press("a")
        await pilot.pause(1)
        if app.screen.is_modal:
            frames.append(_frame(app))
            await pilot.press("y")
        for _ in range(int(PATIENCE_S * 2)):
            await pilot.pause(0.5)
            if not (frames and _frame(app) == frames[-1]) and not app.screen.is_modal:
                found = database.read(views.updates, statuses=(CorrectionStatus.VERIFIED,))
                if found:
                    break
                if len(frames) < 3:
                    frames.append(_frame(app))
        await pilot.press("f", "f")  # To what is done: it waits no more.
        await pilot.pause(1)
        frames.append(_frame(app))
    return frames


async def _until_proposed(pilot: Pilot[int], database: Database) -> None:
    for _ in range(int(PATIENCE_S * 2)):
        await pilot.pause(0.5)
        if len(database.read(views.updates, statuses=(CorrectionStatus.PROPOSED,))) > 3:
            return


def _frame(app: SkewApp) -> str:
    app.clear_notifications()
    return drawn(app.export_screenshot(title="skew"))


def in_motion(frames: Sequence[str]) -> str:
    """Put pictures of one size into one, each shown for its time, over and over."""
    (head,) = re.findall(r"<svg[^>]*>", frames[0])[:1]
    share, whole = 100 / len(frames), FRAME_S * len(frames)
    style = (
        f".frame{{visibility:hidden;animation:turn {whole:g}s step-end infinite}}"
        f"@keyframes turn{{0%{{visibility:visible}}{share:.3f}%{{visibility:hidden}}}}"
        "@media (prefers-reduced-motion:reduce){.frame{animation:none}"
        ".frame:last-child{visibility:visible}}"
    )
    groups = [
        f'<g class="frame" style="animation-delay:{number * FRAME_S:g}s">'
        f"{re.sub(r'</?svg[^>]*>', '', frame)}</g>"
        for number, frame in enumerate(frames)
    ]
    return f"{head}<style>{style}</style>{''.join(groups)}</svg>\n"


if __name__ == "__main__":
    sys.exit(main())

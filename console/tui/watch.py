"""`skew watch`: the console on what is so now, with an engine beside it, or on what was so."""

import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING

from console.context import SERVED, login_name, open_database
from console.tui.app import SkewApp
from console.tui.data.refresh import put_the_screen_first
from console.tui.drawing import terminal
from console.tui.session.preferences import SessionPreferences
from console.tui.session.state import ConsoleState
from store.model import Millis
from sync.clock import Clock, SystemClock
from sync.settings import Settings

if TYPE_CHECKING:
    from console.tui.session.story import Story
    from sync.engine.thread import EngineThread

STOP_S = 10.0


def live(
    settings: Settings,
    *,
    read_only: bool = False,
    preferences: SessionPreferences,
    name: str | None = None,
    clock: Clock | None = None,
    story: "Story | None" = None,
) -> int:
    """Show the console until the operator leaves; the exit code.

    Runs the engine beside it, or attaches to the one that runs; `read_only`, here or in
    the configuration, does neither, and refuses every decision. `story` is the demo's.
    Raises StoreError where the cache can't be opened.
    """
    read_only = read_only or settings.console.read_only
    with open_database(settings.database) as database:
        engine = None if read_only else _engine(settings)
        session = ConsoleState(
            name=name or name_of_settings(settings.path),
            clock=clock or SystemClock(),
            operator=preferences.command_line.operator or login_name(),
            read_only=read_only,
            engine=engine,
            request_refresh=lambda: None,
            is_served=SERVED in os.environ,
            hyperlinks=SERVED not in os.environ and terminal.shows_links(),
            story=story,
        )
        try:
            app = _app(story)(database, settings, session, preferences=preferences)
            put_the_screen_first()
            code = app.run() or app.return_code or 0
            app.remember_page()
            return code
        finally:
            if engine is not None:
                engine.stop(timeout_s=STOP_S)


def _app(story: "Story | None") -> type[SkewApp]:
    if story is None:
        return SkewApp
    from console.tui.story_app import StoryApp  # Of the demo alone.

    return StoryApp


def _engine(settings: Settings) -> "EngineThread":
    # A console that only looks pays for no scheduler.
    from sync.engine.thread import EngineThread

    holder = f"skew watch on {socket.gethostname()} ({os.getpid()})"
    engine = EngineThread(settings, settings.database, holder)
    engine.start()
    return engine


def name_of_settings(path: Path) -> str:
    """What to call this configuration: its file's name, or its folder's where that says more."""
    return path.resolve().parent.name if path.stem in ("skew", "") else path.stem


def past(
    settings: Settings, at: Millis, *, preferences: SessionPreferences, clock: Clock | None = None
) -> int:
    """Show the console as it was at an instant until the operator leaves; the exit code.

    Changes nothing, whoever else works on the cache. Raises StoreError where it can't be opened,
    or has nothing of that instant.
    """
    # A console of what is so now pays for no past.
    from console.tui.data.replay import Replay
    from store.history.rewind import open_at

    with open_at(settings.database, at) as database:
        replay = Replay.begin(database, clock or SystemClock())
        session = ConsoleState(
            name=name_of_settings(settings.path),
            clock=replay,
            operator=preferences.command_line.operator or login_name(),
            read_only=True,
            engine=None,
            request_refresh=lambda: None,
            replay=replay,
        )
        app = SkewApp(database, settings, session, preferences=preferences)
        put_the_screen_first()
        return app.run() or app.return_code or 0

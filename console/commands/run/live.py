"""The live console, from the configuration to what is left when it is closed; without click."""

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from console.commands.screen import need_terminal, screen_preferences
from console.context import load, note
from console.spared_imports import Without

if TYPE_CHECKING:
    from console.tui.session.preferences import SessionPreferences
    from sync.settings import Settings

INSTEAD = "`skew daemon`, `skew status` and `skew diff` need none"
"""What works without a terminal."""


def open_console(  # noqa: PLR0913 - a parameter for each option.
    config: Path,
    *,
    by: str | None = None,
    read_only: bool = False,
    view: str | None = None,
    theme: str | None = None,
    ascii_only: bool | None = None,
    fresh: bool = False,
) -> int:
    """Open it, and answer the exit code. Raises ConfigErrors and click's UsageError."""
    settings = read(config, looks_only=read_only)
    need_terminal(INSTEAD)
    with Without("textual.command"):
        # Its own palette, with trees, lists and selections: a fifth of its import. Ours has no use
        # for it. Source: textual 8.2.8, `app.py` and `theme.py`.
        from console.tui import watch

    preferences = screen_preferences(
        settings.path, theme=theme, ascii_only=ascii_only, by=by, fresh=fresh
    )
    preferences = with_views(settings, preferences, view)
    code = watch.live(settings, read_only=read_only, preferences=preferences)
    _note_what_is_left(settings)
    return code


def read(config: Path, *, looks_only: bool) -> "Settings":
    """Read the configuration, with the secrets where this console polls. Raises ConfigErrors."""
    from sync.errors import ConfigErrors

    if looks_only:
        return load(config, secrets=False)
    try:
        return load(config, secrets=True)
    except ConfigErrors:
        # Whoever may only look by the configuration need not have the credentials.
        with contextlib.suppress(ConfigErrors):
            settings = load(config, secrets=False)
            if settings.console.read_only:
                return settings
        raise


def with_views(
    settings: "Settings", preferences: "SessionPreferences", opened: str | None
) -> "SessionPreferences":
    """Read the views, and begin with one of them where it is named. Raises ConfigErrors."""
    import msgspec

    from console.tui.session import saved_views

    views = saved_views.load(settings, preferences.memory)
    if opened is not None:
        if opened not in views.all:
            import click

            raise click.BadParameter(
                f'"{opened}" is not a view; {views.advice(opened)}', param_hint="--view"
            )
        memory = preferences.memory
        memory.remembered = views.remembered(opened, memory.remembered)
    return msgspec.structs.replace(preferences, views=views)


def _note_what_is_left(settings: "Settings") -> None:
    """Say on leaving the console what is approved and has no engine to write it."""
    from console.text import remedies
    from store.database import lease
    from store.database.connection import Database
    from store.model import CorrectionStatus
    from store.queries import views
    from sync.clock import SystemClock

    now = SystemClock().now()
    with Database.open(settings.database, read_only=True) as database:
        approved = database.read(views.updates, statuses=(CorrectionStatus.APPROVED,))
        left = remedies.unwritten_on_exit(len(approved), database.read(lease.current, now=now))
    if left:
        note(left)

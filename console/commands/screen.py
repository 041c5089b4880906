"""What the commands that open the console share: its options, and whether there is a terminal."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from console.context import BROWSER_DRIVER, login_name

if TYPE_CHECKING:
    from console.tui.session.preferences import SessionPreferences

F = TypeVar("F", bound=Callable[..., Any])

_WITHOUT_A_CURSOR = ("", "dumb", "unknown")


def screen_options(command: F) -> F:
    """Add what says how the console looks on this terminal: `--theme` and `--ascii`."""
    import click

    from console.text.looks.themes import PALETTES

    theme = click.option(
        "--theme",
        type=click.Choice(list(PALETTES)),
        help="The colours; `t` changes them.  [default: as left, or as the terminal can]",
    )
    ascii_only = click.option(
        "--ascii/--glyphs",
        "ascii_only",
        default=None,
        help="Show nothing but ASCII, or every sign.  [default: as the terminal can]",
    )
    return theme(ascii_only(command))


def screen_preferences(
    configuration: Path | None,
    *,
    theme: str | None,
    ascii_only: bool | None,
    by: str | None = None,
    fresh: bool = False,
) -> "SessionPreferences":
    """Read how the operator wants the console. Raises ConfigErrors where their file is wrong."""
    from console.tui.session import preferences

    options = preferences.CommandLineChoices(theme=theme, ascii=ascii_only, operator=by)
    return preferences.begin(configuration, options, login_name(), fresh=fresh)


def need_terminal(instead: str) -> None:
    """Refuse to paint the console into a pipe or a file. Raises click's UsageError."""
    lacking = lacking_terminal()
    if lacking is not None:
        import click

        raise click.UsageError(f"The console needs a terminal{lacking}; {instead}.")


def lacking_terminal() -> str | None:
    """What is wrong with the terminal, after those words; None: nothing.

    Textual reads stdin and writes stderr.
    """
    if os.environ.get("TEXTUAL_DRIVER") == BROWSER_DRIVER:
        return None
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return ""
    term = os.environ.get("TERM", "")
    return f" that can move its cursor, and TERM is {term!r}" if term in _WITHOUT_A_CURSOR else None

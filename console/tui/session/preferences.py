"""How this operator wants the console: by the command line, the own file, and the last run.

It decides what the console begins with, and remembers what the operator changes there.
"""

import sys
from pathlib import Path

import msgspec

from console import preferences
from console.preferences import Preferences
from console.text import operators
from console.tui.drawing import terminal
from console.tui.session import memory
from console.tui.session.memory import PageMemory, Remembered, SessionMemory
from console.tui.session.saved_views import SavedViews


class CommandLineChoices(msgspec.Struct, frozen=True):
    """What the command line asked for; None where it asked for nothing."""

    theme: str | None = None
    ascii: bool | None = None
    operator: str | None = None


def _of_this_run() -> SessionMemory:
    return SessionMemory(None, "")


class SessionPreferences(msgspec.Struct, frozen=True):
    """Without anything, as in a test, the defaults; and nothing is written down."""

    preferences: Preferences = msgspec.field(default_factory=Preferences)
    memory: SessionMemory = msgspec.field(default_factory=_of_this_run)
    command_line: CommandLineChoices = msgspec.field(default_factory=CommandLineChoices)
    ascii: bool = False
    """Only ASCII is shown."""
    views: SavedViews = msgspec.field(default_factory=SavedViews)
    asks: bool = False
    """Nobody knows who decides: the operator is asked at the start."""

    def theme(self, colour_system: str | None) -> str:
        """The theme to begin with."""
        personal = self.memory.personal
        chosen = self.command_line.theme or personal.theme_beside(self.preferences.theme)
        return terminal.theme_for(chosen, colour_system)

    def chose_theme(self, name: str) -> None:
        """Remember a theme that was chosen with a key."""
        # The theme in the user's file is noted with the choice. Once somebody edits that file, it
        # is the newer wish and counts again.
        personal = msgspec.structs.replace(
            self.memory.personal, theme=name, instead_of=self.preferences.theme
        )
        self.memory.keep_personal(personal)

    def gave_name(self, name: str) -> None:
        """Remember who decides, once asked."""
        self.memory.keep_personal(msgspec.structs.replace(self.memory.personal, operator=name))

    def where(self, page: str, pages: dict[str, PageMemory]) -> Remembered:
        """Put together where the operator is."""
        return Remembered(page=page, pages=pages)

    def leave(self, where: Remembered) -> None:
        """Remember it, if it has changed."""
        self.memory.keep(where)


def begin(
    configuration: Path | None, choices: CommandLineChoices, login: str, *, fresh: bool = False
) -> SessionPreferences:
    """Read what is preferred and remembered. Raises ConfigErrors where the user's file is wrong.

    Without a configuration, as in the demo, nothing is written down and nobody is asked.
    """
    read = preferences.load()
    recalled = memory.recall(configuration, fresh=fresh)
    chosen = next((choice for choice in (choices.ascii, read.ascii) if choice is not None), None)
    named = operators.operator_name(
        choices.operator, read.operator, recalled.personal.operator, login
    )
    return SessionPreferences(
        preferences=read,
        memory=recalled,
        command_line=CommandLineChoices(choices.theme, chosen, named or login),
        ascii=terminal.lacks_glyphs(sys.__stderr__) if chosen is None else chosen,
        asks=not named and configuration is not None,
    )

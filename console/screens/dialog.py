"""What every dialog is: one at a time, answered once, however quickly the keys come.

Textual pops whatever lies on top when a screen is dismissed, and lays any number over each other:
a key that is pressed twice would answer twice, and take the page under the dialog away.
"""

from typing import Any, TypeVar

from textual import events
from textual.await_complete import AwaitComplete
from textual.screen import ModalScreen, Screen

from console.glass import ThinApp
from console.text import clean

T = TypeVar("T")


class Dialog(ModalScreen[T]):
    """It can be dismissed while it is the one that is on the screen, not again."""

    def dismiss(self, result: T | None = None) -> AwaitComplete:
        if self.app.screen is not self:
            return AwaitComplete()
        return super().dismiss(result)


class AskingApp(ThinApp):
    """An app over whose pages lies one dialog at most."""

    async def push_screen_wait(self, screen: Screen[Any] | str, *, mode: str | None = None) -> Any:  # noqa: ANN401 (Textual's own)
        """Ask, and wait for the answer; None where something else is being asked already."""
        await self._flush_next_callbacks()
        if self.screen.is_modal:
            return None
        return await super().push_screen_wait(screen, mode=mode)

    async def on_event(self, event: events.Event) -> None:
        """Let nothing be pasted that a terminal would obey: an input shows what is in it."""
        if isinstance(event, events.Paste):
            event = events.Paste(clean(next(iter(event.text.splitlines()), "")))
        await super().on_event(event)

    def pop_screen(self) -> AwaitComplete:
        """Take what lies on top away, where that is a dialog: a page is never taken away."""
        if not self.screen.is_modal:
            return AwaitComplete()
        return super().pop_screen()

    def action_command_palette(self) -> None:
        if not self.screen.is_modal:
            super().action_command_palette()

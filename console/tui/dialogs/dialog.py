"""What every dialog is: one at a time, answered once, however quickly the keys come.

Textual pops whatever lies on top when a screen is dismissed, and lays any number over each other:
a key that is pressed twice would answer twice, and take the page under the dialog away.
"""

from contextvars import ContextVar
from typing import Any, TypeVar

from textual import events
from textual.await_complete import AwaitComplete
from textual.screen import ModalScreen, Screen

from console.text.format import clean
from console.tui.drawing.diff_output import DiffOutputApp

T = TypeVar("T")

_BEGUN: ContextVar[int] = ContextVar("begun")
"""How many questions had been put when this act began, or after its own last one."""


class Dialog(ModalScreen[T]):
    """It can be dismissed while it is the one that is on the screen, not again."""

    def dismiss(self, result: T | None = None) -> AwaitComplete:
        # The second of two quick keys finds the dialog dismissed but not yet gone. Textual would
        # pop whatever lies on top by then, which is the page.
        if self.app.screen is not self:
            return AwaitComplete()
        return super().dismiss(result)


class DialogApp(DiffOutputApp):
    """An app over whose pages lies one dialog at most."""

    _questions = 0

    def begin_act(self) -> None:
        """Note that an act begins here: what is asked from now on by others comes before it."""
        _BEGUN.set(self._questions)

    async def push_screen_wait(self, screen: Screen[Any] | str, *, mode: str | None = None) -> Any:  # noqa: ANN401 (Textual's own)
        """Ask, and wait for the answer; None where something else is or was asked meanwhile.

        A key that is pressed twice begins two acts, and the second may be ready to ask only when
        the first has been answered.
        """
        # What the keys before this one have begun must have come to the screen before it is looked
        # at: otherwise a burst such as `:q` and enter would reach a dialog that nobody has seen.
        await self._flush_next_callbacks()
        if self.screen.is_modal or _BEGUN.get(self._questions) != self._questions:
            return None
        self._questions += 1
        _BEGUN.set(self._questions)
        return await super().push_screen_wait(screen, mode=mode)

    async def on_event(self, event: events.Event) -> None:
        """Let nothing be pasted that a terminal would obey: an input shows what is in it."""
        if isinstance(event, events.Paste):
            # One line is enough for every input here, and a line end in it would submit it at once.
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


class LiveDialog(Dialog[None]):
    """The app reads and ticks whichever lies on top."""

    async def reload(self) -> None:
        """Read again what it shows. Raises StoreError."""

    def tick(self) -> None:
        """Let time be seen."""

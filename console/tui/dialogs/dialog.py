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

    takes_early_keys = False
    """Keys that were pressed while it opened are typed into it: nothing is decided by them."""

    is_ready = False
    """Whether it has opened, and what it has the focus in takes keys."""

    def on_screen_resume(self) -> None:
        # What has the focus first is set after this.
        self.call_after_refresh(self._open)

    def _open(self) -> None:
        if not self.is_ready and isinstance(self.app, DialogApp):
            self.is_ready = True
            self.app.type_early_keys()

    def dismiss(self, result: T | None = None) -> AwaitComplete:
        # The second of two quick keys finds the dialog dismissed but not yet gone. Textual would
        # pop whatever lies on top by then, which is the page.
        if self.app.screen is not self:
            return AwaitComplete()
        return super().dismiss(result)


class DialogApp(DiffOutputApp):
    """An app over whose pages lies one dialog at most."""

    _questions = 0

    def __init__(self) -> None:
        super().__init__()
        self._early: list[events.Key] = []
        """Pressed while a dialog opened that takes such keys."""

    def type_early_keys(self) -> None:
        """Type what was kept, in order: a dialog has opened."""
        early, self._early = self._early, []
        for event in sorted(early, key=lambda event: event.time):
            again = events.Key(event.key, event.character)
            # An event rises no further than to whoever sent it, and keys are sent by the app.
            again.set_sender(self)
            self.post_message(again)

    def _keep(self, event: events.Key) -> bool:
        """Keep a key for a dialog that opened after it was pressed, where that takes such keys."""
        # Textual hands a key to what has the focus, and only what that leaves comes back to the
        # app. In a burst such as `:q` and enter the last two are on their way through the page
        # when the first one opens the palette: they would be lost, or mean what they mean there.
        top = next(reversed(self.screen_stack), None)
        if not (isinstance(top, Dialog) and top.takes_early_keys):
            return False
        if top.is_ready and getattr(event, "pressed_on", top) is top:
            return False
        self._early.append(event)
        if top.is_ready:
            self.type_early_keys()
        return True

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
        """Keep what is typed while a dialog opens for it; paste nothing that a terminal obeys."""
        if isinstance(event, events.Key) and not event.is_forwarded:
            if self._keep(event):
                return
            setattr(event, "pressed_on", self.screen)  # noqa: B010 (Textual's has no such field)
        if isinstance(event, events.Paste):
            # One line is enough for every input here, and a line end in it would submit it at once.
            event = events.Paste(clean(next(iter(event.text.splitlines()), "")))
        await super().on_event(event)

    def on_key(self, event: events.Key) -> None:
        if self._keep(event):
            event.stop()
            event.prevent_default()

    def pop_screen(self) -> AwaitComplete:
        """Take what lies on top away, where that is a dialog: a page is never taken away."""
        if not self.screen.is_modal:
            return AwaitComplete()
        return super().pop_screen()


class LiveDialog:
    """Of a dialog: it follows what happens meanwhile. The app reads and ticks the one on top."""

    async def reload(self) -> None:
        """Read again what it shows. Raises StoreError."""

    def tick(self) -> None:
        """Let time be seen."""

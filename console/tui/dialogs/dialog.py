"""What every dialog is: one at a time, answered once, however quickly the keys come.

Textual pops whatever lies on top when a screen is dismissed, and lays any number over each other:
a key that is pressed twice would answer twice, and take the page under the dialog away.
"""

from collections.abc import Callable
from contextvars import ContextVar
from functools import partial
from typing import Any, ClassVar, TypeVar

from textual import events
from textual.await_complete import AwaitComplete
from textual.notifications import SeverityLevel
from textual.screen import ModalScreen, Screen
from textual.widgets import Input

from console.text.format import clean
from console.tui.dialogs.early_keys import EarlyKeys, taken
from console.tui.drawing.diff_output import DiffOutputApp

T = TypeVar("T")

PATIENCE_S = 2.0
"""So long keys wait for an act that has neither asked nor ended: then they are passed over."""

_ACT: ContextVar[object] = ContextVar("act")
"""The act that is under way."""

_BEGUN: ContextVar[int] = ContextVar("begun")
"""How many questions had been put when this act began, or after its own last one."""


class Dialog(ModalScreen[T]):
    """It can be dismissed while it is the one that is on the screen, not again."""

    takes_early: ClassVar[EarlyKeys] = EarlyKeys.NONE
    """What it takes of the keys that were pressed before it was there."""

    is_ready = False
    """Whether it has opened, and what it has the focus in takes keys."""

    def on_screen_resume(self) -> None:
        # What has the focus first is set after this.
        self.call_after_refresh(self._open)

    def _open(self) -> None:
        if not self.is_ready and isinstance(self.app, DialogApp):
            self.is_ready = True
            self.app.type_early_keys(self.takes_early)

    def on_unmount(self) -> None:
        if isinstance(self.app, DialogApp):
            self.app.call_later(self.app.notify_what_was_held)

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
        """Pressed while a dialog opened, or while an act began that may ask."""
        self._beginning: set[object] = set()
        """The acts that have neither asked nor ended."""
        self._held: list[Callable[[], None]] = []
        """What was to be said in passing while a dialog was open."""

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = True,
    ) -> None:
        """Say something in passing; while a dialog is open it waits, for it would cover that."""
        say = partial(
            super().notify,
            message, title=title, severity=severity, timeout=timeout, markup=markup,
        )  # fmt: skip
        if self._is_asking:
            self._held.append(say)
        else:
            say()

    def notify_what_was_held(self) -> None:
        """Say what waited, once no dialog is open."""
        if not self._is_asking:
            held, self._held = self._held, []
            for say in held:
                say()

    @property
    def _is_asking(self) -> bool:
        top = next(reversed(self.screen_stack), None)
        return top is not None and top.is_modal

    def _refresh_notifications(self) -> None:
        # Textual shows on a dialog that opens what was said just before it, and covers it so.
        if self._is_asking:
            return
        super()._refresh_notifications()
        top = next(reversed(self.screen_stack), None)
        if isinstance(top, ToastScreen):
            self.call_later(top.place_toasts)

    def type_early_keys(self, what: EarlyKeys) -> None:
        """Press what was kept, in order, as far as it is meant for what is on top by now."""
        early, self._early = self._early, []
        for event in taken(early, what):
            again = events.Key(event.key, event.character)
            # An event rises no further than to whoever sent it, and keys are sent by the app.
            again.set_sender(self)
            self.post_message(again)

    def _let_go(self, act: object) -> None:
        """An act has asked, or has ended without: the keys that waited for it go on in order."""
        self._beginning.discard(act)
        if not self._beginning and not self._is_asking:
            self.type_early_keys(EarlyKeys.ALL)

    def _give_up(self, act: object) -> None:
        """An act takes its time: what was typed meanwhile was meant for something else."""
        if act in self._beginning:
            self._early.clear()
            self._let_go(act)

    async def _take(self, event: events.Key) -> bool:
        """Take a key before it goes to what has the focus; whether that is all that it does."""
        # Textual hands a key to what has the focus, and only what that leaves comes back to the
        # app. In a burst the keys after the one that opens a dialog would be on their way through
        # the page by then: they would be lost, or mean what they mean there. So here one key has
        # had its effect before the next is looked at.
        top = next(reversed(self.screen_stack), None)
        is_opening = isinstance(top, Dialog) and not top.is_ready
        if is_opening or (self._beginning and not self._is_asking):
            self._early.append(event)
            return True
        if top is None or top.is_modal or isinstance(self.focused, Input):
            return False
        return await self._check_bindings(event.key)

    def begin_act(self, *, holds_keys: bool) -> None:
        """Note that an act begins here: what is asked from now on by others comes before it.

        `holds_keys`: the next keys wait until it has asked or ended, for it may be what they mean.
        """
        _BEGUN.set(self._questions)
        act = object()
        _ACT.set(act)
        if holds_keys:
            self._beginning.add(act)
            self.set_timer(PATIENCE_S, partial(self._give_up, act))

    def end_act(self) -> None:
        """Note that the act that began here has ended."""
        self._let_go(_ACT.get(None))

    def overtake(self) -> None:
        """Have no act that has begun before this one ask any more, as if this one had asked."""
        self._questions += 1
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
        self.overtake()
        # The dialog itself keeps from here on what comes before it is there.
        self._beginning.discard(_ACT.get(None))
        return await super().push_screen_wait(screen, mode=mode)

    async def on_event(self, event: events.Event) -> None:
        """Have one key after the other take effect; paste nothing that a terminal obeys."""
        is_new = isinstance(event, events.Key) and not event.is_forwarded
        if isinstance(event, events.Key) and is_new and await self._take(event):
            return
        if isinstance(event, events.Paste):
            # One line is enough for every input here, and a line end in it would submit it at once.
            event = events.Paste(clean(next(iter(event.text.splitlines()), "")))
        await super().on_event(event)

    def pop_screen(self) -> AwaitComplete:
        """Take what lies on top away, where that is a dialog: a page is never taken away."""
        if not self.screen.is_modal:
            return AwaitComplete()
        return super().pop_screen()


class ToastScreen:
    """Of a page: it says where there is room for what is said in passing."""

    def place_toasts(self) -> None:
        """Keep them off what the operator looks at."""


class LiveDialog:
    """Of a dialog: it follows what happens meanwhile. The app reads and ticks the one on top."""

    async def reload(self) -> None:
        """Read again what it shows. Raises StoreError."""

    def tick(self) -> None:
        """Let time be seen."""

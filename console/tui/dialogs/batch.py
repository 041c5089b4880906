"""A batch while it is written: how far each channel is, and what was and wasn't applied.

It can be closed and opened again at any time: the batch goes on in the engine. `X` cancels what is
not being written yet.
"""

from collections.abc import Awaitable, Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content

from console.text.format import time_of_day
from console.tui.dialogs.dialog import Dialog, LiveDialog
from console.tui.drawing.terminal import bound
from console.tui.drawing.tones import Cell, Tone, write
from console.tui.session.state import ConsoleState
from console.tui.views import batch
from console.tui.widgets.text import TextBlock
from sync.corrections.batch_progress import BatchProgress, Stage


class BatchDialog(LiveDialog, Dialog[bool]):
    """Shows a batch until it is closed; answers whether it is to be turned back."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape,enter,q", "dismiss(None)", "Close")]

    def __init__(
        self,
        session: ConsoleState,
        progress: BatchProgress,
        read: Callable[[], Awaitable[BatchProgress | None]],
        cancel: Callable[[BatchProgress], Awaitable[None]],
    ) -> None:
        super().__init__()
        self.session = session
        self.progress = progress
        self._read = read
        self._cancel = cancel
        for action in session.actions:
            # The keys that opened it and that cancel are the operator's own.
            if action.keys and action.name in _DOES:
                self._bindings.bind(bound(action.keys), _DOES[action.name], action.title)

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog batch") as dialog:
            at = time_of_day(self.progress.at)
            dialog.border_title = batch.title(self.progress, at)
            yield TextBlock(self._verdict, id="batch-verdict")
            with VerticalScroll(id="batch-channels-box"):
                yield TextBlock(self._channels, id="batch-channels")
            with VerticalScroll(id="batch-items-box"):
                yield TextBlock(self._items, id="batch-items")
            yield TextBlock(self._keys, id="batch-keys")

    def on_mount(self) -> None:
        self.query_one("#batch-items-box").focus()

    async def reload(self) -> None:
        found = await self._read()
        if found is not None:
            self.progress = found
        self.tick()

    def tick(self) -> None:
        for written in self.walk_children(TextBlock):
            written.rewrite()

    def action_revert(self) -> None:
        if self._can_turn_back():
            self.dismiss(True)

    def _can_turn_back(self) -> bool:
        written = self.progress.counts.get(Stage.VERIFIED, 0)
        return bool(written) and self.progress.over and not self.session.read_only

    async def action_cancel(self) -> None:
        await self._cancel(self.progress)

    def _verdict(self, width: int) -> Content:
        return batch.verdict(self.progress, width)

    def _channels(self, width: int) -> Content:
        now = self.session.clock.now()
        key = self.session.key("cancel")
        return batch.channels(self.progress, now=now, width=width, cancel=key)

    def _items(self, width: int) -> Content:
        return batch.items(self.progress, width=width)

    def _keys(self, width: int) -> Content:
        can = bool(self.progress.cancellable) and not self.session.read_only
        roomy = width >= _ROOMY
        what = "cancel what is not written yet" if roomy else "cancel"
        again = self.session.key("batch")
        goes_on = f", it goes on: {again}" + (" shows it again" if roomy else "")
        return write(
            Cell(self.session.key("cancel"), Tone.ACCENT if can else Tone.FAINT),
            Cell(f" {what}   ", Tone.PLAIN if can else Tone.FAINT),
            *self._back(),
            Cell("esc", Tone.ACCENT),
            Cell(f" close{'' if self.progress.over or not again else goes_on}"),
        )

    def _back(self) -> tuple[Cell, ...]:
        key = self.session.key("revert")
        if not key or not self._can_turn_back():
            return ()
        return Cell(key, Tone.ACCENT), Cell(" turn it back   ")


_DOES = {"batch": "dismiss(None)", "cancel": "cancel", "revert": "revert"}
"""What the operator's own keys do here, by their actions."""

_ROOMY = 80
"""From this width on the keys are written in full words."""

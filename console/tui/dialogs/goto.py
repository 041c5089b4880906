"""Asks for a time of the past: the same forms as `skew history --at` takes."""

from typing import ClassVar

import click
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.widgets import Input, Static

from console.text.format import day_and_time, instant
from console.tui.data.replay import Replay
from console.tui.dialogs.dialog import Dialog
from console.tui.dialogs.early_keys import EarlyKeys
from console.tui.drawing.tones import Cell, Tone, write
from store.model import Millis


class GoToDialog(Dialog[Millis | None]):
    """The answer is an instant, or nothing."""

    takes_early = EarlyKeys.ALL

    BINDINGS: ClassVar[list[BindingType]] = [("escape", "leave", "Back")]

    def __init__(self, replay: Replay) -> None:
        super().__init__()
        self._replay = replay

    def compose(self) -> ComposeResult:
        kept = f"data from {day_and_time(self._replay.first)} on"
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = write(Cell("Go to a time", Tone.STRONG))
            yield Static(write(Cell(kept, Tone.DIM)))
            yield Input(placeholder="2026-11-23T14:00:00Z, or how long ago: 2h", id="time")
            yield Static(id="wrong")
            yield Static(
                write(
                    *(Cell("enter", Tone.ACCENT), Cell(" go  ", Tone.DIM)),
                    *(Cell("esc", Tone.ACCENT), Cell(" back", Tone.DIM)),
                )
            )

    def action_leave(self) -> None:
        self.dismiss(None)

    @on(Input.Submitted, "#time")
    def _typed(self, event: Input.Submitted) -> None:
        event.stop()
        try:
            at = instant(event.value, self._replay.clock.now(), "at")
        except click.BadParameter as error:
            wrong = write(Cell(f"✖ {error.message}", Tone.BAD))
            self.query_one("#wrong", Static).update(wrong)
            return
        self.dismiss(at)

"""The dialogs of the pause of all writes: why it was begun, and whether it shall end.

The pause stands before the first one opens, so that leaving it changes nothing of that.
"""

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from console.text.confirmation import Confirmation
from console.text.format import age, day_and_time, plural
from console.tui.dialogs.confirm import ConfirmDialog, ReasonDialog, key_hints
from console.tui.drawing.tones import Cell, Tone, lines, write
from store.channels.write_pauses import WritePause
from store.model import Millis

REASONS = ("wrong numbers in the warehouse", "a channel behaves oddly", "stock count", "a test")


class WritesPausedDialog(ReasonDialog):
    """Says that all writes are paused, and asks why."""

    def __init__(self, offered: Sequence[str]) -> None:
        """`offered` are the operator's last reasons."""
        super().__init__("all writes", offered, verb="Pause", reasons=REASONS)

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog tight") as dialog:
            dialog.border_title = write(Cell("All writes are paused", Tone.BAD))
            yield Static(
                lines(
                    write(Cell("Nothing is written to any channel until somebody resumes.")),
                    write(Cell("Why? Everybody sees it.", Tone.DIM)),
                ),
                id="ask",
            )
            yield Input(placeholder="why?", id="reason", max_length=200)
            yield OptionList(*(Option(write(Cell(reason))) for reason in self._offered))
            hints = (
                ("enter", "save"),
                ("↓", "suggested reasons"),
                ("esc", "paused without a reason"),
            )
            yield Static(key_hints(*hints))


class ResumeWritesDialog(ConfirmDialog):
    """Shows who paused all writes and what would be written, and asks."""

    def __init__(self, pause: WritePause, approved: int, now: Millis) -> None:
        """`approved` updates wait: where they are more than one, their number is typed."""
        super().__init__(
            Confirmation.COUNT if approved > 1 else Confirmation.YES,
            approved,
            what="the number of updates",
            yes="resume all writes",
        )
        self._pause = pause
        self._approved = approved
        self._now = now

    def compose(self) -> ComposeResult:
        pause, since = self._pause, self._pause.since
        waits = "no approved update waits."
        if self._approved:
            waits = f"{plural(self._approved, 'approved update')} written then, if still valid."
        with Vertical(classes="dialog tight") as dialog:
            dialog.border_title = write(Cell("Resume all writes"))
            yield Static(
                lines(
                    write(Cell(f"paused by {pause.by}: {pause.reason}", Tone.STRONG)),
                    write(Cell(f"{age(self._now - since)} ago, {day_and_time(since)}", Tone.DIM)),
                    write(Cell(waits)),
                    write(),
                ),
                id="effect",
            )
            yield from self.foot()

"""The dialogs about a quarantined poll: what believing it would change, and why it is discarded."""

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Input, Static

from console import effects, incident_rows
from console.caution import Asking
from console.ink import Cell, Tone, lines, write
from console.panels import wrap
from console.screens.confirm import Reason
from console.screens.dialog import Dialog
from console.text import plain_times
from console.widgets.written import Written
from store.effect import Effect
from store.model import Millis


class Believe(Dialog[bool]):
    """Shows what believing a quarantined poll changes, and asks: `y`, or the count typed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape", "answer(False)", "No"),
        ("n", "answer(False)", "No"),
        ("y", "yes", "Yes"),
        ("pageup", "page(-1)", "Up"),
        ("pagedown", "page(1)", "Down"),
    ]

    def __init__(self, effect: Effect, now: Millis) -> None:
        super().__init__()
        self._effect = effect
        self._now = now
        self._asked = effects.asking(effect)

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog broad") as dialog:
            told = f"Believe poll {self._effect.poll_id} of {self._effect.channel}"
            dialog.border_title = write(Cell(told))
            with VerticalScroll(id="items"):
                yield Written(self._told, id="believe-effect")
            yield Static(self._question(), id="question")
            if self._asked is Asking.COUNT:
                yield Input(id="count", max_length=9, restrict=r"\d*", select_on_focus=False)

    def on_mount(self) -> None:
        if self._asked is Asking.COUNT:
            self.query_one("#count", Input).focus()

    def action_yes(self) -> None:
        if self._asked is not Asking.COUNT:
            self.dismiss(True)

    def action_answer(self, answer: bool) -> None:  # noqa: FBT001 (a key's parameter)
        self.dismiss(answer)

    @on(Input.Submitted, "#count")
    def _typed(self, event: Input.Submitted) -> None:
        if event.value == str(self._effect.moved):
            self.dismiss(True)
        else:
            self.query_one("#question", Static).update(self._question(wrong=True))

    def action_page(self, by: int) -> None:
        box = self.query_one("#items", VerticalScroll)
        box.scroll_relative(y=by * max(1, box.size.height - 1), animate=False)

    def _told(self, width: int) -> Content:
        """Why it was set aside, what it comes to, and the listings that would move most."""
        reason = plain_times(self._effect.reason, self._now)
        rows = [write(Cell(line, Tone.WARN)) for line in wrap(reason, width)]
        rows += [*incident_rows.totals(self._effect, width), write("")]
        rows += incident_rows.listings(self._effect, width, len(self._effect.rows))
        return lines(*rows)

    def _question(self, *, wrong: bool = False) -> Content:
        if self._asked is not Asking.COUNT:
            return write(
                Cell("y", Tone.ACCENT), Cell(" believe it   "),
                Cell("n", Tone.ACCENT), Cell(" leave it"),
            )  # fmt: skip
        told = f"type how many listings would move, {self._effect.moved}, and enter"
        return write(
            Cell("✖ that is not it: " if wrong else "", Tone.BAD),
            Cell(told, Tone.WARN),
            Cell("   esc leave it", Tone.DIM),
        )


class Discard(Reason):
    """Asks why a quarantined poll is discarded."""

    def __init__(self, about: str, offered: Sequence[str]) -> None:
        super().__init__(
            about,
            offered,
            verb="Discard",
            told="Its last good readings count again; the next poll is judged anew.",
            reasons=WHY_DISCARDED,
        )


WHY_DISCARDED = ("a test export", "cut short on its way", "exported by mistake", "it was down")

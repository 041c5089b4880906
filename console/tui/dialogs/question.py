"""A question before an act whose effect is shown: `y` answers it, or where it is big the count."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.widgets import Input, Static

from console.text.confirmation import Asking
from console.tui.dialogs.dialog import Dialog
from console.tui.drawing.tones import Cell, Tone, write


class Question(Dialog[bool]):
    """Dismissed with whether the operator wants it; never by a bare enter."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape", "answer(False)", "No"),
        ("n", "answer(False)", "No"),
        ("y", "yes", "Yes"),
    ]

    def __init__(self, asked: Asking, count: int, *, what: str, yes: str) -> None:
        """`count` has to be typed where `asked` says so: `what` names it, `yes` the act."""
        super().__init__()
        self._asked = asked
        self._count = count
        self._what = what
        self._yes = yes

    def foot(self) -> ComposeResult:
        """The question itself, for the dialog's foot."""
        yield Static(self._question(), id="question")
        if self._asked is Asking.COUNT:
            yield Input(id="count", max_length=9, restrict=r"\d*", select_on_focus=False)

    def on_mount(self) -> None:
        if self._asked is Asking.COUNT:
            self.query_one("#count", Input).focus()

    def action_yes(self) -> None:
        if self._asked is Asking.YES:
            self.dismiss(True)

    def action_answer(self, answer: bool) -> None:  # noqa: FBT001 (a key's parameter)
        self.dismiss(answer)

    @on(Input.Submitted, "#count")
    def _typed(self, event: Input.Submitted) -> None:
        if event.value == str(self._count):
            self.dismiss(True)
        else:
            self.query_one("#question", Static).update(self._question(wrong=True))

    def _question(self, *, wrong: bool = False) -> Content:
        if self._asked is Asking.NOTHING:
            return keys_told(("esc", "leave it"))
        if self._asked is Asking.YES:
            return keys_told(("y", self._yes), ("n", "leave it"))
        return write(
            Cell("✖ that is not it: " if wrong else "", Tone.BAD),
            Cell(f"type {self._what}, {self._count}, and enter", Tone.WARN),
            Cell("   esc leave it", Tone.DIM),
        )


def keys_told(*pairs: tuple[str, str]) -> Content:
    """The keys of a dialog, with what each does there."""
    parts = [
        cell for name, word in pairs for cell in (Cell(name, Tone.ACCENT), Cell(f" {word}   "))
    ]
    return write(*parts)

"""A dialog with much to read: `/` narrows it to the lines with what is typed."""

from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Input

from console.tui.dialogs.dialog import Dialog
from console.tui.dialogs.early_keys import EarlyKeys
from console.tui.drawing.tones import Cell, Tone, write
from console.tui.widgets.text import TextBlock


class SearchableDialog(Dialog[None]):
    """See the module."""

    takes_early = EarlyKeys.ALL
    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape", "leave", "Close"),
        ("slash", "search", "Search"),
    ]

    def __init__(self, title: str, text: Callable[[int, str], Content]) -> None:
        """`text` writes for a width what of it has the text that is searched for."""
        super().__init__()
        self._title = title
        self._text = text
        self._wanted = ""
        """What is searched for, in small letters."""

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog wide") as dialog:
            dialog.border_title = write(
                Cell(self._title, Tone.STRONG), Cell("  / searches  esc closes", Tone.DIM)
            )
            search = Input(placeholder="search…", id="find")
            search.display = False
            yield search
            with VerticalScroll(id="read"):
                yield TextBlock(self._found, id="searched")

    def on_mount(self) -> None:
        self.query_one("#read").focus()

    def _found(self, width: int) -> Content:
        return self._text(width, self._wanted)

    def action_search(self) -> None:
        search = self.query_one("#find", Input)
        search.display = True
        search.focus()

    def action_leave(self) -> None:
        """End the search, else close."""
        search = self.query_one("#find", Input)
        if not search.display:
            self.dismiss(None)
            return
        search.value, search.display = "", False
        self.query_one("#read").focus()

    @on(Input.Submitted, "#find")
    def _read_on(self, event: Input.Submitted) -> None:
        event.stop()
        self.query_one("#read").focus()

    @on(Input.Changed, "#find")
    def _typed(self, event: Input.Changed) -> None:
        self._wanted = event.value.strip().casefold()
        self.query_one("#searched", TextBlock).rewrite()
        self.query_one("#read").scroll_home(animate=False)
